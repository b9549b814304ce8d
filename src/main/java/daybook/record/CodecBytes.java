package daybook.record;

import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.Deflater;

/**
 * What an encoder or a decoder has produced so far. For the decoders of snappy, lz4 and zstd it is also the
 * window that their matches copy from. The array grows with the bytes that are really produced, never by a
 * size that the input only declares, and never past its limit. (While it grows, the old array lives beside
 * the new one for a moment.) Integers are little-endian. Belongs to the one thread that uses it.
 */
final class CodecBytes {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class,
            ByteOrder.LITTLE_ENDIAN);
    private static final int ENCODED_RATIO = 4;
    private static final int ENCODED_LEAST_BYTES = 256;
    private static final int DECODED_RATIO = 3;
    private static final int LARGEST_ARRAY = Integer.MAX_VALUE - 8;

    private final int limitBytes;
    /** What part of itself the array grows by. */
    private final double growth;
    private byte[] bytes;
    private int length;
    /** Matches reach back to here and no further. */
    private int historyStart;

    private CodecBytes(int firstBytes, int limitBytes, double growth) {
        this.bytes = new byte[firstBytes];
        this.limitBytes = limitBytes;
        this.growth = growth;
    }

    /** For an encoder; most of what does not shrink by the guessed ratio does not shrink by much. */
    static CodecBytes encoded(int plainBytes) {
        return new CodecBytes(plainBytes / ENCODED_RATIO + ENCODED_LEAST_BYTES, LARGEST_ARRAY, 0.5);
    }

    /** For a decoder, which gives at most {@code limitBytes}. */
    static CodecBytes decoded(int encodedBytes, int limitBytes) {
        int most = Math.min(limitBytes, LARGEST_ARRAY);
        return new CodecBytes(Math.clamp((long) DECODED_RATIO * encodedBytes, 0, most), most, 1);
    }

    int length() {
        return length;
    }

    // What encoders add.

    CodecBytes int8(int value) {
        makeRoom(1);
        bytes[length++] = (byte) value;
        return this;
    }

    CodecBytes int16(int value) {
        return int8(value).int8(value >>> 8);
    }

    CodecBytes int24(int value) {
        return int16(value).int8(value >>> 16);
    }

    CodecBytes int32(int value) {
        makeRoom(4);
        INT.set(bytes, length, value);
        length += 4;
        return this;
    }

    CodecBytes int64(long value) {
        return int32((int) value).int32((int) (value >>> 32));
    }

    /** Leaves so many bytes free, and returns where they are. */
    int leave(int count) {
        makeRoom(count);
        length += count;
        return length - count;
    }

    /** Writes a number of so many bytes into a place that was left free for it. */
    void fill(int at, long value, int count) {
        for (int i = 0; i < count; i++) {
            bytes[at + i] = (byte) (value >>> 8 * i);
        }
    }

    /** Takes back what was written behind {@code to}. */
    void cut(int to) {
        length = to;
    }

    /** Appends what the deflater gives next. */
    void deflate(Deflater deflater) {
        makeRoom(ENCODED_LEAST_BYTES);
        length += deflater.deflate(bytes, length, bytes.length - length);
    }

    // What decoders add.

    /** From here on no match reaches back behind this point. */
    void startHistory() {
        historyStart = length;
    }

    /** Refuses at once what is declared to be too large; takes no memory for what is not. */
    void expect(long count) {
        if (count < 0 || count > limitBytes - length) {
            throw new CorruptBatchException("the decompressed batch is larger than " + limitBytes + " bytes");
        }
    }

    /** Appends the next {@code count} bytes of {@code in}. */
    void append(ByteBuffer in, long count) {
        boolean inside = count <= in.remaining();
        CorruptBatchException.unless(inside, "literal bytes run past the end of the input", in.position());
        makeRoom((int) count);
        in.get(bytes, length, (int) count);
        length += (int) count;
    }

    CodecBytes append(byte[] from, int offset, int count) {
        makeRoom(count);
        System.arraycopy(from, offset, bytes, length, count);
        length += count;
        return this;
    }

    void appendRun(byte value, int count) {
        makeRoom(count);
        Arrays.fill(bytes, length, length + count, value);
        length += count;
    }

    /** Appends all that the stream gives; the stream ends by itself or is refused at the limit. */
    void appendAll(InputStream in) throws IOException {
        for (int next = in.read(); next >= 0; next = in.read()) {
            appendRun((byte) next, 1);
            int count = in.readNBytes(bytes, length, bytes.length - length);
            length += count;
        }
    }

    /**
     * Appends {@code count} bytes, each a copy of the one {@code distance} before it. Where the two ranges
     * overlap, the range to copy from doubles with each round.
     */
    void appendMatch(int distance, int count) {
        boolean inside = distance > 0 && distance <= length - historyStart;
        CorruptBatchException.unless(inside, "a match reaches back behind its history, output", length);
        makeRoom(count);
        int from = length - distance;
        int end = length + count;
        while (length < end) {
            int step = Math.min(end - length, length - from);
            System.arraycopy(bytes, from, bytes, length, step);
            length += step;
        }
    }

    // What both give.

    /**
     * The bytes from {@code from} to the end, little-endian: a view for the checksums, until more is added.
     */
    ByteBuffer since(int from) {
        return ByteBuffer.wrap(bytes, from, length - from).slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** All bytes, ready to read. */
    ByteBuffer buffer() {
        return ByteBuffer.wrap(bytes, 0, length);
    }

    private void makeRoom(int count) {
        if (count > bytes.length - length) {
            expect(count);
            long grown = Math.max(bytes.length + (long) (growth * bytes.length), (long) length + count);
            bytes = Arrays.copyOf(bytes, (int) Math.min(grown, limitBytes));
        }
    }
}
