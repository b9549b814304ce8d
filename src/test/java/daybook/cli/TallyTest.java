package daybook.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class TallyTest {
    private static final int MIB = 1 << 20;
    private long nowNanos = TimeUnit.HOURS.toNanos(-1);
    private final List<String> lines = new ArrayList<>();
    private final Tally tally = new Tally(() -> nowNanos, lines::add);

    @Test
    void aLineTellsOfItsSecondAlone() {
        tally.count(2_000, 3 * MIB);
        tally.took(4_000_000);
        pass(999);
        tally.tellIfDue();
        assertEquals(List.of(), lines);
        assertEquals(1_000_000, tally.untilLineNanos());
        pass(1);
        tally.tellIfDue();
        pass(1_000);
        tally.tellIfDue();
        tally.count(100, MIB);
        tally.took(1_000_000);
        tally.took(2_000_000);
        pass(2_000);
        tally.tellIfDue();
        assertEquals(List.of(
                "    1 s  2,000 records/s  3.00 MiB/s  50% 4.00 ms  99% 4.00 ms  max 4.00 ms",
                "    2 s  0 records/s  0.00 MiB/s",
                "    4 s  50 records/s  0.50 MiB/s  50% 1.00 ms  99% 2.00 ms  max 2.00 ms"), lines);
    }

    @Test
    void theEndTellsOfAll() {
        tally.count(1_000, MIB);
        tally.took(1_000_000);
        pass(1_000);
        tally.tellIfDue();
        tally.took(3_000_000);
        pass(1_000);
        tally.end();
        pass(5_000);
        assertEquals(List.of(
                "1,000 records, 1.00 MiB in 2.00 s: 500 records/s  0.50 MiB/s",
                "mean 2.00 ms  50% 1.00 ms  90% 3.00 ms  99% 3.00 ms  99.9% 3.00 ms  99.99% 3.00 ms  max 3.00 ms",
                "  1.00 ms ..   2.00 ms  ########################################  50.0000 %",
                "  2.00 ms ..   5.00 ms  ########################################  50.0000 %"),
                tally.text().lines().toList());
    }

    @Test
    void withoutLatenciesItIsOneLine() {
        tally.count(10, MIB);
        pass(500);
        tally.end();
        assertEquals("10 records, 1.00 MiB in 0.50 s: 20 records/s  2.00 MiB/s\n", tally.text());
    }

    private void pass(long ms) {
        nowNanos += TimeUnit.MILLISECONDS.toNanos(ms);
    }
}
