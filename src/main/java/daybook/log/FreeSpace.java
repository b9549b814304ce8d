package daybook.log;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Whether clients may add to one log directory: not while its disk has fewer than the reserved bytes free,
 * for then the broker needs them to keep offsets, delete topics and write checkpoints. The disk is not asked
 * for each batch: what was free is counted down, and asked for again when that is used up, and once a second,
 * since others write there too. Any thread may call.
 */
final class FreeSpace {
    /**
     * So much is kept free whatever the configuration says; so much more must be free before a full disk has
     * room again; and where less is free beside what a failed write wanted, the disk was full.
     */
    private static final int RESERVE_LEAST_BYTES = 1 << 20;
    private static final long UNKNOWN = Long.MAX_VALUE;
    /** In the words of the systems that the JDK passes on (ENOSPC). */
    private static final String SYSTEM_SAYS = "No space left on device";
    private static final System.Logger LOG = System.getLogger("daybook.log");

    private final Disk disk;
    private final Path directory;
    private final long reserveBytes;
    /** What may still be written before the disk is asked again. */
    private final AtomicLong budgetBytes = new AtomicLong();
    /** Whether nothing is taken, however much is free. */
    private volatile boolean held;
    /** Whether the last answer was no; that it changes is told. */
    private volatile boolean full;

    FreeSpace(Disk disk, Path directory, long reserveBytes) {
        this.disk = disk;
        this.directory = directory;
        this.reserveBytes = Math.max(reserveBytes, RESERVE_LEAST_BYTES);
    }

    /** Takes so many bytes for a client's batch; false where there is no room for it. */
    boolean take(int bytes) {
        return !held && (budgetBytes.addAndGet(-bytes) >= 0 || measure(bytes));
    }

    /** Takes nothing until it is told otherwise. */
    void hold(boolean hold) {
        held = hold;
    }

    /**
     * Asks the disk what is free, less these bytes that are to be written; whether that leaves the reserve.
     */
    boolean measure(int bytes) {
        long free = usableBytes();
        if (free == UNKNOWN) {
            return true;
        }
        // More is to be free for a change to room than for one to none: else the two would take turns.
        long marginBytes = full ? RESERVE_LEAST_BYTES : 0;
        long budget = free - reserveBytes - marginBytes - bytes;
        budgetBytes.set(budget);
        if (full == (budget < 0)) {
            return !full;
        }
        full = budget < 0;
        if (full) {
            LOG.log(Level.ERROR, "The disk of {0} has less than {1} bytes (daybook.disk.reserve.bytes) free:"
                    + " no batches are taken until there is more", directory,
                    Long.toString(reserveBytes));
        } else {
            LOG.log(Level.INFO, "The disk of {0} has room again", directory);
        }
        return !full;
    }

    /** Whether so many bytes are free beside the reserve: for what can wait. */
    boolean spares(long bytes) {
        return usableBytes() - reserveBytes >= bytes;
    }

    /**
     * Whether a write of so many bytes failed for want of room: where the system says so, or there is none
     * now. What is free now may be what somebody freed a moment ago.
     */
    boolean lacked(IOException failure, int bytes) {
        var message = failure.getMessage();
        return message != null && message.contains(SYSTEM_SAYS) || lacks(bytes);
    }

    /** Whether so many bytes have no room, beside what failed writes leave free. */
    boolean lacks(int bytes) {
        return usableBytes() < (long) bytes + RESERVE_LEAST_BYTES;
    }

    /** More than anyone asks for where the disk does not answer: writing will tell what is wrong. */
    private long usableBytes() {
        try {
            return disk.usableBytes(directory);
        } catch (IOException failure) {
            return UNKNOWN;
        }
    }
}
