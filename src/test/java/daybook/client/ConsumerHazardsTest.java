package daybook.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;

/** Consumers that are closed in the wrong moment, and brokers that answer what no broker should. */
class ConsumerHazardsTest {
    private static final Uuid ORDERS = new Uuid(1, 1);
    private static final Uuid BILLS = new Uuid(1, 2);
    private static final TopicPartition FIRST = new TopicPartition("orders", 0);
    private static final TopicPartition SECOND = new TopicPartition("orders", 1);

    /** What a fetch asks for, of one partition. */
    private record Slot(Uuid topic, int partition, long offset) { }

    private ScriptedBroker broker;
    private final Queue<Integer> epochs = new ConcurrentLinkedQueue<>();
    private final Queue<Long> committed = new ConcurrentLinkedQueue<>();
    private final Queue<List<Slot>> fetches = new ConcurrentLinkedQueue<>();

    @BeforeEach
    void start() throws IOException {
        broker = new ScriptedBroker().topic(topic("orders", ORDERS, 2)).topic(topic("bills", BILLS, 2));
        broker.on(Call.FIND_COORDINATOR, in -> out -> out.int32(0).structs(List.of("g"), (each, key) ->
                each.string(key).int32(1).string("127.0.0.1").int32(1).int16(0).string(null)).tags());
        heartbeats(ErrorCode.NONE);
        commits(ErrorCode.NONE);
        broker.on(Call.OFFSET_FETCH, in -> {
            var asked = in.structs(group -> {
                group.string();
                group.nullableString();
                group.int32();
                return ByTopic.numbers(group);
            });
            return offsets(Offsets.all(asked.getFirst(), 0));
        });
        fetches(slot -> null);
    }

    @AfterEach
    void stop() throws IOException {
        broker.close();
    }

    private static Topic topic(String name, Uuid id, int partitions) {
        var list = new ArrayList<Topic.Partition>();
        for (int number = 0; number < partitions; number++) {
            list.add(new Topic.Partition(ErrorCode.NONE, number, 1, 0, List.of(1), List.of(1), List.of()));
        }
        return new Topic(name, id, false, list);
    }

    private static int epoch(Reader in) {
        in.string();
        in.string();
        return in.int32();
    }

    /** Gives a member the first partition, or refuses it. */
    private void heartbeats(ErrorCode error) {
        broker.on(Call.CONSUMER_GROUP_HEARTBEAT, in -> {
            int epoch = epoch(in);
            epochs.add(epoch);
            return out -> out.int32(0).error(error).string(null).string(null).int32(epoch < 0 ? epoch : 1)
                    .int32(60_000).int8(1).structs(List.of(ORDERS), (topic, id) ->
                            topic.uuid(id).int32s(List.of(0))).tags().tags();
        });
    }

    private void commits(ErrorCode error) {
        broker.on(Call.OFFSET_COMMIT, in -> {
            in.string();
            in.int32();
            in.string();
            in.nullableString();
            var offsets = ByTopic.read(in, (partition, each) -> {
                long offset = each.int64();
                each.int32();
                each.nullableString();
                return offset;
            });
            committed.addAll(offsets);
            return out -> out.int32(0).structs(List.of("orders"), (topic, name) -> topic.string(name)
                    .structs(List.of(0), (each, number) -> each.int32(number).error(error))).tags();
        });
    }

    private static java.util.function.Consumer<Writer> offsets(Map<TopicPartition, Long> offsets) {
        return out -> out.int32(0).structs(List.of("g"), (group, id) -> ByTopic.write(group.string(id),
                offsets.keySet(), (each, partition) -> each.int64(offsets.get(partition)).int32(-1).string("")
                        .int16(0)).int16(0)).tags();
    }

    /** Answers for each partition with these records, with none where they are null. */
    private void fetches(Function<Slot, ByteBuffer> records) {
        broker.on(Call.FETCH, in -> {
            in.view(4 + 4 + 4 + 1 + 4 + 4);
            var slots = new ArrayList<Slot>();
            in.structs(topic -> {
                var id = topic.uuid();
                return topic.structs(each -> {
                    int partition = each.int32();
                    each.int32();
                    slots.add(new Slot(id, partition, each.int64()));
                    each.view(4 + 8 + 4);
                    return partition;
                });
            });
            fetches.add(slots);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            return out -> out.int32(0).int16(0).int32(0).structs(slots, (topic, slot) -> topic
                    .uuid(slot.topic).structs(List.of(slot), (each, same) -> each.int32(slot.partition)
                            .int16(0).int64(1000).int64(1000).int64(0).length(0).int32(-1)
                            .bytes(nothingOr(records.apply(slot))))).tags();
        });
    }

    private static ByteBuffer nothingOr(ByteBuffer records) {
        return records == null ? ByteBuffer.allocate(0) : records;
    }

