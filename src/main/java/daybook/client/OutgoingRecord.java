package daybook.client;

import daybook.record.Record;

import java.util.List;

/**
 * A record to be sent. Its arrays are read while it is handed over, and may be used again afterwards.
 *
 * @param partition of the topic, or {@link #ANY}: then the key chooses it, or without one the producer does
 * @param timestampMs milliseconds since 1970, or {@link #NOW}
 * @param key null for none
 * @param value null for none, which deletes the key where a topic is compacted
 */
public record OutgoingRecord(String topic, int partition, long timestampMs, byte[] key, byte[] value,
        List<Record.Header> headers) {
    /** No partition is asked for. */
    public static final int ANY = -1;
    /** The time at which it is handed over. */
    public static final long NOW = -1;

    /** A record to any partition, of now, without headers. */
    public OutgoingRecord(String topic, byte[] key, byte[] value) {
        this(topic, ANY, NOW, key, value, List.of());
    }
}
