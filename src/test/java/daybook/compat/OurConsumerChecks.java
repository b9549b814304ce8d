package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.CheckFailed.expectSame;
import static daybook.compat.OurProducerChecks.create;
import static daybook.compat.OurProducerChecks.expectRefused;

import daybook.client.Consumer;
import daybook.client.TopicPartition;
import daybook.wire.ErrorCode;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.header.internals.RecordHeader;

/** Our consumer on a broker, given what Kafka's producer wrote, beside what Kafka's consumer is given. */
final class OurConsumerChecks {
    private static final int PARTITIONS = 3;
    private static final int RECORDS = 6_000;
    private static final int COMPACTED_RECORDS = 3_000;
    private static final long LIMIT_SECONDS = 60;
    private static final long FIRST_MS = System.currentTimeMillis() - 3_600_000;
    private static final Map<String, Object> COMMITTED = Map.of("isolation.level", "read_committed");

    private final Report report;
    private final Target target;
    private final Sample sample;

    OurConsumerChecks(Report report, Target target, Sample sample) {
        this.report = report;
        this.target = target;
        this.sample = sample;
    }

    void run() {
        for (var codec : ClientChecks.CODECS) {
            target.check(report, "consumer, every byte, " + codec, () -> everyByte(codec));
        }
        target.check(report, "consumer, transactions of Kafka's producer", this::transactions);
        target.check(report, "consumer, a compacted topic", this::compacted);
        target.check(report, "consumer, 40 partitions, few bytes a fetch", this::manyPartitions);
        target.check(report, "consumer, seek by offset and time", this::seek);
        target.check(report, "consumer, pause and resume", this::pause);
        target.check(report, "consumer, where offsets are not there any more", this::outOfRange);
        target.check(report, "consumer, waits for what comes, and no longer than asked", this::waits);
    }

    /** The ends of all partitions, as Kafka's admin client is told. */
    static List<Long> ends(Target target, String topic, int partitions) throws Exception {
        try (var admin = target.clients().admin()) {
            var all = Clients.partitions(topic, partitions);
            var ends = admin.listOffsets(all.stream().collect(Collectors.toMap(each -> each,
                    each -> OffsetSpec.latest()))).all().get(LIMIT_SECONDS, TimeUnit.SECONDS);
            return all.stream().map(each -> ends.get(each).offset()).toList();
        }
    }

    /** What our consumer is given of a topic from its beginning on. */
    static List<Seen> readAll(Target target, String topic, int partitions) throws Exception {
        return readAll(Consumer.builder(target.address()), target, topic, partitions);
    }

    static List<Seen> readAll(Consumer.Builder builder, Target target, String topic, int partitions)
            throws Exception {
        var ends = ends(target, topic, partitions);
        try (var consumer = builder.open()) {
            var all = Seen.partitions(topic, partitions);
            consumer.assign(all);
            consumer.seekToBeginning(all);
            return Seen.toTheEnd(consumer, all, ends);
        }
    }

    private void everyByte(String codec) throws Exception {
        var topic = "theirs-" + codec;
        create(target, topic, PARTITIONS, Map.of());
        try (var producer = target.clients().producer(Map.of("compression.type", codec,
                "batch.size", 8_192))) {
            for (int number = 0; number < RECORDS; number++) {
                producer.send(record(topic, number));
            }
        }
        expectSame(Seen.kafka(target.clients().readAll(topic, PARTITIONS, Map.of())),
                readAll(target, topic, PARTITIONS), "what our consumer read");
    }

    private ProducerRecord<byte[], byte[]> record(String topic, int number) {
        var key = number % 4 == 0 ? null : ("key " + number).getBytes();
        var value = number % 50 == 7 ? null : number % 50 == 8 ? new byte[0] : sample.line(number);
        var record = new ProducerRecord<>(topic, number % PARTITIONS, FIRST_MS + number, key, value);
        if (number % 3 > 0) {
            record.headers().add(new RecordHeader("number", String.valueOf(number).getBytes()));
            record.headers().add(new RecordHeader("ключ", new byte[] {0, -1, 10}));
            record.headers().add(new RecordHeader("null", (byte[]) null));
        }
        return record;
    }

    /** Committed, aborted and open ones, of several producers at once. */
    private void transactions() throws Exception {
        var name = "theirs-transactions";
        try (var topic = TransactedTopic.create(target.clients(), name, 2);
                var one = topic.transactional("theirs-1");
                var other = topic.transactional("theirs-2", Map.of("compression.type", "zstd"))) {
            for (int number = 0; number < 31; number++) {
                one.beginTransaction();
                topic.sendEverywhere(one, "one " + number);
                if (number % 4 == 0) {
                    other.beginTransaction();
                    topic.sendEverywhere(other, "other " + number);
                }
                TransactedTopic.end(one, number % 3 > 0);
                if (number % 4 == 2) {
                    TransactedTopic.end(other, number % 8 == 2);
                }
            }
            topic.settles();
            one.beginTransaction();
            topic.sendEverywhere(one, "open");
            var all = topic.records(IsolationLevel.READ_UNCOMMITTED).stream().flatMap(List::stream)
                    .map(Seen::of).toList();
            expectSame(all, readAll(target, name, 2), "all records");
            expectSame(committed(topic), committed(name), "committed records, one open");
            one.abortTransaction();
            topic.settles();
            expectSame(committed(topic), committed(name), "committed records");
        }
    }

