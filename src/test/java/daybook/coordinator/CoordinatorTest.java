package daybook.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.catalog.BrokerConfig;
import daybook.catalog.BrokerRegistration;
import daybook.catalog.Catalog;
import daybook.catalog.Identity;
import daybook.catalog.Image;
import daybook.catalog.MetadataRecord.RemoveTopicRecord;
import daybook.catalog.TopicConfigs;
import daybook.log.LogReader;
import daybook.log.LogSettings;
import daybook.log.Logs;
import daybook.log.PartitionLog;
import daybook.log.TestDisk;
import daybook.log.TopicPartition;
import daybook.record.BatchBuilder;
import daybook.record.TransactionMarker;
import daybook.wire.ErrorCode;
import daybook.wire.MalformedException;
import daybook.wire.Uuid;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** A coordinator of words and how often they came, on real logs. */
final class CoordinatorTest {
    private static final String TOPIC = "__words";
    private static final int ASKERS = 3;

    /** Sets a word's count; null forgets it. */
    private record Count(String word, Integer count) { }

    private static final Format<Count> FORMAT = new Format<>() {
        @Override
        public BatchBuilder.Entry encode(Count record) {
            if (record.word.startsWith("unfit")) {
                throw new MalformedException("It is unfit");
            }
            var value = record.count == null ? null : ByteBuffer.allocate(4).putInt(record.count).flip();
            return new BatchBuilder.Entry(StandardCharsets.UTF_8.encode(record.word), value);
        }

        @Override
        public Count decode(ByteBuffer key, ByteBuffer value) {
            var word = StandardCharsets.UTF_8.decode(key.duplicate()).toString();
            if (word.equals("too deep") && unreadable) {
                throw new StackOverflowError();
            }
            return new Count(word, value == null ? null : value.getInt(value.position()));
        }
    };

    private static final class Words implements State<Count> {
        final Map<String, Integer> counts = new TreeMap<>();
        final Map<Long, List<Count>> pending = new TreeMap<>();
        final Deadlines<String> forgets = new Deadlines<>();
        final Map<String, CompletableFuture<Integer>> awaited = new TreeMap<>();

        Decision<Count, Integer> add(String word) {
            int count = counts.getOrDefault(word, 0) + 1;
            return Decision.answer(List.of(new Count(word, count)), count);
        }

        Decision<Count, Integer> await(String word) {
            var answer = new CompletableFuture<Integer>();
            awaited.put(word, answer);
            return Decision.later(List.of(), answer);
        }

        @Override
        public void replay(Count record) {
            if (record.word.equals("slippery") && !slipped) {
                slipped = true;
                throw new StackOverflowError();
            }
            if (record.count == null) {
                counts.remove(record.word);
            } else {
                counts.put(record.word, record.count);
            }
            var waiting = awaited.remove(record.word);
            if (waiting != null) {
                waiting.complete(record.count);
            }
        }

        @Override
        public void replay(long producerId, Count record) {
            pending.computeIfAbsent(producerId, none -> new ArrayList<>()).add(record);
        }

        @Override
        public void ended(long producerId, boolean committed) {
            var ended = pending.remove(producerId);
            if (ended != null && committed) {
                ended.forEach(this::replay);
            }
        }

        @Override
        public void loaded(long nowMs) { }

        @Override
        public long dueMs() {
            looks.incrementAndGet();
            return forgets.nextMs();
        }

        @Override
        public Decision<Count, ?> due(long nowMs) {
            var word = forgets.poll(nowMs);
            if (word.equals("stuck")) {
                forgets.set(word, nowMs);
                throw new IllegalStateException("it is stuck");
            }
            return Decision.write(List.of(new Count(word, null)))
                    .orElse(error -> forgets.set(word, nowMs + 10));
        }
    }

    /** How often some state was asked when it is due. */
    private static final AtomicInteger looks = new AtomicInteger();
    /** Whether that one word cannot be read. */
    private static volatile boolean unreadable;
    /** Whether that one word was replayed, which throws the first time. */
    private static volatile boolean slipped;

