package daybook;

import org.junit.jupiter.api.Test;

import java.io.IOException;

/**
 * Some points of the model of the whole broker, the same each time; {@code make torture} draws others, and
 * {@code -Ddaybook.seed=N} too.
 */
class BrokerModelTest {
    private static final int POINTS = 150;
    private static final long SEED = 4711;
    private static final long MOST_NANOS = 8_000_000_000L;

    @Test
    void whatIsAnsweredIsKept() throws IOException {
        long seed = Long.getLong("daybook.seed", SEED);
        System.out.println("The model of the broker begins with seed " + seed);
        BrokerModelTorture.run(POINTS, seed, System.nanoTime() + MOST_NANOS);
    }
}
