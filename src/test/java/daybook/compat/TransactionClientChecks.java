package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectContains;
import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.Group.get;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.apache.kafka.clients.admin.FeatureUpdate;
import org.apache.kafka.clients.admin.FeatureUpdate.UpgradeType;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.UpdateFeaturesOptions;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;

/** Transactions of Apache Kafka's Java producer, and what its consumers are given of them. */
final class TransactionClientChecks {
    static final int STATE_PARTITIONS = 4;
    static final String OPTION = "--transaction.state.log.num.partitions=" + STATE_PARTITIONS;
    private static final String FEATURE = "transaction.version";
    private static final int PARTITIONS = 4;
    private static final int ROUNDS = 60;
    private static final int SMALL = 150;
    private static final Duration POLL = Duration.ofMillis(200);

    private final Report report;
    private final Broker broker;
    private final Clients clients;

    TransactionClientChecks(Report report, Broker broker) {
        this.report = report;
        this.broker = broker;
        this.clients = new Clients(broker::address);
    }

    /** What is checked with a topic of its own. */
    private interface Check {
        void run(TransactedTopic topic) throws Exception;
    }

    private void check(String name, String topic, Check check) {
        report.check("transaction: " + name, () -> {
            try (var made = TransactedTopic.create(clients, "transaction-" + topic, PARTITIONS)) {
                check.run(made);
            }
        });
    }

    void run() {
        check("two interleave, commit and abort at random", "interleaved", this::interleaved);
        check("a consumer follows small ones", "small", this::small);
        check("a second producer ends the first", "zombie", this::zombie);
        check("one that lasts too long is aborted", "timeout", this::timeout);
        check("a failed send, then an abort", "failed", this::failed);
        check("nothing in it, and too long a timeout", "empty", this::empty);
        check("its records are deleted, its topic is deleted", "deleted", this::deleted);
        check("the broker is killed while some are open", "killed", topic -> restarted(topic, broker::kill));
        check("the broker stops while some are open", "stopped", topic -> restarted(topic, broker::stop));
        check("of version 1, and while the version changes", "version", this::versions);
    }

    /** Two producers and one without transactions; the last stable offset is where it must be at any time. */
    private void interleaved(TransactedTopic topic) throws Exception {
        long seed = System.nanoTime();
        try (var one = topic.transactional("interleaved-one");
                var other = topic.transactional("interleaved-other");
                var plain = clients.producer(Map.of())) {
            new Interleaved(topic, List.of(one, other), plain, new Random(seed)).run();
        } catch (CheckFailed failed) {
            throw new CheckFailed("seed " + seed + ": " + failed.getMessage());
        }
    }

    /** What was sent, which of it was committed, and where the open transactions begin. */
    private static final class Interleaved {
        private final TransactedTopic topic;
        private final List<KafkaProducer<byte[], byte[]>> producers;
        private final KafkaProducer<byte[], byte[]> plain;
        private final Random random;
        private final List<List<String>> all = new ArrayList<>();
        private final Map<String, Boolean> committed = new HashMap<>();
        /** By the number of the producer: the first offset in each partition. */
        private final Map<Integer, Map<TopicPartition, Long>> open = new HashMap<>();
        /** By the number of the producer: the values of its transaction. */
        private final Map<Integer, List<String>> pending = new HashMap<>();
        private int sent;

        Interleaved(TransactedTopic topic, List<KafkaProducer<byte[], byte[]>> producers,
                KafkaProducer<byte[], byte[]> plain, Random random) {
            this.topic = topic;
            this.producers = producers;
            this.plain = plain;
            this.random = random;
            topic.all().forEach(partition -> all.add(new ArrayList<>()));
        }

        void run() throws Exception {
            for (int round = 0; round < ROUNDS; round++) {
                int number = random.nextInt(producers.size());
                if (!open.containsKey(number)) {
                    producers.get(number).beginTransaction();
                    open.put(number, new HashMap<>());
                    pending.put(number, new ArrayList<>());
                }
                for (int count = random.nextInt(4); count > 0; count--) {
                    send(producers.get(number), number);
                }
                if (random.nextInt(3) == 0) {
                    send(plain, -1);
                }
                if (random.nextBoolean()) {
                    end(number);
                }
                expectStable();
            }
            for (int number : List.copyOf(open.keySet())) {
                end(number);
            }
            topic.settles();
            expectEqual(all, topic.values(IsolationLevel.READ_UNCOMMITTED), "all values");
            var visible = all.stream().map(values ->
                    values.stream().filter(committed::get).toList()).toList();
            expectEqual(visible, topic.committed(), "committed values");
        }

