package daybook.api;

import static daybook.wire.ErrorCode.CONCURRENT_TRANSACTIONS;
import static daybook.wire.ErrorCode.INVALID_PRODUCER_EPOCH;
import static daybook.wire.ErrorCode.INVALID_PRODUCER_ID_MAPPING;
import static daybook.wire.ErrorCode.INVALID_REQUEST;
import static daybook.wire.ErrorCode.INVALID_REQUIRED_ACKS;
import static daybook.wire.ErrorCode.INVALID_TOPIC_EXCEPTION;
import static daybook.wire.ErrorCode.INVALID_TXN_STATE;
import static daybook.wire.ErrorCode.NONE;
import static daybook.wire.ErrorCode.NOT_COORDINATOR;
import static daybook.wire.ErrorCode.NOT_ENOUGH_REPLICAS;
import static daybook.wire.ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER;
import static daybook.wire.ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
import static daybook.wire.ErrorCode.TRANSACTION_ABORTABLE;
import static daybook.wire.ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.api.Replies.Produced;
import daybook.api.TestProducer.Piece;
import daybook.log.TopicPartition;
import daybook.txn.Identity;
import daybook.txn.TransactionStatus;
import daybook.wire.ErrorCode;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Produce in transactions, byte by byte: what is asked of the coordinator, and what is answered. */
class TransactionalProduceTest {
    private static final String NOT_ADDED = "Partition was not added to the transaction";
    private static final String UNVERIFIED =
            "Unable to verify the partition has been added to the transaction. Underlying error: ";

    @TempDir
    Path directory;

    private TestBroker broker;
    private TestClient client;

    @BeforeEach
    void start() throws IOException {
        open(Map.of());
        broker.topic("a", 3);
        broker.topic("b", 1);
    }

    private void open(Map<String, String> settings) throws IOException {
        var all = new HashMap<>(settings);
        all.put("transaction.state.log.num.partitions", "1");
        all.put("offsets.topic.num.partitions", "1");
        broker = new TestBroker(directory, all);
        client = broker.client();
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        broker.close();
    }

    private TestProducer producer(String id) throws IOException {
        return new TestProducer(broker, client, id).begin();
    }

    private void assertRefused(ErrorCode error, String message, Produced answer) {
        assertEquals(error, answer.error());
        assertEquals(message, answer.message());
        assertEquals(-1, answer.baseOffset());
        assertEquals(-1, answer.startOffset());
    }

    private void assertEnds(long stable, long end, String topic, int partition) {
        var log = broker.log(topic, partition);
        assertEquals(List.of(stable, end), List.of(log.lastStableOffset(), log.endOffset()));
    }

    @Test
    void aLifeInVersion2() throws IOException {
        var producer = producer("t");
        long id = producer.identity.producerId();
        assertEquals(NONE, producer.write(12, "a-0", 0));
        assertEquals(NONE, producer.write(12, "a-0", 1));
        assertEquals(List.of(NONE, NONE), producer.produce(13, -1, producer.piece("b-0", 0),
                producer.piece("a-1", 0)).stream().map(Produced::error).toList());
        assertEquals(NONE, producer.verify("a-0", "a-1", "b-0"));
        assertEquals(Map.of("a-0", NONE, "a-2", TRANSACTION_ABORTABLE), producer.verify("a-0", "a-2"));
        assertEnds(0, 2, "a", 0);
        assertEquals(NONE, producer.end(5, true));
        assertEquals(Identity.of(id, 1), producer.identity);
        assertEquals(TransactionStatus.COMPLETE_COMMIT, producer.settled().status());
        assertEnds(3, 3, "a", 0);
        assertEnds(2, 2, "b", 0);
        assertEnds(2, 2, "a", 1);

        assertEquals(3, producer.produce(12, "a-0", 0).baseOffset());
        assertEnds(3, 4, "a", 0);
        assertEquals(NONE, producer.end(5, false));
        assertEquals(Identity.of(id, 2), producer.identity);
        producer.settled();
        assertEnds(5, 5, "a", 0);
        assertEquals(List.of(id + " from 3"), aborted("a"));
    }

    /** What a consumer of committed records is to pass over in partition 0. */
    private List<String> aborted(String topic) throws IOException {
        var fetched = Replies.Fetched.read(client.ask("Fetch", 11, out -> {
            out.int32(-1).int32(0).int32(0).int32(1 << 20).int8(1).int32(0).int32(-1);
            out.structs(List.of(topic), (topics, name) ->
                    topics.string(name).structs(List.of(0), (each, index) ->
                    each.int32(index).int32(-1).int64(0).int64(-1).int32(1 << 20)));
            out.structs(List.of(), (each, none) -> { }).string("");
        }));
        return fetched.only().aborted();
    }

