package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.CheckFailed.expectSameBytes;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * The directory changes hands: Apache Kafka itself opens what Daybook left, adds to it, and Daybook opens
 * what Kafka left.
 */
final class ExchangeChecks {
    private static final String ADDED = "exchange";
    private static final int RECORDS = 1_000;
    private static final long LIMIT_SECONDS = 60;

    private final Report report;
    private final Broker broker;
    private final Tools tools;
    private final Sample sample;

    ExchangeChecks(Report report, Broker broker, Tools tools, Sample sample) {
        this.report = report;
        this.broker = broker;
        this.tools = tools;
        this.sample = sample;
    }

    void run() {
        report.check("exchange: Apache Kafka opens the directory and adds to it", this::toKafka);
        report.check("exchange: the broker opens the directory again", this::back);
    }

    private void toKafka() throws Exception {
        var kafka = new ApacheKafka(tools, broker.data(), "localhost:9093", Map.of());
        var clients = new Clients(kafka::address);
        kafka.start();
        try {
            expectEverything(clients);
            try (var producer = clients.producer(Map.of("max.block.ms", 60_000))) {
                for (int number = 0; number < RECORDS; number++) {
                    producer.send(new ProducerRecord<>(ADDED, 0, null, sample.line(number)));
                }
            }
            expectLines(clients, ADDED, RECORDS);
        } finally {
            kafka.stop();
        }
    }

    private void back() throws Exception {
        broker.start();
        var clients = new Clients(broker::address);
        expectEverything(clients);
        expectLines(clients, ADDED, RECORDS);
        broker.stop();
    }

    private void expectEverything(Clients clients) throws Exception {
        try (var admin = clients.admin()) {
            var nodes = admin.describeCluster().nodes().get(LIMIT_SECONDS, TimeUnit.SECONDS);
            expectEqual(1, nodes.size(), "brokers");
        }
        for (var topic : List.of("kcat-gzip", "kcat-zstd", "tool-console")) {
            expectLines(clients, topic, Sample.LINES);
        }
        CompactionChecks.expectNewest(clients);
        for (var codec : ClientChecks.CODECS) {
            var records = clients.readAll(ClientChecks.TOPIC + codec, ClientChecks.PARTITIONS, Map.of());
            expectEqual(ClientChecks.RECORDS, records.size(), "records, " + codec);
        }
    }

    private void expectLines(Clients clients, String topic, int count) {
        var records = clients.readAll(topic, 1, Map.of());
        expect(records.size() == count, topic + " has " + records.size() + " records");
        for (int number = 0; number < count; number++) {
            expectSameBytes(sample.line(number), records.get(number).value(), topic + " at " + number);
        }
    }
}