    private static List<String> committed(TransactedTopic topic) {
        return topic.committed().stream().flatMap(List::stream).toList();
    }

    /** Up to the last stable offsets. */
    private List<String> committed(String topic) throws Exception {
        var all = Seen.partitions(topic, 2);
        try (var theirs = target.clients().consumer(COMMITTED);
                var ours = Consumer.builder(target.address()).readCommitted().open()) {
            var ends = theirs.endOffsets(Clients.partitions(topic, 2));
            ours.assign(all);
            ours.seekToBeginning(all);
            var seen = Seen.toTheEnd(ours, all, Clients.partitions(topic, 2).stream().map(ends::get)
                    .toList());
            expectEqual(List.of(), Seen.poll(ours, Duration.ofMillis(100)), "beyond the last stable offset");
            return seen.stream().map(Seen::value).toList();
        }
    }

    private void compacted() throws Exception {
        var topic = "theirs-compacted";
        create(target, topic, 1, Map.of("cleanup.policy", "compact", "segment.bytes", "1048576",
                "min.cleanable.dirty.ratio", "0.01", "file.delete.delay.ms", "0"));
        var random = new Random(5);
        try (var producer = target.clients().producer(Map.of("compression.type", "lz4"));
                var admin = target.clients().admin()) {
            for (int number = 0; number < COMPACTED_RECORDS; number++) {
                var value = new byte[1_500];
                random.nextBytes(value);
                producer.send(new ProducerRecord<>(topic, 0, ("key-" + number % 100).getBytes(),
                        number % 100 == 50 ? null : value));
            }
            producer.flush();
            var partition = Clients.partitions(topic, 1).getFirst();
            Until.holds("it is compacted", () -> "", () ->
                    CompactionChecks.bytes(admin, partition) < 2 << 20);
        }
        List<Seen> theirs = List.of();
        List<Seen> ours = List.of();
        try (var consumer = target.clients().consumer(Map.of())) {
            var partitions = Clients.partitions(topic, 1);
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            var read = new ArrayList<Seen>();
            while (consumer.position(partitions.getFirst()) < COMPACTED_RECORDS) {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> read.add(Seen.of(record)));
            }
            theirs = read;
            ours = readAll(target, topic, 1);
        }
        expect(theirs.size() < COMPACTED_RECORDS, "nothing is missing");
        // It may have been compacted once more in between.
        var last = theirs.subList(theirs.size() - 100, theirs.size());
        expectSame(last, ours.subList(ours.size() - 100, ours.size()), "the newest of each key");
        expect(Set.copyOf(theirs).containsAll(ours), "our consumer read what Kafka's did not");
    }

    private void manyPartitions() throws Exception {
        var topic = "theirs-many";
        create(target, topic, 40, Map.of());
        try (var producer = target.clients().producer(Map.of("batch.size", 700))) {
            for (int number = 0; number < 4_000; number++) {
                producer.send(new ProducerRecord<>(topic, number % 40, null, sample.line(number)));
            }
        }
        var few = Consumer.builder(target.address()).fetchMaxBytes(4_000).maxPartitionFetchBytes(500);
        expectSame(Seen.kafka(target.clients().readAll(topic, 40, Map.of())), readAll(few, target, topic, 40),
                "what our consumer read");
    }

    private void seek() throws Exception {
        var topic = "theirs-gzip";
        var partition = new TopicPartition(topic, 1);
        var other = new TopicPartition(topic, 2);
        try (var consumer = Consumer.builder(target.address()).fetchMaxWaitMs(50).open()) {
            consumer.assign(List.of(partition, other));
            for (int offset : new int[] {1_999, 0, 1_000, 1}) {
                long timestampMs = FIRST_MS + (long) offset * PARTITIONS + 1;
                for (long time = timestampMs - PARTITIONS + 1; time <= timestampMs; time++) {
                    consumer.seekToTime(Map.of(partition, time));
                    expectEqual((long) offset, consumer.position(partition), "position for time " + time);
                }
                consumer.seekToEnd(List.of(other));
                var first = first(consumer);
                expectEqual((long) offset, first.offset(), "offset of what comes first");
                expectEqual(timestampMs, first.timestampMs(), "its timestamp");
                consumer.seek(partition, 77);
                expectEqual(77L, consumer.position(partition), "position after seek");
                expectEqual(77L, first(consumer).offset(), "offset after seek");
            }
            consumer.seekToTime(Map.of(partition, FIRST_MS + RECORDS));
            expectEqual(2_000L, consumer.position(partition), "position for a time beyond the last record");
            consumer.seekToBeginning(List.of(partition));
            expectEqual(0L, consumer.position(partition), "position at the beginning");
            expectEqual(2_000L, consumer.position(other), "position at the end");
        }
    }

    private static Seen first(Consumer consumer) {
        for (int poll = 0; poll < 300; poll++) {
            var seen = Seen.poll(consumer, Duration.ofMillis(200));
            if (!seen.isEmpty()) {
                return seen.getFirst();
            }
        }
        throw new CheckFailed("our consumer is given nothing");
    }

    private void pause() throws Exception {
        var topic = "theirs-snappy";
        var all = Seen.partitions(topic, PARTITIONS);
        var paused = all.getFirst();
        try (var consumer = Consumer.builder(target.address()).open()) {
            consumer.assign(all);
            consumer.seekToBeginning(all);
            first(consumer);
            consumer.seek(paused, 5);
            consumer.pause(List.of(paused));
            var others = all.subList(1, PARTITIONS);
            for (var each : Seen.toTheEnd(consumer, others, List.of(2_000L, 2_000L))) {
                expect(each.partition() != 0, "a record of what is paused: " + each.offset());
            }
            expectEqual(List.of(), Seen.poll(consumer, Duration.ofMillis(100)), "while it is paused");
            expectEqual(5L, consumer.position(paused), "its position");
            consumer.resume(List.of(paused));
            var rest = Seen.toTheEnd(consumer, List.of(paused), List.of(2_000L));
            expectEqual(5L, rest.getFirst().offset(), "the first afterwards");
            expectEqual(1_995, rest.size(), "records afterwards");
        }
    }

    private void outOfRange() throws Exception {
        var topic = "theirs-short";
        create(target, topic, 1, Map.of());
        var partition = new TopicPartition(topic, 0);
        try (var producer = target.clients().producer(Map.of()); var admin = target.clients().admin()) {
            for (int number = 0; number < 100; number++) {
                producer.send(new ProducerRecord<>(topic, 0, null, sample.line(number)));
            }
            producer.flush();
            admin.deleteRecords(Map.of(Clients.partitions(topic, 1).getFirst(),
                    RecordsToDelete.beforeOffset(40))).all().get(LIMIT_SECONDS, TimeUnit.SECONDS);
        }
        for (var reset : Consumer.Reset.values()) {
            try (var consumer = Consumer.builder(target.address()).reset(reset).open()) {
                consumer.assign(List.of(partition));
                consumer.seek(partition, 10);
                switch (reset) {
                    case EARLIEST -> expectEqual(40L, first(consumer).offset(), "the first that is there");
                    case LATEST -> {
                        expectEqual(List.of(), Seen.poll(consumer, Duration.ofMillis(300)), "at the end");
                        expectEqual(100L, consumer.position(partition), "the position at the end");
                    }
                    case NONE -> expectRefused(ErrorCode.OFFSET_OUT_OF_RANGE, "an offset that is gone", () ->
                            first(consumer));
                }
            }
        }
    }

    private void waits() throws Exception {
        var topic = "theirs-late";
        create(target, topic, 2, Map.of());
        var all = Seen.partitions(topic, 2);
        try (var consumer = Consumer.builder(target.address()).open();
                var producer = target.clients().producer(Map.of("linger.ms", 0))) {
            consumer.assign(all);
            consumer.seekToBeginning(all);
            // A machine that stands still for a moment does not do so six times.
            long emptyMs = Long.MAX_VALUE;
            long givenMs = Long.MAX_VALUE;
            for (int number = 0; number < 6; number++) {
                long before = System.nanoTime();
                expectEqual(List.of(), Seen.poll(consumer, Duration.ofMillis(150)), "where there is nothing");
                long ms = (System.nanoTime() - before) / 1_000_000;
                expect(ms >= 100, "a poll of 150 ms took " + ms);
                emptyMs = Math.min(emptyMs, ms);
                producer.send(new ProducerRecord<>(topic, number % 2, null, sample.line(number)));
                before = System.nanoTime();
                expectEqual((long) number / 2, Seen.poll(consumer, Duration.ofSeconds(20)).getFirst()
                        .offset(),
                        "the offset of what came");
                givenMs = Math.min(givenMs, (System.nanoTime() - before) / 1_000_000);
            }
            expect(emptyMs < 1_000, "polls of 150 ms took " + emptyMs + " and more");
            expect(givenMs < 2_000, "it was given only after " + givenMs + " ms");
        }
    }
}
