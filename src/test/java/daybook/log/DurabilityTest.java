package daybook.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.record.TransactionMarker;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** What is on the disk when, and what happens when the disk does not take it. */
class DurabilityTest {
    @TempDir
    Path temp;

    private static Appended send(TestLogs logs) {
        return logs.words().append(TestBatch.of(1, logs.nowMs).valueBytes(100).build());
    }

    @Test
    void oneForceForAllWhoWait() throws IOException, InterruptedException, ExecutionException {
        try (var logs = TestLogs.open(temp, new TestLogs.Config());
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var hold = new CountDownLatch(1);
            logs.disk.hold = hold;
            logs.disk.forces.set(0);
            var waiting = new ArrayList<Future<Boolean>>();
            long first = TestLogs.done(send(logs)).nextOffset();
            waiting.add(threads.submit(() -> logs.words().awaitForced(first)));
            while (logs.disk.forces.get() == 0) {
                Thread.onSpinWait();
            }
            for (int i = 0; i < 50; i++) {
                long next = TestLogs.done(send(logs)).nextOffset();
                waiting.add(threads.submit(() -> logs.words().awaitForced(next)));
            }
            assertEquals(0, logs.words().recoveryPoint());
            hold.countDown();
            for (var one : waiting) {
                assertTrue(one.get());
            }
            assertEquals(2, logs.disk.forces.get(), "the one under way, and one for the other fifty");
            assertEquals(51, logs.words().recoveryPoint());
            assertTrue(logs.words().awaitForced(51));
            assertEquals(2, logs.disk.forces.get(), "what is forced is not forced again");
        }
    }

    @Test
    void switchingCompactionOnForcesAll() throws IOException {
        var config = new TestLogs.Config().segmentBytes(400);
        try (var logs = TestLogs.open(temp, config)) {
            for (int i = 0; i < 10; i++) {
                send(logs);
            }
            assertEquals(0, logs.words().recoveryPoint());
            config.compaction = new LogConfig.CompactionRules(0.5, 0, Long.MAX_VALUE, 1_000, false);
            logs.words().configure(config.build());
            assertEquals(10, logs.words().recoveryPoint());
        }
    }

    /** A reader may have come to the index only after a topic of the same name was made. */
    @Test
    void aDeletedLogTouchesNoIndexOfItsNamesake() throws IOException {
        try (var logs = TestLogs.open(temp, new TestLogs.Config().segmentBytes(200))) {
            send(logs);
            send(logs);
        }
        try (var logs = TestLogs.open(temp, new TestLogs.Config())) {
            var old = logs.words().segments().from(0).iterator().next();
            assertTrue(old.lease());
            logs.logs.delete(List.of(TestLogs.WORDS));
            logs.logs.create(new Logs.Expected(new Uuid(5, 6), TestLogs.WORDS, 0, Uuid.ZERO,
                    new TestLogs.Config().build()));
            send(logs);
            var index = logs.words().directory().resolve("00000000000000000000.timeindex");
            var key = Files.readAttributes(index, BasicFileAttributes.class).fileKey();
            assertThrows(IOException.class, () -> old.newestOrWrittenMs());
            assertEquals(key, Files.readAttributes(index, BasicFileAttributes.class).fileKey());
            old.release();
        }
    }

    @Test
    void aForceCoversAllSegments() throws IOException {
        try (var logs = TestLogs.open(temp, new TestLogs.Config().segmentBytes(400))) {
            for (int i = 0; i < 10; i++) {
                send(logs);
            }
            logs.disk.forces.set(0);
            assertTrue(logs.words().awaitForced(10));
            assertEquals(5, logs.disk.forces.get());
            send(logs);
            assertTrue(logs.words().awaitForced(11));
            assertEquals(6, logs.disk.forces.get());
        }
    }

    @Test
    void pageCacheDurabilityForcesNothing() throws IOException {
        try (var logs = TestLogs.withoutForcing(temp, new TestLogs.Config())) {
            send(logs);
            assertTrue(logs.words().awaitForced(1));
            assertEquals(0, logs.disk.forces.get());
        }
    }

    @Test
    void flushMessagesAndFlushMs() throws IOException {
        var config = new TestLogs.Config();
        config.flushMessages = 3;
        config.flushMs = 5_000;
        try (var logs = TestLogs.withoutForcing(temp, config)) {
            send(logs);
            send(logs);
            assertEquals(0, logs.disk.forces.get());
            send(logs);
            assertEquals(1, logs.disk.forces.get());
            send(logs);
            logs.logs.tick(logs.nowMs + 4_999);
            assertEquals(1, logs.disk.forces.get());
            logs.logs.tick(logs.nowMs + 5_000);
            assertEquals(2, logs.disk.forces.get());
            logs.logs.tick(logs.nowMs + 6_000);
            assertEquals("0\n2\n__cluster_metadata 0 0\nwords 0 4\n",
                    Files.readString(temp.resolve(Checkpoints.RECOVERY_POINTS)));
        }
    }

    @Test
    void theBackgroundForcesWhatWasRolled() throws IOException {
        try (var logs = TestLogs.withoutForcing(temp, new TestLogs.Config().segmentBytes(400))) {
            for (int i = 0; i < 5; i++) {
                send(logs);
            }
            logs.logs.tick(logs.nowMs);
            assertEquals(5, logs.words().recoveryPoint());
            int forces = logs.disk.forces.get();
            logs.logs.tick(logs.nowMs);
            assertEquals(forces, logs.disk.forces.get());
        }
    }