    @TempDir
    Path directory;

    private final TestDisk disk = new TestDisk();
    private volatile long nowMs = 1_000;
    private Logs logs;
    private Catalog catalog;
    private Coordinator<Words, Count> words;

    @BeforeEach
    void open() throws IOException {
        InstantSource clock = InstantSource.system();
        var settings = new LogSettings(List.of(directory), directory, true, 300_000, 60_000, 86_400_000, 0, 1);
        logs = Logs.open(settings, -1, disk, clock);
        var ids = logs.directories().stream().map(Logs.LogDirectory::id).toList();
        var endpoint = new BrokerRegistration.Endpoint("PLAINTEXT", "127.0.0.1", 9092, 0);
        catalog = Catalog.open(logs.metadataLog(), disk, new Identity(logs.nodeId(), null, Uuid.random(),
                List.of(endpoint), ids), clock, 20 << 20);
        catalog.begin(false);
        logs.load(expected(catalog.image()), Map.of());
        catalog.onChange(this::follow);
        words = new Coordinator<>(TOPIC, FORMAT, Words::new, logs, catalog, clock,
                () -> Instant.ofEpochMilli(nowMs));
        words.start();
    }

    @AfterEach
    void close() {
        words.close();
        logs.close();
    }

    private static List<Logs.Expected> expected(Image image) {
        var expected = new ArrayList<Logs.Expected>();
        for (var topic : image.topics().values()) {
            for (var partition : topic.partitions()) {
                expected.add(new Logs.Expected(topic.id(),
                        new TopicPartition(topic.name(), partition.index()), 0, Uuid.ZERO,
                        TopicConfigs.log(Map.of(), BrokerConfig.of(Map.of()))));
            }
        }
        return expected;
    }

    private void follow(Image before, Image after) {
        for (var topic : before.topicsById().values()) {
            if (after.topic(topic.id()) == null) {
                topic.partitions().forEach(each ->
                        logs.delete(List.of(new TopicPartition(topic.name(), each.index()))));
            }
        }
        for (var expected : expected(after)) {
            var place = expected.partition();
            if (logs.find(place.topic(), place.partition()) == null) {
                try {
                    logs.create(expected);
                } catch (IOException failed) {
                    throw new AssertionError(failed);
                }
            }
        }
    }

    private Uuid create(int partitions) throws IOException {
        var id = Uuid.random();
        catalog.change(image -> catalog.changes().createTopic(id, TOPIC, partitions, Map.of()));
        return id;
    }

    private int add(String word) {
        return words.ask(word, error -> -error.code(), (state, now) -> state.add(word)).await();
    }

    private Map<String, Integer> counts(int partition) {
        return words.ask(partition, error -> Map.of(error.toString(), -1),
                (state, now) -> Decision.<Count, Map<String, Integer>>answer(Map.copyOf(state.counts))).await();
    }

    private void untilLoaded(String word) {
        while (words.ask(word, error -> error, (state, now) -> Decision.answer(ErrorCode.NONE)).await()
                == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) {
            Thread.onSpinWait();
        }
    }

    /** Where Apache Kafka 4.3.1 had the records of these groups, in a topic of four partitions. */
    @Test
    void aKeyIsInThePartitionWhereKafkaHasIt() {
        var places = Map.of("gclassic", 1, "gconsumer", 3, "gmix", 1, "gregex", 0, "ga", 2, "", 0);
        places.forEach((key, place) -> assertEquals(place, Coordinator.partition(key, 4), key));
        assertTrue("gclassic".hashCode() < 0 && "gconsumer".hashCode() < 0);
        assertEquals(Integer.MIN_VALUE, "polygenelubricants".hashCode());
        assertEquals(0, Coordinator.partition("polygenelubricants", 3));
    }

