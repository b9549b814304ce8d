package daybook.compat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Runs real clients against a broker of its own: {@code Compat KAFKA-JARS NODE-MODULES [LAUNCHER]}, in the
 * project's directory. LAUNCHER is {@code bin/daybook}, or another program that takes the same arguments and
 * says the same line when it is ready. With {@code -Donly=REGEX} runs only the checks whose names contain a
 * match. Exits with 1 when a check failed; then what the broker logged stays, and is told where.
 */
public final class Compat {
    private Compat() {}

    /** Starts the broker, runs every check, stops it. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length < 2 || arguments.length > 3) {
            System.err.println("usage: Compat KAFKA-JARS NODE-MODULES [LAUNCHER]");
            System.exit(2);
        }
        var libraries = Path.of(arguments[0]).toAbsolutePath();
        var modules = Path.of(arguments[1]).toAbsolutePath();
        var launcher = Path.of(arguments.length > 2 ? arguments[2] : "bin/daybook").toAbsolutePath();
        var directory = Files.createTempDirectory("daybook-compat");
        var report = new Report(Pattern.compile(System.getProperty("only", "")), directory);
        run(report, libraries, modules, directory, launcher);
        boolean passed = report.close();
        if (passed) {
            delete(directory);
        } else {
            System.out.println("The broker's log and data are in " + directory);
        }
        System.exit(passed ? 0 : 1);
    }

    private static void run(Report report, Path libraries, Path modules, Path directory, Path launcher)
            throws Exception {
        var broker = new Broker(launcher, directory, Stream.concat(Stream.of(GroupChecks.OPTIONS),
                Stream.of(TransactionClientChecks.OPTION)).toArray(String[]::new));
        var sample = Sample.of(modules, directory);
        var files = Files.createDirectory(directory.resolve("programs"));
        var tools = new Tools(libraries, files);
        var clients = new Clients(broker::address);
        new CodecChecks(report, sample).run();
        try {
            if (!report.must("start", broker::start)) {
                return;
            }
            new KcatChecks(report, broker, files, sample).run();
            new ToolChecks(report, broker, tools, sample).run();
            new ClientChecks(report, clients, sample).run();
            new AdminChecks(report, clients).run();
            new CompactionChecks(report, clients).run();
            new KafkajsChecks(report, broker, modules, files, sample).run();
            new GroupChecks(report, broker).run();
            new GroupAdminChecks(report, clients).run();
            new GroupToolChecks(report, broker, tools).run();
            new GroupProgramChecks(report, broker, tools, modules, files).run();
            new TransactionClientChecks(report, broker).run();
            new TransactionOffsetChecks(report, clients).run();
            new TransactionDuelChecks(report, broker).run();
            new TransactionCompactionChecks(report, broker).run();
            new TransactionToolChecks(report, broker, tools, launcher, directory).run();
            new TransactionProgramChecks(report, broker, tools, modules, files).run();
            new TransactionLoopChecks(report, broker, tools).run();
            new StreamsChecks(report, broker, tools).run();
            new RestartChecks(report, broker, clients, sample).run();
            var exchange = new ExchangeChecks(report, broker, tools, sample);
            exchange.before();
            report.must("stop", broker::stop);
            new DiskChecks(report, broker.data(), tools).run();
            exchange.run();
            new TwoBrokersChecks(report, launcher, directory, tools, sample).run();
            new TransactionChecks(report, launcher, directory, tools).run();
            new DumpChecks(report, launcher, directory, tools).run();
            our(report, Target.daybook(launcher, directory), launcher, files, sample);
            our(report, Target.apacheKafka(tools, directory), launcher, files, sample);
        } finally {
            broker.kill();
        }
    }

    /** The same checks of our own client on every broker. */
    private static void our(Report report, Target target, Path launcher, Path files, Sample sample)
            throws Exception {
        try {
            new OurProducerChecks(report, target, sample).run();
            new OurConsumerChecks(report, target, sample).run();
            new OurGroupChecks(report, target).run();
            new OurTransactionChecks(report, target).run();
            new OurAdminChecks(report, target).run();
            new OurCommandChecks(report, target, launcher, files, sample).run();
        } finally {
            target.kill();
        }
    }

    static void delete(Path directory) throws IOException {
        try (var files = Files.walk(directory)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
