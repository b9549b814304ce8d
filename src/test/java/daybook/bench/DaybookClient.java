package daybook.bench;

import daybook.client.Consumer;
import daybook.client.Producer;

import java.time.Duration;

/** Daybook's clients, used as {@link KafkaClient} uses those of Apache Kafka. */
final class DaybookClient {
    private static final Duration POLL = Duration.ofMillis(100);

    private DaybookClient() { }

    static Client.Sender sender(String address) {
        var producer = Producer.builder(address).open();
        return new Client.Sender() {
            @Override
            public void send(String topic, byte[] value) {
                producer.send(topic, null, value);
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
        var consumer = Consumer.builder(address).reset(Consumer.Reset.EARLIEST).open();
        var partitions = consumer.partitions(topic);
        consumer.assign(partitions);
        return new Client.Reader() {
            @Override
            public void rewind() {
                consumer.seekToBeginning(partitions);
            }

            @Override
            public void poll(Client.Count count) {
                for (var batch : consumer.poll(POLL)) {
                    for (var record : batch) {
                        count.records++;
                        count.bytes += record.value().remaining();
                    }
                }
            }

            @Override
            public void close() {
                consumer.close();
            }
        };
    }
}