    @Test
    void withoutATopicThereIsNoCoordinator() {
        assertEquals(-ErrorCode.NOT_COORDINATOR.code(), add("a"));
        assertEquals(-1, words.partition("a"));
    }

    @Test
    void keysBelongToPartitionsByJavasHash() throws IOException {
        create(50);
        assertEquals("a".hashCode() % 50, words.partition("a"));
        assertEquals(("polygenelubricants".hashCode() & Integer.MAX_VALUE) % 50,
                words.partition("polygenelubricants"));
    }

    @Test
    void aNewShardAnswersAtOnce() throws IOException {
        create(2);
        assertEquals(1, add("a"));
        assertEquals(2, add("a"));
        assertEquals(Map.of("a", 2), counts(words.partition("a")));
    }

    @Test
    void anAnswerIsOnTheDisk() throws IOException {
        create(1);
        int before = disk.forces.get();
        add("a");
        assertTrue(disk.forces.get() > before);
    }

    @Test
    void aStartMakesTheSameState() throws IOException {
        create(3);
        for (int i = 0; i < 100; i++) {
            add("w" + i % 7);
        }
        var before = List.of(counts(0), counts(1), counts(2));
        close();
        open();
        for (int i = 0; i < 7; i++) {
            untilLoaded("w" + i);
        }
        assertEquals(before, List.of(counts(0), counts(1), counts(2)));
    }

    /** Such a refusal would pass for an answer: of what was never written. */
    @Test
    void nobodyIsRefusedWithoutAnErrorAsAShardBecomesReady() throws Exception {
        create(1);
        add("a");
        var log = logs.find(TOPIC, 0);
        try (var askers = Executors.newFixedThreadPool(ASKERS)) {
            for (int i = 0; i < 2_000; i++) {
                var shard = new Shard<>(log, FORMAT, new Words(), InstantSource.system(),
                        InstantSource.system());
                var begun = new CountDownLatch(ASKERS);
                var asked = new ArrayList<Future<Integer>>();
                for (int j = 0; j < ASKERS; j++) {
                    asked.add(askers.submit(() -> untilAnswered(shard, begun)));
                }
                begun.await();
                shard.load();
                for (var each : asked) {
                    assertEquals(1, each.get());
                }
            }
        }
    }

    /** How often "a" came; 0 for a refusal without an error. */
    private static int untilAnswered(Shard<Words, Count> shard, CountDownLatch begun) {
        int answer;
        do {
            answer = shard.ask(error -> -error.code(), (state, now) ->
                    Decision.<Count, Integer>answer(state.counts.get("a"))).answer().join();
            begun.countDown();
        } while (answer < 0);
        return answer;
    }

    @Test
    void aLaterEventAnswersAnEarlierOne() throws IOException {
        create(1);
        var reply = words.ask("a", error -> -1, (state, now) -> state.await("a"));
        assertFalse(reply.answer().isDone());
        add("a");
        assertEquals(1, reply.await());
    }

    @Test
    void whatIsDueIsDoneWhenItsTimeHasCome() throws IOException {
        create(1);
        add("a");
        var gone = new CompletableFuture<Integer>();
        words.ask("a", error -> error, (state, now) -> {
            state.forgets.set("a", now + 5_000);
            state.awaited.put("a", gone);
            return Decision.answer(ErrorCode.NONE);
        }).await();
        assertFalse(gone.isDone());
        nowMs += 5_000;
        gone.orTimeout(30, TimeUnit.SECONDS).join();
        assertEquals(Map.of(), counts(0));
    }

    @Test
    void aShardThatFailsIsNotWaitedForByTheOthers() throws IOException {
        create(3);
        assertEquals(1, words.partition("a"));
        assertEquals(2, words.partition("b"));
        add("a");
        add("b");
        var due = List.of("stuck", "a", "b");
        for (int partition = 0; partition < 3; partition++) {
            var word = due.get(partition);
            words.ask(partition, error -> error, (state, now) -> {
                state.forgets.set(word, now + 1);
                return Decision.answer(ErrorCode.NONE);
            }).await();
        }
        nowMs += 1;
        untilForgotten(1);
        untilForgotten(2);
    }

