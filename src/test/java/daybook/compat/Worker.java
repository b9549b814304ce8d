package daybook.compat;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * A process that reads one topic as a member of a group, writes another, and commits its offsets and what it
 * wrote in one transaction: {@code Worker ADDRESS NAME PROTOCOL INPUT OUTPUT PARTITIONS}, until it is killed.
 * What cannot go on begins anew, as a supervisor would have it; it says why on standard error.
 */
final class Worker {
    private static final Duration POLL = Duration.ofMillis(100);
    private static final int TRANSACTION_MS = 4_000;
    private static final int PAUSE_MS = 20;

    private final Clients clients;
    private final String name;
    private final String input;
    private final String output;
    private final int partitions;
    private final Map<String, Object> reading;

    private Worker(String... arguments) {
        this.clients = new Clients(() -> arguments[0]);
        this.name = arguments[1];
        this.input = arguments[3];
        this.output = arguments[4];
        this.partitions = Integer.parseInt(arguments[5]);
        this.reading = new HashMap<>(Group.settings(arguments[2]));
        reading.putAll(Map.of("group.id", output, "client.id", name, "isolation.level", "read_committed",
                "max.poll.records", 50));
    }

    public static void main(String[] arguments) throws Exception {
        var worker = new Worker(arguments);
        while (true) {
            try {
                worker.work();
            } catch (KafkaException failed) {
                System.err.println("begins anew after " + failed);
                Thread.sleep(PAUSE_MS);
            }
        }
    }

    private void work() {
        try (var producer = clients.producer(Map.of("transactional.id", name, "transaction.timeout.ms",
                TRANSACTION_MS, "reconnect.backoff.max.ms", 200)); var consumer = clients.consumer(reading)) {
            producer.initTransactions();
            consumer.subscribe(List.of(input));
            while (true) {
                var records = consumer.poll(POLL);
                if (!records.isEmpty()) {
                    transform(consumer, producer, records);
                }
            }
        }
    }

    private void transform(KafkaConsumer<byte[], byte[]> consumer, KafkaProducer<byte[], byte[]> producer,
            ConsumerRecords<byte[], byte[]> records) {
        var offsets = new HashMap<TopicPartition, OffsetAndMetadata>();
        producer.beginTransaction();
        for (var record : records) {
            int to = (int) ((record.partition() + record.offset()) % partitions);
            producer.send(new ProducerRecord<>(output, to, bytes(record.partition()),
                    bytes(record.offset())));
            offsets.put(new TopicPartition(input, record.partition()),
                    new OffsetAndMetadata(record.offset() + 1));
        }
        try {
            producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
            producer.commitTransaction();
        } catch (CommitFailedException outside) {
            // The group has gone on without this member: who has the partitions now does this work.
            System.err.println("aborts after " + outside);
            producer.abortTransaction();
            resume(consumer);
        }
    }

    /** Goes back to where all is done. */
    private static void resume(KafkaConsumer<byte[], byte[]> consumer) {
        var committed = consumer.committed(consumer.assignment());
        committed.forEach((partition, offset) -> {
            if (offset == null) {
                consumer.seekToBeginning(List.of(partition));
            } else {
                consumer.seek(partition, offset.offset());
            }
        });
    }

    private static byte[] bytes(long number) {
        return Long.toString(number).getBytes();
    }
}
