package daybook.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.wire.Uuid;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;

/** The directories and what they belong to. */
class LogsTest {
    @TempDir
    Path temp;

    private Logs open(int nodeId, String... directories) throws IOException {
        var paths = new ArrayList<Path>();
        for (var directory : directories) {
            paths.add(temp.resolve(directory));
        }
        var settings = new LogSettings(paths, paths.getFirst(), true, 300_000, 60_000, 86_400_000L, 0, 2);
        return Logs.open(settings, nodeId, Disk.local(), InstantSource.system());
    }

    private static Logs.Expected expected(String topic, int partition, Uuid id) {
        return new Logs.Expected(id, new TopicPartition(topic, partition), 0, Uuid.ZERO,
                new TestLogs.Config().build());
    }

    @Test
    void aNewDirectoryIsFormatted() throws IOException {
        String clusterId;
        Uuid directoryId;
        try (var logs = open(-1, "a")) {
            assertTrue(logs.firstStart());
            assertFalse(logs.cleanStart());
            assertEquals(1, logs.nodeId());
            clusterId = logs.clusterId();
            directoryId = logs.directories().getFirst().id();
            assertEquals("version=1\nnode.id=1\ncluster.id=" + clusterId + "\ndirectory.id=" + directoryId
                    + "\n", Files.readString(temp.resolve("a/meta.properties")));
            logs.metadataLog().lead(1);
            TestLogs.begin(logs);
            assertTrue(logs.metadataLog().awaitForced(1));
            logs.load(List.of(), Map.of());
            assertTrue(logs.all().isEmpty());
        }
        try (var logs = open(-1, "a")) {
            assertFalse(logs.firstStart());
            assertTrue(logs.cleanStart());
            assertEquals(clusterId, logs.clusterId());
            assertEquals(directoryId, logs.directories().getFirst().id());
            assertEquals(1, TestLogs.all(logs.metadataLog()).size());
            assertEquals(Uuid.METADATA_TOPIC, logs.metadataLog().topicId());
        }
    }

    @Test
    void eachLogIsServedAsSoonAsItIsOpen() throws Exception {
        var partitions = List.of(expected("slow", 0, TestLogs.TOPIC), expected("quick", 0, TestLogs.TOPIC));
        try (var logs = open(-1, "a")) {
            TestLogs.begin(logs);
            logs.load(partitions, Map.of());
        }
        var disk = new TestDisk();
        var hold = new CountDownLatch(1);
        disk.fault = (operation, file) -> {
            if (operation.equals("list") && file.endsWith("slow-0")) {
                await(hold);
            }
        };
        var path = temp.resolve("a");
        var settings = new LogSettings(List.of(path), path, true, 300_000, 60_000, 86_400_000L, 0, 2);
        try (var logs = Logs.open(settings, -1, disk, InstantSource.system());
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var loading = threads.submit(() -> {
                logs.load(partitions, Map.of());
                return null;
            });
            while (logs.find("quick", 0) == null) {
                Thread.onSpinWait();
            }
            TestLogs.done(logs.find("quick", 0).append(TestBatch.of(1, 1).build()));
            assertNull(logs.find("slow", 0));
            var waiting = threads.submit(logs::awaitLoaded);
            assertFalse(waiting.isDone());
            hold.countDown();
            waiting.get();
            loading.get();
            assertNotNull(logs.find("slow", 0));
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException never) {
            throw new IllegalStateException(never);
        }
    }

    @Test
    void aDirectoryThatIsGoneTakesItsPartitionsOffline() throws IOException {
        Logs.Expected there;
        try (var logs = open(-1, "a", "b")) {
            TestLogs.begin(logs);
            logs.load(List.of(), Map.of());
            there = new Logs.Expected(TestLogs.TOPIC, new TopicPartition("one", 0), 0,
                    logs.directories().getLast().id(), new TestLogs.Config().build());
            TestLogs.done(logs.create(there).append(TestBatch.of(1, 1).build()));
        }
        Files.move(temp.resolve("b"), temp.resolve("kept"));
        for (var directories : List.of(new String[] {"a", "b"}, new String[] {"a"})) {
            try (var logs = open(-1, directories)) {
                logs.load(List.of(there), Map.of());
                assertNull(logs.find("one", 0), "nothing is made in its place");
                assertTrue(logs.offline("one", 0));
            }
        }
        TestLogs.deleteAll(temp.resolve("b"));
        Files.move(temp.resolve("kept"), temp.resolve("b"));
        try (var logs = open(-1, "a", "b")) {
            logs.load(List.of(there), Map.of());
            assertEquals(1, logs.find("one", 0).endOffset());
        }
    }

