package daybook.record;

import static daybook.record.CorruptBatchException.unless;

import java.nio.ByteBuffer;

/**
 * One lz4 frame (lz4's {@code lz4_Frame_format.md} 1.6.4; integers little-endian):
 * <pre>
 *   4  magic 0x184D2204
 *   1  FLG: bits 7-6 version 01, 5 blocks are independent, 4 blocks have checksums, 3 content size,
 *           2 content checksum, 1 reserved 0, 0 dictionary
 *   1  BD:  bits 6-4 a block has at most 2^(8 + 2n) bytes, n = 4..7; others reserved 0
 *  (8) content size, where FLG bit 3
 *   1  second byte of the xxHash32 of the bytes from FLG to here
 *      blocks:   4  length n, bit 31 set where the block is stored as it is; 0 ends the blocks
 *                n  bytes of the block
 *               (4) xxHash32 of these n bytes, where FLG bit 4
 *  (4) xxHash32 of all decompressed bytes, where FLG bit 2
 * </pre>
 * A block ({@code lz4_Block_format.md}) is a row of sequences, the last of which ends after its literals:
 * <pre>
 *   1  token: bits 7-4 count of literals, 3-0 length of the match less 4; 15 means that bytes are added
 *      up to and with the first that is not 255
 *  (e) the rest of the count of literals
 *   n  literals
 *   2  distance of the match, 1 and up
 *  (e) the rest of the length of the match
 * </pre>
 * A batch holds one frame; bytes behind it are passed over, as Kafka's own reader does. Dictionaries cannot
 * be named in a batch. Frames are encoded as Kafka's Java client does: independent blocks of 64 KiB, no
 * checksum but that of the header.
 */
final class Lz4 {
    private static final int MAGIC = 0x184D2204;
    private static final int FIXED_BITS = 0xC2;
    private static final int VERSION_1 = 0x40;
    private static final int INDEPENDENT_BLOCKS = 0x20;
    private static final int BLOCK_CHECKSUM = 0x10;
    private static final int CONTENT_SIZE = 0x08;
    private static final int CONTENT_CHECKSUM = 0x04;
    private static final int DICTIONARY = 0x01;
    private static final int RESERVED_BLOCK_BITS = 0x8F;
    private static final int SHORTEST_MATCH = 4;
    private static final int LENGTH_GOES_ON = 15;

    /** The level that stands for lz4's fast encoder; all others try more places (KIP-390). */
    static final int FAST_LEVEL = 9;
    private static final int BLOCK_BYTES = 64 * 1024;
    private static final int BLOCK_BITS = 4 << 4;
    private static final int STORED = 1 << 31;

    private Lz4() { }

    static void decompress(ByteBuffer in, CodecBytes out) {
        unless(in.getInt() == MAGIC, "no frame's magic", 0);
        int flags = in.get();
        int blockBits = in.get();
        unless((flags & FIXED_BITS) == VERSION_1, "an unknown version or reserved bit", 4);
        unless((flags & DICTIONARY) == 0, "a dictionary is needed", 4);
        boolean knownSize = (blockBits & RESERVED_BLOCK_BITS) == 0 && blockBits >>> 4 >= 4;
        unless(knownSize, "an unknown size of blocks", 5);
        long contentSize = (flags & CONTENT_SIZE) == 0 ? -1 : in.getLong();
        int headerHash = XxHash.hash32(in, 4, in.position() - 4);
        boolean sound = in.get() == (byte) (headerHash >>> 8);
        unless(sound, "wrong checksum of the frame's header", in.position() - 1);
        if ((flags & CONTENT_SIZE) != 0) {
            out.expect(contentSize);
        }

        int blockLimit = 1 << 8 + 2 * (blockBits >>> 4);
        for (int header = in.getInt(); header != 0; header = in.getInt()) {
            if ((flags & INDEPENDENT_BLOCKS) != 0) {
                out.startHistory();
            }
            int start = in.position();
            int before = out.length();
            int length = block(in, header, blockLimit, out);
            unless(out.length() - before <= blockLimit, "a block larger than the frame allows", start);
            if ((flags & BLOCK_CHECKSUM) != 0) {
                unless(in.getInt() == XxHash.hash32(in, start, length), "wrong checksum of the block", start);
            }
        }
        boolean complete = contentSize < 0 || contentSize == out.length();
        unless(complete, "the content has not its declared size", in.position());
        if ((flags & CONTENT_CHECKSUM) != 0) {
            int hash = XxHash.hash32(out.since(0), 0, out.length());
            unless(in.getInt() == hash, "wrong checksum of the content", in.position() - 4);
        }
    }

