package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.api.Replies.Produced;
import daybook.log.TestDisk;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProduceTest {
    private static final int ALL = -1;

    @TempDir
    static Path directory;
    private static TestBroker broker;
    private static Uuid id;
    private TestClient client;

    @BeforeAll
    static void start() throws IOException {
        broker = new TestBroker(directory);
        id = broker.topic("a", 3);
        broker.topic("small", 1, Map.of("max.message.bytes", "300"));
        broker.topic("bounded", 1, Map.of("message.timestamp.after.max.ms", "1000"));
        broker.topic("stamped", 1, Map.of("message.timestamp.type", "LogAppendTime"));
        broker.topic("__consumer_offsets", 1);
        broker.topic("wary", 1, Map.of("min.insync.replicas", "2"));
    }

    @AfterAll
    static void stop() {
        broker.close();
    }

    @BeforeEach
    void connect() throws IOException {
        client = broker.client();
    }

    @AfterEach
    void disconnect() throws IOException {
        client.close();
    }

    private record Piece(String topic, int partition, ByteBuffer records) { }

    private static Consumer<Writer> request(String transactionalId, int acks, Piece... pieces) {
        return out -> out.string(transactionalId).int16(acks).int32(1000).structs(List.of(pieces),
                (topics, piece) ->
                new TopicRef(piece.topic, id).write(topics, 13).structs(List.of(piece), (each, same) ->
                        each.int32(same.partition).bytes(same.records))).tags();
    }

    private List<Produced> produce(int version, int acks, Piece... pieces) throws IOException {
        return Produced.read(client.ask("Produce", version, request(null, acks, pieces)));
    }

    private Produced one(int version, int acks, String topic, int partition,
            ByteBuffer records) throws IOException {
        var answers = produce(version, acks, new Piece(topic, partition, records));
        assertEquals(1, answers.size());
        return answers.getFirst();
    }

    private void assertRefused(ErrorCode error, Produced answer) {
        assertEquals(error, answer.error());
        assertEquals(-1, answer.baseOffset());
        assertEquals(-1, answer.timeMs());
    }

    @Test
    void everyVersionAppends() throws IOException {
        long next = broker.log("a", 0).endOffset();
        for (int version = 3; version <= 13; version++) {
            for (int acks : new int[] {ALL, 1}) {
                var answer = one(version, acks, "a", 0, Batches.of("one", "two"));
                assertEquals(ErrorCode.NONE, answer.error());
                assertEquals(next, answer.baseOffset());
                assertEquals(version < 5 ? -1 : 0, answer.startOffset());
                assertEquals(List.of(), answer.recordErrors());
                assertEquals(-1, answer.timeMs());
                next += 2;
            }
        }
        assertEquals(next, broker.log("a", 0).highWatermark());
    }

    @Test
    void oneRequestHasManyPartitions() throws IOException {
        var answers = produce(9, ALL, new Piece("a", 1, Batches.of("x")),
                new Piece("nowhere", 0, Batches.of("x")),
                new Piece("a", 2, Batches.of("x")), new Piece("a", 3, Batches.of("x")),
                new Piece("a", -1, Batches.of("x")));
        assertEquals(List.of(ErrorCode.NONE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.NONE,
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
                answers.stream().map(Produced::error).toList());
        assertEquals(List.of(1, 0, 2, 3, -1), answers.stream().map(Produced::partition).toList());
    }

    @Test
    void topicsByIdEchoTheId() throws IOException {
        var answer = one(13, 1, "ignored", 9, Batches.of("x"));
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, answer.error());
        assertEquals(id, answer.topicId());
        var stranger = Uuid.random();
        var unknown = Produced.read(client.ask("Produce", 13, out -> out.string(null).int16(1).int32(0)
                .structs(List.of(stranger), (topics, each) -> topics.uuid(each)
                        .structs(List.of(0), (partition, index) ->
                        partition.int32(index).bytes(Batches.of("x"))))
                .tags())).getFirst();
        assertRefused(ErrorCode.UNKNOWN_TOPIC_ID, unknown);
        assertEquals(stranger, unknown.topicId());
    }

    @Test
    void acksAreZeroOneOrAll() throws IOException {
        long end = broker.log("a", 0).endOffset();
        for (int acks : new int[] {2, -2, 127}) {
            assertRefused(ErrorCode.INVALID_REQUIRED_ACKS, one(9, acks, "a", 0, Batches.of("x")));
            assertRefused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, one(9, acks, "nowhere", 0, Batches.of("x")));
        }
        assertEquals(end, broker.log("a", 0).endOffset());
    }

    @Test
    void withoutAcksThereIsNoAnswer() throws IOException {
        long end = broker.log("a", 0).endOffset();
        client.send("Produce", 9, request(null, 0, new Piece("a", 0, Batches.of("x", "y"))));
        assertEquals(end + 2, one(9, 1, "a", 0, Batches.of("z")).baseOffset());
    }

    @Test
    void withoutAcksAnErrorClosesTheConnection() throws IOException {
        client.send("Produce", 9, request(null, 0, new Piece("nowhere", 0, Batches.of("x"))));
        assertTrue(client.isClosed());
    }

    @Test
    void whatTheLogRefusesIsTold() throws IOException {
        assertRefused(ErrorCode.MESSAGE_TOO_LARGE, one(9, ALL, "small", 0, Batches.of("x".repeat(300))));
        var broken = Batches.of("x");
        assertRefused(ErrorCode.CORRUPT_MESSAGE, one(9, ALL, "a", 0,
                broken.putInt(17, broken.getInt(17) + 1)));
        assertRefused(ErrorCode.INVALID_RECORD, one(9, ALL, "a", 0, ByteBuffer.allocate(0)));
        assertRefused(ErrorCode.INVALID_RECORD, one(9, ALL, "a", 0, null));
        assertRefused(ErrorCode.INVALID_RECORD, one(9, ALL, "a", 0, Batches.of("cut").limit(40)));
    }

    @Test
    void errorsOfRecordsComeFromVersion8On() throws IOException {
        long tomorrow = System.currentTimeMillis() + 86_400_000;
        var answer = one(8, ALL, "bounded", 0, Batches.at(tomorrow, "x", "y"));
        assertRefused(ErrorCode.INVALID_TIMESTAMP, answer);
        assertEquals(2, answer.recordErrors().size(), answer::toString);
        assertTrue(answer.recordErrors().get(1).startsWith("1:Timestamp " + tomorrow), answer::toString);
        assertEquals("One or more records have been rejected due to invalid timestamp", answer.message());
        assertRefused(ErrorCode.INVALID_TIMESTAMP, one(7, ALL, "bounded", 0, Batches.at(tomorrow, "x")));
    }

    @Test
    void aCompactedTopicTakesNoRecordsWithoutAKey() throws IOException {
        broker.topic("compacted", 1, Map.of("cleanup.policy", "compact"));
        var answer = one(8, ALL, "compacted", 0, Batches.of("x", "y"));
        assertRefused(ErrorCode.INVALID_RECORD, answer);
        var first = "Compacted topic cannot accept message without key in topic partition compacted-0";
        assertEquals(List.of("0:" + first, "1:" + first), answer.recordErrors());
        assertEquals("One or more records have been rejected due to 2 record errors in total, and only showing"
                + " the first three errors at most: [RecordError(batchIndex=0, message='" + first
                + "'), RecordError(batchIndex=1, message='" + first + "')]", answer.message());
    }

    @Test
    void theBrokersTimeIsTold() throws IOException {
        long before = System.currentTimeMillis();
        var answer = one(9, ALL, "stamped", 0, Batches.at(5, "x"));
        assertTrue(answer.timeMs() >= before && answer.timeMs() <= System.currentTimeMillis(),
                answer::toString);
    }

    @Test
    void onlyTheAdminClientWritesToInternalTopics() throws IOException {
        assertRefused(ErrorCode.INVALID_TOPIC_EXCEPTION,
                one(9, ALL, "__consumer_offsets", 0, Batches.of("x")));
        client.named("__admin_client");
        assertEquals(ErrorCode.NONE, one(9, ALL, "__consumer_offsets", 0, Batches.of("x")).error());
        assertRefused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                one(9, ALL, "__cluster_metadata", 0, Batches.of("x")));
    }

    @Test
    void transactionsAreRefusedWhereNobodyAskedForTheirCoordinator() throws IOException {
        int transactional = 1 << 4;
        assertRefused(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
                one(9, ALL, "a", 0, Batches.marked(transactional)));
        for (int version : new int[] {9, 12}) {
            var answer = Produced.read(client.ask("Produce", version,
                    request("mine", ALL, new Piece("a", 0, Batches.marked(transactional))))).getFirst();
            assertRefused(ErrorCode.NOT_ENOUGH_REPLICAS, answer);
            assertTrue(answer.message().endsWith(" NOT_COORDINATOR"), answer.message());
        }
        assertEquals(ErrorCode.NONE, Produced.read(client.ask("Produce", 9,
                request("mine", ALL, new Piece("a", 0, Batches.of("plain"))))).getFirst().error());
    }

    @Test
    void zstdComesFromVersion7On() throws IOException {
        assertRefused(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, one(6, ALL, "a", 0, Batches.marked(4)));
        assertTrue(one(7, ALL, "a", 0, Batches.marked(4)).error() != ErrorCode.UNSUPPORTED_COMPRESSION_TYPE);
    }

    @Test
    void minInsyncReplicasAreNoMoreThanThereAre() throws IOException {
        assertEquals(ErrorCode.NONE, one(9, ALL, "wary", 0, Batches.of("x")).error());
        assertEquals(ErrorCode.NONE, one(9, 1, "wary", 0, Batches.of("x")).error());
    }

    @Test
    void duplicatesAreAnsweredWithTheirFirstOffset() throws IOException {
        var first = one(9, ALL, "a", 0, Batches.from(77, 0, 0, "x", "y"));
        one(9, ALL, "a", 0, Batches.from(77, 0, 2, "z"));
        var again = one(9, ALL, "a", 0, Batches.from(77, 0, 0, "x", "y"));
        assertEquals(ErrorCode.NONE, again.error());
        assertEquals(first.baseOffset(), again.baseOffset());
        var gap = one(9, ALL, "a", 0, Batches.from(77, 0, 9, "w"));
        assertRefused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, gap);
        assertEquals(0, gap.startOffset());
    }

    @Test
    void allAcksWaitForTheDisk(@TempDir Path another) throws IOException {
        var disk = new TestDisk();
        try (var failing = new TestBroker(another, Map.of(), disk); var other = failing.client()) {
            failing.topic("a", 1);
            int forces = disk.forces.get();
            var piece = new Piece("a", 0, Batches.of("x"));
            assertEquals(ErrorCode.NONE, Produced.read(other.ask("Produce", 9, request(null, 1, piece)))
                    .getFirst().error());
            assertEquals(forces, disk.forces.get());
            assertEquals(ErrorCode.NONE, Produced.read(other.ask("Produce", 9, request(null, ALL, piece)))
                    .getFirst().error());
            assertTrue(disk.forces.get() > forces);
            disk.failForces = true;
            for (int i = 0; i < 2; i++) {
                assertRefused(ErrorCode.KAFKA_STORAGE_ERROR, Produced.read(other.ask("Produce", 9,
                        request(null, ALL, piece))).getFirst());
            }
        }
    }

    @Test
    void versionsBelow3CloseTheConnection() throws IOException {
        client.send("Produce", 2, request(null, ALL));
        assertTrue(client.isClosed());
    }
}
