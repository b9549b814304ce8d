package daybook.record;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * What a decoder has produced so far. The array is the output and, for snappy, lz4 and zstd, also the
 * window that their matches copy from. It grows with the bytes that are really produced, never by a size
 * that the input only declares, and never past its limit. (While it grows, the old array lives beside the
 * new one for a moment.) Belongs to the one thread that decodes.
 */
final class DecompressedBytes {
    private static final int GUESSED_RATIO = 3;
    private static final int LARGEST_ARRAY = Integer.MAX_VALUE - 8;

    private final int limitBytes;
    private byte[] bytes;
    private int length;
    /** Matches reach back to here and no further. */
    private int historyStart;

    DecompressedBytes(int compressedBytes, int limitBytes) {
        this.limitBytes = Math.min(limitBytes, LARGEST_ARRAY);
        this.bytes = new byte[Math.clamp((long) GUESSED_RATIO * compressedBytes, 0, this.limitBytes)];
    }

    int length() {
        return length;
    }

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

    void append(byte[] from, int offset, int count) {
        makeRoom(count);
        System.arraycopy(from, offset, bytes, length, count);
        length += count;
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

    /**
     * The bytes from {@code from} to the end, little-endian: a view for the checksums, valid until the next
     * append.
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
            long doubled = Math.max(2L * bytes.length, (long) length + count);
            bytes = Arrays.copyOf(bytes, (int) Math.min(doubled, limitBytes));
        }
    }
}
