package daybook.record;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Finds what repeats in a block of bytes, for the encoders of snappy, lz4 and zstd: a row of matches, each
 * with the literal bytes before it, and at the end the literals that are left.
 *
 * <p>The hash of four bytes leads to the latest place where such bytes stood, and where more than one place
 * is to be tried, a chain leads from there to the ones before. Of the matches at a position the one wins that
 * saves most, a byte being worth four bits of the distance, and even it gives way to a better one a byte
 * later. Without matches the steps grow, so that bytes that do not repeat are soon passed over.
 *
 * <p>The last bytes of a block are always literals, as lz4 wants it. Belongs to the one thread that encodes.
 */
final class MatchFinder {
    static final int SHORTEST = 4;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class,
            ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class,
            ByteOrder.LITTLE_ENDIAN);
    /** What a match must save: below it zstd's own numbers take more than the literals, though not lz4's. */
    private static final int LEAST_SAVED = 3;
    private static final int HASH_FACTOR = 0x9E3779B1;
    private static final int LEAST_HASH_BITS = 8;
    private static final int MOST_HASH_BITS = 16;
    /** lz4_Block_format.md: no match begins in the last 12 bytes of a block, or ends in the last 5. */
    private static final int LAST_START = 12;
    private static final int LAST_END = 5;
    /** So many misses make the steps longer by one. */
    private static final int MISSES_LOG = 6;

    private final byte[] in;
    private final int window;
    private final int attempts;
    private final int step;
    private final int hashShift;
    /** The latest position of each hash; 0 where there was none, which the bytes there then show. */
    private final int[] latest;
    /** The position before it that has the same hash, by the lower bits; empty where only one is tried. */
    private final int[] earlier;

    private int historyFrom;
    private int end;
    private int searched;
    private int lastDistance;
    private int saved;

    private int literalsFrom;
    private int start;
    private int length;
    private int distance;

    /**
     * @param in what is compressed, of which {@code size} bytes are given as blocks
     * @param window a match reaches back at most so far
     * @param attempts how many places are tried for a match, 1 and up
     * @param step how far the first step goes where there is no match, 1 and up
     */
    MatchFinder(byte[] in, int size, int window, int attempts, int step) {
        this.in = in;
        this.window = window;
        this.attempts = attempts;
        this.step = step;
        int sizeBits = 32 - Integer.numberOfLeadingZeros(Math.clamp(size, 1, window) - 1);
        int hashBits = Math.clamp(sizeBits, LEAST_HASH_BITS, MOST_HASH_BITS);
        this.hashShift = 32 - hashBits;
        this.latest = new int[1 << hashBits];
        this.earlier = new int[attempts == 1 ? 0 : 1 << sizeBits];
    }

    /** Begins a block; its matches reach back to {@code historyFrom} and no further. */
    void block(int historyFrom, int from, int end) {
        this.historyFrom = historyFrom;
        this.end = end;
        this.searched = from;
        this.start = from;
        this.length = 0;
    }

    /** Where the literals before the match begin. */
    int literalsFrom() {
        return literalsFrom;
    }

    int literals() {
        return start - literalsFrom;
    }

    /** Bytes of the match, {@link #SHORTEST} and up. */
    int length() {
        return length;
    }

    int distance() {
        return distance;
    }

    /** Goes to the next match of the block; false where there is none, only the last literals. */
    boolean next() {
        literalsFrom = start + length;
        int last = end - LAST_START;
        int position = literalsFrom;
        for (int misses = 0; position <= last; position += step + (misses++ >>> MISSES_LOG)) {
            find(position);
            if (length > 0) {
                giveWay(last);
                lastDistance = distance;
                lengthenBackward();
                noteTo(Math.min(start + length - 2, last));
                return true;
            }
        }
        start = end;
        return false;
    }

    /** Takes the match a byte later for as long as it saves more, the literal counted. */
    private void giveWay(int last) {
        while (start < last) {
            int oldStart = start;
            int oldLength = length;
            int oldDistance = distance;
            int oldSaved = saved;
            find(start + 1);
            if (saved <= oldSaved + 4) {
                start = oldStart;
                length = oldLength;
                distance = oldDistance;
                return;
            }
        }
    }

    private void lengthenBackward() {
        int from = start - distance;
        while (start > literalsFrom && from > historyFrom && in[start - 1] == in[from - 1]) {
            start--;
            from--;
            length++;
        }
    }

    /** Sets the match to the best one at {@code position}, or its length to 0. */
    private void find(int position) {
        start = position;
        length = 0;
        saved = LEAST_SAVED;
        int low = Math.max(historyFrom, position - window);
        int bytes = (int) INT.get(in, position);
        int repeated = position - lastDistance;
        if (lastDistance > 0 && repeated >= low && (int) INT.get(in, repeated) == bytes) {
            consider(position, repeated, 0);
        }
        int candidate = note(position, bytes);
        for (int left = attempts; left > 0 && candidate >= low && candidate < position; left--) {
            boolean hopeful = in[candidate + length] == in[position + length];
            if (hopeful && (int) INT.get(in, candidate) == bytes) {
                consider(position, candidate, 31 - Integer.numberOfLeadingZeros(position - candidate));
                if (position + length == end - LAST_END) {
                    return;
                }
            }
            int before = earlier.length == 0 ? candidate : earlier[candidate & earlier.length - 1];
            if (before >= candidate) {
                return;
            }
            candidate = before;
        }
    }

    private void consider(int position, int candidate, int distanceBits) {
        int common = common(position, candidate);
        int saves = 4 * common - distanceBits;
        if (saves > saved) {
            length = common;
            distance = position - candidate;
            saved = saves;
        }
    }

    /** How many bytes are the same, {@link #SHORTEST} of which are known to be. */
    private int common(int position, int candidate) {
        int most = end - LAST_END - position;
        int count = SHORTEST;
        while (count <= most - 8) {
            long differing = (long) LONG.get(in, position + count) ^ (long) LONG.get(in, candidate + count);
            if (differing != 0) {
                return count + (Long.numberOfTrailingZeros(differing) >>> 3);
            }
            count += 8;
        }
        while (count < most && in[position + count] == in[candidate + count]) {
            count++;
        }
        return count;
    }

    /** Notes a position of the bytes' hash, and returns the one that was noted last. */
    private int note(int position, int bytes) {
        int hash = bytes * HASH_FACTOR >>> hashShift;
        int before = latest[hash];
        if (position >= searched) {
            latest[hash] = position;
            if (earlier.length > 0) {
                earlier[position & earlier.length - 1] = before;
            }
            searched = position + 1;
        }
        return before;
    }

    /** Notes what a match has passed over: all where there are chains, else one position near its end. */
    private void noteTo(int position) {
        int from = earlier.length > 0 ? searched : position;
        for (int at = from; at <= position; at++) {
            note(at, (int) INT.get(in, at));
        }
    }
}
