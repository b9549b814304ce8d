package daybook.compat;

import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.Group.get;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;

/** Offsets of a group that are committed in transactions, by members of both protocols and by no member. */
final class TransactionOffsetChecks {
    private static final int PARTITIONS = 5;
    private static final int RECORDS = 10;
    /** The member is to be there all the time. */
    private static final int SESSION_MS = 45_000;
    private static final Duration PENDING = Duration.ofMillis(300);

    private final Report report;
    private final Clients clients;

    TransactionOffsetChecks(Report report, Clients clients) {
        this.report = report;
        this.clients = clients;
    }

    void run() {
        for (var protocol : List.of("classic", "consumer")) {
            report.check("transaction: offsets of a group, " + protocol, () -> {
                var name = "transaction-offsets-" + protocol;
                var settings = new HashMap<>(Group.settings(protocol));
                settings.putAll(Map.of("group.id", name, "isolation.level", "read_committed"));
                settings.replace("session.timeout.ms", SESSION_MS);
                try (var topic = TransactedTopic.create(clients, name, PARTITIONS);
                        var consumer = clients.consumer(settings);
                        var producer = topic.transactional(name)) {
                    new Commits(topic, consumer, producer).run();
                }
            });
        }
    }

    /** The committed offsets of a group, pending ones left out. */
    static Map<TopicPartition, Long> offsets(Admin admin, String group) throws Exception {
        var offsets = new HashMap<TopicPartition, Long>();
        get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()).forEach(
                (partition, committed) -> offsets.put(partition, committed.offset()));
        return offsets;
    }

    /** As a producer that reads by itself names a group. */
    static ConsumerGroupMetadata noMember(String group) {
        return member(group, -1, "");
    }

    @SuppressWarnings("removal")
    private static ConsumerGroupMetadata member(String group, int generation, String member) {
        return new ConsumerGroupMetadata(group, generation, member, Optional.empty());
    }

    /** All offsets of the group wait for a transaction: none is told to whom asks for stable ones. */
    static void expectPending(Admin admin, String group) throws Exception {
        var stable = get(admin.listConsumerGroupOffsets(group, new ListConsumerGroupOffsetsOptions()
                .requireStable(true)).partitionsToOffsetAndMetadata());
        expectEqual(Map.of(), stable, "offsets told as stable while a transaction with others is open");
    }

    /** A group of one member, and the transactions of a producer that commit its offsets. */
    private record Commits(TransactedTopic topic, KafkaConsumer<byte[], byte[]> consumer,
            KafkaProducer<byte[], byte[]> producer) {
        void run() throws Exception {
            fill();
            consumer.subscribe(List.of(topic.name()));
            Clients.read(consumer, PARTITIONS * RECORDS);
            transaction(4, true, false);
            expectEqual(Map.of(), told(), "offsets after an abort");
            transaction(5, true, true);
            expectEqual(at(5), told(), "offsets after a commit");
            transaction(6, false, true);
            expectEqual(at(6), told(), "offsets after a commit of nothing else");
            transaction(7, false, false);
            expectEqual(at(6), told(), "offsets after an abort of nothing else");
            consumer.commitSync(Map.of(topic.partition(0), new OffsetAndMetadata(9)));
            transaction(8, false, true);
            expectEqual(at(8), told(), "offsets after a commit behind that of a member");
            strangers();
            deleted();
        }

        private void fill() throws Exception {
            try (var plain = topic.clients().producer(Map.of())) {
                for (int number = 0; number < RECORDS; number++) {
                    topic.sendEverywhere(plain, "record " + number);
                }
            }
        }

        /** Offsets and, if so told, records; while it is open the offsets are pending. */
        private void transaction(long offset, boolean records, boolean commit) throws Exception {
            var before = offsets(topic.admin(), topic.name());
            producer.beginTransaction();
            if (records) {
                topic.sendEverywhere(producer, "made of what is before " + offset);
            }
            producer.sendOffsetsToTransaction(offsetsAt(offset), consumer.groupMetadata());
            expectEqual(before, offsets(topic.admin(), topic.name()), "offsets while others are pending");
            expectPending(topic.admin(), topic.name());
            expectWait(topic.partition((int) (offset % PARTITIONS)));
            TransactedTopic.end(producer, commit);
        }

        /**
         * The member is told nothing of a partition whose offset is pending. It asks for another partition each
         * time: Kafka's client 4.3.1 of the consumer protocol does not stop asking when the caller gives up, and
         * whoever asks for the same partitions meanwhile may be told nothing at all, by Apache Kafka too.
         */
        private void expectWait(TopicPartition partition) {
            try {
                consumer.committed(Set.of(partition), PENDING);
                throw new CheckFailed("a member need not wait for offsets that are pending");
            } catch (TimeoutException waited) {
                // As it must.
            }
        }

        private static Map<TopicPartition, Long> positions(Map<TopicPartition, OffsetAndMetadata> committed) {
            var positions = new HashMap<TopicPartition, Long>();
            committed.forEach((partition, offset) -> {
                if (offset != null) {
                    positions.put(partition, offset.offset());
                }
            });
            return positions;
        }

        /** The offsets as the member is told them, which waits until none is pending. */
        private Map<TopicPartition, Long> told() {
            return positions(consumer.committed(Set.copyOf(topic.all())));
        }

        private Map<TopicPartition, Long> at(long offset) {
            return positions(offsetsAt(offset));
        }

        private Map<TopicPartition, OffsetAndMetadata> offsetsAt(long offset) {
            var offsets = new HashMap<TopicPartition, OffsetAndMetadata>();
            topic.all().forEach(each -> offsets.put(each, new OffsetAndMetadata(offset, "a note")));
            return offsets;
        }

        /** A member that is none, one of another generation; and a group in which nobody is. */
        private void strangers() throws Exception {
            var own = consumer.groupMetadata();
            for (var wrong : List.of(member(topic.name(), own.generationId(), "nobody"),
                    member(topic.name(), own.generationId() + 7, own.memberId()))) {
                producer.beginTransaction();
                topic.sendEverywhere(producer, "of a stranger");
                try {
                    producer.sendOffsetsToTransaction(offsetsAt(1), wrong);
                    throw new CheckFailed("a stranger's offsets are taken: " + wrong);
                } catch (CommitFailedException refused) {
                    producer.abortTransaction();
                } catch (KafkaException refused) {
                    throw new CheckFailed("a stranger's offsets are refused with " + refused);
                }
                expectEqual(at(8), told(), "offsets after a stranger's");
            }
            producer.beginTransaction();
            producer.sendOffsetsToTransaction(offsetsAt(3), noMember(topic.name() + "-empty"));
            producer.commitTransaction();
            Until.holds("the offsets of a group without members are committed", () -> "", () ->
                    at(3).equals(offsets(topic.admin(), topic.name() + "-empty")));
        }

        /** What a transaction commits for a group that is deleted meanwhile makes it anew. */
        private void deleted() throws Exception {
            var group = topic.name() + "-empty";
            producer.beginTransaction();
            producer.sendOffsetsToTransaction(offsetsAt(4), noMember(group));
            get(topic.admin().deleteConsumerGroups(List.of(group)).all());
            expectEqual(Map.of(), offsets(topic.admin(), group), "offsets of a deleted group");
            producer.commitTransaction();
            topic.expectCommitted(topic.committed());
        }
    }
}
