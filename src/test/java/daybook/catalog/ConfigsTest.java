package daybook.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.catalog.ConfigValue.Source;
import daybook.catalog.ConfigValue.Synonym;
import daybook.log.LogConfig;
import daybook.record.Codec;

import daybook.log.LogConfig;
import org.junit.jupiter.api.Test;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The tables of configuration keys, against what Apache Kafka 4.3.1 says and answers. */
class ConfigsTest {
    private static final BrokerConfig DEFAULTS = BrokerConfig.of(Map.of());

    /** Name, type and default of Apache Kafka 4.3.1's topic configurations. */
    private static final String TOPIC_KEYS = """
            cleanup.policy LIST delete
            compression.gzip.level INT -1
            compression.lz4.level INT 9
            compression.type STRING producer
            compression.zstd.level INT 3
            delete.retention.ms LONG 86400000
            file.delete.delay.ms LONG 60000
            flush.messages LONG 9223372036854775807
            flush.ms LONG 9223372036854775807
            follower.replication.throttled.replicas LIST\s
            index.interval.bytes INT 4096
            leader.replication.throttled.replicas LIST\s
            local.retention.bytes LONG -2
            local.retention.ms LONG -2
            max.compaction.lag.ms LONG 9223372036854775807
            max.message.bytes INT 1048588
            message.timestamp.after.max.ms LONG 3600000
            message.timestamp.before.max.ms LONG 9223372036854775807
            message.timestamp.type STRING CreateTime
            min.cleanable.dirty.ratio DOUBLE 0.5
            min.compaction.lag.ms LONG 0
            min.insync.replicas INT 1
            preallocate BOOLEAN false
            remote.log.copy.disable BOOLEAN false
            remote.log.delete.on.disable BOOLEAN false
            remote.storage.enable BOOLEAN false
            retention.bytes LONG -1
            retention.ms LONG 604800000
            segment.bytes INT 1073741824
            segment.index.bytes INT 10485760
            segment.jitter.ms LONG 0
            segment.ms LONG 604800000
            unclean.leader.election.enable BOOLEAN false
            """;

    /** Key, value, and what follows "Invalid value V for configuration K: "; nothing where it is fine. */
    private static final String VALUES = """
            segment.bytes|x|Not a number of type INT
            segment.bytes|1.5|Not a number of type INT
            segment.bytes|99999999999|Not a number of type INT
            segment.bytes||Not a number of type INT
            segment.bytes|1048575|Value must be at least 1048576
            segment.bytes|1048576|
            segment.bytes| 2000000 |
            segment.ms|0|Value must be at least 1
            segment.ms|5 |
            retention.ms|-2|Value must be at least -1
            retention.ms|x|Not a number of type LONG
            retention.ms|99999999999999999999|Not a number of type LONG
            retention.ms|9223372036854775807|
            retention.bytes|-3|
            local.retention.bytes|-3|Value must be at least -2
            min.cleanable.dirty.ratio|0.75|
            min.cleanable.dirty.ratio|1.5|Value must be no more than 1
            min.cleanable.dirty.ratio|x|Not a number of type DOUBLE
            compression.gzip.level|0|Value must be between 1 and 9 or equal to -1
            compression.gzip.level|-1|
            compression.gzip.level|9|
            compression.lz4.level|17|
            compression.lz4.level|18|Value must be no more than 17
            compression.zstd.level|23|Value must be no more than 22
            compression.type|x|String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer
            compression.type|gzip|
            compression.type|producer|
            cleanup.policy|x|String must be one of: compact, delete
            cleanup.policy|delete|
            cleanup.policy||
            cleanup.policy|delete,delete|
            message.timestamp.type|createtime|String must be one of: CreateTime, LogAppendTime
            message.timestamp.type|LogAppendTime|
            preallocate|yes|Expected value to be either true or false
            preallocate|TRUE|
            remote.storage.enable|true|Daybook serves only: false
            remote.storage.enable|false|
            remote.storage.enable|1|Expected value to be either true or false
            leader.replication.throttled.replicas|*|
            leader.replication.throttled.replicas|1:2,3:4|
            leader.replication.throttled.replicas||
            min.insync.replicas|0|Value must be at least 1
            unclean.leader.election.enable|true|
            """;

    @Test
    void topicKeysAreKafkas() {
        var mine = TopicConfigs.KEYS.values().stream()
                .map(key -> key.name() + " " + key.type() + " " + key.defaultValue() + "\n")
                        .collect(Collectors.joining());
        assertEquals(TOPIC_KEYS, mine);
    }

