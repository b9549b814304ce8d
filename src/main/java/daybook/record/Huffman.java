package daybook.record;

import static daybook.record.CorruptBatchException.unless;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A decoding table of zstd's Huffman codes (RFC 8878, 4.2): looked up with the next {@code log} bits of the
 * stream, whatever the length of the code that they begin with. A code of length l fills 2^(log-l) entries.
 * <pre>
 *  bits 15-8 length of the code     7-0 symbol
 * </pre>
 */
record Huffman(short[] entries, int log) {
    static final int LONGEST_CODE = 11;
    static final int SYMBOLS = 256;
    static final int PLAIN_WEIGHTS = 128;
    static final int LARGEST_WEIGHT_LOG = 6;

    /** Fills {@code out} between the two indexes; the stream must then be at its end. */
    void decode(BackwardBits bits, byte[] out, int from, int to) {
        for (int at = from; at < to; at++) {
            int entry = entries[(int) bits.peek(log)];
            out[at] = (byte) entry;
            bits.skip(entry >>> 8);
        }
        bits.finish();
    }

    /**
     * Reads the weights of the symbols from the position of {@code in}, and moves it behind them. Byte 0 is
     * 127 + n before n weights of four bits, the upper half of a byte first; or else the count of bytes in
     * which the weights are coded by {@link Fse}.
     */
    static Huffman read(ByteBuffer in) {
        byte[] weights = new byte[SYMBOLS];
        int header = in.get() & 0xFF;
        int count;
        if (header < PLAIN_WEIGHTS) {
            count = codedWeights(in, header, weights);
        } else {
            count = header - PLAIN_WEIGHTS + 1;
            for (int i = 0; i < count; i += 2) {
                int pair = in.get() & 0xFF;
                weights[i] = (byte) (pair >>> 4);
                weights[i + 1] = i + 1 < count ? (byte) (pair & 0xF) : 0;
            }
        }
        return of(weights, count, in.position());
    }

    /**
     * Two states take turns. Where the bits do not suffice for the next of one, the other gives the last
     * weight.
     */
    private static int codedWeights(ByteBuffer in, int length, byte[] weights) {
        int end = in.position() + length;
        Fse table = Fse.read(in, LARGEST_WEIGHT_LOG, LONGEST_CODE);
        var bits = new BackwardBits(in, in.position(), end - in.position());
        in.position(end);
        int state = table.firstState(bits);
        int other = table.firstState(bits);
        unless(bits.left() >= 0, "too few bits for the weights of the symbols", end);
        int count = 0;
        while (bits.left() >= 0) {
            unless(count < SYMBOLS - 2, "too many symbols", end);
            weights[count++] = (byte) table.symbol(state);
            int next = table.nextState(state, bits);
            state = other;
            other = next;
        }
        weights[count++] = (byte) table.symbol(state);
        return count;
    }

    /**
     * A symbol of weight w > 0 has a code of log + 1 - w bits and so fills 2^(w-1) entries: the lightest
     * first, equals in their order. The last symbol has no weight written; it fills what is left, a power
     * of two.
     */
    static Huffman of(byte[] weights, int count, int position) {
        int filled = 0;
        for (int symbol = 0; symbol < count; symbol++) {
            unless(weights[symbol] <= LONGEST_CODE, "a code too long", position);
            filled += 1 << weights[symbol] >> 1;
        }
        int log = 32 - Integer.numberOfLeadingZeros(filled);
        unless(filled > 0 && log <= LONGEST_CODE, "codes too long", position);
        int rest = (1 << log) - filled;
        unless(Integer.bitCount(rest) == 1, "codes that leave a gap", position);
        weights[count] = (byte) (32 - Integer.numberOfLeadingZeros(rest));

        short[] entries = new short[1 << log];
        int at = 0;
        for (int weight = 1; weight <= log; weight++) {
            for (int symbol = 0; symbol <= count; symbol++) {
                if (weights[symbol] == weight) {
                    int end = at + (1 << weight - 1);
                    Arrays.fill(entries, at, end, (short) (log + 1 - weight << 8 | symbol));
                    at = end;
                }
            }
        }
        return new Huffman(entries, log);
    }
}
