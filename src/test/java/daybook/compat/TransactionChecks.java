package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;

/**
 * Apache Kafka's producers write transactions to Apache Kafka: some are committed, some aborted, several at a
 * time over several segments, one is left open. Then it is killed. What its consumers were given by it, of
 * committed records and of all, Daybook gives them from the same directory, also when the indexes were lost;
 * and so does Kafka again, which ends the open transaction. Then each ends what the other left open.
 */
final class TransactionChecks {
    private static final TopicPartition PARTITION = new TopicPartition("transactions", 0);
    private static final int ROUNDS = 40;
    private static final int VALUE_BYTES = 20_000;
    private static final Duration POLL = Duration.ofMillis(500);
    private static final long LIMIT_SECONDS = 60;
    private static final String LONG_MS = "800000";

    private final Report report;
    private final Tools tools;
    private final Broker daybook;
    private final ApacheKafka kafka;
    /** What the check before saw last; null where it failed. */
    private View seen;

    /** What clients see of the partition. */
    private record View(List<String> committed, List<String> all, List<Long> offsets,
            List<String> producers) {
        static View of(Clients clients) throws Exception {
            try (var admin = clients.admin()) {
                var offsets = new ArrayList<Long>();
                for (var isolation : IsolationLevel.values()) {
                    for (var mark : List.of(OffsetSpec.earliest(), OffsetSpec.latest(),
                            OffsetSpec.maxTimestamp(), OffsetSpec.forTimestamp(0))) {
                        var listed = admin.listOffsets(Map.of(PARTITION, mark),
                                new ListOffsetsOptions(isolation)).partitionResult(PARTITION);
                        offsets.add(listed.get(LIMIT_SECONDS, TimeUnit.SECONDS).offset());
                    }
                }
                var producers = admin.describeProducers(List.of(PARTITION)).partitionResult(PARTITION)
                        .get(LIMIT_SECONDS, TimeUnit.SECONDS).activeProducers();
                return new View(read(clients, "read_committed"), read(clients, "read_uncommitted"), offsets,
                        producers.stream().map(Object::toString).sorted().toList());
            }
        }

        /** The offsets and the beginnings of all records that a consumer is given. */
        private static List<String> read(Clients clients, String isolation) {
            var given = new ArrayList<String>();
            try (var consumer = clients.consumer(Map.of("isolation.level", isolation,
                    "max.partition.fetch.bytes", 100_000))) {
                var one = List.of(PARTITION);
                consumer.assign(one);
                consumer.seekToBeginning(one);
                long end = consumer.endOffsets(one).get(PARTITION);
                long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
                while (consumer.position(PARTITION) < end && System.nanoTime() < limit) {
                    consumer.poll(POLL).forEach(each -> given.add(each.offset() + " "
                            + new String(each.value(), 0, 12, StandardCharsets.US_ASCII).strip()));
                }
                expectEqual(end, consumer.position(PARTITION), "where the consumer came to, " + isolation);
            }
            return given;
        }

        void expectSame(View other) {
            expectEqual(committed, other.committed, "committed records");
            expectEqual(all, other.all, "records");
            expectEqual(offsets, other.offsets, "offsets, all and committed");
            expectEqual(producers, other.producers, "producers");
        }
    }

    TransactionChecks(Report report, Path launcher, Path directory, Tools tools) throws Exception {
        this.report = report;
        this.tools = tools;
        this.daybook = new Broker(launcher, Files.createDirectory(directory.resolve("transactions")));
        this.kafka = new ApacheKafka(tools, daybook.data(), "127.0.0.1:" + ApacheKafka.freePort(), Map.of());
    }

    void run() throws Exception {
        try {
            report.check("transactions: Apache Kafka is killed while one is open", this::write);
            report.check("transactions: Daybook opens what it left", () -> daybook(List.of(), daybook::kill));
            report.check("transactions: Daybook opens it without indexes", () ->
                    daybook(List.of(".txnindex", ".snapshot", "-point-offset-checkpoint"), daybook::stop));
            report.check("transactions: Apache Kafka goes on", () ->
                    goOn(kafka::start, kafka::address, kafka::stop));
            report.check("transactions: Daybook opens what was stopped", () ->
                    daybook(List.of(), daybook::stop));
            report.check("transactions: Daybook is killed while one is open", () ->
                    leaveOpen(daybook::start, daybook::address, daybook::kill));
            report.check("transactions: Apache Kafka goes on with what Daybook left", () ->
                    goOn(kafka::start, kafka::address, kafka::stop));
            report.check("transactions: Apache Kafka is killed again", () ->
                    leaveOpen(kafka::start, kafka::address, kafka::kill));
            report.check("transactions: Daybook goes on with what it left", () ->
                    goOn(daybook::start, daybook::address, daybook::stop));
        } finally {
            daybook.kill();
            kafka.kill();
        }
    }