    @Test
    void aLifeInVersion1() throws IOException {
        var producer = producer("t");
        for (int version = 3; version <= 11; version++) {
            assertRefused(version < 11 ? INVALID_TXN_STATE : TRANSACTION_ABORTABLE,
                    version < 8 || version == 11 ? null : NOT_ADDED, producer.produce(version, "a-0", 0));
        }
        assertEnds(0, 0, "a", 0);
        assertEquals(NONE, producer.add(3, "a-0", "b-0"));
        for (int version = 3; version <= 11; version++) {
            assertEquals(NONE, producer.write(version, "a-0", version - 3));
        }
        assertEquals(TRANSACTION_ABORTABLE, producer.write(11, "a-1", 0));
        assertEquals(NONE, producer.end(4, true));
        producer.settled();
        assertEnds(10, 10, "a", 0);
        assertEnds(1, 1, "b", 0);

        // The same epoch, so the sequence goes on.
        assertEquals(TRANSACTION_ABORTABLE, producer.write(11, "a-0", 9));
        assertEquals(NONE, producer.add(0, "a-0"));
        assertEquals(OUT_OF_ORDER_SEQUENCE_NUMBER, producer.write(11, "a-0", 8 + 2));
        assertEquals(NONE, producer.write(11, "a-0", 9));
        assertEquals(NONE, producer.end(0, false));
        producer.settled();
        assertEquals(List.of(producer.identity.producerId() + " from 10"), aborted("a"));
        assertEquals(TRANSACTION_ABORTABLE, producer.write(11, "a-0", 10), "which comes late");
    }

    /** Also to a partition that never saw the producer. */
    @Test
    void whatComesLateAfterAnAbortIsRefused() throws IOException {
        var producer = producer("t");
        assertEquals(NONE, producer.write(12, "a-0", 0));
        var old = producer.identity;
        assertEquals(NONE, producer.end(5, false));
        producer.settled();
        var next = producer.identity;
        assertEquals(NONE, producer.write(12, "b-0", 0));
        producer.identity = old;
        for (int version = 3; version <= 13; version++) {
            assertEquals(INVALID_PRODUCER_EPOCH, producer.write(version, "a-0", 1));
            assertEquals(INVALID_PRODUCER_EPOCH, producer.write(version, "a-1", 0));
            assertEquals(INVALID_PRODUCER_EPOCH, producer.write(version, "b-0", 0));
        }
        producer.identity = next;
        assertEquals(NONE, producer.write(12, "b-0", 1), "the next transaction is as it was");
        assertEnds(2, 2, "a", 0);
        assertEnds(0, 0, "a", 1);
    }

    @Test
    void whoIsNotInItsTransactionIsToldWhy() throws IOException {
        var producer = producer("t");
        var known = producer.identity;
        var stranger = new TestProducer(broker, client, "nobody");
        var nameless = new TestProducer(broker, client, "");
        var without = new TestProducer(broker, client, null);
        for (int version = 3; version <= 13; version++) {
            stranger.identity = known;
            assertRefused(INVALID_PRODUCER_ID_MAPPING, null, stranger.produce(version, "a-0", 0));
            nameless.identity = known;
            assertRefused(INVALID_REQUEST, null, nameless.produce(version, "a-0", 0));
            without.identity = known;
            assertRefused(TRANSACTIONAL_ID_AUTHORIZATION_FAILED, null, without.produce(version, "a-0", 0));
            producer.identity = Identity.of(known.producerId() + 1, 0);
            assertRefused(INVALID_PRODUCER_ID_MAPPING, null, producer.produce(version, "a-0", 0));
            producer.identity = Identity.of(-1, -1);
            assertRefused(INVALID_PRODUCER_ID_MAPPING, null, producer.produce(version, "a-0", 0));
            producer.identity = Identity.of(known.producerId(), 1);
            assertRefused(INVALID_PRODUCER_EPOCH, null, producer.produce(version, "a-0", 0));
            producer.identity = known;
            assertRefused(INVALID_TOPIC_EXCEPTION, null,
                    producer.produce(version, "__transaction_state-0", 0));
        }
        assertEquals(TransactionStatus.EMPTY, producer.settled().status());
        assertEnds(0, 0, "a", 0);
    }

