package daybook.api;

import daybook.catalog.BrokerConfig;
import daybook.catalog.Image;
import daybook.catalog.MetadataRecord;
import daybook.catalog.TopicConfigs;
import daybook.catalog.TopicNames;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * CreateTopics (19).
 *
 * <pre>
 *   v2  the lowest served
 *   v4  -1 partitions or replicas: the broker's defaults (KIP-464); taken in all versions, as in Kafka
 *   v5  flexible; the reply has partitions, replicas and configuration of what was made (KIP-525)
 *   v6  THROTTLING_QUOTA_EXCEEDED may be answered (KIP-599)
 *   v7  the reply has the topic's id (KIP-516)
 * </pre>
 * All topics of a request are made in one change of the catalog; one that is refused does not hinder the
 * others. Metadata makes topics here too, when clients ask for what is not there.
 */
record CreateTopics(Services services) {
    /** The most partitions that may be asked for at once, as in Apache Kafka. */
    private static final int PARTITIONS_LIMIT = 10_000;

    private static final Outcome TOO_MANY = new Outcome(ErrorCode.POLICY_VIOLATION,
            "Excessively large number of partitions per request.");

    private static final int DEFAULT = -1;

    /** The brokers a client chose for a partition. */
    record Assignment(int partition, List<Integer> brokers) { }

    /**
     * A topic to make.
     *
     * @param partitions how many, or -1 for the broker's default
     * @param replicationFactor how many replicas of each, or -1 for the broker's default
     * @param assignments a line for each partition, or none to let the broker choose
     * @param configs its own configuration; a null value is refused
     */
    record Wanted(String name, int partitions, int replicationFactor, List<Assignment> assignments,
            Map<String, String> configs) {
        static Wanted byDefault(String name) {
            return new Wanted(name, DEFAULT, DEFAULT, List.of(), Map.of());
        }
    }

    /** What became of a topic, and its id if it was made. */
    record Created(Wanted wanted, Uuid id, Outcome outcome) { }

    void serve(Request request, Reader in, Writer out) {
        var topics = in.structs(CreateTopics::topic);
        int timeoutMs = in.int32();
        boolean validateOnly = in.bool();
        in.tags();
        var created = timeoutMs > 0 ? create(topics, validateOnly)
                : topics.stream().map(topic -> new Created(topic, null, Outcome.TIMED_OUT)).toList();
        out.int32(0).structs(created, this::write).tags();
    }

    private static Wanted topic(Reader in) {
        return new Wanted(in.string(), in.int32(), in.int16(),
                in.structs(each -> new Assignment(each.int32(), each.array(Reader::int32))), configs(in));
    }

    /** A key that comes twice has its last value. */
    private static Map<String, String> configs(Reader in) {
        var configs = new LinkedHashMap<String, String>();
        in.structs(each -> configs.put(each.string(), each.nullableString()));
        return configs;
    }

    private void write(Writer out, Created topic) {
        var config = services.config().get();
        boolean made = !topic.outcome.failed();
        out.string(topic.wanted.name).since(7, more -> more.uuid(made ? topic.id : Uuid.ZERO));
        topic.outcome.write(out);
        out.since(5, more -> more.int32(made ? partitions(topic.wanted, config) : -1).int16(made ? 1 : -1)
                .structs(made ? TopicConfigs.describe(topic.wanted.configs, config) : List.of(),
                        DescribeConfigs::writeBrief));
    }

    /**
     * Makes the topics and returns when they can be written to.
     *
     * @param validateOnly says what would become of them, and makes none
     * @return a line for each name, in the order asked; names that came twice are refused, at the end
     */
    List<Created> create(List<Wanted> wanted, boolean validateOnly) {
        var byName = new TreeMap<String, List<Wanted>>();
        wanted.forEach(each -> byName.computeIfAbsent(each.name, none -> new ArrayList<>()).add(each));
        var single = wanted.stream().filter(each -> byName.get(each.name).size() == 1).toList();
        var config = services.config().get();
        long partitions = single.stream().mapToLong(each -> Math.max(1, partitions(each, config))).sum();
        var ids = new HashMap<String, Uuid>();
        var outcomes = partitions > PARTITIONS_LIMIT ? Collections.nCopies(single.size(), TOO_MANY)
                : services.change(single, Wanted::name, "", validateOnly, (image, each, records) -> {
                    ids.put(each.name, Uuid.random());
                    return decide(image, config, each, ids.get(each.name), records);
                });
        var created = new ArrayList<Created>();
        for (int i = 0; i < single.size(); i++) {
            created.add(new Created(single.get(i), ids.get(single.get(i).name), outcomes.get(i)));
        }
        byName.forEach((name, all) -> {
            if (all.size() > 1) {
                created.add(new Created(all.getFirst(), null, Outcome.invalid("Duplicate topic name.")));
            }
        });
        return created;
    }

