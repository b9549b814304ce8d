package daybook.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.log.AbortedTransactions.Entry;
import daybook.record.BatchBuilder;
import daybook.record.BatchHeader;
import daybook.record.RecordBatch;
import daybook.record.TransactionMarker;
import daybook.wire.ErrorCode;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Transactions in a log, as far as they can be told without their coordinator. */
class TransactionsTest {
    @TempDir
    Path temp;

    private TestLogs logs;
    private PartitionLog log;

    @BeforeEach
    void open() throws IOException {
        reopen(temp.resolve("data"));
    }

    private void reopen(Path data) throws IOException {
        logs = TestLogs.open(data, new TestLogs.Config().segmentBytes(1_000));
        log = logs.words();
    }

    @AfterEach
    void close() {
        logs.close();
    }

    /** Appends one record of a transaction; returns its offset. */
    private long write(long id, int epoch, int sequence) {
        var batch = TestBatch.at(logs.nowMs).producer(id, epoch, sequence).transactional().build();
        return TestLogs.done(log.append(batch, log.endOffset(), false)).baseOffset();
    }

    private long plain() {
        return TestLogs.done(log.append(TestBatch.at(logs.nowMs).build())).baseOffset();
    }

    private long end(long id, int epoch, boolean commit) {
        long offset = TestLogs.done(mark(id, epoch, commit, 1)).baseOffset();
        assertTrue(log.awaitForced(log.endOffset()));
        return offset;
    }

    private Appended mark(long id, int epoch, boolean commit, int version) {
        return log.appendMarker(id, (short) epoch, new TransactionMarker(commit, 7), version);
    }

    private static int markerBytes() {
        return new TransactionMarker(false, 7).batch(1, (short) 0, TestLogs.NOW).remaining();
    }

    private ReadResult.Data committed(long offset) throws IOException {
        var data = assertInstanceOf(ReadResult.Data.class, log.read(offset, 100_000, true, true));
        if (data.region() != null) {
            data.region().close();
        }
        return data;
    }

    private Path file(long base, String suffix) {
        return Segment.path(log.directory(), base, suffix);
    }

    @Test
    void theLastStableOffsetIsThatOfTheOldestTransaction() throws IOException {
        plain();
        assertEquals(1, log.lastStableOffset());
        write(1, 0, 0);
        plain();
        write(2, 0, 0);
        write(1, 0, 1);
        assertEquals(1, log.lastStableOffset());
        end(1, 0, true);
        assertEquals(3, log.lastStableOffset());
        assertEquals(6, log.highWatermark());
        write(1, 0, 2);
        end(2, 0, false);
        assertEquals(6, log.lastStableOffset());
        end(1, 0, false);
        assertEquals(9, log.lastStableOffset());
        assertEquals(List.of(new Entry(2, 3, 7, 6), new Entry(1, 6, 8, 9)), committed(0).aborted());
        assertEquals(List.of(new Entry(1, 6, 8, 9)), committed(8).aborted());
    }

    @Test
    void readersOfCommittedRecordsStopAtTheLastStableOffset() throws IOException {
        plain();
        write(1, 0, 0);
        plain();
        var data = assertInstanceOf(ReadResult.Data.class, log.read(0, 100_000, true, true));
        assertEquals(1, TestLogs.batches(TestLogs.bytes(data.region())).size());
        assertEquals(1, data.lastStableOffset());
        assertEquals(3, data.highWatermark());
        assertEquals(List.of(), data.aborted());
        for (long offset = 1; offset <= 3; offset++) {
            assertNull(committed(offset).region());
        }
        assertInstanceOf(ReadResult.OutOfRange.class, log.read(4, 100, true, true));
        var all = assertInstanceOf(ReadResult.Data.class, log.read(0, 100_000, true, false));
        assertNull(all.aborted());
        assertEquals(3, TestLogs.batches(TestLogs.bytes(all.region())).size());
        var woken = new AtomicInteger();
        log.watch(woken::incrementAndGet);
        TestLogs.done(mark(1, 0, true, 1));
        assertEquals(1, woken.get());
        assertNull(committed(1).region(), "a power cut may take the marker");
        assertTrue(log.awaitForced(log.endOffset()));
        assertEquals(2, woken.get());
        assertTrue(committed(1).region().lengthBytes() > 0);
    }

    @Test
    void theIndexIsThatOfKafka() throws IOException {
        write(4097, 3, 0);
        plain();
        end(4097, 3, false);
        var expected = "0000" + "0000000000001001" + "0000000000000000" + "0000000000000002"
                + "0000000000000003";
        var bytes = Files.readAllBytes(file(0, Segment.TRANSACTION_INDEX));
        assertEquals(expected, HexFormat.of().formatHex(bytes));
    }

    @Test
    void aMarkerWithoutATransactionAbortsNothing() throws IOException {
        plain();
        end(5, 2, false);
        assertEquals(2, log.lastStableOffset());
        assertFalse(Files.exists(file(0, Segment.TRANSACTION_INDEX)));
        var view = log.producers().getFirst();
        assertEquals(new ProducerStates.View(5, 2, -1, -1, logs.nowMs, 7, -1), view);
    }

