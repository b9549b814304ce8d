package daybook.catalog;

import daybook.catalog.ConfigKey.Type;
import daybook.catalog.ConfigValue.Source;
import daybook.log.LogConfig;
import daybook.record.Codec;

import java.util.List;
import java.util.Locale;
import java.util.Map;

import static daybook.catalog.Allowed.ANY;
import static daybook.catalog.Allowed.REPLICAS;
import static daybook.catalog.Allowed.atLeast;
import static daybook.catalog.Allowed.oneOf;
import static daybook.catalog.ConfigKey.Type.BOOLEAN;
import static daybook.catalog.ConfigKey.Type.LIST;
import static daybook.catalog.ConfigKey.Type.LONG;
import static daybook.catalog.ResourceKeys.served;

/**
 * The configuration of topics: the table of its keys, what they may be, what holds where they are not set.
 */
public final class TopicConfigs {
    private static final String TIERS = "No effect without tiered storage.";
    private static final String ALONE = "No effect on one broker.";

    /** All keys that Apache Kafka has for topics, by name. */
    public static final Map<String, ConfigKey> KEYS = ConfigKey.table(
            served("cleanup.policy", "log.cleanup.policy"),
            served("compression.gzip.level", "compression.gzip.level"),
            served("compression.lz4.level", "compression.lz4.level"),
            served("compression.type", "compression.type"),
            served("compression.zstd.level", "compression.zstd.level"),
            served("delete.retention.ms", "log.cleaner.delete.retention.ms"),
            served("file.delete.delay.ms", "log.segment.delete.delay.ms"),
            served("flush.messages", "log.flush.interval.messages"),
            served("flush.ms", "log.flush.interval.ms", atLeast(0)),
            stored("follower.replication.throttled.replicas", LIST, "", REPLICAS, ALONE),
            served("index.interval.bytes", "log.index.interval.bytes"),
            stored("leader.replication.throttled.replicas", LIST, "", REPLICAS, ALONE),
            stored("local.retention.bytes", LONG, "-2", atLeast(-2), TIERS),
            stored("local.retention.ms", LONG, "-2", atLeast(-2), TIERS),
            served("max.compaction.lag.ms", "log.cleaner.max.compaction.lag.ms"),
            served("max.message.bytes", "message.max.bytes"),
            served("message.timestamp.after.max.ms", "log.message.timestamp.after.max.ms"),
            served("message.timestamp.before.max.ms", "log.message.timestamp.before.max.ms"),
            served("message.timestamp.type", "log.message.timestamp.type"),
            served("min.cleanable.dirty.ratio", "log.cleaner.min.cleanable.ratio"),
            served("min.compaction.lag.ms", "log.cleaner.min.compaction.lag.ms"),
            served("min.insync.replicas", "min.insync.replicas"),
            served("preallocate", "log.preallocate"),
            stored("remote.log.copy.disable", BOOLEAN, "false", ANY, TIERS),
            stored("remote.log.delete.on.disable", BOOLEAN, "false", ANY, TIERS),
            stored("remote.storage.enable", BOOLEAN, "false", oneOf("true", "false").servedOnly("false"),
                    "Tiered storage is not built yet."),
            served("retention.bytes", "log.retention.bytes"),
            served("retention.ms", "log.retention.ms", atLeast(-1)),
            served("segment.bytes", "log.segment.bytes"),
            served("segment.index.bytes", "log.index.size.max.bytes"),
            served("segment.jitter.ms", "log.roll.jitter.ms"),
            served("segment.ms", "log.roll.ms"),
            stored("unclean.leader.election.enable", BOOLEAN, "false", ANY, ALONE));

    private static final ResourceKeys TABLE = new ResourceKeys(KEYS, Source.DYNAMIC_TOPIC);

    private TopicConfigs() { }

