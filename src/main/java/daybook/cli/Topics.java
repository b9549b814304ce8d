package daybook.cli;

import daybook.client.Admin;
import daybook.client.Configs;
import daybook.client.Configs.Resource;
import daybook.client.Offsets;
import daybook.client.Outcomes;
import daybook.client.Topic;
import daybook.client.TopicPartition;
import daybook.client.Topics.NewTopic;
import daybook.wire.ErrorCode;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** {@code bin/daybook topics}: what topics there are. */
final class Topics {
    private static final Flag INTERNAL = Flag.of("internal", "also those that brokers keep for themselves");
    private static final Flag PARTITIONS = Flag.of("partitions", "N", "how many each is to have in all");
    private static final Flag REPLICATION = Flag.of("replication", "N", "how many brokers keep each of them");
    private static final Flag CONFIG = Flag.of("config", "KEY=VALUE", "as retention.ms=60000").repeated();
    private static final Flag IF_NOT_EXISTS = Flag.of("if-not-exists", "leave one alone that is there");
    private static final Flag IF_EXISTS = Flag.of("if-exists", "say nothing of one that is not there");
    static final Command COMMAND = Command.group("topics", "list, describe, create, alter and delete topics",
            Command.of("topics list", "", "what topics there are", Topics::list)
                    .flags(INTERNAL, Flag.JSON, Flag.BOOTSTRAP)
                    .examples("bin/daybook topics list", "bin/daybook topics list --internal --json"),
            Command.of("topics describe", "[TOPIC]...", "partitions, offsets, and what is configured",
                    Topics::describe)
                    .flags(INTERNAL, Flag.JSON, Flag.BOOTSTRAP)
                    .examples("bin/daybook topics describe", "bin/daybook topics describe orders"),
            Command.of("topics create", "TOPIC...", "make topics", Topics::create)
                    .about("""
                            Makes topics. What is not said is as the broker is configured (num.partitions,
                            default.replication.factor).
                            """)
                    .flags(PARTITIONS, REPLICATION, CONFIG, IF_NOT_EXISTS, Operator.DRY_RUN, Flag.BOOTSTRAP)
                    .examples("bin/daybook topics create orders --partitions 3",
                            "bin/daybook topics create sessions --config cleanup.policy=compact"),
            Command.of("topics alter", "TOPIC...", "give topics more partitions", Topics::alter)
                    .about("""
                            Gives topics more partitions: never fewer, and records stay where they are, so
                            that a key may go to another one from then on. Their configuration is altered
                            by bin/daybook configs alter topic.
                            """)
                    .flags(PARTITIONS, Operator.DRY_RUN, Flag.BOOTSTRAP)
                    .examples("bin/daybook topics alter orders --partitions 6"),
            Command.of("topics delete", "TOPIC...", "delete topics and all that they hold", Topics::delete)
                    .flags(IF_EXISTS, Flag.BOOTSTRAP)
                    .examples("bin/daybook topics delete orders"));

    private Topics() { }

    private static int list(Arguments arguments, Streams streams) {
        try (var admin = Operator.admin(arguments)) {
            Sheet.rows(arguments, streams, topics(admin, arguments).stream().map(topic -> Json.object(
                    "topic", topic.name(), "partitions", topic.partitions().size(),
                    "replication", topic.partitions().getFirst().replicas().size())).toList());
        }
        return 0;
    }

    private static List<Topic> topics(Admin admin, Arguments arguments) {
        return admin.topics().list().values().stream()
                .filter(topic -> arguments.has(INTERNAL) || !topic.internal()).toList();
    }

    private static int describe(Arguments arguments, Streams streams) {
        try (var admin = Operator.admin(arguments)) {
            var found = arguments.operands().isEmpty()
                    ? new Outcomes<>(byName(topics(admin, arguments)), Map.of())
                    : admin.topics().describe(arguments.operands());
            var topics = found.values().values();
            var partitions = topics.stream().flatMap(Topics::led).toList();
            var begins = admin.offsets().list(Offsets.all(partitions, Offsets.EARLIEST), false).values();
            var ends = admin.offsets().list(Offsets.all(partitions, Offsets.LATEST), false).values();
            var configs = admin.configs()
                    .describe(topics.stream().map(topic -> Resource.topic(topic.name())).toList()).values();
            Sheet.pages(arguments, streams, topics.stream().map(topic -> Json.object(
                    "topic", topic.name(), "id", topic.id(), "internal", topic.internal(),
                    "configured", configured(configs.get(Resource.topic(topic.name()))),
                    "partitions", topic.partitions().stream()
                            .map(partition -> row(topic, partition, begins, ends)).toList())).toList());
            return Operator.failures(streams, found);
        }
    }

