package daybook.compat;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/** Runs checks, prints a line for each, and counts them. Used by one thread. */
final class Report {
    private static final long CHECK_LIMIT_SECONDS = 120;

    private final Pattern wanted;
    private int passed;
    private int failed;

    /** Runs only the checks whose names contain a match of {@code wanted}. */
    Report(Pattern wanted) {
        this.wanted = wanted;
    }

    /** What one check does; it fails by throwing. */
    interface Check {
        void run() throws Exception;
    }

    /** Runs a check if it is wanted. */
    void check(String name, Check check) {
        if (wanted.matcher(name).find()) {
            must(name, check);
        }
    }

    /**
     * Runs a check on a thread of its own, so that one that hangs fails and the next one starts.
     *
     * @return whether it passed
     */
    boolean must(String name, Check check) {
        long start = System.nanoTime();
        var task = new FutureTask<>(body(check));
        Thread.ofPlatform().daemon().name(name).start(task);
        Throwable failure = null;
        try {
            task.get(CHECK_LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException thrown) {
            failure = thrown.getCause();
        } catch (TimeoutException late) {
            failure = new CheckFailed("not done after " + CHECK_LIMIT_SECONDS + " s");
        } catch (InterruptedException stopped) {
            throw new IllegalStateException("nobody interrupts the checks", stopped);
        }
        if (failure == null) {
            passed++;
            System.out.println("ok " + name + " (" + (System.nanoTime() - start) / 1_000_000 + " ms)");
        } else {
            failed++;
            System.out.println("FAILED " + name + ": " + why(failure));
        }
        return failure == null;
    }

    private static Callable<Void> body(Check check) {
        return () -> {
            check.run();
            return null;
        };
    }

    private static String why(Throwable failure) {
        var text = failure instanceof CheckFailed ? failure.getMessage() : failure.toString();
        for (var cause = failure.getCause(); cause != null; cause = cause.getCause()) {
            text += ", because of " + cause;
        }
        return text;
    }

    /** Prints the last line; true when nothing failed. */
    boolean close() {
        System.out.println("compat: " + passed + " passed, " + failed + " failed");
        return failed == 0;
    }
}
