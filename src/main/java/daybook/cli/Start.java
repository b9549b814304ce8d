package daybook.cli;

import daybook.Broker;
import daybook.Config;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** {@code bin/daybook start}: a broker in the foreground, until SIGTERM or SIGINT. */
final class Start {
    static final Command COMMAND = Command.of("start", "[FILE]", "run a broker in the foreground", Start::run)
            .about("""
                    Runs a broker in the foreground until it is told to stop (Ctrl-C, SIGTERM). FILE has
                    keys of Kafka's server.properties, as conf/broker.properties shows them; the command
                    line wins over it.
                    """)
            .flags(Command.ANY)
            .examples("bin/daybook start conf/broker.properties",
                    "bin/daybook start --listeners=PLAINTEXT://:9092 --log.dirs=/var/lib/daybook");

    private Start() { }

    private static int run(Arguments arguments, Streams streams) throws Exception {
        long beganNanos = System.nanoTime();
        var config = config(arguments);
        // Here and not in a constant: other commands start sooner without a logger.
        var log = System.getLogger("daybook");
        config.warnings().forEach(warning -> log.log(System.Logger.Level.WARNING, warning));
        var broker = Broker.start(config);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(broker), "daybook-stop"));
        streams.err().println(ready(broker, System.nanoTime() - beganNanos));
        new CountDownLatch(1).await();
        return 0;
    }

    private static Config config(Arguments arguments) {
        try {
            return Config.load(arguments.operands());
        } catch (IllegalArgumentException wrong) {
            throw CommandException.mistake(wrong.getMessage());
        }
    }

    private static String ready(Broker broker, long nanos) {
        var directories = broker.directories().stream().map(Path::toString).toList();
        return "Daybook is ready on " + String.join(", ", broker.addresses())
                + ", cluster " + broker.clusterId()
                + ", data in " + String.join(", ", directories)
                + ", " + TimeUnit.NANOSECONDS.toMillis(nanos) + " ms";
    }

    private static void stop(Broker broker) {
        broker.close();
        System.err.println("Daybook has stopped");
    }
}