    /** The partitions that can be asked for their offsets. */
    private static Stream<TopicPartition> led(Topic topic) {
        return Operator.partitions(topic).stream()
                .filter(each -> topic.partitions().get(each.partition()).leader() != Topic.NO_LEADER);
    }

    private static Map<String, Topic> byName(List<Topic> topics) {
        var byName = new LinkedHashMap<String, Topic>();
        topics.forEach(topic -> byName.put(topic.name(), topic));
        return byName;
    }

    /** What is configured for the topic itself. */
    private static Map<String, String> configured(List<Configs.Entry> entries) {
        var configured = new LinkedHashMap<String, String>();
        for (var entry : entries == null ? List.<Configs.Entry>of() : entries) {
            if (entry.source() == Configs.Source.TOPIC) {
                configured.put(entry.name(), entry.value());
            }
        }
        return configured;
    }

    private static Map<String, Object> row(Topic topic, Topic.Partition partition,
            Map<TopicPartition, Offsets.Found> begins, Map<TopicPartition, Offsets.Found> ends) {
        var key = new TopicPartition(topic.name(), partition.index());
        return Json.object("partition", partition.index(),
                "leader", partition.leader() == Topic.NO_LEADER ? null : partition.leader(),
                "replicas", partition.replicas(), "inSync", partition.inSyncReplicas(),
                "beginning", begins.containsKey(key) ? begins.get(key).offset() : null,
                "end", ends.containsKey(key) ? ends.get(key).offset() : null);
    }

    private static int create(Arguments arguments, Streams streams) {
        int partitions = count(arguments, PARTITIONS);
        int replication = count(arguments, REPLICATION);
        var configs = Operator.pairs(arguments, CONFIG);
        var topics = arguments.operands().stream()
                .map(name -> new NewTopic(name, partitions, replication, configs)).toList();
        try (var admin = Operator.admin(arguments)) {
            boolean dryRun = arguments.has(Operator.DRY_RUN);
            var made = dryRun ? admin.topics().validate(topics) : admin.topics().create(topics);
            made.values().forEach((name, topic) -> streams.out().line((dryRun ? "Would create " : "Created ")
                    + Streams.printable(name) + ", partitions: " + topic.partitions()
                    + ", replication: " + topic.replicationFactor()));
            return Operator.failures(streams, arguments.has(IF_NOT_EXISTS)
                    ? Operator.without(ErrorCode.TOPIC_ALREADY_EXISTS, made) : made);
        }
    }

    /** -1 where the flag is not given, which means what the broker is configured to give. */
    private static int count(Arguments arguments, Flag flag) {
        return arguments.has(flag) ? (int) arguments.number(flag, 1, Short.MAX_VALUE) : -1;
    }

    private static int alter(Arguments arguments, Streams streams) {
        int partitions = (int) arguments.number(PARTITIONS, 1, Short.MAX_VALUE);
        var counts = new LinkedHashMap<String, Integer>();
        arguments.operands().forEach(name -> counts.put(name, partitions));
        boolean dryRun = arguments.has(Operator.DRY_RUN);
        try (var admin = Operator.admin(arguments)) {
            var altered = admin.topics().addPartitions(counts, dryRun);
            var did = dryRun ? "Would alter " : "Altered ";
            altered.values().forEach((name, count) -> streams.out()
                    .line(did + Streams.printable(name) + ", partitions: " + count));
            return Operator.failures(streams, altered);
        }
    }

    private static int delete(Arguments arguments, Streams streams) {
        try (var admin = Operator.admin(arguments)) {
            var deleted = admin.topics().delete(arguments.operands());
            deleted.values().keySet()
                    .forEach(name -> streams.out().line("Deleted " + Streams.printable(name)));
            return Operator.failures(streams, arguments.has(IF_EXISTS)
                    ? Operator.without(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, deleted) : deleted);
        }
    }
}
