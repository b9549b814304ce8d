package daybook.log;

import static daybook.log.TestKeys.batch;
import static daybook.log.TestKeys.batches;
import static daybook.log.TestKeys.header;
import static daybook.log.TestKeys.records;
import static daybook.log.TestKeys.shape;
import static daybook.log.TestKeys.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.record.BatchHeader;
import daybook.record.Codec;
import daybook.record.RecordBatch;
import daybook.wire.ErrorCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/** What stays of a log that is compacted, when that is done, and what it must not disturb. */
class CompactionTest {
    private static final long DAY_MS = 86_400_000L;
    private static final CleanerSettings SETTINGS =
            new CleanerSettings(0, 1 << 20, 0.9, 1 << 16, Double.MAX_VALUE, 1);

    @TempDir
    Path temp;

    /** Each batch has a segment of its own. */
    private static TestLogs.Config each() {
        return rules(new TestLogs.Config().segmentBytes(1), 0, 0, Long.MAX_VALUE);
    }

    private static TestLogs.Config rules(TestLogs.Config config, double ratio, long minLagMs, long maxLagMs) {
        config.compaction = new LogConfig.CompactionRules(ratio, minLagMs, maxLagMs, DAY_MS, false);
        return config;
    }

    private TestLogs open(TestLogs.Config config) throws IOException {
        var logs = TestLogs.quick(temp, config);
        logs.logs.compact(SETTINGS);
        return logs;
    }

    private static boolean compact(TestLogs logs) {
        return logs.logs.cleaner().compactDirtiest();
    }

    private static long compacted(PartitionLog log) {
        return log.home().compactedOffset(log.partition());
    }