    private Outcome decide(Image image, BrokerConfig config, Wanted wanted, Uuid id,
            List<MetadataRecord> records) {
        var refusal = refusal(image, config, wanted);
        if (refusal != null) {
            return refusal;
        }
        records.addAll(services.catalog().changes()
                .createTopic(id, wanted.name, partitions(wanted, config), wanted.configs));
        return Outcome.DONE;
    }

    /** Why a topic cannot be made, or null; what is looked at first is what Apache Kafka looks at first. */
    private Outcome refusal(Image image, BrokerConfig config, Wanted wanted) {
        if (wanted.name.equals("__cluster_metadata")) {
            return Outcome.invalid("Creation of internal topic __cluster_metadata is prohibited.");
        }
        var invalid = TopicNames.error(wanted.name);
        if (invalid != null) {
            return new Outcome(ErrorCode.INVALID_TOPIC_EXCEPTION, invalid);
        }
        if (image.topic(wanted.name) != null) {
            return new Outcome(ErrorCode.TOPIC_ALREADY_EXISTS, "Topic '" + wanted.name + "' already exists.");
        }
        if (!services.logs().hasRoom()) {
            return Outcome.DISK_FULL;
        }
        var collision = TopicNames.collision(image, wanted.name);
        if (collision != null) {
            return new Outcome(ErrorCode.INVALID_TOPIC_EXCEPTION, collision);
        }
        var configError = configError(wanted.configs, config);
        if (configError != null) {
            return new Outcome(ErrorCode.INVALID_CONFIG, configError);
        }
        return wanted.assignments.isEmpty() ? numbersRefusal(config, wanted)
                : assignmentRefusal(image, wanted);
    }

    private static String configError(Map<String, String> configs, BrokerConfig config) {
        var nulls = configs.keySet().stream().filter(key -> configs.get(key) == null).toList();
        return nulls.isEmpty() ? TopicConfigs.error(configs, config)
                : "Null value not supported for topic configs: " + String.join(",", nulls);
    }

    private static Outcome numbersRefusal(BrokerConfig config, Wanted wanted) {
        int factor = wanted.replicationFactor == DEFAULT
                ? config.integer("default.replication.factor") : wanted.replicationFactor;
        if (factor <= 0) {
            return new Outcome(ErrorCode.INVALID_REPLICATION_FACTOR,
                    "Replication factor must be larger than 0, or -1 to use the default value.");
        }
        if (partitions(wanted, config) <= 0) {
            return new Outcome(ErrorCode.INVALID_PARTITIONS,
                    "Number of partitions was set to an invalid non-positive value.");
        }
        return factor == 1 ? null : new Outcome(ErrorCode.INVALID_REPLICATION_FACTOR,
                "Unable to replicate the partition " + factor + " time(s): The target replication factor of "
                        + factor + " cannot be reached because only 1 broker(s) are registered or some"
                        + " brokers have all their log directories cordoned.");
    }

    private static Outcome assignmentRefusal(Image image, Wanted wanted) {
        if (wanted.replicationFactor != DEFAULT || wanted.partitions != DEFAULT) {
            var field = wanted.replicationFactor != DEFAULT ? "replication factor" : "numPartitions";
            return Outcome.invalid("A manual partition assignment was specified, but " + field
                    + " was not set to -1.");
        }
        var indexes = new HashSet<Integer>();
        for (var assignment : wanted.assignments) {
            if (!indexes.add(assignment.partition)) {
                return misplaced("Found multiple manual partition assignments for partition "
                        + assignment.partition);
            }
            var refusal = brokersRefusal(image, assignment.brokers);
            if (refusal != null) {
                return refusal;
            }
        }
        boolean consecutive = indexes.stream().allMatch(index -> index >= 0 && index < indexes.size());
        return consecutive ? null
                : misplaced("partitions should be a consecutive 0-based integer sequence");
    }

    /** What is wrong with a list of brokers that a client chose for a partition; null where nothing is. */
    static Outcome brokersRefusal(Image image, List<Integer> brokers) {
        if (brokers.isEmpty()) {
            return misplaced("The manual partition assignment includes an empty replica list.");
        }
        int before = -1;
        for (int broker : brokers.stream().sorted().toList()) {
            if (broker != image.broker().nodeId()) {
                return misplaced("The manual partition assignment includes broker " + broker
                        + ", but no such broker is registered.");
            }
            if (broker == before) {
                return misplaced("The manual partition assignment includes the broker " + broker
                        + " more than once.");
            }
            before = broker;
        }
        return null;
    }

    static Outcome misplaced(String sentence) {
        return new Outcome(ErrorCode.INVALID_REPLICA_ASSIGNMENT, sentence);
    }

    private static int partitions(Wanted wanted, BrokerConfig config) {
        if (!wanted.assignments.isEmpty()) {
            return wanted.assignments.size();
        }
        return wanted.partitions == DEFAULT ? config.integer("num.partitions") : wanted.partitions;
    }
}
