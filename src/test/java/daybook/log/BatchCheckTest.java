package daybook.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.record.RecordBatch;
import daybook.wire.ErrorCode;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.List;

/** What a client may send, with the answers that Apache Kafka 4.3.1 gave to the same bytes. */
class BatchCheckTest {
    private static final long START = 5;
    private final TestLogs.Config config = new TestLogs.Config();

    private Appended.Refused check(ByteBuffer bytes) {
        return new BatchCheck(config.build(), TestLogs.WORDS, START, TestLogs.NOW).refusal(bytes);
    }

    private void refused(ErrorCode error, long startOffset, String message, ByteBuffer bytes) {
        assertEquals(new Appended.Refused(error, message, List.of(), startOffset), check(bytes));
    }

    private static ByteBuffer good() {
        return TestBatch.of(2, TestLogs.NOW).build();
    }

    /** A good batch with a field changed under a checksum that holds. */
    private static ByteBuffer with(int at, int bytes, long value) {
        var batch = good();
        switch (bytes) {
            case 2 -> batch.putShort(at, (short) value);
            case 4 -> batch.putInt(at, (int) value);
            default -> batch.putLong(at, value);
        }
        return TestBatch.seal(batch);
    }

    private static ByteBuffer followedBy(ByteBuffer batch, int count, int filler) {
        var more = ByteBuffer.allocate(batch.remaining() + count).put(batch);
        while (more.hasRemaining()) {
            more.put((byte) filler);
        }
        return more.flip();
    }

    @Test
    void framing() {
        assertNull(check(good()));
        assertNull(check(followedBy(good(), 1, 0)), "a rest too short for a batch is not looked at");
        for (int length = 0; length < good().remaining(); length++) {
            refused(ErrorCode.INVALID_RECORD, -1, null, good().limit(length));
        }
        refused(ErrorCode.CORRUPT_MESSAGE, -1, null, followedBy(good(), 20, 0));
        var two = ByteBuffer.allocate(2 * good().remaining()).put(good()).put(good()).flip();
        refused(ErrorCode.INVALID_RECORD, -1, null, two);
        for (int magic : new int[] {3, 127, -1}) {
            refused(ErrorCode.CORRUPT_MESSAGE, -1, "Invalid magic found in record: " + magic,
                    good().put(16, (byte) magic));
        }
        refused(ErrorCode.INVALID_RECORD, -1, null, good().put(16, (byte) 0));
        refused(ErrorCode.INVALID_RECORD, -1, null, good().put(16, (byte) 1));
        for (int length : new int[] {-1, 0, 10, 13}) {
            refused(ErrorCode.CORRUPT_MESSAGE, -1, "Record size " + length
                    + " is less than the minimum record overhead (14)", good().putInt(8, length));
        }
        refused(ErrorCode.INVALID_RECORD, -1, null, good().putInt(8, 1_000));
        refused(ErrorCode.INVALID_RECORD, -1, null, good().putInt(8, Integer.MAX_VALUE));
    }

    /** As sarama leaves it: else no record of it would be found by its time. */
    @Test
    void aNewestTimeThatNobodySetIsThatOfTheRecords() {
        for (var sent : List.of(TestBatch.at(TestLogs.NOW, TestLogs.NOW + 7),
                TestBatch.at(TestLogs.NOW, TestLogs.NOW + 7).gzip())) {
            for (long told : new long[] {RecordBatch.NO_TIMESTAMP, 0, TestLogs.NOW - 1}) {
                var bytes = TestBatch.seal(sent.build().putLong(35, told));
                assertNull(check(bytes));
                assertEquals(sent.build(), bytes);
            }
        }
        config.logAppendTime = true;
        var bytes = TestBatch.seal(good().putLong(35, 0));
        assertNull(check(bytes));
        assertEquals(0, bytes.getLong(35));
    }

    @Test
    void fields() {
        refused(ErrorCode.CORRUPT_MESSAGE, -1, null, good().put(70, (byte) 99));
        refused(ErrorCode.INVALID_RECORD, START, null, with(0, 8, 77));
        refused(ErrorCode.INVALID_RECORD, START, null, with(57, 4, 3));
        refused(ErrorCode.INVALID_RECORD, START, null, with(57, 4, 0));
        refused(ErrorCode.INVALID_RECORD, START, null, with(57, 4, -1));
        refused(ErrorCode.INVALID_RECORD, START, null, with(23, 4, 0));
        refused(ErrorCode.INVALID_RECORD, START, null, with(23, 4, -1));
        refused(ErrorCode.INVALID_RECORD, START, null, with(21, 2, 0x20));
        assertNull(check(with(21, 2, 0x10)), "whether it is in a transaction is for the log to say");
        refused(ErrorCode.UNKNOWN_SERVER_ERROR, START, null, with(21, 2, 5));
        refused(ErrorCode.INVALID_RECORD, START, null, with(43, 8, 5));
        assertNull(check(with(43, 8, -2)), "no producer id");
        assertNull(check(with(21, 2, 0x40)));
        assertNull(check(with(21, 2, 0x80)));
        assertNull(check(with(12, 4, 99)), "the leader epoch is the broker's");
        assertNull(check(good().order(java.nio.ByteOrder.BIG_ENDIAN)));
    }

