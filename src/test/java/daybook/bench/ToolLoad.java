package daybook.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What {@code bin/daybook perf} tells beside what Apache Kafka's performance tools tell of the same broker,
 * one after the other; which one begins changes from round to round. The table is of tools, each as its
 * launcher starts it. From end to end Kafka's tool sends a record when the one before has come, and ours a
 * thousand a second.
 */
final class ToolLoad implements Load {
    private static final String MANY = "1000000";
    private static final String RATED = "100000";
    private static final String RATE = "20000";
    private static final String ALONE = "5000";
    private static final int TOOLS = 4;

    /** A run of a tool; in what it writes, after each of the patterns the number that is a figure. */
    private record Tool(List<String> command, List<Pattern> patterns, List<String> figures) { }

    private static final List<String> SENT = List.of("sent, records a second", "sent, ms 50 %", "sent, ms 99 %");
    private static final List<String> PACED = List.of("20,000 a second, ms 50 %", "20,000 a second, ms 99 %",
            "20,000 a second, ms 99.9 %");
    private static final List<String> READ = List.of("read, records a second");
    private static final List<String> THROUGH = List.of("end to end, ms mean", "end to end, ms 99 %",
            "end to end, ms 99.9 %");

    private final Figures ours = new Figures("bin/daybook perf");
    private final Figures theirs = new Figures("Apache Kafka's tools");
    private int runs;

    @Override
    public void run(Subject broker, Figures ofBrokers) throws Exception {
        // Each broker is the subject once a round.
        boolean oursFirst = runs++ / 2 % 2 == 0;
        for (int number = 0; number < TOOLS; number++) {
            for (boolean own : List.of(oursFirst, !oursFirst)) {
                var tools = own ? ours(broker.address()) : theirs(broker.address());
                measure(broker, tools.get(number), own ? ours : theirs);
            }
        }
    }

    @Override
    public List<Figures> sides(Figures ofDaybook, Figures ofKafka) {
        return List.of(ours, theirs);
    }

    private static void measure(Subject broker, Tool tool, Figures figures) throws Exception {
        var text = Child.output(tool.command);
        for (int number = 0; number < tool.figures.size(); number++) {
            var found = tool.patterns.get(number).matcher(text);
            if (!found.find()) {
                throw new IllegalStateException(tool.figures + ": " + text);
            }
            figures.add(broker.name() + ": " + tool.figures.get(number), Double.parseDouble(found.group(1)));
        }
    }

    private static List<Tool> ours(String address) {
        return List.of(
                perf(address, SENT, List.of("recordsPerSecond", "50", "99"), "produce", "ours",
                        "--records", MANY),
                perf(address, PACED, List.of("50", "99", "99.9"), "produce", "ours-paced",
                        "--records", RATED, "--rate", RATE),
                perf(address, READ, List.of("recordsPerSecond"), "consume", "ours"),
                perf(address, THROUGH, List.of("mean", "99", "99.9"), "latency", "ours-through",
                        "--records", ALONE));
    }

    private static Tool perf(String address, List<String> figures, List<String> members, String... arguments) {
        var command = new ArrayList<>(List.of(Path.of("bin/daybook").toAbsolutePath().toString(), "perf"));
        command.addAll(List.of(arguments));
        command.addAll(List.of("--json", "--bootstrap", address));
        return new Tool(command, members.stream()
                .map(member -> Pattern.compile("\"" + Pattern.quote(member) + "\":([0-9.E-]+)")).toList(), figures);
    }

    private static List<Tool> theirs(String address) {
        return List.of(
                kafka(SENT, List.of("([0-9.]+) records/sec.*ms 99.9th", "(\\d+) ms 50th", "(\\d+) ms 99th"),
                        "ProducerPerformance", "--bootstrap-server", address, "--topic", "theirs",
                        "--num-records", MANY, "--record-size", "100", "--throughput", "-1"),
                kafka(PACED, List.of("(\\d+) ms 50th", "(\\d+) ms 99th", "(\\d+) ms 99.9th"),
                        "ProducerPerformance", "--bootstrap-server", address, "--topic", "theirs-paced",
                        "--num-records", RATED, "--record-size", "100", "--throughput", RATE),
                kafka(READ, List.of("([0-9.]+)\\s*\\z"), "ConsumerPerformance", "--bootstrap-server", address,
                        "--topic", "theirs", "--num-records", MANY),
                kafka(THROUGH, List.of("Avg latency: ([0-9.]+)", " 99th = (\\d+)", "99.9th = (\\d+)"),
                        "EndToEndLatency", "--bootstrap-server", address, "--topic", "theirs-through",
                        "--num-records", ALONE, "--producer-acks", "all", "--record-size", "100"));
    }

    private static Tool kafka(List<String> figures, List<String> patterns, String tool, String... arguments) {
        return new Tool(Child.java("org.apache.kafka.tools." + tool, arguments),
                patterns.stream().map(Pattern::compile).toList(), figures);
    }
}
