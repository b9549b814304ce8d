package daybook.catalog;

import daybook.catalog.MetadataRecord.KeptRecord;
import daybook.record.BatchBuilder;
import daybook.wire.Uuid;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * All that the metadata log said up to an offset. Immutable; {@link Replay} makes the next one.
 *
 * @param offset the offset after the last record in the image
 * @param epoch the leader epoch of that record
 * @param topics by name, sorted
 * @param configs what was set, by resource; what was not set is not there
 * @param features the finalized levels
 * @param broker null before its first registration
 * @param nextProducerId the first producer id of the block after the last one given out
 * @param kept what another broker set and Daybook does not serve, by kind and key
 * @param quorum the last control record of each type that says how Raft votes; empty where its voters are
 *     only in Kafka's configuration
 */
public record Image(long offset, int epoch, SortedMap<String, Topic> topics, Map<Uuid, Topic> topicsById,
        Map<ConfigResource, Map<String, String>> configs, Map<String, Short> features,
        BrokerRegistration broker, long nextProducerId, Map<List<?>, KeptRecord> kept,
        Map<Integer, BatchBuilder.Entry> quorum) {
    /** Before the first record. */
    public static final Image EMPTY = new Image(0, 0, new TreeMap<>(), Map.of(), Map.of(), Map.of(), null, 0,
            Map.of(), Map.of());

    /** The topic with this name, or null. */
    public Topic topic(String name) {
        return topics.get(name);
    }

    /** The topic with this id, or null. */
    public Topic topic(Uuid id) {
        return topicsById.get(id);
    }

    /** The partition, or null where the topic has none with that number. */
    public Partition partition(Topic topic, int index) {
        List<Partition> partitions = topic.partitions();
        return index >= 0 && index < partitions.size() ? partitions.get(index) : null;
    }

    /** What was set for this resource; empty where nothing was. */
    public Map<String, String> config(ConfigResource resource) {
        return configs.getOrDefault(resource, Map.of());
    }
}
