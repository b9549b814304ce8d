package daybook.record;

import static daybook.record.CorruptBatchException.unless;

import java.nio.ByteBuffer;

/**
 * A decoding table of zstd's finite state entropy (RFC 8878, 4.1.1): 2^{@code log} states. An entry says
 * which symbol the state stands for, and how the next state is made: so many bits of the stream, plus a
 * base.
 * <pre>
 *  bits 31-16 base of the next state     15-8 count of bits     7-0 symbol
 * </pre>
 */
record Fse(int[] entries, int log) {
    static final int SMALLEST_LOG = 5;
    /** The count of a symbol that is rarer than one state of all; it still gets one. */
    private static final int RARE = -1;

    int symbol(int state) {
        return entries[state] & 0xFF;
    }

    int firstState(BackwardBits bits) {
        return (int) bits.take(log);
    }

    int nextState(int state, BackwardBits bits) {
        int entry = entries[state];
        return (entry >>> 16) + (int) bits.take(entry >>> 8 & 0xFF);
    }

    /** A table of one state, which takes no bits; its symbol is the next byte of {@code in}. */
    static Fse always(ByteBuffer in, int largestSymbol) {
        int symbol = in.get() & 0xFF;
        unless(symbol <= largestSymbol, "a symbol too large", in.position());
        return new Fse(new int[] {symbol}, 0);
    }

    /**
     * Reads the counts of the symbols from the position of {@code in}, and moves it behind them. They are
     * packed forward from bit 0: the log less 5 in 4 bits; then each count + 1, in just as many bits as
     * what remains of the states asks for (one bit less for small values, where that is enough). After a
     * count of 0 come pairs of bits that tell how many more zeros follow, as long as the pair is 3.
     */
    static Fse read(ByteBuffer in, int largestLog, int largestSymbol) {
        var bits = new ForwardBits(in);
        int log = SMALLEST_LOG + bits.take(4);
        unless(log <= largestLog, "an entropy table too large", in.position());
        int[] counts = new int[largestSymbol + 1];
        int symbol = 0;
        int remaining = 1 << log;
        while (remaining > 0) {
            unless(symbol <= largestSymbol, "an entropy table of too many symbols", in.position());
            int shortBits = floorLog2(remaining + 1);
            int spare = (2 << shortBits) - 1 - (remaining + 1);
            int value = bits.take(shortBits);
            if (value >= spare && bits.take(1) == 1) {
                value += (1 << shortBits) - spare;
            }
            int count = value - 1;
            counts[symbol++] = count;
            remaining -= Math.abs(count);
            for (int zeros = count == 0 ? 3 : 0; zeros == 3; symbol += zeros) {
                zeros = bits.take(2);
            }
        }
        bits.finish();
        return of(log, counts);
    }

    /**
     * Spreads the symbols over the states. The counts, a rare one taken as 1, add up to the number of
     * states.
     */
    static Fse of(int log, int... counts) {
        int states = 1 << log;
        int[] symbols = new int[states];
        int[] next = new int[counts.length];
        int free = states;
        for (int symbol = 0; symbol < counts.length; symbol++) {
            next[symbol] = Math.abs(counts[symbol]);
            if (counts[symbol] == RARE) {
                symbols[--free] = symbol;
            }
        }
        int step = (states >> 1) + (states >> 3) + 3;
        int at = 0;
        for (int symbol = 0; symbol < counts.length; symbol++) {
            for (int i = 0; i < counts[symbol]; i++) {
                symbols[at] = symbol;
                do {
                    at = at + step & states - 1;
                } while (at >= free);
            }
        }

        int[] entries = new int[states];
        for (int state = 0; state < states; state++) {
            int position = next[symbols[state]]++;
            int bits = log - floorLog2(position);
            entries[state] = (position << bits) - states << 16 | bits << 8 | symbols[state];
        }
        return new Fse(entries, log);
    }

    static int floorLog2(int value) {
        return 31 - Integer.numberOfLeadingZeros(value);
    }

    /** Bits from the lowest of the first byte on; a table's header is short, so they are taken one by one. */
    private static final class ForwardBits {
        private final ByteBuffer in;
        private final int start;
        private int taken;

        ForwardBits(ByteBuffer in) {
            this.in = in;
            this.start = in.position();
        }

        int take(int count) {
            int value = 0;
            for (int i = 0; i < count; i++, taken++) {
                value |= (in.get(start + (taken >>> 3)) >>> (taken & 7) & 1) << i;
            }
            return value;
        }

        void finish() {
            in.position(start + (taken + 7 >>> 3));
        }
    }
}
