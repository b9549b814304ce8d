package daybook.client;

import daybook.client.Inquiry.Answer;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** The topics of a cluster, as an {@link Admin} sees and changes them. */
public final class Topics {
    /** An offset that stands for the end of a partition: the end of what is committed there. */
    public static final long TO_THE_END = -1;

    /**
     * A topic to be made.
     *
     * @param partitions how many; -1 for as many as the broker is configured to give
     * @param replicationFactor how many brokers keep each; -1 for as many as the broker is configured to
     * @param configs what is to differ from the broker's configuration
     */
    public record NewTopic(String name, int partitions, int replicationFactor, Map<String, String> configs) {
        public NewTopic {
            configs = Map.copyOf(configs);
        }

        /** With what the broker is configured to give. */
        public NewTopic(String name) {
            this(name, -1, -1, Map.of());
        }

        private void write(Writer out) {
            out.string(name).int32(partitions).int16(replicationFactor).length(0);
            out.structs(configs.entrySet(), (each, config) ->
                    each.string(config.getKey()).string(config.getValue()));
        }
    }

    /**
     * A topic that was made, or would be.
     *
     * @param id {@link Uuid#ZERO} where it was not made
     * @param partitions -1 where the broker does not tell
     * @param replicationFactor -1 where the broker does not tell
     */
    public record Created(Uuid id, int partitions, int replicationFactor) { }

    private final Cluster cluster;
    private final int timeoutMs;

    Topics(Cluster cluster) {
        this.cluster = cluster;
        this.timeoutMs = cluster.settings().requestTimeoutMs();
    }

    /** All topics, by name; also those that the brokers keep for themselves. */
    public Map<String, Topic> list() {
        return new TreeMap<>(cluster.retried(() -> cluster.metadata(null, false)).topics());
    }

    /** Topics by name. */
    public Outcomes<String, Topic> describe(Collection<String> names) {
        var found = cluster.retried(() -> cluster.metadata(names, false));
        return Outcomes.each(names, name -> {
            var topic = found.topics().get(name);
            if (topic == null) {
                var error = found.errors().getOrDefault(name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
                throw new ClientException(error, "topic " + name);
            }
            return topic;
        });
    }

    /** Makes topics. */
    public Outcomes<String, Created> create(Collection<NewTopic> topics) {
        return create(topics, false);
    }

    /** Says what {@link #create} would do, and does nothing. */
    public Outcomes<String, Created> validate(Collection<NewTopic> topics) {
        return create(topics, true);
    }

    private Outcomes<String, Created> create(Collection<NewTopic> topics, boolean validateOnly) {
        var byName = new LinkedHashMap<String, NewTopic>();
        topics.forEach(topic -> byName.put(topic.name(), topic));
        return Inquiry.of(cluster, Call.CREATE_TOPICS, byName.keySet(), Place.anywhere(),
                (out, names) -> out.structs(names, (each, name) -> byName.get(name).write(each))
                        .int32(timeoutMs).bool(validateOnly).tags(),
                Inquiry.each(Topics::created));
    }

    private static Answer<String, Created> created(Reader in) {
        var name = in.string();
        var id = in.uuid();
        var error = ErrorCode.of(in.int16());
        var message = in.nullableString();
        var created = new Created(id, in.int32(), in.int16());
        in.nullableStructs(Topics::skipConfig);
        return new Answer<>(name, error, message, created);
    }

    /** The configuration that a new topic got: asked for where it is needed. */
    private static String skipConfig(Reader in) {
        var name = in.string();
        in.nullableString();
        in.bool();
        in.int8();
        in.bool();
        return name;
    }

    /** Deletes topics by name; the outcome is the id that each had. */
    public Outcomes<String, Uuid> delete(Collection<String> names) {
        return Inquiry.of(cluster, Call.DELETE_TOPICS, names, Place.anywhere(),
                (out, some) -> out.structs(some, (each, name) -> each.string(name).uuid(Uuid.ZERO))
                        .int32(timeoutMs).tags(),
                Inquiry.each(in -> {
                    var name = in.nullableString();
                    var id = in.uuid();
                    return new Answer<>(name, ErrorCode.of(in.int16()), in.nullableString(), id);
                }));
    }

    /**
     * Gives topics more partitions.
     *
     * @param counts how many each is to have in all
     * @param validateOnly whether only to say whether that could be done
     */
    public Outcomes<String, Integer> addPartitions(Map<String, Integer> counts, boolean validateOnly) {
        return Inquiry.of(cluster, Call.CREATE_PARTITIONS, counts.keySet(), Place.anywhere(),
                (out, names) -> out
                        .structs(names, (each, name) -> each.string(name).int32(counts.get(name)).length(-1))
                        .int32(timeoutMs).bool(validateOnly).tags(),
                Inquiry.each(in -> {
                    var name = in.string();
                    var error = ErrorCode.of(in.int16());
                    return new Answer<>(name, error, in.nullableString(), counts.get(name));
                }));
    }

    /**
     * Deletes the records of partitions before an offset, or {@link #TO_THE_END}; the outcome is the first
     * offset that each still has.
     */
    public Outcomes<TopicPartition, Long> deleteRecords(Map<TopicPartition, Long> before) {
        return Inquiry.of(cluster, Call.DELETE_RECORDS, before.keySet(), Place.leader(cluster),
                (out, partitions) -> ByTopic
                        .write(out, partitions, (each, partition) -> each.int64(before.get(partition)))
                        .int32(timeoutMs).tags(),
                Inquiry.eachPartition((partition, in) -> {
                    long start = in.int64();
                    return new Answer<>(partition, ErrorCode.of(in.int16()), start);
                }));
    }
}
