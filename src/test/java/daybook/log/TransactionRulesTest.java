package daybook.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.record.RecordBatch;
import daybook.record.TransactionMarker;
import daybook.wire.ErrorCode;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** What is asked of a transaction's batches and of its markers, as Apache Kafka 4.3.1 answers. */
class TransactionRulesTest {
    private static final int COORDINATOR_EPOCH = 7;

    @TempDir
    Path temp;

    private TestLogs logs;
    private PartitionLog log;

    @BeforeEach
    void open() throws IOException {
        reopen(temp.resolve("data"), new TestLogs.Config());
    }

    private void reopen(Path data, TestLogs.Config config) throws IOException {
        logs = TestLogs.open(data, config);
        log = logs.words();
    }

    /** As a process that is killed and started again. */
    private void kill() throws IOException {
        var killed = TestLogs.copy(logs.path, temp.resolve("killed"));
        logs.close();
        reopen(killed, new TestLogs.Config());
    }

    @AfterEach
    void close() {
        logs.close();
    }

    private ByteBuffer batch(long id, int epoch, int sequence) {
        return TestBatch.at(logs.nowMs).producer(id, epoch, sequence).transactional().build();
    }

    /** A record of a transaction of which the coordinator has said just now that it goes on. */
    private Appended write(long id, int epoch, int sequence) {
        return log.append(batch(id, epoch, sequence), log.endOffset(), false);
    }

    private Appended unverified(long id, int epoch, int sequence) {
        return log.append(batch(id, epoch, sequence));
    }

    private Appended end(long id, int epoch, int version) {
        return end(id, epoch, version, COORDINATOR_EPOCH);
    }

    private Appended end(long id, int epoch, int version, int coordinatorEpoch) {
        var ended = log.appendMarker(id, (short) epoch, new TransactionMarker(true, coordinatorEpoch), version);
        log.awaitForced(log.endOffset());
        return ended;
    }

    private static void taken(long offset, Appended appended) {
        var done = TestLogs.done(appended);
        assertFalse(done.duplicate());
        assertEquals(offset, done.baseOffset());
    }

    private void refused(ErrorCode error, Appended appended) {
        long end = log.endOffset();
        assertEquals(error, TestLogs.refused(appended).error());
        assertEquals(end, log.endOffset());
    }

    private void known(int epoch, int lastSequence, int coordinatorEpoch, long start) {
        var view = log.producers().getFirst();
        assertEquals(epoch + " " + lastSequence + " " + coordinatorEpoch + " " + start, view.producerEpoch()
                + " " + view.lastSequence() + " " + view.coordinatorEpoch() + " "
                + view.currentTransactionStartOffset());
    }

    // Batches.

    @Test
    void onlyATransactionThatTheCoordinatorKnowsBegins() {
        refused(ErrorCode.INVALID_TXN_STATE, unverified(1, 0, 0));
        taken(0, write(1, 0, 0));
        taken(1, unverified(1, 0, 1));
        taken(2, end(1, 0, 1));
        refused(ErrorCode.INVALID_TXN_STATE, unverified(1, 0, 2));
        taken(3, write(1, 0, 2));
    }

    @Test
    void anOpenTransactionIsThatOfItsEpoch() {
        assertFalse(log.inTransaction(1, 0));
        taken(0, write(1, 3, 0));
        assertTrue(log.inTransaction(1, 3));
        assertFalse(log.inTransaction(1, 2));
        assertFalse(log.inTransaction(1, 4));
        assertFalse(log.inTransaction(2, 3));
        refused(ErrorCode.INVALID_TXN_STATE, unverified(1, 4, 0));
        taken(1, end(1, 4, 2));
        assertFalse(log.inTransaction(1, 3));
        assertFalse(log.inTransaction(1, 4));
    }

    @Test
    void whatEndedSinceTheCoordinatorWasAskedBeginsNothing() {
        long asked = log.endOffset();
        taken(0, end(1, 0, 1));
        refused(ErrorCode.INVALID_TXN_STATE, log.append(batch(1, 0, 0), asked, false));
        refused(ErrorCode.INVALID_TXN_STATE, log.appendOwn(batch(1, 0, 0), asked));
        taken(1, log.append(batch(1, 0, 0), log.endOffset(), false));
        asked = log.endOffset();
        taken(2, end(2, 0, 1));
        taken(3, end(1, 0, 1));
        refused(ErrorCode.INVALID_TXN_STATE, log.append(batch(1, 0, 1), asked, false));
        refused(ErrorCode.INVALID_TXN_STATE, log.append(batch(1, 0, 1), asked + 1, false));
        taken(4, log.append(batch(1, 0, 1), asked + 2, false));
    }

