package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.OurProducerChecks.expectRefused;

import daybook.client.Admin;
import daybook.client.Configs;
import daybook.client.Configs.Change;
import daybook.client.Configs.Resource;
import daybook.client.Offsets;
import daybook.client.Outcomes;
import daybook.client.TopicPartition;
import daybook.client.Topics.Created;
import daybook.client.Topics.NewTopic;
import daybook.wire.ErrorCode;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;

/** Our admin on a broker: what it changes, Kafka's admin client sees, and what it sees, so does Kafka's. */
final class OurAdminChecks {
    private static final long LIMIT_SECONDS = 60;
    private static final Duration POLL = Duration.ofMillis(100);

    private final Report report;
    private final Target target;

    OurAdminChecks(Report report, Target target) {
        this.report = report;
        this.target = target;
    }

    /** A check that is given our admin and Kafka's. */
    private interface AdminCheck {
        void run(Admin ours, org.apache.kafka.clients.admin.Admin theirs) throws Exception;
    }

    void run() {
        check("topics", this::topics);
        check("topics, what is refused", this::topicsRefused);
        check("configs", this::configs);
        check("offsets, records deleted", this::offsets);
        check("groups of both protocols", this::groups);
        check("groups, what is refused", this::groupsRefused);
        check("transactions", this::transactions);
        check("the cluster", this::cluster);
    }

    private void check(String name, AdminCheck check) {
        target.check(report, "admin, " + name, () -> {
            try (var ours = Admin.builder(target.address()).open(); var theirs = target.clients().admin()) {
                check.run(ours, theirs);
            }
        });
    }

