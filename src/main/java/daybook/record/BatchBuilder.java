package daybook.record;

import daybook.wire.Writer;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Builds a batch of magic 2 from its header and its records: those the broker itself writes, and those it
 * writes anew from others. Belongs to the thread that uses it, for one batch.
 */
public final class BatchBuilder {
    /** A record's key and value, either of which may be null. */
    public record Entry(ByteBuffer key, ByteBuffer value) { }

    private final BatchHeader header;
    private final Writer records = new Writer(0, false);
    private int count;
    private long newestMs = RecordBatch.NO_TIMESTAMP;

    public BatchBuilder(BatchHeader header) {
        this.header = header;
    }

    /**
     * A batch of plain records without a producer.
     *
     * @param timestampMs milliseconds since 1970, of all the records
     * @throws IllegalArgumentException if there is no record
     */
    public static ByteBuffer plain(long timestampMs, List<Entry> entries) {
        return of(BatchHeader.plain(entries.size(), timestampMs), entries);
    }

    /**
     * As {@link #plain}, of records that a coordinator writes in a producer's transaction. Their sequence
     * begins at 0 in each batch, as it does with Apache Kafka, for nobody counts them.
     */
    public static ByteBuffer transactional(long timestampMs, long producerId, short producerEpoch,
            List<Entry> entries) {
        return of(BatchHeader.plain(entries.size(), timestampMs).attributes(RecordBatch.TRANSACTIONAL)
                .producer(producerId, producerEpoch, 0), entries);
    }

    private static ByteBuffer of(BatchHeader header, List<Entry> entries) {
        if (entries.isEmpty()) {
            throw new IllegalArgumentException("A batch has at least one record");
        }
        var builder = new BatchBuilder(header);
        for (int i = 0; i < entries.size(); i++) {
            var entry = entries.get(i);
            builder.add(new Record(i, header.baseTimestamp(), entry.key, entry.value, Record.NO_HEADERS));
        }
        return builder.build(0);
    }

    /** A batch with one control record, which readers take an offset for but never show to applications. */
    public static ByteBuffer control(long timestampMs, ByteBuffer key, ByteBuffer value) {
        var header = BatchHeader.plain(1, timestampMs).attributes(RecordBatch.CONTROL);
        var record = new Record(0, timestampMs, key, value, Record.NO_HEADERS);
        return new BatchBuilder(header).add(record).build(0);
    }

    /** Adds a copy of the record, with its own offset and time. Offsets must rise. */
    public BatchBuilder add(Record record) {
        long delta = record.timestampMs() - header.baseTimestamp();
        int offsetDelta = (int) (record.offset() - header.baseOffset());
        records.varint(1 + lengthBytes(delta) + lengthBytes(offsetDelta) + lengthBytes(record.key())
                + lengthBytes(record.value()) + record.headerBytes().remaining());
        records.int8(0).varlong(delta).varint(offsetDelta);
        bytes(record.key());
        bytes(record.value());
        records.raw(record.headerBytes());
        newestMs = count == 0 ? record.timestampMs() : Math.max(newestMs, record.timestampMs());
        count++;
        return this;
    }

    /**
     * The batch, in a heap buffer from 0 to its limit. Without records it is a header alone, which keeps a
     * producer's last sequence number in the log.
     *
     * @param level of the header's codec, as {@link Codec#compress} knows it
     */
    public ByteBuffer build(int level) {
        if (count == 0) {
            return seal(header.codec(Codec.NONE), 0, records.toBuffer());
        }
        boolean ownTime = (header.attributes() & RecordBatch.LOG_APPEND_TIME) == 0;
        var payload = header.codec().compress(records.toBuffer(), level);
        return seal(ownTime ? header.maxTimestamp(newestMs) : header, count, payload);
    }

    /**
     * A batch of records that are already in their format and in the header's codec. The header must fit
     * them, also in its times.
     */
    public static ByteBuffer seal(BatchHeader header, int count, ByteBuffer payload) {
        var batch = ByteBuffer.allocate(RecordBatch.HEADER_BYTES + payload.remaining());
        batch.put(RecordBatch.HEADER_BYTES, payload, payload.position(), payload.remaining());
        stamp(header, count, batch);
        return batch;
    }

    /**
     * Writes the header over the first bytes of a batch whose records stand behind them already, as for
     * {@link #seal}; the buffer's position and limit, which are the batch's ends, stay.
     */
    public static void stamp(BatchHeader header, int count, ByteBuffer batch) {
        var out = batch.slice();
        out.putLong(header.baseOffset());
        out.putInt(out.limit() - RecordBatch.OVERHEAD_BYTES);
        out.putInt(header.leaderEpoch());
        out.put(RecordBatch.MAGIC);
        out.putInt(0);
        out.putShort((short) header.attributes());
        out.putInt(header.lastOffsetDelta());
        out.putLong(header.baseTimestamp());
        out.putLong(header.maxTimestamp());
        out.putLong(header.producerId());
        out.putShort(header.producerEpoch());
        out.putInt(header.baseSequence());
        out.putInt(count);
        var checksum = new CRC32C();
        checksum.update(out.position(RecordBatch.ATTRIBUTES_AT));
        out.putInt(RecordBatch.CRC_AT, (int) checksum.getValue());
    }

    private void bytes(ByteBuffer value) {
        if (value == null) {
            records.varint(-1);
        } else {
            records.varint(value.remaining()).raw(value);
        }
    }

    private static int lengthBytes(ByteBuffer value) {
        return value == null ? lengthBytes(-1) : lengthBytes(value.remaining()) + value.remaining();
    }

    /** Bytes of a zigzag varint or varlong: seven bits each. */
    private static int lengthBytes(long value) {
        long zigzag = value << 1 ^ value >> 63;
        return (70 - Long.numberOfLeadingZeros(zigzag | 1)) / 7;
    }
}
