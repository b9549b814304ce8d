package daybook.record;

import static daybook.record.CorruptBatchException.unless;

import java.nio.ByteBuffer;

/**
 * Snappy in the two forms that Kafka's clients write; both are decoded, and the first is what is encoded.
 *
 * <p>The framing of the Java client (xerial's snappy-java, {@code SnappyOutputStream}; integers
 * big-endian):
 * <pre>
 *   0   8  magic 0x82 'S' 'N' 'A' 'P' 'P' 'Y' 0
 *   8   4  version, 1
 *  12   4  oldest version that reads it, 1
 *  16   4  length n of a raw block        } any number of times; a whole header may also come again,
 *  20   n  raw block                      } where streams were joined
 * </pre>
 * Without that magic the input is one raw block (librdkafka may write it so). A raw block, after
 * google/snappy's {@code format_description.txt} (integers little-endian), is the decompressed length as a
 * varint of 32 bits, then elements to its end, each with a tag byte whose two low bits tell the kind:
 * <pre>
 *  00  literal   length-1 in 6 bits; 60..63 mean that it stands in the 1..4 bytes that follow; then the bytes
 *  01  copy      length-4 in 3 bits, distance in 11: 3 of the tag, 8 of the byte that follows
 *  10  copy      length-1 in 6 bits, distance in the 2 bytes that follow
 *  11  copy      length-1 in 6 bits, distance in the 4 bytes that follow
 * </pre>
 */
final class Snappy {
    private static final long MAGIC = 0x82_53_4E_41_50_50_59_00L;
    private static final int HEADER_BYTES = 16;
    private static final int OLDEST_VERSION = 1;
    private static final int VERSION = Integer.reverseBytes(1);
    private static final int LONG_LITERAL = 60;
    private static final int NEAR_COPY_MOST = 11;
    private static final int NEAR_DISTANCES = 1 << 11;
    private static final int COPY_MOST = 64;
    /** What the Java client puts in a block. */
    private static final int BLOCK_BYTES = 32 * 1024;

    private Snappy() { }

    static void decompress(ByteBuffer in, CodecBytes out) {
        if (!startsWithMagic(in)) {
            rawBlock(in, out);
            return;
        }
        int end = in.limit();
        while (in.hasRemaining()) {
            if (startsWithMagic(in)) {
                int version = bigEndianInt(in, in.position() + 8);
                unless(version >= OLDEST_VERSION, "an unknown version", in.position());
                in.position(in.position() + HEADER_BYTES);
                continue;
            }
            int length = bigEndianInt(in, in.position());
            in.position(in.position() + 4);
            unless(length >= 0 && length <= in.remaining(), "a block runs past the end", in.position());
            in.limit(in.position() + length);
            rawBlock(in, out);
            in.limit(end);
        }
    }

    private static boolean startsWithMagic(ByteBuffer in) {
        return in.remaining() >= HEADER_BYTES && Long.reverseBytes(in.getLong(in.position())) == MAGIC;
    }

    private static int bigEndianInt(ByteBuffer in, int position) {
        return Integer.reverseBytes(in.getInt(position));
    }

    private static void rawBlock(ByteBuffer in, CodecBytes out) {
        long declared = unsignedVarint(in);
        out.expect(declared);
        out.startHistory();
        int start = out.length();
        while (in.hasRemaining()) {
            int tag = in.get() & 0xFF;
            int upper = tag >>> 2;
            switch (tag & 3) {
                case 0 -> out.append(in, upper < LONG_LITERAL ? upper + 1L
                        : Codec.littleEndian(in, upper - LONG_LITERAL + 1) + 1);
                case 1 -> out.appendMatch(tag >>> 5 << 8 | in.get() & 0xFF, (upper & 7) + 4);
                case 2 -> out.appendMatch(in.getShort() & 0xFFFF, upper + 1);
                default -> out.appendMatch(in.getInt(), upper + 1);
            }
        }
        unless(out.length() - start == declared, "a block does not have its declared length", in.position());
    }

    private static long unsignedVarint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift <= 28; shift += 7) {
            byte next = in.get();
            value |= (long) (next & 0x7F) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new CorruptBatchException("the length of a block has no end, at byte " + in.position());
    }

    static void compress(byte[] in, int from, int to, CodecBytes out) {
        out.int64(Long.reverseBytes(MAGIC)).int32(VERSION).int32(VERSION);
        var matches = new MatchFinder(in, Math.min(to - from, BLOCK_BYTES), BLOCK_BYTES, 1, 1);
        for (int at = from; at < to; at += BLOCK_BYTES) {
            int end = Math.min(to, at + BLOCK_BYTES);
            int lengthAt = out.leave(4);
            int declared = end - at;
            for (; declared > 0x7F; declared >>>= 7) {
                out.int8(declared | 0x80);
            }
            out.int8(declared);
            matches.block(at, at, end);
            while (matches.next()) {
                literal(in, matches, out);
                copy(matches.length(), matches.distance(), out);
            }
            literal(in, matches, out);
            out.fill(lengthAt, Integer.reverseBytes(out.length() - lengthAt - 4), 4);
        }
    }

    private static void literal(byte[] in, MatchFinder matches, CodecBytes out) {
        int less1 = matches.literals() - 1;
        if (less1 < 0) {
            return;
        }
        if (less1 < LONG_LITERAL) {
            out.int8(less1 << 2);
        } else if (less1 < 1 << 8) {
            out.int8(LONG_LITERAL << 2).int8(less1);
        } else {
            out.int8(LONG_LITERAL + 1 << 2).int16(less1);
        }
        out.append(in, matches.literalsFrom(), matches.literals());
    }

    /** Long ones in pieces, the last of which is never a scrap. */
    private static void copy(int length, int distance, CodecBytes out) {
        for (int left = length; left > 0;) {
            int piece = left <= COPY_MOST ? left : Math.min(COPY_MOST, left - MatchFinder.SHORTEST);
            if (piece <= NEAR_COPY_MOST && distance < NEAR_DISTANCES) {
                out.int8(distance >>> 8 << 5 | piece - 4 << 2 | 1).int8(distance);
            } else {
                out.int8(piece - 1 << 2 | 2).int16(distance);
            }
            left -= piece;
        }
    }
}
