package daybook;

import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;

import java.io.IOException;

/**
 * Some processes of the simulation of transactions, asked for the same each time, and some deaths of one at
 * changes of its disk; {@code make torture} draws others, and dies at each change. {@code -Ddaybook.seed=N}
 * too draws others.
 */
class TransactionSimulationTest {
    private static final int POINTS = 40;
    private static final int STRIDE = 29;
    private static final long SEED = 4711;
    private static final long MOST_NANOS = 5_000_000_000L;

    private final long seed = Long.getLong("daybook.seed", SEED);

    @Test
    void transactionsAreWholeOrNotAtAll() throws IOException {
        System.out.println("The simulation of transactions begins with seed " + seed);
        TransactionSimulationTorture.run(POINTS, seed, System.nanoTime() + MOST_NANOS);
    }

    @Test
    void transactionsAreWholeWhereverTheBrokerDies() throws IOException {
        for (boolean cut : new boolean[] {true, false}) {
            long untilNanos = System.nanoTime() + MOST_NANOS / 2;
            assertFalse(TransactionSimulationTorture.sweep(seed, STRIDE, cut, untilNanos).isEmpty());
        }
    }
}
