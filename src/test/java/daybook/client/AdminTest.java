package daybook.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.Broker;
import daybook.Config;
import daybook.client.Configs.Change;
import daybook.client.Configs.Resource;
import daybook.client.Configs.Source;
import daybook.client.Topics.NewTopic;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** An admin and a whole broker: what one asks for, the other does. */
class AdminTest {
    @TempDir
    Path directory;

    private Broker broker;
    private String address;
    private Admin admin;

    @BeforeEach
    void start() throws IOException {
        broker = Broker.start(Config.of(Map.of("listeners", "PLAINTEXT://127.0.0.1:0",
                "log.dirs", directory.toString(), "daybook.durability", "page-cache")));
        address = broker.addresses().getFirst();
        admin = Admin.builder(address).open();
    }

    @AfterEach
    void stop() {
        admin.close();
        broker.close();
    }

    private static TopicPartition of(String topic, int partition) {
        return new TopicPartition(topic, partition);
    }

    private void create(String name, int partitions) {
        admin.topics().create(List.of(new NewTopic(name, partitions, 1, Map.of()))).all();
    }

    private static ErrorCode error(Outcomes<?, ?> outcomes, Object key) {
        return outcomes.errors().get(key).error();
    }

    private static void refused(ErrorCode error, Runnable what) {
        assertEquals(error, assertThrows(ClientException.class, what::run).error());
    }

