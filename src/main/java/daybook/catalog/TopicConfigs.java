package daybook.catalog;

import daybook.catalog.ConfigKey.Type;
import daybook.catalog.ConfigValue.Source;
import daybook.catalog.ConfigValue.Synonym;
import daybook.log.LogConfig;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import static daybook.catalog.Allowed.ANY;
import static daybook.catalog.Allowed.REPLICAS;
import static daybook.catalog.Allowed.atLeast;
import static daybook.catalog.Allowed.between;
import static daybook.catalog.Allowed.oneOf;
import static daybook.catalog.ConfigKey.Type.BOOLEAN;
import static daybook.catalog.ConfigKey.Type.DOUBLE;
import static daybook.catalog.ConfigKey.Type.INT;
import static daybook.catalog.ConfigKey.Type.LIST;
import static daybook.catalog.ConfigKey.Type.LONG;
import static daybook.catalog.ConfigKey.Type.STRING;

/**
 * The configuration of topics: the table of its keys, what they may be, what holds where they are not set.
 */
public final class TopicConfigs {
    private static final String FOREVER = Long.toString(Long.MAX_VALUE);

    /** All keys that Apache Kafka has for topics, by name. */
    public static final Map<String, ConfigKey> KEYS = table();

    private TopicConfigs() { }

    /**
     * What is wrong with the configuration of a topic, in Kafka's words; null where nothing is.
     *
     * @param overrides all that is set for the topic
     */
    public static String error(Map<String, String> overrides, BrokerConfig broker) {
        for (var override : overrides.entrySet()) {
            var key = KEYS.get(override.getKey());
            if (key == null) {
                return "Unknown topic config name: " + override.getKey();
            }
            var error = key.error(override.getValue());
            if (error != null) {
                return error;
            }
        }
        long least = (Long) value("min.compaction.lag.ms", overrides, broker);
        long most = (Long) value("max.compaction.lag.ms", overrides, broker);
        return least <= most ? null : "conflict topic config setting min.compaction.lag.ms (" + least
                + ") > max.compaction.lag.ms (" + most + ")";
    }

    /** What holds for a topic. */
    public static TopicConfig effective(Map<String, String> overrides, BrokerConfig broker) {
        boolean deletes = ((List<?>) value("cleanup.policy", overrides, broker)).contains("delete");
        var log = new LogConfig(
                integer("segment.bytes", overrides, broker),
                number("segment.ms", overrides, broker),
                number("segment.jitter.ms", overrides, broker),
                integer("segment.index.bytes", overrides, broker),
                integer("index.interval.bytes", overrides, broker),
                deletes ? number("retention.ms", overrides, broker) : -1,
                deletes ? number("retention.bytes", overrides, broker) : -1,
                integer("max.message.bytes", overrides, broker),
                value("message.timestamp.type", overrides, broker).equals("LogAppendTime"),
                number("message.timestamp.before.max.ms", overrides, broker),
                number("message.timestamp.after.max.ms", overrides, broker),
                number("file.delete.delay.ms", overrides, broker),
                number("flush.messages", overrides, broker),
                number("flush.ms", overrides, broker),
                (Boolean) value("preallocate", overrides, broker));
        return new TopicConfig(log, integer("min.insync.replicas", overrides, broker));
    }

    /** All keys as DescribeConfigs tells them of a topic. */
    public static List<ConfigValue> describe(Map<String, String> overrides, BrokerConfig broker) {
        var described = new ArrayList<ConfigValue>();
        for (var key : KEYS.values()) {
            var value = ConfigKey.text(value(key.name(), overrides, broker));
            var synonyms = new ArrayList<Synonym>();
            if (overrides.containsKey(key.name())) {
                synonyms.add(new Synonym(key.name(), value, Source.DYNAMIC_TOPIC));
            }
            for (var brokerKey : key.synonyms()) {
                synonyms.addAll(broker.synonyms(brokerKey));
            }
            var source = synonyms.isEmpty() ? Source.DEFAULT : synonyms.getFirst().source();
            described.add(new ConfigValue(key, value, source, false, synonyms));
        }
        return described;
    }

    private static int integer(String name, Map<String, String> overrides, BrokerConfig broker) {
        return Math.toIntExact(number(name, overrides, broker));
    }

    private static long number(String name, Map<String, String> overrides, BrokerConfig broker) {
        return (Long) value(name, overrides, broker);
    }

    private static Object value(String name, Map<String, String> overrides, BrokerConfig broker) {
        var key = KEYS.get(name);
        if (overrides.containsKey(name)) {
            return key.parse(overrides.get(name));
        }
        return key.synonyms().isEmpty() ? key.parse(key.defaultValue())
                : broker.known(key.synonyms().getFirst());
    }

    private static Map<String, ConfigKey> table() {
        var keys = new TreeMap<String, ConfigKey>();
        stored(keys);
        served(keys);
        return Collections.unmodifiableMap(keys);
    }

