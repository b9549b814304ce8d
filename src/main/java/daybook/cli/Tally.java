package daybook.cli;

import daybook.cli.Histogram.Percentile;

import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Counts records, their bytes and how long each took, and tells in a line a second what that second was like,
 * so that a pause shows. Belongs to one thread, which has to come by once a second.
 */
final class Tally {
    private static final long LINE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final double NANOS_A_SECOND = 1e9;
    private static final double NANOS_A_MS = 1e6;
    private static final double BYTES_A_MIB = 1 << 20;

    private final LongSupplier nanoTime;
    private final Consumer<String> line;
    private final long beganNanos;
    /** All but those since the last line, until the end. */
    private final Histogram latencies = new Histogram();
    private final Histogram latest = new Histogram();
    private long records;
    private long bytes;
    private long toldRecords;
    private long toldBytes;
    private long toldNanos;
    private double seconds;

    /** Begins now. */
    Tally(LongSupplier nanoTime, Consumer<String> line) {
        this.nanoTime = nanoTime;
        this.line = line;
        this.beganNanos = nanoTime.getAsLong();
        this.toldNanos = beganNanos;
    }

    /** These many records, of so many bytes together. */
    void count(long moreRecords, long moreBytes) {
        records += moreRecords;
        bytes += moreBytes;
    }

    /** How long one of them took. */
    void took(long nanos) {
        latest.record(nanos);
    }

    /** How long it is to the next line, not more than 0 where it is due. */
    long untilLineNanos() {
        return toldNanos + LINE_NANOS - nanoTime.getAsLong();
    }

    /**
     * Tells the line where it is due. Of a caller who was held up for long it tells one, of all that time.
     */
    void tellIfDue() {
        long nowNanos = nanoTime.getAsLong();
        if (nowNanos - toldNanos < LINE_NANOS) {
            return;
        }
        line.accept(String.format(Locale.ROOT, "%,5.0f s  %s%s", (nowNanos - beganNanos) / NANOS_A_SECOND,
                rate(records - toldRecords, bytes - toldBytes, (nowNanos - toldNanos) / NANOS_A_SECOND),
                latest.count() == 0 ? "" : "  " + brief(latest)));
        toldNanos = nowNanos;
        toldRecords = records;
        toldBytes = bytes;
        latencies.add(latest);
        latest.clear();
    }

    /** Ends the time, and the counting. */
    void end() {
        seconds = (nanoTime.getAsLong() - beganNanos) / NANOS_A_SECOND;
        latencies.add(latest);
        latest.clear();
    }

    long records() {
        return records;
    }

    /** What it was in all, in lines. */
    String text() {
        var text = String.format(Locale.ROOT, "%,d records, %,.2f MiB in %,.2f s: %s%n", records,
                bytes / BYTES_A_MIB, seconds, rate(records, bytes, seconds));
        if (latencies.count() == 0) {
            return text;
        }
        var latency = new StringBuilder("mean " + Histogram.ms(latencies.meanNanos()));
        for (var percentile : Percentile.values()) {
            latency.append("  ").append(percentile.text).append("% ")
                    .append(Histogram.ms(latencies.nanos(percentile)));
        }
        return text + latency + "  max " + Histogram.ms(latencies.maxNanos()) + "\n" + latencies.drawn();
    }

    /** What it was in all, with the names and units in which programs read it. */
    Map<String, Object> json() {
        var told = Json.object("records", records, "bytes", bytes, "seconds", seconds,
                "recordsPerSecond", records / seconds, "bytesPerSecond", bytes / seconds);
        if (latencies.count() > 0) {
            var latency = Json.object("mean", inMs(latencies.meanNanos()));
            for (var percentile : Percentile.values()) {
                latency.put(percentile.text, inMs(latencies.nanos(percentile)));
            }
            latency.put("max", inMs(latencies.maxNanos()));
            told.put("latencyMs", latency);
            told.put("histogramMs", latencies.bars().stream().map(bar -> Json.object("from",
                    inMs(bar.fromNanos()), "to", inMs(bar.toNanos()), "count", bar.count())).toList());
        }
        return told;
    }

    private static double inMs(long nanos) {
        return nanos / NANOS_A_MS;
    }

    private static String brief(Histogram histogram) {
        return "50% " + Histogram.ms(histogram.nanos(Percentile.P50))
                + "  99% " + Histogram.ms(histogram.nanos(Percentile.P99))
                + "  max " + Histogram.ms(histogram.maxNanos());
    }

    private static String rate(long records, long bytes, double seconds) {
        return String.format(Locale.ROOT, "%,.0f records/s  %,.2f MiB/s", records / seconds,
                bytes / BYTES_A_MIB / seconds);
    }
}
