package daybook.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import daybook.wire.Uuid;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Starts that do not get everything: what was not recovered is not taken for whole, and is not forgotten. */
class StartTest {
    private static final TopicPartition OTHER = new TopicPartition("other", 0);

    @TempDir
    Path temp;

    private final TestLogs.Config config = new TestLogs.Config();
    private final List<Logs.Expected> expected =
            List.of(TestLogs.expected(TestLogs.WORDS, config), TestLogs.expected(OTHER, config));
    /** What a killed broker left: ten records of words forced, from the third on; then one more. */
    private Path killed;

    @BeforeEach
    void kill() throws IOException {
        var live = temp.resolve("live");
        try (var logs = TestLogs.open(live, expected)) {
            logs.words().append(TestBatch.of(10, 5).build());
            logs.words().awaitForced(10);
            logs.words().deleteRecordsBefore(3);
            logs.nowMs += 10_000;
            logs.logs.tick(logs.nowMs);
            logs.words().append(TestBatch.of(1, 5).build());
            killed = TestLogs.copy(live, temp.resolve("killed"));
        }
    }

    private static Logs openOnly(Path path) throws IOException {
        var settings = new LogSettings(List.of(path), path, true, 1_000, 1_000, 86_400_000L, 0, 2);
        return Logs.open(settings, -1, Disk.local(), InstantSource.system());
    }

    private void assertNotForgotten() throws IOException {
        var points = Files.readString(killed.resolve(Checkpoints.RECOVERY_POINTS));
        assertTrue(points.contains("\nwords 0 10\n"), points);
        assertEquals("0\n1\nwords 0 3\n", Files.readString(killed.resolve(Checkpoints.START_OFFSETS)));
        assertFalse(Files.exists(killed.resolve(Directory.CLEAN_MARK)));
    }

    private void assertWhole() throws IOException {
        try (var logs = TestLogs.open(killed, expected)) {
            assertFalse(logs.logs.cleanStart());
            assertEquals(3, logs.words().startOffset());
            assertEquals(11, logs.words().endOffset());
            assertEquals(10, logs.words().recoveryPoint());
        }
        assertTrue(Files.exists(killed.resolve(Directory.CLEAN_MARK)));
    }

    private List<Path> named(String pattern) throws IOException {
        try (var files = Files.list(killed)) {
            return files.filter(file -> file.getFileName().toString().matches(pattern)).toList();
        }
    }

    @Test
    void aStartThatFailsLeavesWhatItDidNotRecover() throws IOException {
        openOnly(killed).close();
        assertNotForgotten();
        assertWhole();
    }

    @Test
    void aStartThatFailsLeavesACleanDirectoryClean() throws IOException {
        TestLogs.open(killed, expected).close();
        openOnly(killed).close();
        try (var logs = TestLogs.open(killed, expected)) {
            assertTrue(logs.logs.cleanStart());
            assertEquals(11, logs.words().endOffset());
        }
    }

    @Test
    void anOfflinePartitionIsNotForgotten() throws IOException {
        var wrong = Files.createDirectory(killed.resolve("words-0/00000000000000004711.log"));
        for (int start = 0; start < 2; start++) {
            try (var logs = TestLogs.open(killed, expected)) {
                assertNull(logs.words());
                assertTrue(logs.logs.offline("words", 0));
                assertThrows(IOException.class, () -> logs.logs.create(expected.getFirst()));
                logs.nowMs += 10_000;
                logs.logs.tick(logs.nowMs);
                assertNotForgotten();
            }
            assertNotForgotten();
        }
        Files.delete(wrong);
        assertWhole();
    }

    @Test
    void anErrorWhileOpeningTakesThePartitionOffline() throws IOException {
        var disk = new TestDisk();
        disk.fault = (operation, file) -> {
            if (operation.equals("list") && file.endsWith("words-0")) {
                throw new InternalError("a fault occurred in an unsafe memory access operation");
            }
        };
        var settings = new LogSettings(List.of(killed), killed, true, 1_000, 1_000, 86_400_000L, 0, 2);
        try (var logs = Logs.open(settings, -1, disk, InstantSource.system())) {
            logs.load(expected, Map.of());
            assertTrue(logs.offline("words", 0));
        }
        assertNotForgotten();
        assertWhole();
    }

