package daybook.wire;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.function.Executable;

/** The time of the processor that this process takes: for limits that no busy or halted machine must break. */
public final class ProcessorTime {
    private ProcessorTime() {}

    /** Fails where the task takes more; threads of others count too, so the limit must be generous. */
    public static void assertWithin(Duration limit, Executable task) throws Throwable {
        var before = taken();
        task.execute();
        var took = taken().minus(before);
        assertTrue(took.compareTo(limit) < 0, "it took " + took + " of the processor, where " + limit + " are enough");
    }

    private static Duration taken() {
        return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
    }
}
