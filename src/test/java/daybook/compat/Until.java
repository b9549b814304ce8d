package daybook.compat;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Waits for what other threads and processes bring about. */
final class Until {
    private static final long LIMIT_SECONDS = 90;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private Until() {}

    /** What is waited for; a failure to look is a failure of the check. */
    interface Condition {
        boolean holds() throws Exception;
    }

    /** Returns when the condition holds; fails with {@code what} and the state then when it does not. */
    static void holds(String what, Supplier<String> state, Condition condition) throws Exception {
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (!condition.holds()) {
            if (System.nanoTime() - limit > 0) {
                throw new CheckFailed("not so after " + LIMIT_SECONDS + " s: " + what + "; " + state.get());
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }
}