    private List<String> names(String end) throws IOException {
        try (var files = Files.list(temp.resolve("words-0"))) {
            return files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(end)).sorted()
                    .toList();
        }
    }

    @Test
    void theNewestRecordOfEachKeyStays() throws IOException {
        try (var logs = open(each())) {
            write(logs.words(), "a=1 b=1", "a=2", "c=1 b=2", "a=3");
            assertTrue(compact(logs));
            assertEquals(List.of("2:a=2", "3:c=1", "4:b=2", "5:a=3"), records(logs.words()));
            assertEquals(List.of("2-2(1)", "3-4(2)", "5-5(1)"), shape(logs.words()));
            assertEquals(0, logs.words().startOffset());
            assertEquals("0\n1\nwords 0 5\n", Files.readString(temp.resolve("cleaner-offset-checkpoint")));
            assertFalse(compact(logs), "nothing new");
            assertEquals(List.of(), names(".cleaned"));
            assertEquals(List.of(), names(".swap"));
        }
        try (var logs = open(each())) {
            assertEquals(List.of("2:a=2", "3:c=1", "4:b=2", "5:a=3"), records(logs.words()));
            assertFalse(compact(logs), "the checkpoint is known");
            write(logs.words(), "b");
            assertTrue(compact(logs));
            assertEquals(List.of("3:c=1", "4:b=2", "5:a=3", "6:b"), records(logs.words()));
        }
    }

    @Test
    void batchesKeepWhatTheyAre() throws IOException {
        var config = each();
        try (var logs = open(config)) {
            logs.words().lead(3);
            var header = header(3).codec(Codec.GZIP).producer(7, (short) 2, 40);
            logs.words().appendOwn(batch(header, "a=1", "b=1", "c=1"));
            logs.words().appendOwn(batch(header(2).logAppendTime(TestLogs.NOW + 9), "a=2", "d=1"));
            var untouched = TestLogs.all(logs.words()).get(1);
            write(logs.words(), "x=1");
            assertTrue(compact(logs));
            var first = batches(logs.words()).getFirst();
            var expected = header.producer(7, (short) 2, 40);
            assertEquals(new BatchHeader(0, 2, 3, expected.attributes(), TestLogs.NOW + 1, TestLogs.NOW + 2, 7,
                    (short) 2, 40), BatchHeader.of(first));
            assertEquals(2, first.recordCount());
            assertEquals(42, first.lastSequence());
            assertTrue(first.checksumHolds());
            assertEquals(List.of("1:b=1", "2:c=1", "3:a=2", "4:d=1", "5:x=1"), records(logs.words()));
            assertTrue(java.util.Arrays.equals(untouched, TestLogs.all(logs.words()).get(1)));
        }
    }

    @Test
    void theLastBatchOfAProducerStaysThoughEmpty() throws IOException {
        var config = rules(new TestLogs.Config().segmentBytes(80), 0, 0, Long.MAX_VALUE);
        config.afterMaxMs = Long.MAX_VALUE;
        try (var logs = open(config)) {
            var log = logs.words();
            TestLogs.done(log.append(batch(header(1).producer(7, (short) 0, 0), "a=1")));
            TestLogs.done(log.append(batch(header(1).producer(7, (short) 0, 1), "a=2")));
            write(log, "a=3", "a=4", "x=1");
            assertTrue(compact(logs));
            assertEquals(List.of("1-1(0)", "3-3(1)", "4-4(1)"), shape(log));
            assertEquals(61, batches(log).getFirst().sizeBytes());
            var again = log.append(batch(header(1).producer(7, (short) 0, 1), "a=2"));
            assertTrue(TestLogs.done(again).duplicate());
        }
        try (var logs = open(config)) {
            var log = logs.words();
            var again = log.append(batch(header(1).producer(7, (short) 0, 1), "a=2"));
            assertTrue(TestLogs.done(again).duplicate(), "after a start, too");
            TestLogs.done(log.append(batch(header(1).producer(7, (short) 0, 2), "a=5")));
            write(log, "x=2");
            assertTrue(compact(logs));
            assertEquals(List.of("4-4(1)", "5-5(1)", "6-6(1)"), shape(log), "it has another last one");
        }
    }

    @Test
    void theLastBatchThatIsCompactedTellsWhereTheLogWas() throws IOException {
        try (var logs = open(each())) {
            write(logs.words(), "a=1", "=without-key", "x=1");
            assertTrue(compact(logs));
            assertEquals(List.of("0-0(1)", "1-1(0)", "2-2(1)"), shape(logs.words()));
            write(logs.words(), "a=2", "x=2");
            assertTrue(compact(logs));
            assertEquals(List.of("2-2(1)", "3-3(1)", "4-4(1)"), shape(logs.words()));
            assertEquals(new PartitionLog.Found(2, TestLogs.NOW, 0), logs.words().offsetForTime(TestLogs.NOW));
        }
    }

    @Test
    void aTombstoneStaysForItsTime() throws IOException {
        try (var logs = open(each())) {
            write(logs.words(), "a=1 b=1", "a b=2", "x=1");
            logs.nowMs += 1_000;
            assertTrue(compact(logs));
            assertEquals(List.of("2:a", "3:b=2", "4:x=1"), records(logs.words()));
            var tombstone = batches(logs.words()).getFirst();
            assertTrue(tombstone.hasDeleteHorizon());
            assertEquals(TestLogs.NOW + 1_000 + DAY_MS, tombstone.baseTimestamp());
            assertEquals(TestLogs.NOW, tombstone.records(100).iterator().next().timestampMs());
            logs.nowMs += DAY_MS - 1;
            write(logs.words(), "x=2");
            assertTrue(compact(logs));
            assertEquals(TestLogs.NOW + 1_000 + DAY_MS, batches(logs.words()).getFirst().baseTimestamp());
            logs.nowMs += 1;
            write(logs.words(), "x=3");
            assertTrue(compact(logs));
            assertEquals(List.of("3:b=2", "5:x=2", "6:x=3"), records(logs.words()));
            write(logs.words(), "b=3", "x=4");
            assertTrue(compact(logs));
            assertEquals(List.of("6:x=3", "7:b=3", "8:x=4"), records(logs.words()));
        }
    }

    @Test
    void smallSegmentsAreOneAfterwards() throws IOException {
        var config = each();
        try (var logs = open(config)) {
            for (int i = 0; i < 20; i++) {
                write(logs.words(), "k" + i % 4 + "=" + i);
            }
            logs.words().configure(config.segmentBytes(1_000).build());
            assertTrue(compact(logs));
            assertEquals(List.of("15:k3=15", "16:k0=16", "17:k1=17", "18:k2=18", "19:k3=19"),
                    records(logs.words()));
            assertEquals(3, names(".log").size());
            assertEquals("00000000000000000000.log", names(".log").getFirst());
            write(logs.words(), "k0=20");
            logs.words().configure(config.segmentBytes(1 << 20).build());
            assertEquals(20, logs.words().endOffset() - 1);
        }
    }

    @Test
    void theDirtiestLogIsFirst() throws IOException {
        var other = new TopicPartition("other", 0);
        var config = rules(new TestLogs.Config().segmentBytes(1), 0.5, 0, Long.MAX_VALUE);
        var expected = List.of(TestLogs.expected(TestLogs.WORDS, config), TestLogs.expected(other, config));
        try (var logs = TestLogs.open(temp, expected)) {
            logs.logs.compact(SETTINGS);
            var words = logs.words();
            var others = logs.logs.find("other", 0);
            write(words, "a=1", "b=1", "c=1", "d=1", "x=1");
            assertTrue(compact(logs));
            write(words, "e=1", "f=1", "g=1", "x=1");
            assertFalse(compact(logs), "4 of 8");
            write(words, "x=1");
            write(others, "a=1", "a=2", "x=1");
            assertTrue(compact(logs));
            assertEquals(2, compacted(others));
            assertEquals(4, compacted(words));
            assertTrue(compact(logs));
            assertEquals(9, compacted(words));
        }
    }

    @Test
    void youngRecordsWait() throws IOException {
        try (var logs = open(rules(new TestLogs.Config().segmentBytes(1), 0, 10_000, Long.MAX_VALUE))) {
            write(logs.words(), "a=1", "a=2", "x=1");
            assertFalse(compact(logs));
            logs.nowMs += 10_000;
            assertTrue(compact(logs));
            assertEquals(List.of("1:a=2", "2:x=1"), records(logs.words()));
        }
    }

    @Test
    void oldRecordsDoNotWait() throws IOException {
        var config = rules(new TestLogs.Config(), 1, 0, 10_000);
        try (var logs = open(config)) {
            write(logs.words(), "a=1", "a=2");
            logs.nowMs += 10_001;
            assertFalse(compact(logs), "the last segment is never compacted");
            TestLogs.done(logs.words().appendOwn(
                    batch(BatchHeader.plain(1, logs.nowMs).maxTimestamp(logs.nowMs), "x=1")));
            assertEquals(1, names(".log").size(), "the batch is not older than the first one");
            TestLogs.done(logs.words().appendOwn(TestBatch.at(logs.nowMs).build()));
            assertEquals(2, names(".log").size());
            assertTrue(compact(logs), "whatever the ratio");
            assertEquals(List.of("1:a=2", "2:x=1"), records(logs.words()).subList(0, 2));
        }
    }

    @Test
    void whereNotAllKeysFitTheRestComesNext() throws IOException {
        try (var logs = open(each())) {
            logs.logs.compact(new CleanerSettings(0, 5 * KeyMap.SLOT_BYTES, 0.9, 1 << 16, Double.MAX_VALUE, 1));
            for (int i = 0; i < 20; i++) {
                write(logs.words(), "k" + i % 10 + "=" + i + " k" + (i + 5) % 10 + "=" + i);
            }
            write(logs.words(), "x=1");
            int rounds = 0;
            while (compact(logs)) {
                rounds++;
                assertTrue(compacted(logs.words()) >= rounds, "each goes on");
            }
            assertTrue(rounds > 5, rounds + " rounds");
            assertEquals(40, compacted(logs.words()));
            var expected = new ArrayList<String>();
            IntStream.range(15, 20).forEach(i -> {
                expected.add(2 * i + ":k" + i % 10 + "=" + i);
                expected.add(2 * i + 1 + ":k" + (i + 5) % 10 + "=" + i);
            });
            expected.add("40:x=1");
            assertEquals(expected, records(logs.words()));
        }
    }

    @Test
    void mapsOfKeysLeaveMostOfTheHeap() {
        long heapBytes = Runtime.getRuntime().maxMemory();
        var settings = new CleanerSettings(2, Long.MAX_VALUE, 0.9, 1 << 16, Double.MAX_VALUE, 1);
        assertEquals(heapBytes / 8, settings.oneKeyMapBytes());
    }

    @Test
    void recordsWithoutAKeyAreRefused() throws IOException {
        var config = each().segmentBytes(1 << 20);
        try (var logs = open(config)) {
            var refused = TestLogs.refused(logs.words().append(batch("a=1", "=1", "b=1", "=2", "=3", "=4")));
            assertEquals(ErrorCode.INVALID_RECORD, refused.error());
            assertEquals(List.of(1, 3, 4, 5), refused.recordErrors().stream().map(Appended.RecordError::index)
                    .toList());
            var first = "Compacted topic cannot accept message without key in topic partition words-0";
            assertEquals(first, refused.recordErrors().getFirst().message());
            assertEquals("One or more records have been rejected due to 4 record errors in total, and only showing"
                    + " the first three errors at most: [RecordError(batchIndex=1, message='" + first
                    + "'), RecordError(batchIndex=3, message='" + first + "'), RecordError(batchIndex=4, message='"
                    + first + "')]", refused.message());
            TestLogs.refused(logs.words().append(TestKeys.gzip("=1")));
            assertEquals(0, logs.words().endOffset());
            TestLogs.done(logs.words().append(TestKeys.gzip("a=1", "b")));
            config.compaction = null;
            logs.words().configure(config.build());
            TestLogs.done(logs.words().append(TestKeys.gzip("=1")));
        }
    }

    @Test
    void recordsAreDeletedByCompactionAlone() throws IOException {
        var config = each();
        try (var logs = open(config)) {
            write(logs.words(), "a=1", "a=2", "a=3");
            assertInstanceOf(Deleted.OnlyCompacted.class, logs.words().deleteRecordsBefore(1));
            config.compaction = new LogConfig.CompactionRules(0, 0, Long.MAX_VALUE, DAY_MS, true);
            config.retentionMs = 10_000;
            logs.words().configure(config.build());
            assertInstanceOf(Deleted.Done.class, logs.words().deleteRecordsBefore(1));
            assertTrue(compact(logs));
            assertEquals(List.of("1:a=2", "2:a=3"), records(logs.words()));
            logs.nowMs += 20_000;
            logs.logs.tick(logs.nowMs);
            assertEquals(3, logs.words().startOffset(), "retention goes on");
        }
    }

    @Test
    void aDamagedLogIsLeftAloneAndTheOthersGoOn() throws IOException {
        var other = new TopicPartition("other", 0);
        var expected = List.of(TestLogs.expected(TestLogs.WORDS, each()), TestLogs.expected(other, each()));
        try (var logs = TestLogs.open(temp, expected)) {
            logs.logs.compact(SETTINGS);
            write(logs.words(), "a=1", "b=1", "a=2", "x=1");
            write(logs.logs.find("other", 0), "a=1", "a=2", "x=1");
            var file = temp.resolve("words-0/00000000000000000001.log");
            var bytes = Files.readAllBytes(file);
            bytes[bytes.length - 2] ^= 1;
            Files.write(file, bytes);
            assertTrue(compact(logs));
            assertTrue(compact(logs));
            assertFalse(compact(logs), "it is not tried again");
            assertEquals(2, compacted(logs.logs.find("other", 0)));
            assertEquals(4, TestLogs.all(logs.words()).size(), "nothing of it changed");
            assertEquals(List.of(), names(".cleaned"));
            assertTrue(logs.words().append(batch("a=9")) instanceof Appended.Refused refused
                    && refused.error() == ErrorCode.RECORD_LIST_TOO_LARGE, "only its segments are too small");
        }
    }

    @Test
    void whatReplacesIsForcedFirst() throws IOException {
        try (var logs = open(each())) {
            write(logs.words(), "a=1", "a=2", "x=1");
            logs.disk.failForces = true;
            assertFalse(compact(logs));
            assertEquals(3, names(".log").size(), "nothing was replaced");
            assertFalse(compact(logs), "a log that refuses writes is not compacted");
        }
    }

    @Test
    void aLogThatGoesEndsItsCompaction() throws IOException {
        for (int stop = 1; stop < 8; stop++) {
            var at = Files.createDirectory(temp.resolve("at-" + stop));
            var taken = new AtomicInteger();
            int last = stop;
            try (var logs = TestLogs.quick(at, each())) {
                var log = logs.words();
                write(log, "a=1", "a=2", "b=1", "x=1");
                var work = Compaction.work(log, log.config(), logs.nowMs);
                var compaction = new Compaction(work, SETTINGS, bytes -> {
                    if (taken.incrementAndGet() == last) {
                        logs.logs.delete(List.of(TestLogs.WORDS));
                    }
                    return true;
                }, logs.nowMs);
                assertThrows(CancellationException.class, compaction::run, "stopped at " + stop);
                assertNull(logs.words());
            }
        }
    }

    @Test
    void segmentsThatAreDeletedMeanwhileStayDeleted() throws IOException {
        var config = each();
        config.compaction = new LogConfig.CompactionRules(0, 0, Long.MAX_VALUE, DAY_MS, true);
        try (var logs = open(config)) {
            var log = logs.words();
            write(log, "a=1", "a=2", "b=1", "x=1");
            var work = Compaction.work(log, log.config(), logs.nowMs);
            var taken = new AtomicInteger();
            var compaction = new Compaction(work, SETTINGS, bytes -> {
                if (taken.incrementAndGet() == 4) {
                    log.deleteRecordsBefore(2);
                }
                return true;
            }, logs.nowMs);
            assertThrows(CancellationException.class, compaction::run);
            assertEquals(2, log.startOffset());
            assertEquals(List.of("2:b=1", "3:x=1"), records(log));
            assertEquals(List.of(), names(".cleaned"));
            assertTrue(compact(logs));
            assertEquals(List.of("2:b=1", "3:x=1"), records(log));
        }
    }

    /** A reader opens an index by its name, which is another one's by then: it reads what its own holds. */
    @Test
    void anIndexWhoseNameGoesWhileItIsMappedIsRead() throws IOException {
        var file = temp.resolve("0.index");
        var reopened = new SparseIndex[1];
        var disk = new Disk() {
            private boolean replaces;

            @Override
            public FileChannel openToRead(Path path) throws IOException {
                if (replaces) {
                    replaces = false;
                    reopened[0].hold();
                    Files.move(path, temp.resolve("0.index.deleted"));
                    writeIndex(this, path, 100);
                }
                return super.openToRead(path);
            }
        };
        writeIndex(disk, file, 1);
        reopened[0] = new SparseIndex(disk, file, Integer.BYTES);
        disk.replaces = true;
        assertEquals(21, reopened[0].value(1), "the reader that mapped it");
        assertEquals(21, reopened[0].value(1), "the next one");
        assertEquals(120, new SparseIndex(disk, file, Integer.BYTES).value(1));
    }

    private static void writeIndex(Disk disk, Path file, int more) throws IOException {
        var index = new SparseIndex(disk, file, Integer.BYTES);
        index.gather(100);
        index.append(10, 10 + more);
        index.append(20, 20 + more);
        index.seal(false);
    }

    @Test
    void threadsCompactAsFastAsTheyMay() throws IOException {
        try (var logs = open(each())) {
            var value = "v".repeat(10_000);
            for (int i = 0; i < 10; i++) {
                write(logs.words(), "a=" + value);
            }
            long began = System.nanoTime();
            logs.logs.compact(new CleanerSettings(2, 1 << 20, 0.9, 1 << 16, 1_000_000, 5));
            long deadline = began + 20_000_000_000L;
            while (compacted(logs.words()) < 9 && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
            assertEquals(List.of(8L, 9L), batches(logs.words()).stream().map(RecordBatch::baseOffset).toList());
            // 90 KB are read twice, 10 KB are written, at 1 MB a second.
            long tookMs = (System.nanoTime() - began) / 1_000_000;
            assertTrue(tookMs >= 150, tookMs + " ms");
            logs.logs.compact(new CleanerSettings(1, 2 << 20, 0.9, 1 << 16, Double.MAX_VALUE, 5));
            write(logs.words(), "a=2", "x=1");
            while (compacted(logs.words()) < 11 && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
            assertEquals(List.of("10:a=2", "11:x=1"), records(logs.words()));
        }
    }
}
