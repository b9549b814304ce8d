package daybook.cli;

import daybook.Broker;
import daybook.Config;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** {@code bin/daybook start}: a broker in the foreground, until SIGTERM or SIGINT. */
public final class Start {
    public static final String HELP = """
            Usage: bin/daybook start [FILE] [--KEY=VALUE ...]

            Runs a broker in the foreground until it is told to stop (Ctrl-C, SIGTERM). FILE has keys of
            Kafka's server.properties, as conf/broker.properties shows them; the command line wins over it.

              bin/daybook start conf/broker.properties
              bin/daybook start --listeners=PLAINTEXT://:9092 --log.dirs=/var/lib/daybook
            """;
    private static final int FAILED = 1;
    private static final int USAGE = 2;
    private static final System.Logger LOG = System.getLogger("daybook");

    private Start() { }

    /**
     * Runs the command; returns only where it fails.
     *
     * @param arguments the words after the command's name
     * @return the exit code
     */
    public static int run(List<String> arguments) {
        long beganNanos = System.nanoTime();
        if (arguments.contains("--help") || arguments.contains("-h")) {
            System.out.print(HELP);
            return 0;
        }
        Config config;
        try {
            config = Config.load(arguments);
        } catch (IllegalArgumentException wrong) {
            System.err.println("daybook: " + wrong.getMessage());
            return USAGE;
        }
        try {
            config.warnings().forEach(warning -> LOG.log(System.Logger.Level.WARNING, warning));
            var broker = Broker.start(config);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(broker), "daybook-stop"));
            System.err.println(ready(broker, System.nanoTime() - beganNanos));
            new CountDownLatch(1).await();
            return 0;
        } catch (IOException failed) {
            System.err.println("daybook: " + failed.getMessage());
            return FAILED;
        } catch (InterruptedException never) {
            throw new IllegalStateException(never);
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
