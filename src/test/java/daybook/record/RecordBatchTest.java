package daybook.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;

/** The view of a batch, its records, and what the builder writes. */
class RecordBatchTest {
    private static ByteBuffer text(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static ByteBuffer threeRecords() {
        return BatchBuilder.plain(1_000, List.of(
                new BatchBuilder.Entry(text("k"), text("v0")),
                new BatchBuilder.Entry(null, text("v1")),
                new BatchBuilder.Entry(text("k"), null)));
    }

    @Test
    void oneRecordHasTheBytesThatKafkaWrites() {
        var entry = new BatchBuilder.Entry(null, text("hi"));
        var batch = BatchBuilder.plain(0x0102030405060708L, List.of(entry));
        var bytes = new byte[batch.remaining()];
        batch.get(bytes);
        var hex = HexFormat.of().formatHex(bytes);
        assertEquals("0000000000000000" + "0000003a" + "00000000" + "02", hex.substring(0, 34));
        assertEquals("0000" + "00000000" + "0102030405060708" + "0102030405060708" + "ffffffffffffffff"
                + "ffff" + "ffffffff" + "00000001" + "10" + "00" + "00" + "00" + "01" + "04" + "6869" + "00",
                hex.substring(42));
    }

    @Test
    void recordsComeBackInOrder() {
        var batch = new RecordBatch(threeRecords(), 0);
        batch.stamp(40, 3);
        var records = new ArrayList<Record>();
        batch.records(1_000).forEach(records::add);
        assertEquals(List.of(40L, 41L, 42L), records.stream().map(Record::offset).toList());
        assertEquals(text("v0"), records.get(0).value());
        assertEquals(null, records.get(1).key());
        assertEquals(null, records.get(2).value());
        assertEquals(42, batch.lastOffset());
        assertEquals(3, batch.leaderEpoch());
    }

    @Test
    void stampingOffsetAndEpochKeepsTheChecksum() {
        var batch = new RecordBatch(threeRecords(), 0);
        assertTrue(batch.checksumHolds());
        batch.stamp(Long.MAX_VALUE - 10, 77);
        assertTrue(batch.checksumHolds());
        batch.stampLogAppendTime(5_000);
        assertTrue(batch.checksumHolds());
        assertTrue(batch.logAppendTime());
        batch.records(1_000).forEach(record -> assertEquals(5_000, record.timestampMs()));
    }

    @Test
    void anyFlippedBitUnderTheChecksumIsSeen() {
        var bytes = threeRecords();
        for (int bit = RecordBatch.ATTRIBUTES_AT * 8; bit < bytes.limit() * 8; bit++) {
            int at = bit / 8;
            bytes.put(at, (byte) (bytes.get(at) ^ 1 << bit % 8));
            assertFalse(new RecordBatch(bytes, 0).checksumHolds(), "bit " + bit);
            bytes.put(at, (byte) (bytes.get(at) ^ 1 << bit % 8));
        }
    }

    @Test
    void theCountIsThatOfTheRecords() {
        for (int count = 1; count <= 5; count++) {
            var bytes = threeRecords();
            bytes.putInt(RecordBatch.RECORD_COUNT_AT, count);
            assertEquals(count == 3, new RecordBatch(bytes, 0).countHolds(), "count " + count);
        }
        var bytes = threeRecords();
        for (int length : new int[] {0, 2, 10, 12, 126, 0x80}) {
            bytes.put(RecordBatch.HEADER_BYTES, (byte) length);
            assertFalse(new RecordBatch(bytes, 0).countHolds(), "length " + length);
        }
    }

    @Test
    void sequencesGoOnAtZero() {
        var bytes = threeRecords();
        bytes.putInt(RecordBatch.BASE_SEQUENCE_AT, Integer.MAX_VALUE - 1);
        assertEquals(0, new RecordBatch(bytes, 0).lastSequence());
    }

    @Test
    void hostileRecordsEndInCorruptBatchOnly() {
        long seed = System.nanoTime();
        System.out.println("RecordBatchTest seed " + seed);
        var random = new Random(seed);
        int refused = 0;
        for (int round = 0; round < 5_000; round++) {
            var bytes = threeRecords();
            for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
                int at = random.nextInt(RecordBatch.RECORD_COUNT_AT, bytes.limit());
                bytes.put(at, (byte) random.nextInt());
            }
            try {
                new RecordBatch(bytes, 0).records(1_000).forEach(record -> { });
            } catch (CorruptBatchException expected) {
                refused++;
            }
        }
        assertTrue(refused > 1_000, "only " + refused + " were refused");
    }

    @Test
    void aBatchHasAtLeastOneRecord() {
        assertThrows(IllegalArgumentException.class, () -> BatchBuilder.plain(0, List.of()));
    }
}
