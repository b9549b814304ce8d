package daybook.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.client.Consumer.Reset;
import daybook.record.Codec;
import daybook.wire.ErrorCode;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** A consumer that is told its partitions, and a whole broker. */
class ConsumerTest {
    private static final TopicPartition ORDERS = new TopicPartition("orders", 0);
    private static final Duration SHORT = Duration.ofMillis(20);

    @TempDir
    Path directory;

    private TestTopics topics;

    @BeforeEach
    void start() throws IOException {
        topics = new TestTopics(directory).topic("orders", 1);
    }

    @AfterEach
    void stop() {
        topics.close();
    }

    private Consumer.Builder earliest() {
        return Consumer.builder(topics.address).reset(Reset.EARLIEST);
    }

    private static Consumer of(Consumer.Builder builder) {
        var consumer = builder.open();
        consumer.assign(List.of(ORDERS));
        return consumer;
    }

    @Test
    void givesRecordsAsTheyWereWritten() {
        topics.fill(ORDERS, "one", "two").fill(ORDERS, "three");
        try (var consumer = of(earliest().maxPollRecords(1))) {
            var records = new ArrayList<String>();
            while (records.size() < 3) {
                for (var fetched : consumer.poll(Duration.ofSeconds(1))) {
                    assertEquals(ORDERS, fetched.partition());
                    assertEquals(3, fetched.highWatermark());
                    for (var record : fetched) {
                        var header = record.headers().getFirst();
                        records.add(record.offset() + " " + (record.timestampMs() - TestTopics.TIME_MS) + " "
                                + TestTopics.text(record.key()) + " " + TestTopics.text(record.value()) + " "
                                + header.key() + "=" + TestTopics.text(header.value()));
                    }
                    assertEquals(fetched.nextOffset(), consumer.position(ORDERS), "one batch at a time");
                }
            }
            assertEquals(List.of("0 0 k0 one h=v0", "1 1 k1 two h=v1", "2 0 k0 three h=v0"), records);
            assertEquals(List.of(), consumer.poll(SHORT));
        }
    }

    @Test
    void readsEveryCodec() {
        var written = new ArrayList<String>();
        for (var codec : Codec.values()) {
            topics.fill(ORDERS, TestTopics.batch(codec, 0, codec + " a".repeat(500), codec + "b"));
            written.addAll(List.of(codec + " a".repeat(500), codec + "b"));
        }
        try (var consumer = of(earliest())) {
            assertEquals(written, TestTopics.read(consumer, written.size()));
        }
    }

    @Test
    void readsManyPartitionsThroughASmallBuffer() {
        topics.topic("many", 20);
        var written = new HashSet<String>();
        for (int i = 0; i < 400; i++) {
            var value = i + "x".repeat(1000);
            topics.fill(new TopicPartition("many", i % 20), value);
            written.add(value);
        }
        try (var consumer = earliest().fetchAheadBytes(2000).maxPartitionFetchBytes(100).maxPollRecords(1)
                .open()) {
            consumer.assign(consumer.partitions("many"));
            var read = TestTopics.read(consumer, 400);
            assertEquals(400, read.size());
            assertEquals(written, new HashSet<>(read));
        }
    }

    @Test
    void seeksIntoABatchAndByTime() {
        topics.fill(ORDERS, "a", "b", "c", "d").fill(ORDERS, "e");
        try (var consumer = of(earliest())) {
            consumer.seek(ORDERS, 2);
            assertEquals(2, consumer.position(ORDERS));
            assertEquals(List.of("c", "d", "e"), TestTopics.read(consumer, 3));
            consumer.seekToTime(Map.of(ORDERS, TestTopics.TIME_MS + 1));
            assertEquals(1, consumer.position(ORDERS));
            assertEquals(List.of("b", "c", "d", "e"), TestTopics.read(consumer, 4));
            consumer.seekToTime(Map.of(ORDERS, TestTopics.TIME_MS + 1000));
            assertEquals(5, consumer.position(ORDERS), "the end, where all are older");
            consumer.seekToBeginning(List.of());
            assertEquals(0, consumer.position(ORDERS));
            consumer.seekToEnd(List.of(ORDERS));
            assertEquals(5, consumer.position(ORDERS));
            topics.fill(ORDERS, "f");
            assertEquals(List.of("f"), TestTopics.read(consumer, 1));
            assertEquals(Map.of(ORDERS, 0L), consumer.offsetsAt(Map.of(ORDERS, Consumer.EARLIEST)));
            assertEquals(Map.of(ORDERS, 6L), consumer.offsetsAt(Map.of(ORDERS, TestTopics.TIME_MS + 1000)));
        }
    }

