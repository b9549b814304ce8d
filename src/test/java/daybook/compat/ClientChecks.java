package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectContains;
import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.CheckFailed.expectSameBytes;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.internals.RecordHeader;

/** Apache Kafka's Java producer and consumer, in this JVM. */
final class ClientChecks {
    /** Topics of {@link #idempotent}, which {@link DiskChecks} looks into later. */
    static final String TOPIC = "java-";
    static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");
    /** What topics compress with, in the order of {@link #CODECS}. */
    static final List<String> TYPES = List.of("uncompressed", "gzip", "snappy", "lz4", "zstd");
    static final int PARTITIONS = 3;
    static final int RECORDS = 20_000;
    static final int COMPRESSED_RECORDS = 4_000;

    private static final long LIMIT_SECONDS = 60;
    /** The timestamp of the first record; lately enough that retention leaves it alone. */
    private static final long FIRST_MS = System.currentTimeMillis() - 3_600_000;

    private final Report report;
    private final Clients clients;
    private final Sample sample;

    ClientChecks(Report report, Clients clients, Sample sample) {
        this.report = report;
        this.clients = clients;
        this.sample = sample;
    }

    void run() {
        for (var codec : CODECS) {
            report.check("java: idempotent, 5 requests in flight, " + codec, () -> idempotent(codec));
        }
        for (var type : TYPES) {
            report.check("java: a topic that compresses, " + type, () -> compressing(type));
        }
        report.check("java: 40 partitions in one fetch session", this::manyPartitions);
        report.check("java: large records, too large records", this::large);
        report.check("java: offsets by time, seek, small fetches", this::positions);
        report.check("java: LogAppendTime", this::logAppendTime);
        report.check("java: consumer reads what producer-perf wrote", this::consumerPerf);
    }

    /** Keys, values, headers, timestamps and offsets come back as sent, in the order of each partition. */
    private void idempotent(String codec) throws Exception {
        var topic = TOPIC + codec;
        create(new NewTopic(topic, PARTITIONS, (short) 1));
        var results = new ArrayList<Future<RecordMetadata>>();
        try (var producer = clients.producer(Map.of("compression.type", codec, "batch.size", 8_192))) {
            for (int number = 0; number < RECORDS; number++) {
                results.add(producer.send(record(topic, number)));
            }
        }
        var next = new long[PARTITIONS];
        for (int number = 0; number < RECORDS; number++) {
            var metadata = get(results.get(number));
            expectEqual(next[number % PARTITIONS]++, metadata.offset(), "offset of record " + number);
        }
        var records = clients.readAll(topic, PARTITIONS, Map.of("isolation.level", "read_committed"));
        expectEqual(RECORDS, records.size(), "records");
        next = new long[PARTITIONS];
        for (var read : records) {
            long offset = next[read.partition()]++;
            expectEqual(offset, read.offset(), "offset");
            var sent = record(topic, (int) offset * PARTITIONS + read.partition());
            expectSameBytes(sent.value(), read.value(), "value of " + offset);
            expect(Arrays.equals(sent.key(), read.key()), "another key at " + offset);
            expectEqual(sent.timestamp(), read.timestamp(), "timestamp of " + offset);
            expectEqual(sent.headers(), read.headers(), "headers of " + offset);
        }
    }

    /** A partition for each codec that a producer may have; the log has another, and gives the same back. */
    private void compressing(String type) throws Exception {
        var topic = TOPIC + "to-" + type;
        create(new NewTopic(topic, CODECS.size(), (short) 1).configs(Map.of("compression.type", type)));
        var sent = new ArrayList<ProducerRecord<byte[], byte[]>>();
        for (int partition = 0; partition < CODECS.size(); partition++) {
            try (var producer = clients.producer(Map.of("compression.type", CODECS.get(partition)))) {
                for (int number = 0; number < COMPRESSED_RECORDS; number++) {
                    var like = record(topic, number);
                    sent.add(new ProducerRecord<>(topic, partition, like.timestamp(), like.key(),
                            like.value(), like.headers()));
                    producer.send(sent.getLast());
                }
            }
        }
        var records = clients.readAll(topic, CODECS.size(), Map.of());
        expectEqual(sent.size(), records.size(), "records");
        for (var read : records) {
            var as = sent.get(read.partition() * COMPRESSED_RECORDS + (int) read.offset());
            expectSameBytes(as.value(), read.value(), "value of " + read.offset());
            expect(Arrays.equals(as.key(), read.key()), "another key at " + read.offset());
            expectEqual(as.timestamp(), read.timestamp(), "timestamp of " + read.offset());
            expectEqual(as.headers(), read.headers(), "headers of " + read.offset());
        }
    }

    private ProducerRecord<byte[], byte[]> record(String topic, int number) {
        var key = number % 4 == 0 ? null : ("key " + number).getBytes();
        var record = new ProducerRecord<>(topic, number % PARTITIONS, FIRST_MS + number, key,
                sample.line(number));
        record.headers().add(new RecordHeader("number", String.valueOf(number).getBytes()));
        if (number % 10 == 0) {
            record.headers().add(new RecordHeader("empty", new byte[0]));
            record.headers().add(new RecordHeader("null", (byte[]) null));
        }
        return record;
    }

