package daybook.net;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The one bound on memory for requests, received in part or whole: the capacity of all their buffers. Past it
 * connections stop reading and stand in line, first come, first served.
 *
 * <p>A quarter of it is for small buffers, as one read of a loop brings them, the rest for large ones: so
 * those who send large frames slowly hold up others who do, and nobody with a small request. What is said
 * from here on holds for each of the two shares.
 *
 * <p>A connection asks before it reads. What one read of a loop brings (64 KB) is then always taken, so the
 * bound may be passed by that much a loop. Besides, one connection at a time may pass it, the first in line:
 * otherwise frames received in part could wait for one another for ever, and a frame larger than the bound
 * would never fit.
 *
 * <p>Nothing in line: free of locks. A lock is held for a few instructions, never around anything that waits.
 */
final class RequestMemory {
    /** The largest small buffer. */
    static final int SMALL_BYTES = EventLoop.SCRATCH_BYTES;

    private record Waiter(Connection connection, int bytes) { }

    private final Buffers buffers;
    private final Share small;
    private final Share large;

    RequestMemory(Buffers buffers, long boundBytes) {
        this.buffers = buffers;
        small = new Share(boundBytes / 4);
        large = new Share(boundBytes - boundBytes / 4);
    }

    /**
     * Asks to go on reading, on the connection's loop.
     *
     * @param bytes capacity to reserve; 0 for a read whose bytes {@link #take} takes later
     * @return true with the bytes reserved; false when the connection is in line, and
     *     {@link Connection#granted} will be called with the bytes reserved
     */
    boolean admit(Connection connection, int bytes) {
        return share(bytes).admit(connection, bytes);
    }

    /** The granted connection has had its turn. */
    void turnEnded(Connection connection) {
        small.settle(connection, true);
        large.settle(connection, true);
    }

    /** A buffer for bytes that have been read, whether or not it fits. */
    ByteBuffer take(Connection connection, int bytes) {
        var buffer = buffers.take(bytes);
        share(buffer.capacity()).add(connection, buffer.capacity());
        return buffer;
    }

    /** As {@link #take}, but null where the bound would be passed, also by what others take now. */
    ByteBuffer takeWithin(Connection connection, int bytes) {
        int capacity = Buffers.capacity(bytes);
        return share(capacity).reserve(connection, capacity) ? takeReserved(connection, bytes) : null;
    }

    /** Takes a full buffer of nobody's for the connection's, and gives an empty one of the same capacity. */
    ByteBuffer exchange(Connection connection, ByteBuffer full) {
        var empty = buffers.take(full.capacity());
        share(full.capacity()).add(connection, full.capacity());
        return empty;
    }

    /** A buffer for which the capacity is reserved. */
    ByteBuffer takeReserved(Connection connection, int bytes) {
        try {
            return buffers.take(bytes);
        } catch (OutOfMemoryError none) {
            release(connection, Buffers.capacity(bytes));
            throw none;
        }
    }

    /** Takes a buffer back; from any thread. */
    void release(Connection connection, ByteBuffer buffer) {
        int bytes = buffer.capacity();
        buffers.give(buffer);
        release(connection, bytes);
    }

    /** Takes back a reservation that was not used. */
    void release(Connection connection, int bytes) {
        connection.heldBytes.addAndGet(-bytes);
        share(bytes).usedBytes.addAndGet(-bytes);
        small.released(connection);
        large.released(connection);
    }

    /** Whether less than half is used, so that connections may read ahead of what they work on. */
    boolean plentiful() {
        return small.plentiful() && large.plentiful();
    }

    /** Whether connections stand in line. */
    boolean contended() {
        return small.waiting > 0 || large.waiting > 0;
    }

    long usedBytes() {
        return small.usedBytes.get() + large.usedBytes.get();
    }

    private Share share(int capacity) {
        return capacity <= SMALL_BYTES ? small : large;
    }

    private static final class Share {
        private final long boundBytes;
        private final AtomicLong usedBytes = new AtomicLong();
        private final ReentrantLock lock = new ReentrantLock();
        /** Guarded by the lock. */
        private final ArrayDeque<Waiter> line = new ArrayDeque<>();
        /** The length of the line; written under the lock, read by all. */
        private volatile int waiting;
        /**
         * Whose turn it is now, until it has read; one at a time, so that no two count on the same bytes. By
         * the lock.
         */
        private Connection granted;
        /** Who may pass the bound, until it holds nothing; written under the lock, read by all. */
        private volatile Connection passing;

        Share(long boundBytes) {
            this.boundBytes = boundBytes;
        }

        boolean admit(Connection connection, int bytes) {
            if (waiting == 0 && reserve(connection, bytes)) {
                return true;
            }
            lock.lock();
            try {
                if (passing == connection && bytes > 0) {
                    add(connection, bytes);
                    return true;
                }
                line.add(new Waiter(connection, bytes));
                waiting = line.size();
                next();
                return false;
            } finally {
                lock.unlock();
            }
        }

        boolean plentiful() {
            return usedBytes.get() < boundBytes / 2;
        }

        boolean reserve(Connection connection, int bytes) {
            long used;
            do {
                used = usedBytes.get();
                if (!fits(used, bytes)) {
                    return false;
                }
            } while (!usedBytes.compareAndSet(used, used + bytes));
            connection.heldBytes.addAndGet(bytes);
            return true;
        }

        void add(Connection connection, int bytes) {
            usedBytes.addAndGet(bytes);
            connection.heldBytes.addAndGet(bytes);
        }

        /** The connection gave something back, here or to the other share. */
        void released(Connection connection) {
            if (waiting > 0 || passing == connection) {
                settle(connection, false);
            }
        }

        void settle(Connection connection, boolean turnEnded) {
            lock.lock();
            try {
                if (turnEnded && granted == connection) {
                    granted = null;
                }
                if (passing == connection && connection.heldBytes.get() == 0) {
                    passing = null;
                }
                next();
            } finally {
                lock.unlock();
            }
        }

        /** Whether that many bytes more keep the bound; for none, whether there is any room. */
        private boolean fits(long used, int bytes) {
            return used < boundBytes && used + bytes <= boundBytes;
        }

        /** Calls the first in line, when there is room for it; with the lock held. */
        private void next() {
            var first = line.peek();
            if (first == null || granted != null) {
                return;
            }
            if (!fits(usedBytes.get(), first.bytes)) {
                if (passing != null && passing != first.connection) {
                    return;
                }
                passing = first.connection;
            }
            line.remove();
            waiting = line.size();
            add(first.connection, first.bytes);
            granted = first.connection;
            first.connection.loop.execute(() -> first.connection.granted(first.bytes));
        }
    }
}
