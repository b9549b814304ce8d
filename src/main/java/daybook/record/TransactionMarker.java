package daybook.record;

import java.nio.ByteBuffer;
import java.util.NoSuchElementException;

/**
 * How a transaction ended: what stands in the one record of a transactional control batch (KIP-98).
 *
 * <pre>
 *   key    int16 version = 0, int16 type: 0 abort, 1 commit
 *   value  EndTxnMarker.json: int16 version = 0, int32 coordinator epoch
 * </pre>
 */
public record TransactionMarker(boolean commit, int coordinatorEpoch) {
    /** Far more than the batch of a marker has: a larger one is none, and need not be read. */
    public static final int LIMIT_BYTES = 4096;

    private static final int KEY_BYTES = 4;
    private static final int VALUE_BYTES = 6;
    private static final short ABORT = 0;
    private static final short COMMIT = 1;

    /**
     * The marker in a batch that is wholly in its buffer; null where the batch is none, as the control batches
     * of a quorum are not.
     */
    public static TransactionMarker of(RecordBatch batch) {
        if (!batch.control() || !batch.hasProducerId() || batch.sizeBytes() > LIMIT_BYTES) {
            return null;
        }
        try {
            var record = batch.records(LIMIT_BYTES).iterator().next();
            var key = record.key();
            short type = key == null || key.remaining() < KEY_BYTES ? -1 : key.getShort(key.position() + 2);
            if (type != ABORT && type != COMMIT) {
                return null;
            }
            return new TransactionMarker(type == COMMIT, coordinatorEpoch(record.value()));
        } catch (CorruptBatchException | NoSuchElementException notOne) {
            return null;
        }
    }

    private static int coordinatorEpoch(ByteBuffer value) {
        return value == null || value.remaining() < VALUE_BYTES ? -1 : value.getInt(value.position() + 2);
    }
}