    @Test
    void aMarkerMayRaiseTheEpoch() {
        write(1, 0, 0);
        end(1, 1, true);
        var view = log.producers().getFirst();
        assertEquals(new ProducerStates.View(1, 1, -1, -1, logs.nowMs, 7, -1), view);
        write(1, 1, 0);
        assertEquals(2, log.producers().getFirst().currentTransactionStartOffset());
        var late = TestBatch.at(logs.nowMs).producer(1, 0, 1).build();
        assertEquals(ErrorCode.INVALID_PRODUCER_EPOCH, TestLogs.refused(log.append(late)).error());
    }

    /** As compaction leaves them, also that of Apache Kafka. */
    @Test
    void theHeaderOfAMarkerEndsATransactionToo() throws IOException {
        write(1, 0, 0);
        var header = BatchHeader.plain(1, logs.nowMs).producer(1, (short) 0, RecordBatch.NO_SEQUENCE)
                .attributes(RecordBatch.TRANSACTIONAL | RecordBatch.CONTROL);
        TestLogs.done(log.appendOwn(new BatchBuilder(header).build(0)));
        assertTrue(log.awaitForced(log.endOffset()));
        assertEquals(2, log.lastStableOffset());
        var killed = TestLogs.copy(logs.path, temp.resolve("killed"));
        logs.close();
        reopen(killed);
        assertEquals(2, log.lastStableOffset());
    }

    @Test
    void duringATransactionNothingElseIsTakenFromItsProducer() {
        write(1, 0, 0);
        var outside = TestBatch.at(logs.nowMs).producer(1, 0, 1).build();
        assertEquals(ErrorCode.INVALID_TXN_STATE, TestLogs.refused(log.append(outside)).error());
        end(1, 0, true);
        TestLogs.done(log.append(outside));
    }

    @Test
    void whoIsInATransactionIsNotForgotten() {
        write(1, 0, 0);
        write(2, 0, 0);
        end(2, 0, true);
        logs.nowMs += 100 * 86_400_000L;
        logs.logs.tick(logs.nowMs);
        assertEquals(1, log.producers().size());
        assertEquals(0, log.lastStableOffset());
    }

    @Test
    void anOpenTransactionIsKnownAgainFromTheSnapshot() throws IOException {
        plain();
        write(1, 0, 0);
        plain();
        logs.close();
        reopen(logs.path);
        assertEquals(1, log.lastStableOffset());
        assertEquals(new ProducerStates.View(1, 0, 0, 1, logs.nowMs, -1, 1), log.producers().getFirst());
        assertNull(committed(1).region());
        end(1, 0, false);
        assertEquals(List.of(new Entry(1, 1, 3, 4)), committed(0).aborted());
    }

    @Test
    void aTransactionThatTheLogOutgrewHoldsReadersAtItsStart() throws IOException {
        write(1, 0, 0);
        while (log.endOffset() < 100) {
            plain();
        }
        assertEquals(0, log.lastStableOffset());
        log.deleteRecordsBefore(60);
        assertEquals(60, log.lastStableOffset());
        assertEquals(60, committed(60).lastStableOffset());
        assertNull(committed(60).region());
        logs.close();
        reopen(logs.path);
        assertEquals(60, log.lastStableOffset());
        end(1, 0, false);
        assertEquals(101, log.lastStableOffset());
        assertEquals(List.of(new Entry(1, 0, 100, 101)), committed(60).aborted());
    }

    @Test
    void anIndexGoesWithItsSegment() throws IOException {
        write(1, 0, 0);
        end(1, 0, false);
        while (log.endOffset() < 30) {
            plain();
        }
        assertTrue(Files.exists(file(0, Segment.TRANSACTION_INDEX)));
        log.deleteRecordsBefore(-1);
        assertFalse(Files.exists(file(0, Segment.TRANSACTION_INDEX)));
        assertTrue(Files.exists(file(0, Segment.TRANSACTION_INDEX + Segment.DELETED)));
    }

    @Test
    void anIndexIsForcedWithItsSegment() {
        write(1, 0, 0);
        assertTrue(log.force(log.endOffset()));
        TestLogs.done(mark(1, 0, false, 1));
        var synced = new ArrayList<Path>();
        logs.disk.fault = (operation, file) -> {
            if (operation.equals("forceDirectory")) {
                synced.add(file);
            }
        };
        int forces = logs.disk.forces.get();
        assertTrue(log.force(log.endOffset()));
        assertEquals(forces + 2, logs.disk.forces.get());
        assertEquals(List.of(log.directory()), synced);
        plain();
        assertTrue(log.force(log.endOffset()));
        assertEquals(forces + 3, logs.disk.forces.get());
    }