    private static <T> T get(KafkaFuture<T> future) throws Exception {
        return future.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    /** Makes topics, and waits until the broker itself knows what the controller has made. */
    private static Map<String, Created> make(Admin ours, NewTopic... topics) throws Exception {
        var created = ours.topics().create(List.of(topics)).all();
        Until.holds("the broker knows the topics", () -> created.keySet().toString(), () ->
                ours.topics().describe(created.keySet()).errors().isEmpty());
        return created;
    }

    private static <K> void expectError(ErrorCode error, Outcomes<K, ?> outcomes, K key) {
        var failed = outcomes.errors().get(key);
        expect(failed != null, key + " went well");
        expectEqual(error, failed.error(), "the error of " + key + " (" + failed.getMessage() + ")");
        expect(failed.getMessage().length() > error.name().length(), "it says only " + failed.getMessage());
    }

    private void topics(Admin ours, org.apache.kafka.clients.admin.Admin theirs) throws Exception {
        var wanted = new NewTopic("admin-one", 3, 1, Map.of("retention.ms", "123456789"));
        expectEqual(3, ours.topics().validate(List.of(wanted)).of("admin-one").partitions(),
                "what it would be");
        expect(!ours.topics().list().containsKey("admin-one"), "it was made when it was only asked about");
        var created = make(ours, wanted, new NewTopic("admin-two"));
        expectEqual(3, created.get("admin-one").partitions(), "partitions of what was made");
        expectEqual(1, created.get("admin-two").partitions(), "partitions of what was made without a word");
        var described = get(theirs.describeTopics(List.of("admin-one", "admin-two")).allTopicNames());
        for (var topic : ours.topics().describe(List.of("admin-one", "admin-two")).all().values()) {
            var their = described.get(topic.name());
            expectEqual(their.topicId().toString(), topic.id().toString(), "its id");
            expectEqual(topic.id(), created.get(topic.name()).id(), "its id when it was made");
            expectEqual(their.partitions().size(), topic.partitions().size(), "partitions of "
                    + topic.name());
            for (var partition : topic.partitions()) {
                var kafkas = their.partitions().get(partition.index());
                expectEqual(kafkas.leader().id(), partition.leader(), "leader");
                expectEqual(kafkas.isr().stream().map(node -> node.id()).toList(), partition.inSyncReplicas(),
                        "replicas in sync");
            }
        }
        var internal = new ListTopicsOptions().listInternal(true);
        expectEqual(new TreeSet<>(get(theirs.listTopics(internal).names())),
                new TreeSet<>(ours.topics().list().keySet()), "all topics");
        ours.topics().addPartitions(Map.of("admin-one", 5), false).all();
        Until.holds("there are 5 partitions", () -> "", () ->
                get(theirs.describeTopics(List.of("admin-one")).allTopicNames()).get("admin-one").partitions()
                        .size() == 5);
        ours.topics().delete(List.of("admin-two")).all();
        Until.holds("it is gone", () -> "", () -> !get(theirs.listTopics().names()).contains("admin-two"));
    }

    private void topicsRefused(Admin ours, org.apache.kafka.clients.admin.Admin theirs) throws Exception {
        make(ours, new NewTopic("refused-there"));
        var outcomes = ours.topics().create(List.of(new NewTopic("refused-there"), new NewTopic("no name"),
                new NewTopic("refused-config", 1, 1, Map.of("retention.ms", "long")),
                new NewTopic("refused-key", 1, 1, Map.of("no.such.key", "1")),
                new NewTopic("refused-none", 0, 1, Map.of()), new NewTopic("refused-many", 1, 9, Map.of()),
                new NewTopic("refused-not", 2, 1, Map.of())));
        expectError(ErrorCode.TOPIC_ALREADY_EXISTS, outcomes, "refused-there");
        expectError(ErrorCode.INVALID_TOPIC_EXCEPTION, outcomes, "no name");
        expectError(ErrorCode.INVALID_CONFIG, outcomes, "refused-config");
        expectError(ErrorCode.INVALID_CONFIG, outcomes, "refused-key");
        expectError(ErrorCode.INVALID_PARTITIONS, outcomes, "refused-none");
        expectError(ErrorCode.INVALID_REPLICATION_FACTOR, outcomes, "refused-many");
        expectEqual(2, outcomes.of("refused-not").partitions(), "partitions of the one that is fine");
        expectError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ours.topics().describe(List.of("refused-no")),
                "refused-no");
        expectError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ours.topics().delete(List.of("refused-no")),
                "refused-no");
        expectError(ErrorCode.INVALID_PARTITIONS, ours.topics().addPartitions(Map.of("refused-not", 1),
                false),
                "refused-not");
    }

    private void configs(Admin ours, org.apache.kafka.clients.admin.Admin theirs) throws Exception {
        make(ours, new NewTopic("admin-configs", 1, 1,
                Map.of("max.message.bytes", "5000")));
        var topic = Resource.topic("admin-configs");
        ours.configs().alter(Map.of(topic, List.of(Change.set("retention.ms", "1000000"),
                Change.append("cleanup.policy", "compact"), Change.delete("max.message.bytes"))), false)
                .all();
        ours.configs().alter(Map.of(topic, List.of(Change.set("segment.ms", "9999"))), true).all();
        ours.configs().alter(Map.of(topic, List.of(Change.subtract("cleanup.policy", "delete"))), false)
                .all();
        var broker = Resource.broker(1);
        ours.configs().alter(Map.of(broker, List.of(Change.set("log.cleaner.backoff.ms", "77"))), false)
                .all();
        for (var resource : List.of(topic, broker)) {
            var theirName = new ConfigResource(resource == topic ? ConfigResource.Type.TOPIC
                    : ConfigResource.Type.BROKER, resource.name());
            Until.holds("the change is there", () -> "", () -> !configs(theirs, theirName).equals(Map.of())
                    && configs(theirs, theirName).toString()
                    .contains(resource == topic ? "1000000" : "=77 "));
            expectEqual(configs(theirs, theirName), configs(ours, resource), "the configuration of "
                    + resource);
        }
        expectEqual("compact", value(ours, topic, "cleanup.policy"), "cleanup.policy");
        ours.configs().alter(Map.of(broker, List.of(Change.set("log.cleaner.backoff.ms", "100"))), false)
                .all();
        expectError(ErrorCode.INVALID_CONFIG, ours.configs().alter(Map.of(topic,
                List.of(Change.set("retention.ms", "long"))), false), topic);
        var none = Resource.topic("refused-no");
        expectError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ours.configs().alter(Map.of(none,
                List.of(Change.set("retention.ms", "1"))), false), none);
        expectError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ours.configs().describe(List.of(none)), none);
    }

    private static String value(Admin ours, Resource resource, String key) {
        return ours.configs().describe(List.of(resource)).of(resource).stream()
                .filter(entry -> entry.name().equals(key)).findFirst().orElseThrow().value();
    }

    private static Map<String, String> configs(org.apache.kafka.clients.admin.Admin theirs,
            ConfigResource resource) throws Exception {
        return get(theirs.describeConfigs(List.of(resource)).all()).get(resource).entries().stream()
                .collect(Collectors.toMap(entry -> entry.name(), entry -> entry.value() + " "
                + entry.isReadOnly()
                        + " " + entry.isSensitive(), (one, other) -> one, TreeMap::new));
    }

    private static Map<String, String> configs(Admin ours, Resource resource) {
        return ours.configs().describe(List.of(resource)).of(resource).stream()
                .collect(Collectors.toMap(Configs.Entry::name, entry -> entry.value() + " " + entry.readOnly()
                        + " " + entry.sensitive(), (one, other) -> one, TreeMap::new));
    }

    private void offsets(Admin ours, org.apache.kafka.clients.admin.Admin theirs) throws Exception {
        make(ours, new NewTopic("admin-offsets", 2, 1, Map.of()));
        long first = System.currentTimeMillis() - 3_600_000;
        try (var producer = target.clients().producer(Map.of())) {
            for (long time : new long[] {1000, 3000, 2000, 3000}) {
                get(producer, new ProducerRecord<>("admin-offsets", 0, first + time, null, new byte[] {1}));
            }
        }
        var zero = new TopicPartition("admin-offsets", 0);
        var kafkas = new org.apache.kafka.common.TopicPartition("admin-offsets", 0);
        var specs = Map.of(Offsets.EARLIEST, OffsetSpec.earliest(), Offsets.LATEST, OffsetSpec.latest(),
                Offsets.MAX_TIMESTAMP, OffsetSpec.maxTimestamp(), first + 1001,
                OffsetSpec.forTimestamp(first + 1001), first + 3001, OffsetSpec.forTimestamp(first + 3001));
        for (var spec : specs.entrySet()) {
            var their = get(theirs.listOffsets(Map.of(kafkas, spec.getValue())).partitionResult(kafkas));
            var our = ours.offsets().list(Map.of(zero, spec.getKey()), false).of(zero);
            expectEqual(their.offset() + " at " + their.timestamp(), our.offset() + " at "
                    + our.timestampMs(),
                    "the offset for " + spec.getValue());
        }
        expectEqual(2L, ours.topics().deleteRecords(Map.of(zero, 2L)).of(zero), "the first after a deletion");
        expectEqual(2L, ours.offsets().list(Map.of(zero, Offsets.EARLIEST), true).of(zero).offset(),
                "earliest");
        expectEqual(4L, ours.topics().deleteRecords(Map.of(zero, -1L)).of(zero), "after all were deleted");
        expectError(ErrorCode.OFFSET_OUT_OF_RANGE, ours.topics().deleteRecords(Map.of(zero, 9L)), zero);
    }

    private static void get(org.apache.kafka.clients.producer.Producer<byte[], byte[]> producer,
            ProducerRecord<byte[], byte[]> record) throws Exception {
        producer.send(record).get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    private void groups(Admin ours, org.apache.kafka.clients.admin.Admin theirs) throws Exception {
        make(ours, new NewTopic("admin-grouped", 4, 1, Map.of()));
        var partitions = Seen.partitions("admin-grouped", 4);
        var offsets = new HashMap<TopicPartition, Long>();
        partitions.forEach(partition -> offsets.put(partition, 7L + partition.partition()));
        for (var protocol : List.of("classic", "consumer")) {
            var group = "admin-" + protocol;
            ours.groups().alterOffsets(group, offsets).all();
            var settings = Map.<String, Object>of("group.id", group, "group.protocol", protocol,
                    "client.id", "the-client", "auto.offset.reset", "latest");
            try (var consumer = target.clients().consumer(settings)) {
                consumer.subscribe(List.of("admin-grouped"));
                joined(consumer, 4);
                var listed = ours.groups().list().get(group);
                expectEqual(protocol + " Stable consumer", listed.type().toLowerCase() + " " + listed.state()
                        + " " + listed.protocolType(), "what is listed");
                var their = get(theirs.describeConsumerGroups(List.of(group)).all()).get(group);
                var our = ours.groups().describe(List.of(group)).of(group);
                expectEqual(their.partitionAssignor(), our.protocol(), "its assignor");
                expectEqual("Stable", our.state(), "its state");
                expectEqual(1, our.members().size(), "its members");
                var member = our.members().getFirst();
                var theirMember = their.members().iterator().next();
                expectEqual(theirMember.consumerId() + theirMember.clientId() + theirMember.host(),
                        member.id() + member.clientId() + member.host(), "its member");
                expectEqual(Set.copyOf(partitions), Set.copyOf(member.assignment()), "what the member has");
                expectRefusedBecauseOfMembers(ours, group, offsets);
            }
            expectEqual(offsets, offsets(ours, group), "what is committed");
            expectEqual(offsets.toString(), theirOffsets(theirs, group).toString(),
                    "what Kafka's admin sees");
            ours.groups().deleteOffsets(group, partitions.subList(0, 2)).all();
            expectEqual(2, offsets(ours, group).size(), "offsets that are left");
            ours.groups().delete(List.of(group)).all();
            expect(!ours.groups().list().containsKey(group), "it is listed still");
        }
    }

    private static void joined(KafkaConsumer<byte[], byte[]> consumer, int partitions) throws Exception {
        Until.holds("it has " + partitions + " partitions", () -> consumer.assignment().toString(), () -> {
            consumer.poll(POLL);
            return consumer.assignment().size() == partitions;
        });
    }

    private static void expectRefusedBecauseOfMembers(Admin ours, String group,
            Map<TopicPartition, Long> offsets) {
        var partition = offsets.keySet().iterator().next();
        expectError(ErrorCode.NON_EMPTY_GROUP, ours.groups().delete(List.of(group)), group);
        expectError(ErrorCode.UNKNOWN_MEMBER_ID, ours.groups().alterOffsets(group, offsets), partition);
        expectError(ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC,
                ours.groups().deleteOffsets(group, List.of(partition)), partition);
    }

    private static Map<TopicPartition, Long> offsets(Admin ours, String group) {
        return ours.groups().committed(List.of(group)).of(group).entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, each -> each.getValue().offset()));
    }

    private static Map<TopicPartition, Long> theirOffsets(org.apache.kafka.clients.admin.Admin theirs,
            String group) throws Exception {
        var offsets = new HashMap<TopicPartition, Long>();
        get(theirs.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()).forEach((each, offset) ->
                offsets.put(new TopicPartition(each.topic(), each.partition()), offset.offset()));
        return offsets;
    }

    private void groupsRefused(Admin ours, org.apache.kafka.clients.admin.Admin theirs) {
        expectError(ErrorCode.GROUP_ID_NOT_FOUND, ours.groups().delete(List.of("admin-nobody")),
                "admin-nobody");
        expectError(ErrorCode.GROUP_ID_NOT_FOUND, ours.groups().describe(List.of("admin-nobody")),
                "admin-nobody");
        expectEqual(Map.of(), ours.groups().committed(List.of("admin-nobody")).of("admin-nobody"),
                "offsets of a group that is not there");
    }

    private void transactions(Admin ours, org.apache.kafka.clients.admin.Admin theirs) throws Exception {
        make(ours, new NewTopic("admin-transactions", 2, 1, Map.of()));
        try (var topic = new TransactedTopic(target.clients(), target.clients().admin(),
                "admin-transactions", 2);
                var producer = topic.transactional("admin-id")) {
            producer.beginTransaction();
            topic.sendEverywhere(producer, "one");
            var listed = ours.transactions().list().get("admin-id");
            expectEqual("Ongoing", listed.state(), "what is listed");
            var their = get(theirs.describeTransactions(List.of("admin-id")).description("admin-id"));
            var our = ours.transactions().describe(List.of("admin-id")).of("admin-id");
            expectEqual(their.producerId() + " " + their.producerEpoch() + " " + their.transactionTimeoutMs()
                    + " " + their.transactionStartTimeMs().orElse(-1), our.producerId() + " "
                    + our.producerEpoch() + " " + our.timeoutMs() + " " + our.startMs(), "what is described");
            expectEqual(Set.copyOf(Seen.partitions("admin-transactions", 2)), Set.copyOf(our.partitions()),
                    "its partitions");
            var partition = new TopicPartition("admin-transactions", 1);
            var active = ours.transactions().producers(List.of(partition)).of(partition);
            expectEqual(1, active.size(), "producers of a partition");
            expectEqual(listed.producerId() + " from 0", active.getFirst().producerId() + " from "
                    + active.getFirst().startOffset(), "the producer");
            var fenced = ours.transactions().fence(List.of("admin-id")).of("admin-id");
            expectEqual(our.producerId(), fenced.producerId(), "the producer that was fenced");
            topic.settles();
            expectEqual(List.of(List.of(), List.of()), topic.committed(), "what is committed of it");
        }
        var gone = "admin-no-id";
        expectError(ErrorCode.TRANSACTIONAL_ID_NOT_FOUND, ours.transactions().describe(List.of(gone)), gone);
    }

    private void cluster(Admin ours, org.apache.kafka.clients.admin.Admin theirs) throws Exception {
        var cluster = ours.cluster();
        var their = theirs.describeCluster();
        expectEqual(get(their.clusterId()), cluster.id(), "its id");
        expectEqual(get(their.controller()).id(), cluster.controller(), "its controller");
        expectEqual(get(their.nodes()).stream().map(node -> node.host() + ":" + node.port()).toList(),
                new ArrayList<>(cluster.nodes().values()).stream().map(node -> node.address()).toList(),
                "nodes");
        var features = new TreeMap<String, Integer>();
        get(theirs.describeFeatures().featureMetadata()).finalizedFeatures().forEach((name, range) ->
                features.put(name, (int) range.maxVersionLevel()));
        expectEqual(features, new TreeMap<>(cluster.features()), "its features");
        expectRefused(ErrorCode.NETWORK_EXCEPTION, "an admin of nobody", () ->
                Admin.builder("127.0.0.1:" + ApacheKafka.freePort()).open());
    }
}
