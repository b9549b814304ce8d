package daybook.log;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Offsets by time, against looking at every record. */
class TimeSearchTest {
    private static final long SEED = Long.getLong("seed", System.nanoTime());

    @TempDir
    Path temp;

    private record Stored(long offset, long timeMs) { }

    @Test
    void randomTimesAgainstBruteForce() throws IOException {
        var random = new Random(SEED);
        for (int round = 0; round < 10; round++) {
            var config = new TestLogs.Config().segmentBytes(2_000 + random.nextInt(20_000));
            config.intervalBytes = random.nextInt(1_500);
            var path = temp.resolve("round" + round);
            var stored = new ArrayList<Stored>();
            var what = "seed " + SEED + ", round " + round;
            try (var logs = TestLogs.open(path, config)) {
                append(logs.words(), stored, random);
                check(logs.words(), stored, random, what);
                logs.words().deleteRecordsBefore(random.nextLong(logs.words().endOffset()));
                check(logs.words(), stored, random, what + ", deleted");
            }
            try (var logs = TestLogs.open(path, config)) {
                check(logs.words(), stored, random, what + ", restarted");
                append(logs.words(), stored, random);
                check(logs.words(), stored, random, what + ", appended");
            }
        }
    }

    private static void append(PartitionLog log, List<Stored> stored, Random random) {
        for (int i = 0; i < 80; i++) {
            var times = new long[1 + random.nextInt(6)];
            for (int k = 0; k < times.length; k++) {
                times[k] = TestLogs.NOW + i * 10 + random.nextInt(200) - 100;
                stored.add(new Stored(log.endOffset() + k, times[k]));
            }
            var batch = TestBatch.at(times).valueBytes(random.nextInt(200));
            TestLogs.done(log.append(random.nextInt(3) == 0 ? batch.gzip().build() : batch.build()));
        }
    }

    private static void check(PartitionLog log, List<Stored> stored, Random random, String what) {
        for (int i = 0; i < 100; i++) {
            long timeMs = TestLogs.NOW - 150 + random.nextInt(1_200);
            var expected = stored.stream()
                    .filter(one -> one.offset >= log.startOffset() && one.timeMs >= timeMs).findFirst()
                    .map(one -> new PartitionLog.Found(one.offset, one.timeMs, 0))
                    .orElse(PartitionLog.Found.NONE);
            assertEquals(expected, log.offsetForTime(timeMs), what + ", time " + timeMs);
        }
        if (log.startOffset() == 0) {
            long newest = stored.stream().mapToLong(Stored::timeMs).max().orElseThrow();
            var first = stored.stream().filter(one -> one.timeMs == newest).findFirst().orElseThrow();
            assertEquals(new PartitionLog.Found(first.offset, newest, 0), log.offsetOfMaxTimestamp(), what);
        }
    }

    @Test
    void whereThereIsNothing() throws IOException {
        try (var logs = TestLogs.open(temp, new TestLogs.Config())) {
            assertEquals(PartitionLog.Found.NONE, logs.words().offsetForTime(0));
            assertEquals(PartitionLog.Found.NONE, logs.words().offsetOfMaxTimestamp());
            logs.words().append(TestBatch.at(-1).build());
            assertEquals(PartitionLog.Found.NONE, logs.words().offsetOfMaxTimestamp());
            logs.words().append(TestBatch.at(100, 300, 200).build());
            assertEquals(new PartitionLog.Found(2, 300, 0), logs.words().offsetForTime(101));
            assertEquals(PartitionLog.Found.NONE, logs.words().offsetForTime(301));
        }
    }

    @Test
    void aBatchThatCannotBeOpenedIsAnsweredByItsFirstOffset() throws IOException {
        try (var logs = TestLogs.open(temp, new TestLogs.Config())) {
            logs.words().append(TestBatch.at(100).build());
            logs.words().append(TestBatch.at(200, 300).attributes(4).build());
            assertEquals(new PartitionLog.Found(1, 300, 0), logs.words().offsetForTime(250));
        }
    }

    @Test
    void withLogAppendTimeAllRecordsHaveTheBatchesTime() throws IOException {
        var config = new TestLogs.Config();
        config.logAppendTime = true;
        try (var logs = TestLogs.open(temp, config)) {
            logs.words().append(TestBatch.at(5, 6).build());
            logs.nowMs += 10;
            logs.words().append(TestBatch.at(5, 6).build());
            assertEquals(new PartitionLog.Found(0, TestLogs.NOW, 0), logs.words().offsetForTime(7));
            var second = new PartitionLog.Found(2, TestLogs.NOW + 10, 0);
            assertEquals(second, logs.words().offsetForTime(TestLogs.NOW + 1));
            assertEquals(second, logs.words().offsetOfMaxTimestamp());
        }
    }
}