    /** The index of aborted transactions has its directory forced, which has another name by then. */
    @Test
    void aLogThatGoesWhileItIsForcedIsNoFailureOfTheDisk() throws Exception {
        try (var logs = TestLogs.open(temp, new TestLogs.Config());
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var log = logs.words();
            TestLogs.done(log.append(TestBatch.at(logs.nowMs).producer(1, 0, 0).transactional().build(), 0, true));
            TestLogs.done(log.appendMarker(1, (short) 0, new TransactionMarker(false, 0), 0));
            var hold = new CountDownLatch(1);
            logs.disk.hold = hold;
            logs.disk.forces.set(0);
            var forced = threads.submit(() -> log.awaitForced(2));
            while (logs.disk.forces.get() == 0) {
                Thread.onSpinWait();
            }
            logs.logs.delete(List.of(TestLogs.WORDS));
            hold.countDown();
            forced.get();
            assertFalse(log.home().failed());
        }
    }

    @Test
    void aNewLogDoesNotWaitForTheForcesOfOthers() throws Exception {
        var config = new TestLogs.Config();
        config.flushMs = 0;
        try (var logs = TestLogs.open(temp, config);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            send(logs);
            var hold = new CountDownLatch(1);
            logs.disk.hold = hold;
            logs.disk.forces.set(0);
            var tick = threads.submit(() -> logs.logs.tick(logs.nowMs));
            while (logs.disk.forces.get() == 0) {
                Thread.onSpinWait();
            }
            try {
                var other = TestLogs.expected(new TopicPartition("other", 0), config);
                var made = threads.submit(() -> logs.logs.create(other)).get(10, TimeUnit.SECONDS);
                assertEquals(0, made.endOffset());
                assertFalse(tick.isDone());
            } finally {
                hold.countDown();
            }
            tick.get();
            assertEquals(1, logs.words().recoveryPoint());
        }
    }

    @Test
    void aFailedForceRefusesWritesForGood() throws IOException {
        var logs = TestLogs.open(temp, new TestLogs.Config());
        send(logs);
        assertTrue(logs.words().awaitForced(1));
        send(logs);
        logs.disk.failForces = true;
        assertFalse(logs.words().awaitForced(2));
        logs.disk.failForces = false;
        int forces = logs.disk.forces.get();
        assertFalse(logs.words().awaitForced(2), "never tried again");
        assertEquals(forces, logs.disk.forces.get());
        assertTrue(logs.words().awaitForced(1), "what was forced before stays so");
        assertEquals(ErrorCode.KAFKA_STORAGE_ERROR, TestLogs.refused(send(logs)).error());
        assertEquals(1, TestLogs.all(logs.words()).size(), "reading goes on, up to what was forced");
        assertEquals(2, logs.words().endOffset());
        logs.close();
        assertFalse(Files.exists(temp.resolve(Directory.CLEAN_MARK)));
        var note = temp.resolve("words-0").resolve(Recovery.FORCE_FAILED);
        assertTrue(Files.exists(note), "the next start is told");
        try (var again = TestLogs.open(temp, new TestLogs.Config())) {
            assertTrue(again.disk.writes.get() > 0 && again.disk.forces.get() > 0, "all is written again");
            assertFalse(Files.exists(note));
            assertEquals(2, TestLogs.done(send(again)).baseOffset());
        }
    }

    @Test
    void aFailedWriteRefusesWritesAndLeavesNoTrace() throws IOException {
        var logs = TestLogs.open(temp, new TestLogs.Config());
        send(logs);
        logs.disk.room = 50;
        logs.disk.refusal = "Input/output error";
        assertEquals(ErrorCode.KAFKA_STORAGE_ERROR, TestLogs.refused(send(logs)).error());
        logs.disk.room = Long.MAX_VALUE;
        var again = TestLogs.refused(send(logs));
        assertEquals(ErrorCode.KAFKA_STORAGE_ERROR, again.error(), "never tried again");
        assertEquals(1, logs.words().endOffset());
        assertEquals(1, TestLogs.all(logs.words()).size());
        assertTrue(logs.words().awaitForced(1), "what is there can be forced");
        logs.close();
        try (var next = TestLogs.open(temp, new TestLogs.Config())) {
            assertFalse(next.logs.cleanStart());
            assertEquals(1, TestLogs.done(send(next)).baseOffset());
            assertEquals(2, TestLogs.all(next.words()).size());
        }
    }

    @Test
    void whatWasForcedIsThereAfterAKill() throws IOException {
        var config = new TestLogs.Config();
        var live = temp.resolve("live");
        try (var logs = TestLogs.open(live, config)) {
            send(logs);
            logs.words().awaitForced(1);
            logs.nowMs += 2_000;
            logs.logs.tick(logs.nowMs);
            send(logs);
            var killed = TestLogs.copy(live, temp.resolve("killed"));
            try (var again = TestLogs.open(killed, config)) {
                assertEquals(2, again.words().endOffset());
                assertEquals(1, again.words().recoveryPoint(), "the rest has yet to be forced");
                again.disk.forces.set(0);
                assertTrue(again.words().awaitForced(2));
                assertEquals(1, again.disk.forces.get());
            }
        }
    }

    @Test
    void anErrorInAForceRefusesWritesToo() throws IOException {
        var logs = TestLogs.open(temp, new TestLogs.Config());
        send(logs);
        logs.disk.forceError = new InternalError("a test's");
        assertFalse(logs.words().awaitForced(1));
        logs.disk.forceError = null;
        assertEquals(ErrorCode.KAFKA_STORAGE_ERROR, TestLogs.refused(send(logs)).error());
        logs.close();
        assertFalse(Files.exists(temp.resolve(Directory.CLEAN_MARK)));
    }
}
