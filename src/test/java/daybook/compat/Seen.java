package daybook.compat;

import static daybook.compat.CheckFailed.expect;

import daybook.client.Consumer;
import daybook.client.TopicPartition;
import daybook.record.Record;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/**
 * A record as a consumer was given it, Kafka's or ours, so that they can be compared: its bytes as
 * characters of one byte each, null where there are none.
 *
 * @param headers {@code key=value}, in their order
 */
record Seen(String topic, int partition, long offset, long timestampMs, String key, String value,
        List<String> headers) {
    private static final Comparator<Seen> ORDER = Comparator.comparing(Seen::topic)
            .thenComparing(Seen::partition);
    private static final Duration POLL = Duration.ofMillis(200);
    private static final long LIMIT_SECONDS = 60;

    static Seen of(ConsumerRecord<byte[], byte[]> record) {
        return new Seen(record.topic(), record.partition(), record.offset(), record.timestamp(),
                text(record.key()), text(record.value()),
                StreamSupport.stream(record.headers().spliterator(), false).map(Seen::text).toList());
    }

    static Seen of(TopicPartition partition, Record record) {
        return new Seen(partition.topic(), partition.partition(), record.offset(), record.timestampMs(),
                text(record.key()), text(record.value()), record.headers().stream()
                .map(header -> header.key() + "=" + text(header.value())).toList());
    }

    /** In the order of the partitions, and of each as it was given out. */
    static List<Seen> sorted(List<Seen> records) {
        return records.stream().sorted(ORDER).toList();
    }

    /** What Kafka's consumer is given of all partitions of a topic. */
    static List<Seen> kafka(List<ConsumerRecord<byte[], byte[]>> records) {
        return sorted(records.stream().map(Seen::of).toList());
    }

    /** What our consumer, to which partitions are assigned, is given from where it is to their ends now. */
    static List<Seen> toTheEnd(Consumer consumer, List<TopicPartition> partitions, List<Long> ends) {
        var seen = new ArrayList<Seen>();
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (!IntStream.range(0, ends.size()).allMatch(each ->
                consumer.position(partitions.get(each)) >= ends.get(each))) {
            expect(System.nanoTime() - limit < 0, "our consumer is not at the ends " + ends + " after "
                    + LIMIT_SECONDS + " s, with " + seen.size() + " records");
            seen.addAll(poll(consumer, POLL));
        }
        return sorted(seen);
    }

    /** What one poll gives. */
    static List<Seen> poll(Consumer consumer, Duration timeout) {
        var seen = new ArrayList<Seen>();
        for (var fetched : consumer.poll(timeout)) {
            for (var record : fetched) {
                seen.add(of(fetched.partition(), record));
            }
        }
        return seen;
    }

    static List<TopicPartition> partitions(String topic, int count) {
        return IntStream.range(0, count).mapToObj(each -> new TopicPartition(topic, each)).toList();
    }

    private static String text(Header header) {
        return header.key() + "=" + text(header.value());
    }

    private static String text(byte[] bytes) {
        return bytes == null ? null : new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static String text(ByteBuffer bytes) {
        return bytes == null ? null : StandardCharsets.ISO_8859_1.decode(bytes.duplicate()).toString();
    }
}
