package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/**
 * One directory, two brokers: Apache Kafka formats and fills it, then Daybook and Kafka open it in turn. Each
 * finds all that the one before it left, whether that was killed or stopped, and goes on: with more records
 * of each codec, so that segments roll, with a new topic, another configuration and one topic less.
 */
final class TwoBrokersChecks {
    private static final String GROUP = "two-group";
    private static final String COMPACTED = "two-compacted";
    private static final String TRANSACTIONAL = "two-transactional";
    private static final int PARTITIONS = 2;
    /** Of each topic in each stage: with a kilobyte each, a segment's worth in each partition. */
    private static final int RECORDS = 2_400;
    private static final int NOISE_BYTES = 700;
    private static final int KEYS = 40;
    /** The least that Apache Kafka takes. */
    private static final String SEGMENT_BYTES = "1048576";
    private static final long LIMIT_SECONDS = 60;
    /** Kafka writes snapshots of its metadata and rolls that log soon, and cleans as soon as it may. */
    private static final Map<String, String> SETTINGS = Map.of("metadata.log.max.snapshot.interval.ms", "1000",
            "metadata.log.max.record.bytes.between.snapshots", "2000", "metadata.log.segment.ms", "2000",
            "metadata.max.idle.interval.ms", "100", "log.cleaner.backoff.ms", "200");

    private final Report report;
    private final Tools tools;
    private final Sample sample;
    private final Broker daybook;
    private final ApacheKafka kafka;
    /** Stages that were passed. */
    private int stages;
    /** What the last stage left. */
    private Contents left;

    TwoBrokersChecks(Report report, Path launcher, Path directory, Tools tools, Sample sample)
            throws Exception {
        this.report = report;
        this.tools = tools;
        this.sample = sample;
        this.daybook = new Broker(launcher, Files.createDirectory(directory.resolve("two-brokers")),
                "--metadata.log.max.record.bytes.between.snapshots=300", "--log.cleaner.backoff.ms=200");
        this.kafka = new ApacheKafka(tools, daybook.data(), "127.0.0.1:" + ApacheKafka.freePort(), SETTINGS);
    }

    void run() throws Exception {
        try {
            stage(0, "Apache Kafka writes a directory and is killed", () -> {
                kafka.format();
                kafka(kafka::kill);
                trimMetadata();
            });
            stage(1, "Daybook opens it, goes on and is killed", () -> daybook(daybook::kill));
            stage(2, "Apache Kafka's tool reads every log", () -> dump(".log"));
            stage(3, "Apache Kafka opens it, goes on and is killed", () -> kafka(kafka::kill));
            stage(4, "Daybook opens it, goes on and is stopped", () -> daybook(daybook::stop));
            stage(5, "Apache Kafka's tool reads every file", () -> {
                dump(".log", ".index", ".timeindex", ".snapshot", ".txnindex", ".checkpoint");
                checkIndexes();
            });
            stage(6, "Apache Kafka opens it, goes on and is stopped", () -> kafka(kafka::stop));
            stage(7, "Daybook opens what was stopped", () -> daybook(daybook::stop));
        } finally {
            daybook.kill();
            kafka.kill();
        }
    }

    private void stage(int before, String name, Report.Check check) {
        report.check("two brokers: " + name, () -> {
            expectEqual(before, stages, "stages that were passed before this one");
            check.run();
            stages++;
        });
    }

    private void kafka(Report.Check end) throws Exception {
        long cleaned = cleanedOffset();
        kafka.start();
        var clients = new Clients(kafka::address);
        goOn(clients, kafka.address(), "Apache Kafka");
        try (var admin = clients.admin()) {
            var group = new TopicPartition("two-none", 0);
            if (stages > 0) {
                var offsets = admin.listConsumerGroupOffsets(GROUP).partitionsToOffsetAndMetadata()
                        .get(LIMIT_SECONDS, TimeUnit.SECONDS);
                expectEqual(1_000L, offsets.get(group).offset(), "offset of a group");
            }
            admin.alterConsumerGroupOffsets(GROUP, Map.of(group, new OffsetAndMetadata(1_000))).all()
                    .get(LIMIT_SECONDS, TimeUnit.SECONDS);
            expectOnline(admin);
        }
        transactions(clients);
        awaitCleaned(cleaned);
        left = Contents.of(clients);
        end.run();
        for (var line : kafka.logged()) {
            // On a busy machine a new producer's second batch overtakes its first, and is sent again.
            boolean ofClients = line.contains("Error processing append operation");
            expect(ofClients || !line.contains(" ERROR ") && !line.contains("offline"),
                    "Apache Kafka says: " + line);
        }
    }

