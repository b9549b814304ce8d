package daybook.api;

import static daybook.wire.ErrorCode.CONCURRENT_TRANSACTIONS;
import static daybook.wire.ErrorCode.INVALID_PRODUCER_EPOCH;
import static daybook.wire.ErrorCode.INVALID_PRODUCER_ID_MAPPING;
import static daybook.wire.ErrorCode.INVALID_REQUEST;
import static daybook.wire.ErrorCode.INVALID_TRANSACTION_TIMEOUT;
import static daybook.wire.ErrorCode.INVALID_TXN_STATE;
import static daybook.wire.ErrorCode.NONE;
import static daybook.wire.ErrorCode.NOT_COORDINATOR;
import static daybook.wire.ErrorCode.OPERATION_NOT_ATTEMPTED;
import static daybook.wire.ErrorCode.PRODUCER_FENCED;
import static daybook.wire.ErrorCode.TOPIC_AUTHORIZATION_FAILED;
import static daybook.wire.ErrorCode.TRANSACTION_ABORTABLE;
import static daybook.wire.ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.log.TestDisk;
import daybook.txn.Identity;
import daybook.txn.TransactionStatus;
import daybook.wire.ErrorCode;
import daybook.wire.Writer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** InitProducerId, AddPartitionsToTxn and EndTxn, byte by byte; each version in its own way. */
class TransactionRequestsTest {
    @TempDir
    Path directory;

