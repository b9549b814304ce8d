package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.CheckFailed.expectSameBytes;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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
    /** What the broker told before it stopped; empty where that was not asked. */
    private Map<String, String> groups = Map.of();

    ExchangeChecks(Report report, Broker broker, Tools tools, Sample sample) {
        this.report = report;
        this.broker = broker;
        this.tools = tools;
        this.sample = sample;
    }

    /** What is to be asked before the broker stops. */
    void before() {
        report.check("exchange: every group's type and offsets are told", () -> {
            groups = groups(new Clients(broker::address));
            expect(!groups.isEmpty(), "there is no group");
        });
    }

    /** Of each group its type, and what is committed. */
    private static Map<String, String> groups(Clients clients) throws Exception {
        var told = new TreeMap<String, String>();
        try (var admin = clients.admin()) {
            for (var group : admin.listGroups().all().get(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                var offsets = new TreeMap<String, String>();
                admin.listConsumerGroupOffsets(group.groupId()).partitionsToOffsetAndMetadata()
                        .get(LIMIT_SECONDS, TimeUnit.SECONDS).forEach((partition, offset) ->
                                offsets.put(partition.toString(), offset.toString()));
                told.put(group.groupId(), group.type() + " " + offsets);
            }
        }
        return told;
    }

    private void expectGroups(Clients clients) throws Exception {
        // Apache Kafka tells of the groups that it has loaded so far.
        Until.holds("all groups are told", () -> groups.keySet().toString(), () ->
                groups(clients).keySet().equals(groups.keySet()));
        var now = groups(clients);
        for (var group : groups.keySet()) {
            expectEqual(groups.get(group), now.get(group), "type and offsets of " + group);
        }
    }

    void run() {
        report.check("exchange: Apache Kafka opens the directory, finds all and adds to it", this::toKafka);
        report.check("exchange: the broker opens the directory again", this::back);
    }

    private void toKafka() throws Exception {
        var kafka = new ApacheKafka(tools, broker.data(), "localhost:9093", Map.of());
        var clients = new Clients(kafka::address);
        kafka.start();
        try {
            expectEverything(clients);
            try (var producer = clients.producer(Feed.SETTINGS)) {
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
        if (!groups.isEmpty()) {
            expectGroups(clients);
        }
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