    private static ByteBuffer atZero(Slot slot, String... values) {
        return slot.offset == 0 ? TestTopics.batch(Codec.NONE, 0, values) : null;
    }

    private Consumer.Builder builder() {
        return Consumer.builder(broker.address()).group("g").reset(Reset.EARLIEST).apiTimeoutMs(30_000);
    }

    private static Consumer subscribed(Consumer.Builder builder) {
        var consumer = builder.open();
        consumer.subscribe(List.of("orders"));
        return consumer;
    }

    private static Consumer assigned(Consumer.Builder builder, TopicPartition... partitions) {
        var consumer = builder.open();
        consumer.assign(List.of(partitions));
        return consumer;
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException stop) {
            throw new IllegalStateException(stop);
        }
    }

    @Test
    void leavesTheGroupThoughItsThreadWasInterrupted() throws Exception {
        fetches(slot -> atZero(slot, "a"));
        var read = new CountDownLatch(1);
        var closed = new CountDownLatch(1);
        var thread = Thread.ofVirtual().start(() -> {
            try (var consumer = subscribed(builder().autoCommit(Duration.ofHours(1)))) {
                assertEquals(List.of("a"), TestTopics.read(consumer, 1));
                read.countDown();
                while (!Thread.currentThread().isInterrupted()) {
                    Thread.onSpinWait();
                }
            }
            assertTrue(Thread.currentThread().isInterrupted());
            closed.countDown();
        });
        await(read);
        thread.interrupt();
        await(closed);
        assertEquals(-1, List.copyOf(epochs).getLast());
        assertEquals(List.of(1L), List.copyOf(committed));
    }

    @Test
    void doesNotCommitWhatAnotherThreadIsAtWorkOn() throws Exception {
        fetches(slot -> atZero(slot, "a"));
        var consumer = subscribed(builder().autoCommit(Duration.ofHours(1)));
        assertEquals(List.of("a"), TestTopics.read(consumer, 1));
        Thread.ofVirtual().start(consumer::close).join();
        assertEquals(List.of(), List.copyOf(committed));
        assertEquals(-1, List.copyOf(epochs).getLast());
    }

    @Test
    void waitsForWhatIsBeingCommittedBeforeItLeaves() {
        fetches(slot -> atZero(slot, "a"));
        var consumer = subscribed(builder());
        assertEquals(List.of("a"), TestTopics.read(consumer, 1));
        commits(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
        consumer.commitAsync();
        while (committed.isEmpty()) {
            Thread.onSpinWait();
        }
        commits(ErrorCode.NONE);
        consumer.close();
        assertEquals(Set.of(1L), Set.copyOf(committed));
        assertTrue(committed.size() > 1, "and once more");
    }

    /** The next owner may have committed more by the time that the coordinator takes it. */
    @Test
    void commitsNothingLateOfWhatItGaveUp() throws Exception {
        fetches(slot -> atZero(slot, "a"));
        var given = new AtomicReference<>(List.of(0));
        broker.on(Call.CONSUMER_GROUP_HEARTBEAT, in -> {
            int epoch = epoch(in);
            return out -> out.int32(0).int16(0).string(null).string(null).int32(epoch < 0 ? epoch : 1).int32(20)
                    .int8(1).structs(List.of(ORDERS), (topic, id) -> topic.uuid(id).int32s(given.get()))
                    .tags().tags();
        });
        try (var consumer = subscribed(builder())) {
            assertEquals(List.of("a"), TestTopics.read(consumer, 1));
            commits(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
            var commit = consumer.commitAsync();
            given.set(List.of());
            while (!consumer.assignment().isEmpty()) {
                consumer.poll(Duration.ofMillis(10));
            }
            commits(ErrorCode.NONE);
            var late = assertThrows(ExecutionException.class, () -> commit.get(20, TimeUnit.SECONDS));
            assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, ((ClientException) late.getCause()).error());
        }
    }

    /** A coordinator refuses whoever asks as a member that it does not know yet. */
    @Test
    void asksWhatIsCommittedAlsoBeforeItHasJoined() {
        heartbeats(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
        var asked = new ConcurrentLinkedQueue<String>();
        broker.on(Call.OFFSET_FETCH, in -> {
            in.structs(group -> {
                group.string();
                asked.add(group.nullableString() + " " + group.int32());
                return ByTopic.numbers(group);
            });
            return offsets(Map.of(FIRST, 7L));
        });
        try (var consumer = subscribed(builder())) {
            assertEquals(Map.of(FIRST, 7L), consumer.committed(List.of(FIRST)));
        }
        assertEquals(List.of("null -1"), List.copyOf(asked));
    }

    @Test
    void pollsForAsLongAsADurationCanSay() {
        fetches(slot -> atZero(slot, "a"));
        try (var consumer = assigned(builder(), FIRST)) {
            assertEquals(1, consumer.poll(Duration.ofMillis(Long.MAX_VALUE)).size());
        }
    }

    @Test
    void leavesThoughItsJoiningWasNotAnswered() throws Exception {
        var joined = new CountDownLatch(1);
        broker.on(Call.CONSUMER_GROUP_HEARTBEAT, in -> {
            epochs.add(epoch(in));
            joined.countDown();
            return null;
        });
        var consumer = subscribed(builder());
        await(joined);
        heartbeats(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
        consumer.close();
        assertEquals(-1, List.copyOf(epochs).getLast());
    }

    @Test
    void doesNotRushAGroupThatWillNotHaveIt() {
        heartbeats(ErrorCode.UNKNOWN_MEMBER_ID);
        expectNoRush(() -> subscribed(builder()), epochs, "heartbeats");
    }

    @Test
    void doesNotRushABrokerThatSaysNothingOfAPartition() {
        broker.on(Call.FETCH, in -> {
            fetches.add(List.of());
            return out -> out.int32(0).int16(0).int32(0).length(0).tags();
        });
        expectNoRush(() -> assigned(builder(), FIRST), fetches, "fetches");
    }

    /** It asks again and again, but fewer than ten times a second, over a second or more. */
    private static void expectNoRush(Supplier<Consumer> opening, Queue<?> asked, String what) {
        long began = System.nanoTime();
        double seconds = 0;
        try (var consumer = opening.get()) {
            while (seconds < 1 || asked.size() < 2 && seconds < 20) {
                assertEquals(List.of(), consumer.poll(Duration.ofSeconds(1)));
                seconds = (System.nanoTime() - began) / 1e9;
            }
        }
        seconds = (System.nanoTime() - began) / 1e9;
        assertTrue(asked.size() > 1 && asked.size() < 10 * seconds, asked.size() + " " + what + " in "
                + seconds + " s");
    }

    /** An answer about nothing, one about another partition, none, and then the right one. */
    @Test
    void survivesAnswersToAnotherQuestion() {
        fetches(slot -> atZero(slot, "a"));
        var answers = new ConcurrentLinkedQueue<java.util.function.Consumer<Writer>>(List.of(
                out -> out.int32(0).length(0).tags(), offsets(Map.of(SECOND, 5L)), offsets(Map.of())));
        var asked = new ConcurrentLinkedQueue<Boolean>();
        broker.on(Call.OFFSET_FETCH, in -> {
            asked.add(true);
            return answers.isEmpty() ? offsets(Map.of(FIRST, 0L)) : answers.poll();
        });
        try (var consumer = assigned(builder(), FIRST)) {
            assertEquals(List.of("a"), TestTopics.read(consumer, 1));
        }
        assertEquals(4, asked.size());
    }

    /** Only the first partition that has anything is sent a batch larger than the limits. */
    @Test
    void givesEachPartitionItsTurnToBeTheFirst() {
        fetches(slot -> slot.partition == 1 ? TestTopics.batch(Codec.NONE, slot.offset, "x") : null);
        try (var consumer = assigned(builder(), FIRST, SECOND, new TopicPartition("bills", 0),
                new TopicPartition("bills", 1))) {
            TestTopics.read(consumer, 20);
        }
        var last = List.copyOf(fetches).getLast().stream().map(Slot::partition).toList();
        assertEquals(List.of(0, 0, 1, 1), last, "those that always have something come last");
    }

    @Test
    void aBatchThatCountsBelowNothingIsCorrupt() {
        fetches(slot -> {
            if (slot.offset > 0) {
                return null;
            }
            var batch = TestTopics.batch(Codec.NONE, 0, "a");
            batch.putInt(57, -1);
            var checksum = new java.util.zip.CRC32C();
            checksum.update(batch.slice(21, batch.limit() - 21));
            return batch.putInt(17, (int) checksum.getValue());
        });
        try (var consumer = assigned(builder(), FIRST)) {
            assertEquals(ErrorCode.CORRUPT_MESSAGE, assertThrows(ClientException.class,
                    () -> consumer.poll(Duration.ofSeconds(20))).error());
        }
    }

    /** An answer of two megabytes that unfolds to more than the heap of the tests has. */
    @Test
    void opensNoMoreThanThereIsRoomFor() {
        int batches = 400;
        var one = TestTopics.batch(Codec.ZSTD, 0, "x".repeat(4 << 20));
        fetches(slot -> {
            if (slot.offset >= batches) {
                return null;
            }
            var all = ByteBuffer.allocate(one.limit() * batches);
            for (int i = 0; i < batches; i++) {
                all.put(one.duplicate().putLong(0, i));
            }
            return all.flip();
        });
        try (var consumer = assigned(builder().maxPollRecords(1).fetchAheadBytes(1 << 20), FIRST)) {
            for (int i = 0; i < batches; i++) {
                var fetched = consumer.poll(Duration.ofSeconds(20));
                assertFalse(fetched.isEmpty());
                assertEquals(i + 1, fetched.getLast().nextOffset());
            }
        }
    }
}
