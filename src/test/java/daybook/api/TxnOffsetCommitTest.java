package daybook.api;

import static daybook.wire.ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;
import static daybook.wire.ErrorCode.ILLEGAL_GENERATION;
import static daybook.wire.ErrorCode.INVALID_GROUP_ID;
import static daybook.wire.ErrorCode.INVALID_PRODUCER_EPOCH;
import static daybook.wire.ErrorCode.INVALID_PRODUCER_ID_MAPPING;
import static daybook.wire.ErrorCode.INVALID_REQUEST;
import static daybook.wire.ErrorCode.INVALID_TXN_STATE;
import static daybook.wire.ErrorCode.NONE;
import static daybook.wire.ErrorCode.NOT_COORDINATOR;
import static daybook.wire.ErrorCode.OFFSET_METADATA_TOO_LARGE;
import static daybook.wire.ErrorCode.PRODUCER_FENCED;
import static daybook.wire.ErrorCode.TRANSACTION_ABORTABLE;
import static daybook.wire.ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
import static daybook.wire.ErrorCode.UNSTABLE_OFFSET_COMMIT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.log.LogReader;
import daybook.log.TestDisk;
import daybook.record.TransactionMarker;
import daybook.txn.Identity;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** AddOffsetsToTxn and TxnOffsetCommit, byte by byte; each version in its own way. */
class TxnOffsetCommitTest {
    private record Item(String topic, int index, long offset, String metadata) { }

    private static final Item GOOD = new Item("orders", 0, 10, "m");

    @TempDir
    Path directory;

    private final TestDisk disk = new TestDisk();
    private TestBroker broker;
    private TestClient client;

    @BeforeEach
    void start() throws IOException {
        open(directory);
        client.ask("FindCoordinator", 1, out -> out.string("g").int8(0));
    }

    private void open(Path in) throws IOException {
        open(in, "true");
    }

    private void open(Path in, String verifies) throws IOException {
        broker = new TestBroker(in, Map.of("offsets.topic.num.partitions", "1",
                "transaction.state.log.num.partitions", "1",
                "transaction.partition.verification.enable", verifies), disk);
        client = broker.client();
        broker.topic("orders", 3);
        client.ask("FindCoordinator", 1, out -> out.string("t").int8(1));
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        broker.close();
    }

    @Test
    void eachVersionCommitsWithTheTransaction() throws IOException {
        for (int version = 0; version <= 5; version++) {
            var producer = begin("t" + version);
            long offset = 100 + version;
            if (version < 5) {
                assertEquals(NONE, add(version, "t" + version, producer, "g"));
            }
            assertEquals(List.of(NONE, NONE), commit(version, "t" + version, producer, "g", -1, "",
                    new Item("orders", 0, offset, "why"), new Item("orders", 1, offset, null)));
            assertEquals("UNSTABLE_OFFSET_COMMIT -1 ", fetch("g", 0, true));
            end("t" + version, producer, true);
            untilStable("g", 0);
            assertEquals("NONE " + offset + " why", fetch("g", 0, true));
            assertEquals("NONE " + offset + " ", fetch("g", 1, false));
        }
    }

    @Test
    void whatIsAbortedIsNotCommitted() throws IOException {
        var producer = begin("t");
        commit(5, "t", producer, "g", -1, "", GOOD);
        assertEquals("NONE -1 ", fetch("g", 0, false));
        end("t", producer, false);
        untilStable("g", 0);
        assertEquals("NONE -1 ", fetch("g", 0, false));
    }

    /** The bytes that Apache Kafka 4.3.1 has in its log; its base sequence is 0 in each of them. */
    @Test
    void aCommitIsOneBatchOfItsProducerAndTheEndItsMarker() throws IOException {
        var producer = begin("t");
        commit(5, "t", producer, "g", -1, "", GOOD, new Item("orders", 1, 7, null));
        commit(5, "t", producer, "g", -1, "", new Item("orders", 2, 8, null));
        var next = end("t", producer, true);
        untilStable("g", 0);
        var reader = new LogReader(broker.log("__consumer_offsets", 0), 0);
        for (int records = 2; records >= 1; records--) {
            var batch = reader.next();
            assertTrue(batch.transactional() && !batch.control());
            assertEquals(producer.producerId(), batch.producerId());
            assertEquals(producer.producerEpoch(), batch.producerEpoch());
            assertEquals(0, batch.baseSequence());
            assertEquals(records - 1, batch.lastOffsetDelta());
        }
        var marker = reader.next();
        assertEquals(new TransactionMarker(true, 0), TransactionMarker.of(marker));
        assertEquals(next.producerEpoch(), marker.producerEpoch());
        assertEquals(producer.producerEpoch() + 1, next.producerEpoch());
        assertNull(reader.next());
    }

