package daybook.record;

/**
 * Encodes one zstd frame (RFC 8878), as {@link Zstd} and {@link ZstdBlocks} draw it: the content size in the
 * header, no checksum, blocks of 128 KiB. A block's literals are coded by {@link HuffmanEncoder}, the numbers
 * of its sequences by the table that takes least: the predefined one, one of a single symbol, or one of the
 * block's own. A block that does not shrink stays as it is. Tables of earlier blocks are not used again.
 */
final class ZstdEncoder {
    private static final FseEncoder LITERAL_LENGTHS = predefined(ZstdBlocks.LITERAL_LENGTH);
    private static final FseEncoder OFFSETS = predefined(ZstdBlocks.OFFSET);
    private static final FseEncoder MATCH_LENGTHS = predefined(ZstdBlocks.MATCH_LENGTH);
    private static final int FOUR_SIZE_BYTES = 0x80;
    private static final int SMALLEST_WINDOW_LOG = 10;
    private static final int LARGEST_WINDOW_LOG = 21;
    private static final int SINGLE_STREAM_MOST = 255;
    private static final int FEWEST_CODED_LITERALS = 32;
    /** Types of a block and of literals; a mode of a table is {@link #ALWAYS} or {@link #OWN} too. */
    private static final int RAW = 0;
    private static final int COMPRESSED = 2;
    private static final int ALWAYS = 1;
    private static final int OWN = 2;

    private final byte[] in;
    private final int from;
    private final CodecBytes out;
    private final MatchFinder matches;
    private final byte[] literals;
    private int literalCount;
    private int sequenceCount;
    private final Column literalLengths;
    private final Column offsets;
    private final Column matchLengths;
    private int[] lastDistances = {1, 4, 8};

    private ZstdEncoder(byte[] in, int from, int largestBlock, MatchFinder matches, CodecBytes out) {
        this.in = in;
        this.from = from;
        this.out = out;
        this.matches = matches;
        this.literals = new byte[largestBlock];
        int most = largestBlock / MatchFinder.SHORTEST + 1;
        this.literalLengths = new Column(ZstdBlocks.LITERAL_LENGTH, LITERAL_LENGTHS, most);
        this.offsets = new Column(ZstdBlocks.OFFSET, OFFSETS, most);
        this.matchLengths = new Column(ZstdBlocks.MATCH_LENGTH, MATCH_LENGTHS, most);
    }

    private static FseEncoder predefined(ZstdBlocks.Field field) {
        return FseEncoder.of(field.predefined(), field.firsts().length);
    }

    /**
     * @param level up to 3 one place is tried for a match, above it more, 4 to 2048, twice as many every two
     *     levels; below 3 the steps where there is no match are longer by a byte a level. 0 stands for 3,
     *     as in zstd
     */
    static void compress(byte[] in, int from, int to, int level, CodecBytes out) {
        int size = to - from;
        int sizeLog = 32 - Integer.numberOfLeadingZeros(size);
        int windowLog = Math.clamp(sizeLog, SMALLEST_WINDOW_LOG, LARGEST_WINDOW_LOG);
        out.int32(Zstd.MAGIC).int8(FOUR_SIZE_BYTES).int8(windowLog - SMALLEST_WINDOW_LOG << 3).int32(size);
        int attempts = level <= 3 ? 1 : 1 << level / 2;
        int step = level == 0 ? 1 : 1 + Math.max(0, 3 - level);
        var matches = new MatchFinder(in, size, 1 << windowLog, attempts, step);
        int largestBlock = Math.min(size, Zstd.LARGEST_BLOCK);
        var encoder = new ZstdEncoder(in, from, largestBlock, matches, out);
        int at = from;
        do {
            int end = Math.min(to, at + Zstd.LARGEST_BLOCK);
            encoder.block(at, end, end == to ? 1 : 0);
            at = end;
        } while (at < to);
    }

    private void block(int at, int end, int lastBit) {
        int headerAt = out.leave(3);
        int[] distancesBefore = lastDistances.clone();
        findSequences(at, end);
        writeLiterals();
        writeSequences();
        int size = out.length() - headerAt - 3;
        if (size < end - at) {
            out.fill(headerAt, lastBit | COMPRESSED << 1 | size << 3, 3);
        } else {
            lastDistances = distancesBefore;
            out.fill(headerAt, lastBit | RAW << 1 | end - at << 3, 3);
            out.cut(headerAt + 3);
            out.append(in, at, end - at);
        }
    }

    private void findSequences(int at, int end) {
        literalCount = 0;
        sequenceCount = 0;
        matches.block(from, at, end);
        while (matches.next()) {
            takeLiterals();
            literalLengths.values[sequenceCount] = matches.literals();
            offsets.values[sequenceCount] = offset(matches.distance(), matches.literals());
            matchLengths.values[sequenceCount] = matches.length();
            sequenceCount++;
        }
        takeLiterals();
    }

    private void takeLiterals() {
        System.arraycopy(in, matches.literalsFrom(), literals, literalCount, matches.literals());
        literalCount += matches.literals();
    }

    /** How the block tells a distance, see {@link ZstdBlocks}: by its place among the last three or anew. */
    private int offset(int distance, int literalLength) {
        int[] last = lastDistances;
        int place = literalLength > 0 ? 0 : 1;
        while (place < 3 && last[place] != distance) {
            place++;
        }
        int offset = place == 3 ? distance + 3 : literalLength > 0 ? place + 1 : place;
        for (int i = Math.min(place, 2); i > 0; i--) {
            last[i] = last[i - 1];
        }
        last[0] = distance;
        return offset;
    }

