package daybook.log;

import static daybook.log.TestKeys.batch;
import static daybook.log.TestKeys.header;
import static daybook.log.TestKeys.records;
import static daybook.log.TestKeys.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** Compaction that is killed, or whose disk fails, at any of its steps; and with readers at any of them. */
class CompactionCrashTest {
    private static final CleanerSettings SETTINGS =
            new CleanerSettings(0, 1 << 20, 0.9, 1 << 16, Double.MAX_VALUE, 1);

    private static final long SEED = Long.getLong("seed", System.nanoTime());

    @TempDir
    Path temp;

    private static TestLogs.Config config() {
        var config = new TestLogs.Config().segmentBytes(400);
        config.intervalBytes = 1;
        config.compaction = new LogConfig.CompactionRules(0, 0, Long.MAX_VALUE, 1_000, false);
        return config;
    }

    /** Two compactions' worth: some segments were compacted before, and some that follow were not. */
    private static void fill(TestLogs logs) {
        fill(logs.logs);
        logs.nowMs += 2_000;
    }

    private static PartitionLog words(Logs logs) {
        return logs.find(TestLogs.WORDS.topic(), TestLogs.WORDS.partition());
    }

    private static void fill(Logs logs) {
        var log = words(logs);
        logs.compact(SETTINGS);
        write(log, "a=1 b=1", "c=1 d=1", "e=1", "a=2", "b=2 f=1", "c", "g=1", "x=1", "x=1", "x=2");
        assertTrue(logs.cleaner().compactDirtiest());
        var producer = header(2).producer(5, (short) 0, 0);
        TestLogs.done(log.append(batch(producer, "g=2", "h=1")));
        write(log, "d", "e=2", "h=2", "g=3", "x=3", "x=4", "x=5", "y=1", "x=6");
        assertTrue(log.force(log.endOffset()));
    }

    @Test
    void killedAtAnyStepItLosesNothing() throws IOException {
        var copies = new ArrayList<Path>();
        List<String> before;
        List<String> after;
        try (var logs = TestLogs.quick(temp.resolve("log"), config())) {
            fill(logs);
            before = records(logs.words());
            logs.disk.fault = (operation, file) -> {
                if (!operation.equals("list") && !operation.equals("read")) {
                    var copy = temp.resolve("killed-" + copies.size() + "-before-" + operation + "-"
                            + file.getFileName());
                    copies.add(TestLogs.copy(temp.resolve("log"), copy));
                }
            };
            assertTrue(logs.logs.cleaner().compactDirtiest());
            logs.disk.fault = (operation, file) -> { };
            after = records(logs.words());
            assertTrue(after.size() < before.size());
        }
        assertTrue(copies.size() > 30, copies.size() + " steps");
        for (var copy : copies) {
            checkAfterCrash(copy, before, after);
        }
    }

    /** A disk that fails at a step, and a start after that. */
    @Test
    void failingAtAnyStepItLosesNothing() throws IOException {
        boolean failed = true;
        for (int step = 0; failed; step++) {
            var at = temp.resolve("failed-" + step);
            List<String> before;
            var steps = new AtomicInteger();
            int last = step;
            try (var logs = TestLogs.quick(at, config())) {
                fill(logs);
                before = records(logs.words());
                logs.disk.fault = (operation, file) -> {
                    if (!operation.equals("list") && !operation.equals("read")
                            && steps.getAndIncrement() == last) {
                        throw new IOException("Input/output error at " + operation + " " + file);
                    }
                };
                logs.logs.cleaner().compactDirtiest();
                failed = steps.get() > last;
                logs.disk.fault = (operation, file) -> { };
                checkContents(before, records(logs.words()), at + " while it runs");
                TestLogs.copy(at, temp.resolve("killed-" + step));
            }
            checkAfterCrash(temp.resolve("killed-" + step), before, null);
            checkAfterCrash(at, before, null);
        }
    }

