package daybook.log;

/**
 * How the broker compacts logs: Kafka's {@code log.cleaner} keys that hold for all of them.
 *
 * @param threads that compact, each one log at a time; none where nothing is to be compacted
 * @param keyMapBytes memory for the maps of keys, of all threads together
 * @param keyMapLoad how full a map may be
 * @param bufferBytes memory to read through, of all threads together
 * @param bytesPerSecond at most so much is read and written, by all threads together
 * @param idleMs how long a thread waits when there is nothing to compact
 */
public record CleanerSettings(int threads, long keyMapBytes, double keyMapLoad, int bufferBytes,
        double bytesPerSecond, long idleMs) {

    /**
     * The most memory for one map, in bytes. All of them together leave three quarters of the heap to the
     * rest of the broker: where keys do not fit, the log is compacted in more rounds.
     */
    long oneKeyMapBytes() {
        return Math.min(keyMapBytes, Runtime.getRuntime().maxMemory() / 4) / Math.max(1, threads);
    }

    /** The size of one thread's window over a segment. Kafka has another as large to write from. */
    int windowBytes() {
        return Math.max(BatchCursor.SMALL_WINDOW_BYTES, bufferBytes / Math.max(1, threads) / 2);
    }
}