    private void daybook(Report.Check end) throws Exception {
        long cleaned = cleanedOffset();
        daybook.start();
        var clients = new Clients(daybook::address);
        goOn(clients, daybook.address(), "Daybook");
        try (var admin = clients.admin()) {
            expectOnline(admin);
        }
        awaitCleaned(cleaned);
        left = Contents.of(clients);
        end.run();
        for (var line : daybook.logged()) {
            expect(!line.contains(" ERROR "), "Daybook says: " + line);
        }
    }

    /** Looks for what the stage before left, and adds to it. */
    private void goOn(Clients clients, String address, String who) throws Exception {
        if (left != null) {
            left.expectSame(Contents.of(clients), who);
            for (var codec : ClientChecks.CODECS) {
                Resend.expectKnown(daybook.data(), "two-" + codec, 0, address);
            }
            left.expectSame(Contents.of(clients), who + ", after batches were sent again,");
        }
        try (var admin = clients.admin()) {
            topics(admin);
            for (var codec : ClientChecks.CODECS) {
                produce(clients, "two-" + codec, PARTITIONS, codec);
            }
            produce(clients, COMPACTED, 1, "lz4");
            produce(clients, "two-of-stage-" + stages, 1, "none");
        }
    }

    private void topics(Admin admin) throws Exception {
        var created = new ArrayList<NewTopic>();
        var small = Map.of("segment.bytes", SEGMENT_BYTES);
        if (stages == 0) {
            for (var codec : ClientChecks.CODECS) {
                created.add(new NewTopic("two-" + codec, PARTITIONS, (short) 1).configs(small));
            }
            created.add(new NewTopic(COMPACTED, 1, (short) 1).configs(Map.of("cleanup.policy", "compact",
                    "segment.bytes", SEGMENT_BYTES, "min.cleanable.dirty.ratio", "0.01")));
            created.add(new NewTopic(TRANSACTIONAL, 1, (short) 1).configs(small));
            created.add(new NewTopic("two-of-stage--1", 1, (short) 1));
        }
        created.add(new NewTopic("two-of-stage-" + stages, 1, (short) 1));
        admin.createTopics(created).all().get(LIMIT_SECONDS, TimeUnit.SECONDS);
        for (var topic : created) {
            Clients.awaitLeader(admin, topic.name(), topic.numPartitions());
        }
        var before = admin.listTopics().names().get(LIMIT_SECONDS, TimeUnit.SECONDS).stream()
                .filter(name -> name.startsWith("two-of-stage-") && !name.endsWith("-" + stages)).toList();
        expectEqual(1, before.size(), "topics that a stage before made");
        admin.deleteTopics(before).all().get(LIMIT_SECONDS, TimeUnit.SECONDS);
        var none = new ConfigResource(ConfigResource.Type.TOPIC, "two-none");
        var value = String.valueOf(TimeUnit.DAYS.toMillis(30) + stages);
        admin.incrementalAlterConfigs(Map.of(none, List.of(new AlterConfigOp(
                new ConfigEntry("retention.ms", value), AlterConfigOp.OpType.SET)))).all()
                .get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    /** Records with a line of text, and with letters that no codec makes much smaller. */
    private void produce(Clients clients, String topic, int partitions, String codec) throws Exception {
        try (var producer = clients.producer(Map.of("compression.type", codec, "linger.ms", 5))) {
            send(producer, topic, partitions);
        }
    }

    private void send(KafkaProducer<byte[], byte[]> producer, String topic, int partitions)
            throws IOException {
        for (int number = 0; number < RECORDS; number++) {
            var noise = new byte[NOISE_BYTES];
            new Random(number).nextBytes(noise);
            var value = new ByteArrayOutputStream();
            value.write(sample.line(number));
            value.write(Base64.getEncoder().encode(noise));
            producer.send(new ProducerRecord<>(topic, number % partitions,
                    ("key " + number % KEYS).getBytes(), value.toByteArray()));
        }
    }

    /** One that is committed, one that is aborted. */
    private void transactions(Clients clients) throws Exception {
        try (var producer = clients.producer(Map.of("transactional.id", "two"))) {
            producer.initTransactions();
            producer.beginTransaction();
            send(producer, TRANSACTIONAL, 1);
            producer.commitTransaction();
            producer.beginTransaction();
            send(producer, TRANSACTIONAL, 1);
            producer.flush();
            producer.abortTransaction();
        }
    }

    /** Waits until the compacted topic was cleaned beyond an offset. */
    private void awaitCleaned(long offset) throws Exception {
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (cleanedOffset() <= offset) {
            expect(System.nanoTime() < limit, COMPACTED + " is not cleaned beyond " + offset);
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    /** Up to where the compacted topic was cleaned last; -1 where it never was. */
    private long cleanedOffset() throws IOException {
        var checkpoint = daybook.data().resolve("cleaner-offset-checkpoint");
        if (Files.exists(checkpoint)) {
            for (var line : Files.readAllLines(checkpoint)) {
                if (line.startsWith(COMPACTED + " 0 ")) {
                    return Long.parseLong(line.substring(line.lastIndexOf(' ') + 1));
                }
            }
        }
        return -1;
    }

    private static void expectOnline(Admin admin) throws Exception {
        var directories = admin.describeLogDirs(List.of(1)).allDescriptions()
                .get(LIMIT_SECONDS, TimeUnit.SECONDS).get(1);
        expectEqual(1, directories.size(), "log directories");
        directories.forEach((path, directory) -> expect(directory.error() == null, path + " is offline"));
    }

    /** Takes from the metadata log what a snapshot holds, as Kafka's retention does after a week. */
    private void trimMetadata() throws Exception {
        var directory = kafka.data().resolve("__cluster_metadata-0");
        var snapshot = newest(directory, ".checkpoint").substring(0, 20);
        var segments = new ArrayList<String>();
        for (var file : files(directory, ".log")) {
            segments.add(file.getFileName().toString().substring(0, 20));
        }
        expect(segments.size() > 1 && segments.get(1).compareTo(snapshot) <= 0,
                "there is no snapshot of a whole segment: " + snapshot + " " + segments);
        for (var suffix : List.of(".log", ".index", ".timeindex", "-0000000000.checkpoint")) {
            Files.delete(directory.resolve(segments.getFirst() + suffix));
        }
    }

    private static String newest(Path directory, String suffix) throws IOException {
        return files(directory, suffix).getLast().getFileName().toString();
    }

    private static List<Path> files(Path directory, String... suffixes) throws IOException {
        try (var files = Files.walk(directory)) {
            return files.filter(file -> Stream.of(suffixes).anyMatch(file.toString()::endsWith))
                    .sorted(Comparator.naturalOrder()).toList();
        }
    }

    private void checkIndexes() throws Exception {
        var names = files(daybook.data(), ".index", ".timeindex").stream().map(Path::toString).toList();
        var lines = tools.run(DiskChecks.DUMP, "--index-sanity-check", "--files", String.join(",", names))
                .expectSuccess().lines();
        for (var name : names) {
            expect(lines.contains(name + " passed sanity check.") || lines.contains(name + " is empty."),
                    name + " does not pass the sanity check");
        }
    }

    /** Every batch is valid, no index or snapshot disagrees with the log, and no file is left unread. */
    private void dump(String... suffixes) throws Exception {
        var names = files(daybook.data(), suffixes).stream().map(Path::toString).toList();
        var lines = tools.run(DiskChecks.DUMP, "--deep-iteration", "--print-data-log", "--files",
                String.join(",", names)).expectSuccess().lines();
        for (var name : names) {
            expect(lines.contains("Dumping " + name), name + " was not read");
        }
        for (var line : lines) {
            expect(!line.contains("isvalid: false") && !DiskChecks.wrong(line), line);
        }
    }
}
