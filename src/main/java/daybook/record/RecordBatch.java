package daybook.record;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * A view of one batch of magic 2 in a buffer. Its fields are read in place and the batch stays sealed: only
 * what the broker may stamp can be changed, and opening it is a call of its own, {@link #records}.
 *
 * <pre>
 *   0          8        12       16    17     21          23           27         35
 *   +----------+--------+--------+-----+------+-----------+------------+----------+
 *   | base     | length | leader |magic| CRC- | attributes| last offset| base     |
 *   | offset   |        | epoch  | = 2 | 32C  |           | delta      | timestamp|
 *   +----------+--------+--------+-----+------+-----------+------------+----------+
 *   35         43            51         53         57       61
 *   +----------+-------------+----------+----------+--------+------------------+
 *   | max      | producer id | producer | base     | record | records, perhaps |
 *   | timestamp|             | epoch    | sequence | count  | compressed       |
 *   +----------+-------------+----------+----------+--------+------------------+
 * </pre>
 * The length counts from the leader epoch on; the checksum covers the attributes and all that follows, so
 * base offset and leader epoch are stamped without touching it. Attributes: bits 0 to 2 codec, 3 log-append
 * time, 4 transactional, 5 control, 6 the base timestamp is a delete horizon.
 */
public final class RecordBatch {
    /** Bytes before the records. */
    public static final int HEADER_BYTES = 61;
    /** Bytes that the length field does not count: base offset and the length itself. */
    public static final int OVERHEAD_BYTES = 12;
    /** The smallest record: length, attributes, two deltas, two lengths and a count, of a byte each. */
    public static final int RECORD_LEAST_BYTES = 7;
    public static final byte MAGIC = 2;
    public static final long NO_PRODUCER_ID = -1;
    public static final int NO_SEQUENCE = -1;
    public static final long NO_TIMESTAMP = -1;
    public static final int LENGTH_AT = 8;
    public static final int MAGIC_AT = 16;

    static final int LEADER_EPOCH_AT = 12;
    static final int CRC_AT = 17;
    static final int ATTRIBUTES_AT = 21;
    static final int LAST_OFFSET_DELTA_AT = 23;
    static final int BASE_TIMESTAMP_AT = 27;
    static final int MAX_TIMESTAMP_AT = 35;
    static final int PRODUCER_ID_AT = 43;
    static final int PRODUCER_EPOCH_AT = 51;
    static final int BASE_SEQUENCE_AT = 53;
    static final int RECORD_COUNT_AT = 57;

    static final int CODEC_MASK = 0x07;
    // Bits of the attributes.
    public static final int LOG_APPEND_TIME = 0x08;
    public static final int TRANSACTIONAL = 0x10;
    public static final int CONTROL = 0x20;
    public static final int DELETE_HORIZON = 0x40;

    private final ByteBuffer buffer;
    private final int at;

    /**
     * @param buffer big-endian; its position and limit are not used and not moved
     * @param at where the batch begins; at least {@link #HEADER_BYTES} must follow
     */
    public RecordBatch(ByteBuffer buffer, int at) {
        this.buffer = buffer;
        this.at = at;
    }

    /** The batches that these bytes begin with; what follows the last whole one is left out. */
    public static List<RecordBatch> wholeIn(ByteBuffer bytes) {
        var batches = new ArrayList<RecordBatch>();
        int at = 0;
        while (bytes.limit() - at >= HEADER_BYTES) {
            var batch = new RecordBatch(bytes, at);
            int sizeBytes = batch.sizeBytes();
            if (batch.magic() != MAGIC || sizeBytes < HEADER_BYTES || sizeBytes > bytes.limit() - at) {
                break;
            }
            batches.add(batch);
            at += sizeBytes;
        }
        return batches;
    }

    public long baseOffset() {
        return buffer.getLong(at);
    }

    public long lastOffset() {
        return baseOffset() + lastOffsetDelta();
    }

    public long nextOffset() {
        return lastOffset() + 1;
    }

    /** Bytes of the whole batch, as its length field says; not checked against the buffer. */
    public int sizeBytes() {
        return buffer.getInt(at + LENGTH_AT) + OVERHEAD_BYTES;
    }

    public int leaderEpoch() {
        return buffer.getInt(at + LEADER_EPOCH_AT);
    }

    public byte magic() {
        return buffer.get(at + MAGIC_AT);
    }

    public int checksum() {
        return buffer.getInt(at + CRC_AT);
    }

    public int attributes() {
        return buffer.getShort(at + ATTRIBUTES_AT);
    }

    /** The number of the codec, 0 to 7; {@link Codec#of} knows which there are. */
    public int codecId() {
        return attributes() & CODEC_MASK;
    }

    public boolean logAppendTime() {
        return (attributes() & LOG_APPEND_TIME) != 0;
    }

    public boolean transactional() {
        return (attributes() & TRANSACTIONAL) != 0;
    }

    public boolean control() {
        return (attributes() & CONTROL) != 0;
    }

    /** Whether the base timestamp is the time from which tombstones and markers may go (KIP-534). */
    public boolean hasDeleteHorizon() {
        return (attributes() & DELETE_HORIZON) != 0;
    }

    public int lastOffsetDelta() {
        return buffer.getInt(at + LAST_OFFSET_DELTA_AT);
    }

    /** Milliseconds since 1970 from which the records' timestamps count. */
    public long baseTimestamp() {
        return buffer.getLong(at + BASE_TIMESTAMP_AT);
    }

    /** Milliseconds since 1970. */
    public long maxTimestamp() {
        return buffer.getLong(at + MAX_TIMESTAMP_AT);
    }

    public long producerId() {
        return buffer.getLong(at + PRODUCER_ID_AT);
    }

    public boolean hasProducerId() {
        return producerId() != NO_PRODUCER_ID;
    }

    public short producerEpoch() {
        return buffer.getShort(at + PRODUCER_EPOCH_AT);
    }

    public int baseSequence() {
        return buffer.getInt(at + BASE_SEQUENCE_AT);
    }

    /** The sequence number of the last record; numbers go on at 0 after 2,147,483,647. */
    public int lastSequence() {
        int first = baseSequence();
        return first == NO_SEQUENCE ? NO_SEQUENCE : (first + lastOffsetDelta()) & Integer.MAX_VALUE;
    }

    public int recordCount() {
        return buffer.getInt(at + RECORD_COUNT_AT);
    }

    /** The whole batch as it stands in the buffer. */
    public ByteBuffer bytes() {
        return buffer.slice(at, sizeBytes());
    }

    /** Whether the checksum is that of the bytes; the whole batch must be in the buffer. */
    public boolean checksumHolds() {
        return checksum() == computeChecksum();
    }

    /**
     * Whether the bytes of an uncompressed batch are as many records as the header counts, by their lengths;
     * what is in the records is not looked at.
     */
    public boolean countHolds() {
        int position = at + HEADER_BYTES;
        int end = at + sizeBytes();
        for (int left = recordCount(); left > 0; left--) {
            int zigzag = 0;
            int shift = 0;
            byte piece;
            do {
                if (position == end || shift > 28) {
                    return false;
                }
                piece = buffer.get(position++);
                zigzag |= (piece & 0x7F) << shift;
                shift += 7;
            } while (piece < 0);
            int length = (zigzag >>> 1) ^ -(zigzag & 1);
            if (length < RECORD_LEAST_BYTES - 1 || length > end - position) {
                return false;
            }
            position += length;
        }
        return position == end;
    }

    /** Stamps what the broker decides and the checksum does not cover. */
    public void stamp(long baseOffset, int leaderEpoch) {
        buffer.putLong(at, baseOffset);
        buffer.putInt(at + LEADER_EPOCH_AT, leaderEpoch);
    }

    /** Makes {@code timestampMs} the time of all records of the batch, and the checksum anew. */
    public void stampLogAppendTime(long timestampMs) {
        buffer.putShort(at + ATTRIBUTES_AT, (short) (attributes() | LOG_APPEND_TIME));
        buffer.putLong(at + MAX_TIMESTAMP_AT, timestampMs);
        buffer.putInt(at + CRC_AT, computeChecksum());
    }

    /** Makes the times of the batch those that its producer gave its records, and the checksum anew. */
    public void stampCreateTime() {
        buffer.putShort(at + ATTRIBUTES_AT, (short) (attributes() & ~LOG_APPEND_TIME));
        buffer.putInt(at + CRC_AT, computeChecksum());
    }

    /** Sets the newest of the records' times, in milliseconds since 1970, and makes the checksum anew. */
    public void stampMaxTimestamp(long timeMs) {
        buffer.putLong(at + MAX_TIMESTAMP_AT, timeMs);
        buffer.putInt(at + CRC_AT, computeChecksum());
    }

    /**
     * Opens the batch: its records in order, decompressed where they are compressed.
     *
     * @param limitBytes the most memory that decompressing may take
     * @throws CorruptBatchException here or from the iterator, if the bytes are not records, or are too many
     */
    public Iterable<Record> records(int limitBytes) {
        return recordsIn(open(limitBytes));
    }

    /**
     * The bytes of the records one behind the other, decompressed where they are compressed; for {@link
     * #recordsIn}, or to be sealed again.
     *
     * @param limitBytes the most memory that decompressing may take
     * @throws CorruptBatchException if the bytes are too many or not of the codec
     */
    public ByteBuffer open(int limitBytes) {
        var sealed = buffer.slice(at + HEADER_BYTES, sizeBytes() - HEADER_BYTES);
        var codec = Codec.of(codecId());
        return codec == Codec.NONE ? sealed : codec.decompress(sealed, limitBytes);
    }

    /**
     * The records of this batch, whose bytes are {@code opened}, which stays at its position.
     *
     * @throws CorruptBatchException here or from the iterator, if the bytes are not records
     */
    public Iterable<Record> recordsIn(ByteBuffer opened) {
        return () -> new RecordIterator(this, opened.duplicate());
    }

    private int computeChecksum() {
        var checksum = new CRC32C();
        checksum.update(buffer.slice(at + ATTRIBUTES_AT, sizeBytes() - ATTRIBUTES_AT));
        return (int) checksum.getValue();
    }
}