    /** As with Apache Kafka: not even its transactional id is looked at. */
    @Test
    void whoHasBegunIsNotAskedAgain() throws IOException {
        var producer = producer("t");
        assertEquals(NONE, producer.write(12, "a-0", 0));
        var nameless = new TestProducer(broker, client, "");
        nameless.identity = producer.identity;
        for (int version = 3; version <= 13; version++) {
            assertEquals(NONE, nameless.write(version, "a-0", version - 2));
            assertEquals(INVALID_REQUEST, nameless.write(version, "a-1", 0));
        }
    }

    /** The partition is added before the log refuses the batch, and then it stays so. */
    @Test
    void whatTheLogRefusesIsInTheTransactionAllTheSame() throws IOException {
        var producer = producer("t");
        assertEquals(OUT_OF_ORDER_SEQUENCE_NUMBER, producer.write(12, "a-0", 5));
        assertEquals(NONE, producer.verify("a-0"));
        assertEquals(NONE, producer.write(12, "a-0", 0));
        // In version 1 the sequence goes on from a transaction that the log may have forgotten.
        assertEquals(NONE, producer.add(3, "b-0"));
        assertEquals(NONE, producer.write(11, "b-0", 5));
    }

    @Test
    void oneMissingPartitionKeepsNoOtherFromItsTransaction() throws IOException {
        var producer = producer("t");
        assertEquals(List.of(NONE, UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_OR_PARTITION),
                producer.produce(12, -1, producer.piece("a-0", 0), producer.piece("none-0", 0),
                        producer.piece("a-9", 0)).stream().map(Produced::error).toList());
        assertEquals(List.of("a-0"), producer.settled().partitions().stream().map(TopicPartition::toString)
                .toList());
    }

    @Test
    void aRequestHasOneTransactionalProducer() throws IOException {
        var producer = producer("t");
        var other = producer("u");
        var mixed = List.of(List.of(producer.piece("a-0", 0), other.piece("a-1", 0)),
                List.of(other.piece("a-0", 0), producer.piece("a-0", 0)));
        for (var pieces : mixed) {
            for (var answer : producer.produce(12, -1, pieces.toArray(Piece[]::new))) {
                assertRefused(INVALID_PRODUCER_ID_MAPPING,
                        "Transactional records contained more than one producer ID", answer);
            }
        }
        assertEnds(0, 0, "a", 0);
        assertEnds(0, 0, "a", 1);
        assertEquals(TransactionStatus.EMPTY, producer.settled().status());
    }

    /** Each on its own. */
    @Test
    void plainBatchesMayComeAlong() throws IOException {
        var producer = producer("t");
        var pieces = List.of(producer.piece("a-0", 0), new Piece("a-1", Batches.of("plain")),
                new Piece("a-2", Batches.from(producer.identity.producerId() + 5, 0, 0, "idempotent")));
        assertEquals(List.of(NONE, NONE, NONE), producer.produce(12, -1, pieces.toArray(Piece[]::new))
                .stream().map(Produced::error).toList());
        assertEnds(0, 1, "a", 0);
        assertEnds(1, 1, "a", 1);
        assertEnds(1, 1, "a", 2);
        assertEquals(List.of(NONE, TRANSACTION_ABORTABLE), producer.produce(11, -1, new Piece("a-1",
                Batches.of("plain")), producer.piece("b-0", 0)).stream().map(Produced::error).toList());
        // One that is in a transaction writes nothing else to the partition meanwhile.
        assertEquals(INVALID_TXN_STATE, producer.produce(12, -1, new Piece("a-0",
                Batches.from(producer.identity.producerId(), 0, 1, "plain"))).getFirst().error());
    }

    @Test
    void whoDoesNotWaitForTheDiskIsInItsTransactionToo() throws IOException {
        var producer = producer("t");
        assertEquals(NONE, producer.produce(12, 1, producer.piece("a-0", 0)).getFirst().error());
        client.send("Produce", 12, producer.request(0, producer.piece("a-1", 0)));
        assertEquals(NONE, producer.write(12, "a-0", 1), "the next answer is the next request's");
        assertEquals(NONE, producer.verify("a-0", "a-1"));
        assertEnds(0, 1, "a", 1);
        assertEquals(TRANSACTION_ABORTABLE,
                producer.produce(11, 1, producer.piece("b-0", 0)).getFirst().error());
        for (int version : new int[] {11, 12}) {
            assertEquals(INVALID_REQUIRED_ACKS,
                    producer.produce(version, 2, producer.piece("b-0", 0)).getFirst().error());
        }
        assertEquals(TRANSACTION_ABORTABLE, producer.verify("b-0"));
    }

