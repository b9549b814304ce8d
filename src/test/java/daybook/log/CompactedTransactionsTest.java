package daybook.log;

import static daybook.log.TestKeys.batch;
import static daybook.log.TestKeys.header;
import static daybook.log.TestKeys.shape;
import static daybook.log.TestKeys.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.record.RecordBatch;
import daybook.record.TransactionMarker;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What becomes of transactions in a log that is compacted. */
class CompactedTransactionsTest {
    private static final long DAY_MS = 86_400_000L;

    @TempDir
    Path temp;

    private static TestLogs open(Path path) throws IOException {
        var config = new TestLogs.Config().segmentBytes(1);
        config.compaction = new LogConfig.CompactionRules(0, 0, Long.MAX_VALUE, DAY_MS, false);
        var logs = TestLogs.quick(path, config);
        logs.logs.compact(new CleanerSettings(0, 1 << 20, 0.9, 1 << 16, Double.MAX_VALUE, 1));
        return logs;
    }

    private static boolean compact(TestLogs logs) {
        return logs.logs.cleaner().compactDirtiest();
    }

    private static void inTransaction(PartitionLog log, long producer, int sequence, String record) {
        var header = header(1).producer(producer, (short) 0, sequence).attributes(RecordBatch.TRANSACTIONAL);
        TestLogs.done(log.appendOwn(batch(header, record), log.endOffset()));
    }

    private static void end(PartitionLog log, long producer, boolean commit) {
        TestLogs.done(log.appendMarker(producer, (short) 0, new TransactionMarker(commit, 1), 1));
        assertTrue(log.awaitForced(log.endOffset()));
    }

    private static List<AbortedTransactions.Entry> aborted(PartitionLog log) throws IOException {
        var data = assertInstanceOf(ReadResult.Data.class, log.read(0, 1 << 20, true, true));
        data.region().close();
        var all = log.segments().aborted(0, log.endOffset());
        assertTrue(all.containsAll(data.aborted()));
        return all;
    }

    @Test
    void whatWasAbortedGoesAtOnceAndItsMarkerLater() throws IOException {
        try (var logs = open(temp)) {
            var log = logs.words();
            inTransaction(log, 1, 0, "a=1");
            end(log, 1, false);
            inTransaction(log, 1, 1, "b=1");
            end(log, 1, true);
            write(log, "x=1");
            var entry = new AbortedTransactions.Entry(1, 0, 1, 2);
            assertEquals(List.of(entry), aborted(log));
            assertTrue(compact(logs));
            assertEquals(List.of("1-1(1)", "2-2(1)", "3-3(1)", "4-4(1)"), shape(log));
            assertEquals(List.of(entry), aborted(log), "a reader may have seen its record");
            assertFalse(TestKeys.batches(log).getFirst().hasDeleteHorizon());
            write(log, "x=2");
            assertTrue(compact(logs));
            assertEquals(List.of("1-1(1)", "2-2(1)", "3-3(1)", "4-4(1)", "5-5(1)"), shape(log));
            assertEquals(List.of(), aborted(log));
            assertEquals(TestLogs.NOW + DAY_MS, TestKeys.batches(log).getFirst().baseTimestamp());
            logs.nowMs += DAY_MS;
            write(log, "x=3");
            assertTrue(compact(logs));
            assertEquals(List.of("2-2(1)", "3-3(1)", "5-5(1)", "6-6(1)"), shape(log));
            write(log, "b=2", "x=4");
            assertTrue(compact(logs));
            assertEquals(List.of("2-2(0)", "3-3(1)", "6-6(1)", "7-7(1)", "8-8(1)"), shape(log));
            checkNoTransactionIsOpen(log);
        }
    }

    /** The last batch of a producer stays, though empty, and with it the marker that ended its transaction. */
    private void checkNoTransactionIsOpen(PartitionLog log) throws IOException {
        var killed = TestLogs.copy(temp, temp.resolveSibling(temp.getFileName() + "-killed"));
        try (var files = Files.list(killed.resolve("words-0"))) {
            for (var file : files.filter(each -> each.toString().endsWith(Segment.SNAPSHOT)).toList()) {
                Files.delete(file);
            }
        }
        Files.deleteIfExists(killed.resolve(Checkpoints.RECOVERY_POINTS));
        try (var logs = open(killed)) {
            assertEquals(shape(log), shape(logs.words()));
            assertEquals(logs.words().endOffset(), logs.words().lastStableOffset());
            var producer = logs.words().producers().getFirst();
            assertEquals(1, producer.lastSequence());
            assertEquals(2, producer.lastOffset());
        }
    }