    private final TestDisk disk = new TestDisk();
    private TestBroker broker;
    private TestClient client;

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(directory, Map.of("transaction.state.log.num.partitions", "1",
                "offsets.topic.num.partitions", "1"), disk);
        client = broker.client();
        broker.topic("a", 2);
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        broker.close();
    }

    private TestProducer named(String id) {
        return new TestProducer(broker, client, id);
    }

    private TestProducer producer(String id) throws IOException {
        return named(id).begin();
    }

    /** In versions that do not know of it, who is fenced has an old epoch. */
    private static ErrorCode fenced(boolean known) {
        return known ? PRODUCER_FENCED : INVALID_PRODUCER_EPOCH;
    }

    // InitProducerId.

    @Test
    void whoHasNoTransactionalIdGetsANewIdentity() throws IOException {
        var before = -1L;
        for (int version = 0; version <= 5; version++) {
            for (int timeoutMs : new int[] {60_000, -1}) {
                var identity = named(null).identify(version, timeoutMs, TestProducer.NOBODY);
                assertEquals(Identity.of(identity.producerId(), 0), identity);
                assertTrue(identity.producerId() > before);
                before = identity.producerId();
            }
        }
        assertNotEquals(before, named(null).identify(5, 1, Identity.of(before, 0)).producerId());
    }

    @Test
    void whoHasATransactionalIdGetsTheNextEpochInEachVersion() throws IOException {
        var producer = producer("t");
        long id = producer.identity.producerId();
        for (int version = 0; version <= 5; version++) {
            assertEquals(Identity.of(id, version + 1),
                    producer.identify(version, 60_000, TestProducer.NOBODY));
        }
        for (int version = 3; version <= 5; version++) {
            var known = Identity.of(id, version + 3);
            assertEquals(Identity.of(id, version + 4), producer.identify(version, 60_000, known));
            assertEquals(Identity.of(id, version + 4), producer.identify(version, 60_000, known), "again");
            var fenced = Identity.refused(fenced(version > 3));
            assertEquals(fenced, producer.identify(version, 60_000, Identity.of(id, 2)));
            assertEquals(fenced, producer.identify(version, 60_000, Identity.of(id + 1, version + 4)));
        }
    }

    @Test
    void whatIsNoIdentityIsAnInvalidRequest() throws IOException {
        var producer = producer("t");
        var invalid = Identity.refused(INVALID_REQUEST);
        for (int version = 0; version <= 5; version++) {
            assertEquals(invalid, named("").identify(version, 60_000, TestProducer.NOBODY));
            for (int timeoutMs : new int[] {0, -1, 900_001}) {
                assertEquals(Identity.refused(INVALID_TRANSACTION_TIMEOUT),
                        producer.identify(version, timeoutMs, TestProducer.NOBODY));
            }
        }
        for (int version = 3; version <= 5; version++) {
            for (var half : List.of(Identity.of(-1, 0), Identity.of(producer.identity.producerId(), -1))) {
                assertEquals(invalid, producer.identify(version, 60_000, half));
                assertEquals(invalid, named(null).identify(version, 60_000, half));
            }
        }
        assertEquals(producer.identity.producerEpoch(), producer.settled().producerEpoch());
    }

    @Test
    void whoComesWhileATransactionIsOpenComesAgain() throws IOException {
        var producer = producer("t");
        long id = producer.identity.producerId();
        for (int version = 0; version <= 5; version++) {
            producer.identity = producer.identify(version, 60_000, TestProducer.NOBODY);
            assertEquals(NONE, producer.write(12, "a-0", 0));
            assertEquals(Identity.refused(CONCURRENT_TRANSACTIONS),
                    producer.identify(version, 60_000, TestProducer.NOBODY));
            assertEquals(TransactionStatus.COMPLETE_ABORT, producer.settled().status());
        }
        assertEquals(Identity.of(id, 13), producer.identify(5, 60_000, TestProducer.NOBODY));
        assertEquals(broker.log("a", 0).endOffset(), broker.log("a", 0).lastStableOffset());
    }

    // AddPartitionsToTxn.

    @Test
    void eachVersionAddsPartitions() throws IOException {
        for (int version = 0; version <= 5; version++) {
            var producer = producer("t" + version);
            assertEquals(Map.of("a-0", NONE, "a-1", NONE),
                    producer.add(version, producer.identity, false, "a-0", "a-1"));
            assertEquals(NONE, producer.add(version, "a-1"));
            var transaction = producer.settled();
            assertEquals(TransactionStatus.ONGOING, transaction.status());
            assertEquals(Map.of("a", List.of(0, 1)), transaction.byTopic());
        }
    }

    @Test
    void allPartitionsAreAddedOrNone() throws IOException {
        var producer = producer("t");
        client.ask("FindCoordinator", 1, out -> out.string("g").int8(0));
        for (int version = 0; version <= 5; version++) {
            for (boolean verifyOnly : new boolean[] {false, true}) {
                assertEquals(Map.of("a-0", OPERATION_NOT_ATTEMPTED, "a-2", UNKNOWN_TOPIC_OR_PARTITION,
                        "none-0", UNKNOWN_TOPIC_OR_PARTITION, "a-1", OPERATION_NOT_ATTEMPTED),
                        producer.add(version, producer.identity, verifyOnly && version > 3,
                                "a-0", "a-2", "none-0", "a-1"));
            }
            assertEquals(Map.of("a-0", OPERATION_NOT_ATTEMPTED, "a--1", UNKNOWN_TOPIC_OR_PARTITION),
                    producer.add(version, producer.identity, false, "a-0", "a--1"));
            for (var internal : List.of("__consumer_offsets-0", "__transaction_state-0")) {
                assertEquals(Map.of("a-0", OPERATION_NOT_ATTEMPTED, internal, TOPIC_AUTHORIZATION_FAILED),
                        producer.add(version, producer.identity, false, "a-0", internal));
            }
            assertEquals(UNKNOWN_TOPIC_OR_PARTITION, named("nobody").add(version, "none-0"), "whoever asks");
        }
        assertEquals(TransactionStatus.EMPTY, producer.settled().status());
    }

    @Test
    void onlyItsProducerAddsPartitions() throws IOException {
        var producer = producer("t");
        long id = producer.identity.producerId();
        for (int version = 0; version <= 5; version++) {
            var nobody = named("nobody");
            nobody.identity = producer.identity;
            assertEquals(INVALID_PRODUCER_ID_MAPPING, nobody.add(version, "a-0"));
            var nameless = named("");
            nameless.identity = producer.identity;
            assertEquals(INVALID_REQUEST, nameless.add(version, "a-0"));
            assertEquals(Map.of("a-0", INVALID_PRODUCER_ID_MAPPING, "a-1", INVALID_PRODUCER_ID_MAPPING),
                    producer.add(version, Identity.of(id + 1, 0), false, "a-0", "a-1"));
            assertEquals(Map.of("a-0", fenced(version > 1)),
                    producer.add(version, Identity.of(id, 1), false, "a-0"));
        }
        assertEquals(TransactionStatus.EMPTY, producer.settled().status());
    }

    @Test
    void itMayBeAskedWhetherPartitionsWereAdded() throws IOException {
        var producer = producer("t");
        long id = producer.identity.producerId();
        for (int version = 4; version <= 5; version++) {
            assertEquals(Map.of("a-0", TRANSACTION_ABORTABLE),
                    producer.add(version, producer.identity, true, "a-0"));
            producer.add(version, "a-0");
            assertEquals(Map.of("a-0", NONE, "a-1", TRANSACTION_ABORTABLE),
                    producer.add(version, producer.identity, true, "a-0", "a-1"));
            assertEquals(Map.of("a-0", PRODUCER_FENCED),
                    producer.add(version, Identity.of(id, 9), true, "a-0"));
            assertEquals(Map.of("a-0", INVALID_PRODUCER_ID_MAPPING),
                    producer.add(version, Identity.of(id + 9, 0), true, "a-0"));
            producer.end(5, false);
            producer.settled();
        }
    }

    /** Apache Kafka leaves a request without transactions unanswered. */
    @Test
    void aRequestMayHaveManyTransactionsOrNone() throws IOException {
        var first = producer("t");
        var second = producer("u");
        for (int version = 4; version <= 5; version++) {
            assertEquals(List.of(), ask(version));
            assertEquals(List.of("t[a-0 NONE]", "u[a-1 NONE]", "v[a-0 INVALID_PRODUCER_ID_MAPPING]"),
                    ask(version, first, second, named("v")));
        }
        assertEquals(Map.of("a", List.of(0)), first.settled().byTopic());
        assertEquals(Map.of("a", List.of(1)), second.settled().byTopic());
    }

    private List<String> ask(int version, TestProducer... producers) throws IOException {
        var in = client.ask("AddPartitionsToTxn", version, out -> out.structs(List.of(producers),
                (each, producer) -> {
                    each.string(producer.id).int64(producer.identity.producerId());
                    each.int16(producer.identity.producerEpoch()).bool(false);
                    each.structs(List.of("a"), (topics, name) -> topics.string(name)
                            .array(List.of(producer.id.equals("u") ? 1 : 0), Writer::int32));
                }).tags());
        assertEquals(0, in.int32());
        assertEquals(0, in.int16());
        var answers = in.structs(each -> each.string() + each.structs(topics -> {
            var name = topics.string();
            return topics.structs(one -> name + "-" + one.int32() + " " + ErrorCode.of(one.int16()))
                    .getFirst();
        }));
        in.tags();
        return Replies.whole(in, answers);
    }

    // EndTxn.

    @Test
    void eachVersionEndsATransaction() throws IOException {
        for (int version = 0; version <= 5; version++) {
            var producer = producer("t" + version);
            for (boolean commit : new boolean[] {true, false}) {
                assertEquals(NONE, producer.write(12, "a-0", version < 5 && !commit ? 1 : 0));
                var old = producer.identity;
                assertEquals(NONE, producer.end(version, commit));
                assertEquals(commit ? TransactionStatus.COMPLETE_COMMIT : TransactionStatus.COMPLETE_ABORT,
                        producer.settled().status());
                assertEquals(old.producerEpoch() + (version < 5 ? 0 : 1), producer.settled().producerEpoch());
                assertEquals(version < 5 ? Identity.refused(NONE) : producer.identity,
                        producer.end(version, old, commit), "again");
                assertEquals(Identity.refused(INVALID_TXN_STATE), producer.end(version, old, !commit));
            }
        }
        assertEquals(broker.log("a", 0).endOffset(), broker.log("a", 0).lastStableOffset());
        assertEquals(24, broker.log("a", 0).endOffset(), "of each a record and a marker");
    }

    @Test
    void whoMayNotEndIsToldInTheVersionsOwnWay() throws IOException {
        var producer = producer("t");
        var known = producer.identity;
        for (int version = 0; version <= 5; version++) {
            assertEquals(Identity.refused(INVALID_REQUEST), named("").end(version, known, true));
            assertEquals(Identity.refused(INVALID_PRODUCER_ID_MAPPING), named("x").end(version, known, true));
            assertEquals(Identity.refused(INVALID_PRODUCER_ID_MAPPING),
                    producer.end(version, Identity.of(known.producerId() + 1, 0), true));
            assertEquals(Identity.refused(fenced(version > 1)),
                    producer.end(version, Identity.of(known.producerId(), 1), false));
            assertEquals(Identity.refused(INVALID_TXN_STATE), producer.end(version, known, true));
            if (version < 5) {
                assertEquals(Identity.refused(INVALID_TXN_STATE), producer.end(version, known, false));
            }
        }
        assertEquals(NONE, producer.end(5, false), "nothing, for the next epoch");
        assertEquals(1, producer.identity.producerEpoch());
    }

    // All of them.

    @Test
    void withoutTheirTopicThereIsNoCoordinator() throws IOException {
        var nobody = named("t");
        nobody.identity = Identity.of(1, 0);
        assertEquals(Identity.refused(NOT_COORDINATOR), nobody.identify(5, 60_000, TestProducer.NOBODY));
        assertEquals(NOT_COORDINATOR, nobody.add(3, "a-0"));
        assertEquals(NOT_COORDINATOR, nobody.verify("a-0"));
        assertEquals(Identity.refused(NOT_COORDINATOR), nobody.end(5, nobody.identity, true));
    }

    @Test
    void whatTheDiskDidNotTakeIsNotAcknowledged() throws IOException {
        var producer = producer("t");
        producer.write(12, "a-0", 0);
        disk.failForces = true;
        assertEquals(Identity.refused(NOT_COORDINATOR), producer.end(5, producer.identity, true));
        assertNotEquals(NONE, producer.add(3, "a-1"));
        assertNotEquals(NONE, producer.identify(5, 60_000, TestProducer.NOBODY).error());
    }
}
