package daybook.log;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Runs of the model, as many points as asked: {@code ModelTorture POINTS [SEED]}. */
public final class ModelTorture {
    /** Kept, since the JDK holds loggers weakly. */
    private static final Logger QUIET = Logger.getLogger("daybook");
    private static final int POINTS_A_RUN = 12;

    private ModelTorture() { }

    /** Fails with exit code 1 at the first run that is broken, and prints its seed and what was done. */
    public static void main(String[] arguments) throws IOException {
        int points = Integer.parseInt(arguments[0]);
        long seed = arguments.length > 1 ? Long.parseLong(arguments[1]) : System.nanoTime();
        var out = System.out;
        if (!Boolean.getBoolean("daybook.trace")) {
            System.setErr(new PrintStream(OutputStream.nullOutputStream()));
        }
        out.println("The model test, " + points + " points from seed " + seed);
        try {
            int lived = run(points, seed, Long.MAX_VALUE);
            out.println(lived + " points, each with a start and a check of all that was acknowledged");
        } catch (Throwable broken) {
            out.println(broken.getMessage());
            (broken.getCause() == null ? broken : broken.getCause()).printStackTrace(out);
            System.exit(1);
        }
    }

    /**
     * Runs until so many points were lived through, or the time has come.
     *
     * @return how many it were
     */
    static int run(int points, long seed, long untilNanos) throws IOException {
        if (!Boolean.getBoolean("daybook.loud")) { QUIET.setLevel(Level.OFF); }
        var seeds = new Random(seed);
        int lived = 0;
        for (long runSeed = seed; lived < points && System.nanoTime() < untilNanos;
                runSeed = seeds.nextLong()) {
            var directory = directory();
            try {
                new Model(directory, runSeed).run(POINTS_A_RUN);
            } finally {
                delete(directory);
            }
            lived += POINTS_A_RUN;
        }
        return lived;
    }

    /** A new directory, in memory where the system has such: nothing here is forced for real anyway. */
    public static Path directory() throws IOException {
        var memory = Path.of("/dev/shm");
        var place = Files.isWritable(memory) ? memory : Path.of(System.getProperty("java.io.tmpdir"));
        return Files.createTempDirectory(place, "daybook-model");
    }

    public static void delete(Path directory) throws IOException {
        try (var files = Files.walk(directory)) {
            for (var file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
