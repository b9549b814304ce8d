package daybook.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.record.RecordBatch;
import daybook.wire.ErrorCode;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** What a start makes of what the last process left behind. */
class RecoveryTest {
    private static final long SEED = Long.getLong("seed", System.nanoTime());

    /** Where the bytes of a batch begin that its checksum covers. */
    private static final int CHECKED_FROM = 21;

    @TempDir
    Path temp;

    /** Batches of a log, and where each one ends, as segment and position. */
    private record Filled(Path path, List<byte[]> batches, List<Path> files, List<Long> ends) { }

    private Filled fill(String name, TestLogs.Config config, int count, int forcedAt, boolean close,
            Random random) throws IOException {
        var path = temp.resolve(name + "-live");
        var logs = TestLogs.open(path, config);
        var log = logs.words();
        var files = new ArrayList<Path>();
        var ends = new ArrayList<Long>();
        for (int i = 0; i < count; i++) {
            TestLogs.done(log.append(TestBatch.of(1 + random.nextInt(3), TestLogs.NOW + i)
                    .valueBytes(random.nextInt(300)).seed(i).producer(4, 0, log.endOffset() == 0 ? 0
                    : (int) log.endOffset()).build()));
            var file = newestLog(path.resolve("words-0"));
            files.add(path.relativize(file));
            ends.add(i > 0 && files.get(i - 1).equals(files.get(i)) ? -1L : 0L);
            if (i == forcedAt) {
                assertTrue(log.awaitForced(log.endOffset()));
                logs.nowMs += 10_000;
                logs.logs.tick(logs.nowMs);
            }
        }
        var batches = TestLogs.all(log);
        for (int i = 0; i < count; i++) {
            ends.set(i, (ends.get(i) == 0 ? 0 : ends.get(i - 1)) + batches.get(i).length);
        }
        if (close) {
            logs.close();
        }
        var copied = TestLogs.copy(path, temp.resolve(name));
        logs.close();
        return new Filled(copied, batches, files, ends);
    }

