package daybook.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.wire.ErrorCode;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;

/** Sequences of idempotent producers, as Apache Kafka 4.3 answers them. */
class IdempotenceTest {
    private static final int LARGEST = Integer.MAX_VALUE;

    @TempDir
    Path temp;

    private TestLogs logs;

    @BeforeEach
    void open() throws IOException {
        logs = TestLogs.open(temp.resolve("data"), new TestLogs.Config());
    }

    @AfterEach
    void close() {
        logs.close();
    }

    private Appended send(long id, int epoch, int sequence, int count) {
        return logs.words().append(TestBatch.of(count, logs.nowMs).producer(id, epoch, sequence).build());
    }

    private void taken(long baseOffset, long id, int epoch, int sequence, int count) {
        var done = TestLogs.done(send(id, epoch, sequence, count));
        assertEquals(baseOffset, done.baseOffset());
        assertEquals(baseOffset + count, done.nextOffset());
        assertEquals(-1, done.logAppendTimeMs());
        assertTrue(!done.duplicate());
    }

    private void duplicate(long baseOffset, long id, int epoch, int sequence, int count) {
        long end = logs.words().endOffset();
        var done = TestLogs.done(send(id, epoch, sequence, count));
        assertTrue(done.duplicate());
        assertEquals(baseOffset, done.baseOffset());
        assertEquals(baseOffset + count, done.nextOffset());
        assertEquals(TestLogs.NOW, done.logAppendTimeMs(), "Kafka tells a duplicate's newest time");
        assertEquals(end, logs.words().endOffset(), "nothing is written");
    }

    private void refused(ErrorCode error, long id, int epoch, int sequence, int count) {
        long end = logs.words().endOffset();
        assertEquals(error, TestLogs.refused(send(id, epoch, sequence, count)).error());
        assertEquals(end, logs.words().endOffset());
    }

    @Test
    void theLastFiveBatchesAreKnownAgainAfterACleanStop() throws IOException {
        for (int i = 0; i < 7; i++) {
            taken(2 * i, 1, 0, 2 * i, 2);
        }
        logs.close();
        logs = TestLogs.open(temp.resolve("data"), new TestLogs.Config());
        refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, 1, 0, 2, 2);
        duplicate(4, 1, 0, 4, 2);
        duplicate(12, 1, 0, 12, 2);
        taken(14, 1, 0, 14, 2);
        duplicate(6, 1, 0, 6, 2);
        refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, 1, 0, 4, 2);
    }

    @Test
    void sequences() {
        taken(0, 1, 0, 0, 1);
        taken(1, 1, 0, 1, 3);
        taken(4, 1, 0, 4, 1);
        duplicate(4, 1, 0, 4, 1);
        duplicate(1, 1, 0, 1, 3);
        duplicate(0, 1, 0, 0, 1);
        refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, 1, 0, 1, 2);
        refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, 1, 0, 3, 2);
        refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, 1, 0, 9, 1);
        for (int i = 5; i < 10; i++) {
            taken(i, 1, 0, i, 1);
        }
        duplicate(5, 1, 0, 5, 1);
        refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, 1, 0, 4, 1);
        taken(10, 2, 0, 0, 1);
        taken(11, 1, 0, 10, 1);
    }

    @Test
    void beginnings() {
        taken(0, 1, 0, 5, 1);
        taken(1, 1, 0, 6, 1);
        taken(2, 2, 7, 4, 1);
        taken(3, 3, 0, LARGEST, 1);
        taken(4, 3, 0, 0, 1);
        taken(5, -2, 0, 0, 1);
        taken(6, -1, -1, -1, 1);
        refused(ErrorCode.INVALID_PRODUCER_EPOCH, 9, -5, 0, 1);
        refused(ErrorCode.INVALID_RECORD, 9, 0, -1, 1);
    }

    @Test
    void wrapping() {
        taken(0, 1, 0, LARGEST - 2, 2);
        taken(2, 1, 0, LARGEST, 3);
        duplicate(2, 1, 0, LARGEST, 3);
        taken(5, 1, 0, 2, 1);
        taken(6, 2, 0, LARGEST - 1, 2);
        taken(8, 2, 0, 0, 1);
        duplicate(6, 2, 0, LARGEST - 1, 2);
    }

    @Test
    void epochs() {
        taken(0, 1, 1, 0, 1);
        refused(ErrorCode.INVALID_PRODUCER_EPOCH, 1, 0, 1, 1);
        refused(ErrorCode.INVALID_PRODUCER_EPOCH, 1, 0, 0, 1);
        refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, 1, 2, 5, 1);
        taken(1, 1, 2, 0, 1);
        refused(ErrorCode.INVALID_PRODUCER_EPOCH, 1, 1, 1, 1);
        taken(2, 1, 2, 1, 1);
        taken(3, 1, 7, 0, 1);
        refused(ErrorCode.INVALID_PRODUCER_EPOCH, 1, 2, 1, 1);
    }

    @Test
    void silentProducersAreForgotten() {
        taken(0, 1, 0, 0, 1);
        logs.nowMs += 86_400_000L - 1;
        logs.logs.tick(logs.nowMs);
        assertEquals(1, logs.words().producers().size());
        taken(1, 2, 0, 0, 1);
        logs.nowMs += 1_000;
        logs.logs.tick(logs.nowMs);
        var left = logs.words().producers();
        assertEquals(1, left.size());
        assertEquals(2, left.getFirst().producerId());
        taken(2, 1, 0, 17, 1);
    }

    @Test
    void afterACleanStopTheLastBatchIsKnown() throws IOException {
        for (int i = 0; i < 8; i++) {
            taken(i, 1, 3, i, 1);
        }
        taken(8, 2, 0, 0, 2);
        logs.close();
        logs = TestLogs.open(temp.resolve("data"), new TestLogs.Config());
        duplicate(7, 1, 3, 7, 1);
        refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, 1, 3, 9, 1);
        taken(10, 1, 3, 8, 1);
        duplicate(8, 2, 0, 0, 2);
    }

    @Test
    void afterAKillTheLastFiveAreKnownAgain() throws IOException {
        for (int i = 0; i < 8; i++) {
            taken(i, 1, 3, i, 1);
        }
        var killed = TestLogs.copy(temp.resolve("data"), temp.resolve("killed"));
        logs.close();
        logs = TestLogs.open(killed, new TestLogs.Config());
        duplicate(3, 1, 3, 3, 1);
        duplicate(7, 1, 3, 7, 1);
        refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, 1, 3, 2, 1);
        taken(8, 1, 3, 8, 1);
    }
}