    @Test
    void topicDefaultsAreTheBrokers() {
        for (var value : TopicConfigs.describe(Map.of(), DEFAULTS)) {
            assertEquals(value.key().defaultValue(), value.value(), value.key().name());
            assertEquals(Source.DEFAULT, value.source(), value.key().name());
        }
    }

    @Test
    void valuesAreCheckedInKafkasWords() {
        for (var line : VALUES.lines().toList()) {
            var parts = line.split("\\|", -1);
            var error = TopicConfigs.error(Map.of(parts[0], parts[1]), DEFAULTS);
            if (parts[2].isEmpty()) {
                assertNull(error, line);
            } else {
                assertEquals("Invalid value " + parts[1] + " for configuration " + parts[0] + ": "
                        + parts[2], error);
            }
        }
    }

    @Test
    void throttledReplicasHaveAForm() {
        var key = "leader.replication.throttled.replicas";
        assertEquals("Invalid value [a, b] for configuration " + key + ": " + key
                + " must be the literal '*' or a list "
                + "of replicas in the following format: [partitionId]:[brokerId],"
                + "[partitionId]:[brokerId],...",
                TopicConfigs.error(Map.of(key, "a, b"), DEFAULTS));
    }

    @Test
    void keysAreCheckedTogether() {
        assertEquals("Unknown topic config name: foo", TopicConfigs.error(Map.of("foo", "bar"), DEFAULTS));
        assertEquals("conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)",
                TopicConfigs.error(Map.of("min.compaction.lag.ms", "10", "max.compaction.lag.ms", "5"),
                        DEFAULTS));
    }

    @Test
    void aTopicWithoutPolicyKeepsEverything() {
        var log = TopicConfigs.log(Map.of("cleanup.policy", "", "retention.ms", "1", "retention.bytes", "1"),
                DEFAULTS);
        assertEquals(-1, log.retentionMs());
        assertEquals(-1, log.retentionBytes());
    }

    @Test
    void aCompactedTopicHasRulesForIt() {
        assertNull(TopicConfigs.log(Map.of(), DEFAULTS).compaction());
        var defaults = TopicConfigs.log(Map.of("cleanup.policy", "compact"), DEFAULTS);
        assertEquals(new LogConfig.CompactionRules(0.5, 0, Long.MAX_VALUE, 86_400_000, false),
                defaults.compaction());
        assertEquals(-1, defaults.retentionMs());
        var broker = BrokerConfig.of(Map.of("log.cleanup.policy", "compact,delete",
                "log.cleaner.min.cleanable.ratio", "0.25", "log.cleaner.delete.retention.ms", "1"));
        var both = TopicConfigs.log(Map.of("min.compaction.lag.ms", "2", "max.compaction.lag.ms", "3",
                "delete.retention.ms", "4"), broker);
        assertEquals(new LogConfig.CompactionRules(0.25, 2, 3, 4, true), both.compaction());
        assertEquals(604_800_000, both.retentionMs());
    }

    @Test
    void threadsThatCompactChangeByHalfOrDoubleAtMost() {
        var four = BrokerConfig.of(Map.of("log.cleaner.threads", "4"));
        assertNull(four.error(Map.of("log.cleaner.threads", "8")));
        assertNull(four.error(Map.of("log.cleaner.threads", "2")));
        assertEquals("Log cleaner threads cannot be increased to more than double the current value 4",
                four.error(Map.of("log.cleaner.threads", "9")));
        assertEquals("Log cleaner threads cannot be reduced to less than half the current value 4",
                four.error(Map.of("log.cleaner.threads", "1")));
        assertEquals("Log cleaner threads should be at least 1",
                four.error(Map.of("log.cleaner.threads", "0")));
        assertEquals("log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.",
                four.error(Map.of("log.cleaner.dedupe.buffer.size", "4194304")));
        assertNull(BrokerConfig.of(Map.of("log.cleaner.threads", "0")).error(Map.of("max.connections", "5")));
    }

