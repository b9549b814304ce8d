package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.PolicyViolationException;

/** A compacted topic, written and read by Apache Kafka's Java clients in all codecs while it is compacted. */
final class CompactionChecks {
    static final String TOPIC = "compacted";
    static final int KEYS = 300;

    private static final TopicPartition PARTITION = new TopicPartition(TOPIC, 0);
    private static final int ROUNDS = 2;
    private static final int RECORDS_A_CODEC = 1_200;
    private static final long LIMIT_SECONDS = 60;

    private final Report report;
    private final Clients clients;

    CompactionChecks(Report report, Clients clients) {
        this.report = report;
        this.clients = clients;
    }

    void run() {
        report.check("compaction: the newest of each key stays, in all codecs", this::compacted);
        report.check("compaction: records without a key, and deleting records, are refused", this::refused);
    }

    private void compacted() throws Exception {
        try (var admin = clients.admin()) {
            setBackoff(admin, "100");
            admin.createTopics(List.of(new NewTopic(TOPIC, 1, (short) 1).configs(Map.of(
                    "cleanup.policy", "compact", "segment.bytes", "1048576",
                    "min.cleanable.dirty.ratio", "0.01", "file.delete.delay.ms", "0")))).all()
                    .get(LIMIT_SECONDS, TimeUnit.SECONDS);
            write();
            long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
            while (bytes(admin, PARTITION) > 4 << 20) {
                expect(System.nanoTime() < limit, "it was not compacted: " + bytes(admin, PARTITION)
                        + " bytes");
            }
            expectNewest(clients);
        }
    }

    /** How long the broker waits until it looks again what there is to compact. */
    static void setBackoff(Admin admin, String ms) throws Exception {
        var change = new AlterConfigOp(new ConfigEntry("log.cleaner.backoff.ms", ms), AlterConfigOp.OpType.SET);
        admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.BROKER, "1"),
                List.of(change))).all().get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    static long bytes(Admin admin, TopicPartition partition) throws Exception {
        var directories = admin.describeLogDirs(List.of(1)).allDescriptions()
                .get(LIMIT_SECONDS, TimeUnit.SECONDS).get(1);
        return directories.values().stream().map(directory -> directory.replicaInfos().get(partition))
                .mapToLong(replica -> replica == null ? 0 : replica.size()).sum();
    }

    /** Writes records whose values are their numbers, and something to make them long. */
    private void write() throws Exception {
        var random = new Random(4711);
        int number = 0;
        for (int round = 0; round < ROUNDS; round++) {
            for (var codec : ClientChecks.CODECS) {
                try (var producer = clients.producer(Map.of("compression.type", codec, "linger.ms", 5))) {
                    for (int i = 0; i < RECORDS_A_CODEC; i++) {
                        var value = new byte[2_000];
                        random.nextBytes(value);
                        var text = number + " ";
                        System.arraycopy(text.getBytes(), 0, value, 0, text.length());
                        var key = ("key-" + number % KEYS).getBytes();
                        producer.send(new ProducerRecord<>(TOPIC, 0, key, value));
                        number++;
                    }
                }
            }
        }
    }

    /** Reads from the start: offsets rise, and what is read last of each key is what was written last. */
    static void expectNewest(Clients clients) {
        int count = ROUNDS * ClientChecks.CODECS.size() * RECORDS_A_CODEC;
        var newest = new HashMap<String, Integer>();
        long next = 0;
        int read = 0;
        try (var consumer = clients.consumer(Map.of())) {
            consumer.assign(List.of(PARTITION));
            consumer.seekToBeginning(List.of(PARTITION));
            long end = consumer.endOffsets(List.of(PARTITION)).get(PARTITION);
            expectEqual((long) count, end, "end offset");
            long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
            while (consumer.position(PARTITION) < end) {
                expect(System.nanoTime() < limit, "it cannot be read to its end");
                for (var record : consumer.poll(Duration.ofMillis(500))) {
                    expect(record.offset() >= next, "offset " + record.offset() + " comes before " + next);
                    next = record.offset() + 1;
                    var number = new String(record.value(), 0, record.value().length).split(" ", 2)[0];
                    expectEqual(record.offset(), Long.valueOf(number), "the number at its offset");
                    newest.put(new String(record.key()), Integer.valueOf(number));
                    read++;
                }
            }
        }
        expectEqual(KEYS, newest.size(), "keys");
        newest.forEach((key, number) -> expect(number >= count - KEYS, key + " ends with " + number));
        expect(read < count / 2, read + " of " + count + " records are there still");
    }

    private void refused() throws Exception {
        try (var producer = clients.producer(Map.of()); var admin = clients.admin()) {
            try {
                producer.send(new ProducerRecord<>(TOPIC, 0, null, new byte[9]))
                        .get(LIMIT_SECONDS, TimeUnit.SECONDS);
                throw new CheckFailed("a record without a key was taken");
            } catch (ExecutionException refused) {
                expect(refused.getCause() instanceof InvalidRecordException, refused.toString());
                expect(refused.getMessage().contains("Compacted topic cannot accept message without key in topic"
                        + " partition " + PARTITION), refused.getMessage());
            }
            var deletion = admin.deleteRecords(Map.of(PARTITION, RecordsToDelete.beforeOffset(1)));
            try {
                deletion.all().get(LIMIT_SECONDS, TimeUnit.SECONDS);
                throw new CheckFailed("records of a compacted topic were deleted");
            } catch (ExecutionException refused) {
                expect(refused.getCause() instanceof PolicyViolationException, refused.toString());
            }
        }
    }
}
