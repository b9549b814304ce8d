package daybook.compat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;

/**
 * Apache Kafka's own broker, a process that is broker and controller of one directory. All that it logs goes
 * to a file of its own for each start.
 */
public final class ApacheKafka implements Server {
    private static final long START_LIMIT_SECONDS = 120;
    private static final long STOP_LIMIT_SECONDS = 60;

    private final Tools tools;
    private final Path data;
    private final String address = "127.0.0.1:" + freePort();
    private final Path properties;
    /** The last one started; null before the first start. */
    private Process process;
    private Path log;

    /**
     * @param controller the address of its controller; a directory that Daybook formatted wants
     *     localhost:9093, for that is the voter which its metadata log names
     * @param settings besides those that one node needs
     */
    public ApacheKafka(Tools tools, Path data, String controller, Map<String, String> settings) throws Exception {
        this.tools = tools;
        this.data = data;
        var more = settings.entrySet().stream().map(entry -> entry.getKey() + "=" + entry.getValue())
                .collect(Collectors.joining("\n"));
        this.properties = Files.createTempFile(tools.directory(), "kafka", ".properties");
        Files.writeString(properties, """
                process.roles=broker,controller
                node.id=1
                listeners=PLAINTEXT://%s,CONTROLLER://%s
                controller.listener.names=CONTROLLER
                listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
                controller.quorum.bootstrap.servers=%s
                offsets.topic.num.partitions=1
                offsets.topic.replication.factor=1
                transaction.state.log.num.partitions=1
                transaction.state.log.replication.factor=1
                transaction.state.log.min.isr=1
                group.initial.rebalance.delay.ms=0
                log.dirs=%s
                %s
                """.formatted(address, controller, controller, data, more));
    }

    @Override
    public String address() {
        return address;
    }

    Path data() {
        return data;
    }

    /** Formats the directory as its storage tool does when it is told nothing. */
    public void format() throws Exception {
        tools.run("kafka.tools.StorageTool", "format", "--standalone", "--cluster-id",
                "NYpWDSYzQkmNGnXODHKLrg", "--config", properties.toString()).expectSuccess();
    }

    @Override
    public void begin() throws Exception {
        log = Files.createTempFile(tools.directory(), "kafka", ".log");
        var command = tools.command("kafka.Kafka", properties.toString());
        command.set(command.indexOf(Tools.NO_LOG), "-Dorg.slf4j.simpleLogger.defaultLogLevel=info");
        process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    }

    /** Starts it and returns when a client is told of one broker. */
    @Override
    public void start() throws Exception {
        begin();
        try (var admin = Admin.create(Map.of("bootstrap.servers", address,
                "default.api.timeout.ms", (int) TimeUnit.SECONDS.toMillis(START_LIMIT_SECONDS)))) {
            var nodes = admin.describeCluster().nodes().get(START_LIMIT_SECONDS, TimeUnit.SECONDS);
            CheckFailed.expectEqual(1, nodes.size(), "brokers of Apache Kafka");
        }
    }

    @Override
    public void stop() throws Exception {
        process.destroy();
        if (!process.waitFor(STOP_LIMIT_SECONDS, TimeUnit.SECONDS)) {
            kill();
            throw new CheckFailed("Apache Kafka did not stop in " + STOP_LIMIT_SECONDS + " s");
        }
    }

    @Override
    public void kill() throws Exception {
        if (process != null) {
            process.destroyForcibly().waitFor();
        }
    }

    @Override
    public ProcessHandle handle() {
        return process.toHandle();
    }

    /** The lines that it logged since its last start. */
    List<String> logged() throws Exception {
        return Files.readAllLines(log);
    }

    /** A port of the loopback address that nobody listens on. */
    public static int freePort() throws Exception {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
