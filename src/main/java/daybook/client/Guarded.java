package daybook.client;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** A lock, and what is done while it is held. */
final class Guarded {
    private final ReentrantLock lock = new ReentrantLock();

    Condition condition() {
        return lock.newCondition();
    }

    <T> T read(Supplier<T> value) {
        lock.lock();
        try {
            return value.get();
        } finally {
            lock.unlock();
        }
    }

    void change(Runnable change) {
        read(() -> {
            change.run();
            return null;
        });
    }

    /**
     * Waits, with the lock, until what the condition is about holds, or this time has come.
     *
     * @param deadlineNanos by {@link System#nanoTime}
     */
    static void await(Condition condition, long deadlineNanos, BooleanSupplier holds) {
        long leftNanos = deadlineNanos - System.nanoTime();
        while (!holds.getAsBoolean() && leftNanos > 0) {
            leftNanos = await(condition, leftNanos);
        }
    }

    /**
     * Waits, with the lock, for a signal, or for none; returns how long it is still to be waited.
     *
     * @throws ClientException if the thread is interrupted
     */
    static long await(Condition condition, long nanos) {
        try {
            return condition.awaitNanos(nanos);
        } catch (InterruptedException stop) {
            throw ClientException.interrupted(stop);
        }
    }

    /** When so many milliseconds have passed, by {@link System#nanoTime}. */
    static long nanosIn(long ms) {
        return System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ms);
    }
}