    /** What was deleted behind a compaction that failed at a step stays deleted: no file of it comes back. */
    @Test
    void whatIsDeletedAfterItFailedStaysDeleted() throws IOException {
        var config = config();
        config.compaction = new LogConfig.CompactionRules(0, 0, Long.MAX_VALUE, 1_000, true);
        boolean failed = true;
        for (int step = 0; failed; step++) {
            var at = temp.resolve("deleted-" + step);
            var steps = new AtomicInteger();
            int last = step;
            long start;
            try (var logs = TestLogs.quick(at, config)) {
                fill(logs);
                logs.disk.fault = (operation, file) -> {
                    if (!operation.equals("list") && !operation.equals("read")
                            && steps.getAndIncrement() == last) {
                        throw new IOException("Input/output error at " + operation + " " + file);
                    }
                };
                logs.logs.cleaner().compactDirtiest();
                failed = steps.get() > last;
                logs.disk.fault = (operation, file) -> { };
                // Where a segment begins: there a log begins by its files, and the checkpoint says nothing.
                start = logs.words().segments().active().baseOffset();
                assertEquals(new Deleted.Done(start), logs.words().deleteRecordsBefore(start));
                logs.nowMs += 60_000;
                logs.logs.tick(logs.nowMs);
                TestLogs.copy(at, temp.resolve("killed-" + step));
            }
            for (var name : List.of("killed-" + step, "deleted-" + step)) {
                try (var logs = TestLogs.quick(temp.resolve(name), config)) {
                    assertEquals(start, logs.words().startOffset(), name);
                    assertTrue(records(logs.words()).getLast().endsWith("x=6"), name);
                }
            }
        }
    }

    /** A copy that was given up, and could not be deleted, is no part of the next one. */
    @Test
    void whatAnEarlierOneLeftBehindIsNotTakenIn() throws IOException {
        var killed = temp.resolve("killed");
        List<String> before;
        try (var logs = TestLogs.quick(temp.resolve("log"), config())) {
            fill(logs);
            before = records(logs.words());
            for (var suffix : List.of(Segment.LOG, Segment.TRANSACTION_INDEX)) {
                Files.write(Segment.path(logs.words().directory(), 0, suffix + Segment.CLEANED),
                        new byte[5_000]);
            }
            assertTrue(logs.logs.cleaner().compactDirtiest());
            checkContents(before, records(logs.words()), "while it runs");
            TestLogs.copy(temp.resolve("log"), killed);
        }
        checkAfterCrash(killed, before, null);
    }

    /** The power is cut at each change that a compaction makes, and what was not forced is there or not. */
    @Test
    void aPowerCutAtAnyStepLosesNothing() throws IOException {
        boolean died = true;
        for (int step = 1; died; step++) {
            var path = temp.resolve("cut-" + step);
            var disk = FaultyDisk.empty(path, SEED + step);
            List<String> before;
            try (var logs = open(path, disk, TestLogs.NOW)) {
                fill(logs);
                before = records(words(logs));
                disk.dieAt(step);
                logs.cleaner().compactDirtiest();
                died = disk.dead();
                disk.die();
            }
            var where = "seed " + SEED + ", step " + step;
            try (var logs = open(path, disk.afterPowerCut(SEED - step), TestLogs.NOW + 2_000)) {
                assertNotNull(words(logs), where);
                checkContents(before, records(words(logs)), where);
                logs.compact(SETTINGS);
                logs.cleaner().compactDirtiest();
                checkContents(before, records(words(logs)), where);
                write(words(logs), "z=1");
            }
        }
    }

    private static Logs open(Path path, Disk disk, long nowMs) throws IOException {
        var settings = new LogSettings(List.of(path), path, true, 1_000, 1_000, 86_400_000L, 0, 1);
        var logs = Logs.open(settings, 1, disk, () -> Instant.ofEpochMilli(nowMs));
        TestLogs.begin(logs);
        assertTrue(logs.metadataLog().awaitForced(logs.metadataLog().endOffset()));
        logs.load(List.of(TestLogs.expected(TestLogs.WORDS, config())), Map.of());
        return logs;
    }