    private void writeLiterals() {
        int start = out.length();
        int[] occurrences = new int[Huffman.SYMBOLS];
        for (int i = 0; i < literalCount; i++) {
            occurrences[literals[i] & 0xFF]++;
        }
        boolean allSame = literalCount > 0 && occurrences[literals[0] & 0xFF] == literalCount;
        if (literalCount >= FEWEST_CODED_LITERALS && !allSame) {
            if (encodeLiterals(HuffmanEncoder.of(occurrences)) && out.length() - start < literalCount) {
                return;
            }
            out.cut(start);
        }
        int type = allSame ? ALWAYS : RAW;
        if (literalCount < 1 << 5) {
            out.int8(literalCount << 3 | type);
        } else if (literalCount < 1 << 12) {
            out.int16(literalCount << 4 | 1 << 2 | type);
        } else {
            out.int24(literalCount << 4 | 3 << 2 | type);
        }
        out.append(literals, 0, allSame ? 1 : literalCount);
    }

    /** Writes literals of type 2; false where their table cannot be written. */
    private boolean encodeLiterals(HuffmanEncoder coder) {
        int form = literalCount <= SINGLE_STREAM_MOST ? 0
                : literalCount < 1 << 10 ? 1 : literalCount < 1 << 14 ? 2 : 3;
        int sizeBits = form < 2 ? 10 : 6 + 4 * form;
        int headerBytes = form < 2 ? 3 : 2 + form;
        int headerAt = out.leave(headerBytes);
        if (!coder.writeWeights(out)) {
            return false;
        }
        if (form == 0) {
            coder.encode(literals, 0, literalCount, out);
        } else {
            int lengthsAt = out.leave(6);
            int quarter = (literalCount + 3) / 4;
            for (int stream = 0; stream < 4; stream++) {
                int start = out.length();
                int to = Math.min((stream + 1) * quarter, literalCount);
                coder.encode(literals, stream * quarter, to, out);
                if (stream < 3) {
                    out.fill(lengthsAt + 2 * stream, out.length() - start, 2);
                }
            }
        }
        long size = out.length() - headerAt - headerBytes;
        long sizes = literalCount | size << sizeBits;
        out.fill(headerAt, COMPRESSED | form << 2 | sizes << 4, headerBytes);
        return size < literalCount;
    }

    private void writeSequences() {
        int count = sequenceCount;
        if (count < 128) {
            out.int8(count);
        } else if (count < ZstdBlocks.LONG_COUNT) {
            out.int8(128 + (count >>> 8)).int8(count);
        } else {
            out.int8(255).int16(count - ZstdBlocks.LONG_COUNT);
        }
        if (count == 0) {
            return;
        }
        int modesAt = out.leave(1);
        int modes = literalLengths.writeTable(count, out) << 6;
        modes |= offsets.writeTable(count, out) << 4;
        modes |= matchLengths.writeTable(count, out) << 2;
        out.fill(modesAt, modes, 1);

        var bits = new ForwardBits(out);
        for (int i = count - 1; i >= 0; i--) {
            if (i == count - 1) {
                offsets.begin(i);
                matchLengths.begin(i);
                literalLengths.begin(i);
            } else {
                offsets.encode(i, bits);
                matchLengths.encode(i, bits);
                literalLengths.encode(i, bits);
            }
            literalLengths.addExtra(i, bits);
            matchLengths.addExtra(i, bits);
            offsets.addExtra(i, bits);
        }
        matchLengths.finish(bits);
        offsets.finish(bits);
        literalLengths.finish(bits);
        bits.finish();
    }

    /** One number of all sequences of a block. */
    private static final class Column {
        private final ZstdBlocks.Field field;
        private final FseEncoder predefined;
        private final int[] values;
        private final byte[] symbols;
        private FseEncoder table;
        private int state;

        Column(ZstdBlocks.Field field, FseEncoder predefined, int most) {
            this.field = field;
            this.predefined = predefined;
            this.values = new int[most];
            this.symbols = new byte[most];
        }

        /** Chooses the table, writes it and returns its mode. */
        int writeTable(int count, CodecBytes out) {
            int[] occurrences = new int[field.firsts().length];
            for (int i = 0; i < count; i++) {
                symbols[i] = (byte) field.symbol(values[i]);
                occurrences[symbols[i]]++;
            }
            int start = out.length();
            if (occurrences[symbols[0]] == count) {
                out.int8(symbols[0]);
                table = FseEncoder.of(new Fse(new int[] {symbols[0]}, 0), occurrences.length);
                return ALWAYS;
            }
            var own = FseEncoder.fitting(occurrences, count, field.largestLog(), out);
            table = predefined;
            double ownBits = own.costBits(occurrences) + 8 * (out.length() - start);
            if (ownBits < table.costBits(occurrences)) {
                table = own;
                return OWN;
            }
            out.cut(start);
            return 0;
        }

        void begin(int i) {
            state = table.firstState(symbols[i]);
        }

        void encode(int i, ForwardBits bits) {
            state = table.encode(state, symbols[i], bits);
        }

        void addExtra(int i, ForwardBits bits) {
            int symbol = symbols[i];
            bits.add((int) (values[i] - field.firsts()[symbol]), field.extraBits()[symbol]);
        }

        void finish(ForwardBits bits) {
            table.finish(state, bits);
        }
    }
}
