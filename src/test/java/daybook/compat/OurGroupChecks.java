package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.OurProducerChecks.create;

import daybook.client.Consumer;
import daybook.client.TopicPartition;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Our consumers as members of groups, beside each other and beside Kafka's. */
final class OurGroupChecks {
    private static final int PARTITIONS = 6;
    private static final Duration POLL = Duration.ofMillis(100);
    private static final long LIMIT_SECONDS = 60;

    private final Report report;
    private final Target target;

    OurGroupChecks(Report report, Target target) {
        this.report = report;
        this.target = target;
    }

    void run() {
        target.check(report, "group, ours and Kafka's members hand over to each other", this::handOver);
        target.check(report, "group, commits are read by the other kind", this::commits);
        target.check(report, "group, a pattern of topics, then a topic", this::pattern);
        target.check(report, "group, a member that is static comes back", this::staticMember);
        target.check(report, "group, commits by itself, and when it is closed", this::autoCommit);
        target.check(report, "group, goes on over kill -9", this::crash);
        target.check(report, "group, one of nobody's offsets, for assigned partitions", this::standalone);
    }

    private Consumer.Builder ours(String group) {
        return Consumer.builder(target.address()).group(group).reset(Consumer.Reset.EARLIEST);
    }

    private KafkaConsumer<byte[], byte[]> theirs(String group) {
        return target.clients().consumer(Map.of("group.id", group, "group.protocol", "consumer",
                "auto.offset.reset", "earliest"));
    }

    /** Numbers that are written while a group changes, and who was given which. */
    private final class Stream implements AutoCloseable {
        private final String topic;
        private final KafkaProducer<byte[], byte[]> producer = target.clients()
                .producer(Map.of("linger.ms", 0));
        private final List<String> given = new ArrayList<>();
        private int written;

        Stream(String topic) throws Exception {
            this.topic = topic;
            create(target, topic, PARTITIONS, Map.of());
        }

        void write() throws Exception {
            for (int count = 0; count < PARTITIONS * 5; count++) {
                producer.send(new ProducerRecord<>(topic, written % PARTITIONS, null,
                        String.valueOf(written).getBytes()));
                written++;
            }
            producer.flush();
        }

        void read(Consumer consumer) {
            if (consumer != null) {
                Seen.poll(consumer, POLL).forEach(each -> given.add(each.value()));
                consumer.commit();
            }
        }

        void read(KafkaConsumer<byte[], byte[]> consumer) {
            if (consumer != null) {
                consumer.poll(POLL).forEach(record -> given.add(new String(record.value())));
                consumer.commitSync();
            }
        }

        /** Everything is given out, to each of these so many partitions. */
        void settles(Consumer ours, int our, KafkaConsumer<byte[], byte[]> theirs, int their)
                throws Exception {
            write();
            Until.holds("ours has " + our + " partitions, Kafka's " + their + ", and all is read",
                    () -> (ours == null ? "" : ours.assignment() + " ")
                            + (theirs == null ? "" : theirs.assignment() + " ") + given.size() + " of "
                            + written,
                    () -> {
                        read(ours);
                        read(theirs);
                        return (ours == null || ours.assignment().size() == our)
                                && (theirs == null || theirs.assignment().size() == their)
                                && new HashSet<>(given).size() == written;
                    });
        }

        /** Every number was given to somebody, and to nobody else. */
        void expectOnce() {
            expectEqual(written, new HashSet<>(given).size(), "numbers that were given to somebody");
            expectEqual(written, given.size(), "numbers that were given");
        }

        @Override
        public void close() {
            producer.close();
        }
    }

