package daybook.record;

import java.util.Arrays;

/**
 * Encodes literals with a table that {@link Huffman} reads.
 *
 * @param codes by symbol: bits 31-16 the length of its code, 15-0 the code
 * @param weights by symbol, up to the last one that occurs
 */
record HuffmanEncoder(int[] codes, byte[] weights) {
    /** The best codes for these occurrences, which are of at least two symbols. */
    static HuffmanEncoder of(int[] occurrences) {
        int[] lengths = lengths(occurrences);
        int log = 0;
        int last = 0;
        for (int symbol = 0; symbol < Huffman.SYMBOLS; symbol++) {
            log = Math.max(log, lengths[symbol]);
            last = lengths[symbol] > 0 ? symbol : last;
        }
        byte[] weights = new byte[last + 1];
        for (int symbol = 0; symbol <= last; symbol++) {
            weights[symbol] = (byte) (lengths[symbol] == 0 ? 0 : log + 1 - lengths[symbol]);
        }
        int[] codes = new int[Huffman.SYMBOLS];
        short[] entries = Huffman.of(weights, last, 0).entries();
        for (int at = entries.length - 1; at >= 0; at--) {
            int length = entries[at] >>> 8;
            codes[entries[at] & 0xFF] = length << 16 | at >>> log - length;
        }
        return new HuffmanEncoder(codes, weights);
    }

    /** Adds the bits of the symbols between two indexes, so that they are decoded in their order. */
    void encode(byte[] symbols, int from, int to, CodecBytes out) {
        var bits = new ForwardBits(out);
        for (int at = to - 1; at >= from; at--) {
            int code = codes[symbols[at] & 0xFF];
            bits.add(code & 0xFFFF, code >>> 16);
        }
        bits.finish();
    }

    /**
     * Writes the weights as {@link Huffman#read} wants them, all but the last.
     *
     * @return false where their form has no room for them; what is written is then of no use
     */
    boolean writeWeights(CodecBytes out) {
        int count = weights.length - 1;
        int plainBytes = count <= Huffman.PLAIN_WEIGHTS ? (count + 1) / 2 : Integer.MAX_VALUE;
        int headerAt = out.leave(1);
        if (encodeWeights(count, out)) {
            int bytes = out.length() - headerAt - 1;
            if (bytes < Math.min(plainBytes, Huffman.PLAIN_WEIGHTS)) {
                out.fill(headerAt, bytes, 1);
                return true;
            }
        }
        out.cut(headerAt);
        if (count > Huffman.PLAIN_WEIGHTS) {
            return false;
        }
        out.int8(Huffman.PLAIN_WEIGHTS - 1 + count);
        for (int i = 0; i < count; i += 2) {
            out.int8(weights[i] << 4 | (i + 1 < count ? weights[i + 1] : 0));
        }
        return true;
    }

    /** Two states take turns; false where there are not two different weights, or two at all. */
    private boolean encodeWeights(int count, CodecBytes out) {
        int[] occurrences = new int[Huffman.LONGEST_CODE + 1];
        for (int i = 0; i < count; i++) {
            occurrences[weights[i]]++;
        }
        if (occurrences[weights[0]] == count) {
            return false;
        }
        var table = FseEncoder.fitting(occurrences, count, Huffman.LARGEST_WEIGHT_LOG, out);
        var bits = new ForwardBits(out);
        int[] states = new int[2];
        for (int i = count - 1; i >= 0; i--) {
            int turn = i & 1;
            states[turn] = i >= count - 2 ? table.firstState(weights[i])
                    : table.encode(states[turn], weights[i], bits);
        }
        table.finish(states[1], bits);
        table.finish(states[0], bits);
        bits.finish();
        return true;
    }

    /** The lengths of Huffman's codes; where one is too long, again for occurrences that differ less. */
    private static int[] lengths(int[] occurrences) {
        int[] scaled = occurrences.clone();
        while (true) {
            int[] lengths = treeDepths(scaled);
            if (Arrays.stream(lengths).max().getAsInt() <= Huffman.LONGEST_CODE) {
                return lengths;
            }
            for (int symbol = 0; symbol < scaled.length; symbol++) {
                scaled[symbol] = scaled[symbol] + 1 >>> 1;
            }
        }
    }

    /**
     * Joins the two rarest trees until one is left. The leaves are sorted, and the joined ones come up in
     * order by themselves, so the rarest is the first of either row.
     */
    private static int[] treeDepths(int[] occurrences) {
        long[] leaves = new long[occurrences.length];
        int count = 0;
        for (int symbol = 0; symbol < occurrences.length; symbol++) {
            if (occurrences[symbol] > 0) {
                leaves[count++] = (long) occurrences[symbol] << 8 | symbol;
            }
        }
        Arrays.sort(leaves, 0, count);
        long[] sums = new long[2 * count - 1];
        int[] parents = new int[2 * count - 1];
        for (int i = 0; i < count; i++) {
            sums[i] = leaves[i] >>> 8;
        }
        int leaf = 0;
        int joined = count;
        for (int made = count; made < sums.length; made++) {
            for (int side = 0; side < 2; side++) {
                boolean takeLeaf = leaf < count && (joined == made || sums[leaf] <= sums[joined]);
                int taken = takeLeaf ? leaf++ : joined++;
                sums[made] += sums[taken];
                parents[taken] = made;
            }
        }
        int[] depths = new int[sums.length];
        for (int i = sums.length - 2; i >= 0; i--) {
            depths[i] = depths[parents[i]] + 1;
        }
        int[] bySymbol = new int[occurrences.length];
        for (int i = 0; i < count; i++) {
            bySymbol[(int) leaves[i] & 0xFF] = depths[i];
        }
        return bySymbol;
    }
}