    @Test
    void pausesWithoutHoldingUpTheOthers() {
        topics.topic("big", 1);
        var big = new TopicPartition("big", 0);
        for (int i = 0; i < 20; i++) {
            topics.fill(big, i + "x".repeat(1000));
        }
        try (var consumer = earliest().fetchAheadBytes(5000).maxPollRecords(1).open()) {
            consumer.assign(List.of(big, ORDERS));
            assertEquals(1, TestTopics.read(consumer, 1).size());
            consumer.pause(List.of(big));
            long paused = consumer.position(big);
            topics.fill(ORDERS, "a").fill(ORDERS, "b");
            assertEquals(List.of("a", "b"), TestTopics.read(consumer, 2));
            assertEquals(List.of(), consumer.poll(SHORT));
            assertEquals(paused, consumer.position(big));
            consumer.resume(List.of(big));
            assertEquals(19, TestTopics.read(consumer, 19).size());
        }
    }

    @Test
    void beginsWhereTheResetSays() {
        topics.fill(ORDERS, "a", "b", "c");
        topics.admin.topics().deleteRecords(Map.of(ORDERS, 2L)).all();
        try (var consumer = of(earliest())) {
            consumer.seek(ORDERS, 0);
            assertEquals(List.of("c"), TestTopics.read(consumer, 1), "the offset is gone");
        }
        try (var consumer = of(Consumer.builder(topics.address))) {
            assertEquals(3, consumer.position(ORDERS));
            consumer.seek(ORDERS, 99);
            assertEquals(List.of(), consumer.poll(SHORT));
        }
        try (var consumer = of(Consumer.builder(topics.address).reset(Reset.NONE))) {
            var none = assertThrows(ClientException.class, () -> consumer.poll(Duration.ofSeconds(10)));
            assertEquals(ErrorCode.OFFSET_OUT_OF_RANGE, none.error());
            consumer.seek(ORDERS, 0);
            var gone = assertThrows(ClientException.class, () -> consumer.poll(Duration.ofSeconds(10)));
            assertEquals(ErrorCode.OFFSET_OUT_OF_RANGE, gone.error());
            consumer.seek(ORDERS, 2);
            assertEquals(List.of("c"), TestTopics.read(consumer, 1));
        }
    }

    @Test
    void leavesOutWhatWasAborted() throws IOException {
        try (var raw = new RawClient(topics.address)) {
            topics.fill(ORDERS, "before");
            var aborted = raw.begin("aborted", "orders");
            var committed = raw.begin("committed", "orders");
            topics.fill(ORDERS, "between");
            var producer = topics.admin.transactions().producers(List.of(ORDERS)).of(ORDERS).stream()
                    .filter(each -> each.producerId() == aborted.producerId()).findAny().orElseThrow();
            topics.admin.transactions().abort(ORDERS, producer);
            assertEquals(ErrorCode.NONE, raw.commit(committed));
            topics.fill(ORDERS, "after");
            var open = raw.begin("open", "orders");
            topics.fill(ORDERS, "behind");
            try (var consumer = of(earliest().readCommitted());
                    var all = of(earliest())) {
                assertEquals(List.of("before", "in a transaction", "between", "after"),
                        TestTopics.read(consumer, 4));
                assertEquals(7, consumer.position(ORDERS), "the end, as far as it is decided");
                assertEquals(List.of(), consumer.poll(SHORT));
                assertEquals(Map.of(ORDERS, 7L), consumer.offsetsAt(Map.of(ORDERS, Consumer.LATEST)));
                assertEquals(7, TestTopics.read(all, 7).size(), "three transactions, and no marker");
                assertEquals(9, all.position(ORDERS));
                assertEquals(ErrorCode.NONE, raw.commit(open));
                assertEquals(List.of("in a transaction", "behind"), TestTopics.read(consumer, 2));
            }
        }
    }

    @Test
    void passesTheMarkerAtTheEnd() throws IOException {
        try (var raw = new RawClient(topics.address); var consumer = of(earliest().readCommitted())) {
            raw.commit(raw.begin("t", "orders"));
            assertEquals(1, TestTopics.read(consumer, 1).size());
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (consumer.position(ORDERS) < 2 && System.nanoTime() < deadline) {
                assertEquals(List.of(), consumer.poll(SHORT));
            }
            assertEquals(2, consumer.position(ORDERS));
        }
    }

    @Test
    void readsARecordThatIsLargerThanAFetch() {
        topics.fill(ORDERS, "x".repeat(100_000));
        try (var consumer = of(earliest().fetchMaxBytes(1000).maxPartitionFetchBytes(1000)
                .fetchAheadBytes(1))) {
            assertEquals(100_000, TestTopics.read(consumer, 1).getFirst().length());
        }
    }

