package daybook.net;

import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Warnings about clients, of which a bad one could cause thousands: one line a kind in ten seconds, and with
 * the next line the number that was left out.
 */
public final class RateLimitedLog {
    private static final long QUIET_MS = 10_000;

    private static final class Kind {
        long loggedMs;
        int suppressed;
    }

    private final System.Logger log;
    private final InstantSource clock;
    private final ReentrantLock lock = new ReentrantLock();
    /** Guarded by the lock. */
    private final Map<String, Kind> kinds = new HashMap<>();

    public RateLimitedLog(System.Logger log, InstantSource clock) {
        this.log = log;
        this.clock = clock;
    }

    /**
     * Logs a warning, or counts it.
     *
     * @param kind what is limited together: a constant, never anything that a client chose
     * @param line the sentence to log
     */
    public void warn(String kind, String line) {
        int suppressed = admit(kind);
        if (suppressed == 0) {
            log.log(System.Logger.Level.WARNING, line);
        } else if (suppressed > 0) {
            log.log(System.Logger.Level.WARNING, line + " (" + suppressed + " more of this kind before)");
        }
    }

    /** How many lines were left out before this one, or -1 to leave this one out too. */
    private int admit(String kind) {
        long nowMs = clock.millis();
        lock.lock();
        try {
            var known = kinds.get(kind);
            if (known == null) {
                known = new Kind();
                kinds.put(kind, known);
            } else if (Math.abs(nowMs - known.loggedMs) < QUIET_MS) {
                known.suppressed++;
                return -1;
            }
            int suppressed = known.suppressed;
            known.suppressed = 0;
            known.loggedMs = nowMs;
            return suppressed;
        } finally {
            lock.unlock();
        }
    }
}
