package daybook.record;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.Deflater;

/**
 * What an encoder has produced so far, in an array that grows. Integers are little-endian. Belongs to the one
 * thread that encodes.
 */
final class CompressedBytes {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class,
            ByteOrder.LITTLE_ENDIAN);
    private static final int GUESSED_RATIO = 4;
    private static final int LEAST_BYTES = 256;

    private byte[] bytes;
    private int length;

    CompressedBytes(int plainBytes) {
        this.bytes = new byte[plainBytes / GUESSED_RATIO + LEAST_BYTES];
    }

    int length() {
        return length;
    }

    /** Takes back what was written behind {@code to}. */
    void cut(int to) {
        length = to;
    }

    CompressedBytes int8(int value) {
        makeRoom(1);
        bytes[length++] = (byte) value;
        return this;
    }

    /** Leaves so many bytes free, and returns where they are. */
    int leave(int count) {
        makeRoom(count);
        length += count;
        return length - count;
    }

    CompressedBytes int16(int value) {
        return int8(value).int8(value >>> 8);
    }

    CompressedBytes int24(int value) {
        return int16(value).int8(value >>> 16);
    }

    CompressedBytes int32(int value) {
        makeRoom(4);
        INT.set(bytes, length, value);
        length += 4;
        return this;
    }

    CompressedBytes int64(long value) {
        return int32((int) value).int32((int) (value >>> 32));
    }

    /** Writes a number of so many bytes into a place that was left free for it. */
    void fill(int at, long value, int count) {
        for (int i = 0; i < count; i++) {
            bytes[at + i] = (byte) (value >>> 8 * i);
        }
    }

    CompressedBytes append(byte[] from, int offset, int count) {
        makeRoom(count);
        System.arraycopy(from, offset, bytes, length, count);
        length += count;
        return this;
    }

    /** Appends what the deflater gives next. */
    void deflate(Deflater deflater) {
        makeRoom(LEAST_BYTES);
        length += deflater.deflate(bytes, length, bytes.length - length);
    }

    /** The bytes from {@code from} to the end, little-endian: a view for the checksums. */
    ByteBuffer since(int from) {
        return ByteBuffer.wrap(bytes, from, length - from).slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** All bytes, ready to read. */
    ByteBuffer buffer() {
        return ByteBuffer.wrap(bytes, 0, length);
    }

    private void makeRoom(int count) {
        if (count > bytes.length - length) {
            long grown = Math.max(bytes.length + bytes.length / 2L, (long) length + count);
            bytes = Arrays.copyOf(bytes, (int) Math.min(grown, Integer.MAX_VALUE - 8));
        }
    }
}