    private void write() throws Exception {
        kafka.format();
        kafka.start();
        try (var admin = new Clients(kafka::address).admin()) {
            var topic = new NewTopic(PARTITION.topic(), 1, (short) 1);
            admin.createTopics(List.of(topic.configs(Map.of("segment.bytes", "1048576")))).all()
                    .get(LIMIT_SECONDS, TimeUnit.SECONDS);
            Clients.awaitLeader(admin, topic.name(), 1);
        }
        leaveOpen(() -> { }, kafka::address, kafka::kill);
        expect(seen.committed.size() > ROUNDS && seen.committed.size() < seen.all.size() / 2 + ROUNDS,
                seen.committed.size() + " of " + seen.all.size() + " records are committed");
        expect(files(".txnindex").size() > 2, "Apache Kafka wrote " + files(".txnindex"));
    }

    /** Transactions of three producers, of which one is open when the broker is killed. */
    private void leaveOpen(Report.Check start, Supplier<String> address, Report.Check kill) throws Exception {
        start.run();
        var clients = new Clients(address);
        try (var plain = clients.producer(Map.of()); var one = transactional(clients, "one");
                var other = transactional(clients, "other")) {
            var open = transactional(clients, "open");
            var random = new Random(7);
            for (int round = 0; round < ROUNDS; round++) {
                one.beginTransaction();
                other.beginTransaction();
                send(one, "one " + round, 1 + random.nextInt(5));
                send(plain, "plain " + round, random.nextInt(3));
                send(other, "other " + round, 1 + random.nextInt(5));
                send(one, "one " + round, random.nextInt(3));
                end(one, random.nextBoolean());
                if (round == ROUNDS - 2) {
                    open.beginTransaction();
                    send(open, "open", 3);
                }
                send(other, "other " + round, random.nextInt(3));
                end(other, random.nextInt(3) == 0);
            }
            seen = settled(clients, 1);
            kill.run();
            open.close(Duration.ZERO);
        }
    }

    /** What clients see once no more transactions than these are open. */
    private static View settled(Clients clients, int open) throws Exception {
        Until.holds(open + " transactions are open", () -> "", () -> {
            var producers = View.of(clients).producers.stream();
            return open == producers.filter(producer ->
                    !producer.contains("currentTransactionStartOffset=OptionalLong.empty")).count();
        });
        return View.of(clients);
    }

    private static KafkaProducer<byte[], byte[]> transactional(Clients clients, String id) {
        var producer = clients.producer(Map.of("transactional.id", id, "transaction.timeout.ms", LONG_MS));
        producer.initTransactions();
        return producer;
    }

    private static void send(KafkaProducer<byte[], byte[]> producer, String text, int count) {
        for (int i = 0; i < count; i++) {
            var value = String.format("%-" + VALUE_BYTES + "s", text).getBytes(StandardCharsets.US_ASCII);
            producer.send(new ProducerRecord<>(PARTITION.topic(), 0, null, value));
        }
        producer.flush();
    }

    private static void end(KafkaProducer<byte[], byte[]> producer, boolean commit) {
        if (commit) {
            producer.commitTransaction();
        } else {
            producer.abortTransaction();
        }
    }

    private void daybook(List<String> lost, Report.Check end) throws Exception {
        var before = seen;
        seen = null;
        expect(before != null, "the check before failed");
        var indexes = contents();
        for (var suffix : lost) {
            for (var file : files(suffix)) {
                Files.delete(file);
            }
        }
        daybook.start();
        before.expectSame(View.of(new Clients(daybook::address)));
        end.run();
        expectEqual(indexes, contents(), "indexes of aborted transactions");
        seen = before;
    }

    /** The transaction that was left open is aborted when its producer comes back; more follow. */
    private void goOn(Report.Check start, Supplier<String> address, Report.Check stop) throws Exception {
        var before = seen;
        seen = null;
        expect(before != null, "the check before failed");
        start.run();
        var clients = new Clients(address);
        before.expectSame(View.of(clients));
        try (var open = transactional(clients, "open")) {
            open.beginTransaction();
            send(open, "closed", 3);
            open.commitTransaction();
        }
        seen = settled(clients, 0);
        expect(seen.committed.size() > before.committed.size() + 3, "nothing more is committed");
        stop.run();
        var names = files(".txnindex", ".log").stream().map(Path::toString).toList();
        var dumped = tools.run(DiskChecks.DUMP, "--files", String.join(",", names)).expectSuccess().lines();
        expect(dumped.stream().noneMatch(DiskChecks::wrong), "DumpLogSegments finds something wrong");
    }

    private List<Path> files(String... suffixes) throws IOException {
        try (var files = Files.walk(daybook.data())) {
            return files.filter(file -> Stream.of(suffixes).anyMatch(file.toString()::endsWith)).sorted()
                    .toList();
        }
    }

    /** The names and bytes of the indexes of aborted transactions. */
    private List<String> contents() throws IOException {
        var contents = new ArrayList<String>();
        for (var file : files(".txnindex")) {
            contents.add(file.getFileName() + " " + HexFormat.of().formatHex(Files.readAllBytes(file)));
        }
        return contents;
    }
}
