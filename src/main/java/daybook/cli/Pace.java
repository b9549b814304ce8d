package daybook.cli;

import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * When each of many equal things is due, so many a second. Each has its time from the beginning on, however
 * late those before it were: one that was held up does not postpone the others, and who measures from the
 * time that a thing was due at sees what waiting for it would have cost (which is often left out, and is
 * known as coordinated omission).
 */
final class Pace {
    private static final double NANOS_A_SECOND = 1e9;

    private final double perSecond;
    private final LongSupplier nanoTime;
    private final LongConsumer parkNanos;
    private final long beganNanos;

    private Pace(double perSecond, LongSupplier nanoTime, LongConsumer parkNanos) {
        this.perSecond = perSecond;
        this.nanoTime = nanoTime;
        this.parkNanos = parkNanos;
        this.beganNanos = nanoTime.getAsLong();
    }

    /**
     * Begins now.
     *
     * @param perSecond infinite where nothing waits
     */
    static Pace begin(double perSecond) {
        return begin(perSecond, System::nanoTime, LockSupport::parkNanos);
    }

    /** As {@link #begin(double)}, by this clock and this way to let it go on, which may return early. */
    static Pace begin(double perSecond, LongSupplier nanoTime, LongConsumer parkNanos) {
        return new Pace(perSecond, nanoTime, parkNanos);
    }

    /** When the one of this number is due, by the clock, the first being 0; for any thread. */
    long dueNanos(long number) {
        return beganNanos + (long) (number / perSecond * NANOS_A_SECOND);
    }

    /**
     * Waits until the one of this number is due, and returns at once where it is late.
     *
     * @return when it was due; without a pace, now
     */
    long await(long number) {
        if (Double.isInfinite(perSecond)) {
            return nanoTime.getAsLong();
        }
        long dueNanos = dueNanos(number);
        for (long left = dueNanos - nanoTime.getAsLong(); left > 0; left = dueNanos - nanoTime.getAsLong()) {
            parkNanos.accept(left);
        }
        return dueNanos;
    }
}
