package daybook.cli;

import daybook.cli.Flag.Pair;
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
    private static final Flag<?> INTERNAL = Flag.of("internal", "also what brokers keep for themselves");
    private static final Flag<Long> PARTITIONS = Flag.of("partitions", "N", "how many each is to have in all")
            .number(1, Short.MAX_VALUE);
    private static final Flag<Long> REPLICATION = Flag
            .of("replication", "N", "how many brokers keep each of them").number(1, Short.MAX_VALUE);
    private static final Flag<Pair> CONFIG = Flag.of("config", "KEY=VALUE", "as retention.ms=60000").pairs();
    private static final Flag<?> IF_NOT_EXISTS = Flag.of("if-not-exists", "leave one alone that is there");
    private static final Flag<?> IF_EXISTS = Flag.of("if-exists", "say nothing of one that is not there");
    static final Command COMMAND = Command.group("topics", "list, describe, create, alter and delete topics",
            Command.of("topics list", "", "what topics there are", Operator.rows(Topics::list))
                    .flags(INTERNAL, Flag.JSON, Flag.BOOTSTRAP)
                    .examples("bin/daybook topics list", "bin/daybook topics list --internal --json"),
            Command.of("topics describe", "[TOPIC]...", "partitions, offsets, and what is configured",
                    Operator.pages(Topics::describe))
                    .flags(INTERNAL, Flag.JSON, Flag.BOOTSTRAP)
                    .examples("bin/daybook topics describe", "bin/daybook topics describe orders"),
            Command.of("topics create", "TOPIC...", "make topics", Operator.lines(Topics::create))
                    .about("""
                            Makes topics. What is not said is as the broker is configured (num.partitions,
                            default.replication.factor).
                            """)
                    .flags(PARTITIONS, REPLICATION, CONFIG, IF_NOT_EXISTS, Operator.DRY_RUN, Flag.BOOTSTRAP)
                    .examples("bin/daybook topics create orders --partitions 3",
                            "bin/daybook topics create sessions --config cleanup.policy=compact"),
            Command.of("topics alter", "TOPIC...", "give topics more partitions",
                    Operator.lines(Topics::alter))
                    .about("""
                            Gives topics more partitions: never fewer, and records stay where they are, so
                            that a key may go to another one from then on. Their configuration is altered
                            by bin/daybook configs alter topic.
                            """)
                    .flags(PARTITIONS, Operator.DRY_RUN, Flag.BOOTSTRAP)
                    .examples("bin/daybook topics alter orders --partitions 6"),
            Command.of("topics delete", "TOPIC...", "delete topics and all that they hold",
                    Operator.lines(Topics::delete))
                    .flags(IF_EXISTS, Flag.BOOTSTRAP)
                    .examples("bin/daybook topics delete orders"));

    /** In place of a number: what the broker is configured to give. */
    private static final long AS_CONFIGURED = -1;

    private Topics() { }

    private static List<Map<String, Object>> list(Operator operator, Arguments arguments) {
        return topics(operator, arguments).values().stream().map(topic -> Json.object(
                "topic", topic.name(), "partitions", topic.partitions().size(),
                "replication", topic.partitions().getFirst().replicas().size())).toList();
    }

    private static Map<String, Topic> topics(Operator operator, Arguments arguments) {
        var topics = new LinkedHashMap<>(operator.admin().topics().list());
        topics.values().removeIf(topic -> topic.internal() && !arguments.has(INTERNAL));
        return topics;
    }

    private static Outcomes<String, Map<String, Object>> describe(Operator operator, Arguments arguments) {
        var found = arguments.operands().isEmpty() ? new Outcomes<>(topics(operator, arguments), Map.of())
                : operator.admin().topics().describe(arguments.operands());
        var topics = found.values().values();
        var partitions = topics.stream().flatMap(Topics::led).toList();
        var begins = operator.offsets(partitions, Offsets.EARLIEST);
        var ends = operator.offsets(partitions, Offsets.LATEST);
        var configs = operator.admin().configs()
                .describe(topics.stream().map(topic -> Resource.topic(topic.name())).toList()).values();
        return found.map((name, topic) -> Json.object(
                "topic", name, "id", topic.id(), "internal", topic.internal(),
                "configured", configured(configs.get(Resource.topic(name))),
                "partitions", topic.partitions().stream()
                        .map(partition -> row(topic, partition, begins, ends)).toList()));
    }

    /** The partitions that can be asked for their offsets. */
    private static Stream<TopicPartition> led(Topic topic) {
        return Operator.partitions(topic).stream()
                .filter(each -> topic.partitions().get(each.partition()).leader() != Topic.NO_LEADER);
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
            Map<TopicPartition, Long> begins, Map<TopicPartition, Long> ends) {
        var key = new TopicPartition(topic.name(), partition.index());
        return Json.object("partition", partition.index(),
                "leader", partition.leader() == Topic.NO_LEADER ? null : partition.leader(),
                "replicas", partition.replicas(), "inSync", partition.inSyncReplicas(),
                "beginning", begins.get(key), "end", ends.get(key));
    }

    private static Outcomes<String, String> create(Operator operator, Arguments arguments) {
        int partitions = arguments.value(PARTITIONS, AS_CONFIGURED).intValue();
        int replication = arguments.value(REPLICATION, AS_CONFIGURED).intValue();
        var configs = arguments.map(CONFIG);
        var topics = arguments.operands().stream()
                .map(name -> new NewTopic(name, partitions, replication, configs)).toList();
        boolean dryRun = arguments.has(Operator.DRY_RUN);
        var admin = operator.admin().topics();
        var made = dryRun ? admin.validate(topics) : admin.create(topics);
        return operator.without(IF_NOT_EXISTS, ErrorCode.TOPIC_ALREADY_EXISTS, made)
                .map((name, topic) -> (dryRun ? "Would create " : "Created ") + name
                        + ", partitions: " + topic.partitions()
                        + ", replication: " + topic.replicationFactor());
    }

    private static Outcomes<String, String> alter(Operator operator, Arguments arguments) {
        int partitions = arguments.required(PARTITIONS).intValue();
        var counts = new LinkedHashMap<String, Integer>();
        arguments.operands().forEach(name -> counts.put(name, partitions));
        boolean dryRun = arguments.has(Operator.DRY_RUN);
        return operator.admin().topics().addPartitions(counts, dryRun).map((name, count) ->
                (dryRun ? "Would alter " : "Altered ") + name + ", partitions: " + count);
    }

    private static Outcomes<String, String> delete(Operator operator, Arguments arguments) {
        return operator.without(IF_EXISTS, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                operator.admin().topics().delete(arguments.operands())).map((name, id) -> "Deleted " + name);
    }
}
