package daybook.net;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * A pool of direct buffers in size classes, four to each power of two from 4 KB: 4, 5, 6, 7, 8, 10, 12, 14,
 * 16 KB and so on. It keeps a bounded number of bytes; what passes that is dropped from the class that holds
 * most, so that sizes that are no longer asked for make room; a buffer larger than a quarter of it is never
 * kept. Free of locks.
 */
final class Buffers {
    /** The smallest buffer. */
    static final int LEAST_BYTES = 4 << 10;

    private static final int LEAST_SHIFT = 12;
    private static final int CLASSES = (Integer.SIZE - 1 - LEAST_SHIFT) * 4 + 1;

    private final long keptLimitBytes;
    private final AtomicLong keptBytes = new AtomicLong();
    /** Of buffers that were dropped, since the collector was last called for them. */
    private final AtomicLong droppedBytes = new AtomicLong();
    /** The same when {@link #collect} last looked; its caller's. */
    private long droppedBefore;
    /** By class. */
    private final AtomicLongArray classBytes = new AtomicLongArray(CLASSES);
    /** By class. */
    private final List<Deque<ByteBuffer>> kept = new ArrayList<>(CLASSES);

    /** @param keptLimitBytes the most bytes that lie here unused */
    Buffers(long keptLimitBytes) {
        this.keptLimitBytes = keptLimitBytes;
        for (int i = 0; i < CLASSES; i++) {
            kept.add(new ConcurrentLinkedDeque<>());
        }
    }

    /** The capacity of the buffer that {@link #take} gives for that many bytes; at least 1. */
    static int capacity(int bytes) {
        if (bytes <= LEAST_BYTES) {
            return LEAST_BYTES;
        }
        int step = stepShift(bytes);
        long steps = ((bytes - 1) >> step) + 1;
        return (int) Math.min(steps << step, Integer.MAX_VALUE);
    }

    /** An empty buffer of at least that many bytes. */
    ByteBuffer take(int bytes) {
        int capacity = capacity(bytes);
        int index = index(capacity);
        var buffer = kept.get(index).pollFirst();
        if (buffer == null) {
            return ByteBuffer.allocateDirect(capacity);
        }
        count(index, -capacity);
        return buffer.clear();
    }

    /** Takes back a buffer that nobody looks at any more. */
    void give(ByteBuffer buffer) {
        if (buffer.capacity() > keptLimitBytes / 4) {
            droppedBytes.addAndGet(buffer.capacity());
            return;
        }
        int index = index(buffer.capacity());
        kept.get(index).addFirst(buffer);
        count(index, buffer.capacity());
        while (keptBytes.get() > keptLimitBytes) {
            int fullest = fullest();
            var dropped = kept.get(fullest).pollLast();
            if (dropped != null) {
                count(fullest, -dropped.capacity());
                droppedBytes.addAndGet(dropped.capacity());
            }
        }
    }

    /**
     * Gives the memory of dropped buffers back to the system: only the collector does that, and a heap that
     * is hardly used may not call it for hours. Now and then from one thread; collects once they are many
     * and no more are dropped.
     */
    void collect() {
        long dropped = droppedBytes.get();
        if (dropped >= keptLimitBytes / 2 && dropped == droppedBefore) {
            droppedBytes.addAndGet(-dropped);
            System.gc();
        }
        droppedBefore = dropped;
    }

    /** Bytes that lie here unused. */
    long keptBytes() {
        return keptBytes.get();
    }

    private void count(int index, int bytes) {
        classBytes.addAndGet(index, bytes);
        keptBytes.addAndGet(bytes);
    }

    private int fullest() {
        int fullest = 0;
        for (int i = 1; i < CLASSES; i++) {
            if (classBytes.get(i) > classBytes.get(fullest)) {
                fullest = i;
            }
        }
        return fullest;
    }

    /** A quarter of the power of two below {@code bytes}, as a shift. */
    private static int stepShift(int bytes) {
        return Integer.SIZE - 1 - Integer.numberOfLeadingZeros(bytes - 1) - 2;
    }

    private static int index(int capacity) {
        if (capacity <= LEAST_BYTES) {
            return 0;
        }
        int step = stepShift(capacity);
        return (step + 2 - LEAST_SHIFT) * 4 + ((capacity - 1) >> step) - 3;
    }
}