    @Test
    void onlyWhoAddedTheGroupMayCommit() throws IOException {
        var producer = begin("t");
        var other = begin("u");
        var older = Identity.of(producer.producerId(), producer.producerEpoch() - 1);
        var newer = Identity.of(producer.producerId(), producer.producerEpoch() + 1);
        for (int version = 0; version <= 5; version++) {
            var notAdded = version < 4 ? INVALID_TXN_STATE : TRANSACTION_ABORTABLE;
            if (version < 5) {
                assertEquals(List.of(notAdded), commit(version, "t", producer, "g", -1, "", GOOD));
            }
            assertEquals(List.of(INVALID_PRODUCER_ID_MAPPING),
                    commit(version, "nobody", producer, "g", -1, "", GOOD));
            assertEquals(List.of(INVALID_PRODUCER_ID_MAPPING),
                    commit(version, "t", other, "g", -1, "", GOOD));
            assertEquals(List.of(INVALID_REQUEST), commit(version, "", producer, "g", -1, "", GOOD));
            assertEquals(List.of(INVALID_PRODUCER_EPOCH), commit(version, "t", older, "g", -1, "", GOOD));
            assertEquals(List.of(INVALID_PRODUCER_EPOCH), commit(version, "t", newer, "g", -1, "", GOOD));
            assertEquals(List.of(INVALID_GROUP_ID), commit(version, "t", producer, "", -1, "", GOOD));
            assertEquals(List.of(), commit(version, "t", producer, "g", -1, ""));
        }
        assertEquals(0, broker.log("__consumer_offsets", 0).endOffset());
    }

    /**
     * Once its transaction is open in the log, the coordinator is not asked any more, as with Apache Kafka.
     */
    @Test
    void whoHasBegunIsNotAskedAgain() throws IOException {
        var producer = begin("t");
        assertEquals(List.of(NONE), commit(5, "t", producer, "g", -1, "", GOOD));
        for (int version = 0; version <= 5; version++) {
            assertEquals(List.of(NONE), commit(version, "", producer, "g", -1, "", GOOD));
        }
        end("t", producer, true);
        untilStable("g", 0);
        assertEquals(List.of(INVALID_PRODUCER_EPOCH), commit(4, "t", producer, "g", -1, "", GOOD));
    }

    @Test
    void whatIsNotThereOrTooLargeIsRefusedAlone() throws IOException {
        var producer = begin("t");
        assertEquals(List.of(UNKNOWN_TOPIC_OR_PARTITION, NONE, UNKNOWN_TOPIC_OR_PARTITION,
                OFFSET_METADATA_TOO_LARGE), commit(5, "t", producer, "g", -1, "",
                new Item("nothing", 0, 1, ""), GOOD, new Item("orders", 3, 1, ""),
                new Item("orders", 1, 1, "x".repeat(4097))));
        assertEquals(List.of(UNKNOWN_TOPIC_OR_PARTITION), commit(5, "nobody", producer, "", -1, "",
                new Item("nothing", 0, 1, "")));
        end("t", producer, true);
        untilStable("g", 0);
        assertEquals("NONE 10 m", fetch("g", 0, false));
    }

    /** Its offsets would wait for ever for the marker of nobody. */
    @Test
    void nobodyIsInNoTransactionWhetherThatIsVerifiedOrNot() throws IOException {
        stop();
        open(Files.createDirectory(directory.resolve("unverified")), "false");
        client.ask("FindCoordinator", 1, out -> out.string("g").int8(0));
        for (int version = 0; version <= 5; version++) {
            assertEquals(List.of(INVALID_PRODUCER_ID_MAPPING),
                    commit(version, "t", Identity.of(-1, -1), "g", -1, "", GOOD));
        }
        assertEquals("NONE -1 ", fetch("g", 0, true));
        assertEquals(List.of(NONE), commit(4, "t", begin("t"), "g", -1, "", GOOD));
    }

    @Test
    void theGroupIsAskedToo() throws IOException {
        var producer = begin("t");
        assertEquals(List.of(ILLEGAL_GENERATION), commit(5, "t", producer, "g", 3, "m", GOOD));
        assertEquals(List.of(NONE), commit(5, "t", producer, "g", -1, "", GOOD));
        assertEquals(List.of(ErrorCode.UNKNOWN_MEMBER_ID), commit(5, "t", producer, "g", 3, "m", GOOD));
        assertEquals(List.of(ErrorCode.UNKNOWN_MEMBER_ID), commit(5, "t", producer, "g", 0, "", GOOD));
        assertEquals(List.of(NONE), commit(5, "t", producer, "g", -1, "m", GOOD));
    }

