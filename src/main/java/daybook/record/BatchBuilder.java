package daybook.record;

import daybook.wire.Writer;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Builds the batches that the broker itself writes: uncompressed, of magic 2. The base offset is left 0 for
 * the log to stamp.
 */
public final class BatchBuilder {
    /** A record's key and value, either of which may be null. */
    public record Entry(ByteBuffer key, ByteBuffer value) { }

    private BatchBuilder() { }

    /**
     * A batch of plain records without a producer.
     *
     * @param timestampMs milliseconds since 1970, of all the records
     * @throws IllegalArgumentException if there is no record
     */
    public static ByteBuffer plain(long timestampMs, List<Entry> entries) {
        return build(0, timestampMs, entries);
    }

    /** A batch with one control record, which readers take an offset for but never show to applications. */
    public static ByteBuffer control(long timestampMs, ByteBuffer key, ByteBuffer value) {
        return build(RecordBatch.CONTROL, timestampMs, List.of(new Entry(key, value)));
    }

    private static ByteBuffer build(int attributes, long timestampMs, List<Entry> entries) {
        if (entries.isEmpty()) {
            throw new IllegalArgumentException("A batch has at least one record");
        }
        var records = new Writer(0, false);
        for (int i = 0; i < entries.size(); i++) {
            var body = body(i, entries.get(i));
            records.varint(body.size()).raw(body.toBuffer());
        }
        int size = RecordBatch.HEADER_BYTES + records.size();
        var batch = ByteBuffer.allocate(size);
        batch.putLong(0);
        batch.putInt(size - RecordBatch.OVERHEAD_BYTES);
        batch.putInt(0);
        batch.put(RecordBatch.MAGIC);
        batch.putInt(0);
        batch.putShort((short) attributes);
        batch.putInt(entries.size() - 1);
        batch.putLong(timestampMs);
        batch.putLong(timestampMs);
        batch.putLong(RecordBatch.NO_PRODUCER_ID);
        batch.putShort((short) -1);
        batch.putInt(RecordBatch.NO_SEQUENCE);
        batch.putInt(entries.size());
        batch.put(records.toBuffer());
        var checksum = new CRC32C();
        checksum.update(batch.slice(RecordBatch.ATTRIBUTES_AT, size - RecordBatch.ATTRIBUTES_AT));
        return batch.putInt(RecordBatch.CRC_AT, (int) checksum.getValue()).flip();
    }

    private static Writer body(int offsetDelta, Entry entry) {
        var body = new Writer(0, false).int8(0).varlong(0).varint(offsetDelta);
        return bytes(bytes(body, entry.key), entry.value).varint(0);
    }

    private static Writer bytes(Writer out, ByteBuffer value) {
        return value == null ? out.varint(-1) : out.varint(value.remaining()).raw(value);
    }
}
