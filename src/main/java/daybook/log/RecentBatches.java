package daybook.log;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Where the newest batches of a segment lie, so that those who read at its end find their place without
 * reading it. A ring that grows up to {@value #MOST} batches. One thread at a time adds; any may look, and no
 * one waits: an entry that was overwritten while it was looked at is not used.
 */
final class RecentBatches {
    private static final int FEWEST = 8;
    private static final int MOST = 256;

    /** Two longs a batch: its base offset and its position. The writer replaces the array when it grows. */
    private volatile AtomicLongArray ring = new AtomicLongArray(2 * FEWEST);
    /** Batches ever added; written by the one writer, after the entry. */
    private volatile long added;

    void add(long baseOffset, int position) {
        var into = ring;
        long count = added;
        int capacity = into.length() / 2;
        if (count == capacity && capacity < MOST) {
            var larger = new AtomicLongArray(2 * into.length());
            for (int i = 0; i < into.length(); i++) {
                larger.set(i, into.get(i));
            }
            ring = larger;
            into = larger;
        }
        int slot = slot(into, count);
        into.set(slot, baseOffset);
        into.set(slot + 1, position);
        added = count + 1;
    }

    /** The position of the last batch that begins at or before {@code offset}; -1 where it is not known. */
    int positionOf(long offset) {
        return floor(0, offset);
    }

    /** The last position of a batch that is not above {@code position}; -1 where it is not known. */
    int borderAt(long position) {
        return floor(1, position);
    }

    private int floor(int field, long sought) {
        // In this order: a ring that is replaced in between would lack the newest.
        long above = added;
        var from = ring;
        long below = Math.max(0, above - from.length() / 2 + 1) - 1;
        while (above - below > 1) {
            long middle = (above + below) >>> 1;
            if (from.get(slot(from, middle) + field) <= sought) {
                below = middle;
            } else {
                above = middle;
            }
        }
        if (below < 0 || from.get(slot(from, below) + field) > sought) {
            return -1;
        }
        int position = (int) from.get(slot(from, below) + 1);
        boolean overwritten = from == ring && below <= added - from.length() / 2;
        return overwritten ? -1 : position;
    }

    private static int slot(AtomicLongArray ring, long entry) {
        return (int) (entry & (ring.length() / 2 - 1)) * 2;
    }
}
