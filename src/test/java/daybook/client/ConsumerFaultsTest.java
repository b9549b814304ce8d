package daybook.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.client.Consumer.Reset;
import daybook.record.Codec;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** What a consumer does with answers that a broker gives only rarely. */
class ConsumerFaultsTest {
    private static final TopicPartition ORDERS = new TopicPartition("orders", 0);
    private static final Uuid ID = Uuid.random();

    /** A broker that has one partition, of which a test says what each fetch is answered by its offset. */
    private ScriptedBroker broker;
    private final Queue<Long> fetched = new ConcurrentLinkedQueue<>();
    private volatile Function<Long, java.util.function.Consumer<Writer>> fetch = offset -> nothing();

    @BeforeEach
    void start() throws IOException {
        broker = new ScriptedBroker().topic(new Topic("orders", ID, false, List.of(
                new Topic.Partition(ErrorCode.NONE, 0, 1, 7, List.of(1), List.of(1), List.of()))));
        broker.on(Call.FETCH, in -> {
            long offset = offset(in);
            fetched.add(offset);
            return fetch.apply(offset);
        });
        broker.on(Call.LIST_OFFSETS, in -> out -> out.int32(0).structs(List.of("orders"), (topic, name) ->
                topic.string(name).structs(List.of(0), (each, number) -> each.int32(number).int16(0)
                        .int64(-1).int64(0).int32(-1))).tags());
    }

    @AfterEach
    void stop() throws IOException {
        broker.close();
    }

    /** Version 17 of a fetch of one partition: its fields in their order. */
    private static long offset(Reader in) {
        in.view(4 + 4 + 4 + 1);
        assertEquals(0, in.int32(), "no session");
        assertEquals(-1, in.int32());
        return in.structs(topic -> {
            assertEquals(ID, topic.uuid());
            return topic.structs(each -> {
                assertEquals(0, each.int32());
                assertEquals(7, each.int32(), "the leader's epoch");
                long offset = each.int64();
                each.view(4 + 8 + 4);
                return offset;
            }).getFirst();
        }).getFirst();
    }

    private static java.util.function.Consumer<Writer> records(ErrorCode error, ByteBuffer records) {
        return out -> out.int32(0).int16(0).int32(0).structs(List.of(ID), (topic, id) -> topic.uuid(id)
                .structs(List.of(0), (each, number) -> each.int32(number).error(error).int64(100).int64(100)
                        .int64(0).length(0).int32(-1).bytes(records))).tags();
    }

    /** As a broker answers that has waited a little, and in vain. */
    private static java.util.function.Consumer<Writer> nothing() {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        return records(ErrorCode.NONE, ByteBuffer.allocate(0));
    }

    /** These batches one after the other. */
    private static ByteBuffer log(ByteBuffer... batches) {
        var log = ByteBuffer.allocate(100_000);
        for (var batch : batches) {
            log.put(batch.duplicate());
        }
        return log.flip();
    }

    private static ByteBuffer batch(long offset, String... values) {
        return TestTopics.batch(Codec.NONE, offset, values);
    }

    private static ByteBuffer damaged(ByteBuffer batch) {
        return batch.put(batch.limit() - 1, (byte) ~batch.get(batch.limit() - 1));
    }

    /** Answers with all of these batches that end after the offset, and then with nothing. */
    private void has(ByteBuffer... batches) {
        fetch = offset -> {
            var wanted = new ArrayList<ByteBuffer>();
            for (var batch : batches) {
                if (batch.getLong(0) + batch.getInt(23) >= offset) {
                    wanted.add(batch);
                }
            }
            return wanted.isEmpty() ? nothing()
                    : records(ErrorCode.NONE, log(wanted.toArray(ByteBuffer[]::new)));
        };
    }

    private Consumer.Builder builder() {
        return Consumer.builder(broker.address()).reset(Reset.EARLIEST);
    }

    private static Consumer of(Consumer.Builder builder) {
        var consumer = builder.open();
        consumer.assign(List.of(ORDERS));
        return consumer;
    }

    private static ErrorCode refused(Consumer consumer) {
        return assertThrows(ClientException.class, () -> consumer.poll(Duration.ofSeconds(20))).error();
    }

