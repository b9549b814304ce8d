package daybook.client;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/** Offsets that brokers know: of times, from the partitions' leaders; committed ones, from the coordinator. */
final class Offsets {
    /** An offset, {@link Feed#UNKNOWN} where there is none; or the error in its place. */
    record Found(ErrorCode error, long offset) { }

    private final Cluster cluster;
    private final boolean committedOnly;

    /** @param committedOnly whether a partition ends where its first open transaction begins */
    Offsets(Cluster cluster, boolean committedOnly) {
        this.cluster = cluster;
        this.committedOnly = committedOnly;
    }

    // By time.

    /**
     * The offsets of the first records that are not older, {@link Consumer#EARLIEST} and {@link
     * Consumer#LATEST} standing for the ends; the end where all are older. Tried once.
     */
    Map<TopicPartition, Found> at(Map<TopicPartition, Long> timestampsMs) {
        var found = new HashMap<TopicPartition, Found>();
        var byLeader = new HashMap<Integer, Map<TopicPartition, Long>>();
        timestampsMs.forEach((partition, timestampMs) -> {
            try {
                byLeader.computeIfAbsent(cluster.leader(partition), node -> new TreeMap<>())
                        .put(partition, timestampMs);
            } catch (ClientException failed) {
                found.put(partition, new Found(failed.error(), Feed.UNKNOWN));
            }
        });
        byLeader.forEach((node, asked) -> found.putAll(atOnce(node, asked)));
        var old = new TreeMap<TopicPartition, Long>();
        found.forEach((partition, each) -> {
            boolean none = each.error == ErrorCode.NONE && each.offset == Feed.UNKNOWN;
            if (none && timestampsMs.get(partition) != Consumer.LATEST) {
                old.put(partition, Consumer.LATEST);
            } else if (each.error != ErrorCode.NONE) {
                cluster.forget(partition.topic());
            }
        });
        if (!old.isEmpty()) {
            found.putAll(at(old));
        }
        return found;
    }

    private Map<TopicPartition, Found> atOnce(int node, Map<TopicPartition, Long> timestampsMs) {
        try {
            return cluster.to(node, Cluster.Lane.CONTROL).ask(Call.LIST_OFFSETS, out -> {
                out.int32(-1).bool(committedOnly);
                topics(out, timestampsMs.keySet(), (each, partition) -> each.int32(partition.partition())
                        .int32(-1).int64(timestampsMs.get(partition)).tags());
                out.tags();
            }, in -> {
                in.int32();
                return found(in, each -> {
                    var error = ErrorCode.of(each.int16());
                    each.int64();
                    var found = new Found(error, each.int64());
                    each.int32();
                    return found;
                });
            });
        } catch (ClientException failed) {
            var error = new Found(failed.error(), Feed.UNKNOWN);
            var none = new HashMap<TopicPartition, Found>();
            timestampsMs.keySet().forEach(partition -> none.put(partition, error));
            return none;
        }
    }

    /** Offsets by time, tried again while one fails with what is retriable. */
    Map<TopicPartition, Long> atTimes(Map<TopicPartition, Long> timestampsMs) {
        return cluster.retried(() -> values(at(timestampsMs)));
    }

    /** @throws ClientException the first error, if there is one */
    static Map<TopicPartition, Long> values(Map<TopicPartition, Found> found) {
        var values = new TreeMap<TopicPartition, Long>();
        found.forEach((partition, each) -> {
            ClientException.check(each.error, "the offset in " + partition);
            values.put(partition, each.offset);
        });
        return values;
    }

    // Committed.

    /** What the group has committed; tried once, and waiting for transactions that may commit more. */
    Map<TopicPartition, Found> committed(Collection<TopicPartition> partitions, Membership me) {
        return cluster.coordinatedOnce(Cluster.Coordinated.GROUP, me.group(), connection ->
                connection.ask(Call.OFFSET_FETCH, out -> {
                    out.length(1).string(me.group()).since(9, member -> member
                            .string(me.memberId().isEmpty() ? null : me.memberId()).int32(me.epoch()));
                    topics(out, partitions, (each, partition) -> each.int32(partition.partition()));
                    out.tags().bool(true).tags();
                }, Offsets::committed));
    }

    private static Map<TopicPartition, Found> committed(Reader in) {
        in.int32();
        var committed = new HashMap<TopicPartition, Found>();
        in.structs(group -> {
            group.string();
            committed.putAll(found(group, each -> {
                long offset = each.int64();
                each.int32();
                each.nullableString();
                return new Found(ErrorCode.of(each.int16()), offset);
            }));
            ClientException.check(ErrorCode.of(group.int16()), "what the group has committed");
            return group;
        });
        return committed;
    }

    /**
     * Commits, trying again while it fails with what is retriable.
     *
     * @param who is asked anew for each attempt
     */
    void commit(Map<TopicPartition, Long> next, String group, Supplier<Membership> who) {
        cluster.coordinated(Cluster.Coordinated.GROUP, group, connection -> {
            var me = who.get();
            var committed = connection.ask(Call.OFFSET_COMMIT, out -> {
                out.string(group).int32(me.epoch()).string(me.memberId()).string(me.instanceId());
                topics(out, next.keySet(), (each, partition) -> each.int32(partition.partition())
                        .int64(next.get(partition)).int32(-1).string("").tags());
                out.tags();
            }, in -> {
                in.int32();
                return found(in, each -> new Found(ErrorCode.of(each.int16()), Feed.UNKNOWN));
            });
            return values(committed);
        });
    }

    // What the messages have in common: topics by name, and their partitions.

    private interface Fields {
        void write(Writer out, TopicPartition partition);
    }

    private static void topics(Writer out, Collection<TopicPartition> partitions, Fields fields) {
        var topics = new TreeMap<String, List<TopicPartition>>();
        for (var each : partitions) {
            topics.computeIfAbsent(each.topic(), name -> new ArrayList<>()).add(each);
        }
        out.structs(topics.entrySet(), (topic, entry) -> topic.string(entry.getKey())
                .array(entry.getValue(), fields::write));
    }

    private interface Answer {
        Found read(Reader in);
    }

    private static Map<TopicPartition, Found> found(Reader in, Answer answer) {
        var found = new HashMap<TopicPartition, Found>();
        in.structs(topic -> {
            var name = topic.string();
            return topic.structs(each ->
                    found.put(new TopicPartition(name, each.int32()), answer.read(each)));
        });
        return found;
    }
}