        private void send(KafkaProducer<byte[], byte[]> producer, int number) throws Exception {
            int partition = random.nextInt(PARTITIONS);
            var value = "value " + sent++;
            var result = topic.send(producer, partition, value);
            producer.flush();
            all.get(partition).add(value);
            committed.put(value, true);
            if (number >= 0) {
                pending.get(number).add(value);
                open.get(number).putIfAbsent(topic.partition(partition), result.get().offset());
            }
        }

        private void end(int number) {
            boolean commit = random.nextInt(3) > 0;
            TransactedTopic.end(producers.get(number), commit);
            open.remove(number);
            pending.remove(number).forEach(value -> committed.put(value, commit));
        }

        private void expectStable() throws Exception {
            Until.holds("the last stable offsets are where open transactions begin", open::toString, () -> {
                var expected = topic.ends(IsolationLevel.READ_UNCOMMITTED);
                var stable = topic.ends(IsolationLevel.READ_COMMITTED);
                open.values().forEach(begins -> begins.forEach((partition, begin) -> {
                    expect(stable.get(partition) <= begin, partition + " is told to be stable up to "
                            + stable.get(partition) + ", where a transaction is open from " + begin + " on");
                    expected.merge(partition, begin, Math::min);
                }));
                return stable.equals(expected);
            });
        }
    }

    /** Two producers at once; every third transaction of each is aborted; a consumer keeps up with them. */
    private void small(TransactedTopic topic) throws Exception {
        var expected = new HashMap<String, List<String>>();
        var running = new ArrayList<FutureTask<Void>>();
        for (var name : List.of("a", "b")) {
            for (int partition = 0; partition < PARTITIONS; partition++) {
                var values = new ArrayList<String>();
                for (int number = partition % 2; number < SMALL; number += 2) {
                    if (number % 3 != 0) {
                        values.addAll(List.of(name + " " + number, name + " " + number + " too"));
                    }
                }
                expected.put(name + partition, values);
            }
            var task = new FutureTask<Void>(() -> {
                produceSmall(topic, name);
                return null;
            });
            Thread.ofPlatform().daemon().name("small " + name).start(task);
            running.add(task);
        }
        var given = new HashMap<String, List<String>>();
        long count = expected.values().stream().mapToLong(List::size).sum();
        try (var consumer = clients.consumer(Map.of("isolation.level", "read_committed"))) {
            consumer.assign(topic.all());
            consumer.seekToBeginning(topic.all());
            Clients.read(consumer, count).forEach(record -> {
                var value = new String(record.value(), StandardCharsets.UTF_8);
                given.computeIfAbsent(value.charAt(0) + "" + record.partition(), none -> new ArrayList<>())
                        .add(value);
            });
            for (var task : running) {
                task.get();
            }
            topic.settles();
            expect(consumer.poll(POLL).isEmpty(), "the consumer is given more than was committed");
        }
        expectEqual(expected, given, "values given to a consumer, by producer and partition");
    }

    /** Two records to each of two partitions in a transaction. */
    private static void produceSmall(TransactedTopic topic, String name) {
        try (var producer = topic.transactional("small-" + name)) {
            for (int number = 0; number < SMALL; number++) {
                producer.beginTransaction();
                for (var value : List.of(name + " " + number, name + " " + number + " too")) {
                    topic.send(producer, number % 2, value);
                    topic.send(producer, number % 2 + 2, value);
                }
                TransactedTopic.end(producer, number % 3 != 0);
            }
        }
    }

    /** Two zombies: one has a transaction open, which is aborted; the other has none, and begins one. */
    private void zombie(TransactedTopic topic) throws Exception {
        try (var first = topic.transactional("zombie")) {
            first.beginTransaction();
            topic.sendEverywhere(first, "first");
            try (var second = topic.transactional("zombie")) {
                topic.expectCommittedEverywhere(List.of());
                expectFenced(first::commitTransaction);
                second.beginTransaction();
                topic.sendEverywhere(second, "second");
                second.commitTransaction();
                try (var third = topic.transactional("zombie")) {
                    second.beginTransaction();
                    var sent = topic.send(second, 0, "late");
                    second.flush();
                    expectFenced(() -> expectSent(sent::get));
                    third.beginTransaction();
                    topic.sendEverywhere(third, "third");
                    third.commitTransaction();
                }
            }
        }
        topic.expectCommittedEverywhere(List.of("second", "third"));
        var all = topic.values(IsolationLevel.READ_UNCOMMITTED);
        expect(all.getFirst().equals(List.of("first", "second", "third")), "values of all: " + all);
    }