    private void handOver() throws Exception {
        try (var stream = new Stream("group-both")) {
            var theirs = theirs("both");
            try (var ours = ours("both").open()) {
                ours.subscribe(List.of(stream.topic));
                stream.settles(ours, PARTITIONS, null, 0);
                theirs.subscribe(List.of(stream.topic));
                stream.settles(ours, PARTITIONS / 2, theirs, PARTITIONS / 2);
                try (var second = ours("both").open()) {
                    second.subscribe(List.of(stream.topic));
                    stream.write();
                    Until.holds("three members have two partitions each", () -> ours.assignment() + " "
                            + second.assignment() + " " + theirs.assignment(), () -> {
                                stream.read(ours);
                                stream.read(second);
                                stream.read(theirs);
                                return List.of(ours.assignment().size(), second.assignment().size(),
                                        theirs.assignment().size()).equals(List.of(2, 2, 2));
                            });
                }
                stream.settles(ours, PARTITIONS / 2, theirs, PARTITIONS / 2);
            } finally {
                // Ours has left, and Kafka's takes over at once and not when a session ends.
                stream.settles(null, 0, theirs, PARTITIONS);
                theirs.close();
            }
            try (var again = ours("both").open()) {
                again.subscribe(List.of(stream.topic));
                stream.settles(again, PARTITIONS, null, 0);
            }
            stream.expectOnce();
        }
    }

    private void commits() throws Exception {
        create(target, "group-commits", 2, Map.of());
        var zero = new TopicPartition("group-commits", 0);
        var one = new TopicPartition("group-commits", 1);
        var kafkaZero = new org.apache.kafka.common.TopicPartition("group-commits", 0);
        var kafkaOne = new org.apache.kafka.common.TopicPartition("group-commits", 1);
        try (var ours = ours("commits").open(); var theirs = theirs("commits")) {
            ours.assign(List.of(zero, one));
            ours.commitAsync().get(LIMIT_SECONDS, TimeUnit.SECONDS);
            ours.commit(Map.of(zero, 17L));
            theirs.assign(List.of(kafkaZero, kafkaOne));
            expectEqual(17L, theirs.committed(Set.of(kafkaZero)).get(kafkaZero).offset(),
                    "what Kafka's reads");
            theirs.commitSync(Map.of(kafkaOne, new OffsetAndMetadata(4)));
            expectEqual(Map.of(zero, 17L, one, 4L), Map.copyOf(ours.committed(List.of(zero, one))),
                    "what ours reads");
        }
    }

    private void pattern() throws Exception {
        create(target, "pattern-a", 1, Map.of());
        create(target, "pattern-b", 2, Map.of());
        create(target, "not-a-pattern", 1, Map.of());
        try (var consumer = ours("pattern").open(); var producer = target.clients().producer(Map.of())) {
            consumer.subscribePattern("pattern-[a-z]");
            awaitAssigned(consumer, "pattern-a-0", "pattern-b-0", "pattern-b-1");
            producer.send(new ProducerRecord<>("pattern-b", 1, null, "matched".getBytes()));
            producer.flush();
            Until.holds("a record is given", () -> "", () -> Seen.poll(consumer, POLL).stream()
                    .anyMatch(each -> each.value().equals("matched")));
            consumer.subscribe(List.of("not-a-pattern"));
            awaitAssigned(consumer, "not-a-pattern-0");
        }
    }

    private static void awaitAssigned(Consumer consumer, String... partitions) throws Exception {
        Until.holds("it has " + List.of(partitions), () -> consumer.assignment().toString(), () -> {
            consumer.poll(POLL);
            return names(consumer).equals(new TreeSet<>(List.of(partitions)));
        });
    }

