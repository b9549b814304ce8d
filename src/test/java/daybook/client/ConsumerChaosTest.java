package daybook.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import daybook.client.Consumer.Reset;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Consumers whose callers do anything at any time, and a whole broker. */
class ConsumerChaosTest {
    private static final int PARTITIONS = 4;
    private static final int RECORDS = 200;

    @TempDir
    Path directory;

    private TestTopics topics;
    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);
    private final List<TopicPartition> all = new ArrayList<>();

    @BeforeEach
    void start() throws IOException {
        System.out.println("ConsumerChaosTest: seed " + seed);
        topics = new TestTopics(directory).topic("orders", PARTITIONS);
        for (int number = 0; number < PARTITIONS; number++) {
            all.add(new TopicPartition("orders", number));
            fill(number, 0);
        }
    }

    @AfterEach
    void stop() {
        topics.close();
    }

    /** So many records, in batches of any length; each says where it is. */
    private void fill(int number, int from) {
        for (int next = from; next < from + RECORDS;) {
            var values = new String[Math.min(1 + random.nextInt(20), from + RECORDS - next)];
            for (int i = 0; i < values.length; i++) {
                values[i] = number + ":" + next++;
            }
            topics.fill(all.get(number), values);
        }
    }

    /** Each partition is read in order and without a gap from where the caller put it, whatever he does. */
    @Test
    void readsOnFromWhereItWasPut() {
        var expected = new HashMap<TopicPartition, Long>();
        var paused = new HashSet<TopicPartition>();
        try (var consumer = Consumer.builder(topics.address).reset(Reset.EARLIEST).fetchAheadBytes(3_000)
                .maxPartitionFetchBytes(1_000).maxPollRecords(30).open()) {
            for (int step = 0; step < 3_000; step++) {
                step(consumer, expected, paused);
            }
            consumer.resume(expected.keySet());
            while (expected.values().stream().anyMatch(next -> next < RECORDS)) {
                poll(consumer, expected, Set.of());
            }
        }
    }

    private void step(Consumer consumer, Map<TopicPartition, Long> expected, Set<TopicPartition> paused) {
        var one = all.get(random.nextInt(PARTITIONS));
        boolean has = expected.containsKey(one);
        switch (random.nextInt(12)) {
            case 0 -> {
                if (has) {
                    expected.put(one, (long) random.nextInt(RECORDS));
                    consumer.seek(one, expected.get(one));
                }
            }
            case 1 -> {
                if (has) {
                    consumer.seekToBeginning(List.of(one));
                    expected.put(one, 0L);
                }
            }
            case 2 -> {
                if (has) {
                    consumer.pause(List.of(one));
                    paused.add(one);
                }
            }
            case 3, 4 -> {
                if (has) {
                    consumer.resume(List.of(one));
                    paused.remove(one);
                }
            }
            case 5 -> {
                var next = new HashSet<>(expected.keySet());
                if (has && random.nextInt(3) == 0) {
                    next.remove(one);
                    expected.remove(one);
                    paused.remove(one);
                } else if (!has) {
                    next.add(one);
                    expected.put(one, 0L);
                }
                consumer.assign(next);
            }
            default -> poll(consumer, expected, paused);
        }
    }

    private void poll(Consumer consumer, Map<TopicPartition, Long> expected, Set<TopicPartition> paused) {
        for (var fetched : consumer.poll(Duration.ofMillis(random.nextInt(5)))) {
            var partition = fetched.partition();
            assertFalse(paused.contains(partition), partition + " is paused");
            for (var record : fetched) {
                assertEquals(expected.get(partition), record.offset(), partition + ", seed " + seed);
                assertEquals(partition.partition() + ":" + record.offset(), TestTopics.text(record.value()));
                expected.put(partition, record.offset() + 1);
            }
            assertEquals(expected.get(partition), fetched.nextOffset());
        }
    }

    /** Members come and go; each record is read once by one of them, for they all leave as they should. */
    @Test
    void eachRecordGoesToOneMember() throws Exception {
        var read = new ConcurrentHashMap<String, Integer>();
        var failure = new ConcurrentHashMap<String, Throwable>();
        var generations = new AtomicInteger();
        var threads = new ArrayList<Thread>();
        long deadline = System.nanoTime() + 40_000_000_000L;
        for (int i = 0; i < 3; i++) {
            var chance = new Random(seed + i);
            threads.add(Thread.ofVirtual().start(() -> {
                try {
                    while (read.size() < PARTITIONS * RECORDS && System.nanoTime() < deadline) {
                        generations.incrementAndGet();
                        member(read, chance);
                    }
                } catch (Throwable failed) {
                    failure.put("it", failed);
                }
            }));
        }
        for (var thread : threads) {
            thread.join();
        }
        assertEquals(Map.of(), failure);
        assertEquals(PARTITIONS * RECORDS, read.size(), "seed " + seed + ", members " + generations);
        read.forEach((value, times) -> assertEquals(1, times, value + ", seed " + seed));
    }

    private void member(Map<String, Integer> read, Random chance) {
        try (var consumer = Consumer.builder(topics.address).group("g").reset(Reset.EARLIEST)
                .maxPollRecords(1).autoCommit(Duration.ofMillis(chance.nextInt(50))).open()) {
            consumer.subscribe(List.of("orders"));
            int polls = chance.nextInt(60);
            for (int i = 0; i < polls; i++) {
                for (var fetched : consumer.poll(Duration.ofMillis(20))) {
                    for (var record : fetched) {
                        read.merge(TestTopics.text(record.value()), 1, Integer::sum);
                    }
                }
            }
        }
    }
}