    @Test
    void aTopicTakesWhatItDoesNotSetFromTheBroker() {
        var broker = BrokerConfig.of(Map.of("log.retention.hours", "100", "message.max.bytes", "5",
                "log.roll.hours", "2",
                "log.roll.jitter.hours", "1", "log.flush.scheduler.interval.ms", "77", "min.insync.replicas",
                        "3",
                "log.message.timestamp.type", "LogAppendTime", "log.preallocate", "true"));
        var config = TopicConfigs.log(Map.of("max.message.bytes", "6"), broker);
        assertEquals(360_000_000, config.retentionMs());
        assertEquals(6, config.maxMessageBytes());
        assertEquals(7_200_000, config.segmentMs());
        assertEquals(3_600_000, config.segmentJitterMs());
        assertEquals(77, config.flushMs());
        assertEquals(3, TopicConfigs.minInsyncReplicas(Map.of(), broker));
        assertEquals(2, TopicConfigs.minInsyncReplicas(Map.of("min.insync.replicas", "2"), broker));
        assertTrue(config.logAppendTime());
        assertTrue(config.preallocate());
    }

    @Test
    void aTopicsCodecAndItsLevel() {
        var broker = BrokerConfig.of(Map.of("compression.type", "lz4", "compression.lz4.level", "17",
                "compression.zstd.level", "-5"));
        assertEquals(new LogConfig.Compression(Codec.LZ4, 17), compression(broker, Map.of()));
        assertEquals(new LogConfig.Compression(Codec.ZSTD, -5), compression(broker, type("zstd")));
        assertEquals(new LogConfig.Compression(Codec.ZSTD, 7), compression(broker,
                Map.of("compression.type", "zstd", "compression.zstd.level", "7")));
        assertEquals(new LogConfig.Compression(Codec.GZIP, -1), compression(broker, type("gzip")));
        assertEquals(Codec.SNAPPY, compression(broker, type("snappy")).codec());
        assertEquals(Codec.NONE, compression(broker, type("uncompressed")).codec());
        assertNull(compression(broker, type("producer")));
        assertNull(compression(DEFAULTS, Map.of()));
    }

    private static Map<String, String> type(String name) {
        return Map.of("compression.type", name);
    }

    private static LogConfig.Compression compression(BrokerConfig broker, Map<String, String> ofTopic) {
        return TopicConfigs.log(ofTopic, broker).compression();
    }

    @Test
    void synonymsInTheOrderOfKafka() {
        var broker = BrokerConfig.of(Map.of("log.retention.hours", "100", "log.index.interval.bytes", "5000",
                "log.roll.hours", "10")).with(1, image(
                Map.of("log.segment.bytes", "2000000", "min.insync.replicas", "2"),
                Map.of("log.segment.bytes", "3000000", "log.roll.ms", "500000")));
        var topic = byName(TopicConfigs.describe(Map.of("retention.bytes", "77"), broker));
        assertDescribed(topic, "segment.bytes", "3000000", Source.DYNAMIC_BROKER,
                new Synonym("log.segment.bytes", "3000000", Source.DYNAMIC_BROKER),
                new Synonym("log.segment.bytes", "2000000", Source.DYNAMIC_ALL_BROKERS),
                new Synonym("log.segment.bytes", "1073741824", Source.DEFAULT));
        assertDescribed(topic, "segment.ms", "500000", Source.DYNAMIC_BROKER,
                new Synonym("log.roll.ms", "500000", Source.DYNAMIC_BROKER),
                new Synonym("log.roll.hours", "10", Source.STATIC_BROKER),
                new Synonym("log.roll.hours", "168", Source.DEFAULT));
        assertDescribed(topic, "retention.bytes", "77", Source.DYNAMIC_TOPIC,
                new Synonym("retention.bytes", "77", Source.DYNAMIC_TOPIC),
                new Synonym("log.retention.bytes", "-1", Source.DEFAULT));
        assertDescribed(topic, "index.interval.bytes", "5000", Source.STATIC_BROKER,
                new Synonym("log.index.interval.bytes", "5000", Source.STATIC_BROKER),
                new Synonym("log.index.interval.bytes", "4096", Source.DEFAULT));
        assertDescribed(topic, "retention.ms", "360000000", Source.DEFAULT);
        assertDescribed(topic, "flush.ms", "9223372036854775807", Source.DEFAULT);
        var own = byName(broker.describe());
        assertDescribed(own, "log.retention.hours", "100", Source.STATIC_BROKER,
                new Synonym("log.retention.hours", "100", Source.STATIC_BROKER),
                new Synonym("log.retention.hours", "168", Source.DEFAULT));
        assertDescribed(own, "log.retention.ms", null, Source.DEFAULT);
        assertDescribed(own, "node.id", "1", Source.STATIC_BROKER,
                new Synonym("node.id", "1", Source.STATIC_BROKER),
                        new Synonym("node.id", "-1", Source.DEFAULT));
        assertTrue(own.get("log.retention.hours").readOnly());
        assertEquals(List.of("min.insync.replicas", "log.segment.bytes"),
                broker.describeAllBrokers().stream().map(value -> value.key().name()).toList());
    }

