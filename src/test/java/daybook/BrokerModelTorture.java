package daybook;

import daybook.log.ModelTorture;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.Random;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Runs of the model of the broker, as many points as asked: {@code BrokerModelTorture POINTS [SEED]}. */
public final class BrokerModelTorture {
    /** Kept, since the JDK holds loggers weakly. */
    private static final Logger QUIET = Logger.getLogger("daybook");
    private static final int POINTS_A_RUN = 10;

    private BrokerModelTorture() { }

    /** Fails with exit code 1 at the first run that is broken, and prints its seed and what was done. */
    public static void main(String[] arguments) throws IOException {
        int points = Integer.parseInt(arguments[0]);
        long seed = arguments.length > 1 ? Long.parseLong(arguments[1]) : System.nanoTime();
        var out = System.out;
        if (!Boolean.getBoolean("daybook.trace")) {
            System.setErr(new PrintStream(OutputStream.nullOutputStream()));
        }
        out.println("The model of the broker, " + points + " points from seed " + seed);
        try {
            int lived = run(points, seed, Long.MAX_VALUE);
            out.println(lived + " points, each with a start and a check of all that was answered");
        } catch (Throwable broken) {
            out.println(broken.getMessage());
            broken.printStackTrace(out);
            System.exit(1);
        }
    }

    static int run(int points, long seed, long untilNanos) throws IOException {
        QUIET.setLevel(Level.OFF);
        var seeds = new Random(seed);
        int lived = 0;
        for (long runSeed = seed; lived < points && System.nanoTime() < untilNanos;
                runSeed = seeds.nextLong()) {
            var directory = ModelTorture.directory();
            try {
                new BrokerModel(directory, runSeed).run(POINTS_A_RUN);
            } finally {
                ModelTorture.delete(directory);
            }
            lived += POINTS_A_RUN;
        }
        return lived;
    }
}
