package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;

import daybook.catalog.BrokerConfig;
import daybook.catalog.BrokerRegistration;
import daybook.catalog.Catalog;
import daybook.catalog.ConfigResource;
import daybook.catalog.Identity;
import daybook.catalog.Image;
import daybook.catalog.TopicConfigs;
import daybook.coordinator.Coordinator;
import daybook.group.GroupRecord;
import daybook.group.Groups;
import daybook.group.Surroundings;
import daybook.log.Disk;
import daybook.log.LogSettings;
import daybook.log.Logs;
import daybook.log.PartitionLog;
import daybook.log.TopicPartition;
import daybook.net.Limits;
import daybook.net.Listener;
import daybook.net.RateLimitedLog;
import daybook.net.Server;
import daybook.txn.TransactionCoordinator;
import daybook.wire.Uuid;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The rooms below the api put together, with real files and a real socket. */
final class TestBroker implements AutoCloseable {
    final Logs logs;
    final Catalog catalog;
    final Apis apis;
    final Coordinator<Groups, GroupRecord> groups;
    final TransactionCoordinator transactions;
    final Services services;
    final Server server;
    private final BrokerConfig config;

    TestBroker(Path directory) throws IOException {
        this(directory, Map.of());
    }

    TestBroker(Path directory, Map<String, String> settings) throws IOException {
        this(directory, settings, Disk.local());
    }

    TestBroker(Path directory, Map<String, String> settings, Disk disk) throws IOException {
        this(directory, settings, disk, InstantSource.system());
    }

    TestBroker(Path directory, Map<String, String> settings, Disk disk, InstantSource clock)
            throws IOException {
        var directories = List.of(directory);
        var settled = new LogSettings(directories, directory, true, 300_000, 60_000, 86_400_000, 0, 1);
        logs = Logs.open(settled, -1, disk, clock);
        var ids = logs.directories().stream().map(Logs.LogDirectory::id).toList();
        var endpoint = new BrokerRegistration.Endpoint("PLAINTEXT", "127.0.0.1", 9092, 0);
        catalog = Catalog.open(logs.metadataLog(), disk, new Identity(logs.nodeId(), null,
                Uuid.random(), List.of(endpoint), ids), clock, 20 << 20);
        catalog.begin(false);
        config = BrokerConfig.of(settings);
        logs.load(expected(catalog.image()), Map.of());
        catalog.onChange(this::follow);
        var surroundings = new Surroundings(catalog::image, this::config, clock);
        groups = new Coordinator<>(Groups.TOPIC, Groups.FORMAT, () -> new Groups(surroundings), logs, catalog,
                clock, clock);
        groups.start();
        transactions = new TransactionCoordinator(logs, catalog, groups, this::config, clock, clock);
        transactions.start();
        services = new Services(catalog, logs, groups, transactions, this::config, clock,
                new RateLimitedLog(System.getLogger("daybook.api"), clock));
        apis = new Apis(services);
        server = new Server(List.of(new Listener("PLAINTEXT", "127.0.0.1", 0)),
                () -> new Limits(1, 1 << 24, 1 << 26, 100, config.integer("max.connections.per.ip"), 600_000,
                        -1, -1, 50), new Dispatcher(apis), clock);
        server.start();
    }

    private BrokerConfig config() {
        return config.with(logs.nodeId(), catalog.image());
    }

    /** Makes and deletes logs as the topics of the image come and go. */
    private void follow(Image before, Image after) {
        for (var topic : before.topicsById().values()) {
            for (var partition : topic.partitions()) {
                if (after.topic(topic.id()) == null) {
                    logs.delete(List.of(new TopicPartition(topic.name(), partition.index())));
                }
            }
        }
        for (var expected : expected(after)) {
            var log = logs.find(expected.partition().topic(), expected.partition().partition());
            if (log == null) {
                create(expected);
            } else {
                log.configure(expected.config());
            }
        }
    }

    private List<Logs.Expected> expected(Image image) {
        var expected = new ArrayList<Logs.Expected>();
        for (var topic : image.topicsById().values()) {
            var configured = TopicConfigs.log(image.config(ConfigResource.topic(topic.name())),
                    config);
            for (var partition : topic.partitions()) {
                expected.add(new Logs.Expected(topic.id(),
                        new TopicPartition(topic.name(), partition.index()), 0, Uuid.ZERO, configured));
            }
        }
        return expected;
    }

    private void create(Logs.Expected expected) {
        try {
            logs.create(expected);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    TestClient client() throws IOException {
        return new TestClient(apis, server.bound().getFirst().port());
    }

    /** Makes a topic and returns its id. */
    Uuid topic(String name, int partitions) throws IOException {
        return topic(name, partitions, Map.of());
    }

    Uuid topic(String name, int partitions, Map<String, String> configs) throws IOException {
        var wanted = new CreateTopics.Wanted(name, partitions, -1, List.of(), configs);
        var created = new CreateTopics(services).create(List.of(wanted), false).getFirst();
        assertEquals(Outcome.DONE, created.outcome());
        return created.id();
    }

    PartitionLog log(String topic, int partition) {
        return logs.find(topic, partition);
    }

    @Override
    public void close() {
        transactions.close();
        groups.close();
        server.close();
        logs.close();
    }
}
