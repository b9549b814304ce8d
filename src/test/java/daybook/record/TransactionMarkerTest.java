package daybook.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.HexFormat;

class TransactionMarkerTest {
    /** As Apache Kafka 4.3.1 writes them: producer 4097, epoch 3, coordinator epoch 7. */
    private static final String COMMIT = "000000000000000000000042ffffffff02685b2257003000000000"
            + "0000018bcfe568000000018bcfe5680000000000000010010003ffffffff000000012000000008000000010c0000"
            + "0000000700";
    private static final String ABORT = "000000000000000000000042ffffffff029c65f41f003000000000"
            + "0000018bcfe568000000018bcfe5680000000000000010010003ffffffff000000012000000008000000000c0000"
            + "0000000700";

    @Test
    void bytes() {
        for (boolean commit : new boolean[] {true, false}) {
            var marker = new TransactionMarker(commit, 7);
            var bytes = marker.batch(4097, (short) 3, 1_700_000_000_000L);
            var batch = new RecordBatch(bytes, 0);
            batch.stamp(0, -1);
            assertEquals(commit ? COMMIT : ABORT, HexFormat.of().formatHex(bytes.array()));
            assertTrue(batch.checksumHolds());
            assertEquals(marker, TransactionMarker.of(batch));
        }
    }

    @Test
    void otherControlBatchesAreNone() {
        var bytes = new TransactionMarker(true, 7).batch(4097, (short) 3, 5);
        bytes.putLong(RecordBatch.PRODUCER_ID_AT, RecordBatch.NO_PRODUCER_ID);
        assertNull(TransactionMarker.of(new RecordBatch(bytes, 0)));
    }
}
