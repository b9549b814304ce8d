package daybook.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What goes, when it goes, and that nobody who reads it notices. */
class RetentionTest {
    @TempDir
    Path temp;

    private List<String> names(String suffix) throws IOException {
        try (var files = Files.list(temp.resolve("words-0"))) {
            return files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(suffix))
                    .sorted().toList();
        }
    }

    /** Ten batches of ten records; two batches a segment. */
    private static TestLogs.Config twoBatchesEach() {
        int batch = TestBatch.of(10, TestLogs.NOW).build().remaining();
        return new TestLogs.Config().segmentBytes(2 * batch + 10);
    }

    private static void fill(TestLogs logs, long stepMs) {
        for (int i = 0; i < 10; i++) {
            TestLogs.done(logs.words().append(TestBatch.of(10, TestLogs.NOW + i * stepMs).build()));
        }
    }

    private static void turn(TestLogs logs, long ms) {
        logs.nowMs += ms;
        logs.logs.tick(logs.nowMs);
    }

    @Test
    void oldSegmentsGo() throws IOException {
        var config = twoBatchesEach();
        config.retentionMs = 100_000;
        try (var logs = TestLogs.open(temp, config)) {
            fill(logs, 1_000);
            turn(logs, 101_000);
            assertEquals(0, logs.words().startOffset(), "the first segment's newest record is not too old");
            turn(logs, 1_000);
            assertEquals(20, logs.words().startOffset());
            assertEquals(List.of("00000000000000000000.log.deleted"), names(".log.deleted"));
            assertInstanceOf(ReadResult.OutOfRange.class, logs.words().read(19, 100, true, false));
            config.retentionMs = -1;
            logs.words().configure(config.build());
            turn(logs, 59_999);
            assertEquals(3, names(".deleted").size());
            turn(logs, 1);
            assertEquals(List.of(), names(".deleted"), "after file.delete.delay.ms");
        }
        try (var logs = TestLogs.open(temp, config)) {
            assertEquals(100, logs.words().endOffset());
        }
    }

    @Test
    void whenAllIsTooOldTheLogGoesOnEmpty() throws IOException {
        var config = twoBatchesEach();
        config.retentionMs = 1_000;
        try (var logs = TestLogs.open(temp, config)) {
            fill(logs, 0);
            turn(logs, 2_000);
            assertEquals(100, logs.words().startOffset());
            assertEquals(0, logs.words().sizeBytes());
            turn(logs, 100_000);
            turn(logs, 100_000);
            assertEquals(List.of("00000000000000000100.log"), names(".log"), "an empty segment stays");
            var appended = logs.words().append(TestBatch.of(1, logs.nowMs).build());
            assertEquals(100, TestLogs.done(appended).baseOffset());
        }
        try (var logs = TestLogs.open(temp, config)) {
            assertEquals(100, logs.words().startOffset());
            assertEquals(101, logs.words().endOffset());
        }
    }

    @Test
    void segmentsAboveTheSizeGo() throws IOException {
        var config = twoBatchesEach();
        int segment = 2 * TestBatch.of(10, TestLogs.NOW).build().remaining();
        config.retentionBytes = 3 * segment + 1;
        try (var logs = TestLogs.open(temp, config)) {
            fill(logs, 0);
            turn(logs, 2_000);
            assertEquals(20, logs.words().startOffset(), "what is left is not less than is to be kept");
            config.retentionBytes = 3 * segment;
            logs.words().configure(config.build());
            turn(logs, 2_000);
            assertEquals(40, logs.words().startOffset());
            assertEquals(3 * segment, logs.words().sizeBytes());
        }
    }

    @Test
    void recordsWithoutATimeAgeByTheFile() throws IOException {
        var config = twoBatchesEach();
        config.retentionMs = 3_600_000;
        try (var logs = TestLogs.open(temp, config)) {
            logs.nowMs = System.currentTimeMillis();
            logs.words().append(TestBatch.at(-1).build());
            turn(logs, 3_500_000);
            assertEquals(0, logs.words().startOffset());
            turn(logs, 200_000);
            assertEquals(1, logs.words().startOffset());
        }
    }

    @Test
    void deleteRecords() throws IOException {
        var config = twoBatchesEach();
        try (var logs = TestLogs.open(temp, config)) {
            var log = logs.words();
            fill(logs, 0);
            assertInstanceOf(Deleted.OutOfRange.class, log.deleteRecordsBefore(101));
            assertInstanceOf(Deleted.OutOfRange.class, log.deleteRecordsBefore(-2));
            assertEquals(new Deleted.Done(35), log.deleteRecordsBefore(35));
            assertEquals("0\n1\nwords 0 35\n", Files.readString(temp.resolve(Checkpoints.START_OFFSETS)),
                    "on the disk before the answer");
            assertEquals(List.of("00000000000000000000.log.deleted"), names(".log.deleted"));
            assertEquals(new Deleted.Done(35), log.deleteRecordsBefore(10), "never back");
            assertInstanceOf(ReadResult.OutOfRange.class, log.read(34, 100, true, false));
            assertEquals(30, TestLogs.batches(TestLogs.read(log, 35, 1)).getFirst().baseOffset());
        }
        var killed = TestLogs.copy(temp, temp.resolveSibling(temp.getFileName() + "-killed"));
        Files.deleteIfExists(killed.resolve(Directory.CLEAN_MARK));
        try (var logs = TestLogs.open(killed, config)) {
            assertEquals(35, logs.words().startOffset());
            assertEquals(new Deleted.Done(100), logs.words().deleteRecordsBefore(-1));
            assertEquals(100, logs.words().startOffset());
            assertEquals(0, TestLogs.all(logs.words()).size());
        }
        try (var logs = TestLogs.open(killed, config)) {
            assertEquals(100, logs.words().startOffset());
            assertEquals(100, logs.words().endOffset());
        }
    }

    @Test
    void deletingRecordsLeavesWhatIsTooOldToRetention() throws IOException {
        try (var logs = TestLogs.open(temp, twoBatchesEach())) {
            fill(logs, 0);
            logs.nowMs += 1_000L * 86_400_000;
            assertEquals(new Deleted.Done(1), logs.words().deleteRecordsBefore(1));
        }
    }

    @Test
    void aReaderKeepsItsSegment() throws IOException {
        var config = twoBatchesEach();
        try (var logs = TestLogs.open(temp, config)) {
            fill(logs, 0);
            var expected = TestLogs.read(logs.words(), 0, 1_000_000);
            var data = assertInstanceOf(ReadResult.Data.class, logs.words().read(0, 1_000_000, true, false));
            logs.disk.closes.set(0);
            logs.words().deleteRecordsBefore(20);
            turn(logs, 100_000);
            assertEquals(List.of(), names(".deleted"), "the file has no name any more");
            assertEquals(0, logs.disk.closes.get());
            assertArrayEquals(expected, TestLogs.bytes(data.region()));
            assertEquals(1, logs.disk.closes.get(), "closed with the last lease");
            data.region().close();
            assertEquals(1, logs.disk.closes.get());
        }
    }

    @Test
    void aReaderKeepsADeletedPartition() throws IOException {
        try (var logs = TestLogs.open(temp, twoBatchesEach())) {
            var log = logs.words();
            fill(logs, 0);
            var expected = TestLogs.read(log, 80, 1_000_000);
            var data = assertInstanceOf(ReadResult.Data.class, log.read(80, 1_000_000, true, false));
            logs.logs.delete(List.of(TestLogs.WORDS));
            assertFalse(Files.exists(temp.resolve("words-0")));
            assertInstanceOf(Appended.Refused.class, log.append(TestBatch.of(1, 1).build()));
            turn(logs, 59_000);
            try (var files = Files.list(temp)) {
                assertTrue(files.anyMatch(file -> file.getFileName().toString()
                        .matches("words-0\\.[0-9a-f]{32}-delete")));
            }
            turn(logs, 1_000);
            try (var files = Files.list(temp)) {
                assertFalse(files.anyMatch(file -> file.toString().endsWith("-delete")));
            }
            assertArrayEquals(expected, TestLogs.bytes(data.region()));
        }
    }

    /** A disk on which nothing new can be written, but for what is written to files that are there. */
    private static void fill(TestLogs logs, String operation, String suffix) {
        logs.disk.fault = (at, file) -> {
            if (at.equals(operation) && file.toString().endsWith(suffix)) {
                throw new IOException("No space left on device");
            }
        };
    }

    @Test
    void aFullDiskIsFreed() throws IOException {
        var config = twoBatchesEach();
        config.retentionMs = 1_000;
        try (var logs = TestLogs.open(temp, config)) {
            fill(logs, 0);
            fill(logs, "replace", ".snapshot");
            turn(logs, 2_000);
            assertEquals(100, logs.words().startOffset());
            assertEquals(0, logs.words().sizeBytes());
            fill(logs, 0);
            assertEquals(200, logs.words().endOffset(), "rolled without snapshots");
        }
        try (var logs = TestLogs.open(temp, config)) {
            assertTrue(logs.logs.cleanStart());
            assertEquals(200, logs.words().endOffset());
        }
    }

    @Test
    void whereTheLastSegmentCannotBeRolledTheOthersGo() throws IOException {
        for (var missing : List.of("200.log", "200.timeindex")) {
            var path = temp.resolve(missing);
            var config = twoBatchesEach().segmentBytes(1_000_000);
            try (var logs = TestLogs.open(path, config)) {
                fill(logs, 0);
                config.segmentBytes(TestBatch.of(10, TestLogs.NOW).build().remaining());
                logs.words().configure(config.build());
                fill(logs, 0);
                config.segmentBytes(1_000_000);
                config.retentionMs = 1_000;
                logs.words().configure(config.build());
                boolean[] failed = {false};
                logs.disk.fault = (at, file) -> {
                    if (at.equals("open") && file.toString().endsWith(missing)) {
                        failed[0] = true;
                        throw new IOException("No space left on device");
                    }
                };
                turn(logs, 2_000);
                assertTrue(failed[0]);
                assertEquals(190, logs.words().startOffset(), missing);
                logs.disk.fault = (at, file) -> { };
                fill(logs, 0);
                assertEquals(300, logs.words().endOffset());
            }
            Files.delete(path.resolve(Directory.CLEAN_MARK));
            try (var logs = TestLogs.open(path, config)) {
                assertEquals(190, logs.words().startOffset());
                assertEquals(300, logs.words().endOffset());
                assertEquals(11, TestLogs.all(logs.words()).size());
            }
        }
    }

    @Test
    void recordsAreDeletedOnlyWhereThatCanBeWritten() throws IOException {
        try (var logs = TestLogs.open(temp, twoBatchesEach())) {
            fill(logs, 0);
            fill(logs, "replace", Checkpoints.START_OFFSETS);
            assertInstanceOf(Deleted.Failed.class, logs.words().deleteRecordsBefore(35));
            assertEquals(0, logs.words().startOffset());
            assertEquals(10, TestLogs.all(logs.words()).size());
            fill(logs, "none", "");
            assertEquals(new Deleted.Done(35), logs.words().deleteRecordsBefore(35));
        }
    }

    @Test
    void theBackgroundOutlivesAnError() throws IOException {
        var config = twoBatchesEach();
        config.retentionMs = 1_000;
        var other = TestLogs.expected(new TopicPartition("other", 0), config);
        try (var logs = TestLogs.open(temp, List.of(TestLogs.expected(TestLogs.WORDS, config), other))) {
            fill(logs, 0);
            var log = logs.logs.find("other", 0);
            TestLogs.done(log.append(TestBatch.of(10, TestLogs.NOW).build()));
            for (var name : List.of("words-0", "other-0")) {
                logs.disk.fault = (at, file) -> {
                    if (at.equals("rename") && file.getParent().endsWith(name)) {
                        throw new InternalError("a test's");
                    }
                };
                turn(logs, 2_000);
            }
            assertEquals(100, logs.words().startOffset());
            assertEquals(10, log.startOffset());
            assertTrue(Files.readString(temp.resolve(Checkpoints.RECOVERY_POINTS)).contains("words 0 100"));
        }
    }
}
