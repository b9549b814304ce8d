package daybook.group;

import java.io.OutputStream;
import java.io.PrintStream;
import java.util.Random;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Runs of the simulation of groups, as many as asked: {@code SimulationTorture RUNS [SEED]}. */
public final class SimulationTorture {
    /** Kept, since the JDK holds loggers weakly. */
    private static final Logger QUIET = Logger.getLogger("daybook");
    private static final int ROUNDS_A_RUN = 3;

    private SimulationTorture() { }

    /** Fails with exit code 1 at the first run that is broken, and prints its seed and what happened last. */
    public static void main(String[] arguments) {
        int runs = Integer.parseInt(arguments[0]);
        long seed = arguments.length > 1 ? Long.parseLong(arguments[1]) : System.nanoTime();
        if (!Boolean.getBoolean("daybook.trace")) {
            System.setErr(new PrintStream(OutputStream.nullOutputStream()));
        }
        System.out.println("The simulation of groups, " + runs + " runs from seed " + seed);
        try {
            System.out.println(run(runs, seed, Long.MAX_VALUE) + " requests and mishaps");
        } catch (Throwable broken) {
            broken.printStackTrace(System.out);
            System.exit(1);
        }
    }

    /**
     * Runs so many, or until the time has come.
     *
     * @return how much happened
     */
    static long run(int runs, long seed, long untilNanos) {
        QUIET.setLevel(Level.OFF);
        var seeds = new Random(seed);
        long events = 0;
        long runSeed = seed;
        for (int i = 0; i < runs && System.nanoTime() < untilNanos; i++) {
            var simulation = new Simulation(runSeed);
            simulation.run(ROUNDS_A_RUN);
            events += simulation.events();
            runSeed = seeds.nextLong();
        }
        return events;
    }
}
