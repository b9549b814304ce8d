package daybook.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.record.BatchBuilder;
import daybook.record.BatchHeader;
import daybook.record.Codec;
import daybook.record.Record;
import daybook.record.RecordBatch;
import daybook.wire.ErrorCode;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Batches of a topic that has a codec of its own: refusals, numbers and times are as Apache Kafka 4.3.1 gave
 * them to the same bytes.
 */
class ReencodeTest {
    private static final long START = 5;

    @TempDir
    Path temp;

    private final TestLogs.Config config = new TestLogs.Config();

    private static List<Record> records(long... timesMs) {
        var records = new ArrayList<Record>();
        for (int i = 0; i < timesMs.length; i++) {
            var value = ByteBuffer.wrap(("value " + i + " ").repeat(20).getBytes());
            var headers = Record.headerBytes(List.of(new Record.Header("h", i % 2 == 0 ? null : value)));
            records.add(new Record(i, timesMs[i], i % 3 == 0 ? null : value.slice(0, 7), value, headers));
        }
        return records;
    }

    private static ByteBuffer batch(Codec codec, List<Record> records) {
        long firstMs = records.getFirst().timestampMs();
        var header = BatchHeader.plain(records.size(), firstMs).codec(codec);
        var builder = new BatchBuilder(header.producer(77, (short) 3, 0));
        records.forEach(builder::add);
        return builder.build(codec.defaultLevel());
    }

    private static List<Record> opened(RecordBatch batch) {
        var records = new ArrayList<Record>();
        batch.records(1 << 20).forEach(records::add);
        return records;
    }

    private void to(Codec codec) {
        config.compression = new LogConfig.Compression(codec, codec.defaultLevel());
    }

    private BatchCheck check(ByteBuffer bytes, Appended.Refused expected) {
        var check = new BatchCheck(config.build(), TestLogs.WORDS, START, TestLogs.NOW);
        assertEquals(expected, check.refusal(bytes));
        return check;
    }

    private RecordBatch accepted(ByteBuffer bytes) {
        return new RecordBatch(check(bytes, null).accepted(), 0);
    }

    private void refused(ErrorCode error, long startOffset, String message, ByteBuffer bytes) {
        check(bytes, new Appended.Refused(error, message, List.of(), startOffset));
    }

    @Test
    void everyCodecBecomesEveryOther() {
        var sent = records(TestLogs.NOW, TestLogs.NOW + 7, TestLogs.NOW - 5);
        for (var from : Codec.values()) {
            for (var to : Codec.values()) {
                to(to);
                var bytes = batch(from, sent);
                var batch = accepted(bytes);
                assertEquals(to.id(), batch.codecId());
                assertTrue(batch.checksumHolds());
                assertEquals(sent, opened(batch));
                assertEquals(BatchHeader.of(new RecordBatch(bytes, 0)).codec(to), BatchHeader.of(batch));
            }
        }
    }

    @Test
    void batchesStaySealedWhereTheProducerChoosesOrChoseTheSame() {
        var bytes = batch(Codec.GZIP, records(1, 2));
        assertEquals(bytes, check(bytes, null).accepted());
        assertSame(bytes.array(), check(bytes, null).accepted().array());
        config.compression = new LogConfig.Compression(Codec.GZIP, 9);
        assertSame(bytes.array(), check(bytes, null).accepted().array());
    }

    @Test
    void theLevelCounts() {
        var bytes = batch(Codec.NONE, records(new long[500]));
        config.compression = new LogConfig.Compression(Codec.GZIP, 0);
        int stored = accepted(bytes).sizeBytes();
        config.compression = new LogConfig.Compression(Codec.GZIP, 9);
        int best = accepted(bytes).sizeBytes();
        assertTrue(best < stored / 10, best + " and " + stored);
    }

    @Test
    void aProducerDoesNotSayWhenTombstonesGo() {
        to(Codec.LZ4);
        var sent = records(TestLogs.NOW, TestLogs.NOW + 7);
        var bytes = batch(Codec.NONE, sent);
        bytes.putShort(21, (short) (bytes.getShort(21) | RecordBatch.DELETE_HORIZON));
        var batch = accepted(TestBatch.seal(bytes));
        assertFalse(batch.hasDeleteHorizon());
        assertEquals(sent, opened(batch));
    }