    private static Path newestLog(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".log")).max(Path::compareTo).orElseThrow();
        }
    }

    @Test
    void tornTailsAreCutAtTheLastWholeBatch() throws IOException {
        var random = new Random(SEED);
        for (int round = 0; round < 25; round++) {
            var what = "seed " + SEED + ", round " + round;
            var config = new TestLogs.Config().segmentBytes(3_000 + random.nextInt(10_000));
            config.intervalBytes = random.nextInt(2_000);
            int count = 1 + random.nextInt(60);
            var filled = fill("torn" + round, config, count, -1, false, random);
            int hit = random.nextInt(count);
            var file = filled.path.resolve(filled.files.get(hit));
            long end = filled.ends.get(hit);
            long begin = end - filled.batches.get(hit).length;
            try (var open = new RandomAccessFile(file.toFile(), "rw")) {
                long at = begin + random.nextLong(end - begin);
                switch (random.nextInt(4)) {
                    case 0 -> open.setLength(at);
                    case 1 -> {
                        long length = open.length();
                        open.setLength(begin);
                        open.setLength(length);
                    }
                    case 2 -> {
                        at = begin + CHECKED_FROM + random.nextLong(end - begin - CHECKED_FROM);
                        open.seek(at);
                        int old = open.read();
                        open.seek(at);
                        open.write(old ^ (1 << random.nextInt(8)));
                    }
                    default -> {
                        var garbage = new byte[(int) (open.length() - at)];
                        random.nextBytes(garbage);
                        open.seek(Math.max(at, begin + 17));
                        open.write(garbage);
                    }
                }
            }
            try (var logs = TestLogs.open(filled.path, config)) {
                var log = logs.words();
                var read = TestLogs.all(log);
                assertEquals(hit, read.size(), what);
                for (int i = 0; i < hit; i++) {
                    assertArrayEquals(filled.batches.get(i), read.get(i), what);
                }
                long next = log.endOffset();
                var appended = log.append(TestBatch.of(1, 1).producer(4, 0, (int) next).build());
                assertEquals(next, TestLogs.done(appended).baseOffset(), what + ": producers as of the end");
                assertEquals(hit + 1, TestLogs.all(log).size(), what);
            }
        }
    }

    @Test
    void damageBelowTheRecoveryPointIsFencedNotCut() throws IOException {
        var random = new Random(SEED);
        var config = new TestLogs.Config().segmentBytes(4_000);
        var filled = fill("fenced", config, 50, 40, false, random);
        int hit = 38;
        var file = filled.path.resolve(filled.files.get(hit));
        long size = Files.size(file);
        flip(file, filled.ends.get(hit) - 1);
        for (int start = 0; start < 2; start++) {
            try (var logs = TestLogs.open(filled.path, config)) {
                var log = logs.words();
                var read = TestLogs.all(log);
                boolean checked = read.size() == hit;
                assertTrue(checked || read.size() == 50, "seed " + SEED + ": older segments are trusted");
                if (checked) {
                    var refused = TestLogs.refused(log.append(TestBatch.of(1, 1).build()));
                    assertEquals(ErrorCode.KAFKA_STORAGE_ERROR, refused.error());
                    assertInstanceOf(ReadResult.OutOfRange.class,
                            log.read(log.endOffset() + 1, 100, true, false));
                }
            }
            assertEquals(size, Files.size(file), "nothing is cut");
        }
    }

    @Test
    void damageIsFoundAgainAtTheNextStart() throws IOException {
        var config = new TestLogs.Config();
        var filled = fill("again", config, 20, 19, false, new Random(1));
        flip(filled.path.resolve(filled.files.getFirst()), filled.ends.get(7) - 1);
        for (int start = 0; start < 3; start++) {
            try (var logs = TestLogs.open(filled.path, config)) {
                assertEquals(7, TestLogs.all(logs.words()).size());
                assertEquals(ErrorCode.KAFKA_STORAGE_ERROR,
                        TestLogs.refused(logs.words().append(TestBatch.of(1, 1).build())).error());
                assertFalse(logs.logs.cleanStart());
            }
        }
    }

    @Test
    void aMissingSegmentIsFencedNotSkipped() throws IOException {
        var config = new TestLogs.Config().segmentBytes(2_000);
        for (boolean close : new boolean[] {false, true}) {
            var filled = fill("missing" + close, config, 60, 55, close, new Random(1));
            var files = filled.files.stream().distinct().toList();
            var missing = files.get(files.size() / 2);
            int before = filled.files.indexOf(missing);
            Files.delete(filled.path.resolve(missing));
            try (var logs = TestLogs.open(filled.path, config)) {
                var log = logs.words();
                long end = filled.batches.subList(0, before).stream()
                        .mapToLong(bytes -> new RecordBatch(ByteBuffer.wrap(bytes), 0).recordCount()).sum();
                if (close) {
                    assertInstanceOf(ReadResult.Failed.class, log.read(end, 100, true, false));
                } else {
                    assertEquals(end, log.endOffset());
                    assertEquals(before, TestLogs.all(log).size());
                    TestLogs.refused(log.append(TestBatch.of(1, 1).build()));
                }
            }
            assertEquals(files.size() - 1, files.stream().filter(file ->
                    Files.exists(filled.path.resolve(file))).count(), "nothing else is deleted");
        }
    }

    @Test
    void damageIsToldByFilePositionExpectedAndFound() throws IOException {
        var config = new TestLogs.Config();
        var filled = fill("told", config, 20, 19, false, new Random(1));
        var file = filled.path.resolve(filled.files.getFirst());
        long end = filled.ends.get(7);
        long begin = filled.ends.get(6);
        flip(file, end - 1);
        assertTold(file, "byte " + begin + ": expected checksum ");
        flip(file, end - 1);
        flip(file, begin + RecordBatch.MAGIC_AT);
        assertTold(file, "byte " + begin + ": expected magic 2, found ");
        try (var open = new RandomAccessFile(file.toFile(), "rw")) {
            open.setLength(begin + 10);
        }
        assertTold(file, "byte " + begin + ": expected a batch of 61 bytes or more, found 10");
    }

    private static void assertTold(Path file, String what) throws IOException {
        var disk = new TestDisk();
        var recovery = new Recovery(disk, file.getParent(), new TestLogs.Config().build(), 0, 1_000, true, 1);
        var flaw = recovery.open(false).flaw();
        assertTrue(flaw != null && flaw.startsWith(file.toString()) && flaw.contains(what), flaw);
    }

    @Test
    void aLogShorterThanItsRecoveryPointIsFenced() throws IOException {
        var config = new TestLogs.Config();
        var filled = fill("short", config, 20, 19, false, new Random(1));
        try (var open = new RandomAccessFile(filled.path.resolve(filled.files.getFirst()).toFile(), "rw")) {
            open.setLength(filled.ends.get(9));
        }
        try (var logs = TestLogs.open(filled.path, config)) {
            assertEquals(10, TestLogs.all(logs.words()).size());
            TestLogs.refused(logs.words().append(TestBatch.of(1, 1).build()));
        }
    }

    @Test
    void derivedFilesAreMadeAnew() throws IOException {
        var config = new TestLogs.Config().segmentBytes(3_000);
        config.intervalBytes = 300;
        for (boolean close : new boolean[] {true, false}) {
            var filled = fill("derived" + close, config, 60, 30, close, new Random(2));
            var directory = filled.path.resolve("words-0");
            var before = contents(directory);
            var random = new Random(SEED);
            for (var file : before.keySet()) {
                switch (random.nextInt(4)) {
                    case 0 -> Files.delete(directory.resolve(file));
                    case 1 -> Files.write(directory.resolve(file), new byte[random.nextInt(100)]);
                    case 2 -> Files.write(directory.resolve(file), garbage(random, 1 + random.nextInt(100)));
                    default -> { }
                }
            }
            for (var file : List.of(Checkpoints.START_OFFSETS, Checkpoints.HIGH_WATERMARKS)) {
                Files.write(filled.path.resolve(file), garbage(random, 30));
            }
            try (var logs = TestLogs.open(filled.path, config)) {
                var log = logs.words();
                assertEquals(60, TestLogs.all(log).size(), "seed " + SEED);
                for (int i = 0; i < 60; i++) {
                    var batch = TestLogs.batches(filled.batches.get(i)).getFirst();
                    var found = log.offsetForTime(TestLogs.NOW + i);
                    assertEquals(batch.baseOffset(), found.offset(), "seed " + SEED + ", time " + i);
                    assertEquals(0, log.epochOf(batch.baseOffset()));
                }
                var producer = log.producers().getFirst();
                assertEquals(log.endOffset() - 1, producer.lastSequence(), "seed " + SEED);
            }
        }
    }

    private static byte[] garbage(Random random, int length) {
        var bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    /** The files that a start can do without. */
    private static java.util.TreeMap<String, byte[]> contents(Path directory) throws IOException {
        var files = new java.util.TreeMap<String, byte[]>();
        try (var list = Files.list(directory)) {
            for (var file : list.toList()) {
                var name = file.getFileName().toString();
                if (!name.endsWith(".log") && !name.equals("partition.metadata")) {
                    files.put(name, Files.readAllBytes(file));
                }
            }
        }
        return files;
    }

    @Test
    void aCleanStopIsTrustedAndCostsOneRead() throws IOException {
        var config = new TestLogs.Config();
        var filled = fill("clean", config, 200, -1, true, new Random(3));
        assertTrue(Files.exists(filled.path.resolve(Directory.CLEAN_MARK)));
        try (var logs = TestLogs.open(filled.path, config)) {
            assertTrue(logs.logs.cleanStart());
            assertFalse(Files.exists(filled.path.resolve(Directory.CLEAN_MARK)));
            assertTrue(logs.disk.reads.get() <= 2, "read " + logs.disk.reads.get() + " times");
            assertEquals(200, TestLogs.all(logs.words()).size());
            assertEquals(logs.words().endOffset(), logs.words().recoveryPoint());
        }
    }

    /** Also where the newest time is that of the first record: its entry has the value 0. */
    @Test
    void indexesOfACleanStopAreNotMadeAnew() throws IOException {
        var random = new Random(SEED);
        var written = FileTime.fromMillis(TestLogs.NOW);
        for (int round = 0; round < 20; round++) {
            var config = new TestLogs.Config().segmentBytes(500 + random.nextInt(3_000));
            config.intervalBytes = random.nextInt(600);
            var path = temp.resolve("round" + round);
            try (var logs = TestLogs.open(path, config)) {
                for (int i = random.nextInt(40) * (round % 4); i >= 0; i--) {
                    long timeMs = random.nextInt(5) == 0 ? -1 : TestLogs.NOW + random.nextInt(3);
                    TestLogs.done(logs.words().append(TestBatch.at(timeMs).build()));
                }
            }
            for (var file : indexes(path)) {
                Files.setLastModifiedTime(file, written);
            }
            try (var logs = TestLogs.open(path, config)) {
                TestLogs.all(logs.words());
                assertEquals(-1, logs.words().offsetForTime(TestLogs.NOW + 3).offset());
            }
            for (var file : indexes(path)) {
                assertEquals(written, Files.getLastModifiedTime(file), file + ", seed " + SEED);
            }
        }
    }

    private static List<Path> indexes(Path path) throws IOException {
        try (var files = Files.list(path.resolve("words-0"))) {
            return files.filter(file -> file.toString().endsWith("index")).toList();
        }
    }

    @Test
    void aMarkThatLiesIsNotBelieved() throws IOException {
        var config = new TestLogs.Config();
        var filled = fill("lies", config, 20, -1, false, new Random(4));
        Files.writeString(filled.path.resolve(Directory.CLEAN_MARK), "{\"version\":0,\"brokerEpoch\":-1}");
        var file = filled.path.resolve(filled.files.getFirst());
        try (var open = new RandomAccessFile(file.toFile(), "rw")) {
            open.setLength(filled.ends.get(19) - 1);
        }
        try (var logs = TestLogs.open(filled.path, config)) {
            assertEquals(19, TestLogs.all(logs.words()).size());
            assertEquals(filled.ends.get(18), Files.size(file));
        }
    }

    @Test
    void leftOversGo() throws IOException {
        var config = new TestLogs.Config();
        var filled = fill("left", config, 3, -1, true, new Random(5));
        var directory = filled.path.resolve("words-0");
        for (var name : List.of("00000000000000000009.log.deleted", "00000000000000000009.log.cleaned",
                "00000000000000000009.index", "00000000000000000077.snapshot")) {
            Files.write(directory.resolve(name), new byte[8]);
        }
        try (var logs = TestLogs.open(filled.path, config)) {
            assertEquals(3, TestLogs.all(logs.words()).size());
            try (var files = Files.list(directory)) {
                assertFalse(files.anyMatch(file -> file.toString().contains("0000000009")
                        || file.toString().contains("0000000077")));
            }
        }
    }

    @Test
    void aLyingIndexIsRepairedWhenItIsUsed() throws IOException {
        var config = new TestLogs.Config().segmentBytes(20_000);
        config.intervalBytes = 300;
        var filled = fill("index", config, 300, -1, true, new Random(6));
        var index = filled.path.resolve("words-0/00000000000000000000.index");
        var bytes = ByteBuffer.wrap(Files.readAllBytes(index));
        for (int at = 4; at < bytes.capacity(); at += 8) {
            bytes.putInt(at, bytes.getInt(at) + 13);
        }
        Files.write(index, bytes.array());
        try (var logs = TestLogs.open(filled.path, config)) {
            assertEquals(300, TestLogs.all(logs.words()).size());
            var first = TestLogs.batches(TestLogs.read(logs.words(), 60, 1)).getFirst();
            assertTrue(first.baseOffset() <= 60 && first.lastOffset() >= 60);
        }
    }

    /** Of the last segment only the end is looked at where the stop was clean; and its index still grows. */
    @Test
    void aLyingIndexOfTheLastSegmentIsDoneWithout() throws IOException {
        var config = new TestLogs.Config();
        config.intervalBytes = 300;
        var filled = fill("growing", config, 100, -1, true, new Random(8));
        var index = filled.path.resolve("words-0/00000000000000000000.index");
        var bytes = ByteBuffer.wrap(Files.readAllBytes(index));
        for (int at = 4; at < bytes.capacity() - 8; at += 8) {
            bytes.putInt(at, bytes.getInt(at) + 13);
        }
        Files.write(index, bytes.array());
        try (var logs = TestLogs.open(filled.path, config)) {
            for (long offset = 0; offset < logs.words().endOffset(); offset++) {
                var first = TestLogs.batches(TestLogs.read(logs.words(), offset, 1)).getFirst();
                assertTrue(first.baseOffset() <= offset && first.lastOffset() >= offset);
            }
        }
    }

    @Test
    void aSnapshotThatCannotBeReadIsDoneWithout() throws IOException {
        var config = new TestLogs.Config();
        var filled = fill("snapshot", config, 20, -1, true, new Random(7));
        var file = snapshots(filled.path).getFirst();
        try (var open = new RandomAccessFile(file.toFile(), "rw")) {
            open.setLength(65L << 20);
        }
        try (var logs = TestLogs.open(filled.path, config)) {
            assertFalse(Files.exists(file));
            var producer = logs.words().producers().getFirst();
            assertEquals(logs.words().endOffset() - 1, producer.lastSequence());
        }
        assertEquals(1, snapshots(filled.path).size());
    }

    private static List<Path> snapshots(Path path) throws IOException {
        try (var files = Files.list(path.resolve("words-0"))) {
            return files.filter(file -> file.toString().endsWith(".snapshot")).toList();
        }
    }

    /** Indexes are not forced: a power cut may leave them empty even beside a mark of a clean stop. */
    @Test
    void anIndexThatWasEmptiedIsMadeAnew() throws IOException {
        var config = new TestLogs.Config().segmentBytes(3_000);
        config.intervalBytes = 300;
        for (boolean close : new boolean[] {true, false}) {
            var filled = fill("emptied" + close, config, 60, 59, close, new Random(8));
            for (var file : indexes(filled.path)) {
                Files.write(file, new byte[0]);
            }
            try (var logs = TestLogs.open(filled.path, config)) {
                for (int i = 0; i < 60; i++) {
                    var batch = TestLogs.batches(filled.batches.get(i)).getFirst();
                    var found = logs.words().offsetForTime(TestLogs.NOW + i);
                    assertEquals(batch.baseOffset(), found.offset(), "time " + i);
                }
            }
        }
    }

    private static void flip(Path file, long at) throws IOException {
        try (var open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(at);
            int old = open.read();
            open.seek(at);
            open.write(old ^ 1);
        }
    }
}