    /** @param after what a compaction leaves; null: any that loses nothing */
    private static void checkAfterCrash(Path directory, List<String> before, List<String> after)
            throws IOException {
        try (var logs = TestLogs.quick(directory, config())) {
            assertNotNull(logs.words(), directory + " is offline");
            checkContents(before, records(logs.words()), directory.toString());
            try (var files = Files.list(directory.resolve("words-0"))) {
                assertTrue(files.noneMatch(file -> file.toString().matches(".*\\.(swap|cleaned|deleted)")));
            }
            var again = logs.words().append(batch(header(2).producer(5, (short) 0, 0), "g=2", "h=1"));
            assertTrue(TestLogs.done(again).duplicate(), directory.toString());
            logs.logs.compact(SETTINGS);
            logs.nowMs += 2_000;
            logs.logs.cleaner().compactDirtiest();
            if (after != null) {
                assertEquals(after, records(logs.words()), directory.toString());
            }
            TestLogs.done(logs.words().appendOwn(batch("z=1")));
        }
    }

    /** All that are there were there before, in their order, and the newest of each key is there. */
    private static void checkContents(List<String> before, List<String> now, String where) {
        assertEquals(before.stream().filter(now::contains).toList(), now, where);
        for (var newest : newest(before).entrySet()) {
            boolean tombstone = !newest.getValue().contains("=");
            assertTrue(tombstone || now.contains(newest.getValue()), where + " lost " + newest.getValue());
            assertTrue(!tombstone || now.contains(newest.getValue())
                    || !newest(now).containsKey(newest.getKey()), where + " has again " + newest.getKey());
        }
    }

    private static Map<String, String> newest(List<String> records) {
        var newest = new HashMap<String, String>();
        records.forEach(record -> newest.put(record.replaceAll("^\\d+:|=.*$", ""), record));
        return newest;
    }

    @Test
    void readersSeeNeitherAHoleNorADouble() throws IOException, InterruptedException, ExecutionException {
        var done = new AtomicBoolean();
        var config = config();
        config.segmentBytes = 2_000;
        try (var logs = TestLogs.quick(temp, config); var threads = Executors.newCachedThreadPool()) {
            var log = logs.words();
            logs.logs.compact(SETTINGS);
            for (int i = 0; i < 100; i++) {
                write(log, "k" + i % 10 + "=" + i);
            }
            var readers = new ArrayList<Future<Integer>>();
            for (int i = 0; i < 2; i++) {
                readers.add(threads.submit(() -> scan(log, done)));
            }
            try {
                for (int round = 0; round < 30; round++) {
                    for (int i = 0; i < 60; i++) {
                        write(log, "k" + i % 10 + "=" + (round * 60 + i + 100));
                    }
                    assertTrue(logs.logs.cleaner().compactDirtiest());
                    logs.nowMs += 60_000;
                    logs.logs.tick(logs.nowMs);
                    System.gc();
                }
            } finally {
                done.set(true);
            }
            for (var reader : readers) {
                assertTrue(reader.get() > 0);
            }
        }
    }

    /** Reads the log from its start again and again, each time all of it. */
    private static int scan(PartitionLog log, AtomicBoolean done) throws IOException {
        int scans = 0;
        while (!done.get()) {
            long end = log.highWatermark();
            var newest = new HashMap<String, Long>();
            long last = -1;
            var all = records(log);
            for (var record : all) {
                long offset = Long.parseLong(record.substring(0, record.indexOf(':')));
                assertTrue(offset > last, record + " behind " + last);
                last = offset;
                newest.put(record.replaceAll("^\\d+:|=.*$", ""), offset);
            }
            // Keys come in turn: the newest ten offsets before the scan were the newest of the ten keys.
            assertEquals(10, newest.size());
            newest.forEach((key, offset) -> assertTrue(offset >= end - 10,
                    () -> key + " at " + offset + " of " + end + ": " + all));
            assertTrue(log.offsetForTime(TestLogs.NOW).offset() >= 0);
            scans++;
        }
        return scans;
    }
}
