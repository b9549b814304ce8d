package daybook.log;

import java.io.IOException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Group commit for one log, without a timer: while a force is under way, all who ask wait together for the
 * next one. Forces run on the threads of the directory, so that those of several logs go on side by side (a
 * journaling file system then commits them together) and no virtual thread's carrier is held by the disk.
 *
 * <p>After a force that failed there is never another: the page cache may have dropped what it could not
 * write, so a second one that succeeds would prove nothing.
 */
final class Flusher {
    /** What is to be forced. */
    interface Source {
        /** Forces what was written before the call; returns the offset before which all is on the disk. */
        long force() throws IOException;
    }

    private final Source source;
    private final Executor threads;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    /** All before it is on the disk. Written under {@link #lock}. */
    private volatile long forcedOffset;
    /** All before it is to be on the disk. Guarded by {@link #lock}. */
    private long wantedOffset;
    /** Guarded by {@link #lock}. */
    private boolean running;
    /** Guarded by {@link #lock}. */
    private boolean failed;

    Flusher(long forcedOffset, Source source, Executor threads) {
        this.forcedOffset = forcedOffset;
        this.source = source;
        this.threads = threads;
    }

    /** All before this offset is on the disk. */
    long forcedOffset() {
        return forcedOffset;
    }

    /** Has all before {@code offset}, which was written, forced soon. */
    void request(long offset) {
        lock.lock();
        try {
            wantedOffset = Math.max(wantedOffset, offset);
            if (!running) {
                start();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Has a thread force, where there is something to force. Under {@link #lock}. */
    private void start() {
        running = !failed && forcedOffset < wantedOffset;
        if (running) {
            try {
                threads.execute(this::run);
            } catch (RejectedExecutionException closed) {
                running = false;
                failed = true;
            }
        }
    }

    /**
     * Returns once all before {@code offset}, which was written, is on the disk: true; or a force failed:
     * false.
     */
    boolean await(long offset) {
        if (forcedOffset >= offset) {
            return true;
        }
        request(offset);
        lock.lock();
        try {
            while (forcedOffset < offset && !failed) {
                ended.awaitUninterruptibly();
            }
            return forcedOffset >= offset;
        } finally {
            lock.unlock();
        }
    }

    /** One force; what was asked for meanwhile stands in line again, behind the forces of other logs. */
    private void run() {
        long reached = -1;
        try {
            // Where processors are scarce, those who are about to append do so first, and are forced along.
            Thread.yield();
            reached = source.force();
        } catch (Throwable failure) {
            // The source has told it; here it only counts that the disk did not take the bytes.
        } finally {
            end(reached);
        }
    }

    private void end(long reached) {
        lock.lock();
        try {
            failed = reached < 0;
            forcedOffset = Math.max(forcedOffset, reached);
            start();
            ended.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
