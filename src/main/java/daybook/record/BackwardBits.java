package daybook.record;

import static daybook.record.CorruptBatchException.unless;

import java.nio.ByteBuffer;

/**
 * The bit stream of zstd's entropy coders (RFC 8878, 4.1): written forward, little-endian, and read
 * backward. The highest bit set in the last byte marks the end; the values lie below it, the first to be
 * read uppermost.
 *
 * <p>A value is cut from the eight bytes that end with its uppermost bit, which holds for up to 57 bits.
 * Those eight bytes may begin before the stream, in the headers before it, but not before the frame, whose
 * headers up to any stream have more than eight. A reader that has read too much finds {@link #left} below
 * zero; only the frame's beginning stops it harder, as a read out of the buffer's bounds.
 */
final class BackwardBits {
    private final ByteBuffer in;
    private final int start;
    private int left;

    /** A stream of {@code length} bytes from the absolute index {@code start}. */
    BackwardBits(ByteBuffer in, int start, int length) {
        unless(length > 0 && length <= in.limit() - start, "a bit stream without bytes", start);
        int last = in.get(start + length - 1) & 0xFF;
        unless(last != 0, "a bit stream without its end mark", start + length - 1);
        this.in = in;
        this.start = start;
        this.left = 8 * length - 1 - (Integer.numberOfLeadingZeros(last) - 24);
    }

    /** How many bits are still to be read; below zero where more were taken than there are. */
    int left() {
        return left;
    }

    /**
     * The next {@code count} bits, 0 to 57, without taking them. Below the stream's start they are
     * undefined.
     */
    long peek(int count) {
        int lastByte = left - 1 >> 3;
        long word = in.getLong(start + lastByte - 7);
        return word >>> (left - count - 8 * lastByte + 56) & (1L << count) - 1;
    }

    void skip(int count) {
        left -= count;
    }

    long take(int count) {
        long value = peek(count);
        left -= count;
        return value;
    }

    /** Decoding is right only if it takes the last bit and no more. */
    void finish() {
        unless(left == 0, "a bit stream has not the length of its symbols, start", start);
    }
}