    @Test
    void makesTopicsEachForItself() {
        var made = admin.topics().create(List.of(
                new NewTopic("orders", 3, 1, Map.of("retention.ms", "1000")), new NewTopic("no/name"),
                new NewTopic("simple")));
        assertEquals(List.of("orders", "simple"), List.copyOf(made.values().keySet()));
        assertEquals(3, made.of("orders").partitions());
        assertEquals(1, made.of("orders").replicationFactor());
        assertEquals(Set.of("no/name"), made.errors().keySet());
        assertEquals(ErrorCode.INVALID_TOPIC_EXCEPTION, error(made, "no/name"));
        refused(ErrorCode.INVALID_TOPIC_EXCEPTION, made::all);
        refused(ErrorCode.INVALID_TOPIC_EXCEPTION, () -> made.of("no/name"));
        assertThrows(IllegalArgumentException.class, () -> made.of("another"));
        assertEquals(List.of("orders", "simple"), List.copyOf(admin.topics().list().keySet()));
        var described = admin.topics().describe(List.of("simple", "none", "orders"));
        assertEquals(made.of("orders").id(), described.of("orders").id());
        assertEquals(3, described.of("orders").partitions().size());
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, error(described, "none"));
        var again = admin.topics().create(List.of(new NewTopic("orders")));
        assertEquals("TOPIC_ALREADY_EXISTS: Topic 'orders' already exists.",
                again.errors().get("orders").getMessage());
    }

    @Test
    void validatesWithoutDoing() {
        var made = admin.topics().validate(List.of(new NewTopic("orders", 2, 1, Map.of()),
                new NewTopic("wrong", 2, 1, Map.of("retention.ms", "x"))));
        assertEquals(2, made.of("orders").partitions());
        assertEquals(ErrorCode.INVALID_CONFIG, error(made, "wrong"));
        assertEquals(Map.of(), admin.topics().list());
        create("orders", 2);
        assertEquals(5, admin.topics().addPartitions(Map.of("orders", 5), true).of("orders"));
        assertEquals(2, admin.topics().list().get("orders").partitions().size());
    }

    @Test
    void growsAndDeletesTopics() {
        create("orders", 2);
        var id = admin.topics().list().get("orders").id();
        var grown = admin.topics().addPartitions(Map.of("orders", 4, "none", 3), false);
        assertEquals(4, grown.of("orders"));
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, error(grown, "none"));
        assertEquals(4, admin.topics().describe(List.of("orders")).of("orders").partitions().size());
        refused(ErrorCode.INVALID_PARTITIONS,
                () -> admin.topics().addPartitions(Map.of("orders", 4), false).all());
        var deleted = admin.topics().delete(List.of("orders", "none"));
        assertEquals(id, deleted.of("orders"));
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, error(deleted, "none"));
        assertEquals(Map.of(), admin.topics().list());
    }

    @Test
    void tellsOffsetsAndDeletesRecords() throws IOException {
        create("orders", 2);
        var partition = of("orders", 0);
        try (var raw = new RawClient(address)) {
            raw.produce("orders", 1_000, "a", "b");
            raw.produce("orders", 2_000, "c");
            raw.produce("orders", 1_500, "d");
        }
        var offsets = admin.offsets();
        assertEquals(2, offsets.list(Map.of(partition, 1_001L), false).of(partition).offset());
        assertEquals(2_000, offsets.list(Map.of(partition, 1_001L), false).of(partition).timestampMs());
        assertEquals(-1, offsets.list(Map.of(partition, 2_001L), false).of(partition).offset());
        assertEquals(2, offsets.list(Map.of(partition, Offsets.MAX_TIMESTAMP), false).of(partition).offset());
        var ends = offsets.list(Offsets.all(List.of(partition, of("orders", 1)), Offsets.LATEST), false);
        assertEquals(4, ends.of(partition).offset());
        assertEquals(0, ends.of(of("orders", 1)).offset());
        var low = admin.topics().deleteRecords(Map.of(partition, 3L, of("orders", 1), 9L));
        assertEquals(3, low.of(partition));
        assertEquals(ErrorCode.OFFSET_OUT_OF_RANGE, error(low, of("orders", 1)));
        assertEquals(3, offsets.list(Map.of(partition, Offsets.EARLIEST), false).of(partition).offset());
        assertEquals(4, admin.topics().deleteRecords(Map.of(partition, Topics.TO_THE_END)).of(partition));
    }

    /** Others may still learn of the topic: so it takes a moment, but no more. */
    @Test
    void partitionsThatAreUnknownAreToldSo() {
        create("orders", 1);
        var found = admin.offsets().list(Offsets.all(List.of(of("orders", 0), of("orders", 7), of("none", 0)),
                Offsets.LATEST), false);
        assertEquals(0, found.of(of("orders", 0)).offset());
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, error(found, of("orders", 7)));
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, error(found, of("none", 0)));
    }

    @Test
    void describesAndAltersConfigurations() {
        create("orders", 1);
        var topic = Resource.topic("orders");
        var configs = admin.configs();
        configs.alter(Map.of(topic, List.of(Change.set("retention.ms", "5000"),
                Change.append("cleanup.policy", "compact"))), false).all();
        assertEquals("5000", entry(topic, "retention.ms").value());
        assertEquals(Source.TOPIC, entry(topic, "retention.ms").source());
        assertEquals(new Configs.Synonym("log.segment.bytes", "1073741824", Source.DEFAULT),
                entry(topic, "segment.bytes").synonyms().getLast());
        assertEquals("delete,compact", entry(topic, "cleanup.policy").value());
        configs.alter(Map.of(topic, List.of(Change.delete("retention.ms"),
                Change.subtract("cleanup.policy", "delete"))), false).all();
        assertEquals(Source.DEFAULT, entry(topic, "retention.ms").source());
        assertEquals("compact", entry(topic, "cleanup.policy").value());
        configs.alter(Map.of(topic, List.of(Change.set("retention.ms", "7"))), true).all();
        assertEquals(Source.DEFAULT, entry(topic, "retention.ms").source());
        var wrong = configs.alter(Map.of(topic, List.of(Change.set("retention.ms", "x")),
                Resource.topic("none"), List.of(Change.set("retention.ms", "1"))), false);
        assertEquals(ErrorCode.INVALID_CONFIG, error(wrong, topic));
        assertTrue(wrong.errors().get(topic).getMessage().contains("retention.ms"), "as the broker says it");
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, error(wrong, Resource.topic("none")));
    }

    @Test
    void describesAndAltersBrokersAndGroups() {
        int node = admin.cluster().controller();
        admin.configs().alter(Map.of(Resource.brokers(), List.of(Change.set("log.retention.ms", "9000"))),
                false).all();
        var entry = entry(Resource.broker(node), "log.retention.ms");
        assertEquals("9000", entry.value());
        assertEquals(Source.ALL_BROKERS, entry.source());
        assertEquals(Source.BROKER_FILE, entry(Resource.broker(node), "log.dirs").source());
        assertTrue(entry(Resource.broker(node), "log.dirs").readOnly());
        refused(ErrorCode.BROKER_NOT_AVAILABLE, () -> shortTempered(another ->
                another.configs().describe(List.of(Resource.broker(77))).all()));
        var group = Resource.group("readers");
        admin.configs().alter(Map.of(group, List.of(Change.set("consumer.session.timeout.ms", "50000"))),
                false).all();
        assertEquals("50000", entry(group, "consumer.session.timeout.ms").value());
        assertEquals(Source.GROUP, entry(group, "consumer.session.timeout.ms").source());
    }

    private Configs.Entry entry(Resource resource, String name) {
        return admin.configs().describe(List.of(resource)).of(resource).stream()
                .filter(each -> each.name().equals(name)).findFirst().orElseThrow();
    }

    private void shortTempered(Consumer<Admin> what) {
        try (var another = Admin.builder(address).apiTimeoutMs(2_000).open()) {
            what.accept(another);
        }
    }

    @Test
    void describesGroupsOfBothProtocols() throws IOException {
        create("orders", 2);
        try (var modern = new RawClient(address); var old = new RawClient(address)) {
            var modernId = modern.joinConsumer("modern", "orders");
            var oldId = old.joinClassic("old", "one", "orders", 2);
            var groups = admin.groups();
            assertEquals(Set.of("modern", "old"), groups.list().keySet());
            assertEquals("classic", groups.list().get("old").type());
            assertEquals(Set.of("modern"), groups.list(List.of(), List.of("consumer")).keySet());
            assertEquals(Set.of("old"), groups.list(List.of("Stable"), List.of("classic")).keySet());
            var described = groups.describe(List.of("old", "none", "modern"));
            assertEquals(ErrorCode.GROUP_ID_NOT_FOUND, error(described, "none"));
            var consumer = described.of("modern");
            assertEquals(List.of("consumer", "uniform"), List.of(consumer.type(), consumer.protocol()));
            assertEquals(modernId, consumer.members().getFirst().id());
            var both = List.of(of("orders", 0), of("orders", 1));
            assertEquals(both, consumer.members().getFirst().target());
            var classic = described.of("old");
            assertEquals(List.of("classic", "range", "Stable"),
                    List.of(classic.type(), classic.protocol(), classic.state()));
            assertEquals(new Groups.Member(oldId, "one", "raw", "/127.0.0.1", -1, both, both),
                    classic.members().getFirst());
            refused(ErrorCode.UNKNOWN_MEMBER_ID,
                    () -> groups.alterOffsets("old", Map.of(of("orders", 0), 1L)).all());
            assertEquals(ErrorCode.NON_EMPTY_GROUP, error(groups.delete(List.of("old")), "old"));
            assertEquals(ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC,
                    error(groups.deleteOffsets("old", both), of("orders", 0)));
            assertEquals(admin.cluster().controller(), groups.coordinator("old"));
        }
    }

    @Test
    void movesAndForgetsTheOffsetsOfGroups() {
        create("orders", 2);
        var groups = admin.groups();
        assertEquals(Map.of(), groups.committed(List.of("readers")).of("readers"));
        var moved = groups.alterOffsets("readers", Map.of(of("orders", 0), 5L, of("orders", 1), 7L,
                of("none", 0), 1L));
        assertEquals(5L, moved.of(of("orders", 0)));
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, error(moved, of("none", 0)));
        var committed = groups.committed(List.of("readers", "others"));
        assertEquals(Map.of(of("orders", 0), new Groups.Committed(5, -1, ""),
                of("orders", 1), new Groups.Committed(7, -1, "")), committed.of("readers"));
        assertEquals(Map.of(), committed.of("others"));
        groups.deleteOffsets("readers", List.of(of("orders", 0))).all();
        assertEquals(Set.of(of("orders", 1)), groups.committed(List.of("readers")).of("readers").keySet());
        var deleted = groups.delete(List.of("readers", "none"));
        assertEquals("readers", deleted.of("readers"));
        assertEquals(ErrorCode.GROUP_ID_NOT_FOUND, error(deleted, "none"));
        assertEquals(Map.of(), groups.list());
        assertEquals(ErrorCode.GROUP_ID_NOT_FOUND,
                error(groups.deleteOffsets("none", List.of(of("orders", 0))), of("orders", 0)));
    }

    @Test
    void findsAndEndsTransactions() throws IOException {
        create("orders", 1);
        var partition = of("orders", 0);
        var transactions = admin.transactions();
        try (var raw = new RawClient(address)) {
            var identity = raw.begin("payments", "orders");
            var listed = transactions.list();
            assertEquals(Map.of("payments",
                    new Transactions.Listed("payments", identity.producerId(), "Ongoing")), listed);
            assertEquals(listed, transactions.list(List.of("Ongoing"), List.of(identity.producerId())));
            assertEquals(Map.of(), transactions.list(List.of("Empty"), List.of()));
            var described = transactions.describe(List.of("payments", "none"));
            assertEquals(ErrorCode.TRANSACTIONAL_ID_NOT_FOUND, error(described, "none"));
            assertEquals(List.of(partition), described.of("payments").partitions());
            assertEquals(60_000, described.of("payments").timeoutMs());
            var producer = transactions.producers(List.of(partition)).of(partition).getFirst();
            assertTrue(producer.open());
            assertEquals(identity.producerId(), producer.producerId());
            assertEquals(0, committedEnd(partition));
            assertEquals(Map.of(), transactions.hanging(List.of(partition), -1, System.currentTimeMillis()));
            var fenced = transactions.fence(List.of("payments")).of("payments");
            assertEquals(identity.producerId(), fenced.producerId());
            assertTrue(fenced.producerEpoch() > identity.epoch());
            assertNotEquals(ErrorCode.NONE, raw.commit(identity));
            assertFalse(transactions.producers(List.of(partition)).of(partition).getFirst().open());
        }
    }

    @Test
    void abortsInAPartitionWhateverTheCoordinatorKnows() throws IOException {
        create("orders", 1);
        var partition = of("orders", 0);
        try (var raw = new RawClient(address)) {
            raw.begin("payments", "orders");
            var producer = admin.transactions().producers(List.of(partition)).of(partition).getFirst();
            admin.transactions().abort(partition, producer);
            assertFalse(admin.transactions().producers(List.of(partition)).of(partition).getFirst().open());
            assertEquals(2, committedEnd(partition));
        }
    }

    private long committedEnd(TopicPartition partition) {
        return admin.offsets().list(Map.of(partition, Offsets.LATEST), true).of(partition).offset();
    }

    @Test
    void tellsOfTheCluster() {
        var cluster = admin.cluster();
        assertEquals(broker.clusterId().toString(), cluster.id());
        assertEquals(address, cluster.nodes().get(cluster.controller()).address());
        assertEquals(1, cluster.features().get("group.version"));
    }

    @Test
    void aBrokerThatIsNotThereIsToldAtOnce() {
        refused(ErrorCode.NETWORK_EXCEPTION, () -> Admin.builder("127.0.0.1:1").open());
        assertThrows(IllegalArgumentException.class, () -> Admin.builder("x:y").open());
        assertNotEquals(Uuid.ZERO.toString(), admin.cluster().id());
    }
}