    @Test
    void nothingFromAnOpenTransactionOnIsCompacted() throws IOException {
        try (var logs = open(temp)) {
            var log = logs.words();
            write(log, "a=1", "a=2");
            inTransaction(log, 1, 0, "a=3");
            write(log, "a=4", "a=5");
            assertTrue(compact(logs));
            assertEquals(List.of("1-1(1)", "2-2(1)", "3-3(1)", "4-4(1)"), shape(log));
            assertFalse(compact(logs));
            end(log, 1, true);
            assertTrue(compact(logs));
            assertEquals(List.of("2-2(0)", "4-4(1)", "5-5(1)"), shape(log), "the last of its producer stays");
        }
    }

    @Test
    void whatCommittedARecordIsForcedBeforeTheOneThatItReplacesGoes() throws IOException {
        try (var logs = open(temp)) {
            var log = logs.words();
            write(log, "a=1", "b=1");
            inTransaction(log, 1, 0, "a=2");
            write(log, "x=1");
            assertTrue(log.force(log.endOffset()));
            TestLogs.done(log.appendMarker(1, (short) 0, new TransactionMarker(true, 1), 1));
            assertTrue(log.recoveryPoint() < log.endOffset());
            var before = shape(log);
            compact(logs);
            assertEquals(before, shape(log), "a power cut may take the marker");
            assertTrue(log.awaitForced(log.endOffset()));
            assertTrue(compact(logs));
        }
    }

    /** Its records are deleted, so its marker goes too; a start that begins at an old snapshot must know. */
    @Test
    void aTransactionWhoseMarkerIsCompactedDoesNotOpenAgain() throws IOException {
        Path killed;
        try (var logs = open(temp.resolve("live"))) {
            var log = logs.words();
            write(log, "x=1");
            inTransaction(log, 1, 0, "a=1");
            write(log, "x=2", "x=3");
            var config = log.config();
            log.configure(new TestLogs.Config().segmentBytes(1).build());
            log.deleteRecordsBefore(3);
            log.configure(config);
            end(log, 1, true);
            write(log, "x=4");
            assertEquals(5, log.lastStableOffset() - 1);
            logs.logs.tick(logs.nowMs);
            for (int i = 0; i < 3; i++) {
                logs.nowMs += DAY_MS;
                write(log, "x=5");
                assertTrue(compact(logs));
            }
            killed = TestLogs.copy(logs.path, temp.resolve("killed"));
        }
        Files.deleteIfExists(killed.resolve(Checkpoints.RECOVERY_POINTS));
        try (var logs = open(killed)) {
            assertEquals(logs.words().endOffset(), logs.words().lastStableOffset());
        }
    }

    @Test
    void aMarkerStaysWhereItIsAllThatTellsTheProducersEpoch() throws IOException {
        try (var logs = open(temp)) {
            var log = logs.words();
            inTransaction(log, 1, 0, "a=1");
            TestLogs.done(log.appendMarker(1, (short) 1, new TransactionMarker(false, 1), 2));
            assertTrue(log.awaitForced(log.endOffset()));
            write(log, "x=1");
            assertTrue(compact(logs));
            assertEquals(List.of("1-1(1)", "2-2(1)"), shape(log));
            for (int i = 0; i < 3; i++) {
                logs.nowMs += DAY_MS;
                write(log, "x=2");
                assertTrue(compact(logs));
            }
            assertEquals("1-1(0)", shape(log).getFirst());
            assertEquals(1, log.producers().getFirst().producerEpoch());
        }
    }

    /** Whoever reads across what it tells of would pass over committed records. */
    @Test
    void anIndexThatCouldNotBePutAsideIsNotTakenForAnother() throws IOException {
        try (var logs = open(temp)) {
            var log = logs.words();
            inTransaction(log, 1, 0, "a=1");
            end(log, 1, false);
            inTransaction(log, 1, 1, "b=1");
            end(log, 1, true);
            write(log, "x=1");
            assertTrue(compact(logs));
            assertEquals(1, aborted(log).size());
            logs.disk.fault = (operation, file) -> {
                if (operation.equals("rename") && file.toString().endsWith(Segment.TRANSACTION_INDEX)) {
                    throw new IOException("It cannot be renamed");
                }
            };
            write(log, "x=2");
            assertTrue(compact(logs));
            assertEquals(List.of(), aborted(log));
        }
        try (var logs = open(temp)) {
            assertEquals(List.of(), aborted(logs.words()));
        }
    }
}
