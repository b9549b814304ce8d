package daybook.client;

import daybook.client.Inquiry.Answer;
import daybook.wire.ErrorCode;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** The offsets of partitions, as an {@link Admin} asks for them. */
public final class Offsets {
    /** Stands for the time of the first record that there is. */
    public static final long EARLIEST = -2;
    /** Stands for the time after the last record. */
    public static final long LATEST = -1;
    /** Stands for the latest time that a record has. */
    public static final long MAX_TIMESTAMP = -3;

    /**
     * A place in a partition.
     *
     * @param offset -1 where no record has that time or a later one
     * @param timestampMs of the record there; -1 where a time was not what was asked for
     * @param leaderEpoch of the batch there; -1 where it is not known
     */
    public record Found(long offset, long timestampMs, int leaderEpoch) { }

    private final Cluster cluster;

    Offsets(Cluster cluster) {
        this.cluster = cluster;
    }

    /** The same time for all of these partitions, for {@link #list}. */
    public static Map<TopicPartition, Long> all(Collection<TopicPartition> partitions, long time) {
        var times = new LinkedHashMap<TopicPartition, Long>();
        partitions.forEach(partition -> times.put(partition, time));
        return times;
    }

    /**
     * The first offsets whose records are not older than a time.
     *
     * @param times in milliseconds since 1970, or {@link #EARLIEST}, {@link #LATEST}, {@link #MAX_TIMESTAMP}
     * @param committed whether the end is where the first transaction is still open (read_committed)
     */
    public Outcomes<TopicPartition, Found> list(Map<TopicPartition, Long> times, boolean committed) {
        return inquiry(times, committed).outcomes(times.keySet());
    }

    /**
     * The offsets of the first records that are not older than these times, or of the end where all are
     * older.
     *
     * @param times and {@code committed} as for {@link #list}
     */
    public Map<TopicPartition, Long> at(Map<TopicPartition, Long> times, boolean committed) {
        var found = new LinkedHashMap<TopicPartition, Long>();
        list(times, committed).all().forEach((partition, each) -> found.put(partition, each.offset()));
        var older = found.keySet().stream().filter(partition -> found.get(partition) < 0).toList();
        if (!older.isEmpty()) {
            found.putAll(at(all(older, LATEST), committed));
        }
        return found;
    }

    /** As {@link #list}, to be asked. */
    Inquiry<TopicPartition, Found> inquiry(Map<TopicPartition, Long> times, boolean committed) {
        return new Inquiry<>(cluster, Place.leader(cluster), Call.LIST_OFFSETS,
                (out, partitions) -> ByTopic.write(out.int32(-1).bool(committed), partitions,
                        (each, partition) -> each.int32(-1).int64(times.get(partition))).tags(),
                Inquiry.eachPartition((partition, in) -> {
                    var error = ErrorCode.of(in.int16());
                    long timestampMs = in.int64();
                    return new Answer<>(partition, error, new Found(in.int64(), timestampMs, in.int32()));
                }));
    }
}