    /** There is no answer to tell it in. */
    @Test
    void whereNothingIsAnsweredARefusalClosesTheConnection() throws IOException {
        var producer = producer("t");
        for (int version : new int[] {3, 9, 11}) {
            try (var other = broker.client()) {
                other.send("Produce", version, producer.request(0, producer.piece("a-0", 0)));
                assertTrue(other.isClosed());
            }
        }
        producer.identity = Identity.of(producer.identity.producerId(), 7);
        try (var other = broker.client()) {
            other.send("Produce", 12, producer.request(0, producer.piece("a-0", 0)));
            assertTrue(other.isClosed());
        }
        assertEnds(0, 0, "a", 0);
    }

    @Test
    void withoutVerificationOlderVersionsAreTakenAtTheirWord() throws IOException {
        stop();
        open(Map.of("transaction.partition.verification.enable", "false"));
        var producer = producer("t");
        assertEquals(NONE, producer.write(11, "a-0", 0));
        assertEquals(TransactionStatus.EMPTY, producer.settled().status(), "a hanging transaction");
        assertEquals(NONE, producer.write(12, "a-1", 0));
        assertEquals(NONE, producer.verify("a-1"), "which newer ones cannot make");
    }

    /** A partition that takes no marker keeps the transaction from its end. */
    @Test
    void whileTheTransactionBeforeIsBeingEndedProducersAreToTryAgain() throws IOException {
        broker.topic("stuck", 1);
        var producer = producer("t");
        assertEquals(List.of(NONE, NONE), producer.produce(12, -1, producer.piece("stuck-0", 0),
                producer.piece("a-0", 0)).stream().map(Produced::error).toList());
        broker.logs.delete(new TopicPartition("stuck", 0));
        assertEquals(NONE, producer.end(5, true));
        for (int version : new int[] {3, 8, 11}) {
            assertRefused(NOT_ENOUGH_REPLICAS, version < 8 ? null : UNVERIFIED + "CONCURRENT_TRANSACTIONS",
                    producer.produce(version, "a-0", 0));
        }
        assertRefused(CONCURRENT_TRANSACTIONS, null, producer.produce(12, "a-0", 0));
        assertEquals(CONCURRENT_TRANSACTIONS, producer.add(3, "a-0"));
        assertEquals(CONCURRENT_TRANSACTIONS, producer.verify("a-0"));
        assertEquals(CONCURRENT_TRANSACTIONS, producer.end(5, false));
        assertEquals(CONCURRENT_TRANSACTIONS, producer.identify(5, 60_000, TestProducer.NOBODY).error());
        broker.topic("another", 1); // With which the missing log is made again.
        producer.settled();
        assertEquals(NONE, producer.write(12, "a-0", 0));
    }

    /** Without the topic of transactions there is no coordinator yet. */
    @Test
    void whereThereIsNoCoordinatorProducersAreToTryAgain() throws IOException {
        var producer = new TestProducer(broker, client, "t");
        producer.identity = Identity.of(5, 0);
        assertRefused(NOT_ENOUGH_REPLICAS, UNVERIFIED + NOT_COORDINATOR, producer.produce(11, "a-0", 0));
        assertRefused(NOT_ENOUGH_REPLICAS, UNVERIFIED + NOT_COORDINATOR, producer.produce(12, "a-0", 0));
        assertEnds(0, 0, "a", 0);
    }

    @Test
    void overManyPartitionsAndAStart() throws IOException {
        broker.topic("many", 40);
        var producer = producer("t");
        var pieces = IntStream.range(0, 40).mapToObj(i -> producer.piece("many-" + i, 0))
                .toArray(Piece[]::new);
        assertTrue(producer.produce(12, -1, pieces).stream().allMatch(each -> each.error() == NONE));
        var identity = producer.identity;
        stop();
        open(Map.of());
        var again = new TestProducer(broker, client, "t");
        again.identity = identity;
        again.settled();
        assertEquals(NONE, again.write(12, "many-7", 1));
        assertEquals(NONE, again.end(5, true));
        assertEquals(TransactionStatus.COMPLETE_COMMIT, again.settled().status());
        for (int i = 0; i < 40; i++) {
            assertEnds(i == 7 ? 3 : 2, i == 7 ? 3 : 2, "many", i);
        }
        assertNull(again.produce(12, "many-7", 0).message());
    }
}
