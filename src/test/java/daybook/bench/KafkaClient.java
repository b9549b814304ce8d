package daybook.bench;

import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Apache Kafka's Java clients, used as its performance tools use them. */
final class KafkaClient {
    private static final Duration POLL = Duration.ofMillis(100);

    private KafkaClient() { }

    static Client.Sender sender(String address) {
        var producer = new KafkaProducer<>(Map.of("bootstrap.servers", address),
                new ByteArraySerializer(), new ByteArraySerializer());
        return new Client.Sender() {
            @Override
            public void send(String topic, byte[] value) {
                producer.send(new ProducerRecord<>(topic, value));
            }

            @Override
            public void flush() {
                producer.flush();
            }

            @Override
            public void close() {
                producer.close();
            }
        };
    }

    static Client.Reader reader(String address, String topic) {
        var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", address, "enable.auto.commit", false),
                new ByteArrayDeserializer(), new ByteArrayDeserializer());
        var partitions = consumer.partitionsFor(topic).stream()
                .map(partition -> new TopicPartition(topic, partition.partition())).toList();
        consumer.assign(partitions);
        return new Client.Reader() {
            @Override
            public void rewind() {
                consumer.seekToBeginning(partitions);
            }

            @Override
            public void poll(Client.Count count) {
                for (var record : consumer.poll(POLL)) {
                    count.records++;
                    count.bytes += record.value().length;
                }
            }

            @Override
            public void close() {
                consumer.close();
            }
        };
    }
}
