package daybook.log;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;

/**
 * Some hundreds of points of the model: a start, a check of all that was acknowledged, work, and an end by a
 * stop, a kill or a power cut at any change of the disk. {@code -Ddaybook.seed=N} repeats a run.
 */
class ModelTest {
    private static final int POINTS = 600;
    private static final long MOST_NANOS = 15_000_000_000L;

    @Test
    void whatIsAcknowledgedIsKept() throws IOException {
        long seed = Long.getLong("daybook.seed", System.nanoTime());
        System.out.println("The model test begins with seed " + seed);
        assertTrue(ModelTorture.run(POINTS, seed, System.nanoTime() + MOST_NANOS) > 0);
    }
}
