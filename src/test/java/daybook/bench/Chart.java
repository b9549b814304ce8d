package daybook.bench;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Draws the ratios that matter most as a picture (SVG 1.1): a bar a figure, as long as Daybook is better than
 * Apache Kafka, so a third of the cost and three times the speed are of one length. The scale is
 * logarithmic. A thin line is the spread over the rounds. The colours are those between light and dark, and
 * nothing is behind them, so that it can be read on either.
 */
final class Chart {
    /** A bar: a figure of a load, and whether less of it is better. */
    private record Bar(String title, String load, String figure, boolean lessIsBetter) { }

    private static final List<Bar> BARS = List.of(
            more("bulk produce, MB/s", "produce", "256 KB, 16 partitions, acks 1, MB/s"),
            less("bulk produce, CPU", "produce", "256 KB, 16 partitions, acks 1, CPU s/GB"),
            more("16 KB batches, requests/s", "small", "16 KB, 8 connections, requests/s"),
            less("16 KB batches, CPU", "small", "16 KB, 8 connections, CPU µs/request"),
            more("single records, requests/s", "single", "8 connections, 1 on its way, requests/s"),
            less("single records, CPU", "single", "8 connections, 1 on its way, CPU µs/request"),
            more("bulk consume, MB/s", "consume", "1 MB fetches, 16 partitions, MB/s"),
            less("bulk consume, CPU", "consume", "1 MB fetches, 16 partitions, CPU s/GB"),
            more("64 KB fetches/s", "consume", "64 KB fetches, 4 at once, requests/s"),
            more("produce and tail, MB/s", "tail", "produce and tail, MB/s"),
            less("end to end at 50 MB/s, p99", "latency", "50 MB/s, ms 99 %"),
            less("end to end at 50 MB/s, p99.9", "latency", "50 MB/s, ms 99.9 %"),
            more("forced, Kafka is not, bulk, MB/s", "produce", "256 KB, 16 partitions, acks all, MB/s"),
            more("both forced, single records/s", "forced",
                    "single records, 16 partitions, 64 connections, requests/s"),
            less("memory under bulk load", "produce", "peak memory, MiB"),
            less("idle memory", "idle", "just started, memory MiB"),
            less("start to first acknowledged", "start", "hardly any data, s"));
    private static final int WIDTH = 760;
    private static final int LABELS = 210;
    private static final int VALUES = 70;
    private static final int ROW = 24;
    private static final int BAR = 14;
    private static final int TOP = 40;
    private static final int BOTTOM = 12;
    /** What of the scale is left of 1, where Apache Kafka is better. */
    private static final double LEAST = 0.5;

    private Chart() { }

    private static Bar more(String title, String load, String figure) {
        return new Bar(title, load, figure, false);
    }

    private static Bar less(String title, String load, String figure) {
        return new Bar(title, load, figure, true);
    }

    /** The loads that it shows. */
    static Set<String> loads() {
        var loads = new LinkedHashSet<String>();
        BARS.forEach(bar -> loads.add(bar.load));
        return loads;
    }

    /** How many times better Daybook is; the spread is that of single rounds. */
    private record Better(String title, double times, double least, double most) { }

    /** The picture, with a bar for each figure that is there. */
    static String svg(Results results) {
        var all = new ArrayList<Better>();
        double most = 2;
        for (var bar : BARS) {
            var ratio = results.ratio(bar.load, bar.figure);
            if (ratio.known()) {
                var better = bar.lessIsBetter
                        ? new Better(bar.title, 1 / ratio.ofMedians(), 1 / ratio.most(), 1 / ratio.least())
                        : new Better(bar.title, ratio.ofMedians(), ratio.least(), ratio.most());
                all.add(better);
                most = Math.max(most, better.most);
            }
        }
        int height = TOP + all.size() * ROW + BOTTOM;
        var out = new StringBuilder(String.format(Locale.ROOT, """
                <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" \
                font-family="sans-serif" font-size="13" fill="#7d8590">
                <title>How many times better Daybook is than Apache Kafka on the same machine</title>
                <text x="%d" y="14">times better than Apache Kafka 4.3.1; lines: the spread of rounds</text>
                """, WIDTH, height, WIDTH, height, LABELS));
        for (double times : new double[] {0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500}) {
            if (times <= most) {
                double x = x(times, most);
                line(out, x, TOP - 6, x, height - BOTTOM, times == 1 ? 1.5 : 0.4);
                text(out, x, TOP - 10, "middle", number(times));
            }
        }
        for (int row = 0; row < all.size(); row++) {
            draw(out, all.get(row), TOP + row * ROW, most);
        }
        return out.append("</svg>\n").toString();
    }

    private static void draw(StringBuilder out, Better bar, int y, double most) {
        double one = x(1, most);
        double end = x(bar.times, most);
        double middle = y + ROW / 2.0;
        text(out, LABELS - 10, middle + 4, "end", bar.title);
        out.append(String.format(Locale.ROOT, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" "
                + "fill=\"%s\"/>\n", Math.min(one, end), middle - BAR / 2.0, Math.abs(end - one), BAR,
                bar.times >= 1 ? "#2f81f7" : "#db6d28"));
        line(out, x(bar.least, most), middle, x(bar.most, most), middle, 1.5);
        text(out, Math.max(one, x(bar.most, most)) + 8, middle + 4, "start", number(bar.times) + " ×");
    }

    private static void line(StringBuilder out, double x1, double y1, double x2, double y2, double width) {
        out.append(String.format(Locale.ROOT, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
                + "stroke=\"#7d8590\" stroke-width=\"%.1f\"/>\n", x1, y1, x2, y2, width));
    }

    private static void text(StringBuilder out, double x, double y, String anchor, String text) {
        out.append(String.format(Locale.ROOT, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n",
                x, y, anchor, text));
    }

    /** Where a factor is on the scale, whose right end is {@code most}. */
    private static double x(double times, double most) {
        double part = Math.log(Math.max(times, LEAST) / LEAST) / Math.log(most / LEAST);
        return LABELS + part * (WIDTH - LABELS - VALUES);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, value < 10 && value != Math.rint(value) ? "%.1f" : "%.0f", value);
    }
}