    @Test
    void anotherProducersEndIsNothingToIt() {
        long asked = log.endOffset();
        taken(0, end(2, 0, 1));
        taken(1, log.append(batch(1, 0, 0), asked, false));
    }

    @Test
    void afterAStartTheCoordinatorIsAskedAnew() throws IOException {
        taken(0, write(1, 0, 0));
        taken(1, end(1, 0, 1));
        kill();
        refused(ErrorCode.INVALID_TXN_STATE, unverified(1, 0, 1));
        taken(2, write(1, 0, 1));
        restart();
        taken(3, unverified(1, 0, 2));
    }

    private void restart() throws IOException {
        logs.close();
        reopen(logs.path, new TestLogs.Config());
    }

    @Test
    void lateBatchesAreRefused() {
        taken(0, write(1, 5, 0));
        refused(ErrorCode.INVALID_PRODUCER_EPOCH, write(1, 4, 0));
        refused(ErrorCode.INVALID_PRODUCER_EPOCH, unverified(1, 4, 1));
        taken(1, end(1, 6, 2));
        refused(ErrorCode.INVALID_PRODUCER_EPOCH, write(1, 5, 1));
        refused(ErrorCode.INVALID_PRODUCER_EPOCH, write(1, 5, 0));
        refused(ErrorCode.INVALID_PRODUCER_EPOCH, log.appendOwn(batch(1, 5, -1), log.endOffset()));
        var plain = TestBatch.at(logs.nowMs).producer(1, 5, 1).build();
        refused(ErrorCode.INVALID_PRODUCER_EPOCH, log.append(plain));
    }

