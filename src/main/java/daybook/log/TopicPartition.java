package daybook.log;

import java.util.Comparator;

/**
 * One partition of a topic.
 *
 * @param topic the topic's name
 * @param partition its number in the topic, from 0
 */
public record TopicPartition(String topic, int partition) implements Comparable<TopicPartition> {
    private static final Comparator<TopicPartition> ORDER = Comparator.comparing(TopicPartition::topic)
            .thenComparingInt(TopicPartition::partition);

    /** The partition whose directory has this name, as in {@code words-0}; null where it is no such name. */
    public static TopicPartition parse(String directory) {
        int dash = directory.lastIndexOf('-');
        var digits = directory.substring(dash + 1);
        if (dash <= 0 || !digits.matches("[0-9]{1,10}")) {
            return null;
        }
        long partition = Long.parseLong(digits);
        return partition > Integer.MAX_VALUE ? null
                : new TopicPartition(directory.substring(0, dash), (int) partition);
    }

    /** By topic, then by number. */
    @Override
    public int compareTo(TopicPartition other) {
        return ORDER.compare(this, other);
    }

    /** The name of the partition's directory. */
    @Override
    public String toString() {
        return topic + "-" + partition;
    }
}
