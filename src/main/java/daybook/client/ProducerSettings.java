package daybook.client;

import daybook.record.Codec;

import java.util.concurrent.TimeUnit;

/** What {@link Producer.Builder} was told; each is explained there. */
record ProducerSettings(Acks acks, boolean idempotent, Codec codec, int level, int batchSizeBytes,
        int lingerMs, int bufferMemoryBytes, int maxRequestSizeBytes, int maxBlockMs, int requestTimeoutMs,
        int deliveryTimeoutMs, String transactionalId, int transactionTimeoutMs) {

    ProducerSettings {
        require(transactionalId == null || idempotent && acks == Acks.ALL,
                "a transactional producer needs idempotence, and the acknowledgement of all");
        require(batchSizeBytes > 0 && batchSizeBytes <= bufferMemoryBytes,
                "the size of a batch must be 1 to the memory for records");
        require(lingerMs >= 0 && maxBlockMs >= 0, "times must not be negative");
        require(maxRequestSizeBytes > 0 && requestTimeoutMs > 0 && deliveryTimeoutMs > 0
                && transactionTimeoutMs > 0, "sizes of requests and time-outs must be positive");
    }

    private static void require(boolean holds, String rule) {
        if (!holds) {
            throw new IllegalArgumentException(rule);
        }
    }

    boolean transactional() {
        return transactionalId != null;
    }

    /** A batch of one record must fit into a request and into the memory. */
    int recordMostBytes() {
        return Math.min(maxRequestSizeBytes, bufferMemoryBytes);
    }

    long lingerNanos() {
        return TimeUnit.MILLISECONDS.toNanos(lingerMs);
    }

    long deliveryTimeoutNanos() {
        return TimeUnit.MILLISECONDS.toNanos(deliveryTimeoutMs);
    }
}
