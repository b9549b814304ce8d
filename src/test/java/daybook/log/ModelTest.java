package daybook.log;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;

/**
 * Some hundreds of points of the model: a start, a check of all that was acknowledged, work, and an end by a
 * stop, a kill or a power cut at any change of the disk. The points are the same each time, so that a
 * failure tells of the change that was made; {@code make torture} draws others, {@code -Ddaybook.seed=N} too.
 */
class ModelTest {
    private static final int POINTS = 600;
    private static final long SEED = 4711;
    private static final long MOST_NANOS = 15_000_000_000L;

    @Test
    void whatIsAcknowledgedIsKept() throws IOException {
        long seed = Long.getLong("daybook.seed", SEED);
        System.out.println("The model test begins with seed " + seed);
        assertTrue(ModelTorture.run(POINTS, seed, System.nanoTime() + MOST_NANOS) > 0);
    }
}
