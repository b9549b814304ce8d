package daybook;

import daybook.log.ModelTorture;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Runs of the simulation of transactions: {@code TransactionSimulationTorture POINTS [SEED]}. */
public final class TransactionSimulationTorture {
    /** Kept, since the JDK holds loggers weakly. */
    private static final Logger QUIET = Logger.getLogger("daybook");
    private static final int LIVES_A_RUN = 6;
    /** Of the work that is cut off at each change of the disk. */
    private static final int STEPS = 60;

    private TransactionSimulationTorture() { }

    /**
     * As many random processes as asked, then one that dies at each change of its disk. Fails with exit code
     * 1 at the first run that is broken, and prints its seed and what was done.
     */
    public static void main(String[] arguments) throws IOException {
        int points = Integer.parseInt(arguments[0]);
        long seed = arguments.length > 1 ? Long.parseLong(arguments[1]) : System.nanoTime();
        var out = System.out;
        if (!Boolean.getBoolean("daybook.trace")) {
            System.setErr(new PrintStream(OutputStream.nullOutputStream()));
        }
        out.println("The simulation of transactions, " + points + " points from seed " + seed);
        try {
            out.println(run(points, seed, Long.MAX_VALUE));
            for (boolean cut : new boolean[] {true, false}) {
                out.println("The same work, " + (cut ? "with a power cut" : "killed") + " at each change of"
                        + " the disk");
                sweep(seed, 1, cut, Long.MAX_VALUE).forEach((change, times) ->
                        out.println("  died " + times + " times at: " + change));
            }
        } catch (Throwable broken) {
            out.println(broken.getMessage());
            broken.printStackTrace(out);
            System.exit(1);
        }
    }

    /** Runs until so many processes have lived, or the time has come; says how it was. */
    static String run(int points, long seed, long untilNanos) throws IOException {
        QUIET.setLevel(Level.OFF);
        var seeds = new Random(seed);
        int lived = 0;
        int committed = 0;
        for (long runSeed = seed; lived < points && System.nanoTime() < untilNanos;
                runSeed = seeds.nextLong()) {
            var directory = ModelTorture.directory();
            try {
                var simulation = new TransactionSimulation(directory, runSeed);
                simulation.run(LIVES_A_RUN);
                committed += simulation.committed();
            } finally {
                ModelTorture.delete(directory);
            }
            lived += LIVES_A_RUN;
        }
        return lived + " processes lived, " + committed + " transactions were committed";
    }

    /**
     * Does the same work again and again, and has the broker die at each change of its disk, or at each so
     * many of them; returns how often it died at what.
     *
     * @param cut whether by a power cut; else it is killed
     */
    static Map<String, Integer> sweep(long seed, int stride, boolean cut, long untilNanos)
            throws IOException {
        QUIET.setLevel(Level.OFF);
        var changes = new TreeMap<String, Integer>();
        String change = "";
        for (int nth = 1; change != null && System.nanoTime() < untilNanos; nth += stride) {
            var directory = ModelTorture.directory();
            try {
                change = new TransactionSimulation(directory, seed).dieAt(nth, STEPS, cut);
            } finally {
                ModelTorture.delete(directory);
            }
            if (change != null) {
                changes.merge(change, 1, Integer::sum);
            }
        }
        return changes;
    }
}
