package daybook.group;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/**
 * A few runs of the simulation, the same each time, so that a failure tells of the change that was made;
 * {@code make torture} draws others, {@code -Ddaybook.seed=N} too.
 */
class SimulationTest {
    private static final int RUNS = 6;
    private static final long SEED = 4711;
    private static final long MOST_NANOS = 15_000_000_000L;

    @Test
    void groupsSettleAndNoPartitionHasTwoOwners() {
        long seed = Long.getLong("daybook.seed", SEED);
        System.out.println("The simulation of groups begins with seed " + seed);
        assertTrue(SimulationTorture.run(RUNS, seed, System.nanoTime() + MOST_NANOS) > 1_000);
    }
}
