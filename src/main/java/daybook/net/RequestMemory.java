package daybook.net;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The one bound on memory for requests, received in part or whole: the capacity of all their buffers. Past it
 * connections stop reading and stand in line, first come, first served.
 *
 * <p>A connection asks before it reads. What one read of a loop brings (64 KB) is then always taken, in
 * buffers of up to half as much again, so the bound may be passed by that much a loop. Besides, one
 * connection at a time may pass it, the first in line: otherwise frames received in part could wait for one
 * another for ever, and a frame larger than the bound would never fit.
 *
 * <p>Nothing in line: free of locks. The lock is held for a few instructions, never around anything that
 * waits.
 */
final class RequestMemory {
    private record Waiter(Connection connection, int bytes) { }

    private final Buffers buffers;
    private final long boundBytes;
    private final AtomicLong usedBytes = new AtomicLong();
    private final ReentrantLock lock = new ReentrantLock();
    /** Guarded by the lock. */
    private final ArrayDeque<Waiter> line = new ArrayDeque<>();
    /** The length of the line; written under the lock, read by all. */
    private volatile int waiting;
    /**
     * Whose turn it is now, until it has read; one at a time, so that no two count on the same bytes. By the
     * lock.
     */
    private Connection granted;
    /** Who may pass the bound, until it holds nothing; written under the lock, read by all. */
    private volatile Connection passing;

    RequestMemory(Buffers buffers, long boundBytes) {
        this.buffers = buffers;
        this.boundBytes = boundBytes;
    }

    /**
     * Asks to go on reading, on the connection's loop.
     *
     * @param bytes capacity to reserve; 0 for a read whose bytes {@link #take} takes later
     * @return true with the bytes reserved; false when the connection is in line, and
     *     {@link Connection#granted} will be called with the bytes reserved
     */
    boolean admit(Connection connection, int bytes) {
        if (waiting == 0 && reserve(bytes)) {
            connection.heldBytes.addAndGet(bytes);
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

    /** The granted connection has had its turn. */
    void turnEnded(Connection connection) {
        settle(connection, true);
    }

    /** A buffer for bytes that have been read, whether or not it fits. */
    ByteBuffer take(Connection connection, int bytes) {
        var buffer = buffers.take(bytes);
        add(connection, buffer.capacity());
        return buffer;
    }

    /** As {@link #take}, but null where the bound would be passed, also by what others take now. */
    ByteBuffer takeWithin(Connection connection, int bytes) {
        int capacity = Buffers.capacity(bytes);
        if (!reserve(capacity)) {
            return null;
        }
        connection.heldBytes.addAndGet(capacity);
        return takeReserved(connection, bytes);
    }

    /** Takes a full buffer of nobody's for the connection's, and gives an empty one of the same capacity. */
    ByteBuffer exchange(Connection connection, ByteBuffer full) {
        var empty = buffers.take(full.capacity());
        add(connection, full.capacity());
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
        usedBytes.addAndGet(-bytes);
        if (waiting > 0 || passing == connection) {
            settle(connection, false);
        }
    }

    /** Whether less than half is used, so that connections may read ahead of what they work on. */
    boolean plentiful() {
        return usedBytes.get() < boundBytes / 2;
    }

    /** Whether connections stand in line. */
    boolean contended() {
        return waiting > 0;
    }

    long usedBytes() {
        return usedBytes.get();
    }

    /** Whether that many bytes more keep the bound; for none, whether there is any room. */
    private boolean fits(long used, int bytes) {
        return used < boundBytes && used + bytes <= boundBytes;
    }

    private boolean reserve(int bytes) {
        long used;
        do {
            used = usedBytes.get();
            if (!fits(used, bytes)) {
                return false;
            }
        } while (!usedBytes.compareAndSet(used, used + bytes));
        return true;
    }

    private void add(Connection connection, int bytes) {
        usedBytes.addAndGet(bytes);
        connection.heldBytes.addAndGet(bytes);
    }

    private void settle(Connection connection, boolean turnEnded) {
        lock.lock();
        try {
            if (turnEnded) {
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