    @Test
    void aMetadataLogWithoutItsOwnersNameIsRefused() throws IOException {
        try (var logs = open(-1, "a")) {
            TestLogs.begin(logs);
        }
        Files.delete(temp.resolve("a/meta.properties"));
        var failure = assertThrows(IOException.class, () -> open(-1, "a"));
        assertTrue(failure.getMessage().contains("meta.properties"), failure.getMessage());
    }

    @Test
    void aDirectoryThatFailsTakesNoNewPartitions() throws IOException {
        var disk = new TestDisk();
        var paths = List.of(temp.resolve("a"), temp.resolve("b"));
        var settings = new LogSettings(paths, paths.getFirst(), true, 300_000, 60_000, 86_400_000L, 0, 2);
        try (var logs = Logs.open(settings, -1, disk, InstantSource.system())) {
            TestLogs.begin(logs);
            logs.load(List.of(), Map.of());
            var failing = logs.create(expected("one", 0, TestLogs.TOPIC));
            assertEquals(temp.resolve("b"), failing.directory().getParent());
            disk.failForces = true;
            TestLogs.done(failing.append(TestBatch.of(1, 1).build()));
            assertFalse(failing.awaitForced(1));
            disk.failForces = false;
            for (int i = 0; i < 3; i++) {
                var next = logs.create(expected("two", i, TestLogs.TOPIC));
                assertEquals(temp.resolve("a"), next.directory().getParent());
                TestLogs.done(next.append(TestBatch.of(1, 1).build()));
                assertTrue(next.awaitForced(1));
            }
        }
    }

    @Test
    void oneBrokerADirectory() throws IOException {
        try (var logs = open(-1, "a")) {
            assertNotNull(logs);
            var failure = assertThrows(IOException.class, () -> open(-1, "b", "a"));
            assertTrue(failure.getMessage().contains("is in use"), failure.getMessage());
        }
        open(-1, "b").close();
        open(-1, "a").close();
    }

    @Test
    void identitiesMustAgree() throws IOException {
        open(7, "a").close();
        open(7, "b").close();
        open(-1, "a").close();
        assertTrue(assertThrows(IOException.class, () -> open(8, "a")).getMessage().contains("node.id is 8"));
        assertThrows(IOException.class, () -> open(7, "a", "b"), "two clusters");
        var lost = assertThrows(IOException.class, () -> open(7, "new", "a"));
        assertTrue(lost.getMessage().contains("would be lost"));
        try (var logs = open(-1, "a", "fresh")) {
            assertEquals(7, logs.nodeId());
            assertNotEquals(logs.directories().getFirst().id(), logs.directories().getLast().id());
        }
        Files.writeString(temp.resolve("b/meta.properties"), "version=0\n");
        assertThrows(IOException.class, () -> open(-1, "b"));
    }

    @Test
    void partitionsGoWhereThereAreFewest() throws IOException {
        try (var logs = open(-1, "a", "b")) {
            var id = new Uuid(1, 1);
            for (int i = 0; i < 7; i++) {
                var log = logs.create(expected("t", i, id));
                assertSame(log, logs.find("t", i));
                assertSame(log, logs.create(expected("t", i, id)), "already there");
            }
            assertNull(logs.find("t", 7));
            assertFalse(logs.offline("t", 7));
            var first = temp.resolve("a");
            long inA = logs.all().stream().filter(log -> log.directory().startsWith(first)).count();
            assertTrue(inA == 3 || inA == 4, "the metadata log counts as one: " + inA);
            assertThrows(IOException.class, () -> logs.create(expected("t", 0, new Uuid(1, 2))));
        }
    }