    /** Once all is well: perhaps after the same error, for it was tried again meanwhile. */
    private void assertGoesOn(Consumer consumer, ErrorCode error) {
        has(batch(0, "a"));
        try {
            assertEquals(List.of("a"), TestTopics.read(consumer, 1));
        } catch (ClientException again) {
            assertEquals(error, again.error());
            assertEquals(List.of("a"), TestTopics.read(consumer, 1));
        }
    }

    @Test
    void tellsOfACorruptBatchInItsPlace() {
        for (var codec : Codec.values()) {
            has(batch(0, "a", "b"), damaged(TestTopics.batch(codec, 2, "c", "d")), batch(4, "e"));
            try (var consumer = of(builder())) {
                assertEquals(List.of("a", "b"), TestTopics.read(consumer, 2));
                assertEquals(ErrorCode.CORRUPT_MESSAGE, refused(consumer));
                assertEquals(2, consumer.position(ORDERS));
                var again = assertThrows(ClientException.class, () -> consumer.poll(Duration.ofSeconds(20)));
                assertEquals(ErrorCode.CORRUPT_MESSAGE, again.error());
                assertTrue(again.getMessage().endsWith("seek to offset 4"), again.getMessage());
                consumer.seek(ORDERS, 4);
                assertEquals(List.of("e"), TestTopics.read(consumer, 1));
            }
        }
    }

    @Test
    void tellsOfWhatIsNoBatch() {
        var old = batch(0, "a");
        old.put(16, (byte) 1);
        has(old);
        try (var consumer = of(builder())) {
            assertEquals(ErrorCode.CORRUPT_MESSAGE, refused(consumer));
            fetch = offset -> records(ErrorCode.NONE, batch(0, "a").putInt(23, -1));
            consumer.seek(ORDERS, 0);
            assertEquals(ErrorCode.CORRUPT_MESSAGE, refused(consumer), "a batch that goes nowhere");
            assertGoesOn(consumer, ErrorCode.CORRUPT_MESSAGE);
        }
    }

    @Test
    void passesTheHolesOfACompactedLog() {
        has(batch(0, null, "b", null), batch(3, null, null), batch(7, "h", null));
        try (var consumer = of(builder())) {
            assertEquals(List.of("b", "h"), TestTopics.read(consumer, 2));
            assertEquals(9, consumer.position(ORDERS));
            consumer.seek(ORDERS, 2);
            assertEquals(List.of("h"), TestTopics.read(consumer, 1));
        }
    }

    @Test
    void leavesOutWhatACutAnswerHasHalfOf() {
        var whole = log(batch(0, "a"), batch(1, "b"));
        fetch = offset -> offset > 1 ? nothing() : records(ErrorCode.NONE,
                offset == 0 ? whole.duplicate().limit(whole.limit() - 3) : batch(1, "b"));
        try (var consumer = of(builder().maxPollRecords(1))) {
            assertEquals(List.of("a", "b"), TestTopics.read(consumer, 2));
        }
    }

    @Test
    void asksAgainAfterErrorsAndLostConnections() {
        var count = new AtomicInteger();
        fetch = offset -> switch (count.getAndIncrement()) {
            case 0 -> records(ErrorCode.NOT_LEADER_OR_FOLLOWER, null);
            case 1 -> null;
            case 2 -> records(ErrorCode.FENCED_LEADER_EPOCH, null);
            case 3 -> out -> out.int32(0).error(ErrorCode.UNKNOWN_SERVER_ERROR);
            case 4 -> records(ErrorCode.KAFKA_STORAGE_ERROR, null);
            default -> offset == 0 ? records(ErrorCode.NONE, batch(0, "a")) : nothing();
        };
        try (var consumer = of(builder())) {
            assertEquals(List.of("a"), TestTopics.read(consumer, 1));
        }
    }