    @Test
    void unitsAndSynonymsOfRetention() {
        assertEquals(604_800_000, DEFAULTS.number("log.retention.ms"));
        assertEquals(120_000, BrokerConfig.of(Map.of("log.retention.minutes", "2"))
                .number("log.retention.ms"));
        assertEquals(5, BrokerConfig.of(Map.of("log.retention.ms", "5", "log.retention.minutes", "2"))
                .number("log.retention.ms"));
        assertEquals(-1, BrokerConfig.of(Map.of("log.retention.hours", "-1")).number("log.retention.ms"));
    }

    @Test
    void directoriesAreAList() {
        assertEquals(List.of("data"), DEFAULTS.list("log.dirs"));
        assertEquals(List.of("/a", "/b"), BrokerConfig.of(Map.of("log.dirs", "/a, /b", "log.dir", "/c"))
                .list("log.dirs"));
        assertEquals(List.of("/c"), BrokerConfig.of(Map.of("log.dir", "/c")).list("log.dirs"));
    }

    @Test
    void selectorThreadsGoByTheProcessors() {
        assertEquals(List.of(1, 1, 1, 2, 3, 3), Stream.of(1, 2, 3, 4, 6, 64).map(DEFAULTS::selectorThreads)
                .toList());
        assertEquals(7, BrokerConfig.of(Map.of("num.network.threads", "7")).selectorThreads(2));
        assertWrong("Invalid value 0 for configuration num.network.threads: "
                + "Value must be between 1 and 2147483647 or equal to -1", Map.of("num.network.threads", "0"));
    }

    @Test
    void requestMemoryIsAlwaysBounded() {
        assertEquals(128 << 20, DEFAULTS.requestMemoryBytes());
        assertEquals(500_000_000, BrokerConfig.of(Map.of("socket.request.max.bytes", "500000000"))
                .requestMemoryBytes());
        assertWrong("queued.max.request.bytes is 1000, but must be -1 or at least socket.request.max.bytes, "
                + "which is 104857600", Map.of("queued.max.request.bytes", "1000"));
    }

    @Test
    void aBadValueIsNamed() {
        assertWrong("Invalid value many for configuration num.partitions: Not a number of type INT",
                Map.of("num.partitions", "many"));
        assertWrong("Invalid value disk for configuration daybook.durability: String must be one of: fsync, "
                + "page-cache",
                Map.of("daybook.durability", "disk"));
        assertWrong("log.retention.ms must be unlimited (-1) or, greater than or equal to 1",
                Map.of("log.retention.hours", "0"));
    }

    @Test
    void keysOfGroupsHaveBounds() {
        var session = "group.consumer.session.timeout.ms";
        var heartbeat = "group.consumer.heartbeat.interval.ms";
        assertWrong(session + " must be greater than or equal to group.consumer.min.session.timeout.ms",
                Map.of(session, "44999"));
        assertWrong(session + " must be less than or equal to group.consumer.max.session.timeout.ms",
                Map.of(session, "60001"));
        assertWrong(heartbeat + " must be greater than or equal to group.consumer.min.heartbeat.interval.ms",
                Map.of(heartbeat, "4999"));
        assertWrong("group.consumer.max.heartbeat.interval.ms must be greater than or equal to"
                + " group.consumer.min.heartbeat.interval.ms",
                Map.of("group.consumer.min.heartbeat.interval.ms", "15001"));
        assertWrong(heartbeat + " must be less than " + session, Map.of(heartbeat, "45000",
                "group.consumer.max.heartbeat.interval.ms", "45000"));
        assertWrong("Invalid value x for configuration group.consumer.migration.policy: String must be one"
                + " of (case insensitive): DISABLED, DOWNGRADE, UPGRADE, BIDIRECTIONAL",
                Map.of("group.consumer.migration.policy", "x"));
        assertEquals("Upgrade", BrokerConfig.of(Map.of("group.consumer.migration.policy", "Upgrade"))
                .text("group.consumer.migration.policy"));
        assertWrong("Configuration 'group.consumer.assignors' must not be empty. Valid values include:"
                + " uniform, range", Map.of("group.consumer.assignors", ""));
        assertWrong("Invalid value org.example.Mine for configuration group.consumer.assignors: String must"
                + " be one of: uniform, range", Map.of("group.consumer.assignors", "org.example.Mine"));
        assertWrong("Invalid value 32768 for configuration offsets.topic.replication.factor: Not a number of"
                + " type SHORT", Map.of("offsets.topic.replication.factor", "32768"));
    }

