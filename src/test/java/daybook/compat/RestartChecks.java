package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.CheckFailed.expectSameBytes;

import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;

/** The broker stops, or is killed, while a producer is at work; the producer goes on when it is back. */
final class RestartChecks {
    private static final int RECORDS = 20_000;
    private static final long LIMIT_SECONDS = 60;

    /** How a broker goes down. */
    private interface End {
        void of(Broker broker) throws Exception;
    }

    private final Report report;
    private final Broker broker;
    private final Clients clients;
    private final Sample sample;

    RestartChecks(Report report, Broker broker, Clients clients, Sample sample) {
        this.report = report;
        this.broker = broker;
        this.clients = clients;
        this.sample = sample;
    }

    void run() {
        report.check("restart: a clean stop under a producer", () -> restart("restart-stop", Broker::stop));
        report.check("restart: kill -9 under a producer", () -> restart("restart-kill", Broker::kill));
        report.check("restart: kill -9 after acks=1", this::killAfterLeaderAcks);
        report.check("restart: what was written before is all there", this::earlier);
    }

    /** A quarter is acked, the broker goes down and comes back: every record is there, in order, once. */
    private void restart(String topic, End end) throws Exception {
        var quarter = new Semaphore(0);
        var results = new ArrayList<Future<RecordMetadata>>();
        try (var producer = clients.producer(Map.of("batch.size", 4_096, "reconnect.backoff.max.ms", 200))) {
            for (int number = 0; number < RECORDS; number++) {
                results.add(producer.send(new ProducerRecord<>(topic, 0, null, sample.line(number)),
                        (metadata, failure) -> quarter.release()));
                if (number == RECORDS / 2) {
                    boolean taken = quarter.tryAcquire(RECORDS / 4, LIMIT_SECONDS, TimeUnit.SECONDS);
                    expect(taken, "no quarter was taken");
                    end.of(broker);
                    broker.start();
                }
            }
            producer.flush();
        }
        for (int number = 0; number < RECORDS; number++) {
            var metadata = results.get(number).get(LIMIT_SECONDS, TimeUnit.SECONDS);
            expectEqual((long) number, metadata.offset(), "offset of record " + number);
        }
        expectLines(topic, RECORDS);
    }

    /** acks=1 means in the page cache: the death of the process loses nothing. */
    private void killAfterLeaderAcks() throws Exception {
        var topic = "restart-acks-1";
        try (var producer = clients.producer(Map.of("acks", "1", "enable.idempotence", false))) {
            Future<RecordMetadata> last = null;
            for (int number = 0; number < RECORDS; number++) {
                last = producer.send(new ProducerRecord<>(topic, 0, null, sample.line(number)));
            }
            last.get(LIMIT_SECONDS, TimeUnit.SECONDS);
            broker.kill();
        }
        broker.start();
        expectLines(topic, RECORDS);
    }

    private void earlier() throws Exception {
        for (var codec : ClientChecks.CODECS) {
            expectLines("kcat-" + codec, Sample.LINES);
            var records = clients.readAll(ClientChecks.TOPIC + codec, ClientChecks.PARTITIONS, Map.of());
            expectEqual(ClientChecks.RECORDS, records.size(), "records in three partitions, " + codec);
        }
        expectLines("tool-console", Sample.LINES);
        try (var admin = clients.admin()) {
            var topics = admin.listTopics().names().get(LIMIT_SECONDS, TimeUnit.SECONDS);
            expect(!topics.contains("tool-topics"), "a deleted topic is back");
        }
    }

    private void expectLines(String topic, int count) {
        var records = clients.readAll(topic, 1, Map.of());
        expectEqual(count, records.size(), "records of " + topic);
        for (int number = 0; number < count; number++) {
            expectSameBytes(sample.line(number), records.get(number).value(), topic + " at " + number);
        }
    }
}
