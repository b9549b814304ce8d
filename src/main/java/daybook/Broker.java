package daybook;

import daybook.api.Apis;
import daybook.api.Dispatcher;
import daybook.api.Services;
import daybook.catalog.BrokerConfig;
import daybook.catalog.BrokerRegistration.Endpoint;
import daybook.catalog.Catalog;
import daybook.catalog.ConfigResource;
import daybook.catalog.Identity;
import daybook.catalog.Image;
import daybook.catalog.Partition;
import daybook.catalog.Topic;
import daybook.catalog.TopicConfigs;
import daybook.coordinator.Coordinator;
import daybook.group.GroupRecord;
import daybook.group.Groups;
import daybook.group.Surroundings;
import daybook.log.CleanerSettings;
import daybook.log.Disk;
import daybook.log.LogConfig;
import daybook.log.Logs.LogDirectory;
import daybook.log.LogSettings;
import daybook.log.Logs;
import daybook.log.TopicPartition;
import daybook.net.Connection;
import daybook.net.Limits;
import daybook.net.Listener;
import daybook.net.RateLimitedLog;
import daybook.net.Server;
import daybook.txn.TransactionCoordinator;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * A broker in this process: builds its parts from the ground up, ties the logs to the catalog, and takes all
 * of it down again in the opposite order. This is also how to embed one:
 *
 * <pre>{@code
 *   var config = Config.of(Map.of("listeners", "PLAINTEXT://127.0.0.1:0", "log.dirs", "/tmp/daybook"));
 *   try (var broker = Broker.start(config)) {
 *       System.out.println(broker.addresses());
 *   }
 * }</pre>
 */
