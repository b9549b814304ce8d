package daybook.log;

import java.lang.System.Logger.Level;
import java.nio.channels.ClosedChannelException;
import java.nio.file.NoSuchFileException;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Has logs compacted in the background: each of its threads takes the log with the largest part of bytes that
 * was not compacted yet, and waits a while where no log has enough of them. A log whose compaction fails is
 * left alone from then on; the others go on. Any thread may call.
 */
final class Cleaner implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("daybook.log");

    /** Shorter waits than this would be longer than asked for. */
    private static final long SLACK_NANOS = 10_000_000;

    private final Collection<PartitionLog> logs;
    private final InstantSource clock;
    private final ExecutorService pool = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("daybook-cleaner-", 0).factory());
    /** The threads that work, by their numbers. */
    private final ConcurrentHashMap<Integer, Thread> threads = new ConcurrentHashMap<>();
    /** The logs whose compaction failed. */
    private final Set<PartitionLog> refused = ConcurrentHashMap.newKeySet();
    /** Held while a log is chosen. */
    private final ReentrantLock lock = new ReentrantLock();
    /** The logs that are being compacted. Guarded by {@link #lock}. */
    private final Set<PartitionLog> busy = new HashSet<>();
    /** Until then, by {@link System#nanoTime}, lasts what the throttle allows for all that was done yet. */
    private final AtomicLong paidNanos = new AtomicLong();
    private volatile CleanerSettings settings = new CleanerSettings(0, 0, 1, 0, Double.MAX_VALUE, 0);
    private volatile boolean closing;

    /** @param logs the logs of all partitions, now and later */
    Cleaner(Collection<PartitionLog> logs, InstantSource clock) {
        this.logs = logs;
        this.clock = clock;
    }

    /** Goes on by these settings, with as many threads as they say once the surplus ones are at an end. */
    void configure(CleanerSettings wanted) {
        settings = wanted;
        paidNanos.set(System.nanoTime());
        threads.values().forEach(LockSupport::unpark);
        startThreads();
    }

    private void startThreads() {
        for (int i = 0; i < settings.threads() && !closing; i++) {
            int number = i;
            pool.execute(() -> work(number));
        }
    }

    /** Works as the thread of this number, unless there is one. */
    private void work(int number) {
        if (threads.putIfAbsent(number, Thread.currentThread()) != null) {
            return;
        }
        while (!closing && number < settings.threads()) {
            if (!compactDirtiest()) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(Math.max(1, settings.idleMs())));
            }
        }
        threads.remove(number);
        if (!closing && number < settings.threads()) {
            work(number);
        }
    }

    /** Compacts the log that needs it most; false where none does, or it could not be. */
    boolean compactDirtiest() {
        long nowMs = clock.millis();
        var work = takeDirtiest(nowMs);
        if (work == null) {
            return false;
        }
        var log = work.log();
        try {
            new Compaction(work, settings, this::pace, nowMs).run();
            LOG.log(Level.DEBUG, "Compacted {0}: {1} bytes are {2} now", log.partition(),
                    Long.toString(work.cleanBytes() + work.dirtyBytes()), Long.toString(log.sizeBytes()));
            return true;
        } catch (CancellationException ended) {
            LOG.log(Level.DEBUG, "The compaction of {0} ended early: {1}", log.partition(), ended);
            return false;
        } catch (Throwable failure) {
            refuse(log, failure);
            return true;
        } finally {
            lock.lock();
            busy.remove(log);
            lock.unlock();
        }
    }

    /** Has a log be left alone until the broker is started again. */
    private void refuse(PartitionLog log, Throwable why) {
        refused.removeIf(other -> !other.compactable());
        refused.add(log);
        LOG.log(Level.ERROR, "Compacting " + log.partition() + " in " + log.directory() + " failed: it is not"
                + " compacted any more until the broker is started again", why);
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

    /** What there is to compact in a log; null where that is too little, nothing, or not possible. */
    private Compaction.Work worthwhile(PartitionLog log, long nowMs) {
        var config = log.config();
        if (config.compaction() == null || !log.compactable() || refused.contains(log)) {
            return null;
        }
        try {
            var work = Compaction.work(log, config, nowMs);
            boolean possible = work.worthwhile()
                    && log.home().space().spares(work.segments().getFirst().sizeBytes());
            return possible ? work : null;
        } catch (ClosedChannelException | NoSuchFileException gone) {
            return null;
        } catch (Throwable failure) {
            refuse(log, failure);
            return null;
        }
    }

    /**
     * Waits as long as the throttle asks after what was read and written before. That is about the disk, so
     * it goes by the time that passes, not by the clock.
     */
    private boolean pace(int bytes) {
        double perSecond = settings.bytesPerSecond();
        if (perSecond != Double.MAX_VALUE) {
            long nanos = (long) (bytes / Math.max(1, perSecond) * 1e9);
            paidNanos.accumulateAndGet(nanos, (paid, more) -> Math.max(paid, System.nanoTime()) + more);
            long aheadNanos = paidNanos.get() - System.nanoTime();
            while (!closing && aheadNanos > SLACK_NANOS) {
                LockSupport.parkNanos(aheadNanos);
                aheadNanos = paidNanos.get() - System.nanoTime();
            }
        }
        return !closing;
    }

    /** Ends what is under way, and returns when it has ended. */
    @Override
    public void close() {
        closing = true;
        threads.values().forEach(LockSupport::unpark);
        pool.close();
    }
}
