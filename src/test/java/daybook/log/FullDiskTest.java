package daybook.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.wire.ErrorCode;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A full disk refuses batches, keeps the rest going, and is not full for ever. */
class FullDiskTest {
    @TempDir
    Path temp;

    private static Appended send(TestLogs logs) {
        return logs.words().append(TestBatch.of(1, logs.nowMs).valueBytes(100).build());
    }

    private static void refused(TestLogs logs) {
        assertEquals(ErrorCode.KAFKA_STORAGE_ERROR, TestLogs.refused(send(logs)).error());
    }

    @Test
    void belowTheReserveOnlyClientsAreRefused() throws IOException {
        try (var logs = TestLogs.open(temp, new TestLogs.Config())) {
            TestLogs.done(send(logs));
            logs.disk.usableBytes = TestLogs.RESERVE - 1;
            logs.logs.tick(logs.nowMs);
            refused(logs);
            assertFalse(logs.logs.hasRoom());
            assertEquals(1, TestLogs.all(logs.words()).size());
            var own = logs.words().appendOwn(TestBatch.of(1, logs.nowMs).build());
            assertTrue(logs.words().awaitForced(TestLogs.done(own).nextOffset()));
            assertInstanceOf(Deleted.Done.class, logs.words().deleteRecordsBefore(1));
            logs.disk.usableBytes = 2 * TestLogs.RESERVE;
            assertEquals(2, TestLogs.done(send(logs)).baseOffset());
            assertTrue(logs.logs.hasRoom());
        }
    }

    @Test
    void aDuplicateIsKnownOnAFullDisk() throws IOException {
        try (var logs = TestLogs.open(temp, new TestLogs.Config())) {
            TestLogs.done(logs.words().append(TestBatch.of(1, logs.nowMs).producer(4, 0, 0).build()));
            logs.disk.usableBytes = 0;
            logs.logs.tick(logs.nowMs);
            assertTrue(TestLogs.done(logs.words()
                    .append(TestBatch.of(1, logs.nowMs).producer(4, 0, 0).build())).duplicate());
        }
    }

    @Test
    void whatWasFreeIsCountedDownBetweenTwoLooks() throws IOException {
        try (var logs = TestLogs.open(temp, new TestLogs.Config())) {
            logs.disk.usableBytes = TestLogs.RESERVE + 1_000;
            logs.logs.tick(logs.nowMs);
            int taken = 0;
            while (send(logs) instanceof Appended.Done && taken < 100) {
                taken++;
                logs.disk.usableBytes -= 200;
            }
            assertTrue(taken >= 1 && taken <= 6, taken + " batches");
        }
    }

    @Test
    void aWriteThatFindsNoRoomIsCutBackAndTriedAgain() throws IOException {
        try (var logs = TestLogs.open(temp, new TestLogs.Config())) {
            TestLogs.done(send(logs));
            var file = temp.resolve("words-0/00000000000000000000.log");
            long size = Files.size(file);
            logs.disk.room = 60;
            logs.disk.usableBytes = TestLogs.RESERVE + 1_000_000;
            logs.logs.tick(logs.nowMs);
            logs.disk.usableBytes = 0;
            refused(logs);
            assertEquals(size, Files.size(file), "the part that was written is cut");
            logs.disk.room = Long.MAX_VALUE;
            logs.disk.usableBytes = -1;
            assertEquals(1, TestLogs.done(send(logs)).baseOffset());
        }
        try (var logs = TestLogs.open(temp, new TestLogs.Config())) {
            assertEquals(2, TestLogs.all(logs.words()).size());
        }
    }

    @Test
    void noRoomForASegmentOrAnIndexIsNoFailure() throws IOException {
        for (var name : new String[] {".log", ".index", "leader-epoch-checkpoint"}) {
            try (var logs = TestLogs.open(temp.resolve(name), new TestLogs.Config().segmentBytes(1_000))) {
                TestLogs.done(send(logs));
                logs.disk.usableBytes = TestLogs.RESERVE + 1_000_000;
                logs.logs.tick(logs.nowMs);
                logs.disk.usableBytes = 0;
                logs.disk.fault = (operation, file) -> {
                    if (!operation.equals("delete") && file.toString().endsWith(name)) {
                        throw new IOException("No space left on device");
                    }
                };
                logs.words().lead(3);
                int more = 0;
                while (send(logs) instanceof Appended.Done && more < 100) {
                    more++;
                }
                assertTrue(more < 10, name);
                logs.disk.fault = (operation, file) -> { };
                logs.disk.usableBytes = -1;
                for (int i = 0; i < 20; i++) {
                    assertEquals(1 + more + i, TestLogs.done(send(logs)).baseOffset(), name);
                }
                assertEquals(21 + more, TestLogs.all(logs.words()).size(), name);
            }
        }
    }

    /** Who looks after a write has failed may find room that was made in between. */
    @Test
    void aWriteThatFoundNoRoomIsNoFailureThoughThereIsRoomNow() throws IOException {
        try (var logs = TestLogs.open(temp, new TestLogs.Config())) {
            TestLogs.done(send(logs));
            logs.disk.room = 60;
            refused(logs);
            logs.disk.room = Long.MAX_VALUE;
            assertEquals(1, TestLogs.done(send(logs)).baseOffset());
        }
    }

    @Test
    void aStartOnAFullDiskCanRead() throws IOException {
        byte[] expected;
        var killed = temp.resolve("killed");
        var config = new TestLogs.Config().segmentBytes(100_000);
        config.intervalBytes = 100;
        try (var logs = TestLogs.open(temp.resolve("first"), config)) {
            for (int i = 0; i < 2_000; i++) {
                TestLogs.done(send(logs));
            }
            expected = TestLogs.read(logs.words(), 1_234, 1);
            TestLogs.copy(temp.resolve("first"), killed);
        }
        try (var logs = TestLogs.openFull(killed, config)) {
            assertEquals(2_000, TestLogs.all(logs.words()).size());
            assertArrayEquals(expected, TestLogs.read(logs.words(), 1_234, 1));
            refused(logs);
            logs.disk.full = false;
            for (int i = 0; i < 1_000; i++) {
                assertEquals(2_000 + i, TestLogs.done(send(logs)).baseOffset());
            }
            assertArrayEquals(expected, TestLogs.read(logs.words(), 1_234, 1));
            assertEquals(3_000, TestLogs.all(logs.words()).size());
        }
        try (var logs = TestLogs.open(killed, config)) {
            assertTrue(logs.logs.cleanStart());
            assertEquals(3_000, TestLogs.all(logs.words()).size());
        }
    }
}