    @Test
    void goesOnWhenTheBrokerComesBack() throws IOException {
        topics.fill(ORDERS, "a");
        try (var consumer = of(earliest())) {
            assertEquals(List.of("a"), TestTopics.read(consumer, 1));
            topics.stop();
            assertEquals(List.of(), consumer.poll(SHORT));
            topics.start();
            topics.fill(ORDERS, "b");
            assertEquals(List.of("b"), TestTopics.read(consumer, 1));
        }
    }

    @Test
    void waitsForATopicAndReadsTheNextOneOfTheName() {
        var later = new TopicPartition("later", 0);
        try (var consumer = earliest().open()) {
            var unknown = assertThrows(ClientException.class, () -> consumer.partitions("later"));
            assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, unknown.error());
            consumer.assign(List.of(later));
            assertEquals(List.of(), consumer.poll(SHORT));
            topics.topic("later", 1).fill(later, "a", "b");
            assertEquals(List.of("a", "b"), TestTopics.read(consumer, 2));
            topics.admin.topics().delete(List.of("later")).all();
            topics.topic("later", 1).fill(later, "c", "d", "e");
            assertEquals(List.of("c", "d", "e"), TestTopics.read(consumer, 3));
        }
    }

    @Test
    void commitsWhatWasPolled() throws Exception {
        topics.fill(ORDERS, "a", "b").fill(ORDERS, "c");
        try (var consumer = of(earliest().group("g").maxPollRecords(1))) {
            assertEquals(Map.of(), consumer.committed(List.of(ORDERS)));
            assertEquals(List.of("a", "b"), TestTopics.read(consumer, 1));
            consumer.commit();
            assertEquals(Map.of(ORDERS, 2L), consumer.committed(List.of(ORDERS)));
            assertEquals(new Membership("g", "", -1, null), consumer.membership());
            assertEquals(List.of("c"), TestTopics.read(consumer, 1));
            consumer.commitAsync().get(20, TimeUnit.SECONDS);
            assertEquals(Map.of(ORDERS, 3L), consumer.committed(List.of(ORDERS)));
            consumer.commit(Map.of(ORDERS, 1L));
        }
        try (var consumer = of(earliest().group("g").autoCommit(Duration.ofHours(1)))) {
            assertEquals(List.of("b", "c"), TestTopics.read(consumer, 2));
        }
        try (var consumer = of(earliest().group("g").autoCommit(Duration.ofMillis(1)))) {
            assertEquals(3, consumer.position(ORDERS), "committed on closing");
            topics.fill(ORDERS, "d");
            assertEquals(List.of("d"), TestTopics.read(consumer, 1));
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (consumer.committed(List.of(ORDERS)).get(ORDERS) < 4 && System.nanoTime() < deadline) {
                consumer.poll(SHORT);
            }
            assertEquals(Map.of(ORDERS, 4L), consumer.committed(List.of(ORDERS)));
        }
    }

    @Test
    void takesUpOtherPartitions() {
        topics.topic("other", 2);
        var other = new TopicPartition("other", 1);
        topics.fill(ORDERS, "a").fill(other, "o");
        try (var consumer = of(earliest())) {
            assertEquals(List.of("a"), TestTopics.read(consumer, 1));
            consumer.assign(List.of(ORDERS, other));
            assertEquals(Set.of(ORDERS, other), consumer.assignment());
            assertEquals(List.of("o"), TestTopics.read(consumer, 1), "and the other goes on where it was");
            consumer.assign(List.of(other));
            topics.fill(ORDERS, "b").fill(other, "p");
            assertEquals(List.of("p"), TestTopics.read(consumer, 1));
            assertThrows(IllegalStateException.class, () -> consumer.position(ORDERS));
            assertThrows(IllegalStateException.class, () -> consumer.subscribe(List.of("orders")));
        }
    }

    @Test
    void endsAPollFromAnotherThread() throws Exception {
        var consumer = of(earliest());
        var closer = Thread.ofVirtual().unstarted(consumer::close);
        long began = System.nanoTime();
        closer.start();
        try {
            assertEquals(List.of(), consumer.poll(Duration.ofSeconds(60)));
        } catch (IllegalStateException closed) {
            assertFalse(closed.getMessage().isEmpty(), "closed before the poll began");
        }
        closer.join();
        assertTrue(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(20));
        assertThrows(IllegalStateException.class, () -> consumer.poll(SHORT));
    }

    @Test
    void saysWhatIsWrongWithHowItIsBuilt() {
        assertThrows(IllegalArgumentException.class, () -> earliest().autoCommit(SHORT).open());
        assertThrows(IllegalArgumentException.class, () -> earliest().maxPollRecords(0));
        var refused = assertThrows(ClientException.class, () -> Consumer.builder("127.0.0.1:1").open());
        assertEquals(ErrorCode.NETWORK_EXCEPTION, refused.error());
    }
}
