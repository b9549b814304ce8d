package daybook.catalog;

import daybook.catalog.ConfigKey.Type;

import java.util.List;
import java.util.Map;

import static daybook.catalog.Allowed.ANY;
import static daybook.catalog.Allowed.atLeast;
import static daybook.catalog.Allowed.between;
import static daybook.catalog.Allowed.betweenOr;
import static daybook.catalog.Allowed.oneOf;
import static daybook.catalog.Allowed.oneOfAnyCase;
import static daybook.catalog.Allowed.someOf;
import static daybook.catalog.ConfigKey.Type.BOOLEAN;
import static daybook.catalog.ConfigKey.Type.DOUBLE;
import static daybook.catalog.ConfigKey.Type.INT;
import static daybook.catalog.ConfigKey.Type.LIST;
import static daybook.catalog.ConfigKey.Type.LONG;
import static daybook.catalog.ConfigKey.Type.SHORT;
import static daybook.catalog.ConfigKey.Type.STRING;

/**
 * The table of the broker's keys: what stands here is read by something, what is not here is warned of.
 * Names, units and defaults are Apache Kafka's, except where the documentation says so.
 */
final class BrokerKeys {
    private static final String FOREVER = Long.toString(Long.MAX_VALUE);

    static final Map<String, ConfigKey> TABLE = ConfigKey.table(
            fixed("node.id", INT, "-1", atLeast(-1),
                    "The number of the broker; -1: the one in the data directory, "
                            + "which is 1 when it is made."),
            fixed("broker.rack", STRING, null, ANY, "The rack that the broker names to clients."),
            fixed("log.dirs", LIST, null, ANY,
                    "Directories for partitions, comma-separated; a new partition goes where the fewest are.",
                    "log.dir"),
            fixed("log.dir", LIST, "data", ANY,
                    "As log.dirs, where that is not set. Kafka: /tmp/kafka-logs."),
            fixed("metadata.log.dir", STRING, null, ANY,
                    "Where the catalog is; without it, the first of log.dirs."),
            fixed("daybook.durability", STRING, "fsync", oneOf("fsync", "page-cache"),
                    "What acks=all waits for: fsync, the disk; page-cache, only the system."),
            fixed("daybook.disk.reserve.bytes", LONG, "67108864", atLeast(0),
                    "Below so many free bytes of its disk, 1 MiB at least, a log directory takes no "
                            + "produced batches; the rest is kept for offsets, topics and checkpoints."),
            fixed("listeners", LIST, "PLAINTEXT://127.0.0.1:9092", ANY,
                    "NAME://HOST:PORT, comma-separated; no host, as in Kafka's default: all addresses."),
            fixed("advertised.listeners", LIST, null, ANY,
                    "What clients are told to connect to; without it, the address at which they came."),
            fixed("listener.security.protocol.map", STRING, "PLAINTEXT:PLAINTEXT", ANY,
                    "NAME:PROTOCOL, comma-separated. Only PLAINTEXT is served."),
            fixed("controller.listener.names", LIST, "", ANY,
                    "Listeners that are not opened: Daybook's controller is inside of the process."),
            fixed("num.network.threads", INT, "-1", betweenOr(1, Integer.MAX_VALUE, -1),
                    "Selector threads; -1: one for two processors, 3 at most. Apache Kafka's default is 3."),
            fixed("socket.send.buffer.bytes", INT, "-1", atLeast(-1),
                    "SO_SNDBUF; -1: the system's, which grows. Apache Kafka's default is 102400."),
            fixed("socket.receive.buffer.bytes", INT, "102400", atLeast(-1), "SO_RCVBUF; -1: the system's."),
            fixed("socket.listen.backlog.size", INT, "50", atLeast(1),
                    "Connections that wait to be accepted."),
            fixed("socket.request.max.bytes", INT, "104857600", atLeast(1), "The largest request."),
            fixed("queued.max.request.bytes", LONG, "-1", atLeast(-1),
                    "Memory for all requests in work, a quarter of it for those up to 64 KB; past it the "
                            + "broker reads no more. Unlike in Kafka -1 is a bound too: 128 MiB, or one "
                            + "largest request if that is more."),
            dynamic("max.connections", INT, "2147483647", atLeast(0), "Connections at once."),
            dynamic("max.connections.per.ip", INT, "2147483647", atLeast(0),
                    "Connections at once of one address."),
            fixed("connections.max.idle.ms", LONG, "600000", ANY, "A connection idle for so long is closed."),
            fixed("num.partitions", INT, "1", atLeast(1), "Partitions of a topic made without a number."),
            fixed("default.replication.factor", INT, "1", atLeast(1),
                    "Replicas of a topic made without a number."),
            dynamic("min.insync.replicas", INT, "1", atLeast(1),
                    "Replicas that must have a record for acks=all."),
            fixed("auto.create.topics.enable", BOOLEAN, "true", ANY, "Asking for an unknown topic makes it."),
            fixed("delete.topic.enable", BOOLEAN, "true", ANY, "Topics can be deleted."),
            dynamic("message.max.bytes", INT, "1048588", atLeast(0), "The largest batch, as it is sent."),
            dynamic("log.message.timestamp.type", STRING, "CreateTime", oneOf("CreateTime", "LogAppendTime"),
                    "Whether a record keeps its producer's time or takes that of its arrival."),
            dynamic("log.message.timestamp.before.max.ms", LONG, FOREVER, atLeast(0),
                    "How far a producer's time may lie before the broker's."),
            dynamic("log.message.timestamp.after.max.ms", LONG, "3600000", atLeast(0),
                    "How far a producer's time may lie after the broker's."),
            dynamic("compression.type", STRING, "producer",
                    oneOf("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"),
                    "What batches are compressed with that came otherwise; producer: they stay so."),
            dynamic("compression.gzip.level", INT, "-1", betweenOr(1, 9, -1),
                    "Of compression.type gzip: 9 makes the smallest, -1 is 6."),
            dynamic("compression.lz4.level", INT, "9", between(1, 17),
                    "Of compression.type lz4: 9 is the quickest; of the others 17 makes the smallest."),
            dynamic("compression.zstd.level", INT, "3", between(-131072, 22),
                    "Of compression.type zstd: 22 makes the smallest."),
            dynamic("log.segment.bytes", INT, "1073741824", atLeast(1048576),
                    "A segment that reaches this is closed."),
            dynamic("log.roll.ms", LONG, null, atLeast(1),
                    "A segment older than this is closed.", "log.roll.hours"),
            fixed("log.roll.hours", INT, "168", atLeast(1),
                    "As log.roll.ms, where that is not set.", "log.roll.ms"),
            dynamic("log.roll.jitter.ms", LONG, null, atLeast(0),
                    "A random time up to this is taken from log.roll.ms.", "log.roll.jitter.hours"),
            fixed("log.roll.jitter.hours", INT, "0", atLeast(0),
                    "As log.roll.jitter.ms, where that is not set.", "log.roll.jitter.ms"),
            dynamic("log.index.size.max.bytes", INT, "10485760", atLeast(4),
                    "The largest offset index of a segment."),
            dynamic("log.index.interval.bytes", INT, "4096", atLeast(0),
                    "Bytes of log between two index entries."),
            dynamic("log.preallocate", BOOLEAN, "false", ANY,
                    "A new segment takes its whole size on the disk at once."),
            dynamic("log.flush.interval.messages", LONG, FOREVER, atLeast(1),
                    "A log is forced to the disk after so many records."),
            dynamic("log.flush.interval.ms", LONG, null, ANY,
                    "A log is forced to the disk after this time.", "log.flush.scheduler.interval.ms"),
            fixed("log.flush.scheduler.interval.ms", LONG, FOREVER, ANY,
                    "As log.flush.interval.ms, where that is not set.", "log.flush.interval.ms"),
            dynamic("log.cleanup.policy", LIST, "delete", oneOf("compact", "delete"),
                    "Old segments are deleted; or the newest record of each key is kept; or both."),
            dynamic("log.cleaner.threads", INT, "1", atLeast(0),
                    "Threads that compact; at run time at most twice and at least half as many as before."),
            dynamic("log.cleaner.io.max.bytes.per.second", DOUBLE, "1.7976931348623157E308", ANY,
                    "At most so much is read and written to compact, by all threads together."),
            dynamic("log.cleaner.dedupe.buffer.size", LONG, "134217728", ANY,
                    "The most memory for maps of keys, of all threads together, and at most a quarter of the "
                            + "heap; taken only to compact, and only as much as the keys can need."),
            dynamic("log.cleaner.io.buffer.size", INT, "524288", atLeast(0),
                    "Memory to read through, of all threads together; each has half of its part."),
            dynamic("log.cleaner.io.buffer.load.factor", DOUBLE, "0.9", ANY,
                    "How full a map of keys may be; where not all keys fit, the rest is compacted next."),
            dynamic("log.cleaner.backoff.ms", LONG, "15000", atLeast(0),
                    "How long a thread waits where there is nothing to compact."),
            dynamic("log.cleaner.min.cleanable.ratio", DOUBLE, "0.5", between(0, 1),
                    "A log is compacted when more than this part of its bytes was not yet."),
            fixed("log.cleaner.enable", BOOLEAN, "true", ANY,
                    "Logs are compacted; false is deprecated in Kafka."),
            dynamic("log.cleaner.delete.retention.ms", LONG, "86400000", atLeast(0),
                    "How long tombstones and transaction markers stay after what they end is gone."),
            dynamic("log.cleaner.min.compaction.lag.ms", LONG, "0", atLeast(0),
                    "Records younger than this are not compacted."),
            dynamic("log.cleaner.max.compaction.lag.ms", LONG, FOREVER, atLeast(1),
                    "Records older than this are compacted however few they are."),
            dynamic("log.retention.ms", LONG, null, ANY,
                    "A segment is deleted when its newest record is older than this; -1: never.",
                    "log.retention.minutes", "log.retention.hours"),
            fixed("log.retention.minutes", INT, null, ANY,
                    "As log.retention.ms, where that is not set.", "log.retention.ms", "log.retention.hours"),
            fixed("log.retention.hours", INT, "168", ANY,
                    "As log.retention.minutes, where that is not set.",
                    "log.retention.ms", "log.retention.minutes"),
            dynamic("log.retention.bytes", LONG, "-1", ANY,
                    "The oldest segments of a partition are deleted while the rest has this size; "
                            + "-1: never."),
            fixed("log.retention.check.interval.ms", LONG, "300000", atLeast(1),
                    "How often is looked for segments to delete."),
            dynamic("log.segment.delete.delay.ms", LONG, "60000", atLeast(0),
                    "Files of deleted segments and topics stay for this time."),
            fixed("log.flush.offset.checkpoint.interval.ms", INT, "60000", atLeast(0),
                    "How often the point up to which a log is on the disk is written down."),
            fixed("metadata.log.max.record.bytes.between.snapshots", LONG, "20971520", atLeast(1),
                    "After so many bytes of records the catalog writes a snapshot, and ends what is before."),
            fixed("num.recovery.threads.per.data.dir", INT, "2", atLeast(1),
                    "Threads that check logs after an unclean stop."),
            fixed("producer.id.expiration.ms", INT, "86400000", atLeast(1),
                    "An idempotent producer that was silent for so long is forgotten."),
            fixed("fetch.max.bytes", INT, "57671680", atLeast(1024),
                    "The most that one fetch is answered with."),
            fixed("max.incremental.fetch.session.cache.slots", INT, "1000", atLeast(0),
                    "Fetch sessions at once."),
            fixed("max.request.partition.size.limit", INT, "2000", atLeast(1),
                    "Partitions in one answer of DescribeTopicPartitions."),
            fixed("group.min.session.timeout.ms", INT, "6000", ANY,
                    "The shortest session timeout that a member may ask for (classic protocol)."),
            fixed("group.max.session.timeout.ms", INT, "1800000", ANY,
                    "The longest session timeout that a member may ask for (classic protocol)."),
            fixed("group.initial.rebalance.delay.ms", INT, "0", ANY,
                    "How long the first rebalance of a group waits for more members. Kafka: 3000."),
            fixed("group.max.size", INT, "2147483647", atLeast(1), "Members of a group (classic protocol)."),
            fixed("group.consumer.session.timeout.ms", INT, "45000", atLeast(1),
                    "A member silent for so long is gone (consumer protocol)."),
            fixed("group.consumer.min.session.timeout.ms", INT, "45000", atLeast(1),
                    "The least that a group may set for it."),
            fixed("group.consumer.max.session.timeout.ms", INT, "60000", atLeast(1),
                    "The most that a group may set for it."),
            fixed("group.consumer.heartbeat.interval.ms", INT, "5000", atLeast(1),
                    "How often members are told to heartbeat (consumer protocol)."),
            fixed("group.consumer.min.heartbeat.interval.ms", INT, "5000", atLeast(1),
                    "The least that a group may set for it."),
            fixed("group.consumer.max.heartbeat.interval.ms", INT, "15000", atLeast(1),
                    "The most that a group may set for it."),
            fixed("group.consumer.max.size", INT, "2147483647", atLeast(1),
                    "Members of a group (consumer protocol)."),
            fixed("group.consumer.assignors", LIST, "uniform,range", someOf("uniform", "range"),
                    "The assignors that members may ask for; the first is for those who do not ask."),
            fixed("group.consumer.migration.policy", STRING, "bidirectional",
                    oneOfAnyCase("disabled", "downgrade", "upgrade", "bidirectional"),
                    "Whether a group with members may go from the classic protocol to the consumer "
                            + "protocol (upgrade), and back (downgrade)."),
            fixed("offset.metadata.max.bytes", INT, "4096", ANY,
                    "The longest text that may be committed with an offset."),
            fixed("offsets.retention.minutes", INT, "10080", atLeast(1),
                    "Offsets of a group without members, or of a topic that it left, are kept so long."),
            fixed("offsets.retention.check.interval.ms", LONG, "600000", atLeast(1),
                    "How often is looked for offsets to delete."),
            fixed("offsets.topic.num.partitions", INT, "50", atLeast(1),
                    "Partitions of the topic of offsets, when it is made."),
            fixed("offsets.topic.replication.factor", SHORT, "1", atLeast(1),
                    "Replicas of the topic of offsets; not more than there are brokers: 1. Kafka: 3."),
            fixed("offsets.topic.segment.bytes", INT, "104857600", atLeast(1048576),
                    "segment.bytes of the topic of offsets, when it is made."),
            fixed("transaction.max.timeout.ms", INT, "900000", atLeast(1),
                    "The longest timeout that a producer may ask for. A transaction that is open for longer "
                            + "than its producer asked for is aborted."),
            fixed("transactional.id.expiration.ms", INT, "604800000", atLeast(1),
                    "A transactional id that was silent for so long, with no transaction open, is "
                            + "forgotten."),
            fixed("transaction.remove.expired.transaction.cleanup.interval.ms", INT, "3600000", atLeast(1),
                    "How often is looked for transactional ids to forget."),
            dynamic("transaction.partition.verification.enable", BOOLEAN, "true", ANY,
                    "The coordinator is asked whether a partition is in the transaction of a producer that "
                            + "has to add it itself, before its batch is taken."),
            fixed("add.partitions.to.txn.retry.backoff.max.ms", INT, "100", atLeast(0),
                    "How long a request waits for the end of the producer's transaction before it."),
            fixed("transaction.state.log.num.partitions", INT, "50", atLeast(1),
                    "Partitions of the topic of transactions, when it is made."),
            fixed("transaction.state.log.replication.factor", SHORT, "1", atLeast(1),
                    "Replicas of the topic of transactions; not more than there are brokers: 1. Kafka: 3."),
            fixed("transaction.state.log.min.isr", INT, "1", atLeast(1),
                    "min.insync.replicas of the topic of transactions, when it is made; not more than it has "
                            + "replicas: 1. Kafka: 2."),
            fixed("transaction.state.log.segment.bytes", INT, "104857600", atLeast(1048576),
                    "segment.bytes of the topic of transactions, when it is made."));

    private BrokerKeys() { }

    /** A key that can be changed while the broker runs. */
    private static ConfigKey dynamic(String name, Type type, String defaultValue, Allowed allowed,
            String documentation, String... synonyms) {
        return new ConfigKey(name, type, defaultValue, allowed, true, List.of(synonyms), documentation);
    }

    /** A key that counts from the broker's start on. */
    private static ConfigKey fixed(String name, Type type, String defaultValue, Allowed allowed,
            String documentation, String... synonyms) {
        return new ConfigKey(name, type, defaultValue, allowed, false, List.of(synonyms), documentation);
    }
}