    /** Who follows a topic must see that there is silence because the broker is gone, and when it is back. */
    @Test
    void tellsOnceThatABrokerIsGoneAndOnceThatItIsBack() {
        var lines = new ConcurrentLinkedQueue<String>();
        var log = Logger.getLogger("daybook.client");
        var handler = new Handler() {
            @Override
            public void publish(LogRecord line) {
                lines.add(line.getMessage());
            }

            @Override
            public void flush() { }

            @Override
            public void close() { }
        };
        log.addHandler(handler);
        log.setLevel(Level.INFO); // Simulations turn off the logs of all rooms.
        var count = new AtomicInteger();
        fetch = offset -> count.getAndIncrement() < 3 ? null
                : offset == 0 ? records(ErrorCode.NONE, batch(0, "a")) : nothing();
        try (var consumer = of(builder())) {
            assertEquals(List.of("a"), TestTopics.read(consumer, 1));
            fetch = offset -> ScriptedBroker.SILENCE;
            consumer.seek(ORDERS, 7);
            consumer.poll(Duration.ofMillis(100));
        } finally {
            log.removeHandler(handler);
            log.setLevel(null);
        }
        assertEquals(List.of("a fetch from broker 1 failed: NETWORK_EXCEPTION: the connection to " + broker.address()
                + " was lost", "broker 1 answers fetches again"), List.copyOf(lines));
    }

