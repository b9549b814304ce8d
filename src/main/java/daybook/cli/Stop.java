package daybook.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The user's wish that a command ends: Ctrl-C (exit code 130) or SIGTERM (143). While this is open, the JVM
 * waits with its end until it is closed. To be opened before what must be closed in order:
 *
 * <pre>{@code
 *   try (var stop = new Stop(() -> { }); var consumer = ...) {
 *       while (!stop.wanted()) { ... consumer.poll(Duration.ofMillis(100)) ... }
 *       streams.err().println(summary);
 *   }
 * }</pre>
 */
final class Stop implements AutoCloseable {
    /** How long the JVM waits, at the most: for a broker that does not answer when its group is left. */
    private static final long GRACE_MS = 5_000;
    /** How long the command has to say what became of it, behind all that. */
    private static final long LAST_WORDS_MS = 1_000;

    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread hook;
    /** Written by the hook, read by whoever asks. */
    private volatile boolean wanted;

    /**
     * Opened.
     *
     * @param late as below, where the JVM waits for seconds before
     */
    Stop(Runnable late) {
        this(GRACE_MS, late);
    }

    /**
     * Opened.
     *
     * @param graceMs how long the JVM waits
     * @param late what it does then, on a thread of its own, before it ends though this is not closed
     */
    Stop(long graceMs, Runnable late) {
        this.hook = new Thread(() -> stop(graceMs, late), "daybook-stop");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    private void stop(long graceMs, Runnable late) {
        wanted = true;
        try {
            if (!closed.await(graceMs, TimeUnit.MILLISECONDS)) {
                late.run();
                closed.await(LAST_WORDS_MS, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException never) {
            throw new IllegalStateException(never);
        }
    }

    boolean wanted() {
        return wanted;
    }

    @Override
    public void close() {
        closed.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException stopping) {
            // The hook runs and ends by itself.
        }
    }
}
