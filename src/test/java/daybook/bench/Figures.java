package daybook.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a load measured of one broker, by the name of the figure: a value for each round. */
final class Figures {
    final String broker;
    final Map<String, List<Double>> values = new LinkedHashMap<>();

    Figures(String broker) {
        this.broker = broker;
    }

    /** @param name ends in what it counts: "..., MB/s" */
    void add(String name, double value) {
        values.computeIfAbsent(name, first -> new ArrayList<>()).add(value);
    }
}