    @Test
    void sequencesBeginWithTheEpoch() {
        taken(0, write(1, 0, 0));
        taken(1, end(1, 1, 2));
        refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, write(1, 1, 1));
        taken(2, write(1, 1, 0));
        refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, write(1, 1, 2));
        taken(3, write(1, 1, 1));
        taken(4, end(1, 1, 1));
        refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, write(1, 1, 3));
        taken(5, write(1, 1, 2));
        refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, write(1, 2, 3));
    }

    @Test
    void anUnknownProducerBeginsWhereItCounts() {
        refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, log.append(batch(1, 0, 3), 0, true));
        taken(0, log.append(batch(1, 0, 3), 0, false));
        refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, log.append(batch(2, 0, 1), 0, true));
        taken(1, log.append(batch(2, 0, 0), 0, true));
        var plain = TestBatch.at(logs.nowMs).producer(3, 0, 4).build();
        taken(2, log.append(plain, PartitionLog.NOT_VERIFIED, true));
    }

    @Test
    void duplicatesAreKnownUntilTheEpochEnds() throws IOException {
        for (int i = 0; i < 4; i++) {
            taken(i, write(1, 0, i));
        }
        taken(4, end(1, 0, 1));
        for (int i = 0; i < 4; i++) {
            assertEquals(i, TestLogs.done(unverified(1, 0, i)).baseOffset());
        }
        restart();
        for (int i = 0; i < 4; i++) {
            var again = TestLogs.done(unverified(1, 0, i));
            assertTrue(again.duplicate());
            assertEquals(i, again.baseOffset());
        }
        taken(5, end(1, 1, 2));
        refused(ErrorCode.INVALID_PRODUCER_EPOCH, unverified(1, 0, 3));
    }

    @Test
    void whileATransactionIsOpenNothingIsOutsideOfIt() {
        taken(0, write(1, 0, 0));
        refused(ErrorCode.INVALID_TXN_STATE, log.append(TestBatch.at(logs.nowMs).producer(1, 0, 1).build()));
        taken(1, log.append(TestBatch.at(logs.nowMs).producer(2, 0, 1).build()));
        taken(2, end(1, 1, 2));
        taken(3, log.append(TestBatch.at(logs.nowMs).producer(1, 1, 0).build()));
    }

    @Test
    void aCoordinatorsOwnBatchesHaveNoSequence() {
        refused(ErrorCode.INVALID_TXN_STATE, log.appendOwn(batch(1, 2, -1)));
        taken(0, log.appendOwn(batch(1, 2, -1), 0));
        taken(1, log.appendOwn(batch(1, 2, -1)));
        taken(2, log.appendOwn(batch(1, 2, -1), log.endOffset()));
        refused(ErrorCode.INVALID_PRODUCER_EPOCH, log.appendOwn(batch(1, 1, -1), log.endOffset()));
        known(2, -1, -1, 0);
        taken(3, end(1, 3, 2));
        known(3, -1, 7, -1);
    }

    @Test
    void aBatchWithoutAProducerIsInNoTransaction() {
        taken(0, log.append(TestBatch.at(logs.nowMs).transactional().build()));
        assertEquals(1, log.lastStableOffset());
    }

    // Markers.

    @Test
    void aMarkerMakesAnUnknownProducerKnown() {
        taken(0, end(1, 3, 2));
        known(3, -1, 7, -1);
        refused(ErrorCode.INVALID_PRODUCER_EPOCH, write(1, 2, 0));
        refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, write(1, 3, 1));
        taken(1, write(1, 3, 0));
    }

    @Test
    void aMarkerOfAnOlderEpochIsRefused() {
        taken(0, write(1, 3, 0));
        for (int version = 0; version <= 3; version++) {
            refused(ErrorCode.INVALID_PRODUCER_EPOCH, end(1, 2, version));
        }
        assertEquals(0, log.lastStableOffset());
    }

    /** As a coordinator writes it once more that crashed before it knew that all its markers are there. */
    @Test
    void aMarkerThatComesAgainEndsNoNewerTransaction() throws IOException {
        taken(0, write(1, 3, 0));
        taken(1, end(1, 4, 2));
        kill();
        taken(2, end(1, 4, 2));
        known(4, -1, 7, -1);
        taken(3, write(1, 4, 0));
        refused(ErrorCode.INVALID_PRODUCER_EPOCH, end(1, 4, 2));
        assertEquals(3, log.lastStableOffset());
        known(4, 0, 7, 3);
        taken(4, end(1, 5, 2));
        assertEquals(5, log.lastStableOffset());
    }

    @Test
    void anOlderProtocolEndsItsTransactionsWithTheirOwnEpoch() {
        taken(0, write(1, 3, 0));
        taken(1, end(1, 3, 1));
        taken(2, end(1, 3, 0));
        taken(3, write(1, 3, 1));
        taken(4, end(1, 3, 0));
        known(3, 1, 7, -1);
    }

    @Test
    void theLastEpochOfAllEndsWithItself() {
        taken(0, write(1, Short.MAX_VALUE, 0));
        taken(1, end(1, Short.MAX_VALUE, 2));
        assertEquals(2, log.lastStableOffset());
    }

    @Test
    void aCoordinatorOfThePastIsFenced() {
        taken(0, write(1, 0, 0));
        taken(1, end(1, 1, 2));
        taken(2, write(1, 1, 0));
        refused(ErrorCode.TRANSACTION_COORDINATOR_FENCED, end(1, 2, 2, 6));
        refused(ErrorCode.TRANSACTION_COORDINATOR_FENCED, end(1, 1, 1, 6));
        refused(ErrorCode.INVALID_PRODUCER_EPOCH, end(1, 0, 2, 6));
        assertEquals(2, log.lastStableOffset());
        taken(3, end(1, 2, 2, 8));
        known(2, -1, 8, -1);
        taken(4, end(9, 0, 2, -1));
    }

    @Test
    void aTransactionEndsOnAFullDisk() {
        taken(0, write(1, 0, 0));
        logs.disk.usableBytes = TestLogs.RESERVE - 1;
        logs.logs.tick(logs.nowMs);
        refused(ErrorCode.KAFKA_STORAGE_ERROR, write(1, 0, 1));
        taken(1, log.appendOwn(batch(2, 0, -1), 1));
        taken(2, end(1, 1, 2));
        assertEquals(1, log.lastStableOffset());
        assertTrue(log.awaitForced(3));
    }

    @Test
    void aMarkerHasTheTimeOfItsLog() throws IOException {
        logs.close();
        var config = new TestLogs.Config();
        config.logAppendTime = true;
        reopen(logs.path, config);
        taken(0, end(1, 3, 2));
        var marker = TestLogs.batches(TestLogs.read(log, 0, 1_000)).getFirst();
        assertEquals(RecordBatch.TRANSACTIONAL | RecordBatch.CONTROL | RecordBatch.LOG_APPEND_TIME,
                marker.attributes());
        assertTrue(marker.checksumHolds());
        assertEquals(new TransactionMarker(true, 7), TransactionMarker.of(marker));
        assertEquals(logs.nowMs, marker.maxTimestamp());
    }
}