    @Test
    void anOfflineTopicThatIsDeletedLeavesNothingToTheNext() throws IOException {
        Files.createDirectory(killed.resolve("words-0/00000000000000004711.log"));
        try (var logs = TestLogs.open(killed, expected)) {
            logs.logs.delete(List.of(TestLogs.WORDS));
            assertFalse(logs.logs.offline("words", 0));
            assertEquals(List.of(), named("words-0"));
            assertEquals(1, named("words-0\\.[0-9a-f]{32}-delete").size());
            var anew = new Logs.Expected(new Uuid(5, 6), TestLogs.WORDS, 0, Uuid.ZERO, config.build());
            assertEquals(0, logs.logs.create(anew).endOffset());
            logs.nowMs += 60_000;
            logs.logs.tick(logs.nowMs);
            assertEquals(List.of(), named(".*-delete"));
        }
        assertTrue(Files.exists(killed.resolve(Directory.CLEAN_MARK)), "nothing is offline any more");
    }

    @Test
    void whatCouldNotBeDeletedIsDeletedLater() throws IOException {
        try (var logs = TestLogs.open(killed, expected)) {
            logs.logs.delete(List.of(TestLogs.WORDS));
            logs.disk.fault = (operation, file) -> {
                if (operation.equals("delete")) {
                    throw new IOException("Input/output error");
                }
            };
            logs.nowMs += 60_000;
            logs.logs.tick(logs.nowMs);
            logs.disk.fault = (operation, file) -> { };
            logs.logs.tick(logs.nowMs);
            assertEquals(1, named(".*-delete").size(), "not at once");
            logs.nowMs += 60_000;
            logs.logs.tick(logs.nowMs);
            assertEquals(List.of(), named(".*-delete"));
        }
    }

    @Test
    void aNewTopicPutsAsideWhatIsLeftOfAnOldOne() throws IOException {
        try (var logs = TestLogs.open(killed, expected)) {
            logs.disk.fault = (operation, file) -> {
                if (operation.equals("rename") && file.endsWith("words-0")) {
                    throw new IOException("Input/output error");
                }
            };
            logs.logs.delete(List.of(TestLogs.WORDS));
            assertEquals(1, named("words-0").size());
            logs.disk.fault = (operation, file) -> { };
            var anew = new Logs.Expected(new Uuid(5, 6), TestLogs.WORDS, 0, Uuid.ZERO, config.build());
            var log = logs.logs.create(anew);
            assertEquals(0, log.startOffset());
            assertEquals(0, log.endOffset());
            assertEquals(1, named("words-0\\.[0-9a-f]{32}-stray").size());
        }
    }

    @Test
    void aPartitionThatCannotBeMadeIsOffline() throws IOException {
        try (var logs = TestLogs.open(killed, expected)) {
            logs.disk.fault = (operation, file) -> {
                if (operation.equals("createDirectories")) {
                    throw new IOException("No space left on device");
                }
            };
            var made = TestLogs.expected(new TopicPartition("made", 0), config);
            assertThrows(IOException.class, () -> logs.logs.create(made));
            assertTrue(logs.logs.offline("made", 0));
            assertNull(logs.logs.find("made", 0));
        }
    }

    @Test
    void onlyDeletedPartitionsAreDeleted() throws IOException {
        for (var name : List.of("notes-to-delete", "old-0.0123456789abcdef-delete",
                "old-0.0123456789abcdef0123456789abcdef-delete")) {
            Files.writeString(Files.createDirectory(killed.resolve(name)).resolve("text"), "text");
        }
        try (var logs = TestLogs.open(killed, expected)) {
            logs.nowMs += 10_000;
            logs.logs.tick(logs.nowMs);
            assertEquals(2, named(".*-delete").size());
            assertEquals(1, named("notes-to-delete").size());
        }
    }