    @Test
    void loadingOpensMakesAndPutsAside() throws IOException {
        var id = new Uuid(1, 1);
        try (var logs = open(-1, "a", "b")) {
            TestLogs.begin(logs);
            for (var topic : List.of("kept", "gone", "anew")) {
                logs.create(expected(topic, 0, id)).append(TestBatch.of(3, 5).build());
            }
        }
        Files.createDirectories(temp.resolve("a/old-0.0123456789abcdef0123456789abcdef-delete"));
        var wanted = List.of(expected("kept", 0, id), expected("anew", 0, new Uuid(1, 2)),
                expected("made", 3, id));
        try (var logs = open(-1, "a", "b")) {
            logs.load(wanted, Map.of());
            assertEquals(3, logs.find("kept", 0).endOffset());
            assertEquals(0, logs.find("anew", 0).endOffset());
            assertEquals(0, logs.find("made", 3).endOffset());
            assertEquals(3, logs.all().size());
            assertEquals(2, count("-stray"));
            logs.tick(System.currentTimeMillis() + 1);
            assertEquals(0, count("-delete"));
        }
        try (var logs = open(-1, "a", "b")) {
            logs.load(wanted, Map.of());
            assertEquals(3, logs.all().size());
            assertEquals(2, count("-stray"), "left alone");
        }
    }

    private long count(String suffix) throws IOException {
        try (var files = Files.walk(temp, 2)) {
            return files.filter(file -> file.toString().endsWith(suffix)).count();
        }
    }

    @Test
    void aNewTopicDoesNotFindWhatWasTrueOfAnOldOne() throws IOException {
        var id = new Uuid(1, 1);
        try (var logs = open(-1, "a")) {
            TestLogs.begin(logs);
            var log = logs.create(expected("t", 0, id));
            log.append(TestBatch.of(100, 5).build());
            log.deleteRecordsBefore(50);
        }
        try (var logs = open(-1, "a")) {
            logs.load(List.of(expected("t", 0, id)), Map.of());
            assertEquals(50, logs.find("t", 0).startOffset());
            logs.delete(List.of(new TopicPartition("t", 0)));
            var log = logs.create(expected("t", 0, new Uuid(1, 2)));
            assertEquals(0, log.startOffset());
            log.append(TestBatch.of(1, 5).build());
            TestLogs.copy(temp.resolve("a"), temp.resolve("killed"));
        }
        try (var logs = open(-1, "killed")) {
            logs.load(List.of(expected("t", 0, new Uuid(1, 2))), Map.of());
            assertEquals(1, logs.find("t", 0).endOffset());
            assertEquals(0, logs.find("t", 0).startOffset());
            TestLogs.done(logs.find("t", 0).append(TestBatch.of(1, 5).build()));
        }
    }

    @Test
    void aDirectoryThatCannotBeUsedTakesItsPartitionsOffline() throws IOException {
        var id = new Uuid(1, 1);
        var wanted = new ArrayList<Logs.Expected>();
        try (var logs = open(-1, "a", "b")) {
            TestLogs.begin(logs);
            for (int i = 0; i < 6; i++) {
                wanted.add(expected("t", i, id));
                logs.create(wanted.getLast());
            }
        }
        try (var files = Files.walk(temp.resolve("b"))) {
            for (var file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
        Files.writeString(temp.resolve("b"), "not a directory");
        try (var logs = open(-1, "a", "b")) {
            logs.load(wanted, Map.of());
            assertTrue(logs.directories().getLast().failed());
            for (int i = 0; i < 6; i++) {
                assertEquals(logs.find("t", i) == null, logs.offline("t", i));
            }
            assertTrue(logs.all().size() > 0 && logs.all().size() < 6);
            assertNotNull(logs.create(expected("other", 0, id)));
        }
    }

    @Test
    void hundredsOfPartitions() throws IOException {
        var wanted = new ArrayList<Logs.Expected>();
        var id = new Uuid(1, 1);
        for (int i = 0; i < 300; i++) {
            wanted.add(expected("t", i, id));
        }
        try (var logs = open(-1, "a")) {
            TestLogs.begin(logs);
            logs.load(wanted, Map.of());
            for (var log : logs.all()) {
                log.append(TestBatch.of(2, 5).build());
            }
        }
        try (var logs = open(-1, "a")) {
            logs.load(wanted, Map.of());
            assertTrue(logs.cleanStart());
            assertTrue(logs.all().stream().allMatch(log -> log.endOffset() == 2));
        }
    }

    @Test
    void theBackgroundRuns() throws IOException {
        try (var logs = open(-1, "a")) {
            logs.start();
            assertTrue(Thread.getAllStackTraces().keySet().stream()
                    .anyMatch(thread -> thread.getName().equals("daybook-log")));
        }
    }
}
