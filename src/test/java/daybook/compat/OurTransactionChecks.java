package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.OurProducerChecks.create;
import static daybook.compat.OurProducerChecks.expectRefused;

import daybook.client.ClientException;
import daybook.client.Consumer;
import daybook.client.OutgoingRecord;
import daybook.client.Producer;
import daybook.client.TopicPartition;
import daybook.record.Codec;
import daybook.wire.ErrorCode;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Our producer's transactions on a broker, as Kafka's consumer and ours see them. */
final class OurTransactionChecks {
    private static final int PARTITIONS = 2;
    private static final Duration POLL = Duration.ofMillis(100);
    private static final long LIMIT_SECONDS = 60;

    private final Report report;
    private final Target target;

    OurTransactionChecks(Report report, Target target) {
        this.report = report;
        this.target = target;
    }

    void run() {
        target.check(report, "transactions, committed and aborted", this::committedAndAborted);
        target.check(report, "transactions, offsets of a group", this::offsets);
        target.check(report, "transactions, read, written and committed once", this::loop);
        target.check(report, "transactions, another takes the id over", this::fenced);
        target.check(report, "transactions, one that takes too long", this::timedOut);
        target.check(report, "transactions, a failed record keeps all from being committed", this::failed);
        target.check(report, "transactions, go on over kill -9", this::crash);
    }

    private Producer.Builder producer(String id) {
        return Producer.builder(target.address()).transactionalId(id);
    }

    private static void sendEverywhere(Producer producer, TransactedTopic topic, String value) {
        for (int partition = 0; partition < topic.partitions(); partition++) {
            producer.send(new OutgoingRecord(topic.name(), partition, -1, null,
                    value.getBytes(StandardCharsets.UTF_8), List.of()));
        }
    }

    /** Kafka's consumer and ours are given the same of what is committed: these, in every partition. */
    private void expectCommitted(TransactedTopic topic, List<String> expected) throws Exception {
        topic.expectCommittedEverywhere(expected);
        var all = new ArrayList<String>();
        for (int partition = 0; partition < topic.partitions(); partition++) {
            all.addAll(expected);
        }
        expectEqual(all, OurConsumerChecks.readAll(Consumer.builder(target.address()).readCommitted(), target,
                topic.name(), topic.partitions()).stream().map(Seen::value).toList(),
                "what our consumer read");
    }

    private void committedAndAborted() throws Exception {
        var expected = new ArrayList<String>();
        try (var topic = TransactedTopic.create(target.clients(), "our-transactions", PARTITIONS);
                var producer = producer("ours-1").codec(Codec.SNAPPY).open()) {
            for (int number = 0; number < 40; number++) {
                producer.beginTransaction();
                sendEverywhere(producer, topic, "a" + number);
                if (number % 7 == 0) {
                    producer.flush();
                }
                sendEverywhere(producer, topic, "b" + number);
                if (number % 3 == 0) {
                    producer.abortTransaction();
                } else {
                    producer.commitTransaction();
                    expected.addAll(List.of("a" + number, "b" + number));
                }
            }
            producer.beginTransaction();
            producer.commitTransaction();
            producer.beginTransaction();
            producer.abortTransaction();
            expectCommitted(topic, expected);
            producer.beginTransaction();
            sendEverywhere(producer, topic, "open");
        }
        // Closed with a transaction open: it is aborted, and does not hold up readers.
        try (var topic = new TransactedTopic(target.clients(), target.clients().admin(), "our-transactions",
                PARTITIONS); var producer = producer("ours-1").open()) {
            producer.beginTransaction();
            sendEverywhere(producer, topic, "last");
            producer.commitTransaction();
            expected.add("last");
            expectCommitted(topic, expected);
        }
    }

    private void offsets() throws Exception {
        create(target, "our-input", 1, Map.of());
        var partition = new TopicPartition("our-input", 0);
        try (var consumer = Consumer.builder(target.address()).group("our-offsets").open();
                var producer = producer("ours-offsets").open()) {
            consumer.subscribe(List.of("our-input"));
            Until.holds("it has the partition", () -> "", () -> {
                consumer.poll(POLL);
                return !consumer.assignment().isEmpty();
            });
            producer.beginTransaction();
            producer.sendOffsets(Map.of(partition, 5L), consumer.membership());
            expectEqual(Map.of(), committedOffsets("our-offsets"), "what is committed before the end");
            producer.commitTransaction();
            expectOffset("our-offsets", 5);
            producer.beginTransaction();
            producer.sendOffsets(Map.of(partition, 9L), consumer.membership());
            producer.abortTransaction();
            expectOffset("our-offsets", 5);
            expectEqual(Map.of(partition, 5L), Map.copyOf(consumer.committed(List.of(partition))),
                    "what our consumer reads");
        }
    }

    private void expectOffset(String group, long offset) throws Exception {
        Until.holds("offset " + offset + " is committed", () -> "", () ->
                committedOffsets(group).equals(Map.of(Clients.partitions("our-input", 1).getFirst(),
                offset)));
    }