    private static void expectSent(Report.Check sent) {
        try {
            sent.run();
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof RuntimeException cause ? cause : new KafkaException(failed);
        } catch (Exception failed) {
            throw new KafkaException(failed);
        }
    }

    /** The producer is told that it is not the one with its name any more. */
    private static void expectFenced(Runnable call) {
        try {
            call.run();
        } catch (ProducerFencedException | InvalidProducerEpochException fenced) {
            return;
        } catch (RuntimeException failed) {
            boolean fenced = failed.getCause() instanceof ProducerFencedException
                    || failed.getCause() instanceof InvalidProducerEpochException;
            expect(fenced, "a zombie is told " + failed + ", because of " + failed.getCause());
            return;
        }
        throw new CheckFailed("a zombie is not refused");
    }

    private void timeout(TransactedTopic topic) throws Exception {
        try (var late = topic.transactional("late", Map.of("transaction.timeout.ms", 5_000));
                var other = topic.transactional("in-time")) {
            late.beginTransaction();
            topic.sendEverywhere(late, "late");
            other.beginTransaction();
            topic.sendEverywhere(other, "in time");
            other.commitTransaction();
            expectEqual(List.of(List.of(), List.of(), List.of(), List.of()), topic.committed(),
                    "values before one of two transactions ended");
            topic.expectCommittedEverywhere(List.of("in time"));
            var sent = topic.send(late, 0, "too late");
            late.flush();
            expectFenced(() -> expectSent(sent::get));
        }
        try (var late = topic.transactional("late")) {
            late.beginTransaction();
            topic.sendEverywhere(late, "again");
            late.commitTransaction();
        }
        topic.expectCommittedEverywhere(List.of("in time", "again"));
    }

    /** The broker refuses a record for its size: the transaction can only be aborted; the next is well. */
    private void failed(TransactedTopic topic) throws Exception {
        try (var producer = topic.transactional("failed", Map.of("max.request.size", 4_000_000))) {
            producer.beginTransaction();
            topic.sendEverywhere(producer, "before");
            var sent = topic.send(producer, 1, "x".repeat(2_000_000));
            producer.flush();
            try {
                producer.commitTransaction();
                throw new CheckFailed("a transaction with a failed send was committed");
            } catch (KafkaException refused) {
                expect(!(refused instanceof ProducerFencedException), "refused with " + refused);
            }
            try {
                sent.get();
                throw new CheckFailed("a record of 2,000,000 bytes was taken");
            } catch (ExecutionException refused) {
                expect(refused.getCause() instanceof RecordTooLargeException, "refused with " + refused);
            }
            producer.abortTransaction();
            producer.beginTransaction();
            topic.sendEverywhere(producer, "after");
            producer.commitTransaction();
        }
        topic.expectCommittedEverywhere(List.of("after"));
    }

    private void empty(TransactedTopic topic) throws Exception {
        try (var producer = topic.transactional("empty")) {
            for (boolean commit : List.of(true, false)) {
                producer.beginTransaction();
                TransactedTopic.end(producer, commit);
            }
            producer.beginTransaction();
            topic.sendEverywhere(producer, "one");
            producer.commitTransaction();
        }
        topic.expectCommittedEverywhere(List.of("one"));
        expectEqual(Map.of(topic.partition(0), 2L, topic.partition(1), 2L, topic.partition(2), 2L,
                topic.partition(3), 2L), topic.ends(IsolationLevel.READ_COMMITTED),
                "ends: a record, a marker");
        try {
            topic.transactional("empty", Map.of("transaction.timeout.ms", 900_001)).close();
            throw new CheckFailed("a timeout above transaction.max.timeout.ms is taken");
        } catch (KafkaException refused) {
            // The client has no exception of its own for this answer.
            expectContains(refused.getMessage(), "transaction.max.timeout.ms");
        }
    }

