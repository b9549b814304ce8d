package daybook.log;

/**
 * One partition of a topic.
 *
 * @param topic the topic's name
 * @param partition its number in the topic, from 0
 */
public record TopicPartition(String topic, int partition) implements Comparable<TopicPartition> {
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
        int byTopic = topic.compareTo(other.topic);
        return byTopic != 0 ? byTopic : Integer.compare(partition, other.partition);
    }

    /** As a record has it by itself, but for that the JVM would first make code, in every start. */
    @Override
    public boolean equals(Object other) {
        return other instanceof TopicPartition that && partition == that.partition
                && topic.equals(that.topic);
    }

    @Override
    public int hashCode() {
        return 31 * topic.hashCode() + partition;
    }

    /** The name of the partition's directory. */
    @Override
    public String toString() {
        return topic + "-" + partition;
    }
}
