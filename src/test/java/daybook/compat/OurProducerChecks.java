package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.CheckFailed.expectSame;

import daybook.client.Acks;
import daybook.client.ClientException;
import daybook.client.Delivery;
import daybook.client.OutgoingRecord;
import daybook.client.Producer;
import daybook.client.Receipt;
import daybook.record.Codec;
import daybook.record.Record;
import daybook.wire.ErrorCode;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;

/** Our producer on a broker, as Kafka's consumer and ours see what it wrote. */
final class OurProducerChecks {
    private static final int PARTITIONS = 3;
    private static final int RECORDS = 6_000;
    private static final int CRASH_RECORDS = 60_000;
    private static final int KEYED_PARTITIONS = 7;
    private static final int KEYS = 500;
    private static final long LIMIT_SECONDS = 60;
    private static final long FIRST_MS = System.currentTimeMillis() - 3_600_000;

    private final Report report;
    private final Target target;
    private final Sample sample;

    OurProducerChecks(Report report, Target target, Sample sample) {
        this.report = report;
        this.target = target;
        this.sample = sample;
    }

    void run() {
        for (var codec : Codec.values()) {
            target.check(report, "producer, every byte, " + codec, () -> everyByte(codec));
        }
        target.check(report, "producer, partitions by key are Kafka's", this::partitionsByKey);
        target.check(report, "producer, records without a key go everywhere", this::withoutKey);
        target.check(report, "producer, acks of 1 and 0", this::acks);
        target.check(report, "producer, large records, too large records", this::large);
        target.check(report, "producer, what it is refused", this::refused);
        target.check(report, "producer, in order and once over kill -9", this::crash);
    }

