package daybook.log;

import java.io.IOException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Group commit for one log, without a timer: whoever finds no force under way forces for all who wait by
 * then, and the rest wait for that one. After a force that failed there is never another: the page cache may
 * have dropped what it could not write, so a second one that succeeds would prove nothing.
 */
final class Flusher {
    /** What is to be forced. */
    interface Source {
        /** Forces what was written before the call; returns the offset before which all is on the disk. */
        long force() throws IOException;
    }

    private final Source source;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    /** All before it is on the disk. Written under {@link #lock}. */
    private volatile long forcedOffset;
    /** Guarded by {@link #lock}. */
    private boolean running;
    /** Guarded by {@link #lock}. */
    private boolean failed;

    Flusher(long forcedOffset, Source source) {
        this.forcedOffset = forcedOffset;
        this.source = source;
    }

    /** All before this offset is on the disk. */
    long forcedOffset() {
        return forcedOffset;
    }

    /**
     * Returns once all before {@code offset}, which was written, is on the disk: true; or a force failed:
     * false.
     */
    boolean await(long offset) {
        while (forcedOffset < offset) {
            if (!mine(offset)) {
                return forcedOffset >= offset;
            }
            long reached = -1;
            try {
                reached = source.force();
            } catch (IOException failure) {
                // Source has told it; here it only counts that the disk did not take the bytes.
            } finally {
                end(reached);
            }
        }
        return true;
    }

    /**
     * Waits until the caller is the one to force: true; or until the offset is forced or never will be:
     * false.
     */
    private boolean mine(long offset) {
        lock.lock();
        try {
            while (running && forcedOffset < offset) {
                ended.awaitUninterruptibly();
            }
            if (failed || forcedOffset >= offset) {
                return false;
            }
            running = true;
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void end(long reached) {
        lock.lock();
        try {
            running = false;
            failed = reached < 0;
            forcedOffset = Math.max(forcedOffset, reached);
            ended.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