    @Test
    void sizes() {
        config.maxMessageBytes = good().remaining();
        assertNull(check(good()));
        config.maxMessageBytes--;
        refused(ErrorCode.MESSAGE_TOO_LARGE, -1, null, good());
        config.maxMessageBytes = 1_000_000;
        config.segmentBytes = good().remaining();
        assertNull(check(good()));
        config.segmentBytes--;
        refused(ErrorCode.RECORD_LIST_TOO_LARGE, -1, null, good());
    }

    @Test
    void times() {
        long late = TestLogs.NOW + config.afterMaxMs;
        assertNull(check(TestBatch.at(late).build()));
        assertNull(check(TestBatch.at(0).build()));
        assertNull(check(TestBatch.at(-1).build()));
        var refused = check(TestBatch.at(TestLogs.NOW, TestLogs.NOW, late + 1).build());
        assertEquals(ErrorCode.INVALID_TIMESTAMP, refused.error());
        assertEquals("One or more records have been rejected due to invalid timestamp", refused.message());
        var text = "Timestamp " + (late + 1) + " of message with offset 2 is out of range. The timestamp"
                + " should be within [" + (TestLogs.NOW - Long.MAX_VALUE) + ", " + late + "]";
        assertEquals(List.of(new Appended.RecordError(2, text)), refused.recordErrors());
        assertEquals(START, refused.startOffset());
        var zipped = TestBatch.at(TestLogs.NOW, TestLogs.NOW, late + 1).gzip().build();
        assertEquals(refused.recordErrors(), check(zipped).recordErrors());
        config.beforeMaxMs = 1_000;
        assertNull(check(TestBatch.at(TestLogs.NOW - 1_000, TestLogs.NOW, -1).build()));
        var early = check(TestBatch.at(TestLogs.NOW, TestLogs.NOW - 1_001, TestLogs.NOW).build());
        assertEquals(1, early.recordErrors().getFirst().index());
        config.logAppendTime = true;
        assertNull(check(TestBatch.at(late + 1).build()), "the broker's time takes its place");
        config.logAppendTime = false;
        config.afterMaxMs = Long.MAX_VALUE;
        assertNull(check(TestBatch.at(Long.MAX_VALUE).build()));
    }

    @Test
    void onlyTheBrokerSaysThatItsTimeCounts() {
        var claims = TestBatch.at(TestLogs.NOW - 5).attributes(8).build();
        assertNull(check(claims));
        var batch = new RecordBatch(claims, 0);
        assertFalse(batch.logAppendTime());
        assertTrue(batch.checksumHolds());
        config.logAppendTime = true;
        assertEquals(ErrorCode.INVALID_TIMESTAMP,
                check(TestBatch.at(TestLogs.NOW).attributes(8).build()).error());
    }

    @Test
    void aBatchThatMustBeOpenedAndCannot() {
        config.beforeMaxMs = 1_000;
        var message = "zstd: no frame's magic at byte 0";
        refused(ErrorCode.UNKNOWN_SERVER_ERROR, START, message, with(21, 2, 4));
    }

    /** A compressed batch of so many bytes behind its header, which says that it holds so many records. */
    private static ByteBuffer claiming(int payloadBytes, int count) {
        var batch = ByteBuffer.allocate(RecordBatch.HEADER_BYTES + payloadBytes).put(good().limit(61));
        batch.rewind().putInt(8, batch.capacity() - 12).putShort(21, (short) 4);
        return TestBatch.seal(batch.putInt(23, count - 1).putInt(57, count));
    }

    @Test
    void aFewCompressedBytesAreNotBelievedToBeMillions() {
        assertNull(check(claiming(9, 18_000)));
        refused(ErrorCode.INVALID_RECORD, START, null, claiming(9, 18_001));
        refused(ErrorCode.INVALID_RECORD, START, null, claiming(9, 9_500_000));
        refused(ErrorCode.INVALID_RECORD, START, null, claiming(0, 1));
        assertNull(check(claiming(100_000, (64 << 20) / 7)));
        refused(ErrorCode.INVALID_RECORD, START, null, claiming(100_000, (64 << 20) / 7 + 1));
    }
}
