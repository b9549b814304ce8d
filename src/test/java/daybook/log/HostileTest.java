package daybook.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.record.TransactionMarker;
import daybook.wire.ErrorCode;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;

/** Ways to lose what was acknowledged that need more than one thing to go wrong, or one bit. */
class HostileTest {
    @TempDir
    Path temp;

    /** A copy of a log with so many batches of one record, all forced and checkpointed, then killed. */
    private Path killed(TestLogs.Config config, int batches) throws IOException {
        var path = temp.resolve("live");
        try (var logs = TestLogs.open(path, config)) {
            fill(logs.words(), batches);
            assertTrue(logs.words().awaitForced(batches));
            logs.nowMs += 10_000;
            logs.logs.tick(logs.nowMs);
            return TestLogs.copy(path, temp.resolve("killed"));
        }
    }

    private static void fill(PartitionLog log, int batches) {
        for (int i = 0; i < batches; i++) {
            TestLogs.done(log.append(TestBatch.of(1, TestLogs.NOW + i).valueBytes(100).build()));
        }
    }

    private static List<Path> files(Path directory, String suffix) throws IOException {
        try (var files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(suffix)).sorted().toList();
        }
    }

    /** Sets a bit high up in the base offset, which no checksum covers, of the batch at this byte. */
    private static void flipBaseOffset(Path file, long at) throws IOException {
        try (var open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(at + 4);
            int old = open.read();
            open.seek(at + 4);
            open.write(old ^ 0x40);
        }
    }

    @Test
    void aWrongOffsetAtTheEndOfASealedSegmentIsFencedNotCut() throws IOException {
        var config = new TestLogs.Config().segmentBytes(1_000);
        var path = killed(config, 40);
        var sealed = files(path.resolve("words-0"), ".log");
        var file = sealed.get(1);
        int batchBytes = TestBatch.of(1, TestLogs.NOW).valueBytes(100).build().remaining();
        flipBaseOffset(file, Files.size(file) - batchBytes);
        try (var logs = TestLogs.open(path, config)) {
            var log = logs.words();
            long perSegment = Files.size(sealed.getFirst()) / batchBytes;
            assertEquals(2 * perSegment - 1, log.endOffset());
            var refused = TestLogs.refused(log.append(TestBatch.of(1, TestLogs.NOW).build()));
            assertEquals(ErrorCode.KAFKA_STORAGE_ERROR, refused.error());
        }
        assertEquals(sealed, files(path.resolve("words-0"), ".log"), "nothing is deleted");
    }

    @Test
    void aWrongOffsetInTheLastSegmentIsFencedNotCut() throws IOException {
        var config = new TestLogs.Config();
        var path = killed(config, 40);
        var file = files(path.resolve("words-0"), ".log").getFirst();
        int batchBytes = TestBatch.of(1, TestLogs.NOW).valueBytes(100).build().remaining();
        long size = Files.size(file);
        flipBaseOffset(file, 10L * batchBytes);
        try (var logs = TestLogs.open(path, config)) {
            assertEquals(10, logs.words().endOffset());
            var refused = TestLogs.refused(logs.words().append(TestBatch.of(1, TestLogs.NOW).build()));
            assertEquals(ErrorCode.KAFKA_STORAGE_ERROR, refused.error());
        }
        assertEquals(size, Files.size(file), "nothing is cut");
    }

    @Test
    void whereTheLogBeginsStaysOnTheDiskUntilTheNamesBeforeItAreGone() throws IOException {
        var config = new TestLogs.Config().segmentBytes(1_000);
        var seen = new AtomicInteger();
        try (var logs = TestLogs.open(temp.resolve("live"), config)) {
            var log = logs.words();
            fill(log, 40);
            log.deleteRecordsBefore(4);
            var file = logs.path.resolve(Checkpoints.START_OFFSETS);
            logs.disk.fault = (operation, path) -> {
                if (operation.equals("forceDirectory") && path.equals(log.directory())) {
                    log.home().checkpointStartOffsets();
                    var starts = Checkpoints.offsets(Disk.local(), file);
                    assertTrue(starts.getOrDefault(TestLogs.WORDS, 0L) >= 4, "it could begin before 4 again");
                    seen.incrementAndGet();
                }
            };
            config.retentionBytes = 3_500;
            log.configure(config.build());
            logs.nowMs += 10_000;
            logs.logs.tick(logs.nowMs);
            logs.disk.fault = (operation, path) -> { };
            assertTrue(seen.get() > 0);
            assertTrue(log.startOffset() > 4);
            log.home().checkpointStartOffsets();
            assertEquals(Map.of(), Checkpoints.offsets(Disk.local(), file));
        }
    }

    @Test
    void retentionLeavesWhatAFailedForceHid() throws IOException {
        var config = new TestLogs.Config().segmentBytes(1_000);
        try (var logs = TestLogs.open(temp.resolve("live"), config)) {
            var log = logs.words();
            fill(log, 12);
            assertTrue(log.awaitForced(12));
            logs.disk.failForces = true;
            fill(log, 30);
            assertFalse(log.awaitForced(42));
            assertEquals(12, log.highWatermark());
            config.retentionBytes = 1;
            log.configure(config.build());
            logs.nowMs += 10_000;
            logs.logs.tick(logs.nowMs);
            assertTrue(log.startOffset() > 0);
            assertTrue(log.startOffset() <= 12, "began at " + log.startOffset());
        }
    }

    @Test
    void aProducerOfOldRecordsIsNotForgottenWhileItWrites() throws IOException {
        for (long timeMs : new long[] {1_000, -1}) {
            try (var logs = TestLogs.open(temp.resolve("live" + timeMs), new TestLogs.Config())) {
                var log = logs.words();
                TestLogs.done(log.append(TestBatch.of(1, timeMs).producer(7, 0, 0).build()));
                logs.nowMs += 10_000;
                logs.logs.tick(logs.nowMs);
                var again = TestLogs.done(log.append(TestBatch.of(1, timeMs).producer(7, 0, 0).build()));
                assertTrue(again.duplicate());
                assertEquals(1, log.endOffset());
            }
        }
    }

    @Test
    void whatAnOldCompactionLeftDoesNotEndOneThatHasReplacedItsSegments() throws IOException {
        var config = new TestLogs.Config().segmentBytes(1_000);
        var path = killed(config, 40);
        var file = files(path.resolve("words-0"), ".log").getFirst();
        Files.move(file, file.resolveSibling(file.getFileName() + Segment.SWAP));
        Files.createFile(Segment.path(file.getParent(), 0, Segment.INDEX + Segment.CLEANED));
        try (var logs = TestLogs.open(path, config)) {
            assertEquals(40, logs.words().endOffset());
            assertEquals(0, logs.words().startOffset());
            assertEquals(40, TestLogs.all(logs.words()).size());
        }
        assertEquals(List.of(), files(path.resolve("words-0"), Segment.CLEANED));
    }

    @Test
    void aCompactionThatOutlivesItsLogLeavesItsNamesakeAlone() throws IOException {
        var config = new TestLogs.Config().segmentBytes(300);
        config.compaction = new LogConfig.CompactionRules(0, 0, Long.MAX_VALUE, 1_000, false);
        try (var logs = TestLogs.open(temp.resolve("live"), config)) {
            var old = logs.words();
            TestKeys.write(old, "a=1", "a=2", "a=3", "a=4", "a=5", "a=6", "a=7", "a=8", "a=9", "a=10");
            var work = Compaction.work(old, old.config(), logs.nowMs);
            var settings = new CleanerSettings(0, 1 << 20, 0.9, 1 << 16, Double.MAX_VALUE, 1);
            var cleaned = Segment.path(old.directory(), 0, Segment.LOG + Segment.CLEANED);
            var compaction = new Compaction(work, settings, bytes -> {
                try {
                    if (Files.exists(cleaned) && logs.words() == old) {
                        logs.logs.delete(List.of(TestLogs.WORDS));
                        logs.logs.create(TestLogs.expected(TestLogs.WORDS, config));
                        Files.createFile(cleaned);
                    }
                    return true;
                } catch (IOException failure) {
                    throw new UncheckedIOException(failure);
                }
            }, logs.nowMs);
            assertThrows(CancellationException.class, compaction::run);
            assertTrue(Files.exists(cleaned), "what the new log's own compaction writes stays");
            old.home().noteCompacted(old, 4711);
            assertEquals(-1, old.home().compactedOffset(TestLogs.WORDS));
        }
    }

    @Test
    void aCompactionEndsWhenItsTopicIsToBeCompactedNoMore() throws IOException {
        var config = new TestLogs.Config().segmentBytes(300);
        config.compaction = new LogConfig.CompactionRules(0, 0, Long.MAX_VALUE, 1_000, false);
        try (var logs = TestLogs.open(temp.resolve("live"), config)) {
            var log = logs.words();
            TestKeys.write(log, "a=1", "a=2", "a=3", "a=4", "a=5", "a=6", "a=7", "a=8", "a=9", "a=10");
            var before = TestLogs.all(log).size();
            var work = Compaction.work(log, log.config(), logs.nowMs);
            var settings = new CleanerSettings(0, 1 << 20, 0.9, 1 << 16, Double.MAX_VALUE, 1);
            var compaction = new Compaction(work, settings, bytes -> true, logs.nowMs);
            config.compaction = null;
            log.configure(config.build());
            assertThrows(CancellationException.class, compaction::run);
            assertEquals(before, TestLogs.all(log).size());
        }
    }

    @Test
    void aSegmentThatAPowerCutBringsBackHasItsAbortedTransactions() throws IOException {
        var config = new TestLogs.Config().segmentBytes(1_000);
        var live = temp.resolve("live");
        var cuts = new ArrayList<Path>();
        try (var logs = TestLogs.open(live, config)) {
            var log = logs.words();
            var part = TestBatch.of(1, TestLogs.NOW).producer(7, 0, 0).transactional().build();
            TestLogs.done(log.append(part, 0, true));
            TestLogs.done(log.appendMarker(7, (short) 0, new TransactionMarker(false, 1), 1));
            fill(log, 20);
            assertTrue(log.awaitForced(22));
            logs.nowMs += 10_000;
            logs.logs.tick(logs.nowMs);
            logs.disk.fault = (operation, file) -> {
                var base = log.directory().resolve("00000000000000000000.log.deleted");
                if (operation.equals("forceDirectory") && cuts.isEmpty() && Files.exists(base)) {
                    // Of the names that changed, that of the log is the one that did not come to the disk.
                    var cut = TestLogs.copy(live, temp.resolve("cut"));
                    var lost = cut.resolve(live.relativize(log.directory()));
                    Files.move(lost.resolve(base.getFileName()), Segment.path(lost, 0, Segment.LOG));
                    cuts.add(cut);
                }
            };
            config.retentionBytes = 1_500;
            log.configure(config.build());
            logs.nowMs += 10_000;
            logs.logs.tick(logs.nowMs);
            logs.disk.fault = (operation, file) -> { };
        }
        config.retentionBytes = -1;
        try (var logs = TestLogs.open(cuts.getFirst(), config)) {
            assertEquals(0, logs.words().startOffset());
            var read = (ReadResult.Data) logs.words().read(0, 10_000, true, true);
            read.region().close();
            assertEquals(1, read.aborted().size(), "the aborted records are told");
        }
    }

    @Test
    void aWrongStartOffsetDeletesNothing() throws IOException {
        var config = new TestLogs.Config().segmentBytes(1_000);
        var stopped = temp.resolve("stopped");
        var killed = temp.resolve("killed");
        try (var logs = TestLogs.open(stopped, config)) {
            fill(logs.words(), 40);
            logs.words().deleteRecordsBefore(4);
            assertTrue(logs.words().recoveryPoint() >= 4, "what is before the start is on the disk");
            TestLogs.copy(stopped, killed);
        }
        for (var path : List.of(stopped, killed)) {
            Files.writeString(path.resolve(Checkpoints.START_OFFSETS), "0\n1\nwords 0 9004\n");
            try (var logs = TestLogs.open(path, config)) {
                assertEquals(0, logs.words().startOffset());
                assertEquals(40, logs.words().endOffset());
                assertEquals(40, TestLogs.all(logs.words()).size());
            }
        }
    }

    @Test
    void aPartitionThatIsNotKnownDoesNotStopAStartOnAFullDisk() throws IOException {
        var config = new TestLogs.Config();
        var path = temp.resolve("live");
        var gone = TestLogs.expected(new TopicPartition("gone", 0), config);
        try (var logs = TestLogs.open(path, List.of(TestLogs.expected(TestLogs.WORDS, config), gone))) {
            fill(logs.words(), 3);
            fill(logs.logs.find("gone", 0), 3);
        }
        try (var logs = TestLogs.openFull(path, config)) {
            assertEquals(3, TestLogs.all(logs.words()).size());
            logs.disk.full = false;
        }
        assertFalse(Files.readString(path.resolve(Checkpoints.RECOVERY_POINTS)).contains("gone"));
    }
}