    @Test
    void asksForPartitionsAgainWhereTheConnectionIsLost() throws IOException {
        try (var consumer = builder().open()) {
            broker.refuse(1).disconnect();
            assertEquals(List.of(ORDERS), consumer.partitions("orders"));
            var unknown = assertThrows(ClientException.class, () -> consumer.partitions("nosuch"));
            assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, unknown.error());
        }
    }

    @Test
    void tellsWhatIsRefusedForGood() {
        fetch = offset -> records(ErrorCode.TOPIC_AUTHORIZATION_FAILED, null);
        try (var consumer = of(builder())) {
            assertEquals(ErrorCode.TOPIC_AUTHORIZATION_FAILED, refused(consumer));
            assertGoesOn(consumer, ErrorCode.TOPIC_AUTHORIZATION_FAILED);
        }
    }

    @Test
    void followsTheLeader() throws IOException {
        try (var second = new ScriptedBroker()) {
            var moved = new CountDownLatch(1);
            java.util.function.Consumer<Writer> metadata = out -> {
                boolean there = moved.getCount() == 0;
                out.int32(0).structs(List.of(broker, second), (each, one) -> each
                        .int32(one == broker ? 1 : 2).string("127.0.0.1")
                        .int32(Integer.parseInt(one.address().substring(10))).string(null));
                out.string("scripted").int32(1).structs(List.of(ID), (each, id) -> each.int16(0)
                        .string("orders").uuid(id).bool(false).structs(List.of(0), (inner, number) -> inner
                                .int16(0).int32(number).int32(there ? 2 : 1).int32(7).int32s(List.of(1, 2))
                                .int32s(List.of(1, 2)).int32s(List.of())).int32(0)).tags();
            };
            broker.on(Call.METADATA, in -> metadata);
            second.on(Call.METADATA, in -> metadata);
            fetch = offset -> {
                if (offset == 1) {
                    moved.countDown();
                }
                return records(moved.getCount() == 0 ? ErrorCode.NOT_LEADER_OR_FOLLOWER : ErrorCode.NONE,
                        batch(0, "a"));
            };
            second.on(Call.FETCH, in -> {
                long offset = offset(in);
                return offset == 1 ? records(ErrorCode.NONE, batch(1, "b")) : nothing();
            });
            try (var consumer = of(builder())) {
                assertEquals(List.of("a", "b"), TestTopics.read(consumer, 2));
            }
        }
    }

    @Test
    void throwsAwayWhatWasAskedForBeforeASeek() {
        var asked = new CountDownLatch(1);
        var seeked = new CountDownLatch(1);
        fetch = offset -> {
            if (offset == 0) {
                asked.countDown();
                await(seeked);
            }
            return offset != 0 && offset != 50 ? nothing()
                    : records(ErrorCode.NONE, offset == 0 ? batch(0, "a") : batch(50, "x"));
        };
        try (var consumer = of(builder())) {
            await(asked);
            consumer.seek(ORDERS, 50);
            seeked.countDown();
            assertEquals(List.of("x"), TestTopics.read(consumer, 1));
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException stop) {
            throw new IllegalStateException(stop);
        }
    }

    @Test
    void fetchesAheadNoFurtherThanItMay() {
        fetch = offset -> records(ErrorCode.NONE, batch(offset, "x".repeat(1000)));
        try (var consumer = of(builder().fetchAheadBytes(10_000).maxPollRecords(1))) {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (fetched.size() < 10 && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
            assertEquals(1, TestTopics.read(consumer, 1).size());
            assertTrue(fetched.size() >= 10, fetched.size() + " fetches while the first record was polled");
            assertTrue(fetched.size() <= 12, fetched.size() + " fetches for ten records ahead");
        }
    }

    @Test
    void doesNotWaitForAFetchWhenItIsClosed() {
        fetch = offset -> ScriptedBroker.SILENCE;
        long began = System.nanoTime();
        try (var consumer = of(builder())) {
            assertEquals(List.of(), consumer.poll(Duration.ofMillis(100)));
        }
        assertTrue(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(20));
    }

    @Test
    void triesACommitAgainWithTheEpochThatIsTrueNow() {
        var epoch = new AtomicInteger();
        coordinates();
        broker.on(Call.CONSUMER_GROUP_HEARTBEAT, in -> {
            int now = epoch.incrementAndGet();
            return out -> out.int32(0).int16(0).string(null).string(null).int32(now).int32(60_000).int8(-1)
                    .tags();
        });
        var refusals = new ConcurrentLinkedQueue<>(List.of(ErrorCode.UNSTABLE_OFFSET_COMMIT,
                ErrorCode.STALE_MEMBER_EPOCH, ErrorCode.NOT_COORDINATOR));
        var epochs = new ConcurrentLinkedQueue<Integer>();
        broker.on(Call.OFFSET_COMMIT, in -> {
            in.string();
            epochs.add(in.int32());
            var error = refusals.isEmpty() ? ErrorCode.NONE : refusals.poll();
            return committed(error);
        });
        try (var consumer = builder().group("g").open()) {
            consumer.subscribe(List.of("orders"));
            pollUntil(consumer, () -> consumer.membership().epoch() > 0);
            consumer.commit(Map.of(ORDERS, 5L));
            assertEquals(List.of(1, 1, 2, 2), List.copyOf(epochs));
        }
    }

    private void coordinates() {
        broker.on(Call.FIND_COORDINATOR, in -> out -> out.int32(0).structs(List.of("g"), (each, key) ->
                each.string(key).int32(1).string("127.0.0.1").int32(1).int16(0).string(null)).tags());
    }

    private static java.util.function.Consumer<Writer> committed(ErrorCode error) {
        return out -> out.int32(0).structs(List.of("orders"), (topic, name) -> topic.string(name)
                .structs(List.of(0), (each, number) -> each.int32(number).error(error))).tags();
    }

    private static void pollUntil(Consumer consumer, BooleanSupplier holds) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!holds.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, "it takes too long");
            consumer.poll(Duration.ofMillis(10));
        }
    }

    @Test
    void commitsNothingForTheMemberThatItWasBefore() {
        var joins = new AtomicInteger();
        var fenced = new AtomicBoolean();
        var commits = new AtomicInteger();
        coordinates();
        broker.on(Call.CONSUMER_GROUP_HEARTBEAT, in -> {
            in.string();
            in.string();
            boolean joining = in.int32() == 0;
            joins.addAndGet(joining ? 1 : 0);
            return out -> out.int32(0).error(fenced.get() && !joining ? ErrorCode.FENCED_MEMBER_EPOCH
                    : ErrorCode.NONE).string(null).string(null).int32(1).int32(20).int8(-1).tags();
        });
        broker.on(Call.OFFSET_COMMIT, in -> {
            commits.incrementAndGet();
            return committed(joins.get() == 1 ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : ErrorCode.NONE);
        });
        try (var consumer = builder().group("g").open()) {
            consumer.subscribe(List.of("orders"));
            pollUntil(consumer, () -> consumer.membership().epoch() == 1);
            var commit = CompletableFuture.runAsync(() -> consumer.commit(Map.of(ORDERS, 5L)));
            pollUntil(consumer, () -> commits.get() > 0);
            fenced.set(true);
            pollUntil(consumer, () -> joins.get() > 1);
            var refused = assertThrows(ExecutionException.class, () -> commit.get(20, TimeUnit.SECONDS));
            var error = ((ClientException) refused.getCause()).error();
            assertTrue(error == ErrorCode.UNKNOWN_MEMBER_ID || error == ErrorCode.FENCED_MEMBER_EPOCH,
                    error.name());
        }
    }
}
