package daybook.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.DoubleStream;

/**
 * Every single value that was measured, as a file of CSV keeps them; tables and the chart are made of nothing
 * else. A load that is measured again takes the place of what it had there, the other loads stay.
 */
final class Results {
    private static final String HEAD = "load,figure,round,broker,value";
    /** No figure and no broker has a quotation mark in its name. */
    private static final Pattern LINE = Pattern.compile("(\\w+),\"([^\"]*)\",(\\d+),\"([^\"]*)\",(\\S+)");

    private record Row(String load, String figure, int round, String broker, double value) { }

    /**
     * The first broker's value divided by the second's: of the medians, and the least and most of a round.
     */
    record Ratio(double ofMedians, double least, double most) {
        boolean known() {
            return Double.isFinite(ofMedians) && ofMedians > 0;
        }
    }

    private final Path file;
    private final List<Row> rows = new ArrayList<>();

    /** With what the file has, where there is one. */
    Results(Path file) throws IOException {
        this.file = file;
        for (var line : Files.exists(file) ? Files.readAllLines(file) : List.<String>of()) {
            var words = LINE.matcher(line);
            if (words.matches()) {
                rows.add(new Row(words.group(1), words.group(2), Integer.parseInt(words.group(3)),
                        words.group(4), Double.parseDouble(words.group(5))));
            }
        }
    }

    /** Takes what a load measured now in place of what it had measured before, and writes the file. */
    void replace(String load, List<Figures> sides) throws IOException {
        rows.removeIf(row -> row.load.equals(load));
        for (var side : sides) {
            side.values.forEach((figure, values) -> {
                for (int round = 0; round < values.size(); round++) {
                    rows.add(new Row(load, figure, round + 1, side.broker, values.get(round)));
                }
            });
        }
        var text = new StringBuilder(HEAD + "\n");
        for (var row : rows) {
            text.append(String.format(Locale.ROOT, "%s,\"%s\",%d,\"%s\",%s\n",
                    row.load, row.figure, row.round, row.broker, row.value));
        }
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    /** The tables of those of the loads that were measured, in their order. */
    String tables(Collection<String> loads) {
        var text = new StringBuilder();
        for (var load : loads) {
            if (rows.stream().anyMatch(row -> row.load.equals(load))) {
                text.append(table(load)).append("\n");
            }
        }
        return text.toString();
    }

    /** A table in Markdown: the medians of both, the first divided by the second, and that of each round. */
    String table(String load) {
        var brokers = brokers(load);
        var table = new StringBuilder("| " + load + " | " + String.join(" | ", brokers)
                + " | ratio | in each round |\n|---" + "|--:".repeat(brokers.size() + 2) + "|\n");
        var figures = new LinkedHashSet<String>();
        rows.stream().filter(row -> row.load.equals(load)).forEach(row -> figures.add(row.figure));
        for (var figure : figures) {
            table.append("| ").append(figure);
            for (var broker : brokers) {
                table.append(" | ").append(shown(median(values(load, figure, broker))));
            }
            var ratio = ratio(load, figure);
            var spread = ratio.known() ? shown(ratio.least) + " – " + shown(ratio.most) : "";
            table.append(" | ").append(shown(ratio.ofMedians)).append(" | ").append(spread).append(" |\n");
        }
        return table.toString();
    }

    /** Not known where one of the two has no such figure. */
    Ratio ratio(String load, String figure) {
        var brokers = brokers(load);
        if (brokers.size() < 2) {
            return new Ratio(Double.NaN, Double.NaN, Double.NaN);
        }
        var ours = values(load, figure, brokers.getFirst());
        var theirs = values(load, figure, brokers.getLast());
        var each = new double[Math.min(ours.length, theirs.length)];
        for (int round = 0; round < each.length; round++) {
            each[round] = ours[round] / theirs[round];
        }
        return new Ratio(median(ours) / median(theirs), DoubleStream.of(each).min().orElse(Double.NaN),
                DoubleStream.of(each).max().orElse(Double.NaN));
    }

    private List<String> brokers(String load) {
        return rows.stream().filter(row -> row.load.equals(load)).map(Row::broker).distinct().toList();
    }

    private double[] values(String load, String figure, String broker) {
        return rows.stream().filter(row -> row.load.equals(load) && row.figure.equals(figure)
                && row.broker.equals(broker)).mapToDouble(Row::value).toArray();
    }

    /** The one in the middle; of an even number of them, the lower of two; NaN of none. */
    private static double median(double[] values) {
        var sorted = DoubleStream.of(values).sorted().toArray();
        return sorted.length == 0 ? Double.NaN : sorted[(sorted.length - 1) / 2];
    }

    private static String shown(double value) {
        if (!Double.isFinite(value)) {
            return "";
        }
        return String.format(Locale.ROOT, value < 0.1 ? "%,.3f" : value < 10 ? "%,.2f" : "%,.0f", value);
    }
}
