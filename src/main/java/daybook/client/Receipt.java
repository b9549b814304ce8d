package daybook.client;

/**
 * Where a record came to lie.
 *
 * @param offset its place in the partition; -1 where the broker was not asked to acknowledge it
 * @param timestampMs milliseconds since 1970: the producer's, or the broker's where the topic says so
 */
public record Receipt(TopicPartition partition, long offset, long timestampMs) { }