public final class Broker implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("daybook");
    /** How long requests in flight may take to end when the broker stops, in milliseconds. */
    private static final long STOP_GRACE_MS = 500;
    private static final long ROOM_CHECK_NANOS = 1_000_000_000L;

    private final Config settings;
    private final Logs logs;
    private final Server server;
    private final Catalog catalog;
    private final Coordinator<Groups, GroupRecord> groups;
    private final TransactionCoordinator transactions;
    private volatile boolean closing;
    /** Set before the server accepts. */
    private Dispatcher dispatcher;
    /** The newest configuration; written under the catalog's lock. */
    private volatile BrokerConfig config;

    private Broker(Config settings, Disk disk, InstantSource clock, InstantSource steady)
            throws IOException {
        this.settings = settings;
        this.config = settings.broker();
        this.logs = Logs.open(logSettings(), config.integer("node.id"), disk, clock);
        Server bound = null;
        try {
            bound = new Server(settings.listeners(), this::limits, this::handle, clock);
            this.server = bound;
            this.catalog = Catalog.open(logs.metadataLog(), disk, identity(), clock,
                    config.number("metadata.log.max.record.bytes.between.snapshots"));
            var surroundings = new Surroundings(catalog::image, () -> config, clock);
            this.groups = new Coordinator<>(Groups.TOPIC, Groups.FORMAT, () -> new Groups(surroundings), logs,
                    catalog, clock, steady);
            this.transactions = new TransactionCoordinator(logs, catalog, groups, () -> config, clock,
                    steady);
            serve(clock);
        } catch (IOException | RuntimeException failed) {
            if (bound != null) {
                bound.close();
            }
            logs.close();
            throw failed;
        }
    }

    /**
     * Starts a broker; it serves when this returns.
     *
     * @throws IOException if a directory cannot be used, or an address is taken; the message is a sentence
     */
    public static Broker start(Config settings) throws IOException {
        return new Broker(settings, Disk.local(), InstantSource.system(), steady());
    }

    /** As {@link #start(Config)}, on a disk and by a clock that a test gives. */
    static Broker start(Config settings, Disk disk, InstantSource clock) throws IOException {
        return new Broker(settings, disk, clock, clock);
    }

    /** For deadlines: a clock that nobody sets, whatever happens to the time of day. */
    private static InstantSource steady() {
        long beganNanos = System.nanoTime();
        return () -> Instant.EPOCH.plusNanos(System.nanoTime() - beganNanos);
    }

    /** Where it listens, as HOST:PORT with the ports it got; the host is * for all addresses. */
    public List<String> addresses() {
        return server.bound().stream().map(Broker::address).toList();
    }

    /** Where its data is. */
    public List<Path> directories() {
        return logs.directories().stream().map(LogDirectory::path).toList();
    }

    public String clusterId() {
        return logs.clusterId();
    }

    /** Lets requests in flight end, forces all files and marks the stop as clean. */
    @Override
    public void close() {
        closing = true;
        transactions.close();
        groups.close();
        server.stop(STOP_GRACE_MS);
        logs.close();
    }

    private Writer handle(Connection connection, ByteBuffer frame) throws IOException {
        return dispatcher.handle(connection, frame);
    }

    private static String address(Listener listener) {
        var host = listener.host() == null || listener.host().isEmpty() ? "*" : listener.host();
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + listener.port();
    }

    private void serve(InstantSource clock) throws IOException {
        begin();
        config = config.with(logs.nodeId(), catalog.image());
        var log = new RateLimitedLog(System.getLogger("daybook.api"), clock);
        dispatcher = new Dispatcher(new Apis(new Services(catalog, logs, groups, transactions, () -> config,
                clock, log)));
        var expected = expected(catalog.image());
        catalog.changes().placeIn(logs::fit);
        catalog.onChange(this::changed);
        server.start();
        logs.load(expected, catalog.removed());
        logs.start();
        groups.start();
        transactions.start();
        logs.compact(cleanerSettings());
    }

    /** Where the disk is full, what is there can be read; the rest begins when there is room. */
    private void begin() throws IOException {
        try {
            catalog.begin(!logs.cleanStart());
        } catch (IOException failed) {
            if (catalog.image().broker() == null || logs.hasRoom()) {
                throw failed;
            }
            LOG.log(Level.WARNING, "The disk is full: all can be read; until it has room nothing changes");
            logs.holdWrites(true);
            Thread.ofPlatform().daemon().name("daybook-begin").start(this::beginLater);
        }
    }

    private void beginLater() {
        while (!closing) {
            LockSupport.parkNanos(ROOM_CHECK_NANOS);
            if (logs.hasRoom()) {
                try {
                    catalog.begin(!logs.cleanStart());
                    logs.holdWrites(false);
                    return;
                } catch (IOException failed) {
                    LOG.log(Level.WARNING, "The broker cannot begin yet: {0}", failed.getMessage());
                }
            }
        }
    }

    /**
     * Brings the logs in line with the catalog; runs under the catalog's lock, before a change is answered.
     */
    private void changed(Image before, Image after) {
        logs.awaitLoaded();
        boolean brokerChanged = brokerChanged(before, after);
        if (brokerChanged) {
            config = config.with(logs.nodeId(), after);
            logs.compact(cleanerSettings());
        }
        for (var topic : before.topics().values()) {
            if (!after.topicsById().containsKey(topic.id())) {
                logs.delete(topic.partitions().stream().map(partition -> place(topic, partition)).toList());
            }
        }
        // Only then are those of each topic looked up, of which there may be thousands.
        boolean configured = !before.configs().equals(after.configs());
        for (var topic : after.topics().values()) {
            var resource = ConfigResource.topic(topic.name());
            if (before.topic(topic.id()) != topic) {
                lead(topic, logConfig(topic, after));
            } else if (configured && (brokerChanged || before.config(resource) != after.config(resource))) {
                configure(topic, logConfig(topic, after));
            }
        }
    }

    private boolean brokerChanged(Image before, Image after) {
        var all = ConfigResource.allBrokers();
        var own = ConfigResource.broker(logs.nodeId());
        return before.config(all) != after.config(all) || before.config(own) != after.config(own);
    }

    private void lead(Topic topic, LogConfig logConfig) {
        for (var partition : topic.partitions()) {
            var log = logs.find(topic.name(), partition.index());
            if (log != null) {
                log.lead(partition.leaderEpoch());
                log.configure(logConfig);
                continue;
            }
            try {
                logs.create(expected(topic, partition, logConfig));
            } catch (IOException failed) {
                LOG.log(Level.ERROR, "No log can be made for " + place(topic, partition)
                        + ", which stays offline until the broker is started again", failed);
            }
        }
    }

    private void configure(Topic topic, LogConfig logConfig) {
        for (var partition : topic.partitions()) {
            var log = logs.find(topic.name(), partition.index());
            if (log != null) {
                log.configure(logConfig);
            }
        }
    }

    private List<Logs.Expected> expected(Image image) {
        var expected = new ArrayList<Logs.Expected>();
        for (var topic : image.topics().values()) {
            var logConfig = logConfig(topic, image);
            for (var partition : topic.partitions()) {
                expected.add(expected(topic, partition, logConfig));
            }
        }
        return expected;
    }

    private static Logs.Expected expected(Topic topic, Partition partition, LogConfig logConfig) {
        var home = partition.directories().isEmpty() ? Uuid.ZERO : partition.directories().getFirst();
        return new Logs.Expected(topic.id(), place(topic, partition), partition.leaderEpoch(), home,
                logConfig);
    }

    private static TopicPartition place(Topic topic, Partition partition) {
        return new TopicPartition(topic.name(), partition.index());
    }

    private LogConfig logConfig(Topic topic, Image image) {
        return TopicConfigs.log(image.config(ConfigResource.topic(topic.name())), config);
    }

    private Identity identity() {
        var endpoints = server.bound().stream().map(this::endpoint).toList();
        var directories = logs.directories().stream().map(LogDirectory::id).toList();
        var rack = config.text("broker.rack");
        return new Identity(logs.nodeId(), rack, Uuid.random(), endpoints, directories);
    }

    private Endpoint endpoint(Listener listener) {
        var advertised = settings.advertised(listener);
        return new Endpoint(advertised.name(), advertised.host(), advertised.port(), 0);
    }

    private LogSettings logSettings() {
        var directories = config.list("log.dirs").stream().map(Path::of).toList();
        var metadata = config.text("metadata.log.dir");
        return new LogSettings(directories,
                metadata == null ? directories.getFirst() : Path.of(metadata),
                config.text("daybook.durability").equals("fsync"),
                config.number("log.retention.check.interval.ms"),
                config.number("log.flush.offset.checkpoint.interval.ms"),
                config.number("producer.id.expiration.ms"),
                config.number("daybook.disk.reserve.bytes"),
                config.integer("num.recovery.threads.per.data.dir"));
    }

    private CleanerSettings cleanerSettings() {
        var now = config;
        return new CleanerSettings(now.flag("log.cleaner.enable") ? now.integer("log.cleaner.threads") : 0,
                now.number("log.cleaner.dedupe.buffer.size"),
                now.decimal("log.cleaner.io.buffer.load.factor"),
                now.integer("log.cleaner.io.buffer.size"),
                now.decimal("log.cleaner.io.max.bytes.per.second"),
                now.number("log.cleaner.backoff.ms"));
    }

    private Limits limits() {
        var now = config;
        return new Limits(now.selectorThreads(Runtime.getRuntime().availableProcessors()),
                now.integer("socket.request.max.bytes"),
                now.requestMemoryBytes(),
                now.integer("max.connections"),
                now.integer("max.connections.per.ip"),
                now.number("connections.max.idle.ms"),
                now.integer("socket.send.buffer.bytes"),
                now.integer("socket.receive.buffer.bytes"),
                now.integer("socket.listen.backlog.size"));
    }
}
