package daybook.bench;

import daybook.compat.ApacheKafka;
import daybook.compat.Broker;
import daybook.compat.Server;
import daybook.compat.Tools;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Measures Daybook beside Apache Kafka: {@code Bench KAFKA-JARS MODE ROUNDS REGEX}, in the project's
 * directory, with the loads whose names the regular expression matches; where it is empty with all of them,
 * and in the short mode with those that the chart is drawn of. ROUNDS is 0 for as many as the mode has.
 * Writes {@code results.csv}, {@code results.md} and {@code chart.svg} in {@code build/bench}, and each
 * table to standard output. With {@code -Dbroker=daybook} or {@code -Dbroker=kafka} it measures one of the
 * two; {@code -Doptions=} are given to Daybook.
 */
public final class Bench {
    private static final Map<String, Load> LOADS = new LinkedHashMap<>();
    private static final Path DIRECTORY = Path.of("build/bench");
    /** As kafka-server-start.sh has them. */
    private static final List<String> KAFKA_JVM = List.of("-Xms1g", "-Xmx1g", "-server", "-XX:+UseG1GC",
            "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
            "-XX:+ExplicitGCInvokesConcurrent", "-Djava.awt.headless=true");
    /** As Daybook: as many partitions of internal topics, and no wait between two assignments of a group. */
    private static final Map<String, String> KAFKA_SETTINGS = Map.of("offsets.topic.num.partitions", "50",
            "transaction.state.log.num.partitions", "50", "group.consumer.assignment.interval.ms", "0");

    static {
        LOADS.put("produce", ProduceLoad.bulk());
        LOADS.put("small", ProduceLoad.small());
        LOADS.put("single", ProduceLoad.single());
        LOADS.put("forced", ProduceLoad.forced());
        LOADS.put("start", new Start());
        LOADS.put("idle", new Idle());
        LOADS.put("partitions", new Partitions());
        LOADS.put("topics", new CreateTopics());
        LOADS.put("consume", new Consume());
        LOADS.put("cold", new ColdConsume());
        LOADS.put("tail", new Tail());
        LOADS.put("latency", new Latency());
        LOADS.put("classic", new ClassicGroups());
        LOADS.put("groups", new ConsumerGroups());
        LOADS.put("large", new LargeGroup());
        LOADS.put("commits", new Commits());
        LOADS.put("transactions", new Transactions());
        LOADS.put("producer", new ClientLoad(true));
        LOADS.put("consumer", new ClientLoad(false));
        LOADS.put("perf", new ToolLoad());
    }

    private final Path libraries;
    private final Mode mode;
    private final int rounds;
    private final Results results = new Results(DIRECTORY.resolve("results.csv"));
    private final String only = System.getProperty("broker", "");

    private Bench(Path libraries, Mode mode, int rounds) throws Exception {
        this.libraries = libraries;
        this.mode = mode;
        this.rounds = rounds == 0 ? mode.rounds : rounds;
    }

    /** Runs the loads that are chosen, against one broker and then the other, as often as is said. */
    public static void main(String[] arguments) throws Exception {
        var mode = Mode.valueOf(arguments[1].toUpperCase(Locale.ROOT));
        var names = chosen(mode, arguments[3]);
        if (names.isEmpty()) {
            System.err.println("no load is called " + arguments[3] + "; there are " + LOADS.keySet());
            System.exit(2);
        }
        var bench = new Bench(Path.of(arguments[0]).toAbsolutePath(), mode, Integer.parseInt(arguments[2]));
        boolean failed = false;
        for (var name : names) {
            failed |= !bench.measure(name);
        }
        System.exit(failed ? 1 : 0);
    }

    private static List<String> chosen(Mode mode, String regex) {
        var matching = Pattern.compile(regex).asMatchPredicate();
        return LOADS.keySet().stream().filter(name -> !regex.isEmpty() ? matching.test(name)
                : mode == Mode.FULL || Chart.loads().contains(name)).toList();
    }

    /** Returns false where the load failed, which the others do not suffer for. */
    private boolean measure(String name) throws Exception {
        var load = LOADS.get(name);
        var ours = new Figures("Daybook");
        var theirs = new Figures("Apache Kafka");
        try {
            for (int round = 0; round < rounds; round++) {
                // Who comes second finds the machine as the first left it: they take turns.
                for (boolean first : List.of(true, false)) {
                    boolean daybook = (round % 2 == 0) == first;
                    if (daybook && !only.equals("kafka")) {
                        daybook(load, ours);
                    } else if (!daybook && !only.equals("daybook")) {
                        kafka(load, theirs);
                    }
                }
            }
        } catch (Exception broken) {
            System.err.println("The load " + name + " failed:");
            broken.printStackTrace();
            return false;
        }
        results.replace(name, load.sides(ours, theirs));
        System.out.println("\n" + results.table(name));
        Files.writeString(DIRECTORY.resolve("results.md"), results.tables(LOADS.keySet()));
        Files.writeString(DIRECTORY.resolve("chart.svg"), Chart.svg(results));
        return true;
    }

    private void daybook(Load load, Figures figures) throws Exception {
        var directory = Files.createTempDirectory("daybook-bench");
        var options = new ArrayList<>(load.daybookOptions());
        options.addAll(List.of(System.getProperty("options", "").trim().split("\\s+")));
        options.remove("");
        run(load, figures, directory, new Broker(Path.of("bin/daybook").toAbsolutePath(), directory,
                ApacheKafka.freePort(), options));
    }

    private void kafka(Load load, Figures figures) throws Exception {
        var directory = Files.createTempDirectory("daybook-bench");
        var tools = new Tools(libraries, directory, KAFKA_JVM);
        var settings = new HashMap<>(KAFKA_SETTINGS);
        settings.putAll(load.kafkaSettings());
        var broker = new ApacheKafka(tools, directory.resolve("data"),
                "127.0.0.1:" + ApacheKafka.freePort(), settings);
        broker.format();
        run(load, figures, directory, broker);
    }

    private void run(Load load, Figures figures, Path directory, Server broker) throws Exception {
        try {
            if (!load.starts()) {
                broker.start();
            }
            load.run(new Subject(figures.broker, broker, mode), figures);
        } finally {
            broker.kill();
            delete(directory);
        }
    }

    private static void delete(Path directory) throws Exception {
        try (var files = Files.walk(directory)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
