package daybook.catalog;

import daybook.catalog.ConfigKey.Type;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import static daybook.catalog.Allowed.ANY;
import static daybook.catalog.Allowed.atLeast;
import static daybook.catalog.Allowed.between;
import static daybook.catalog.Allowed.oneOf;
import static daybook.catalog.ConfigKey.Type.BOOLEAN;
import static daybook.catalog.ConfigKey.Type.INT;
import static daybook.catalog.ConfigKey.Type.LIST;
import static daybook.catalog.ConfigKey.Type.LONG;
import static daybook.catalog.ConfigKey.Type.STRING;

/**
 * The table of the broker's keys: what stands here is read by something, what is not here is warned of.
 * Names, units and defaults are Apache Kafka's, except where the documentation says so.
 */
final class BrokerKeys {
    private static final boolean DYNAMIC = true;
    private static final boolean FIXED = false;
    private static final String FOREVER = Long.toString(Long.MAX_VALUE);

    private final Map<String, ConfigKey> keys = new LinkedHashMap<>();

    private BrokerKeys() { }

    static Map<String, ConfigKey> table() {
        var table = new BrokerKeys();
        table.identity();
        table.network();
        table.topics();
        table.segments();
        table.retention();
        table.disk();
        table.requests();
        return Collections.unmodifiableMap(table.keys);
    }

    private void identity() {
        key("node.id", INT, "-1", atLeast(-1), FIXED,
                "The number of the broker; -1: the one in the data directory, which is 1 when it is made.");
        key("broker.rack", STRING, null, ANY, FIXED, "The rack that the broker names to clients.");
        key("log.dirs", LIST, null, ANY, FIXED,
                "Directories for partitions, comma-separated; a new partition goes where the fewest are.",
                "log.dir");
        key("log.dir", LIST, "data", ANY, FIXED,
                "As log.dirs, where that is not set. Kafka: /tmp/kafka-logs.");
        key("metadata.log.dir", STRING, null, ANY, FIXED,
                "Where the catalog is; without it, the first of log.dirs.");
        key("daybook.durability", STRING, "fsync", oneOf("fsync", "page-cache"), FIXED,
                "What acks=all waits for: fsync, the disk; page-cache, only the system.");
    }

    private void network() {
        key("listeners", LIST, "PLAINTEXT://127.0.0.1:9092", ANY, FIXED,
                "NAME://HOST:PORT, comma-separated; no host, as in Kafka's default: all addresses.");
        key("advertised.listeners", LIST, null, ANY, FIXED,
                "What clients are told to connect to; without it, the address at which they came.");
        key("listener.security.protocol.map", STRING, "PLAINTEXT:PLAINTEXT", ANY, FIXED,
                "NAME:PROTOCOL, comma-separated. Only PLAINTEXT is served.");
        key("controller.listener.names", LIST, "", ANY, FIXED,
                "Listeners that are not opened: Daybook's controller is inside of the process.");
        key("num.network.threads", INT, "3", atLeast(1), FIXED, "Selector threads.");
        key("socket.send.buffer.bytes", INT, "102400", atLeast(-1), FIXED, "SO_SNDBUF; -1: the system's.");
        key("socket.receive.buffer.bytes", INT, "102400", atLeast(-1), FIXED, "SO_RCVBUF; -1: the system's.");
        key("socket.listen.backlog.size", INT, "50", atLeast(1), FIXED,
                "Connections that wait to be accepted.");
        key("socket.request.max.bytes", INT, "104857600", atLeast(1), FIXED, "The largest request.");
        key("queued.max.request.bytes", LONG, "-1", atLeast(-1), FIXED,
                "Memory for all requests in work; past it the broker reads no more. Unlike in Kafka -1 is a "
                        + "bound too: 128 MiB, or one largest request if that is more.");
        key("max.connections", INT, "2147483647", atLeast(0), DYNAMIC, "Connections at once.");
        key("max.connections.per.ip", INT, "2147483647", atLeast(0), DYNAMIC,
                "Connections at once of one address.");
        key("connections.max.idle.ms", LONG, "600000", ANY, FIXED,
                "A connection idle for so long is closed.");
    }

