package daybook.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Batches that are made anew from the records of others. */
class BatchBuilderTest {
    private static final BatchHeader HEADER = new BatchHeader(100, 9, 3, RecordBatch.TRANSACTIONAL, 5_000,
            5_010, 77, (short) 4, Integer.MAX_VALUE);

    private static ByteBuffer text(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static final List<Record> SPARSE = List.of(
            new Record(100, 5_000, text("a"), text("1"), Record.NO_HEADERS),
            new Record(103, 4_000, null, null, Record.headerBytes(List.of(
                    new Record.Header("h", text("x")), new Record.Header("ü", null)))),
            new Record(108, 5_020, text(""), text("2".repeat(1_000)), Record.NO_HEADERS));

    private static RecordBatch built(BatchHeader header, List<Record> records) {
        var builder = new BatchBuilder(header);
        records.forEach(builder::add);
        var bytes = builder.build(header.codec().defaultLevel());
        var batch = new RecordBatch(bytes, 0);
        assertEquals(bytes.limit(), batch.sizeBytes());
        assertTrue(batch.checksumHolds());
        assertEquals(records.size(), batch.recordCount());
        return batch;
    }

    private static List<Record> records(RecordBatch batch) {
        var records = new ArrayList<Record>();
        batch.records(1 << 20).forEach(records::add);
        return records;
    }

    @Test
    void aBatchWithHolesKeepsItsRecordsAndItsHeader() {
        for (var codec : Codec.values()) {
            var batch = built(HEADER.codec(codec), SPARSE);
            assertEquals(SPARSE, records(batch));
            assertEquals(HEADER.codec(codec).maxTimestamp(5_020), BatchHeader.of(batch));
            assertEquals(109, batch.lastOffset());
            assertEquals(8, batch.lastSequence());
            assertTrue(batch.transactional());
        }
        assertEquals(List.of(new Record.Header("h", text("x")), new Record.Header("ü", null)),
                records(built(HEADER, SPARSE)).get(1).headers());
    }

    @Test
    void aDeleteHorizonKeepsTheTimesOfTheRecords() {
        var batch = built(HEADER.deleteHorizon(9_000_000), SPARSE);
        assertTrue(batch.hasDeleteHorizon());
        assertEquals(9_000_000, batch.baseTimestamp());
        assertEquals(5_020, batch.maxTimestamp());
        assertEquals(SPARSE, records(batch));
        assertFalse(built(HEADER, SPARSE).hasDeleteHorizon());
    }

    @Test
    void logAppendTimeIsTheTimeOfAllRecords() {
        var batch = built(HEADER.logAppendTime(7_000), SPARSE);
        assertEquals(7_000, batch.maxTimestamp());
        records(batch).forEach(record -> assertEquals(7_000, record.timestampMs()));
    }

    @Test
    void aBatchWithoutRecordsKeepsItsProducer() {
        var batch = built(HEADER.codec(Codec.GZIP), List.of());
        assertEquals(HEADER, BatchHeader.of(batch));
        assertEquals(RecordBatch.HEADER_BYTES, batch.sizeBytes());
        assertEquals(List.of(), records(batch));
    }

    @Test
    void openedRecordsAreSealedAgainAsTheyAre() {
        var first = built(HEADER.codec(Codec.GZIP), SPARSE);
        var header = BatchHeader.of(first).codec(Codec.NONE);
        var again = new RecordBatch(BatchBuilder.seal(header, 3, first.open(1 << 20)), 0);
        assertTrue(again.checksumHolds());
        assertEquals(header, BatchHeader.of(again));
        assertEquals(SPARSE, records(again));
    }

    @Test
    void varintsOfAllLengthsAreCounted() {
        for (int bits = 0; bits < 64; bits++) {
            long delta = bits == 63 ? Long.MIN_VALUE : 1L << bits;
            for (long timeMs : new long[] {delta, delta - 1, -delta}) {
                var records = List.of(new Record(0, timeMs, null, text("v"), Record.NO_HEADERS));
                assertEquals(records, records(built(BatchHeader.plain(1, 0), records)), "time " + timeMs);
            }
        }
    }
}
