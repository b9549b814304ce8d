package daybook.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What was measured of one broker, by the name of the figure: a value for each round. */
final class Figures {
    private final String broker;
    private final Map<String, List<Double>> values = new LinkedHashMap<>();

    Figures(String broker) {
        this.broker = broker;
    }

    void add(String name, double value) {
        values.computeIfAbsent(name, first -> new ArrayList<>()).add(value);
    }

    /** A table in Markdown: the medians of both, and the first divided by the second. */
    static String table(String title, Figures ours, Figures theirs) {
        var table = new StringBuilder("| " + title + " | " + ours.broker + " | " + theirs.broker
                + " | ratio |\n|---|--:|--:|--:|\n");
        for (var name : ours.values.isEmpty() ? theirs.values.keySet() : ours.values.keySet()) {
            double one = ours.median(name);
            double other = theirs.median(name);
            table.append("| " + name + " | " + shown(one) + " | " + shown(other) + " | "
                    + shown(one / other) + " |\n");
        }
        return table.toString();
    }

    /** The one in the middle of all rounds; of an even number of them, the lower of two; NaN of none. */
    private double median(String name) {
        var sorted = values.getOrDefault(name, List.of(Double.NaN)).stream().sorted().toList();
        return sorted.get((sorted.size() - 1) / 2);
    }

    private static String shown(double value) {
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, value < 10 ? "%,.2f" : "%,.0f", value);
    }
}