    private Map<org.apache.kafka.common.TopicPartition, Long> committedOffsets(String group)
            throws Exception {
        try (var admin = target.clients().admin()) {
            var offsets = new HashMap<org.apache.kafka.common.TopicPartition, Long>();
            admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()
                    .get(LIMIT_SECONDS, TimeUnit.SECONDS).forEach((each, offset) -> offsets.put(each,
                            offset == null ? -1 : offset.offset()));
            return offsets;
        }
    }

    /** From one topic into another, half of it aborted and done again: each is there once, in order. */
    private void loop() throws Exception {
        create(target, "our-source", 1, Map.of());
        var expected = new ArrayList<String>();
        try (var kafkas = target.clients().producer(Map.of())) {
            for (int number = 0; number < 300; number++) {
                expected.add(String.valueOf(number));
                kafkas.send(new ProducerRecord<>("our-source", 0, null, expected.getLast().getBytes()));
            }
        }
        try (var topic = TransactedTopic.create(target.clients(), "our-sink", 1);
                var consumer = Consumer.builder(target.address()).group("our-loop").readCommitted()
                        .reset(Consumer.Reset.EARLIEST).maxPollRecords(40).open();
                var producer = producer("ours-loop").open()) {
            consumer.subscribe(List.of("our-source"));
            var partition = new TopicPartition("our-source", 0);
            boolean aborting = true;
            for (long done = 0; done < 300;) {
                var seen = Seen.poll(consumer, Duration.ofSeconds(5));
                if (seen.isEmpty()) {
                    continue;
                }
                producer.beginTransaction();
                seen.forEach(each -> sendEverywhere(producer, topic, each.value()));
                long next = seen.getLast().offset() + 1;
                producer.sendOffsets(Map.of(partition, next), consumer.membership());
                if (aborting) {
                    producer.abortTransaction();
                    consumer.seek(partition, done);
                } else {
                    producer.commitTransaction();
                    done = next;
                }
                aborting = !aborting;
            }
            expectCommitted(topic, expected);
        }
    }

    private void fenced() throws Exception {
        try (var topic = TransactedTopic.create(target.clients(), "our-fenced", 1);
                var first = producer("ours-duel").open()) {
            first.beginTransaction();
            sendEverywhere(first, topic, "of the first");
            first.flush();
            try (var second = producer("ours-duel").open()) {
                second.beginTransaction();
                sendEverywhere(second, topic, "of the second");
                ClientException refused = null;
                try {
                    sendEverywhere(first, topic, "too late");
                    first.commitTransaction();
                } catch (ClientException fenced) {
                    refused = fenced;
                }
                expect(refused != null && List.of(ErrorCode.PRODUCER_FENCED, ErrorCode.INVALID_PRODUCER_EPOCH)
                        .contains(refused.error()) && !refused.retriable(), "the first is told " + refused);
                second.commitTransaction();
            }
            expectCommitted(topic, List.of("of the second"));
        }
    }

    private void timedOut() throws Exception {
        try (var topic = TransactedTopic.create(target.clients(), "our-slow", 1);
                var producer = producer("ours-slow").transactionTimeoutMs(1_000).open()) {
            producer.beginTransaction();
            sendEverywhere(producer, topic, "slow");
            producer.flush();
            topic.settles();
            try {
                producer.commitTransaction();
                throw new CheckFailed("a transaction was committed that was aborted long ago");
            } catch (ClientException late) {
                expect(!late.retriable(), "it is told " + late);
            }
        }
        try (var topic = new TransactedTopic(target.clients(), target.clients().admin(), "our-slow", 1);
                var producer = producer("ours-slow").open()) {
            producer.beginTransaction();
            sendEverywhere(producer, topic, "next");
            producer.commitTransaction();
            expectCommitted(topic, List.of("next"));
        }
    }

    private void failed() throws Exception {
        try (var topic = TransactedTopic.create(target.clients(), "our-failed", 1,
                Map.of("max.message.bytes", "10000")); var producer = producer("ours-failed").open()) {
            producer.beginTransaction();
            sendEverywhere(producer, topic, "small");
            producer.flush();
            sendEverywhere(producer, topic, "x".repeat(20_000));
            expectRefused(ErrorCode.MESSAGE_TOO_LARGE, "a commit after a record was refused",
                    producer::commitTransaction);
            producer.abortTransaction();
            producer.beginTransaction();
            sendEverywhere(producer, topic, "again");
            producer.commitTransaction();
            expectCommitted(topic, List.of("again"));
        }
    }

    private void crash() throws Exception {
        try (var topic = TransactedTopic.create(target.clients(), "our-crash", PARTITIONS);
                var producer = producer("ours-crash").open()) {
            producer.beginTransaction();
            sendEverywhere(producer, topic, "before");
            producer.flush();
            target.crash();
            sendEverywhere(producer, topic, "after");
            producer.commitTransaction();
            producer.beginTransaction();
            sendEverywhere(producer, topic, "aborted");
            producer.abortTransaction();
            expectCommitted(topic, List.of("before", "after"));
        }
    }
}
