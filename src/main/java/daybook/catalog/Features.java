package daybook.catalog;

import daybook.catalog.MetadataRecord.FeatureRange;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The features whose levels a cluster agrees on (KIP-584). A feature stands here once Daybook has the whole
 * of it; clients switch on what is finalized.
 */
public final class Features {
    public static final String METADATA = "metadata.version";
    public static final String ELIGIBLE_LEADERS = "eligible.leader.replicas.version";
    public static final String QUORUM = "kraft.version";

    /** The level of Apache Kafka 4.3, which says what versions of records the metadata log may hold. */
    public static final int METADATA_LEVEL = 30;

    /** All that Daybook can work with, in the order in which Kafka tells them. */
    public static final List<FeatureRange> SUPPORTED = List.of(
            new FeatureRange(QUORUM, 1, 1),
            new FeatureRange(METADATA, METADATA_LEVEL, METADATA_LEVEL),
            new FeatureRange(ELIGIBLE_LEADERS, 0, 1));

    private Features() { }

    /** The levels that hold, by name; that of the quorum is in its control records, not in the image. */
    public static Map<String, Short> finalized(Image image) {
        var levels = new TreeMap<>(image.features());
        levels.put(QUORUM, (short) 1);
        return levels;
    }

    /** Why this version of Daybook cannot work with a level, as a sentence; null where it can. */
    static String error(String name, int level) {
        for (var range : SUPPORTED) {
            if (range.name().equals(name)) {
                return level >= range.least() && level <= range.most() ? null
                        : unusable(name, level, "works with " + range.least() + " to " + range.most());
            }
        }
        return unusable(name, level, "does not have it");
    }

    private static String unusable(String name, int level, String why) {
        return "The feature " + name + " is finalized at level " + level
                + ", but this version of Daybook " + why;
    }
}
