package daybook.record;

import static daybook.record.CorruptBatchException.unless;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Decodes the compressed blocks of one zstd frame (RFC 8878, 3.1.1.3), and keeps what one block leaves to
 * the next: the tables and the last three distances. A block is its literals, then the sequences that use
 * them:
 * <pre>
 *  1-5  bits 1-0 type (0 raw, 1 one byte repeated, 2 Huffman, 3 Huffman with the last table), 3-2 form,
 *       then the length of the literals: types 0, 1: 5 bits from bit 3 in 1 byte (form 0 or 2),
 *       12 or 20 bits from bit 4 in 2 or 3 bytes (form 1, 3); types 2, 3: the length and the compressed size
 *       of 10, 10, 14, 18 bits each from bit 4 in 3, 3, 4, 5 bytes (form 0 to 3; form 0 has one stream)
 *    n  literals; of types 2, 3: the table (type 2), three lengths of 2 bytes (four streams), the bit streams
 *  1-3  count of sequences: n below 128; or (n-128) * 256 + next byte; or 255 and 2 bytes, plus 0x7F00
 *    1  where there are any: the tables of literal length (bits 7-6), offset (5-4), match length (3-2):
 *       0 predefined, 1 one symbol in a byte, 2 as {@link Fse} reads it, 3 the one used last
 *    t  the tables
 *    n  bit stream: three first states; for each sequence the extra bits of offset, match length and literal
 *       length, then (but for the last) what brings the next states
 * </pre>
 */
final class ZstdBlocks {
    private static final int ONE_BYTE = 1;
    private static final int TREELESS = 3;
    static final int LONG_COUNT = 0x7F00;

    /**
     * One number of a sequence. A symbol of the table stands for a first value and a count of bits to add
     * to it; the next symbol begins where its range ends.
     */
    record Field(long[] firsts, int[] extraBits, int largestLog, Fse predefined, byte[] ofSmall) {
        private static final int SMALL_VALUES = 256;


        static Field of(int first, int[] extraBits, int largestLog, Fse predefined) {
            long[] firsts = new long[extraBits.length];
            long next = first;
            for (int symbol = 0; symbol < firsts.length; symbol++) {
                firsts[symbol] = next;
                next += 1L << extraBits[symbol];
            }
            byte[] ofSmall = new byte[SMALL_VALUES];
            int symbol = 0;
            for (int value = first; value < SMALL_VALUES; value++) {
                symbol += value == firsts[symbol + 1] ? 1 : 0;
                ofSmall[value] = (byte) symbol;
            }
            return new Field(firsts, extraBits, largestLog, predefined, ofSmall);
        }

        long value(int symbol, BackwardBits bits) {
            return firsts[symbol] + bits.take(extraBits[symbol]);
        }

        /** The symbol whose range holds the value; of large ones each has a range twice the last. */
        int symbol(int value) {
            if (value < SMALL_VALUES) {
                return ofSmall[value];
            }
            int last = firsts.length - 1;
            int under = (int) (firsts[last] - (1L << extraBits[last]));
            return last - extraBits[last] + Fse.floorLog2(value - under);
        }

        Fse table(int mode, Fse last, ByteBuffer in) {
            Fse table = switch (mode) {
                case 0 -> predefined;
                case 1 -> Fse.always(in, firsts.length - 1);
                case 2 -> Fse.read(in, largestLog, firsts.length - 1);
                default -> last;
            };
            unless(table != null, "a table is used again before there is one", in.position());
            return table;
        }
    }