    /**
     * What is wrong with the configuration of a topic, in Kafka's words; null where nothing is.
     *
     * @param overrides all that is set for the topic
     */
    public static String error(Map<String, String> overrides, BrokerConfig broker) {
        for (var name : overrides.keySet()) {
            if (!KEYS.containsKey(name)) {
                return "Unknown topic config name: " + name;
            }
        }
        var error = ConfigKey.error(KEYS, overrides);
        if (error != null) {
            return error;
        }
        long least = (Long) TABLE.value("min.compaction.lag.ms", overrides, broker);
        long most = (Long) TABLE.value("max.compaction.lag.ms", overrides, broker);
        return least <= most ? null : "conflict topic config setting min.compaction.lag.ms (" + least
                + ") > max.compaction.lag.ms (" + most + ")";
    }

    /** How few replicas in sync suffice for a topic. */
    public static int minInsyncReplicas(Map<String, String> overrides, BrokerConfig broker) {
        return TABLE.integer("min.insync.replicas", overrides, broker);
    }

    /** What holds for the logs of a topic: its own configuration, and the broker's where it has none. */
    public static LogConfig log(Map<String, String> overrides, BrokerConfig broker) {
        var policy = (List<?>) TABLE.value("cleanup.policy", overrides, broker);
        boolean deletes = policy.contains("delete");
        var compaction = !policy.contains("compact") ? null : new LogConfig.CompactionRules(
                (Double) TABLE.value("min.cleanable.dirty.ratio", overrides, broker),
                TABLE.number("min.compaction.lag.ms", overrides, broker),
                TABLE.number("max.compaction.lag.ms", overrides, broker),
                TABLE.number("delete.retention.ms", overrides, broker),
                deletes);
        return new LogConfig(
                TABLE.integer("segment.bytes", overrides, broker),
                TABLE.number("segment.ms", overrides, broker),
                TABLE.number("segment.jitter.ms", overrides, broker),
                TABLE.integer("segment.index.bytes", overrides, broker),
                TABLE.integer("index.interval.bytes", overrides, broker),
                deletes ? TABLE.number("retention.ms", overrides, broker) : -1,
                deletes ? TABLE.number("retention.bytes", overrides, broker) : -1,
                TABLE.integer("max.message.bytes", overrides, broker),
                TABLE.value("message.timestamp.type", overrides, broker).equals("LogAppendTime"),
                TABLE.number("message.timestamp.before.max.ms", overrides, broker),
                TABLE.number("message.timestamp.after.max.ms", overrides, broker),
                TABLE.number("file.delete.delay.ms", overrides, broker),
                TABLE.number("flush.messages", overrides, broker),
                TABLE.number("flush.ms", overrides, broker),
                (Boolean) TABLE.value("preallocate", overrides, broker),
                compaction,
                compression(overrides, broker));
    }

    /** The codec by its name, with the level of the key that has its name. */
    private static LogConfig.Compression compression(Map<String, String> overrides, BrokerConfig broker) {
        var type = TABLE.value("compression.type", overrides, broker).toString();
        return switch (type) {
            case "producer" -> null;
            case "uncompressed" -> new LogConfig.Compression(Codec.NONE, 0);
            case "snappy" -> new LogConfig.Compression(Codec.SNAPPY, 0);
            default -> new LogConfig.Compression(Codec.valueOf(type.toUpperCase(Locale.ROOT)),
                    TABLE.integer("compression." + type + ".level", overrides, broker));
        };
    }

    /** All keys as DescribeConfigs tells them of a topic. */
    public static List<ConfigValue> describe(Map<String, String> overrides, BrokerConfig broker) {
        return TABLE.describe(overrides, broker);
    }

    /** A key that is checked and kept, but without effect on one broker without tiers. */
    private static ConfigKey stored(String name, Type type, String defaultValue, Allowed allowed,
            String documentation) {
        return new ConfigKey(name, type, defaultValue, allowed, true, List.of(), documentation);
    }
}
