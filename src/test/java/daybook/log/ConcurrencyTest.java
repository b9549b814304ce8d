package daybook.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/** Appending, reading, looking up, forcing and deleting at the same time. */
class ConcurrencyTest {
    private static final long SEED = Long.getLong("seed", System.nanoTime());

    @TempDir
    Path temp;

    @Test
    void everyReaderSeesWholeBatchesAndNothingElse()
            throws IOException, InterruptedException, ExecutionException {
        var config = new TestLogs.Config().segmentBytes(50_000);
        config.intervalBytes = 500;
        var done = new AtomicBoolean();
        try (var logs = TestLogs.open(temp, config); var threads = Executors.newCachedThreadPool()) {
            var log = logs.words();
            var work = new ArrayList<Future<Integer>>();
            for (int i = 0; i < 2; i++) {
                work.add(threads.submit(() -> tail(log, done)));
                var random = new Random(SEED + i);
                work.add(threads.submit(() -> look(log, random, done)));
            }
            work.add(threads.submit(() -> {
                int forced = 0;
                while (!done.get()) {
                    long end = log.endOffset();
                    assertTrue(log.awaitForced(end) && log.recoveryPoint() >= end);
                    forced++;
                }
                return forced;
            }));
            try {
                append(logs);
            } finally {
                done.set(true);
            }
            for (var one : work) {
                assertTrue(one.get() > 0, "seed " + SEED);
            }
        }
    }

    private static void append(TestLogs logs) {
        var log = logs.words();
        for (int i = 0; i < 10_000; i++) {
            var batch = TestBatch.of(1 + i % 3, TestLogs.NOW + i).valueBytes(i % 97).seed(i).build();
            var done = TestLogs.done(log.append(batch));
            assertEquals(1 + i % 3, done.nextOffset() - done.baseOffset());
            if (i % 500 == 499) {
                log.deleteRecordsBefore(log.endOffset() - 300);
                logs.nowMs += 1_000;
                logs.logs.tick(logs.nowMs);
            }
        }
    }

    /** Reads on from where it was; each batch must follow the one before. */
    private static int tail(PartitionLog log, AtomicBoolean done) throws IOException {
        int read = 0;
        long next = 0;
        while (!done.get() || next < log.endOffset()) {
            switch (log.read(next, 3_000, true, false)) {
                case ReadResult.OutOfRange range -> next = range.startOffset();
                case ReadResult.Failed failed -> throw new IOException("failed");
                case ReadResult.Data data -> {
                    for (var batch : TestLogs.batches(TestLogs.bytes(data.region()))) {
                        assertTrue(batch.checksumHolds());
                        assertTrue(batch.baseOffset() <= next && batch.lastOffset() >= next);
                        assertTrue(batch.nextOffset() <= data.highWatermark());
                        next = batch.nextOffset();
                        read++;
                    }
                }
            }
        }
        return read;
    }

    /** Looks anywhere, also by time. */
    private static int look(PartitionLog log, Random random, AtomicBoolean done) throws IOException {
        int found = 0;
        while (!done.get()) {
            long start = log.startOffset();
            long offset = start + random.nextLong(Math.max(1, log.endOffset() - start));
            if (log.read(offset, 1_000, true, true) instanceof ReadResult.Data data
                    && data.region() != null) {
                var first = TestLogs.batches(TestLogs.bytes(data.region())).getFirst();
                assertTrue(first.baseOffset() <= offset && first.lastOffset() >= offset);
                var byTime = log.offsetForTime(first.maxTimestamp());
                assertTrue(byTime.offset() == first.baseOffset() || byTime.offset() >= log.startOffset()
                        || byTime.offset() >= start, byTime + " " + first.baseOffset());
                // Times rise: the newest is that of the last record, which is never deleted.
                var newest = log.offsetOfMaxTimestamp();
                assertTrue(newest.offset() >= start, () -> newest + " of a log that begins at " + start);
                found++;
            }
        }
        return found;
    }
}