    /** Few bytes a fetch and many partitions: sessions, rotation, and empty answers in between. */
    private void manyPartitions() throws Exception {
        int partitions = 40;
        var topic = "java-many";
        create(new NewTopic(topic, partitions, (short) 1));
        var results = new ArrayList<Future<RecordMetadata>>();
        try (var producer = clients.producer(Map.of())) {
            for (int number = 0; number < 4_000; number++) {
                var record = new ProducerRecord<byte[], byte[]>(topic, number % partitions, null,
                        sample.line(number));
                results.add(producer.send(record));
            }
        }
        for (var result : results) {
            get(result);
        }
        var next = new HashMap<Integer, Integer>();
        for (var read : clients.readAll(topic, partitions, Map.of("fetch.max.bytes", 4_000,
                "max.partition.fetch.bytes", 500, "max.poll.records", 100))) {
            int number = next.merge(read.partition(), 1, Integer::sum) - 1;
            var line = sample.line(number * partitions + read.partition());
            expectSameBytes(line, read.value(), "record " + number);
        }
        expectEqual(partitions, next.size(), "partitions read");
    }

    /** A record of 8 MB is given whole to who asked for 1 byte; one above the limit is refused. */
    private void large() throws Exception {
        var topic = "java-large";
        create(new NewTopic(topic, 1, (short) 1).configs(Map.of("max.message.bytes", "10000000")));
        var value = new byte[8_000_000];
        new Random(7).nextBytes(value);
        try (var producer = clients.producer(Map.of("max.request.size", 20_000_000))) {
            get(producer.send(new ProducerRecord<>(topic, value)));
            var tooLarge = producer.send(new ProducerRecord<>(topic, new byte[10_000_000]));
            try {
                get(tooLarge);
                throw new CheckFailed("a record above max.message.bytes was taken");
            } catch (ExecutionException refused) {
                var cause = refused.getCause();
                expect(cause instanceof RecordTooLargeException, "refused with " + cause);
            }
            get(producer.send(new ProducerRecord<>(topic, sample.line(1))));
        }
        var records = clients.readAll(topic, 1, Map.of("max.partition.fetch.bytes", 1, "fetch.max.bytes", 1));
        expectSameBytes(value, records.get(0).value(), "the large record");
        expectSameBytes(sample.line(1), records.get(1).value(), "the record after it");
    }

    private void positions() throws Exception {
        var topic = TOPIC + "gzip";
        var partition = Clients.partitions(topic, 1).getFirst();
        try (var consumer = clients.consumer(Map.of("max.partition.fetch.bytes", 1_000))) {
            consumer.assign(List.of(partition));
            for (int offset : new int[] {0, 1, 3333, 6666}) {
                long timestamp = FIRST_MS + (long) offset * PARTITIONS;
                for (long time = timestamp - PARTITIONS + 1; time <= timestamp; time++) {
                    var found = consumer.offsetsForTimes(Map.of(partition, time)).get(partition);
                    expectEqual((long) offset, found.offset(), "offset for time " + time);
                    expectEqual(timestamp, found.timestamp(), "its timestamp");
                }
                consumer.seek(partition, offset);
                var rest = Clients.read(consumer, 1 + (6666 - offset));
                expectEqual((long) offset, rest.getFirst().offset(), "offset");
            }
            var last = FIRST_MS + 6666L * PARTITIONS;
            var beyond = consumer.offsetsForTimes(Map.of(partition, last + 1)).get(partition);
            expectEqual(null, beyond, "offset for a time beyond the last");
        }
    }

    private void logAppendTime() throws Exception {
        var topic = "java-append-time";
        create(new NewTopic(topic, 1, (short) 1).configs(Map.of("message.timestamp.type", "LogAppendTime")));
        long before = System.currentTimeMillis();
        try (var producer = clients.producer(Map.of("compression.type", "lz4"))) {
            for (int number = 0; number < 100; number++) {
                producer.send(new ProducerRecord<>(topic, 0, 1L, null, sample.line(number)));
            }
        }
        long after = System.currentTimeMillis();
        var records = clients.readAll(topic, 1, Map.of());
        for (int number = 0; number < 100; number++) {
            var read = records.get(number);
            expectContains(read.timestampType().toString(), "LogAppendTime");
            expect(read.timestamp() >= before && read.timestamp() <= after, "timestamp " + read.timestamp());
            expectSameBytes(sample.line(number), read.value(), "record " + number);
        }
    }

    private void consumerPerf() throws Exception {
        expectEqual(200_000, clients.readAll("tool-perf-100", 1, Map.of()).size(), "records of 100 bytes");
        expectEqual(20_000, clients.readAll("tool-perf-1000", 1, Map.of()).size(), "records of 1,000 bytes");
    }

    private void create(NewTopic topic) throws Exception {
        try (var admin = clients.admin()) {
            admin.createTopics(List.of(topic)).all().get(LIMIT_SECONDS, TimeUnit.SECONDS);
        }
    }

    private static RecordMetadata get(Future<RecordMetadata> result) throws Exception {
        return result.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }
}
