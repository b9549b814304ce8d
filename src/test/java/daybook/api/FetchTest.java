package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.api.Replies.Fetched;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FetchTest {
    private static final int LONG_WAIT_MS = 600_000;

    @TempDir
    Path directory;
    private TestBroker broker;
    private TestClient client;
    private Uuid id;
    private int batchBytes;

    /** Topic a: partitions 0 and 1 with five batches of three records, partition 2 empty. */
    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(directory);
        client = broker.client();
        id = broker.topic("a", 3);
        for (int partition = 0; partition < 2; partition++) {
            for (int i = 0; i < 5; i++) {
                var batch = Batches.of("value of some length", "b", "c" + i);
                batchBytes = batch.remaining();
                broker.log("a", partition).append(batch);
            }
        }
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        broker.close();
    }

    private static final class Ask {
        int replicaId = -1;
        int waitMs;
        int minBytes;
        int maxBytes = 1 << 20;
        int isolation;
        int session;
        int epoch = -1;
        final List<Part> parts = new ArrayList<>();
        final List<Integer> forgotten = new ArrayList<>();
        String topic = "a";
        Uuid topicId;

        Ask(Uuid topicId) {
            this.topicId = topicId;
        }

        Ask part(int index, long offset) {
            return part(new Part(index, -1, offset, -1, 1 << 20));
        }

        Ask part(Part part) {
            parts.add(part);
            return this;
        }

        Ask waiting(int waitMs, int minBytes) {
            this.waitMs = waitMs;
            this.minBytes = minBytes;
            return this;
        }

        Ask in(int session, int epoch) {
            this.session = session;
            this.epoch = epoch;
            return this;
        }

        void write(Writer out) {
            if (!out.since(15)) {
                out.int32(replicaId);
            }
            out.int32(waitMs).int32(minBytes).int32(maxBytes).int8(isolation);
            if (out.since(7)) {
                out.int32(session).int32(epoch);
            }
            out.structs(parts, (topics, part) -> new TopicRef(topic, topicId).write(topics, 13)
                    .structs(List.of(part), Part::write));
            if (out.since(7)) {
                out.structs(forgotten, (topics, index) -> new TopicRef(topic, topicId).write(topics, 13)
                        .int32s(List.of(index)));
            }
            if (out.since(11)) {
                out.string("");
            }
            if (replicaId >= 0 && out.since(15)) {
                out.tags(new Writer.Tagged(1, state -> state.int32(replicaId).int64(-1).tags()));
            } else {
                out.tags();
            }
        }
    }

    private record Part(int index, int leaderEpoch, long offset, int lastEpoch, int maxBytes) {
        static void write(Writer out, Part part) {
            out.int32(part.index);
            if (out.since(9)) {
                out.int32(part.leaderEpoch);
            }
            out.int64(part.offset);
            if (out.since(12)) {
                out.int32(part.lastEpoch);
            }
            if (out.since(5)) {
                out.int64(-1);
            }
            out.int32(part.maxBytes);
        }
    }

    private Ask ask() {
        return new Ask(id);
    }

    private Fetched fetch(int version, Ask ask) throws IOException {
        return Fetched.read(client.ask("Fetch", version, ask::write));
    }

    private ErrorCode error(int version, Part part) throws IOException {
        return fetch(version, ask().part(part)).only().error();
    }

    @Test
    void everyVersionGivesTheBytesOfTheLog() throws IOException {
        for (int version = 4; version <= 18; version++) {
            var only = fetch(version, ask().part(0, 4)).only();
            assertEquals(ErrorCode.NONE, only.error());
            assertEquals(15, only.highWatermark());
            assertEquals(15, only.stableOffset());
            assertEquals(version < 5 ? -1 : 0, only.startOffset());
            assertEquals(version < 13 ? "a" : null, only.topic());
            assertEquals(version < 13 ? Uuid.ZERO : id, only.topicId());
            assertNull(only.aborted());
            assertEquals(3, only.firstOffset());
            assertEquals(4 * batchBytes, only.bytes());
        }
    }

    @Test
    void thoseThatReadCommittedGetAListOfAborted() throws IOException {
        var ask = ask().part(0, 0).part(9, 0);
        ask.isolation = 1;
        fetch(11, ask).partitions().forEach(each -> assertEquals(List.of(), each.aborted()));
        ask.isolation = 2;
        assertEquals(List.of(), fetch(13, ask.in(7, 1)).partitions());
        var refused = fetch(11, ask);
        assertEquals(ErrorCode.UNKNOWN_SERVER_ERROR, refused.error());
        assertEquals(ErrorCode.UNKNOWN_SERVER_ERROR, refused.partitions().getFirst().error());
    }

    @Test
    void committedRecordsEndAtTheLastStableOffset() throws IOException {
        var log = broker.log("a", 2);
        log.appendOwn(Batches.transactional(8, "aborted"), 0);
        Batches.end(log, 8, false);
        int stableBytes = (int) log.sizeBytes();
        log.appendOwn(Batches.transactional(9, "open"), 0);
        for (int version = 4; version <= 18; version++) {
            var ask = ask().part(2, 0);
            var all = fetch(version, ask).only();
            assertEquals(2, all.stableOffset());
            assertEquals(3, all.highWatermark());
            assertEquals(log.sizeBytes(), all.bytes());
            assertNull(all.aborted());
            ask.isolation = 1;
            var committed = fetch(version, ask).only();
            assertEquals(2, committed.stableOffset());
            assertEquals(3, committed.highWatermark());
            assertEquals(stableBytes, committed.bytes());
            assertEquals(List.of("8 from 0"), committed.aborted());
        }
        var atEnd = ask().part(2, 2);
        atEnd.isolation = 1;
        assertEquals(List.of(), fetch(11, atEnd).only().aborted());
        assertEquals(0, fetch(11, atEnd).only().bytes());
    }

    @Test
    void theEndOfATransactionEndsTheWaitForCommittedRecords() throws IOException {
        broker.log("a", 2).appendOwn(Batches.transactional(9, "open"), 0);
        var ask = ask().part(2, 0).waiting(LONG_WAIT_MS, 1);
        ask.isolation = 1;
        client.send("Fetch", 12, ask::write);
        settle();
        broker.log("a", 2).append(Batches.of("not yet to be seen"));
        Batches.end(broker.log("a", 2), 9, true);
        var answer = Fetched.read(client.receive()).only();
        assertEquals(3, answer.stableOffset());
        assertEquals(broker.log("a", 2).sizeBytes(), answer.bytes());
    }

    @Test
    void offsets() throws IOException {
        broker.log("a", 1).deleteRecordsBefore(4);
        for (int version : new int[] {4, 11, 12, 17}) {
            var atEnd = fetch(version, ask().part(0, 15)).only();
            assertEquals(ErrorCode.NONE, atEnd.error());
            assertEquals(0, atEnd.bytes());
            for (long offset : new long[] {16, -1, Long.MAX_VALUE, Long.MIN_VALUE}) {
                assertEquals(ErrorCode.OFFSET_OUT_OF_RANGE, error(version, new Part(0, -1, offset, -1, 100)));
            }
            assertEquals(ErrorCode.OFFSET_OUT_OF_RANGE, error(version, new Part(1, -1, 3, -1, 100)));
            assertEquals(3, fetch(version, ask().part(1, 4)).only().firstOffset());
        }
    }

    @Test
    void whatIsNotThere() throws IOException {
        for (int version : new int[] {4, 11, 12, 13, 18}) {
            assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, error(version, new Part(3, -1, 0, -1, 100)));
            assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, error(version, new Part(-1, -1, 0, -1, 100)));
            var elsewhere = new Ask(new Uuid(4, 7)).part(0, 0);
            elsewhere.topic = "nowhere";
            var only = fetch(version, elsewhere).only();
            assertEquals(version < 13 ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.UNKNOWN_TOPIC_ID,
                    only.error());
            assertEquals(-1, only.highWatermark());
            assertEquals(List.of(), only.aborted());
            assertEquals(version < 13 ? Uuid.ZERO : new Uuid(4, 7), only.topicId());
        }
    }

    @Test
    void leaderEpochs() throws IOException {
        for (int version : new int[] {9, 11, 12, 18}) {
            assertEquals(ErrorCode.NONE, error(version, new Part(0, 0, 0, -1, 100)));
            assertEquals(ErrorCode.UNKNOWN_LEADER_EPOCH, error(version, new Part(0, 1, 0, -1, 100)));
            assertEquals(ErrorCode.NONE, error(version, new Part(0, -2, 0, -1, 100)));
        }
        assertEquals(ErrorCode.NONE, error(12, new Part(0, 0, 3, 0, 100)));
        assertEquals(ErrorCode.NONE, error(12, new Part(0, 0, 3, -2, 100)));
        assertEquals(ErrorCode.OFFSET_OUT_OF_RANGE, error(12, new Part(0, 0, 3, 1, 100)));
        var diverging = fetch(12, ask().part(new Part(0, -1, 20, 0, 100)).waiting(LONG_WAIT_MS, 1)).only();
        assertEquals(ErrorCode.NONE, diverging.error());
        assertEquals(List.of(0L, 15L), diverging.diverging());
        assertEquals(0, diverging.bytes());
    }

    @Test
    void replicasAreNotFedHere() throws IOException {
        for (int version : new int[] {4, 14, 15, 18}) {
            var ask = ask().part(0, 0);
            ask.replicaId = 5;
            assertEquals(ErrorCode.NOT_LEADER_OR_FOLLOWER, fetch(version, ask).only().error());
        }
    }

    @Test
    void theFirstBatchIsWholeAndTheRestWithinTheLimits() throws IOException {
        for (int max : new int[] {0, 1, batchBytes - 1, batchBytes}) {
            var ask = ask().part(2, 0).part(0, 0).part(1, 0);
            ask.maxBytes = max;
            var answers = fetch(11, ask).partitions();
            assertEquals(List.of(0, batchBytes, 0), answers.stream().map(Fetched.Partition::bytes).toList());
            var parts = ask().part(new Part(0, -1, 0, -1, max)).part(new Part(1, -1, 0, -1, max));
            int second = max == batchBytes ? batchBytes : 0;
            assertEquals(List.of(batchBytes, second),
                    fetch(11, parts).partitions().stream().map(Fetched.Partition::bytes).toList());
        }
        assertEquals(ErrorCode.UNKNOWN_SERVER_ERROR, error(11, new Part(0, -1, 0, -1, -1)));
    }

    @Test
    void aPartitionNamedTwiceHasItsLastWish() throws IOException {
        assertEquals(12, fetch(11, ask().part(0, 0).part(0, 12)).only().firstOffset());
    }

    @Test
    void withNothingToWaitForTheAnswerIsThereAtOnce() throws IOException {
        assertEquals(0, fetch(11, ask().waiting(LONG_WAIT_MS, 1)).partitions().size());
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                fetch(11, ask().part(9, 0).waiting(LONG_WAIT_MS, 1)).only().error());
        assertEquals(ErrorCode.OFFSET_OUT_OF_RANGE,
                fetch(11, ask().part(0, 99).waiting(LONG_WAIT_MS, 1)).only().error());
        assertEquals(0, fetch(11, ask().part(2, 0).waiting(LONG_WAIT_MS, 0)).only().bytes());
        assertEquals(0, fetch(11, ask().part(2, 0).waiting(-1, 1)).only().bytes());
        var small = ask().part(0, 0).waiting(LONG_WAIT_MS, 1 << 20);
        small.maxBytes = 10;
        assertEquals(batchBytes, fetch(11, small).only().bytes());
    }

    @Test
    void anEmptyAnswerComesWhenTheWaitIsOver() throws IOException {
        long begun = System.nanoTime();
        assertEquals(0, fetch(11, ask().part(2, 0).part(0, 15).waiting(200, 1)).partitions().get(1).bytes());
        assertTrue(System.nanoTime() - begun >= 200_000_000);
    }

    @Test
    void anAppendEndsTheWait() throws IOException {
        client.send("Fetch", 12, ask().part(0, 15).part(2, 0).waiting(LONG_WAIT_MS, 1)::write);
        settle();
        broker.log("a", 2).append(Batches.of("news"));
        var answer = Fetched.read(client.receive());
        assertEquals(0, answer.partitions().get(0).bytes());
        assertEquals(1, answer.partitions().get(1).highWatermark());
        assertTrue(answer.partitions().get(1).bytes() > 0);
    }

    @Test
    void theWaitGoesOnUntilThereIsEnough() throws IOException {
        int least = Batches.of("a").remaining() + 1;
        client.send("Fetch", 12, ask().part(2, 0).waiting(LONG_WAIT_MS, least)::write);
        settle();
        broker.log("a", 2).append(Batches.of("a"));
        broker.log("a", 2).append(Batches.of("b"));
        assertTrue(Fetched.read(client.receive()).only().bytes() >= least);
    }

    @Test
    void aClientThatLeavesEndsTheWait(@TempDir Path another) throws IOException {
        try (var strict = new TestBroker(another, Map.of("max.connections.per.ip", "1"))) {
            strict.topic("a", 1);
            for (int i = 0; i < 3; i++) {
                try (var leaving = firstServed(strict)) {
                    leaving.send("Fetch", 12, ask().part(0, 0).waiting(Integer.MAX_VALUE, 1)::write);
                }
            }
        }
    }

    /** A connection is let in as soon as the one before has gone, and that goes when its thread has ended. */
    private static TestClient firstServed(TestBroker strict) throws IOException {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (System.nanoTime() < deadline) {
            var client = strict.client();
            try {
                client.ask("ApiVersions", 0, out -> { });
                return client;
            } catch (IOException refused) {
                client.close();
            }
        }
        throw new AssertionError("The connection before is still there");
    }

    @Test
    void aStoppingServerAnswersAtOnce() throws IOException {
        client.send("Fetch", 12, ask().part(2, 0).waiting(Integer.MAX_VALUE, 1)::write);
        settle();
        broker.server.stop(10_000);
        assertEquals(0, Fetched.read(client.receive()).only().bytes());
    }

    @Test
    void aDeletedTopicEndsTheWait() throws IOException {
        client.send("Fetch", 12, ask().part(2, 0).waiting(Integer.MAX_VALUE, 1)::write);
        settle();
        broker.catalog.change(image -> List.of(new daybook.catalog.MetadataRecord.RemoveTopicRecord(id)));
        assertNotEquals(ErrorCode.NONE, Fetched.read(client.receive()).only().error());
    }

    @Test
    void aSessionAnswersWhatIsNew() throws IOException {
        for (int version : new int[] {7, 11, 12, 13, 18}) {
            var all = fetch(version, ask().part(0, 12).part(2, 0).in(0, 0));
            int session = all.sessionId();
            assertTrue(session > 0);
            assertEquals(2, all.partitions().size());
            assertEquals(12, fetch(version, ask().in(session, 1)).only().firstOffset());
            assertEquals(0, fetch(version, ask().part(0, 15).in(session, 2)).partitions().size());
            assertEquals(0, fetch(version, ask().in(session, 3)).partitions().size());
            assertEquals(12, fetch(version, ask().part(1, 12).in(session, 4)).only().firstOffset());
            var forgetting = ask().in(session, 5);
            forgetting.forgotten.addAll(List.of(1, 77));
            assertEquals(0, fetch(version, forgetting).partitions().size());
            var error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
            assertEquals(error, fetch(version, ask().part(9, 0).in(session, 6)).only().error());
            assertEquals(error, fetch(version, ask().in(session, 7)).only().error());
            assertEquals(ErrorCode.INVALID_FETCH_SESSION_EPOCH, fetch(version, ask().in(session, 7)).error());
            assertEquals(ErrorCode.INVALID_FETCH_SESSION_EPOCH,
                    fetch(version, ask().in(session, -2)).error());
            assertEquals(ErrorCode.NONE, fetch(version, ask().in(session, 8)).error());
            var closing = fetch(version, ask().part(2, 0).in(session, -1));
            assertEquals(0, closing.sessionId());
            assertEquals(1, closing.partitions().size());
            assertEquals(ErrorCode.FETCH_SESSION_ID_NOT_FOUND, fetch(version, ask().in(session, 9)).error());
        }
        assertEquals(ErrorCode.FETCH_SESSION_ID_NOT_FOUND, fetch(11, ask().in(0, 5)).error());
        assertEquals(ErrorCode.FETCH_SESSION_ID_NOT_FOUND, fetch(11, ask().in(-7, 1)).error());
    }

    @Test
    void aSessionWaitsForNewsOnly() throws IOException {
        int session = fetch(11, ask().part(0, 15).part(2, 0).in(0, 0)).sessionId();
        client.send("Fetch", 11, ask().waiting(LONG_WAIT_MS, 1).in(session, 1)::write);
        settle();
        broker.log("a", 2).append(Batches.of("news"));
        assertEquals(2, Fetched.read(client.receive()).only().index());
    }

    @Test
    void aNewHighWatermarkIsNewsWithoutRecords() throws IOException {
        int session = fetch(11, ask().part(0, 0).part(2, 0).in(0, 0)).sessionId();
        broker.log("a", 2).append(Batches.of("news"));
        var ask = ask().in(session, 1);
        ask.maxBytes = 1;
        // Partition 0 had records last time, so 2 is first now and has the one batch; then 0 alone has news.
        assertEquals(2, fetch(11, ask).only().index());
        var next = ask().in(session, 2);
        next.maxBytes = 1;
        assertEquals(0, fetch(11, next).only().index());
    }

    @Test
    void sessionsLastOverConnectionsAndKeepTheirKindOfNames() throws IOException {
        int session = fetch(12, ask().part(2, 0).in(0, 0)).sessionId();
        client.close();
        client = broker.client();
        assertEquals(ErrorCode.NONE, fetch(12, ask().in(session, 1)).error());
        assertEquals(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR, fetch(13, ask().in(session, 2)).error());
        assertEquals(ErrorCode.NONE, fetch(12, ask().in(session, 2)).error());
    }

    @Test
    void aSessionIsReplacedByAnother() throws IOException {
        int first = fetch(12, ask().part(2, 0).in(0, 0)).sessionId();
        int second = fetch(12, ask().part(2, 0).in(first, 0)).sessionId();
        assertNotEquals(first, second);
        assertEquals(ErrorCode.FETCH_SESSION_ID_NOT_FOUND, fetch(12, ask().in(first, 1)).error());
        var all = ask().in(second, 1);
        all.forgotten.add(2);
        assertEquals(0, fetch(12, all).sessionId());
    }

    /** Lets the broker take up what was sent before: most times it is parked after that, and need not be. */
    private void settle() throws IOException {
        try (var other = broker.client()) {
            for (int i = 0; i < 20; i++) {
                other.ask("ApiVersions", 0, out -> { });
            }
        }
    }
}
