package daybook.compat;

import static daybook.compat.CheckFailed.expect;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Apache Kafka's Java clients of one broker, with bytes for keys and values. */
record Clients(Supplier<String> address) {
    private static final Duration POLL = Duration.ofMillis(500);
    /** How often nothing may come in a row before a consumer gives up. */
    private static final int EMPTY_POLLS = 60;

    /** A producer: idempotent, acks=all, five requests in flight, unless {@code settings} say otherwise. */
    KafkaProducer<byte[], byte[]> producer(Map<String, Object> settings) {
        var all = new HashMap<String, Object>(Map.of("bootstrap.servers", address.get(), "acks", "all",
                "enable.idempotence", true, "max.in.flight.requests.per.connection", 5, "linger.ms", 1,
                "delivery.timeout.ms", 60_000, "request.timeout.ms", 10_000, "max.block.ms", 60_000));
        all.putAll(settings);
        return new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** A consumer without a group: partitions are assigned to it by hand. */
    KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> settings) {
        var all = new HashMap<String, Object>(Map.of("bootstrap.servers", address.get(),
                "auto.offset.reset", "none", "enable.auto.commit", false, "default.api.timeout.ms", 60_000));
        all.putAll(settings);
        return new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", address.get(), "default.api.timeout.ms", 60_000));
    }

    /**
     * Waits until the broker leads all partitions of a topic that was made. Apache Kafka does so only a while
     * after it has answered: until then its admin client gives up what asks for the topic, and a batch that a
     * new producer sends may overtake the one before.
     */
    static void awaitLeader(Admin admin, String topic, int partitions) throws Exception {
        var latest = partitions(topic, partitions).stream().collect(Collectors.toMap(each -> each, each ->
                OffsetSpec.latest()));
        Until.holds(topic + " is led", () -> "", () -> {
            try {
                return Group.get(admin.listOffsets(latest).all()).size() == partitions;
            } catch (ExecutionException notYet) {
                return false;
            }
        });
    }

    static List<TopicPartition> partitions(String topic, int count) {
        return IntStream.range(0, count).mapToObj(partition -> new TopicPartition(topic, partition)).toList();
    }

    /** Everything in a topic from its beginning on, in the order it was given out. */
    List<ConsumerRecord<byte[], byte[]>> readAll(String topic, int partitions, Map<String, Object> settings) {
        try (var consumer = consumer(settings)) {
            var all = partitions(topic, partitions);
            consumer.assign(all);
            consumer.seekToBeginning(all);
            long count = consumer.endOffsets(all).values().stream().mapToLong(Long::longValue).sum()
                    - consumer.beginningOffsets(all).values().stream().mapToLong(Long::longValue).sum();
            return read(consumer, count);
        }
    }

    /** The next {@code count} records, and proof that the consumer gives no more than those. */
    static List<ConsumerRecord<byte[], byte[]>> read(KafkaConsumer<byte[], byte[]> consumer, long count) {
        var records = new ArrayList<ConsumerRecord<byte[], byte[]>>();
        for (int empty = 0; records.size() < count && empty < EMPTY_POLLS;) {
            var polled = consumer.poll(POLL);
            polled.forEach(records::add);
            empty = polled.isEmpty() ? empty + 1 : 0;
        }
        expect(records.size() == count, records.size() + " records were read where there are " + count);
        return records;
    }
}
