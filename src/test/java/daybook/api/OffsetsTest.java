package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** ListOffsets and OffsetForLeaderEpoch. */
class OffsetsTest {
    private static final long THEN = 1_700_000_000_000L;

    @TempDir
    static Path directory;
    private static TestBroker broker;
    private TestClient client;

    @BeforeAll
    static void start() throws IOException {
        broker = new TestBroker(directory);
        broker.topic("o", 2, Map.of("retention.ms", "-1"));
        for (long time : new long[] {1000, 3000, 2000}) {
            broker.log("o", 0).append(Batches.at(THEN + time, "a", "b", "c"));
        }
        broker.log("o", 0).deleteRecordsBefore(1);
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

    private record Asked(int partition, int leaderEpoch, long timestamp) { }

    private record Listed(ErrorCode error, long timestamp, long offset, int epoch) { }

    private List<Listed> list(int version, int isolation, String topic, Asked... asked) throws IOException {
        var in = client.ask("ListOffsets", version, out -> {
            out.int32(-1);
            if (out.since(2)) {
                out.int8(isolation);
            }
            out.structs(List.of(topic), (topics, name) ->
                    topics.string(name).structs(List.of(asked), (each, one) -> {
                each.int32(one.partition);
                if (each.since(4)) {
                    each.int32(one.leaderEpoch);
                }
                each.int64(one.timestamp);
            }));
            if (out.since(10)) {
                out.int32(100);
            }
            out.tags();
        });
        if (in.since(2)) {
            assertEquals(0, in.int32());
        }
        var listed = in.structs(topics -> {
            assertEquals(topic, topics.string());
            return topics.structs(OffsetsTest::listed);
        }).getFirst();
        in.tags();
        return Replies.whole(in, listed);
    }

    private static Listed listed(Reader in) {
        in.int32();
        return new Listed(ErrorCode.of(in.int16()), in.int64(), in.int64(), in.since(4) ? in.int32() : 0);
    }

    private Listed one(int version, int partition, long timestamp) throws IOException {
        return list(version, 0, "o", new Asked(partition, -1, timestamp)).getFirst();
    }

    private static Listed found(long timestamp, long offset) {
        return new Listed(ErrorCode.NONE, timestamp, offset, 0);
    }

    @Test
    void everyVersionKnowsBothEnds() throws IOException {
        for (int version = 1; version <= 11; version++) {
            assertEquals(found(-1, 9), one(version, 0, -1));
            assertEquals(found(-1, 1), one(version, 0, -2));
            assertEquals(found(-1, 0), one(version, 1, -1));
            assertEquals(found(-1, 0), one(version, 1, -2));
        }
    }

    @Test
    void whoReadsCommittedIsToldOfNothingBehindTheLastStableOffset() throws IOException {
        broker.topic("t", 1);
        var log = broker.log("t", 0);
        log.append(Batches.at(THEN, "a"));
        log.appendOwn(Batches.transactional(9, "open"), 0);
        var asked = new Asked[] {new Asked(0, -1, -1), new Asked(0, -1, -2), new Asked(0, -1, -3),
            new Asked(0, -1, THEN), new Asked(0, -1, THEN + 1)};
        var all = new ArrayList<Long>();
        var committed = new ArrayList<Long>();
        for (var one : asked) {
            all.add(list(11, 0, "t", one).getFirst().offset());
            committed.add(list(11, 1, "t", one).getFirst().offset());
        }
        assertEquals(List.of(2L, 0L, 1L, 0L, 1L), all);
        assertEquals(List.of(1L, 0L, -1L, 0L, -1L), committed);
        Batches.end(log, 9, false);
        assertEquals(3, list(11, 1, "t", asked[0]).getFirst().offset());
    }

    @Test
    void everyMarkHasItsVersion() throws IOException {
        var from = Map.of(-3, 7, -4, 8, -5, 9, -6, 11, -7, 99);
        var nothing = new Listed(ErrorCode.NONE, -1, -1, -1);
        var answers = Map.of(-3, found(THEN + 3000, 3), -4, found(-1, 1), -5, nothing, -6, nothing);
        for (int version : new int[] {4, 6, 7, 8, 9, 10, 11}) {
            for (var mark : from.entrySet()) {
                var expected = version >= mark.getValue() ? answers.get(mark.getKey())
                        : new Listed(ErrorCode.UNSUPPORTED_VERSION, -1, -1, -1);
                assertEquals(expected, one(version, 0, mark.getKey()),
                        mark.getKey() + " in version " + version);
            }
        }
        assertEquals(ErrorCode.UNSUPPORTED_VERSION, one(11, 0, Long.MIN_VALUE).error());
    }

    @Test
    void times() throws IOException {
        assertEquals(found(THEN + 1000, 1), one(8, 0, 0));
        assertEquals(found(THEN + 3000, 3), one(8, 0, THEN + 1001));
        assertEquals(found(THEN + 3000, 3), one(8, 0, THEN + 3000));
        assertEquals(new Listed(ErrorCode.NONE, -1, -1, -1), one(8, 0, THEN + 3001));
        assertEquals(new Listed(ErrorCode.NONE, -1, -1, -1), one(8, 1, -3));
    }

    @Test
    void errorsOfPartitions() throws IOException {
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, one(8, 2, -1).error());
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                list(8, 0, "no", new Asked(0, -1, -1)).getFirst().error());
        assertEquals(ErrorCode.UNKNOWN_LEADER_EPOCH, list(8, 0, "o", new Asked(0, 1, -1)).getFirst().error());
        assertEquals(ErrorCode.FENCED_LEADER_EPOCH, list(8, 0, "o", new Asked(0, -2, -1)).getFirst().error());
        assertEquals(ErrorCode.UNKNOWN_SERVER_ERROR, list(8, 2, "o",
                new Asked(0, -1, -1)).getFirst().error());
        assertEquals(found(-1, 9), list(8, 1, "o", new Asked(0, 0, -1)).getFirst());
        var twice = list(8, 0, "o", new Asked(0, -1, -1), new Asked(1, -1, -1), new Asked(0, -1, -2));
        assertEquals(List.of(ErrorCode.INVALID_REQUEST, ErrorCode.NONE),
                twice.stream().map(Listed::error).toList());
    }

    private String epochEnd(int version, String topic, int partition, int current,
            int epoch) throws IOException {
        var in = client.ask("OffsetForLeaderEpoch", version, out -> {
            if (out.since(3)) {
                out.int32(-2);
            }
            out.structs(List.of(topic), (topics, name) -> topics.string(name).structs(List.of(partition),
                    (each, index) -> each.int32(index).int32(current).int32(epoch))).tags();
        });
        assertEquals(0, in.int32());
        var answer = in.structs(topics -> topics.string() + " " + topics.structs(each ->
                each.int16() + " " + each.int32() + " " + each.int32() + " " + each.int64())).getFirst();
        in.tags();
        return Replies.whole(in, answer);
    }

    @Test
    void endsOfEpochs() throws IOException {
        for (int version = 2; version <= 4; version++) {
            assertEquals("o [0 0 0 9]", epochEnd(version, "o", 0, -1, 0));
            assertEquals("o [0 0 0 9]", epochEnd(version, "o", 0, 0, 0));
            assertEquals("o [0 1 0 0]", epochEnd(version, "o", 1, -1, 0));
            assertEquals("o [0 0 -1 -1]", epochEnd(version, "o", 0, -1, 5));
            assertEquals("o [0 0 -1 -1]", epochEnd(version, "o", 0, -1, -1));
            assertEquals("o [75 0 -1 -1]", epochEnd(version, "o", 0, 5, 0));
            assertEquals("o [74 0 -1 -1]", epochEnd(version, "o", 0, -5, 0));
            assertEquals("o [3 2 -1 -1]", epochEnd(version, "o", 2, -1, 0));
            assertEquals("no [3 0 -1 -1]", epochEnd(version, "no", 0, -1, 0));
        }
    }
}
