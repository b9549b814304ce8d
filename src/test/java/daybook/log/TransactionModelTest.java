package daybook.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.record.TransactionMarker;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Several producers, each in a transaction or not, with stops, kills and lost files between: at any time a
 * consumer that goes by the rules of Kafka's sees the committed batches before the oldest open transaction,
 * in order, and no others.
 */
class TransactionModelTest {
    private static final int STEPS = 1_500;
    private static final int PRODUCERS = 5;

    @TempDir
    Path temp;

    private final long seed = Long.getLong("seed", System.nanoTime());
    private final Random random = new Random(seed);
    private TestLogs logs;
    private int kills;
    /** Of each offset, the base offset of its batch, if the batch is to be seen when its turn comes. */
    private final TreeSet<Long> visible = new TreeSet<>();
    /** The batches of each open transaction, by producer. */
    private final Map<Integer, List<Long>> open = new HashMap<>();
    private final int[] epochs = new int[PRODUCERS];
    private final int[] sequences = new int[PRODUCERS];

    @Test
    void consumersSeeWhatWasCommitted() throws IOException {
        start(temp.resolve("data"));
        try {
            for (int step = 0; step < STEPS; step++) {
                step(random.nextInt(PRODUCERS));
                if (random.nextInt(100) == 0) {
                    restart();
                }
                if (random.nextInt(30) == 0) {
                    check();
                }
            }
            check();
        } catch (IOException | RuntimeException | AssertionError failed) {
            throw new AssertionError("With -Dseed=" + seed, failed);
        } finally {
            logs.close();
        }
    }

    private void start(Path data) throws IOException {
        var config = new TestLogs.Config().segmentBytes(8_000);
        config.intervalBytes = 300;
        logs = TestLogs.open(data, config);
    }

    private void step(int producer) {
        var log = logs.words();
        var mine = open.get(producer);
        switch (random.nextInt(4)) {
            case 0 -> {
                var batch = TestBatch.of(2, logs.nowMs).build();
                visible.add(TestLogs.done(log.append(batch)).baseOffset());
            }
            case 1 -> end(producer, random.nextBoolean());
            default -> {
                if (mine == null) {
                    mine = new ArrayList<>();
                    open.put(producer, mine);
                }
                int count = 1 + random.nextInt(3);
                var batch = TestBatch.of(count, logs.nowMs).transactional()
                        .producer(producer, epochs[producer], sequences[producer]);
                sequences[producer] += count;
                mine.add(TestLogs.done(log.append(batch.build(), log.endOffset(), false)).baseOffset());
            }
        }
    }

    /** Producers with even ids are of those whose epoch each end raises (KIP-890). */
    private void end(int producer, boolean commit) {
        var batches = open.remove(producer);
        if (producer % 2 == 0) {
            epochs[producer]++;
            sequences[producer] = 0;
        }
        TestLogs.done(logs.words().appendMarker(producer, (short) epochs[producer],
                new TransactionMarker(commit, 1), producer % 2 == 0 ? 2 : 1));
        if (commit && batches != null) {
            visible.addAll(batches);
        }
    }

    private void restart() throws IOException {
        if (random.nextBoolean()) {
            logs.words().force(logs.words().endOffset());
            logs.logs.tick(logs.nowMs);
        }
        boolean clean = random.nextBoolean();
        var next = clean ? logs.path : TestLogs.copy(logs.path, temp.resolve("killed" + ++kills));
        logs.close();
        if (!clean) {
            loseSome(next);
        }
        start(next);
        check();
    }

    /** Loses what was derived and is not known to be on the disk; or nothing is known to be there. */
    private void loseSome(Path data) throws IOException {
        boolean nothingKnown = random.nextBoolean();
        if (nothingKnown) {
            Files.deleteIfExists(data.resolve(Checkpoints.RECOVERY_POINTS));
        }
        try (var files = Files.list(data.resolve("words-0"))) {
            for (var file : files.toList()) {
                boolean derived = file.toString().endsWith(Segment.SNAPSHOT)
                        || nothingKnown && file.toString().endsWith(Segment.TRANSACTION_INDEX);
                if (derived && random.nextBoolean()) {
                    Files.write(file, new byte[random.nextInt(50)]);
                } else if (derived && random.nextBoolean()) {
                    Files.delete(file);
                }
            }
        }
    }

    private void check() throws IOException {
        var log = logs.words();
        long stable = open.values().stream().mapToLong(List::getFirst).min().orElse(log.endOffset());
        log.force(log.endOffset());
        assertEquals(stable, log.lastStableOffset());
        var expected = visible.headSet(stable).stream().toList();
        assertEquals(expected, CommittedReader.all(log, 300 + random.nextInt(5_000)));
        var starts = new HashMap<Long, Long>();
        log.producers().forEach(each -> starts.put(each.producerId(), each.currentTransactionStartOffset()));
        starts.forEach((id, start) -> assertEquals(
                open.containsKey(id.intValue()) ? open.get(id.intValue()).getFirst() : -1, start));
        assertEquals(open.size(), starts.values().stream().filter(start -> start >= 0).count());
    }

    /** Producers with odd ids abort, the others commit, while consumers read at the end of the log. */
    @Test
    void nothingAbortedIsSeenWhileItIsWritten() throws Exception {
        start(temp.resolve("data"));
        var log = logs.words();
        var going = new AtomicBoolean(true);
        try (var readers = Executors.newFixedThreadPool(2)) {
            var read = new ArrayList<Future<Integer>>();
            for (int i = 0; i < 2; i++) {
                read.add(readers.submit(() -> {
                    int committed = 0;
                    long offset = 0;
                    while (going.get() || offset < log.endOffset()) {
                        var ids = new ArrayList<Long>();
                        offset = CommittedReader.read(log, offset, 1_000,
                                batch -> ids.add(batch.producerId()));
                        assertTrue(ids.stream().allMatch(id -> id % 2 == 0), () -> "given out: " + ids);
                        committed += ids.size();
                    }
                    return committed;
                }));
            }
            int written = 0;
            try {
                for (int round = 0; round < 2_000; round++) {
                    long id = random.nextInt(4);
                    for (int i = random.nextInt(3); i >= 0; i--) {
                        var batch = TestBatch.of(1, logs.nowMs).transactional().producer(id, 0, 0);
                        TestLogs.done(log.appendOwn(batch.build(), log.endOffset()));
                        written += id % 2 == 0 ? 1 : 0;
                    }
                    TestLogs.done(log.appendMarker(id, (short) 0, new TransactionMarker(id % 2 == 0, 1), 1));
                    log.requestForce(log.endOffset());
                }
            } finally {
                log.awaitForced(log.endOffset());
                going.set(false);
            }
            for (var each : read) {
                assertEquals(written, each.get());
            }
        } finally {
            logs.close();
        }
    }
}
