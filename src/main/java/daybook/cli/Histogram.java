package daybook.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * How often durations of each length occurred, from nanoseconds to centuries in memory that does not grow.
 * Each power of two is cut in 128 buckets, so what is told is less than 1 % too long. Belongs to one thread.
 *
 * <pre>
 *   nanoseconds     0 .. 255     256 .. 511     512 .. 1,023     1,024 .. 2,047
 *   bucket width       1              2               4                8           ...
 *   bucket          0 .. 255     256 .. 383     384 ..   511       512 ..   639
 * </pre>
 */
final class Histogram {
    /** Some duration of which that many of 10,000 are at most as long. */
    enum Percentile {
        P50("50", 5_000), P90("90", 9_000), P99("99", 9_900), P99_9("99.9", 9_990), P99_99("99.99", 9_999);

        final String text;
        private final int ofTenThousand;

        Percentile(String text, int ofTenThousand) {
            this.text = text;
            this.ofTenThousand = ofTenThousand;
        }
    }

    /**
     * A run of durations: those longer than the one and at most as long as the other, and how many they are.
     */
    record Bar(long fromNanos, long toNanos, long count) { }

    private static final int CUTS = 128;
    private static final int CUTS_BITS = 7;
    private static final int BUCKETS = (Long.SIZE - 1 - CUTS_BITS) * CUTS + CUTS;
    private static final double NANOS_A_MS = 1e6;
    private static final int BAR_COLUMNS = 40;

    private final long[] counts = new long[BUCKETS];
    private long count;
    private long maxNanos;
    /** As a floating point number, for the sum of many long ones has more than 63 bits. */
    private double sumNanos;

    /** Counts one; a clock that went backwards makes it 0. */
    void record(long nanos) {
        long length = Math.max(nanos, 0);
        counts[bucket(length)]++;
        count++;
        sumNanos += length;
        maxNanos = Math.max(maxNanos, length);
    }

    /** Counts all that the other has counted. */
    void add(Histogram other) {
        Arrays.setAll(counts, bucket -> counts[bucket] + other.counts[bucket]);
        count += other.count;
        sumNanos += other.sumNanos;
        maxNanos = Math.max(maxNanos, other.maxNanos);
    }

    void clear() {
        Arrays.fill(counts, 0);
        count = 0;
        sumNanos = 0;
        maxNanos = 0;
    }

    long count() {
        return count;
    }

    /** 0 where there is none. */
    long maxNanos() {
        return maxNanos;
    }

    /** 0 where there is none. */
    long meanNanos() {
        return count == 0 ? 0 : (long) (sumNanos / count);
    }

    /**
     * The end of the bucket which that one falls in, but never more than the longest; 0 where there is none.
     */
    long nanos(Percentile percentile) {
        long left = Math.ceilDiv(count * percentile.ofTenThousand, 10_000L);
        int bucket = 0;
        for (; left > counts[bucket]; bucket++) {
            left -= counts[bucket];
        }
        return Math.min(end(bucket), maxNanos);
    }

    /** From the shortest to the longest, cut at 1, 2 and 5 of each power of ten. */
    List<Bar> bars() {
        var bars = new ArrayList<Bar>();
        long from = 0;
        int bucket = 0;
        for (int step = 0; from < maxNanos || bars.isEmpty() && count > 0; step++) {
            long to = cut(step);
            long inside = 0;
            for (; bucket < BUCKETS && end(bucket) <= to; bucket++) {
                inside += counts[bucket];
            }
            if (inside > 0 || !bars.isEmpty()) {
                bars.add(new Bar(from, to, inside));
            }
            from = to;
        }
        return bars;
    }

    /** 1, 2, 5, 10, 20, 50 and so on; the greatest number is the last. */
    private static long cut(int step) {
        double cut = new int[]{1, 2, 5}[step % 3] * Math.pow(10, step / 3);
        return (long) cut;
    }

    /** A line for each bar, as long as there are many; what there is at all has a mark. */
    String drawn() {
        var bars = bars();
        long most = bars.stream().mapToLong(Bar::count).max().orElse(1);
        var text = new StringBuilder();
        for (var bar : bars) {
            int columns = (int) Math.ceilDiv(bar.count * BAR_COLUMNS, most);
            text.append(String.format(Locale.ROOT, "%9s .. %9s  %-" + BAR_COLUMNS + "s %8.4f %%%n",
                    ms(bar.fromNanos), ms(bar.toNanos), "#".repeat(columns), 100.0 * bar.count / count));
        }
        return text.toString();
    }

    /** Milliseconds with three digits that count, or all before the point. */
    static String ms(long nanos) {
        double ms = nanos / NANOS_A_MS;
        int digits = ms >= 100 || nanos == 0 ? 0 : ms >= 10 ? 1 : ms >= 1 ? 2 : ms >= 0.1 ? 3 : 4;
        return String.format(Locale.ROOT, "%,." + digits + "f ms", ms);
    }

    private static int bucket(long nanos) {
        int shift = Math.max(0, Long.SIZE - 1 - CUTS_BITS - Long.numberOfLeadingZeros(nanos));
        return shift * CUTS + (int) (nanos >>> shift);
    }

    /** The longest that falls in it. */
    private static long end(int bucket) {
        int shift = Math.max(0, bucket / CUTS - 1);
        long mantissa = bucket - (long) shift * CUTS;
        return (mantissa + 1 << shift) - 1;
    }
}