    @Test
    void theNewestTimeIsThatOfTheRecords() {
        to(Codec.LZ4);
        var bytes = batch(Codec.NONE, records(TestLogs.NOW, TestLogs.NOW + 7));
        bytes.putLong(35, Long.MAX_VALUE);
        assertEquals(TestLogs.NOW + 7, accepted(TestBatch.seal(bytes)).maxTimestamp());
        long late = TestLogs.NOW + config.afterMaxMs + 1;
        var refused = new BatchCheck(config.build(), TestLogs.WORDS, START, TestLogs.NOW)
                .refusal(batch(Codec.NONE, records(TestLogs.NOW, late)));
        assertEquals(ErrorCode.INVALID_TIMESTAMP, refused.error());
        assertEquals(1, refused.recordErrors().getFirst().index());
        config.logAppendTime = true;
        assertEquals(Codec.LZ4.id(), accepted(batch(Codec.NONE, records(TestLogs.NOW, late))).codecId());
    }

    @Test
    void aBatchThatIsTooLargeOnceItIsWrittenAnew() {
        to(Codec.NONE);
        var bytes = batch(Codec.ZSTD, records(new long[1_000]));
        int plain = accepted(bytes).sizeBytes();
        config.maxMessageBytes = plain - 1;
        refused(ErrorCode.MESSAGE_TOO_LARGE, -1, null, bytes);
        config.maxMessageBytes = plain;
        config.segmentBytes = plain - 1;
        refused(ErrorCode.RECORD_LIST_TOO_LARGE, -1, null, bytes);
        config.segmentBytes = plain;
        assertEquals(plain, accepted(bytes).sizeBytes());
    }

    @Test
    void aBatchThatCannotBeOpened() {
        to(Codec.SNAPPY);
        var zipped = batch(Codec.GZIP, records(1, 2));
        var garbage = zipped.duplicate().put(61, (byte) 0);
        refused(ErrorCode.UNKNOWN_SERVER_ERROR, START, "gzip: Not in GZIP format, near byte 2",
                TestBatch.seal(garbage));
        var bytes = batch(Codec.GZIP, records(1, 2));
        refused(ErrorCode.INVALID_RECORD, START, null, TestBatch.seal(bytes.putInt(23, 2).putInt(57, 3)));
        var skipping = List.of(records(1, 2, 3).get(0), records(1, 2, 3).get(2));
        refused(ErrorCode.INVALID_RECORD, START, null, batch(Codec.GZIP, skipping));
    }

    @Test
    void aBatchThatIsLargerThanIsEverOpened() {
        to(Codec.LZ4);
        var zeros = ByteBuffer.allocate(OpenedBatch.LIMIT_BYTES);
        var bytes = batch(Codec.GZIP, List.of(new Record(0, 1, null, zeros, Record.NO_HEADERS)));
        refused(ErrorCode.UNKNOWN_SERVER_ERROR, START,
                "gzip: the decompressed batch is larger than " + OpenedBatch.LIMIT_BYTES + " bytes", bytes);
    }

    @Test
    void aLogWritesThemAnewAndKnowsThemAgain() throws IOException {
        to(Codec.ZSTD);
        var sent = records(TestLogs.NOW, TestLogs.NOW + 1);
        try (var logs = TestLogs.open(temp, config)) {
            var done = TestLogs.done(logs.words().append(batch(Codec.LZ4, sent)));
            assertEquals(0, done.baseOffset());
            assertTrue(TestLogs.done(logs.words().append(batch(Codec.LZ4, sent))).duplicate());
            config.logAppendTime = true;
            logs.words().configure(config.build());
            var next = batch(Codec.NONE, sent);
            TestLogs.done(logs.words().append(TestBatch.seal(next.putInt(53, 2))));
            var read = TestLogs.batches(TestLogs.read(logs.words(), 0, 100_000));
            assertEquals(2, read.size());
            assertEquals(sent, opened(read.getFirst()));
            assertEquals(3, read.getLast().lastOffset());
            assertEquals(logs.nowMs, opened(read.getLast()).getFirst().timestampMs());
            for (var batch : read) {
                assertEquals(Codec.ZSTD.id(), batch.codecId());
                assertTrue(batch.checksumHolds());
            }
        }
    }
}
