package daybook.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.record.RecordBatch;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

/** Batches come back as they were sent, wherever reading begins, across rolls and restarts. */
class AppendReadTest {
    private static final long SEED = Long.getLong("seed", System.nanoTime());

    @TempDir
    Path temp;

    @Test
    void randomBatchesAgainstAModel() throws IOException {
        var random = new Random(SEED);
        for (int round = 0; round < 12; round++) {
            var what = "seed " + SEED + ", round " + round;
            var config = new TestLogs.Config().segmentBytes(2_000 + random.nextInt(60_000));
            config.intervalBytes = random.nextInt(5_000);
            config.indexBytes = 40 + random.nextInt(4_000);
            config.preallocate = random.nextInt(4) == 0;
            var path = temp.resolve("round" + round);
            var model = new ArrayList<byte[]>();
            for (int life = 0; life < 4; life++) {
                var logs = TestLogs.open(path, config);
                assertEquals(life == 0 || model.isEmpty() ? 0 : next(model), logs.words().endOffset(), what);
                appendSome(logs.words(), model, random, config);
                check(logs.words(), model, random, what);
                if (random.nextBoolean()) {
                    logs.close();
                } else {
                    var copied = temp.resolve("round" + round + "life" + life);
                    TestLogs.copy(path, copied);
                    logs.close();
                    path = copied;
                }
            }
        }
    }

    private static void appendSome(PartitionLog log, List<byte[]> model, Random random,
            TestLogs.Config config) {
        for (int i = random.nextInt(150); i > 0; i--) {
            int around = RecordBatch.HEADER_BYTES + 5 * 10;
            int most = Math.min(config.segmentBytes - around, random.nextInt(10) == 0 ? 20_000 : 400);
            var batch = TestBatch.of(1 + random.nextInt(5), TestLogs.NOW + random.nextInt(1_000))
                    .valueBytes(random.nextInt(most) / 5).seed(random.nextInt()).build();
            var offset = log.endOffset();
            var done = TestLogs.done(log.append(batch));
            assertEquals(offset, done.baseOffset());
            assertEquals(log.endOffset(), done.nextOffset());
            var bytes = new byte[batch.remaining()];
            batch.get(bytes);
            model.add(bytes);
        }
    }

    private static void check(PartitionLog log, List<byte[]> model, Random random, String what)
            throws IOException {
        var read = TestLogs.all(log);
        assertEquals(model.size(), read.size(), what);
        for (int i = 0; i < model.size(); i++) {
            assertArrayEquals(model.get(i), read.get(i), what + ", batch " + i);
        }
        for (int i = 0; i < 200 && log.endOffset() > 0; i++) {
            long offset = random.nextLong(log.endOffset());
            int most = random.nextInt(30_000);
            var bytes = TestLogs.read(log, offset, most);
            var batches = TestLogs.batches(bytes);
            var where = what + ", offset " + offset + ", at most " + most;
            var first = batches.getFirst();
            assertTrue(first.baseOffset() <= offset && first.lastOffset() >= offset, where);
            boolean alone = batches.size() == 1 && first.sizeBytes() == bytes.length;
            assertTrue(bytes.length <= most || alone, where);
            batches.forEach(batch -> assertTrue(batch.checksumHolds(), where));
        }
    }

    private static long next(List<byte[]> model) {
        return new RecordBatch(ByteBuffer.wrap(model.getLast()), 0).nextOffset();
    }

    @Test
    void readsTellWhatIsThere() throws IOException {
        try (var logs = TestLogs.open(temp, new TestLogs.Config())) {
            var log = logs.words();
            assertNull(assertInstanceOf(ReadResult.Data.class, log.read(0, 100, true, false)).region());
            assertInstanceOf(ReadResult.OutOfRange.class, log.read(1, 100, true, false));
            assertInstanceOf(ReadResult.OutOfRange.class, log.read(-1, 100, true, false));
            var first = TestBatch.of(3, TestLogs.NOW).build();
            log.append(first.duplicate());
            log.append(TestBatch.of(2, TestLogs.NOW).build());
            assertEquals(5, log.highWatermark());
            assertEquals(5, log.lastStableOffset());
            var small = assertInstanceOf(ReadResult.Data.class, log.read(1, 10, false, false));
            assertNull(small.region(), "less than the first batch is nothing");
            assertEquals(first.remaining(), TestLogs.read(log, 2, 10).length, "the first batch whole");
            int more = first.remaining() + 20;
            assertEquals(first.remaining(), TestLogs.read(log, 0, more).length, "ends at a batch");
            assertEquals(log.sizeBytes(), TestLogs.read(log, 0, Integer.MAX_VALUE).length);
            assertNull(assertInstanceOf(ReadResult.Data.class, log.read(5, 100, true, true)).region());
            assertInstanceOf(ReadResult.OutOfRange.class, log.read(6, 100, true, false));
        }
    }

