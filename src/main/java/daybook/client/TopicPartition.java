package daybook.client;

/**
 * A partition of a topic.
 *
 * @param partition its number, from 0 on
 */
public record TopicPartition(String topic, int partition) implements Comparable<TopicPartition> {
    @Override
    public int compareTo(TopicPartition other) {
        int byTopic = topic.compareTo(other.topic);
        return byTopic != 0 ? byTopic : Integer.compare(partition, other.partition);
    }

    /** As the partition's directory is named: {@code orders-3}. */
    @Override
    public String toString() {
        return topic + "-" + partition;
    }
}
