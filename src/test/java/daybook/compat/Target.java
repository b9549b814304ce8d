package daybook.compat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A broker that our own client is checked against, and what it is called in the names of the checks. It is
 * started when the first check needs it. Used by one thread at a time.
 */
final class Target {
    /** The same for all: topics are made by admins only, and nothing that is due is waited for long. */
    private static final Map<String, String> SETTINGS = Map.of("auto.create.topics.enable", "false",
            "log.cleaner.backoff.ms", "100", "broker.session.timeout.ms", "4000",
            "group.consumer.heartbeat.interval.ms", "300", "group.consumer.min.heartbeat.interval.ms", "100",
            "group.consumer.min.session.timeout.ms", "1000",
            "transaction.abort.timed.out.transaction.cleanup.interval.ms", "200",
            "group.min.session.timeout.ms", "1000", "offsets.topic.num.partitions", "1");

    final String name;
    private final Supplier<String> address;
    private final Report.Check starting;
    private final Report.Check killing;
    private boolean started;

    private Target(String name, Supplier<String> address, Report.Check starting, Report.Check killing) {
        this.name = name;
        this.address = address;
        this.starting = starting;
        this.killing = killing;
    }

    static Target daybook(Path launcher, Path directory) throws Exception {
        var options = SETTINGS.entrySet().stream()
                .map(setting -> "--" + setting.getKey() + "=" + setting.getValue()).toArray(String[]::new);
        var broker = new Broker(launcher, Files.createDirectory(directory.resolve("target")), options);
        return new Target("Daybook", broker::address, broker::start, broker::kill);
    }

    static Target apacheKafka(Tools tools, Path directory) throws Exception {
        var kafka = new ApacheKafka(tools, directory.resolve("target-of-kafka"),
                "127.0.0.1:" + ApacheKafka.freePort(), SETTINGS);
        return new Target("Apache Kafka", kafka::address, () -> {
            if (!Files.exists(kafka.data())) {
                kafka.format();
            }
            kafka.start();
        }, kafka::kill);
    }

    /** HOST:PORT. */
    String address() {
        return address.get();
    }

    /** Kafka's clients of it. */
    Clients clients() {
        return new Clients(address);
    }

    /** A check on this broker, which runs by then. */
    void check(Report report, String what, Report.Check check) {
        report.check("our client on " + name + ": " + what, () -> {
            if (!started) {
                starting.run();
                started = true;
            }
            check.run();
        });
    }

    /** Kills it (SIGKILL) and starts it again on what it left. */
    void crash() throws Exception {
        kill();
        starting.run();
        started = true;
    }

    /** Kills it; the next check would start it again. */
    void kill() throws Exception {
        started = false;
        killing.run();
    }
}