    /** A topic for one check, which the broker leads by then. */
    static void create(Target target, String topic, int partitions, Map<String, String> configs)
            throws Exception {
        try (var admin = target.clients().admin()) {
            admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1).configs(configs))).all()
                    .get(LIMIT_SECONDS, TimeUnit.SECONDS);
            Clients.awaitLeader(admin, topic, partitions);
        }
    }

    static Receipt receipt(Delivery delivery) throws Exception {
        return delivery.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    static void expectRefused(ErrorCode error, String what, Report.Check check) throws Exception {
        try {
            check.run();
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof ClientException refused) {
                expectEqual(error, refused.error(), what + " (" + refused.getMessage() + ")");
                return;
            }
            throw failed;
        } catch (ClientException refused) {
            expectEqual(error, refused.error(), what + " (" + refused.getMessage() + ")");
            return;
        }
        throw new CheckFailed(what + " went well");
    }

    /** Keys, values, headers, timestamps and offsets are what was sent, in the order of each partition. */
    private void everyByte(Codec codec) throws Exception {
        var topic = "ours-" + codec;
        create(target, topic, PARTITIONS, Map.of());
        var deliveries = new ArrayList<Delivery>();
        try (var producer = Producer.builder(target.address()).codec(codec).batchSizeBytes(8_192).open()) {
            for (int number = 0; number < RECORDS; number++) {
                deliveries.add(producer.send(record(topic, number)));
            }
        }
        var sent = new ArrayList<Seen>();
        for (int number = 0; number < RECORDS; number++) {
            int partition = number % PARTITIONS;
            var record = record(topic, number);
            var receipt = receipt(deliveries.get(number));
            expectEqual(new Receipt(new daybook.client.TopicPartition(topic, partition),
                    number / PARTITIONS, record.timestampMs()), receipt, "the receipt of " + number);
            sent.add(Seen.of(receipt.partition(), new Record(receipt.offset(), record.timestampMs(),
                    bytes(record.key()), bytes(record.value()), Record.headerBytes(record.headers()))));
        }
        expectSame(Seen.sorted(sent), Seen.kafka(target.clients().readAll(topic, PARTITIONS, Map.of())),
                "what Kafka's consumer read");
        expectSame(Seen.sorted(sent), OurConsumerChecks.readAll(target, topic, PARTITIONS),
                "what our consumer read");
    }

    private OutgoingRecord record(String topic, int number) {
        var key = number % 4 == 0 ? null : ("key " + number).getBytes(StandardCharsets.UTF_8);
        var value = number % 50 == 7 ? null : number % 50 == 8 ? new byte[0] : sample.line(number);
        var headers = new ArrayList<Record.Header>();
        headers.add(new Record.Header("number", bytes(String.valueOf(number).getBytes())));
        if (number % 10 == 0) {
            headers.add(new Record.Header("empty", ByteBuffer.allocate(0)));
            headers.add(new Record.Header("null", null));
            headers.add(new Record.Header("ключ", bytes(new byte[] {0, -1, 10})));
        }
        return new OutgoingRecord(topic, number % PARTITIONS, FIRST_MS + number, key, value,
                number % 3 == 0 ? List.of() : headers);
    }

    private static ByteBuffer bytes(byte[] bytes) {
        return bytes == null ? null : ByteBuffer.wrap(bytes);
    }

    /** Kafka's producer and ours, told a key each: both put it into the same partition. */
    private void partitionsByKey() throws Exception {
        var topic = "ours-keys";
        create(target, topic, KEYED_PARTITIONS, Map.of());
        var random = new Random(11);
        try (var theirs = target.clients().producer(Map.of());
                var ours = Producer.builder(target.address()).open()) {
            var their = new ArrayList<Future<RecordMetadata>>();
            var our = new ArrayList<Delivery>();
            for (int number = 0; number < KEYS; number++) {
                var key = new byte[number % 40];
                random.nextBytes(key);
                their.add(theirs.send(new ProducerRecord<>(topic, key, null)));
                our.add(ours.send(topic, key, null));
            }
            for (int number = 0; number < KEYS; number++) {
                expectEqual(their.get(number).get(LIMIT_SECONDS, TimeUnit.SECONDS).partition(),
                        receipt(our.get(number)).partition().partition(), "the partition of a key of "
                                + number % 40 + " bytes");
            }
        }
    }

    /** They stay in a partition for a batch, and no longer. */
    private void withoutKey() throws Exception {
        var topic = "ours-keyless";
        create(target, topic, PARTITIONS, Map.of());
        try (var producer = Producer.builder(target.address()).batchSizeBytes(1_000).open()) {
            for (int number = 0; number < 3_000; number++) {
                producer.send(topic, null, sample.line(number));
            }
        }
        var read = Seen.kafka(target.clients().readAll(topic, PARTITIONS, Map.of()));
        for (int partition = 0; partition < PARTITIONS; partition++) {
            int number = partition;
            var there = read.stream().filter(each -> each.partition() == number).map(Seen::value).toList();
            expect(there.size() > 100, there.size() + " records in partition " + partition + " of 3,000");
            expectEqual(there.stream().sorted().toList(), there, "their order");
        }
    }

    private void acks() throws Exception {
        var topic = "ours-acks";
        create(target, topic, 1, Map.of());
        for (int acks = 0; acks < 2; acks++) {
            try (var producer = Producer.builder(target.address()).acks(Acks.values()[acks]).open()) {
                for (int number = 0; number < 100; number++) {
                    var delivery = producer.send(topic, null, sample.line(acks * 100 + number));
                    if (acks == 1) {
                        expectEqual(100L + number, receipt(delivery).offset(), "the offset");
                    }
                }
                producer.flush();
            }
            // Nothing says when what was sent without acks is there.
            long end = (acks + 1) * 100L;
            Until.holds(end + " records", () -> "", () ->
                    OurConsumerChecks.ends(target, topic, 1).equals(List.of(end)));
        }
        var read = target.clients().readAll(topic, 1, Map.of());
        expectSame(IntStream.range(0, 200).mapToObj(number -> sample.lines().get(number)).toList(),
                read.stream().map(each -> new String(each.value(), StandardCharsets.UTF_8)).toList(),
                "the lines");
    }

    private void large() throws Exception {
        var topic = "ours-large";
        create(target, topic, 1, Map.of("max.message.bytes", "3000000"));
        var value = new byte[2_900_000];
        new Random(7).nextBytes(value);
        try (var producer = Producer.builder(target.address()).maxRequestSizeBytes(20_000_000).open();
                var modest = Producer.builder(target.address()).open()) {
            expectEqual(0L, receipt(producer.send(topic, null, value)).offset(), "its offset");
            var before = producer.send(topic, null, sample.line(1));
            expectRefused(ErrorCode.MESSAGE_TOO_LARGE, "more than the topic takes", () ->
                    receipt(producer.send(topic, null, new byte[3_100_000])));
            expectEqual(1L, receipt(before).offset(), "the offset of the one before");
            expectEqual(2L, receipt(producer.send(topic, null, sample.line(2))).offset(), "the one after");
            expectRefused(ErrorCode.MESSAGE_TOO_LARGE, "more than max.request.size", () ->
                    receipt(modest.send(topic, null, value)));
            expectEqual(3L, receipt(modest.send(topic, null, sample.line(3))).offset(), "the one after that");
        }
        expectSame(Seen.kafka(target.clients().readAll(topic, 1, Map.of())),
                OurConsumerChecks.readAll(target, topic, 1), "what our consumer read");
    }

    private void refused() throws Exception {
        create(target, "ours-refused", 1, Map.of("cleanup.policy", "compact"));
        try (var producer = Producer.builder(target.address()).maxBlockMs(2_000).open()) {
            expectRefused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "a topic that is not there", () ->
                    receipt(producer.send("ours-nowhere", null, sample.line(1))));
            expectRefused(ErrorCode.INVALID_TOPIC_EXCEPTION, "a name that no topic has", () ->
                    receipt(producer.send("no topic", null, sample.line(1))));
            expectRefused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "a partition that is not there", () ->
                    receipt(producer.send(new OutgoingRecord("ours-refused", 5, -1, null, sample.line(1),
                            List.of()))));
            expectRefused(ErrorCode.INVALID_RECORD, "no key in a compacted topic", () ->
                    receipt(producer.send("ours-refused", null, sample.line(1))));
            expectEqual(0L, receipt(producer.send("ours-refused", new byte[1], sample.line(1))).offset(),
                    "the offset of one with a key");
        }
        try (var producer = Producer.builder("127.0.0.1:" + ApacheKafka.freePort()).maxBlockMs(500).open()) {
            var failed = new Throwable[1];
            try {
                receipt(producer.send("ours-refused", null, sample.line(1)));
            } catch (ExecutionException | ClientException refused) {
                failed[0] = refused instanceof ClientException ? refused : refused.getCause();
            }
            expect(failed[0] instanceof ClientException typed && typed.retriable(), "where nobody listens: "
                    + failed[0]);
        }
    }

    /** The broker is killed twice while much is in flight. */
    private void crash() throws Exception {
        var topic = "ours-crash";
        create(target, topic, PARTITIONS, Map.of());
        var deliveries = new ArrayList<Delivery>();
        try (var producer = Producer.builder(target.address()).lingerMs(1).codec(Codec.LZ4).open()) {
            for (int number = 0; number < CRASH_RECORDS; number++) {
                var value = String.valueOf(number).getBytes(StandardCharsets.UTF_8);
                deliveries.add(producer.send(new OutgoingRecord(topic, number % PARTITIONS, -1, null, value,
                        List.of())));
                if (number == CRASH_RECORDS / 2) {
                    receipt(deliveries.get(number / 2));
                    target.crash();
                }
            }
        }
        var read = Seen.kafka(target.clients().readAll(topic, PARTITIONS, Map.of()));
        for (int partition = 0; partition < PARTITIONS; partition++) {
            int first = partition;
            var there = read.stream().filter(each -> each.partition() == first).map(Seen::value).toList();
            expectSame(IntStream.range(0, CRASH_RECORDS).filter(each -> each % PARTITIONS == first)
                    .mapToObj(String::valueOf).toList(), there, "values of partition " + partition);
        }
        for (int number = 0; number < CRASH_RECORDS; number++) {
            expectEqual((long) number / PARTITIONS, receipt(deliveries.get(number)).offset(), "offset of "
                    + number);
        }
    }
}