    @Test
    void aGroupsKeysLieBetweenTheBrokersBounds() {
        var session = "consumer.session.timeout.ms";
        var heartbeat = "consumer.heartbeat.interval.ms";
        assertEquals("Invalid value 0 for configuration " + session + ": Value must be at least 1",
                groupError(DEFAULTS, session, "0"));
        assertEquals(session + " must be greater than or equal to group.consumer.min.session.timeout.ms",
                groupError(DEFAULTS, session, "44999"));
        assertEquals(heartbeat + " must be less than or equal to group.consumer.max.heartbeat.interval.ms",
                groupError(DEFAULTS, heartbeat, "15001"));
        assertNull(groupError(DEFAULTS, session, "60000"));
        var wide = BrokerConfig.of(Map.of("group.consumer.max.heartbeat.interval.ms", "50000"));
        assertEquals(session + " must be greater than " + heartbeat, groupError(wide, heartbeat, "45000"));
        assertEquals(new GroupConfigs.Effective(45_000, 5_000), GroupConfigs.effective(Map.of(), DEFAULTS));
        var set = Map.of(session, "70000", heartbeat, "1000", "share.session.timeout.ms", "1");
        assertEquals(new GroupConfigs.Effective(60_000, 5_000), GroupConfigs.effective(set, DEFAULTS),
                "the broker's bounds have moved since");
    }

    private static String groupError(BrokerConfig broker, String key, String value) {
        return GroupConfigs.error(Map.of(key, value), Map.of(key, value), broker);
    }

    @Test
    void onlySomeKeysChangeAtRunTime() {
        assertNull(DEFAULTS.error(Map.of("log.segment.bytes", "2000000", "max.connections", "5")));
        assertEquals("Cannot update these configs dynamically: [num.partitions]",
                DEFAULTS.error(Map.of("num.partitions", "3")));
        assertEquals("Cannot update these configs dynamically: [num.io.threads]",
                DEFAULTS.error(Map.of("num.io.threads", "3")));
        assertEquals("Invalid value 3 for configuration log.segment.bytes: Value must be at least 1048576",
                DEFAULTS.error(Map.of("log.segment.bytes", "3")));
        assertEquals("log.retention.ms must be unlimited (-1) or, greater than or equal to 1",
                DEFAULTS.error(Map.of("log.retention.ms", "0")));
    }

    @Test
    void anUnknownKeyIsAMistakeOfTheCaller() {
        assertThrows(IllegalArgumentException.class, () -> DEFAULTS.number("num.partitons"));
        assertThrows(IllegalArgumentException.class, () -> DEFAULTS.number("broker.rack"));
        assertNull(DEFAULTS.text("broker.rack"));
    }

    @Test
    void allDefaultsAreAllowed() {
        var tables = new HashMap<>(BrokerConfig.KEYS);
        tables.putAll(TopicConfigs.KEYS);
        tables.putAll(GroupConfigs.KEYS);
        for (var key : tables.values()) {
            assertNull(key.defaultValue() == null ? null : key.error(key.defaultValue()), key.name());
            var table = BrokerConfig.KEYS.keySet();
            assertTrue(table.containsAll(key.synonyms()), key.name());
        }
    }

    private static void assertWrong(String sentence, Map<String, String> values) {
        assertEquals(sentence, assertThrows(ConfigException.class, () -> BrokerConfig.of(values))
                .getMessage());
    }

    private static void assertDescribed(Map<String, ConfigValue> values, String name, String value,
            Source source,
            Synonym... synonyms) {
        assertEquals(value, values.get(name).value(), name);
        assertEquals(source, values.get(name).source(), name);
        assertEquals(List.of(synonyms), values.get(name).synonyms(), name);
    }

    private static Map<String, ConfigValue> byName(List<ConfigValue> values) {
        return values.stream().collect(Collectors.toMap(value -> value.key().name(), value -> value));
    }

    private static Image image(Map<String, String> allBrokers, Map<String, String> broker) {
        return new Image(0, 0, new TreeMap<>(), Map.of(),
                Map.of(ConfigResource.allBrokers(), allBrokers, ConfigResource.broker(1), broker), Map.of(),
                        null, 0, Map.of(), Map.of());
    }
}