    @Test
    void newestBatchesAreFoundWithoutReadingTheFile() throws IOException {
        try (var logs = TestLogs.open(temp, new TestLogs.Config())) {
            var log = logs.words();
            for (int i = 0; i < 600; i++) {
                log.append(TestBatch.of(2, TestLogs.NOW).valueBytes(100).build());
            }
            logs.disk.reads.set(0);
            for (long offset = 1_200 - 2 * 255; offset < 1_200; offset++) {
                var found = TestLogs.batches(TestLogs.read(log, offset, 1_000)).getFirst();
                assertEquals(offset / 2 * 2, found.baseOffset());
            }
            assertEquals(0, logs.disk.reads.get());
            TestLogs.read(log, 100, 1_000);
            assertEquals(1, logs.disk.reads.get(), "an older one with one read");
        }
    }

    @Test
    void oneWriteForOneBatch() throws IOException {
        try (var logs = TestLogs.open(temp, new TestLogs.Config())) {
            logs.disk.writes.set(0);
            var direct = ByteBuffer.allocateDirect(1 << 16).position(1_000);
            var batch = TestBatch.of(10, TestLogs.NOW).valueBytes(1_000).build();
            direct.put(batch.duplicate()).flip().position(1_000);
            TestLogs.done(logs.words().append(direct));
            assertEquals(1_000, direct.position(), "the caller's buffer is not moved");
            assertEquals(1, logs.disk.writes.get());
            assertEquals(batch.remaining(), TestLogs.read(logs.words(), 0, 1 << 20).length);
        }
    }

    @Test
    void stampsOffsetEpochAndTime() throws IOException {
        var config = new TestLogs.Config();
        config.logAppendTime = true;
        try (var logs = TestLogs.open(temp, config)) {
            var log = logs.words();
            log.lead(7);
            log.append(TestBatch.at(5, 6).build());
            log.lead(9);
            var done = TestLogs.done(log.append(TestBatch.at(5, 6, 7).build()));
            assertEquals(TestLogs.NOW, done.logAppendTimeMs());
            var batch = TestLogs.batches(TestLogs.read(log, 2, 1_000)).getFirst();
            assertEquals(2, batch.baseOffset());
            assertEquals(9, batch.leaderEpoch());
            assertTrue(batch.logAppendTime() && batch.checksumHolds());
            assertEquals(TestLogs.NOW, batch.maxTimestamp());
            var file = temp.resolve("words-0/leader-epoch-checkpoint");
            assertEquals("0\n2\n7 0\n9 2\n", Files.readString(file));
            assertEquals(new EpochEnd(7, 2), log.epochEnd(7));
            assertEquals(new EpochEnd(7, 2), log.epochEnd(8));
            assertEquals(new EpochEnd(9, 5), log.epochEnd(9));
            assertEquals(new EpochEnd(-1, -1), log.epochEnd(10));
            assertEquals(new EpochEnd(3, 0), log.epochEnd(3));
            assertEquals(new EpochEnd(-1, -1), log.epochEnd(-1));
            assertEquals(7, log.epochOf(1));
            assertEquals(9, log.epochOf(2));
        }
    }

    @Test
    void rollsByTimeIndexAndOffset() throws IOException {
        var config = new TestLogs.Config();
        config.segmentMs = 1_000;
        config.intervalBytes = 0;
        config.indexBytes = 24;
        try (var logs = TestLogs.open(temp, config)) {
            var log = logs.words();
            log.append(TestBatch.of(1, TestLogs.NOW).build());
            log.append(TestBatch.of(1, TestLogs.NOW + 1_000).build());
            assertEquals(List.of("00000000000000000000.log"), logFiles(), "as old as is allowed");
            log.append(TestBatch.of(1, TestLogs.NOW + 1_001).build());
            assertEquals(2, logFiles().size(), "too old by the times in the batches");
            for (int i = 0; i < 10; i++) {
                log.append(TestBatch.of(1, TestLogs.NOW + 1_001).build());
            }
            assertTrue(logFiles().size() > 4, "full indexes: " + logFiles());
            assertEquals(13, TestLogs.all(log).size());
        }
    }

    private List<String> logFiles() throws IOException {
        try (var files = Files.list(temp.resolve("words-0"))) {
            return files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".log"))
                    .sorted().toList();
        }
    }

    @Test
    void watchersAreCalled() throws IOException {
        var called = new AtomicInteger();
        Runnable watcher = called::incrementAndGet;
        var logs = TestLogs.open(temp, new TestLogs.Config());
        var log = logs.words();
        log.watch(watcher);
        log.append(TestBatch.of(1, TestLogs.NOW).build());
        assertEquals(1, called.get());
        log.append(ByteBuffer.allocate(10));
        assertEquals(1, called.get(), "not for what was refused");
        log.unwatch(watcher);
        log.append(TestBatch.of(1, TestLogs.NOW).build());
        assertEquals(1, called.get());
        log.watch(watcher);
        logs.close();
        assertEquals(2, called.get(), "and when the log goes");
    }
}
