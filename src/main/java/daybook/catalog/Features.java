package daybook.catalog;

import daybook.catalog.MetadataRecord.FeatureRange;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The features whose levels a cluster agrees on (KIP-584). A feature stands here once Daybook has the whole
 * of it; clients switch on what is finalized.
 */
public final class Features {
    public static final String METADATA = "metadata.version";
    public static final String ELIGIBLE_LEADERS = "eligible.leader.replicas.version";
    public static final String QUORUM = "kraft.version";
    /** Level 1: the consumer protocol of groups (KIP-848). */
    public static final String GROUP = "group.version";
    /** Level 1: tagged fields in the records of transactions; 2: each has an epoch of its own (KIP-890). */
    public static final String TRANSACTION = "transaction.version";

    /** The level of Apache Kafka 4.3, which says what versions of records the metadata log may hold. */
    public static final int METADATA_LEVEL = 30;

    /** All that Daybook has, in the order in which Kafka tells them: what clients see and may change. */
    public static final List<FeatureRange> SUPPORTED = List.of(
            new FeatureRange(GROUP, 0, 1),
            new FeatureRange(QUORUM, 1, 1),
            new FeatureRange(METADATA, METADATA_LEVEL, METADATA_LEVEL),
            new FeatureRange(TRANSACTION, 0, 2),
            new FeatureRange(ELIGIBLE_LEADERS, 0, 1));

    /**
     * What Apache Kafka 4.3 finalizes besides, and Daybook does not have: its levels stay in the log and in
     * the image as they are, and nobody is told of them. They say nothing about the records of the metadata
     * log.
     */
    private static final List<FeatureRange> KEPT = List.of(
            new FeatureRange("share.version", 0, 1),
            new FeatureRange("streams.version", 0, 1));

    private Features() { }

    /**
     * The levels that hold of what Daybook has, by name; that of the quorum is in its control records, not in
     * the image.
     */
    public static Map<String, Short> finalized(Image image) {
        var levels = new TreeMap<>(image.features());
        KEPT.forEach(kept -> levels.remove(kept.name()));
        levels.put(QUORUM, (short) 1);
        return levels;
    }

    /** Whether the cluster has the consumer protocol of groups; if not, its requests are refused. */
    public static boolean consumerProtocol(Image image) {
        return image.features().getOrDefault(GROUP, (short) 0) > 0;
    }

    /** Which protocol of transactions the cluster has, 0 to 2; clients keep to the newest that they know. */
    public static int transactionVersion(Image image) {
        return image.features().getOrDefault(TRANSACTION, (short) 0);
    }

    /** Why this version of Daybook cannot work with a level, as a sentence; null where it can. */
    static String error(String name, int level) {
        var known = Stream.of(SUPPORTED, KEPT).flatMap(List::stream)
                .filter(range -> range.name().equals(name)).findFirst();
        if (known.isPresent() && level >= known.get().least() && level <= known.get().most()) {
            return null;
        }
        return "The feature " + name + " is finalized at level " + level + ", but this version of Daybook "
                + known.map(range -> "works with " + range.least() + " to " + range.most())
                .orElse("does not have it");
    }
}