    private void untilForgotten(int partition) {
        long endNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!counts(partition).isEmpty()) {
            assertTrue(System.nanoTime() < endNanos, "still there");
            Thread.onSpinWait();
        }
    }

    @Test
    void aFailedForceIsToldToAllWhoWaitForIt() throws IOException {
        create(1);
        disk.failForces = true;
        assertEquals(-ErrorCode.NOT_COORDINATOR.code(), add("a"));
        assertEquals(-ErrorCode.COORDINATOR_NOT_AVAILABLE.code(), add("a"));
        disk.failForces = false;
        close();
        open();
        untilLoaded("a");
        add("b");
    }

    @Test
    void aFullDiskRefusesAndGoesOnLater() throws IOException {
        create(1);
        add("a");
        disk.full = true;
        assertEquals(-ErrorCode.COORDINATOR_NOT_AVAILABLE.code(), add("a"));
        assertEquals(Map.of("a", 1), counts(0));
        disk.full = false;
        assertEquals(2, add("a"));
    }

    @Test
    void aBatchThatIsTooLargeIsRefused() throws IOException {
        create(1);
        assertEquals(-ErrorCode.UNKNOWN_SERVER_ERROR.code(), add("x".repeat(1_100_000)));
        assertEquals(Map.of(), counts(0));
    }

    @Test
    void beforeTheLogsAreOpenAllIsStillToBeLoaded() throws IOException {
        create(1);
        add("a");
        logs.delete(List.of(new TopicPartition(TOPIC, 0)));
        try (var early = new Coordinator<>(TOPIC, FORMAT, Words::new, logs, catalog,
                InstantSource.system(), InstantSource.system())) {
            assertEquals(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, error(early, 0));
            assertEquals(ErrorCode.NOT_COORDINATOR, error(early, 1));
            early.start();
            assertEquals(ErrorCode.NOT_COORDINATOR, error(early, 0));
        }
    }

    private static ErrorCode error(Coordinator<Words, Count> asked, int partition) {
        return asked.ask(partition, error -> error, (state, now) -> Decision.answer(ErrorCode.NONE)).await();
    }

    @Test
    void whatCannotBeEncodedIsRefusedAlone() throws IOException {
        create(1);
        assertEquals(-ErrorCode.UNKNOWN_SERVER_ERROR.code(), add("unfit"));
        words.ask("a", error -> error, (state, now) -> {
            state.forgets.set("unfit to be forgotten", now);
            state.forgets.set("a", now + 1);
            return Decision.answer(ErrorCode.NONE);
        }).await();
        assertEquals(1, add("a"));
        nowMs += 1;
        while (!counts(0).isEmpty()) {
            Thread.onSpinWait();
        }
        assertTrue(words.<Boolean>ask("a", error -> false, (state, now) ->
                Decision.answer(state.forgets.contains("unfit to be forgotten"))).await());
    }

    @Test
    void aReplayThatEndsWithAnErrorIsTriedAgainLater() throws IOException {
        create(1);
        add("too deep");
        close();
        unreadable = true;
        open();
        untilLoaded("a");
        assertEquals(-ErrorCode.NOT_COORDINATOR.code(), add("a"));
        unreadable = false;
        nowMs += 30_000;
        while (counts(0).containsValue(-1)) {
            Thread.onSpinWait();
        }
        assertEquals(Map.of("too deep", 1), counts(0));
    }

    @Test
    void whatIsNotReplayedWholeIsReplayedAnew() throws IOException {
        slipped = false;
        create(1);
        add("a");
        var reply = words.ask("a", error -> -error.code(), (state, now) -> state.await("b"));
        assertEquals(-ErrorCode.NOT_COORDINATOR.code(), add("slippery"));
        assertEquals(-ErrorCode.NOT_COORDINATOR.code(), reply.await());
        while (counts(0).containsValue(-1)) {
            Thread.onSpinWait();
        }
        assertEquals(Map.of("a", 1, "slippery", 1), counts(0));
        assertEquals(2, add("slippery"));
    }

    private ErrorCode addLater(long producerId, int epoch, String... added) {
        long from = logs.find(TOPIC, 0).endOffset();
        return words.ask(0, error -> error, (state, now) -> Decision.transactional(
                new Decision.Producer(producerId, (short) epoch, from),
                Stream.of(added).map(word -> new Count(word, 1)).toList(), ErrorCode.NONE)).await();
    }

    private ErrorCode end(long producerId, int epoch, boolean commit) {
        return words.end(0, producerId, (short) epoch, new TransactionMarker(commit, 0), 2).await();
    }

    @Test
    void whatATransactionAddsCountsFromItsEndOn() throws IOException {
        create(1);
        assertEquals(ErrorCode.NONE, addLater(7, 0, "a", "b"));
        assertEquals(ErrorCode.NONE, addLater(8, 0, "c"));
        add("d");
        assertEquals(Map.of("d", 1), counts(0));
        assertEquals(ErrorCode.NONE, end(7, 1, true));
        assertEquals(ErrorCode.NONE, end(8, 1, false));
        assertEquals(Map.of("a", 1, "b", 1, "d", 1), counts(0));
    }

    @Test
    void aStartKnowsWhichTransactionsHaveEnded() throws IOException {
        create(1);
        addLater(7, 0, "a");
        addLater(8, 0, "b");
        addLater(9, 0, "c");
        end(7, 1, true);
        end(8, 1, false);
        close();
        open();
        untilLoaded("a");
        assertEquals(Map.of("a", 1), counts(0));
        end(9, 1, true);
        assertEquals(Map.of("a", 1, "c", 1), counts(0));
    }

    /** As Apache Kafka 4.3.1 writes them: of the same bytes but for the times, and so for the checksum. */
    @Test
    void aTransactionLooksInTheLogAsThoseOfKafka() throws IOException {
        create(1);
        addLater(7, 3, "a", "b");
        end(7, 4, true);
        var reader = new LogReader(logs.find(TOPIC, 0), 0);
        var batch = reader.next();
        assertTrue(batch.transactional() && !batch.control());
        assertEquals(List.of(7L, 3, 0), List.of(batch.producerId(), (int) batch.producerEpoch(),
                batch.baseSequence()));
        assertEquals(1, batch.lastOffsetDelta());
        var marker = reader.next();
        assertTrue(marker.transactional() && marker.control());
        assertEquals(List.of(7L, 4, -1), List.of(marker.producerId(), (int) marker.producerEpoch(),
                marker.baseSequence()));
        assertEquals(new TransactionMarker(true, 0), TransactionMarker.of(marker));
    }

    @Test
    void anEndIsOnTheDisk() throws IOException {
        create(1);
        addLater(7, 0, "a");
        int before = disk.forces.get();
        end(7, 1, true);
        assertTrue(disk.forces.get() > before);
        disk.failForces = true;
        assertEquals(ErrorCode.NOT_COORDINATOR, end(8, 1, true));
        assertEquals(ErrorCode.NOT_COORDINATOR, end(8, 1, true), "nor what it rests on");
    }

    @Test
    void anEndThatDidNotFitComesAgain() throws IOException {
        create(1);
        addLater(7, 0, "a");
        disk.full = true;
        assertEquals(ErrorCode.COORDINATOR_NOT_AVAILABLE, end(7, 1, true));
        assertEquals(Map.of(), counts(0));
        disk.full = false;
        assertEquals(ErrorCode.NONE, end(7, 1, true));
        assertEquals(Map.of("a", 1), counts(0));
    }

    @Test
    void whyTheLogRefusesAProducerIsTold() throws IOException {
        create(1);
        var refused = new ArrayList<ErrorCode>();
        assertEquals(ErrorCode.INVALID_TXN_STATE, words.ask(0, error -> error, (state, now) ->
                Decision.<Count, ErrorCode>transactional(new Decision.Producer(7, (short) 0,
                        PartitionLog.NOT_VERIFIED), List.of(new Count("a", 1)), ErrorCode.NONE)
                        .orElse(refused::add)).await());
        assertEquals(List.of(ErrorCode.INVALID_TXN_STATE), refused);
        addLater(7, 0, "b");
        end(7, 1, true);
        assertEquals(ErrorCode.INVALID_PRODUCER_EPOCH, addLater(7, 0, "c"));
        assertEquals(ErrorCode.INVALID_PRODUCER_EPOCH, end(7, 0, true));
        end(7, 2, true);
        assertEquals(Map.of("b", 1), counts(0));
    }

    /** The transaction that the coordinator knew of was ended before the records came. */
    @Test
    void whatWasVerifiedBeforeTheEndIsRefused() throws IOException {
        create(1);
        long from = logs.find(TOPIC, 0).endOffset();
        end(7, 0, false);
        assertEquals(ErrorCode.INVALID_TXN_STATE, words.ask(0, error -> error, (state, now) ->
                Decision.transactional(new Decision.Producer(7, (short) 0, from),
                        List.of(new Count("a", 1)), ErrorCode.NONE)).await());
    }

    @Test
    void anEndIsRefusedWhereThePartitionIsNotHere() throws IOException {
        assertEquals(ErrorCode.NOT_COORDINATOR, end(7, 1, true));
        create(1);
        assertEquals(ErrorCode.NOT_COORDINATOR,
                words.end(1, 7, (short) 1, new TransactionMarker(true, 0), 2).await());
    }

    @Test
    void aMarkerOverWhichTheStateFailsIsInTheLogAllTheSame() throws IOException {
        slipped = false;
        create(1);
        addLater(7, 0, "a", "slippery");
        assertEquals(ErrorCode.NONE, end(7, 1, true));
        while (counts(0).containsValue(-1)) {
            Thread.onSpinWait();
        }
        assertEquals(Map.of("a", 1, "slippery", 1), counts(0));
    }

    @Test
    void aShardThatEndedIsNotLoadedAnyMore() throws IOException {
        create(1);
        add("a");
        var shard = new Shard<>(logs.find(TOPIC, 0), FORMAT, new Words(), InstantSource.system(),
                InstantSource.system());
        shard.end();
        shard.load();
        assertEquals(ErrorCode.NOT_COORDINATOR,
                shard.ask(error -> error, (state, now) -> Decision.answer(ErrorCode.NONE)).await());
    }

    @Test
    void whoWaitsIsToldWhenTheTopicGoes() throws IOException {
        var id = create(1);
        var reply = words.ask("a", error -> -error.code(), (state, now) -> state.await("a"));
        catalog.change(image -> List.of(new RemoveTopicRecord(id)));
        assertEquals(-ErrorCode.NOT_COORDINATOR.code(), reply.await());
        assertEquals(-ErrorCode.NOT_COORDINATOR.code(), add("a"));
        create(1);
        assertEquals(1, add("a"));
    }

    @Test
    void whoWaitsIsToldWhenTheBrokerStops() throws IOException {
        create(1);
        var reply = words.ask("a", error -> -error.code(), (state, now) -> state.await("a"));
        words.close();
        assertEquals(-ErrorCode.NOT_COORDINATOR.code(), reply.await());
    }

    @Test
    void aStateIsAskedWhenItIsDueAfterAChangeOfTheCatalog() throws IOException {
        create(1);
        add("a");
        int before = looks.get();
        catalog.change(image -> catalog.changes().createTopic(Uuid.random(), "other", 1, Map.of()));
        while (looks.get() == before) {
            Thread.onSpinWait();
        }
    }
}
