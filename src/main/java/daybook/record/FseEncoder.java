package daybook.record;

/**
 * Encodes symbols with the table that {@link Fse} decodes with. States are numbered from 2^{@code log} on
 * here. A symbol that has n of them takes as many low bits from the state as leave n to 2n-1 of it; that
 * names, counted from n, one of the symbol's states in their order, which is the next. The first symbol to be
 * encoded, which is decoded last, just takes its first state, from which a decoder would take most bits.
 *
 * @param log of the number of states
 * @param counts of each symbol's states, 0 where it cannot be encoded
 * @param firsts where in {@code states} those of each symbol begin
 */
record FseEncoder(int log, int[] counts, int[] firsts, int[] states) {
    static FseEncoder of(Fse table, int symbols) {
        int[] counts = new int[symbols];
        int all = 1 << table.log();
        for (int state = 0; state < all; state++) {
            counts[table.symbol(state)]++;
        }
        int[] firsts = new int[symbols];
        for (int symbol = 1; symbol < symbols; symbol++) {
            firsts[symbol] = firsts[symbol - 1] + counts[symbol - 1];
        }
        int[] next = firsts.clone();
        int[] states = new int[all];
        for (int state = 0; state < all; state++) {
            states[next[table.symbol(state)]++] = all + state;
        }
        return new FseEncoder(table.log(), counts, firsts, states);
    }

    /**
     * A table that fits these occurrences, of at least two symbols, and is small where they are few. Its
     * counts are written to {@code out} as {@link Fse#read} wants them.
     */
    static FseEncoder fitting(int[] occurrences, int total, int largestLog, CodecBytes out) {
        int last = occurrences.length - 1;
        while (occurrences[last] == 0) {
            last--;
        }
        int leastLog = Math.max(Fse.SMALLEST_LOG, Fse.floorLog2(last) + 2);
        int log = Math.clamp(Fse.floorLog2(total) - 2, leastLog, largestLog);
        int[] counts = shares(occurrences, total, log);
        write(counts, log, out);
        return of(Fse.of(log, counts), occurrences.length);
    }

    int firstState(int symbol) {
        return states[firsts[symbol]];
    }

    /** Adds the bits that lead a decoder from the symbol's state to {@code state}; returns the former. */
    int encode(int state, int symbol, ForwardBits bits) {
        int count = counts[symbol];
        int bitCount = log - Fse.floorLog2(count);
        if (state >>> bitCount < count) {
            bitCount--;
        }
        bits.add(state & (1 << bitCount) - 1, bitCount);
        return states[firsts[symbol] + (state >>> bitCount) - count];
    }

    /** Adds the state that a decoder begins with. */
    void finish(int state, ForwardBits bits) {
        bits.add(state & (1 << log) - 1, log);
    }

    /** How many bits these occurrences take, nearly; without end where there is no state for one. */
    double costBits(int[] occurrences) {
        double cost = 0;
        for (int symbol = 0; symbol < occurrences.length; symbol++) {
            if (occurrences[symbol] > 0) {
                cost += occurrences[symbol] * (log - Math.log(counts[symbol]) / Math.log(2));
            }
        }
        return cost;
    }

    /** Deals out the states by the occurrences: at least one each, what is over to the commonest. */
    private static int[] shares(int[] occurrences, int total, int log) {
        int[] counts = new int[occurrences.length];
        int left = 1 << log;
        for (int symbol = 0; symbol < counts.length; symbol++) {
            if (occurrences[symbol] > 0) {
                counts[symbol] = Math.max(1, (int) (((long) occurrences[symbol] << log) / total));
                left -= counts[symbol];
            }
        }
        for (; left < 0; left++) {
            counts[commonest(counts)]--;
        }
        counts[commonest(counts)] += left;
        return counts;
    }

    private static int commonest(int[] counts) {
        int found = 0;
        for (int symbol = 1; symbol < counts.length; symbol++) {
            if (counts[symbol] > counts[found]) {
                found = symbol;
            }
        }
        return found;
    }

    private static void write(int[] counts, int log, CodecBytes out) {
        var bits = new ForwardBits(out);
        bits.add(log - Fse.SMALLEST_LOG, 4);
        int remaining = 1 << log;
        for (int symbol = 0; remaining > 0; symbol++) {
            int shortBits = Fse.floorLog2(remaining + 1);
            int spare = (2 << shortBits) - 1 - (remaining + 1);
            int value = counts[symbol] + 1;
            boolean upper = value >= 1 << shortBits;
            bits.add(upper ? value - (1 << shortBits) + spare : value, shortBits);
            if (value >= spare) {
                bits.add(upper ? 1 : 0, 1);
            }
            remaining -= counts[symbol];
            if (counts[symbol] == 0) {
                int zeros = 0;
                while (counts[symbol + 1] == 0) {
                    zeros++;
                    symbol++;
                }
                for (; zeros >= 3; zeros -= 3) {
                    bits.add(3, 2);
                }
                bits.add(zeros, 2);
            }
        }
        bits.fill();
    }
}