    static final Field LITERAL_LENGTH = Field.of(0,
            new int[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
            9, Fse.of(6, 4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1,
                2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1));
    static final Field MATCH_LENGTH = Field.of(3,
            new int[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
            9, Fse.of(6, 1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1));
    static final Field OFFSET = Field.of(1,
            new int[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
                16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31},
            8, Fse.of(5, 1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1,
                1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1));

    private final int window;
    private final int largestBlock;
    private final CodecBytes out;
    private final int[] lastDistances = {1, 4, 8};
    private Huffman huffman;
    private Fse literalLengths;
    private Fse offsets;
    private Fse matchLengths;
    private byte[] literals = {};
    private int literalCount;

    ZstdBlocks(int window, int largestBlock, CodecBytes out) {
        this.window = window;
        this.largestBlock = largestBlock;
        this.out = out;
    }

    /** Decodes the block in the next {@code size} bytes of {@code in}. */
    void decode(ByteBuffer in, int size) {
        int start = in.position();
        unless(size <= in.remaining(), "a block runs past the end", start);
        int end = in.limit();
        int before = out.length();
        in.limit(start + size);
        readLiterals(in);
        sequences(in);
        in.limit(end);
        unless(out.length() - before <= largestBlock, "a block too large once decompressed", start);
    }

    private void readLiterals(ByteBuffer in) {
        int position = in.position();
        int header = in.get(position) & 0xFF;
        int type = header & 3;
        int form = header >>> 2 & 3;
        if (type <= ONE_BYTE) {
            int headerBytes = (form & 1) == 0 ? 1 : form == 1 ? 2 : 3;
            takeLiterals((int) Codec.littleEndian(in, headerBytes) >>> (headerBytes == 1 ? 3 : 4), position);
            if (type == ONE_BYTE) {
                Arrays.fill(literals, 0, literalCount, in.get());
            } else {
                in.get(literals, 0, literalCount);
            }
            return;
        }
        int sizeBits = form < 2 ? 10 : 6 + 4 * form;
        long sizes = Codec.littleEndian(in, form < 2 ? 3 : 2 + form) >>> 4;
        int mask = (1 << sizeBits) - 1;
        takeLiterals((int) sizes & mask, position);
        int end = in.position() + (int) (sizes >>> sizeBits & mask);
        if (type != TREELESS) {
            huffman = Huffman.read(in);
        }
        unless(huffman != null, "a table is used again before there is one", position);
        decodeLiterals(in, end, form == 0);
        in.position(end);
    }

    private void takeLiterals(int count, int position) {
        unless(count <= largestBlock, "too many literals", position);
        literalCount = count;
        if (literals.length < count) {
            literals = new byte[count];
        }
    }

    private void decodeLiterals(ByteBuffer in, int end, boolean oneStream) {
        if (oneStream) {
            var bits = new BackwardBits(in, in.position(), end - in.position());
            huffman.decode(bits, literals, 0, literalCount);
            return;
        }
        int lengths = in.position();
        int at = lengths + 6;
        int quarter = (literalCount + 3) / 4;
        unless(3 * quarter <= literalCount, "too few literals for four streams", lengths);
        for (int stream = 0; stream < 4; stream++) {
            int length = stream < 3 ? in.getShort(lengths + 2 * stream) & 0xFFFF : end - at;
            int to = stream < 3 ? (stream + 1) * quarter : literalCount;
            huffman.decode(new BackwardBits(in, at, length), literals, stream * quarter, to);
            at += length;
        }
    }

    private void sequences(ByteBuffer in) {
        int count = in.get() & 0xFF;
        if (count == 255) {
            count = LONG_COUNT + (in.getShort() & 0xFFFF);
        } else if (count >= 128) {
            count = (count - 128 << 8) + (in.get() & 0xFF);
        }
        int literalsUsed = 0;
        if (count > 0) {
            int modes = in.get() & 0xFF;
            unless((modes & 3) == 0, "a reserved bit is set in the modes of the tables", in.position());
            literalLengths = LITERAL_LENGTH.table(modes >>> 6, literalLengths, in);
            offsets = OFFSET.table(modes >>> 4 & 3, offsets, in);
            matchLengths = MATCH_LENGTH.table(modes >>> 2 & 3, matchLengths, in);
            literalsUsed = execute(count, new BackwardBits(in, in.position(), in.remaining()));
            in.position(in.limit());
        }
        unless(!in.hasRemaining(), "bytes behind the sequences", in.position());
        out.append(literals, literalsUsed, literalCount - literalsUsed);
    }

    /** Writes literals and matches by turns; returns how many literals were used. */
    private int execute(int count, BackwardBits bits) {
        int literalState = literalLengths.firstState(bits);
        int offsetState = offsets.firstState(bits);
        int matchState = matchLengths.firstState(bits);
        int used = 0;
        for (int left = count; left > 0; left--) {
            long offset = OFFSET.value(offsets.symbol(offsetState), bits);
            int matchLength = (int) MATCH_LENGTH.value(matchLengths.symbol(matchState), bits);
            int literalLength = (int) LITERAL_LENGTH.value(literalLengths.symbol(literalState), bits);
            boolean enough = literalLength <= literalCount - used;
            unless(enough, "a sequence has too few literals, output", out.length());
            out.append(literals, used, literalLength);
            used += literalLength;
            out.appendMatch(distance(offset, literalLength), matchLength);
            if (left > 1) {
                literalState = literalLengths.nextState(literalState, bits);
                matchState = matchLengths.nextState(matchState, bits);
                offsetState = offsets.nextState(offsetState, bits);
            }
        }
        bits.finish();
        return used;
    }

    /**
     * An offset past 3 is a new distance plus 3. Those of 1 to 3 name one of the last three distances;
     * after no literals they name the one behind it instead, and 3 names the last distance less 1. It then
     * is the latest.
     */
    private int distance(long offset, int literalLength) {
        int index = 3;
        int distance;
        if (offset > 3) {
            unless(offset - 3 <= window, "a match reaches back behind the window, output", out.length());
            distance = (int) offset - 3;
        } else {
            index = (int) offset - (literalLength > 0 ? 1 : 0);
            distance = index < 3 ? lastDistances[index] : lastDistances[0] - 1;
        }
        if (index >= 2) {
            lastDistances[2] = lastDistances[1];
        }
        if (index >= 1) {
            lastDistances[1] = lastDistances[0];
        }
        lastDistances[0] = distance;
        return distance;
    }
}
