package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectContains;
import static daybook.compat.CheckFailed.expectEqual;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Apache Kafka's Java admin client, in this JVM. */
final class AdminChecks {
    private static final long LIMIT_SECONDS = 60;
    private static final String THROTTLED = "leader.replication.throttled.replicas";

    private final Report report;
    private final Clients clients;

    AdminChecks(Report report, Clients clients) {
        this.report = report;
        this.clients = clients;
    }

    /** A check that is given an admin client. */
    private interface AdminCheck {
        void run(Admin admin) throws Exception;
    }

    void run() {
        check("admin: topics by name and by id", this::topics);
        check("admin: configs", this::configs);
        check("admin: offsets, records deleted", this::offsets);
        check("admin: producers", this::producers);
        check("admin: cluster, log directories, config resources", this::cluster);
    }

    private void check(String name, AdminCheck check) {
        report.check(name, () -> {
            try (var admin = clients.admin()) {
                check.run(admin);
            }
        });
    }

    private static <T> T get(KafkaFuture<T> future) throws Exception {
        return future.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    static void expectFailure(Class<? extends Exception> expected, KafkaFuture<?> future)
            throws Exception {
        try {
            get(future);
        } catch (ExecutionException failed) {
            var cause = failed.getCause();
            expect(expected.isInstance(cause), "expected " + expected + " but was " + cause);
            return;
        }
        throw new CheckFailed("expected " + expected + " but it went well");
    }

    private void topics(Admin admin) throws Exception {
        var created = admin.createTopics(List.of(new NewTopic("admin-topics", 2, (short) 1)));
        var id = get(created.topicId("admin-topics"));
        expectEqual(2, get(created.numPartitions("admin-topics")), "partitions answered");
        var segmentBytes = get(created.config("admin-topics")).get("segment.bytes");
        expectEqual("1073741824", segmentBytes.value(), "segment.bytes");
        var again = new NewTopic("admin-topics", 1, (short) 1);
        expectFailure(TopicExistsException.class, admin.createTopics(List.of(again)).all());
        var collides = new NewTopic("admin-a.b", 1, (short) 1);
        get(admin.createTopics(List.of(new NewTopic("admin-a_b", 1, (short) 1))).all());
        expectFailure(InvalidTopicException.class, admin.createTopics(List.of(collides)).all());
        get(admin.createPartitions(Map.of("admin-topics", NewPartitions.increaseTo(4))).all());
        var byId = admin.describeTopics(TopicCollection.ofTopicIds(List.of(id)));
        expectEqual(4, get(byId.allTopicIds()).get(id).partitions().size(), "partitions by topic id");
        get(admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all());
        expectFailure(UnknownTopicOrPartitionException.class,
                admin.describeTopics(List.of("admin-topics")).allTopicNames());
        get(admin.createTopics(List.of(again)).all());
        var second = get(admin.describeTopics(List.of("admin-topics")).allTopicNames()).get("admin-topics");
        expect(!second.topicId().equals(id), "a topic made again has its old id");
        expectEqual(1, second.partitions().size(), "partitions of the topic made again");
    }

    private void configs(Admin admin) throws Exception {
        get(admin.createTopics(List.of(new NewTopic("admin-configs", 1, (short) 1))).all());
        var topic = new ConfigResource(ConfigResource.Type.TOPIC, "admin-configs");
        alter(admin, topic, OpType.SET, "retention.ms", "1000000");
        alter(admin, topic, OpType.APPEND, THROTTLED, "0:1,1:1");
        var described = get(admin.describeConfigs(List.of(topic)).all()).get(topic);
        expectEqual("1000000", described.get("retention.ms").value(), "retention.ms");
        expectEqual(ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG, described.get("retention.ms").source(),
                "source");
        expectEqual("0:1,1:1", described.get(THROTTLED).value(), THROTTLED);
        expectEqual(ConfigEntry.ConfigType.LIST, described.get(THROTTLED).type(), "type");
        expectEqual(33, described.entries().size(), "topic configs");
        alter(admin, topic, OpType.SUBTRACT, THROTTLED, "0:1");
        alter(admin, topic, OpType.DELETE, "retention.ms", "");
        var after = get(admin.describeConfigs(List.of(topic)).all()).get(topic);
        expectEqual("1:1", after.get(THROTTLED).value(), THROTTLED + " after SUBTRACT");
        expectEqual("604800000", after.get("retention.ms").value(), "retention.ms after DELETE");
    }

    private static void alter(Admin admin, ConfigResource resource, OpType type, String key, String value)
            throws Exception {
        var change = new AlterConfigOp(new ConfigEntry(key, value), type);
        get(admin.incrementalAlterConfigs(Map.of(resource, List.of(change))).all());
    }

    private void offsets(Admin admin) throws Exception {
        var partition = new TopicPartition("admin-offsets", 0);
        long first = System.currentTimeMillis() - 3_600_000;
        try (var producer = clients.producer(Map.of())) {
            for (long time : new long[] {1000, 3000, 2000, 3000}) {
                producer.send(new ProducerRecord<>(partition.topic(), 0, first + time, null, new byte[] {1}))
                        .get(LIMIT_SECONDS, TimeUnit.SECONDS);
            }
        }
        expectEqual(4L, offset(admin, partition, OffsetSpec.latest()), "latest");
        expectEqual(0L, offset(admin, partition, OffsetSpec.earliest()), "earliest");
        expectEqual(1L, offset(admin, partition, OffsetSpec.maxTimestamp()), "max timestamp");
        expectEqual(1L, offset(admin, partition, OffsetSpec.forTimestamp(first + 1001)), "time 1001");
        expectEqual(-1L, offset(admin, partition, OffsetSpec.forTimestamp(first + 3001)), "time 3001");
        expectEqual(0L, offset(admin, partition, OffsetSpec.earliestLocal()), "earliest local");
        expectEqual(-1L, offset(admin, partition, OffsetSpec.latestTiered()), "latest tiered");
        var deletion = admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(2)));
        expectEqual(2L, get(deletion.lowWatermarks().get(partition)).lowWatermark(), "low watermark");
        expectEqual(2L, offset(admin, partition, OffsetSpec.earliest()), "earliest after the deletion");
        expectEqual(2, clients.readAll(partition.topic(), 1, Map.of()).size(), "records left");
    }

    private static long offset(Admin admin, TopicPartition partition, OffsetSpec spec) throws Exception {
        return get(admin.listOffsets(Map.of(partition, spec)).partitionResult(partition)).offset();
    }

    private void producers(Admin admin) throws Exception {
        var partition = new TopicPartition("admin-producers", 0);
        try (var producer = clients.producer(Map.of())) {
            for (int number = 0; number < 3; number++) {
                producer.send(new ProducerRecord<>(partition.topic(), 0, null, new byte[] {1}))
                        .get(LIMIT_SECONDS, TimeUnit.SECONDS);
            }
        }
        var described = admin.describeProducers(Set.of(partition)).partitionResult(partition);
        var states = get(described).activeProducers();
        expectEqual(1, states.size(), "producers");
        expectEqual(2, states.getFirst().lastSequence(), "last sequence");
        expect(states.getFirst().currentTransactionStartOffset().isEmpty(), "a transaction is open");
    }

    private void cluster(Admin admin) throws Exception {
        var cluster = admin.describeCluster();
        expectEqual(1, get(cluster.controller()).id(), "controller");
        expectEqual(1, get(cluster.nodes()).size(), "brokers");
        expectEqual(22, get(cluster.clusterId()).length(), "length of the cluster id");
        var directories = get(admin.describeLogDirs(List.of(1)).allDescriptions()).get(1);
        expectEqual(1, directories.size(), "log directories");
        expect(directories.values().iterator().next().usableBytes().orElse(0) > 0, "no bytes are usable");
        var resources = get(admin.listConfigResources().all());
        var one = new ConfigResource(ConfigResource.Type.BROKER, "1");
        var topic = new ConfigResource(ConfigResource.Type.TOPIC, "admin-configs");
        expect(resources.containsAll(List.of(one, topic)), "not all is listed: " + resources);
        expectContains(get(admin.describeFeatures().featureMetadata()).finalizedFeatures().toString(),
                "metadata.version");
    }
}
