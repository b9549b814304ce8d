package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.Group.get;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;

/** A topic that is written to in transactions, and what consumers are given of it. */
record TransactedTopic(Clients clients, Admin admin, String name, int partitions) implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(200);
    private static final long LIMIT_SECONDS = 60;

    static TransactedTopic create(Clients clients, String name, int partitions) throws Exception {
        return create(clients, name, partitions, Map.of());
    }

    static TransactedTopic create(Clients clients, String name, int partitions, Map<String, String> configs)
            throws Exception {
        var admin = clients.admin();
        get(admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1).configs(configs))).all());
        Clients.awaitLeader(admin, name, partitions);
        return new TransactedTopic(clients, admin, name, partitions);
    }

    List<TopicPartition> all() {
        return Clients.partitions(name, partitions);
    }

    TopicPartition partition(int number) {
        return new TopicPartition(name, number);
    }

    /** A producer that may begin a transaction. */
    KafkaProducer<byte[], byte[]> transactional(String id, Map<String, Object> settings) {
        var all = new HashMap<>(settings);
        all.put("transactional.id", id);
        var producer = clients.producer(all);
        try {
            producer.initTransactions();
        } catch (RuntimeException refused) {
            producer.close(Duration.ZERO);
            throw refused;
        }
        return producer;
    }

    KafkaProducer<byte[], byte[]> transactional(String id) {
        return transactional(id, Map.of());
    }

    Future<RecordMetadata> send(KafkaProducer<byte[], byte[]> producer, int partition, String value) {
        return producer.send(new ProducerRecord<>(name, partition, null,
                value.getBytes(StandardCharsets.UTF_8)));
    }

    /** Sends a value to every partition, and waits until all have it. */
    void sendEverywhere(KafkaProducer<byte[], byte[]> producer, String value) throws Exception {
        var results = new ArrayList<Future<RecordMetadata>>();
        for (int partition = 0; partition < partitions; partition++) {
            results.add(send(producer, partition, value));
        }
        producer.flush();
        for (var result : results) {
            result.get();
        }
    }

    /**
     * Ends the transaction, once all is sent: the client itself may send the end before the records where it
     * is held up right then, and is refused.
     */
    static void end(KafkaProducer<byte[], byte[]> producer, boolean commit) {
        producer.flush();
        if (commit) {
            producer.commitTransaction();
        } else {
            producer.abortTransaction();
        }
    }

    /** The end of each partition; at {@code READ_COMMITTED} the last stable offset. */
    Map<TopicPartition, Long> ends(IsolationLevel isolation) throws Exception {
        var asked = new HashMap<TopicPartition, OffsetSpec>();
        all().forEach(partition -> asked.put(partition, OffsetSpec.latest()));
        var ends = new HashMap<TopicPartition, Long>();
        get(admin.listOffsets(asked, new ListOffsetsOptions(isolation)).all()).forEach(
                (partition, end) -> ends.put(partition, end.offset()));
        return ends;
    }

    /** Waits until no transaction is open: markers are written after the answer to the producer. */
    void settles() throws Exception {
        Until.holds("no transaction of " + name + " is open", () -> "", () ->
                ends(IsolationLevel.READ_COMMITTED).equals(ends(IsolationLevel.READ_UNCOMMITTED)));
    }

    /** What a consumer is given of each partition up to the end, of committed records or of all. */
    List<List<ConsumerRecord<byte[], byte[]>>> records(IsolationLevel isolation) {
        var records = new ArrayList<List<ConsumerRecord<byte[], byte[]>>>();
        all().forEach(partition -> records.add(new ArrayList<>()));
        try (var consumer = clients.consumer(Map.of("isolation.level", lower(isolation)))) {
            consumer.assign(all());
            consumer.seekToBeginning(all());
            var ends = consumer.endOffsets(all());
            long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
            while (ends.keySet().stream().anyMatch(each -> consumer.position(each) < ends.get(each))
                    && System.nanoTime() - limit < 0) {
                consumer.poll(POLL).forEach(record -> records.get(record.partition()).add(record));
            }
            ends.forEach((partition, end) -> expect(consumer.position(partition) >= end, "a consumer of "
                    + partition + " came to " + consumer.position(partition) + " of " + end));
        }
        return records;
    }

    List<List<String>> values(IsolationLevel isolation) {
        return records(isolation).stream().map(partition -> partition.stream().map(record ->
                text(record.value())).toList()).toList();
    }

    /** The committed values of each partition, by their keys. */
    List<Map<String, List<String>>> committedByKey() {
        var all = new ArrayList<Map<String, List<String>>>();
        for (var partition : records(IsolationLevel.READ_COMMITTED)) {
            var keys = new HashMap<String, List<String>>();
            partition.forEach(record -> keys.computeIfAbsent(text(record.key()), none -> new ArrayList<>())
                    .add(text(record.value())));
            all.add(keys);
        }
        return all;
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    List<List<String>> committed() {
        return values(IsolationLevel.READ_COMMITTED);
    }

    /** As the client's configuration has it. */
    static String lower(IsolationLevel isolation) {
        return isolation.toString().toLowerCase(Locale.ROOT);
    }

    /** Waits until no transaction is open; then these values are committed, in this order. */
    void expectCommitted(List<List<String>> expected) throws Exception {
        settles();
        expectEqual(expected, committed(), "committed values of " + name);
    }

    /** The same values are in all partitions. */
    void expectCommittedEverywhere(List<String> expected) throws Exception {
        var everywhere = new ArrayList<List<String>>();
        all().forEach(partition -> everywhere.add(expected));
        expectCommitted(everywhere);
    }

    @Override
    public void close() {
        admin.close();
    }
}