    @Test
    void aPartitionThatWasHereIsNotBegunAnew() throws IOException {
        var elsewhere = Files.move(killed.resolve("words-0"), temp.resolve("elsewhere"));
        try (var logs = TestLogs.open(killed, expected)) {
            assertTrue(logs.logs.offline("words", 0));
            assertFalse(Files.exists(killed.resolve("words-0")));
            assertNotNull(logs.logs.find("other", 0));
        }
        assertNotForgotten();
        Files.move(elsewhere, killed.resolve("words-0"));
        assertWhole();
        Files.move(killed.resolve("words-0"), elsewhere);
        try (var logs = TestLogs.open(killed, expected)) {
            logs.logs.delete(List.of(TestLogs.WORDS));
            assertEquals(0, logs.logs.create(expected.getFirst()).endOffset());
        }
    }

    @Test
    void withoutItsMetadataLogNothingIsTouched() throws IOException {
        var metadata = Files.move(killed.resolve("__cluster_metadata-0"), temp.resolve("elsewhere"));
        for (int start = 0; start < 2; start++) {
            var refused = assertThrows(IOException.class, () -> openOnly(killed));
            assertTrue(refused.getMessage().contains("would be lost"), refused.getMessage());
        }
        assertEquals(2, named("(words|other)-0").size());
        assertNotForgotten();
        Files.move(killed.resolve("__cluster_metadata-0"), temp.resolve("empty"));
        Files.move(metadata, killed.resolve("__cluster_metadata-0"));
        assertWhole();
    }

    /** The checkpoints could not be written when it was deleted, and the process died. */
    @Test
    void aDeletedPartitionDoesNotPassForALostOneOfItsName() throws IOException {
        var path = temp.resolve("data");
        Path killed;
        try (var logs = TestLogs.open(path, new TestLogs.Config())) {
            for (int i = 0; i < 5; i++) {
                TestLogs.done(logs.words().append(TestBatch.of(1, logs.nowMs).build()));
            }
            logs.words().deleteRecordsBefore(3);
            logs.nowMs += 10_000;
            logs.logs.tick(logs.nowMs);
            logs.disk.fault = (operation, file) -> {
                if (operation.equals("replace")) {
                    throw new IOException("told to fail");
                }
            };
            logs.logs.delete(List.of(TestLogs.WORDS));
            logs.disk.fault = (operation, file) -> { };
            killed = TestLogs.copy(path, temp.resolve("found"));
            var points = Files.readString(killed.resolve(Checkpoints.RECOVERY_POINTS));
            assertTrue(points.contains("words 0 5"), points);
        }
        var made = new Logs.Expected(new Uuid(5, 6), TestLogs.WORDS, 0, Uuid.ZERO,
                new TestLogs.Config().build());
        try (var logs = TestLogs.open(killed, List.of(made))) {
            assertFalse(logs.logs.offline("words", 0));
            assertEquals(0, logs.words().startOffset());
            assertEquals(0, logs.words().endOffset());
        }
    }

    @Test
    void theNamesOfNewDirectoriesAreForced() throws IOException {
        var forced = new ArrayList<Path>();
        var disk = new TestDisk();
        disk.fault = (operation, file) -> {
            if (operation.equals("forceDirectory")) {
                forced.add(file);
            }
        };
        var path = temp.resolve("new").resolve("data");
        var settings = new LogSettings(List.of(path), path, true, 1_000, 1_000, 86_400_000L, 0, 1);
        Logs.open(settings, 1, disk, InstantSource.system()).close();
        assertTrue(forced.indexOf(temp) >= 0 && forced.indexOf(temp) < forced.indexOf(temp.resolve("new")));
        assertTrue(forced.indexOf(temp.resolve("new")) < forced.indexOf(path));
    }

    /** Linux tells all locks by the numbers of their files. */
    @Test
    void aSecondTryForALockDoesNotGiveItAway() throws IOException {
        var file = temp.resolve("lock");
        var locks = Path.of("/proc/locks");
        var held = Disk.local().tryLock(file);
        assumeTrue(Files.isReadable(locks));
        var number = ":" + Files.getAttribute(file, "unix:ino") + " ";
        assumeTrue(Files.readString(locks).contains(number));
        assertNull(Disk.local().tryLock(file));
        assertTrue(Files.readString(locks).contains(number));
        held.close();
        held.close();
        assertFalse(Files.readString(locks).contains(number));
        Disk.local().tryLock(file).close();
    }
}
