package daybook.bench;

import daybook.compat.ApacheKafka;
import daybook.compat.Broker;
import daybook.compat.Tools;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Measures Daybook beside Apache Kafka: {@code Bench KAFKA-JARS ROUNDS [LOAD...]}, in the project's
 * directory, without names all loads. Prints a table of the medians of all rounds. With {@code
 * -Donly=daybook} or {@code -Donly=kafka} measures one of the two; {@code -Doptions=}, one a line, are given
 * to Daybook.
 */
public final class Bench {
    private static final Map<String, Load> LOADS = new LinkedHashMap<>();
    /** As kafka-server-start.sh has them. */
    private static final List<String> KAFKA_JVM = List.of("-Xms1g", "-Xmx1g", "-server", "-XX:+UseG1GC",
            "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
            "-XX:+ExplicitGCInvokesConcurrent", "-Djava.awt.headless=true");
    /** As Daybook: as many partitions of internal topics, and no wait between two assignments of a group. */
    private static final Map<String, String> KAFKA_SETTINGS = Map.of("offsets.topic.num.partitions", "50",
            "transaction.state.log.num.partitions", "50", "group.consumer.assignment.interval.ms", "0");

    static {
        LOADS.put("classic", new ClassicGroups());
        LOADS.put("groups", new ConsumerGroups());
        LOADS.put("large", new LargeGroup());
        LOADS.put("commits", new Commits());
        LOADS.put("transactions", new Transactions());
        LOADS.put("producer", new ClientLoad(true));
        LOADS.put("consumer", new ClientLoad(false));
        LOADS.put("perf", new ToolLoad());
    }

    private Bench() {}

    /** Runs the loads that are named, against one broker and then the other, as often as is said. */
    public static void main(String[] arguments) throws Exception {
        var names = List.of(arguments).subList(Math.min(2, arguments.length), arguments.length);
        if (arguments.length < 2 || !LOADS.keySet().containsAll(names)) {
            System.err.println("usage: Bench KAFKA-JARS ROUNDS [LOAD...]; loads: " + LOADS.keySet());
            System.exit(2);
        }
        var libraries = Path.of(arguments[0]).toAbsolutePath();
        int rounds = Integer.parseInt(arguments[1]);
        var only = System.getProperty("only", "");
        for (var name : names.isEmpty() ? LOADS.keySet() : names) {
            var load = LOADS.get(name);
            var ours = new Figures("Daybook");
            var theirs = new Figures("Apache Kafka");
            for (int round = 0; round < rounds; round++) {
                if (!only.equals("kafka")) {
                    daybook(load, ours);
                }
                if (!only.equals("daybook")) {
                    kafka(load, theirs, libraries);
                }
            }
            System.out.println("\n" + load.table(name, ours, theirs));
        }
    }

    private static void daybook(Load load, Figures figures) throws Exception {
        var directory = Files.createTempDirectory("daybook-bench");
        var broker = new Broker(Path.of("bin/daybook").toAbsolutePath(), directory,
                System.getProperty("options", "").lines().toArray(String[]::new));
        try {
            broker.start();
            load.run(new Subject("Daybook", broker.address(), broker.handle()), figures);
            broker.stop();
        } finally {
            broker.kill();
            delete(directory);
        }
    }

    private static void kafka(Load load, Figures figures, Path libraries) throws Exception {
        var directory = Files.createTempDirectory("daybook-bench");
        var tools = new Tools(libraries, directory, KAFKA_JVM);
        var broker = new ApacheKafka(tools, directory.resolve("data"),
                "127.0.0.1:" + ApacheKafka.freePort(), KAFKA_SETTINGS);
        try {
            broker.format();
            broker.start();
            load.run(new Subject("Apache Kafka", broker.address(), broker.handle()), figures);
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
