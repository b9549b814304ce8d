package daybook.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.cli.Histogram.Percentile;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HistogramTest {
    private final Histogram histogram = new Histogram();

    @Test
    void nothingIsZero() {
        assertEquals(0, histogram.nanos(Percentile.P99));
        assertEquals(0, histogram.meanNanos());
        assertEquals("", histogram.drawn());
    }

    @Test
    void shortDurationsAreExact() {
        for (int nanos = 1; nanos <= 100; nanos++) {
            histogram.record(nanos);
        }
        assertEquals(50, histogram.nanos(Percentile.P50));
        assertEquals(90, histogram.nanos(Percentile.P90));
        assertEquals(100, histogram.nanos(Percentile.P99_9));
    }

    @Test
    void oneOfTenThousandIsBeyondTheLastPercentile() {
        for (int number = 0; number < 9_999; number++) {
            histogram.record(10);
        }
        histogram.record(1_000_000);
        assertEquals(10, histogram.nanos(Percentile.P99_99));
        assertEquals(1_000_000, histogram.maxNanos());
        histogram.record(1_000_000);
        assertEquals(1_000_000, histogram.nanos(Percentile.P99_99));
    }

    /** Beside a sorted list: never shorter, and never as much as 1 % longer. */
    @Test
    void isCloseToTheTruth() {
        long seed = System.nanoTime();
        var random = new Random(seed);
        var all = new long[50_000];
        for (int number = 0; number < all.length; number++) {
            all[number] = random.nextLong(1L << 1 + random.nextInt(62));
            histogram.record(all[number]);
        }
        Arrays.sort(all);
        for (var percentile : Percentile.values()) {
            double part = Double.parseDouble(percentile.text) / 100;
            long truth = all[(int) Math.ceil(all.length * part - 1e-6) - 1];
            long told = histogram.nanos(percentile);
            assertTrue(told >= truth && told - truth <= truth / 100,
                    percentile + " is " + truth + ", told as " + told + ", seed " + seed);
        }
        assertEquals(all[all.length - 1], histogram.maxNanos());
        assertEquals(all.length, histogram.bars().stream().mapToLong(Histogram.Bar::count).sum());
    }

    @Test
    void takesTheExtremes() {
        histogram.record(Long.MAX_VALUE);
        histogram.record(-5);
        assertEquals(Long.MAX_VALUE, histogram.nanos(Percentile.P99));
        assertEquals(0, histogram.nanos(Percentile.P50));
        assertEquals(2, histogram.bars().stream().mapToLong(Histogram.Bar::count).sum());
    }

    @Test
    void addsAndForgets() {
        var other = new Histogram();
        other.record(7_000_000);
        histogram.record(1_000_000);
        histogram.add(other);
        assertEquals(2, histogram.count());
        assertEquals(4_000_000, histogram.meanNanos());
        assertEquals(7_000_000, histogram.maxNanos());
        histogram.clear();
        assertEquals(0, histogram.count());
        assertEquals(0, histogram.nanos(Percentile.P50));
    }

    @Test
    void isDrawnFromTheShortestToTheLongest() {
        for (int number = 0; number < 900; number++) {
            histogram.record(1_500_000);
        }
        for (int number = 0; number < 99; number++) {
            histogram.record(3_000_000);
        }
        histogram.record(12_000_000);
        assertEquals("""
                  1.00 ms ..   2.00 ms  ########################################  90.0000 %
                  2.00 ms ..   5.00 ms  #####                                      9.9000 %
                  5.00 ms ..   10.0 ms                                             0.0000 %
                  10.0 ms ..   20.0 ms  #                                          0.1000 %
                """, histogram.drawn());
    }

    @Test
    void hasThreeDigitsThatCount() {
        assertEquals("0.0123 ms", Histogram.ms(12_345));
        assertEquals("0.123 ms", Histogram.ms(123_456));
        assertEquals("1.23 ms", Histogram.ms(1_234_567));
        assertEquals("12.3 ms", Histogram.ms(12_345_678));
        assertEquals("12,345 ms", Histogram.ms(12_345_400_000L));
        assertEquals("0 ms", Histogram.ms(0));
    }
}