    /** Records of an aborted and an open transaction are deleted; then a topic that has one open. */
    private void deleted(TransactedTopic topic) throws Exception {
        try (var gone = TransactedTopic.create(clients, "transaction-gone", PARTITIONS);
                var producer = topic.transactional("deleted"); var other = topic.transactional("deleting")) {
            producer.beginTransaction();
            topic.sendEverywhere(producer, "aborted");
            topic.sendEverywhere(producer, "aborted too");
            producer.abortTransaction();
            producer.beginTransaction();
            topic.sendEverywhere(producer, "open");
            topic.sendEverywhere(producer, "open still");
            other.beginTransaction();
            topic.sendEverywhere(other, "other");
            other.commitTransaction();
            // At 0 and 1 is what is aborted, at 2 its marker, at 3 and 4 what is open.
            var before = new HashMap<TopicPartition, RecordsToDelete>();
            for (var partition : topic.all()) {
                before.put(partition, RecordsToDelete.beforeOffset(partition.partition()));
            }
            get(topic.admin().deleteRecords(before).all());
            expectEqual(List.of(List.of(), List.of(), List.of(), List.of()), topic.committed(), "committed");
            gone.sendEverywhere(producer, "gone");
            get(topic.admin().deleteTopics(List.of(gone.name())).all());
            producer.commitTransaction();
        }
        topic.expectCommittedEverywhere(List.of("open", "open still", "other"));
    }

    /** Open, prepared and ended ones; offsets that wait for the end, and large records. */
    private void restarted(TransactedTopic topic, Report.Check end) throws Exception {
        var big = "x".repeat(200_000);
        var group = topic.name();
        var offsets = Map.of(topic.partition(0), new OffsetAndMetadata(7));
        var quick = Map.<String, Object>of("reconnect.backoff.max.ms", 200);
        try (var one = topic.transactional(topic.name() + "-one", quick);
                var other = topic.transactional(topic.name() + "-other", quick);
                var third = topic.transactional(topic.name() + "-third", quick)) {
            for (var producer : List.of(one, other)) {
                producer.beginTransaction();
                topic.sendEverywhere(producer, "before");
                topic.sendEverywhere(producer, big);
            }
            one.sendOffsetsToTransaction(offsets, TransactionOffsetChecks.noMember(group));
            for (int round = 0; round < 10; round++) {
                third.beginTransaction();
                topic.sendEverywhere(third, "third " + round);
                TransactedTopic.end(third, round % 3 == 0);
            }
            end.run();
            broker.start();
            expectEqual(List.of(List.of(), List.of(), List.of(), List.of()), topic.committed(), "committed");
            expectEqual(Map.of(), TransactionOffsetChecks.offsets(topic.admin(), group), "committed offsets");
            TransactionOffsetChecks.expectPending(topic.admin(), group);
            topic.sendEverywhere(one, "after");
            topic.sendEverywhere(other, "after");
            one.commitTransaction();
            other.abortTransaction();
            other.beginTransaction();
            topic.sendEverywhere(other, "last");
            other.commitTransaction();
        }
        topic.expectCommittedEverywhere(List.of("before", big, "third 0", "third 3", "third 6", "third 9",
                "after", "last"));
        expectEqual(Map.of(topic.partition(0), 7L), TransactionOffsetChecks.offsets(topic.admin(), group),
                "committed offsets");
    }

    /** Producers learn the version when they ask for theirs; each version takes over from the other. */
    private void versions(TransactedTopic topic) throws Exception {
        try (var two = topic.transactional("version")) {
            two.beginTransaction();
            topic.sendEverywhere(two, "two");
            change(topic, 1);
            topic.sendEverywhere(two, "two still");
            two.commitTransaction();
            two.beginTransaction();
            topic.sendEverywhere(two, "two again");
            two.abortTransaction();
            var one = topic.transactional("version");
            try {
                for (boolean commit : List.of(true, false, true)) {
                    one.beginTransaction();
                    topic.sendEverywhere(one, "one");
                    TransactedTopic.end(one, commit);
                }
                one.beginTransaction();
                topic.sendEverywhere(one, "left open");
            } finally {
                one.close(Duration.ZERO);
            }
        } finally {
            change(topic, 2);
        }
        try (var two = topic.transactional("version")) {
            two.beginTransaction();
            topic.sendEverywhere(two, "two in the end");
            two.commitTransaction();
        }
        topic.expectCommittedEverywhere(List.of("two", "two still", "one", "one", "two in the end"));
    }

    private static void change(TransactedTopic topic, int version) throws Exception {
        var type = version == 1 ? UpgradeType.SAFE_DOWNGRADE : UpgradeType.UPGRADE;
        get(topic.admin().updateFeatures(Map.of(FEATURE, new FeatureUpdate((short) version, type)),
                new UpdateFeaturesOptions()).all());
        Until.holds(FEATURE + " is " + version, () -> "", () -> get(topic.admin().describeFeatures()
                .featureMetadata()).finalizedFeatures().get(FEATURE).maxVersionLevel() == version);
    }
}
