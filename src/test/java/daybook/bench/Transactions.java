package daybook.bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Transactions one after another, by one of Apache Kafka's Java producers and by eight at once, all into one
 * topic: each of 100 records, spread over all partitions, and committed. At the end all records and one
 * marker a transaction and partition must be there, and be stable.
 */
final class Transactions implements Load {
    private static final String TOPIC = "transactions";
    private static final int PARTITIONS = 4;
    private static final int RECORDS = 100;
    private static final byte[] VALUE = new byte[100];
    private static final long WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(4);
    private static final long MEASURED_NANOS = TimeUnit.SECONDS.toNanos(4);
    private static final long LIMIT_SECONDS = 60;

    @Override
    public void run(Subject broker, Figures figures) throws Exception {
        try (var admin = Admin.create(Map.of("bootstrap.servers", broker.address()))) {
            admin.createTopics(List.of(new NewTopic(TOPIC, PARTITIONS, (short) 1))).all()
                    .get(LIMIT_SECONDS, TimeUnit.SECONDS);
            long all = 0;
            try (var warmUp = new Run(broker, 8)) {
                all += warmUp.commit(WARM_UP_NANOS).length;
            }
            for (int count : List.of(1, 8)) {
                try (var run = new Run(broker, count)) {
                    var name = count == 1 ? "1 producer, " : count + " producers, ";
                    all += measure(broker, figures, run, name);
                }
            }
            verify(admin, all);
        }
    }

    private static long measure(Subject broker, Figures figures, Run run, String name) throws Exception {
        double processorSeconds = broker.processorSeconds();
        long beganNanos = System.nanoTime();
        var nanos = run.commit(MEASURED_NANOS);
        double seconds = (System.nanoTime() - beganNanos) / 1e9;
        processorSeconds = broker.processorSeconds() - processorSeconds;
        figures.add(name + "transactions a second", nanos.length / seconds);
        figures.add(name + "ms a transaction, median", nanos[nanos.length / 2] / 1e6);
        figures.add(name + "ms a transaction, 99 of 100", nanos[nanos.length * 99 / 100] / 1e6);
        figures.add(name + "CPU s a 1,000", processorSeconds / nanos.length * 1e3);
        return nanos.length;
    }

    /** Producers that may begin. */
    private static final class Run implements AutoCloseable {
        private final Map<KafkaProducer<byte[], byte[]>, List<Long>> times = new HashMap<>();

        Run(Subject broker, int count) {
            for (int number = 0; number < count; number++) {
                var producer = new KafkaProducer<>(Map.of("bootstrap.servers", broker.address(),
                        "transactional.id", "producer-" + number), new ByteArraySerializer(),
                        new ByteArraySerializer());
                times.put(producer, new ArrayList<>());
                producer.initTransactions();
            }
        }

        /** Commits for this long; how long each transaction took, in order of that. */
        long[] commit(long durationNanos) throws Exception {
            long untilNanos = System.nanoTime() + durationNanos;
            Load.each(times.entrySet(), each ->
                    Transactions.commit(each.getKey(), untilNanos, each.getValue()));
            return times.values().stream().flatMap(List::stream).mapToLong(Long::longValue).sorted()
                    .toArray();
        }

        @Override
        public void close() {
            times.keySet().forEach(KafkaProducer::close);
        }
    }

    private static void commit(KafkaProducer<byte[], byte[]> producer, long untilNanos, List<Long> times) {
        for (long beganNanos = System.nanoTime(); beganNanos < untilNanos;) {
            producer.beginTransaction();
            for (int number = 0; number < RECORDS; number++) {
                producer.send(new ProducerRecord<>(TOPIC, number % PARTITIONS, null, VALUE));
            }
            // Without this the client may send the end before the records, where it is held up in between.
            producer.flush();
            producer.commitTransaction();
            long endedNanos = System.nanoTime();
            times.add(endedNanos - beganNanos);
            beganNanos = endedNanos;
        }
    }

    private static void verify(Admin admin, long transactions) throws Exception {
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        long expected = transactions * (RECORDS + PARTITIONS);
        // The last markers may be written after the answer to the producer.
        while (ends(admin) < expected && System.nanoTime() < limit) {
            Thread.onSpinWait();
        }
        if (ends(admin) != expected) {
            throw new IllegalStateException(transactions + " transactions were committed, and the last "
                    + "stable offsets are " + ends(admin) + " in all");
        }
    }

    private static long ends(Admin admin) throws Exception {
        var asked = new HashMap<TopicPartition, OffsetSpec>();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            asked.put(new TopicPartition(TOPIC, partition), OffsetSpec.latest());
        }
        return admin.listOffsets(asked, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED)).all()
                .get(LIMIT_SECONDS, TimeUnit.SECONDS).values().stream()
                .mapToLong(ListOffsetsResultInfo::offset).sum();
    }
}
