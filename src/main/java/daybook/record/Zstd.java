package daybook.record;

import static daybook.record.CorruptBatchException.unless;

import java.nio.ByteBuffer;

/**
 * Decodes zstd frames (RFC 8878, section 3.1; integers little-endian), one after another to the end of the
 * input:
 * <pre>
 *  4        magic 0xFD2FB528
 *  1        descriptor: bits 7-6 content size flag, 5 single segment, 4 unused, 3 reserved 0, 2 checksum,
 *           1-0 dictionary id flag
 *  0,1      window: bits 7-3 exponent e, 2-0 mantissa m: 2^(10+e) * (1 + m/8) bytes; none in a single segment
 *  0,1,2,4  dictionary id; a batch can have none
 *  0,1,2,4,8  content size (in 2 bytes: less 256); in a single segment it is the window too
 *           blocks: 3  bit 0 last block, 2-1 type, 23-3 size n
 *                   n  type 0: the bytes as they are
 *                   1  type 1: one byte that stands n times
 *                   n  type 2: compressed, see {@link ZstdBlocks}
 *  4        low half of the xxHash64 of the content, where descriptor bit 2
 *
 *  4        magic 0x184D2A50..5F      } a frame to skip
 *  4        length n                  }
 *  n        anything                  }
 * </pre>
 * The output is the window: matches are copied inside it, and the size of the window is only a bound for
 * them.
 */
final class Zstd {
    static final int MAGIC = 0xFD2FB528;
    private static final int SKIPPED_MAGIC = 0x184D2A50;
    private static final int SINGLE_SEGMENT = 0x20;
    private static final int RESERVED = 0x08;
    private static final int CHECKSUM = 0x04;
    /**
     * What the reference decoder takes without being asked: past it no consumer could read the batch
     * either.
     */
    private static final long LARGEST_WINDOW = (1L << 27) + 1;
    static final int LARGEST_BLOCK = 128 * 1024;

    private Zstd() { }

    static void decompress(ByteBuffer in, CodecBytes out) {
        do {
            int start = in.position();
            int magic = in.getInt();
            if ((magic & ~0xF) == SKIPPED_MAGIC) {
                long length = in.getInt() & 0xFFFF_FFFFL;
                unless(length <= in.remaining(), "a skippable frame runs past the end", start);
                in.position(in.position() + (int) length);
            } else {
                unless(magic == MAGIC, "no frame's magic", start);
                frame(in, out);
            }
        } while (in.hasRemaining());
    }

    private static void frame(ByteBuffer in, CodecBytes out) {
        int descriptor = in.get() & 0xFF;
        boolean single = (descriptor & SINGLE_SEGMENT) != 0;
        unless((descriptor & RESERVED) == 0, "a reserved bit is set in the frame's header", in.position());
        long window = single ? 0 : window(in.get() & 0xFF);
        int dictionaryIdBytes = (1 << (descriptor & 3)) >> 1;
        unless(Codec.littleEndian(in, dictionaryIdBytes) == 0, "a dictionary is needed", in.position());
        int contentSizeFlag = descriptor >>> 6;
        boolean sized = single || contentSizeFlag > 0;
        long contentSize = 0;
        if (sized) {
            contentSize = Codec.littleEndian(in, 1 << contentSizeFlag) + (contentSizeFlag == 1 ? 256 : 0);
            out.expect(contentSize);
        }
        window = single ? contentSize : window;
        unless(window <= LARGEST_WINDOW, "a window too large", in.position());

        out.startHistory();
        int start = out.length();
        blocks(in, (int) window, out);
        boolean complete = !sized || contentSize == out.length() - start;
        unless(complete, "the content has not its declared size", in.position());
        if ((descriptor & CHECKSUM) != 0) {
            int hash = (int) XxHash.hash64(out.since(start));
            unless(in.getInt() == hash, "wrong checksum of the content", in.position() - 4);
        }
    }

    private static long window(int descriptor) {
        long base = 1L << 10 + (descriptor >>> 3);
        return base + (base >>> 3) * (descriptor & 7);
    }

    private static void blocks(ByteBuffer in, int window, CodecBytes out) {
        int largest = Math.min(window, LARGEST_BLOCK);
        var compressed = new ZstdBlocks(window, largest, out);
        boolean last;
        do {
            int start = in.position();
            int header = (int) Codec.littleEndian(in, 3);
            last = (header & 1) != 0;
            int size = header >>> 3;
            unless(size <= largest, "a block too long", start);
            switch (header >>> 1 & 3) {
                case 0 -> out.append(in, size);
                case 1 -> out.appendRun(in.get(), size);
                case 2 -> compressed.decode(in, size);
                default -> unless(false, "a block of the reserved type", start);
            }
        } while (!last);
    }
}
