package daybook.log;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.ClosedChannelException;
import java.nio.file.NoSuchFileException;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Has logs compacted in the background: each of its threads takes the log with the largest part of bytes that
 * was not compacted yet, and waits a while where no log has enough of them. A log whose compaction fails is
 * left alone from then on; the others go on. Any thread may call.
 */
final class Cleaner implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("daybook.log");

    private final Collection<PartitionLog> logs;
    private final InstantSource clock;
    /** Above {@code PartitionLog.lock}; not held while a log is compacted. */
    private final ReentrantLock lock = new ReentrantLock();
    /** Signalled where a waiting thread has to look again. */
    private final Condition changed = lock.newCondition();
    /** The numbers of the threads there are. Guarded by {@link #lock}. */
    private final Set<Integer> threads = new HashSet<>();
    /** The logs that are being compacted. Guarded by {@link #lock}. */
    private final Set<PartitionLog> busy = new HashSet<>();
    /** The logs whose compaction failed. Guarded by {@link #lock}. */
    private final Set<PartitionLog> refused = new HashSet<>();
    /** What was read and written up to now takes until then, by {@link System#nanoTime}. By {@link #lock}. */
    private long paidNanos;
    /** Written under {@link #lock}. */
    private volatile CleanerSettings settings = new CleanerSettings(0, 0, 1, 0, Double.MAX_VALUE, 0);
    /** Written under {@link #lock}. */
    private volatile boolean closing;

    /** @param logs the logs of all partitions, now and later */
    Cleaner(Collection<PartitionLog> logs, InstantSource clock) {
        this.logs = logs;
        this.clock = clock;
    }

    /** Goes on by these settings, with as many threads as they say once the surplus ones are at an end. */
    void configure(CleanerSettings wanted) {
        lock.lock();
        try {
            settings = wanted;
            paidNanos = System.nanoTime();
            for (int number = 0; number < wanted.threads() && !closing; number++) {
                if (threads.add(number)) {
                    int own = number;
                    Thread.ofPlatform().daemon().name("daybook-cleaner-" + own).start(() -> work(own));
                }
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void work(int number) {
        while (goesOn(number)) {
            boolean compacted = false;
            try {
                compacted = compactDirtiest();
            } catch (Throwable fault) {
                LOG.log(Level.ERROR, "The compaction of logs met a fault; it goes on", fault);
            }
            if (!compacted) {
                idle();
            }
        }
    }

    private boolean goesOn(int number) {
        lock.lock();
        try {
            boolean goesOn = !closing && number < settings.threads();
            if (!goesOn) {
                threads.remove(number);
                changed.signalAll();
            }
            return goesOn;
        } finally {
            lock.unlock();
        }
    }

    private void idle() {
        lock.lock();
        try {
            if (!closing) {
                changed.await(Math.max(1, settings.idleMs()), TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException never) {
            throw new IllegalStateException(never);
        } finally {
            lock.unlock();
        }
    }

    /** Compacts the log that needs it most; false where none does. */
    boolean compactDirtiest() {
        long nowMs = clock.millis();
        var work = takeDirtiest(nowMs);
        if (work == null) {
            return false;
        }
        var log = work.log();
        try {
            var config = log.config();
            if (config.compaction() != null) {
                new Compaction(work, config, settings, this::pace, nowMs).run();
                LOG.log(Level.DEBUG, "Compacted {0}: {1} bytes are {2} now", log.partition(),
                        Long.toString(work.cleanBytes() + work.dirtyBytes()), Long.toString(log.sizeBytes()));
            }
        } catch (CancellationException ended) {
            LOG.log(Level.DEBUG, "The compaction of {0} ended early: {1}", log.partition(), ended);
            return false;
        } catch (Throwable failure) {
            refuse(log, failure);
        } finally {
            giveBack(log);
        }
        return true;
    }

    private void giveBack(PartitionLog log) {
        lock.lock();
        try {
            busy.remove(log);
        } finally {
            lock.unlock();
        }
    }

    /** Has a log be left alone until the broker is started again. */
    private void refuse(PartitionLog log, Throwable why) {
        LOG.log(Level.ERROR, "Compacting " + log.partition() + " in " + log.directory() + " failed: it is not"
                + " compacted any more until the broker is started again", why);
        lock.lock();
        try {
            refused.removeIf(other -> !other.compactable());
            refused.add(log);
        } finally {
            lock.unlock();
        }
    }

    private Compaction.Work takeDirtiest(long nowMs) {
        lock.lock();
        try {
            Compaction.Work dirtiest = null;
            for (var log : logs) {
                var work = busy.contains(log) ? null : worthwhile(log, nowMs);
                if (work != null && (dirtiest == null || work.dirtyRatio() > dirtiest.dirtyRatio())) {
                    dirtiest = work;
                }
            }
            if (dirtiest != null) {
                busy.add(dirtiest.log());
            }
            return dirtiest;
        } finally {
            lock.unlock();
        }
    }

    /** What there is to compact in a log; null where that is too little, or nothing. */
    private Compaction.Work worthwhile(PartitionLog log, long nowMs) {
        var rules = log.config().compaction();
        if (rules == null || !log.compactable() || refused.contains(log)) {
            return null;
        }
        try {
            var work = Compaction.work(log, rules, nowMs);
            boolean possible = work.worthwhile(rules)
                    && log.home().space().spares(work.segments().getFirst().sizeBytes());
            return possible ? work : null;
        } catch (ClosedChannelException | NoSuchFileException gone) {
            return null;
        } catch (IOException failure) {
            refuse(log, failure);
            return null;
        }
    }

    /**
     * Waits until what was read and written before has taken the time that the throttle gives it. That is
     * about the disk, so it goes by the time that passes, not by the clock.
     */
    private boolean pace(int bytes) {
        double perSecond = settings.bytesPerSecond();
        if (closing || perSecond == Double.MAX_VALUE) {
            return !closing;
        }
        lock.lock();
        try {
            double seconds = bytes / Math.max(1, perSecond);
            paidNanos = Math.max(paidNanos, System.nanoTime()) + (long) (seconds * 1e9);
            long leftNanos = paidNanos - System.nanoTime();
            while (!closing && leftNanos > 0) {
                changed.awaitNanos(leftNanos);
                leftNanos = paidNanos - System.nanoTime();
            }
            return !closing;
        } catch (InterruptedException never) {
            throw new IllegalStateException(never);
        } finally {
            lock.unlock();
        }
    }

    /** Ends what is under way, and returns when it has ended. */
    @Override
    public void close() {
        lock.lock();
        try {
            closing = true;
            changed.signalAll();
            while (!threads.isEmpty()) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }
}