    private static TreeSet<String> names(Consumer consumer) {
        return consumer.assignment().stream().map(TopicPartition::toString)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** It has the partitions again that it had, and the other member keeps its own all the while. */
    private void staticMember() throws Exception {
        create(target, "group-static", 4, Map.of());
        try (var other = ours("static").open()) {
            other.subscribe(List.of("group-static"));
            TreeSet<String> had;
            String memberId;
            try (var consumer = ours("static").instanceId("one").open()) {
                consumer.subscribe(List.of("group-static"));
                Until.holds("each has two", () -> other.assignment() + " " + consumer.assignment(), () -> {
                    other.poll(POLL);
                    consumer.poll(POLL);
                    return other.assignment().size() == 2 && consumer.assignment().size() == 2;
                });
                had = names(consumer);
                memberId = consumer.membership().memberId();
            }
            var others = names(other);
            try (var again = ours("static").instanceId("one").open()) {
                again.subscribe(List.of("group-static"));
                Until.holds("it has two again", () -> again.assignment().toString(), () -> {
                    again.poll(POLL);
                    other.poll(Duration.ZERO);
                    expectEqual(others, names(other), "what the other has meanwhile");
                    return again.assignment().size() == 2;
                });
                expectEqual(had, names(again), "what it has");
                expect(!memberId.equals(again.membership().memberId()), "it has the same member id");
                expectEqual("one", again.membership().instanceId(), "its instance");
            }
        }
    }

    private void autoCommit() throws Exception {
        create(target, "group-auto", 1, Map.of());
        try (var producer = target.clients().producer(Map.of())) {
            IntStream.range(0, 50).forEach(number ->
                    producer.send(new ProducerRecord<>("group-auto", 0, null, new byte[10])));
        }
        var partition = new TopicPartition("group-auto", 0);
        try (var consumer = ours("auto").autoCommit(Duration.ofMillis(200)).open();
                var theirs = theirs("auto")) {
            consumer.subscribe(List.of("group-auto"));
            var kafkas = Clients.partitions("group-auto", 1).getFirst();
            Until.holds("it has committed 50", () -> consumer.position(partition) + "", () -> {
                consumer.poll(POLL);
                var committed = theirs.committed(Set.of(kafkas)).get(kafkas);
                return committed != null && committed.offset() == 50;
            });
        }
        try (var producer = target.clients().producer(Map.of())) {
            producer.send(new ProducerRecord<>("group-auto", 0, null, new byte[10]));
        }
        try (var consumer = ours("auto").autoCommit(Duration.ofMinutes(1)).open()) {
            consumer.subscribe(List.of("group-auto"));
            var seen = new ArrayList<Seen>();
            Until.holds("it is given one more", () -> seen.toString(), () -> {
                seen.addAll(Seen.poll(consumer, POLL));
                return !seen.isEmpty();
            });
            expectEqual(List.of(50L), seen.stream().map(Seen::offset).toList(), "what it is given");
        }
        try (var admin = target.clients().admin()) {
            var offsets = admin.listConsumerGroupOffsets("auto").partitionsToOffsetAndMetadata()
                    .get(LIMIT_SECONDS, TimeUnit.SECONDS);
            expectEqual(51L, offsets.get(Clients.partitions("group-auto", 1).getFirst()).offset(),
                    "what is committed when it is closed");
        }
    }

    private void crash() throws Exception {
        try (var stream = new Stream("group-crash");
                var one = ours("crash").open(); var other = ours("crash").open()) {
            one.subscribe(List.of(stream.topic));
            other.subscribe(List.of(stream.topic));
            Until.holds("each has three", () -> one.assignment() + " " + other.assignment(), () -> {
                stream.read(one);
                stream.read(other);
                return one.assignment().size() == 3 && other.assignment().size() == 3;
            });
            stream.write();
            stream.read(one);
            target.crash();
            stream.write();
            Until.holds("all is read", () -> stream.given.size() + " of " + stream.written, () -> {
                stream.read(one);
                stream.read(other);
                return new HashSet<>(stream.given).size() == stream.written;
            });
            stream.expectOnce();
        }
    }

    /** Assigned by hand, begins where it is committed, and where nothing is, at the end. */
    private void standalone() throws Exception {
        create(target, "group-none", 2, Map.of());
        try (var producer = target.clients().producer(Map.of()); var admin = target.clients().admin()) {
            for (int number = 0; number < 20; number++) {
                producer.send(new ProducerRecord<>("group-none", number % 2, null, new byte[10]));
            }
            producer.flush();
            var all = Clients.partitions("group-none", 2);
            admin.alterConsumerGroupOffsets("none", Map.of(all.getFirst(), new OffsetAndMetadata(3))).all()
                    .get(LIMIT_SECONDS, TimeUnit.SECONDS);
            expectEqual(10L, admin.listOffsets(Map.of(all.getFirst(), OffsetSpec.latest())).all()
                    .get(LIMIT_SECONDS, TimeUnit.SECONDS).get(all.getFirst()).offset(), "the end");
        }
        var all = Seen.partitions("group-none", 2);
        try (var consumer = Consumer.builder(target.address()).group("none").reset(Consumer.Reset.LATEST)
                .open()) {
            consumer.assign(all);
            expectEqual(3L, consumer.position(all.getFirst()), "where it is committed");
            expectEqual(10L, consumer.position(all.getLast()), "where nothing is");
        }
    }
}
