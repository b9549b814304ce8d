package daybook.compat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/** Runs checks, prints a line for each, and counts them. Used by one thread. */
final class Report {
    private static final long CHECK_LIMIT_SECONDS = 240;
    /** What is printed of each broker's log where a check failed. */
    private static final int LINES = 5;

    private final Pattern wanted;
    /** Somewhere below it brokers write what they log. */
    private final Path directory;
    private int passed;
    private int failed;

    /** Runs only the checks whose names contain a match of {@code wanted}; brokers log below the directory. */
    Report(Pattern wanted, Path directory) {
        this.wanted = wanted;
        this.directory = directory;
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
        long startMs = System.currentTimeMillis();
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
        long ms = (System.nanoTime() - start) / 1_000_000;
        if (failure == null) {
            passed++;
            System.out.println("ok " + name + " (" + ms + " ms)");
        } else {
            failed++;
            System.out.println("FAILED " + name + " (" + ms + " ms): " + why(failure));
            printLogs(startMs);
        }
        return failure == null;
    }

    /** The last lines of the logs that were written to from then on. */
    private void printLogs(long fromMs) {
        try (var files = Files.find(directory, 2, (file, attributes) -> file.toString().endsWith(".log")
                && attributes.isRegularFile() && attributes.lastModifiedTime().toMillis() >= fromMs)) {
            for (var file : files.sorted().toList()) {
                var lines = Files.readAllLines(file, StandardCharsets.ISO_8859_1);
                lines.subList(Math.max(0, lines.size() - LINES), lines.size()).forEach(line ->
                        System.out.println("  " + directory.relativize(file) + ": " + line));
            }
        } catch (IOException gone) {
            System.out.println("  no logs: " + gone);
        }
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