    /** Keys that something reads. */
    private static void served(Map<String, ConfigKey> keys) {
        key(keys, "cleanup.policy", LIST, "delete", oneOf("compact", "delete").servedOnly("delete"),
                "Old segments are deleted; empty: they are kept. Compaction is not built yet.",
                "log.cleanup.policy");
        key(keys, "compression.type", STRING, "producer",
                oneOf("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer").servedOnly("producer"),
                "Batches are kept as the producer compressed them.", "compression.type");
        key(keys, "file.delete.delay.ms", LONG, "60000", atLeast(0),
                "Files of deleted segments stay for this time.", "log.segment.delete.delay.ms");
        key(keys, "flush.messages", LONG, FOREVER, atLeast(1),
                "The log is forced to the disk after so many records.", "log.flush.interval.messages");
        key(keys, "flush.ms", LONG, FOREVER, atLeast(0),
                "The log is forced to the disk after this time.", "log.flush.interval.ms");
        key(keys, "index.interval.bytes", INT, "4096", atLeast(0),
                "Bytes of log between two index entries.", "log.index.interval.bytes");
        key(keys, "max.message.bytes", INT, "1048588", atLeast(0),
                "The largest batch, as it is sent.", "message.max.bytes");
        key(keys, "message.timestamp.after.max.ms", LONG, "3600000", atLeast(0),
                "How far a producer's time may lie after the broker's.",
                "log.message.timestamp.after.max.ms");
        key(keys, "message.timestamp.before.max.ms", LONG, FOREVER, atLeast(0),
                "How far a producer's time may lie before the broker's.",
                "log.message.timestamp.before.max.ms");
        key(keys, "message.timestamp.type", STRING, "CreateTime", oneOf("CreateTime", "LogAppendTime"),
                "Whether a record keeps its producer's time or takes that of its arrival.",
                "log.message.timestamp.type");
        key(keys, "min.insync.replicas", INT, "1", atLeast(1),
                "Replicas that must have a record for acks=all.", "min.insync.replicas");
        key(keys, "preallocate", BOOLEAN, "false", ANY,
                "A new segment takes its whole size on the disk at once.", "log.preallocate");
        key(keys, "retention.bytes", LONG, "-1", ANY,
                "The oldest segments of a partition are deleted while the rest has this size; -1: never.",
                "log.retention.bytes");
        key(keys, "retention.ms", LONG, "604800000", atLeast(-1),
                "A segment is deleted when its newest record is older than this; -1: never.",
                "log.retention.ms");
        key(keys, "segment.bytes", INT, "1073741824", atLeast(1048576),
                "A segment that reaches this is closed.", "log.segment.bytes");
        key(keys, "segment.index.bytes", INT, "10485760", atLeast(4),
                "The largest offset index of a segment.", "log.index.size.max.bytes");
        key(keys, "segment.jitter.ms", LONG, "0", atLeast(0),
                "A random time up to this is taken from segment.ms.", "log.roll.jitter.ms");
        key(keys, "segment.ms", LONG, "604800000", atLeast(1),
                "A segment older than this is closed.", "log.roll.ms");
    }

    /** Keys that are checked and kept, but without effect on one broker without compaction and tiers. */
    private static void stored(Map<String, ConfigKey> keys) {
        key(keys, "compression.gzip.level", INT, "-1", betweenOr(1, 9, -1),
                "No effect while compression.type is producer.");
        key(keys, "compression.lz4.level", INT, "9", between(1, 17),
                "No effect while compression.type is producer.");
        key(keys, "compression.zstd.level", INT, "3", between(-131072, 22),
                "No effect while compression.type is producer.");
        key(keys, "delete.retention.ms", LONG, "86400000", atLeast(0), "No effect without compaction.");
        key(keys, "follower.replication.throttled.replicas", LIST, "", REPLICAS, "No effect on one broker.");
        key(keys, "leader.replication.throttled.replicas", LIST, "", REPLICAS, "No effect on one broker.");
        key(keys, "local.retention.bytes", LONG, "-2", atLeast(-2), "No effect without tiered storage.");
        key(keys, "local.retention.ms", LONG, "-2", atLeast(-2), "No effect without tiered storage.");
        key(keys, "max.compaction.lag.ms", LONG, FOREVER, atLeast(1), "No effect without compaction.");
        key(keys, "min.cleanable.dirty.ratio", DOUBLE, "0.5", between(0, 1), "No effect without compaction.");
        key(keys, "min.compaction.lag.ms", LONG, "0", atLeast(0), "No effect without compaction.");
        key(keys, "remote.log.copy.disable", BOOLEAN, "false", ANY, "No effect without tiered storage.");
        key(keys, "remote.log.delete.on.disable", BOOLEAN, "false", ANY, "No effect without tiered storage.");
        key(keys, "remote.storage.enable", BOOLEAN, "false", oneOf("true", "false").servedOnly("false"),
                "Tiered storage is not built yet.");
        key(keys, "unclean.leader.election.enable", BOOLEAN, "false", ANY, "No effect on one broker.");
    }

    private static void key(Map<String, ConfigKey> keys, String name, Type type, String defaultValue,
            Allowed allowed,
            String documentation, String... synonyms) {
        keys.put(name, new ConfigKey(name, type, defaultValue, allowed, true, List.of(synonyms),
                documentation));
    }
}