    @Test
    void aGroupIsAddedBeforeAnybodyLookedForIt() throws IOException {
        stop();
        open(Files.createDirectory(directory.resolve("fresh")));
        var producer = begin("t");
        assertNull(broker.catalog.image().topic("__consumer_offsets"));
        assertEquals(List.of(NOT_COORDINATOR), commit(5, "t", producer, "g", -1, "", GOOD));
        assertEquals(NONE, add(0, "t", producer, "g"));
        assertNotNull(broker.catalog.image().topic("__consumer_offsets"));
        assertEquals(List.of(NONE), commit(0, "t", producer, "g", -1, "", GOOD));
    }

    @Test
    void whoMayNotAddAGroupIsToldInTheVersionsOwnWay() throws IOException {
        var producer = begin("t");
        var newer = Identity.of(producer.producerId(), producer.producerEpoch() + 1);
        for (int version = 0; version <= 4; version++) {
            assertEquals(INVALID_REQUEST, add(version, "", producer, "g"));
            assertEquals(INVALID_PRODUCER_ID_MAPPING, add(version, "nobody", producer, "g"));
            assertEquals(version < 2 ? INVALID_PRODUCER_EPOCH : PRODUCER_FENCED,
                    add(version, "t", newer, "g"));
            assertEquals(NONE, add(version, "t", producer, ""));
        }
    }

    @Test
    void whatTheDiskDidNotTakeIsNotAcknowledged() throws IOException {
        var producer = begin("t");
        commit(5, "t", producer, "g", -1, "", GOOD);
        disk.failForces = true;
        assertEquals(List.of(NOT_COORDINATOR), commit(5, "t", producer, "g", -1, "", GOOD));
    }

    private Identity begin(String id) throws IOException {
        while (true) {
            var in = client.ask("InitProducerId", 4, out ->
                    out.string(id).int32(60_000).int64(-1).int16(-1).tags());
            in.int32();
            var error = ErrorCode.of(in.int16());
            var producer = Identity.of(in.int64(), in.int16());
            if (error != COORDINATOR_LOAD_IN_PROGRESS) {
                assertEquals(NONE, error);
                return producer;
            }
        }
    }

    private Identity end(String id, Identity producer, boolean commit) throws IOException {
        var in = client.ask("EndTxn", 5, out -> out.string(id).int64(producer.producerId())
                .int16(producer.producerEpoch()).bool(commit).tags());
        in.int32();
        assertEquals(NONE, ErrorCode.of(in.int16()));
        return Identity.of(in.int64(), in.int16());
    }

    private ErrorCode add(int version, String id, Identity producer, String group) throws IOException {
        var in = client.ask("AddOffsetsToTxn", version, out -> out.string(id).int64(producer.producerId())
                .int16(producer.producerEpoch()).string(group).tags());
        assertEquals(0, in.int32());
        var error = ErrorCode.of(in.int16());
        in.tags();
        return Replies.whole(in, error);
    }

    private List<ErrorCode> commit(int version, String id, Identity producer, String group, int generation,
            String member, Item... items) throws IOException {
        var in = client.ask("TxnOffsetCommit", version, out -> {
            out.string(id).string(group).int64(producer.producerId()).int16(producer.producerEpoch());
            out.since(3, more -> more.int32(generation).string(member).string(null));
            out.structs(List.of(items), (each, item) ->
                    each.string(item.topic).structs(List.of(item), TxnOffsetCommitTest::write)).tags();
        });
        assertEquals(0, in.int32());
        var errors = new ArrayList<ErrorCode>();
        var answered = in.structs(each -> each.string() + each.structs(inner -> {
            int index = inner.int32();
            errors.add(ErrorCode.of(inner.int16()));
            return index;
        }));
        assertEquals(Stream.of(items).map(item -> item.topic + List.of(item.index)).toList(), answered);
        in.tags();
        return Replies.whole(in, errors);
    }

    private static void write(Writer out, Item item) {
        out.int32(item.index).int64(item.offset).since(2, more -> more.int32(5)).string(item.metadata);
    }

    /** Error, offset and metadata. */
    private String fetch(String group, int index, boolean stable) throws IOException {
        var in = client.ask("OffsetFetch", 7, out -> out.string(group)
                .structs(List.of("orders"), (each, topic) ->
                        each.string(topic).array(List.of(index), Writer::int32)).bool(stable).tags());
        in.int32();
        return in.structs(each -> {
            each.string();
            return each.structs(TxnOffsetCommitTest::readPlace).getFirst();
        }).getFirst();
    }

    private static String readPlace(Reader in) {
        in.int32();
        long offset = in.int64();
        in.int32();
        var metadata = in.nullableString();
        return ErrorCode.of(in.int16()) + " " + offset + " " + metadata;
    }

    private void untilStable(String group, int index) throws IOException {
        while (fetch(group, index, true).startsWith(UNSTABLE_OFFSET_COMMIT.toString())) {
            Thread.onSpinWait();
        }
    }
}
