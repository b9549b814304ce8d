package daybook.log;

import daybook.record.RecordBatch;
import daybook.wire.Writer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import java.util.zip.GZIPOutputStream;

/** Builds the batches that a client would send. */
final class TestBatch {
    private final long[] timesMs;
    private int valueBytes = 10;
    private int attributes;
    private long producerId = -1;
    private int epoch = -1;
    private int sequence = -1;
    private byte seed;

    private TestBatch(long[] timesMs) {
        this.timesMs = timesMs;
    }

    /** A batch with a record for each of these times. */
    static TestBatch at(long... timesMs) {
        return new TestBatch(timesMs);
    }

    /** A batch of {@code count} records of the same time. */
    static TestBatch of(int count, long timeMs) {
        var times = new long[count];
        java.util.Arrays.fill(times, timeMs);
        return new TestBatch(times);
    }

    /** A part of a transaction. */
    TestBatch transactional() {
        return attributes(0x10);
    }

    TestBatch valueBytes(int bytes) {
        valueBytes = bytes;
        return this;
    }

    TestBatch gzip() {
        attributes |= 1;
        return this;
    }

    TestBatch attributes(int bits) {
        attributes |= bits;
        return this;
    }

    TestBatch seed(int value) {
        seed = (byte) value;
        return this;
    }

    TestBatch producer(long id, int producerEpoch, int firstSequence) {
        producerId = id;
        epoch = producerEpoch;
        sequence = firstSequence;
        return this;
    }

    ByteBuffer build() {
        var records = new Writer(0, false);
        long newest = Long.MIN_VALUE;
        for (int i = 0; i < timesMs.length; i++) {
            var value = ByteBuffer.allocate(valueBytes);
            while (value.hasRemaining()) {
                value.put((byte) (seed + value.position() * 31));
            }
            var body = new Writer(0, false).int8(0).varlong(timesMs[i] - timesMs[0]).varint(i).varint(-1)
                    .varint(valueBytes).raw(value.flip()).varint(0);
            records.varint(body.size()).raw(body.toBuffer());
            newest = Math.max(newest, timesMs[i]);
        }
        var payload = (attributes & 7) == 1 ? zipped(records.toBuffer()) : records.toBuffer();
        int size = RecordBatch.HEADER_BYTES + payload.remaining();
        var batch = ByteBuffer.allocate(size);
        batch.putLong(0).putInt(size - 12).putInt(-1).put((byte) 2).putInt(0).putShort((short) attributes);
        batch.putInt(timesMs.length - 1).putLong(timesMs[0]).putLong(newest).putLong(producerId);
        batch.putShort((short) epoch).putInt(sequence).putInt(timesMs.length).put(payload).flip();
        return seal(batch);
    }

    /** Makes the checksum right again. */
    static ByteBuffer seal(ByteBuffer batch) {
        var checksum = new CRC32C();
        checksum.update(batch.slice(21, batch.limit() - 21));
        return batch.putInt(17, (int) checksum.getValue());
    }

    private static ByteBuffer zipped(ByteBuffer plain) {
        var bytes = new ByteArrayOutputStream();
        try (var zip = new GZIPOutputStream(bytes)) {
            var array = new byte[plain.remaining()];
            plain.get(array);
            zip.write(array);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return ByteBuffer.wrap(bytes.toByteArray());
    }
}
