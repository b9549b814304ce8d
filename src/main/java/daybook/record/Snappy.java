package daybook.record;

import static daybook.record.CorruptBatchException.unless;

import java.nio.ByteBuffer;

/**
 * Decodes snappy in the two forms that Kafka's clients write.
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
    private static final int LONG_LITERAL = 60;

    private Snappy() { }

    static void decompress(ByteBuffer in, DecompressedBytes out) {
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

    private static void rawBlock(ByteBuffer in, DecompressedBytes out) {
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
}
