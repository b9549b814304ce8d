package daybook.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PaceTest {
    private static final long BEGAN_NANOS = Long.MAX_VALUE - 1_000;
    /** Turns only where somebody waits, or a test says so. It overflows, as the JDK's may. */
    private long nowNanos = BEGAN_NANOS;
    private int waits;

    private Pace pace(double perSecond) {
        return Pace.begin(perSecond, () -> nowNanos, nanos -> {
            waits++;
            // It may be woken too soon.
            nowNanos += Math.max(1, nanos / 2);
        });
    }

    @Test
    void eachHasItsTimeFromTheBeginning() {
        var pace = pace(1_000);
        assertEquals(BEGAN_NANOS, pace.await(0));
        for (int number = 1; number < 10; number++) {
            assertEquals(BEGAN_NANOS + number * 1_000_000L, pace.await(number));
            assertEquals(BEGAN_NANOS + number * 1_000_000L, nowNanos);
        }
    }

    @Test
    void whoWasHeldUpIsLateAndTheOthersAreNotPostponed() {
        var pace = pace(1_000);
        pace.await(1);
        nowNanos += 5_500_000;
        waits = 0;
        for (int number = 2; number <= 6; number++) {
            assertEquals(BEGAN_NANOS + number * 1_000_000L, pace.await(number));
        }
        assertEquals(0, waits);
        assertEquals(BEGAN_NANOS + 7_000_000, pace.await(7));
        assertTrue(waits > 0);
        assertEquals(BEGAN_NANOS + 7_000_000, nowNanos);
    }

    @Test
    void withoutLimitItIsNow() {
        var pace = pace(Double.POSITIVE_INFINITY);
        nowNanos += 12_345;
        assertEquals(nowNanos, pace.await(1_000_000));
        assertEquals(0, waits);
    }
}
