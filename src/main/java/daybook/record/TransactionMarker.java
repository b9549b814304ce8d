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

    private static final short VERSION = 0;
    private static final int KEY_BYTES = 4;
    private static final int VALUE_BYTES = 6;
    private static final short ABORT = 0;
    private static final short COMMIT = 1;

    /**
     * The marker in a batch that is wholly in its buffer; null where there is none in it, as in the control
     * batches of a quorum.
     */
    public static TransactionMarker of(RecordBatch batch) {
        if (!batch.control() || !batch.hasProducerId() || batch.sizeBytes() > LIMIT_BYTES) {
            return null;
        }
        try {
            var record = batch.records(LIMIT_BYTES).iterator().next();
            var key = record.key();
            var value = record.value();
            boolean whole = key != null && key.remaining() >= KEY_BYTES
                    && value != null && value.remaining() >= VALUE_BYTES;
            int type = whole ? key.getShort(key.position() + 2) : -1;
            return type != ABORT && type != COMMIT ? null
                    : new TransactionMarker(type == COMMIT, value.getInt(value.position() + 2));
        } catch (CorruptBatchException | NoSuchElementException none) {
            return null;
        }
    }
    /** The batch that ends the producer's transaction so, byte for byte as Apache Kafka's, to be stamped. */
    public ByteBuffer batch(long producerId, short producerEpoch, long timestampMs) {
        var key = ByteBuffer.allocate(KEY_BYTES).putShort(VERSION).putShort(commit ? COMMIT : ABORT).flip();
        var value = ByteBuffer.allocate(VALUE_BYTES).putShort(VERSION).putInt(coordinatorEpoch).flip();
        var header = BatchHeader.plain(1, timestampMs)
                .attributes(RecordBatch.TRANSACTIONAL | RecordBatch.CONTROL)
                .producer(producerId, producerEpoch, RecordBatch.NO_SEQUENCE);
        return new BatchBuilder(header)
                .add(new Record(0, timestampMs, key, value, Record.NO_HEADERS)).build(0);
    }
}