    private void topics() {
        key("num.partitions", INT, "1", atLeast(1), FIXED, "Partitions of a topic made without a number.");
        key("default.replication.factor", INT, "1", atLeast(1), FIXED,
                "Replicas of a topic made without a number.");
        key("min.insync.replicas", INT, "1", atLeast(1), DYNAMIC,
                "Replicas that must have a record for acks=all.");
        key("auto.create.topics.enable", BOOLEAN, "true", ANY, FIXED,
                "Asking for an unknown topic makes it.");
        key("delete.topic.enable", BOOLEAN, "true", ANY, FIXED, "Topics can be deleted.");
        key("message.max.bytes", INT, "1048588", atLeast(0), DYNAMIC, "The largest batch, as it is sent.");
        key("log.message.timestamp.type", STRING, "CreateTime", oneOf("CreateTime", "LogAppendTime"), DYNAMIC,
                "Whether a record keeps its producer's time or takes that of its arrival.");
        key("log.message.timestamp.before.max.ms", LONG, FOREVER, atLeast(0), DYNAMIC,
                "How far a producer's time may lie before the broker's.");
        key("log.message.timestamp.after.max.ms", LONG, "3600000", atLeast(0), DYNAMIC,
                "How far a producer's time may lie after the broker's.");
        key("compression.type", STRING, "producer",
                oneOf("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer").servedOnly("producer"),
                DYNAMIC, "Batches are kept as the producer compressed them.");
    }

    private void segments() {
        key("log.segment.bytes", INT, "1073741824", atLeast(1048576), DYNAMIC,
                "A segment that reaches this is closed.");
        key("log.roll.ms", LONG, null, atLeast(1), DYNAMIC,
                "A segment older than this is closed.", "log.roll.hours");
        key("log.roll.hours", INT, "168", atLeast(1), FIXED,
                "As log.roll.ms, where that is not set.", "log.roll.ms");
        key("log.roll.jitter.ms", LONG, null, atLeast(0), DYNAMIC,
                "A random time up to this is taken from log.roll.ms.", "log.roll.jitter.hours");
        key("log.roll.jitter.hours", INT, "0", atLeast(0), FIXED,
                "As log.roll.jitter.ms, where that is not set.", "log.roll.jitter.ms");
        key("log.index.size.max.bytes", INT, "10485760", atLeast(4), DYNAMIC,
                "The largest offset index of a segment.");
        key("log.index.interval.bytes", INT, "4096", atLeast(0), DYNAMIC,
                "Bytes of log between two index entries.");
        key("log.preallocate", BOOLEAN, "false", ANY, DYNAMIC,
                "A new segment takes its whole size on the disk at once.");
        key("log.flush.interval.messages", LONG, FOREVER, atLeast(1), DYNAMIC,
                "A log is forced to the disk after so many records.");
        key("log.flush.interval.ms", LONG, null, ANY, DYNAMIC,
                "A log is forced to the disk after this time.", "log.flush.scheduler.interval.ms");
        key("log.flush.scheduler.interval.ms", LONG, FOREVER, ANY, FIXED,
                "As log.flush.interval.ms, where that is not set.", "log.flush.interval.ms");
    }

    private void retention() {
        key("log.cleanup.policy", LIST, "delete", oneOf("compact", "delete").servedOnly("delete"), DYNAMIC,
                "Old segments are deleted. Compaction is not built yet.");
        key("log.retention.ms", LONG, null, ANY, DYNAMIC,
                "A segment is deleted when its newest record is older than this; -1: never.",
                "log.retention.minutes", "log.retention.hours");
        key("log.retention.minutes", INT, null, ANY, FIXED,
                "As log.retention.ms, where that is not set.", "log.retention.ms", "log.retention.hours");
        key("log.retention.hours", INT, "168", ANY, FIXED,
                "As log.retention.minutes, where that is not set.",
                "log.retention.ms", "log.retention.minutes");
        key("log.retention.bytes", LONG, "-1", ANY, DYNAMIC,
                "The oldest segments of a partition are deleted while the rest has this size; -1: never.");
        key("log.retention.check.interval.ms", LONG, "300000", atLeast(1), FIXED,
                "How often is looked for segments to delete.");
        key("log.segment.delete.delay.ms", LONG, "60000", atLeast(0), DYNAMIC,
                "Files of deleted segments and topics stay for this time.");
    }

    private void disk() {
        key("log.flush.offset.checkpoint.interval.ms", INT, "60000", atLeast(0), FIXED,
                "How often the point up to which a log is on the disk is written down.");
        key("num.recovery.threads.per.data.dir", INT, "2", atLeast(1), FIXED,
                "Threads that check logs after an unclean stop.");
        key("producer.id.expiration.ms", INT, "86400000", atLeast(1), FIXED,
                "An idempotent producer that was silent for so long is forgotten.");
    }

    private void requests() {
        key("fetch.max.bytes", INT, "57671680", atLeast(1024), FIXED,
                "The most that one fetch is answered with.");
        key("max.incremental.fetch.session.cache.slots", INT, "1000", atLeast(0), FIXED,
                "Fetch sessions at once.");
        key("max.request.partition.size.limit", INT, "2000", atLeast(1), FIXED,
                "Partitions in one answer of DescribeTopicPartitions.");
    }

    private void key(String name, Type type, String defaultValue, Allowed allowed, boolean dynamic,
            String documentation, String... synonyms) {
        keys.put(name, new ConfigKey(name, type, defaultValue, allowed, dynamic, List.of(synonyms),
                documentation));
    }
}
