package daybook.record;

import java.nio.ByteBuffer;

/**
 * xxHash with seed 0, the checksum of lz4 frames (32 bits) and of zstd frames (64 bits). The buffer must be
 * little-endian. Four lanes take a stripe each round, are merged, and what is left is mixed in word by
 * word, byte by byte. Source: the xxHash specification 0.1.1 (XXH32, XXH64).
 */
public final class XxHash {
    private static final int INT_1 = 0x9E3779B1;
    private static final int INT_2 = 0x85EBCA77;
    private static final int INT_3 = 0xC2B2AE3D;
    private static final int INT_4 = 0x27D4EB2F;
    private static final int INT_5 = 0x165667B1;

    private static final long LONG_1 = 0x9E3779B185EBCA87L;
    private static final long LONG_2 = 0xC2B2AE3D27D4EB4FL;
    private static final long LONG_3 = 0x165667B19E3779F9L;
    private static final long LONG_4 = 0x85EBCA77C2B2AE63L;
    private static final long LONG_5 = 0x27D4EB2F165667C5L;

    private XxHash() { }

    /** XXH32 of {@code length} bytes from the absolute index {@code from}. */
    static int hash32(ByteBuffer in, int from, int length) {
        int at = from;
        int end = from + length;
        int hash = INT_5;
        if (length >= 16) {
            int[] lanes = {INT_1 + INT_2, INT_2, 0, -INT_1};
            for (; at <= end - 16; at += 16) {
                for (int i = 0; i < 4; i++) {
                    lanes[i] = lane(lanes[i], in.getInt(at + 4 * i));
                }
            }
            hash = Integer.rotateLeft(lanes[0], 1) + Integer.rotateLeft(lanes[1], 7)
                    + Integer.rotateLeft(lanes[2], 12) + Integer.rotateLeft(lanes[3], 18);
        }
        hash += length;
        for (; at <= end - 4; at += 4) {
            hash = Integer.rotateLeft(hash + in.getInt(at) * INT_3, 17) * INT_4;
        }
        for (; at < end; at++) {
            hash = Integer.rotateLeft(hash + (in.get(at) & 0xFF) * INT_5, 11) * INT_1;
        }
        hash = (hash ^ hash >>> 15) * INT_2;
        hash = (hash ^ hash >>> 13) * INT_3;
        return hash ^ hash >>> 16;
    }

    /** XXH64 of all bytes of the buffer from 0 to its limit. */
    public static long hash64(ByteBuffer in) {
        int at = 0;
        int end = in.limit();
        long hash = LONG_5;
        if (end >= 32) {
            long[] lanes = {LONG_1 + LONG_2, LONG_2, 0, -LONG_1};
            for (; at <= end - 32; at += 32) {
                for (int i = 0; i < 4; i++) {
                    lanes[i] = lane(lanes[i], in.getLong(at + 8 * i));
                }
            }
            hash = Long.rotateLeft(lanes[0], 1) + Long.rotateLeft(lanes[1], 7)
                    + Long.rotateLeft(lanes[2], 12) + Long.rotateLeft(lanes[3], 18);
            for (long lane : lanes) {
                hash = (hash ^ lane(0, lane)) * LONG_1 + LONG_4;
            }
        }
        hash += end;
        for (; at <= end - 8; at += 8) {
            hash = Long.rotateLeft(hash ^ lane(0, in.getLong(at)), 27) * LONG_1 + LONG_4;
        }
        if (at <= end - 4) {
            hash = Long.rotateLeft(hash ^ (in.getInt(at) & 0xFFFF_FFFFL) * LONG_1, 23) * LONG_2 + LONG_3;
            at += 4;
        }
        for (; at < end; at++) {
            hash = Long.rotateLeft(hash ^ (in.get(at) & 0xFF) * LONG_5, 11) * LONG_1;
        }
        hash = (hash ^ hash >>> 33) * LONG_2;
        hash = (hash ^ hash >>> 29) * LONG_3;
        return hash ^ hash >>> 32;
    }

    private static int lane(int sum, int word) {
        return Integer.rotateLeft(sum + word * INT_2, 13) * INT_1;
    }

    private static long lane(long sum, long word) {
        return Long.rotateLeft(sum + word * LONG_2, 31) * LONG_1;
    }
}