    @Test
    void anEntryThatCannotBeWrittenEndsWriting() throws IOException {
        write(1, 0, 0);
        logs.disk.room = markerBytes() + 20;
        logs.disk.refusal = "Input/output error";
        var refused = TestLogs.refused(mark(1, 0, false, 1));
        assertEquals(ErrorCode.KAFKA_STORAGE_ERROR, refused.error());
        assertEquals(0, log.lastStableOffset());
        assertNull(committed(0).region());
        logs.disk.room = Long.MAX_VALUE;
        var killed = TestLogs.copy(logs.path, temp.resolve("killed"));
        logs.close();
        reopen(killed);
        assertEquals(2, log.lastStableOffset());
        assertEquals(List.of(new Entry(1, 0, 1, 2)), committed(0).aborted());
    }

    @Test
    void aMarkerThatADiskHasNoRoomForCanBeSentAgain() throws IOException {
        write(1, 0, 0);
        for (int room : new int[] {markerBytes() - 1, markerBytes(), markerBytes() + 33}) {
            logs.disk.usableBytes = 0;
            logs.disk.room = room;
            TestLogs.refused(mark(1, 0, false, 1));
            assertEquals(0, log.lastStableOffset());
            assertEquals(1, log.endOffset());
            assertEquals(0, log.producers().getFirst().currentTransactionStartOffset());
        }
        logs.disk.usableBytes = -1;
        logs.disk.room = Long.MAX_VALUE;
        assertEquals(1, end(1, 0, false));
        assertEquals(2, plain());
        assertEquals(List.of(new Entry(1, 0, 1, 2)), committed(0).aborted());
        logs.close();
        reopen(logs.path);
        assertEquals(List.of(new Entry(1, 0, 1, 2)), committed(0).aborted());
    }

    @Test
    void anIndexThatIsRightIsLeftAloneSoThatAFullDiskDoesNotMatter() throws IOException {
        write(1, 0, 0);
        end(1, 0, false);
        var killed = TestLogs.copy(logs.path, temp.resolve("killed"));
        logs.close();
        var index = killed.resolve("words-0/" + file(0, Segment.TRANSACTION_INDEX).getFileName());
        var written = Files.readAttributes(index, "unix:ino,lastModifiedTime");
        reopen(killed);
        assertEquals(List.of(new Entry(1, 0, 1, 2)), committed(0).aborted());
        assertEquals(written, Files.readAttributes(index, "unix:ino,lastModifiedTime"));
        assertEquals(2, logs.disk.forces.get(), "it is not known whether it had been forced");
        assertTrue(log.force(log.endOffset()));
        assertEquals(2, logs.disk.forces.get());
    }

    /** The system may write an index before the log, and a power cut take the marker only. */
    @Test
    void anIndexOfALostMarkerGoesAndTheLogGoesOn() throws IOException {
        write(1, 0, 0);
        int keptBytes = (int) log.sizeBytes();
        end(1, 0, false);
        var cut = TestLogs.copy(logs.path, temp.resolve("cut"));
        logs.close();
        var directory = cut.resolve("words-0");
        try (var file = FileChannel.open(Segment.path(directory, 0, Segment.LOG), StandardOpenOption.WRITE)) {
            file.truncate(keptBytes);
        }
        reopen(cut);
        assertFalse(Files.exists(file(0, Segment.TRANSACTION_INDEX)));
        assertEquals(0, log.lastStableOffset());
        assertEquals(1, plain());
        assertTrue(log.awaitForced(2));
        assertEquals(2, end(1, 0, false));
        assertTrue(log.awaitForced(3));
        assertEquals(List.of(new Entry(1, 0, 2, 3)), committed(0).aborted());
    }

    @Test
    void aWrongIndexIsMadeAnewAlsoAfterACleanStop() throws IOException {
        write(1, 0, 0);
        while (log.endOffset() < 30) {
            plain();
        }
        end(1, 0, false);
        var expected = committed(0).aborted();
        assertEquals(1, expected.size());
        var index = file(0, Segment.TRANSACTION_INDEX);
        logs.close();
        // The marker is not in the first segment: what stands in its file now cannot be an index of it.
        assertFalse(Files.exists(index));
        Files.write(index, new byte[33]);
        reopen(logs.path);
        assertFalse(Files.exists(index));
        assertEquals(expected, committed(0).aborted());
        logs.close();
        var names = List.of(log.directory().toFile().list());
        var real = log.directory().resolve(names.stream()
                .filter(name -> name.endsWith(Segment.TRANSACTION_INDEX)).findFirst().orElseThrow());
        var bytes = Files.readAllBytes(real);
        for (var wrong : List.of(new byte[34], new byte[10], new byte[68], flipped(bytes))) {
            Files.write(real, wrong);
            reopen(logs.path);
            assertEquals(expected, committed(0).aborted());
            logs.close();
            assertEquals(HexFormat.of().formatHex(bytes),
                    HexFormat.of().formatHex(Files.readAllBytes(real)));
        }
    }

    /** An entry of another version. */
    private static byte[] flipped(byte[] entry) {
        var bytes = entry.clone();
        bytes[1] ^= 1;
        return bytes;
    }
}