    /** Decodes one block and returns its length in the input. */
    private static int block(ByteBuffer in, int header, int blockLimit, CodecBytes out) {
        int length = header & Integer.MAX_VALUE;
        int end = in.limit();
        unless(length <= blockLimit && length <= in.remaining(), "a block too long", in.position());
        if (header < 0) {
            out.append(in, length);
            return length;
        }
        in.limit(in.position() + length);
        sequences(in, out);
        in.limit(end);
        return length;
    }

    private static void sequences(ByteBuffer in, CodecBytes out) {
        while (true) {
            int token = in.get() & 0xFF;
            out.append(in, length(in, token >>> 4));
            if (!in.hasRemaining()) {
                return;
            }
            int distance = in.getShort() & 0xFFFF;
            out.appendMatch(distance, SHORTEST_MATCH + length(in, token & 0xF));
        }
    }

    /** A block has at most 4 MiB, each of its bytes adds at most 255: the sum stays far inside an int. */
    private static int length(ByteBuffer in, int fromToken) {
        int length = fromToken;
        if (fromToken == LENGTH_GOES_ON) {
            int next;
            do {
                next = in.get() & 0xFF;
                length += next;
            } while (next == 0xFF);
        }
        return length;
    }

    /**
     * @param level 1 to 17. 9 tries one place for a match, the others 2 to 512, twice as many every two
     *     levels
     */
    static void compress(byte[] in, int from, int to, int level, CodecBytes out) {
        out.int32(MAGIC).int8(VERSION_1 | INDEPENDENT_BLOCKS).int8(BLOCK_BITS);
        out.int8(XxHash.hash32(out.since(4), 0, 2) >>> 8);
        int attempts = level == FAST_LEVEL ? 1 : 2 << level / 2;
        var matches = new MatchFinder(in, Math.min(to - from, BLOCK_BYTES), BLOCK_BYTES - 1, attempts, 1);
        for (int at = from; at < to; at += BLOCK_BYTES) {
            int length = Math.min(to - at, BLOCK_BYTES);
            int headerAt = out.leave(4);
            matches.block(at, at, at + length);
            while (matches.next()) {
                literals(in, matches, Math.min(matches.length() - SHORTEST_MATCH, LENGTH_GOES_ON), out);
                out.int16(matches.distance());
                lengthRest(matches.length() - SHORTEST_MATCH, out);
            }
            literals(in, matches, 0, out);
            int compressed = out.length() - headerAt - 4;
            if (compressed < length) {
                out.fill(headerAt, compressed, 4);
            } else {
                out.cut(headerAt);
                out.int32(length | STORED).append(in, at, length);
            }
        }
        out.int32(0);
    }

    private static void literals(byte[] in, MatchFinder matches, int matchPart, CodecBytes out) {
        int count = matches.literals();
        out.int8(Math.min(count, LENGTH_GOES_ON) << 4 | matchPart);
        lengthRest(count, out);
        out.append(in, matches.literalsFrom(), count);
    }

    private static void lengthRest(int length, CodecBytes out) {
        if (length >= LENGTH_GOES_ON) {
            int rest = length - LENGTH_GOES_ON;
            for (; rest >= 0xFF; rest -= 0xFF) {
                out.int8(0xFF);
            }
            out.int8(rest);
        }
    }
}
