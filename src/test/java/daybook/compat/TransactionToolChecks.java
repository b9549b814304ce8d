package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.Group.get;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.InvalidRegularExpression;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TransactionalIdNotFoundException;

/**
 * Looks at transactions, ends open ones and hanging ones: Apache Kafka's admin client and its
 * kafka-transactions.sh.
 */
final class TransactionToolChecks {
    private static final String COMMAND = "org.apache.kafka.tools.TransactionsCommand";
    private static final int PARTITIONS = 2;
    private static final long HOUR_MS = 3_600_000;
    /** Longer than all tools take together. */
    private static final int LONG_MS = 800_000;

    private final Report report;
    private final Broker broker;
    private final Tools tools;
    private final Clients clients;
    private final Path launcher;
    private final Path directory;

    TransactionToolChecks(Report report, Broker broker, Tools tools, Path launcher, Path directory) {
        this.report = report;
        this.broker = broker;
        this.tools = tools;
        this.clients = new Clients(broker::address);
        this.launcher = launcher;
        this.directory = directory;
    }

    void run() {
        report.check("transaction: listed, described, filtered", this::listed);
        report.check("transaction: producers described and fenced, one aborted in a partition", this::ended);
        report.check("transaction: kafka-transactions", this::tool);
        report.check("transaction: hanging ones are found and aborted", this::hanging);
    }

    private void listed() throws Exception {
        long beganMs = System.currentTimeMillis();
        try (var topic = TransactedTopic.create(clients, "transaction-listed", PARTITIONS);
                var open = topic.transactional("listed-open", Map.of("transaction.timeout.ms", 54_321));
                var ended = topic.transactional("listed-ended")) {
            topic.transactional("listed-none").close();
            open.beginTransaction();
            topic.sendEverywhere(open, "open");
            for (boolean commit : List.of(true, false)) {
                ended.beginTransaction();
                topic.sendEverywhere(ended, "ended");
                TransactedTopic.end(ended, commit);
            }
            Until.holds("a transaction is aborted", () -> "", () -> TransactionState.COMPLETE_ABORT
                    == get(topic.admin().describeTransactions(List.of("listed-ended"))
                    .description("listed-ended")).state());
            expectEqual(Map.of("listed-open", TransactionState.ONGOING, "listed-ended",
                    TransactionState.COMPLETE_ABORT, "listed-none", TransactionState.EMPTY),
                    listed(topic.admin(), new ListTransactionsOptions()), "states");
            described(topic, beganMs);
            filtered(topic.admin());
            open.commitTransaction();
        }
    }

    private void described(TransactedTopic topic, long beganMs) throws Exception {
        var told = get(topic.admin().describeTransactions(List.of("listed-open", "listed-ended",
                "listed-none")).all());
        var open = told.get("listed-open");
        expectEqual("1 Ongoing 54321", open.coordinatorId() + " " + open.state() + " "
                + open.transactionTimeoutMs(), "an open transaction");
        expectEqual(Set.copyOf(topic.all()), open.topicPartitions(), "its partitions");
        long startMs = open.transactionStartTimeMs().orElse(0);
        expect(startMs >= beganMs && startMs <= System.currentTimeMillis(), "it began at " + startMs);
        expectEqual(Set.of(), told.get("listed-ended").topicPartitions(), "partitions of an ended one");
        var none = told.get("listed-none");
        expectEqual("Empty []", none.state() + " " + none.topicPartitions(), "what has not begun");
        expect(none.transactionStartTimeMs().isEmpty(), "what has not begun, began");
        try {
            get(topic.admin().describeTransactions(List.of("listed-never")).description("listed-never"));
            throw new CheckFailed("an unknown transactional id is described");
        } catch (ExecutionException refused) {
            expect(refused.getCause() instanceof TransactionalIdNotFoundException, "refused with " + refused);
        }
    }

    private void filtered(Admin admin) throws Exception {
        var states = listed(admin, new ListTransactionsOptions().filterStates(
                Set.of(TransactionState.ONGOING, TransactionState.EMPTY)));
        expectEqual(Set.of("listed-open", "listed-none"), states.keySet(), "open and empty ones");
        long producer = get(admin.describeTransactions(List.of("listed-ended")).description("listed-ended"))
                .producerId();
        var producers = listed(admin, new ListTransactionsOptions().filterProducerIds(
                Set.of(producer, Long.MAX_VALUE)));
        expectEqual(Set.of("listed-ended"), producers.keySet(), "those of a producer");
        Until.holds("a transaction is open for some time", () -> "", () -> listed(admin,
                new ListTransactionsOptions().filterOnDuration(100)).containsKey("listed-open"));
        expectEqual(Map.of(), listed(admin, new ListTransactionsOptions().filterOnDuration(HOUR_MS)
                .filterStates(Set.of(TransactionState.ONGOING))), "transactions open for an hour");
        expectEqual(Set.of("listed-ended", "listed-none"), listed(admin, new ListTransactionsOptions()
                .filterOnTransactionalIdPattern("listed-(e|n).*")).keySet(), "those of a pattern");
        expectEqual(Map.of(), listed(admin, new ListTransactionsOptions()
                .filterOnTransactionalIdPattern("isted")), "those of a part of their ids");
        try {
            listed(admin, new ListTransactionsOptions().filterOnTransactionalIdPattern("("));
            throw new CheckFailed("a pattern that is none is taken");
        } catch (ExecutionException refused) {
            expect(refused.getCause() instanceof InvalidRegularExpression, "refused with " + refused);
        }
    }

    /** Those of this check, and their states. */
    private static Map<String, TransactionState> listed(Admin admin, ListTransactionsOptions options)
            throws Exception {
        var states = new TreeMap<String, TransactionState>();
        for (TransactionListing each : get(admin.listTransactions(options).all())) {
            if (each.transactionalId().startsWith("listed-")) {
                states.put(each.transactionalId(), each.state());
            }
        }
        return states;
    }

    private void ended() throws Exception {
        try (var topic = TransactedTopic.create(clients, "transaction-ended", PARTITIONS);
                var one = topic.transactional("ended-one"); var other = topic.transactional("ended-other");
                var third = topic.transactional("ended-third")) {
            for (var producer : List.of(one, other, third)) {
                producer.beginTransaction();
                topic.sendEverywhere(producer, producer == third ? "third" : "open");
            }
            var before = open(topic, 0);
            expectEqual(Set.of(0L, 1L, 2L), before.keySet(), "where transactions begin");
            get(topic.admin().fenceProducers(List.of("ended-one")).all());
            // In partition 0 alone: the coordinator goes on to think that it is open there.
            var aborted = before.get(1L);
            get(topic.admin().abortTransaction(new AbortTransactionSpec(topic.partition(0),
                    aborted.producerId(), (short) aborted.producerEpoch(),
                    aborted.coordinatorEpoch().orElse(0))).all());
            Until.holds("two are aborted in a partition, one in the other", () -> "", () ->
                    open(topic, 0).keySet().equals(Set.of(2L))
                    && open(topic, 1).keySet().equals(Set.of(1L, 2L)));
            expectRefused(one);
            third.commitTransaction();
            other.abortTransaction();
            topic.expectCommittedEverywhere(List.of("third"));
        }
    }

    private static void expectRefused(KafkaProducer<byte[], byte[]> fenced) {
        try {
            fenced.commitTransaction();
        } catch (ProducerFencedException | InvalidProducerEpochException refused) {
            return;
        }
        throw new CheckFailed("a producer that is fenced commits");
    }

    /** The producers with a transaction open in the partition, by where it begins. */
    private static Map<Long, ProducerState> open(TransactedTopic topic, int partition) throws Exception {
        var open = new HashMap<Long, ProducerState>();
        var described = topic.admin().describeProducers(topic.all());
        var all = get(described.partitionResult(topic.partition(partition)));
        for (var producer : all.activeProducers()) {
            producer.currentTransactionStartOffset().ifPresent(start -> open.put(start, producer));
        }
        return open;
    }

    /** Runs the command; the rows of its table, each as its values by the names of the columns. */
    private List<Map<String, String>> rows(String address, String... arguments) throws Exception {
        var all = Stream.concat(Stream.of("--bootstrap-server", address), Stream.of(arguments));
        var lines = tools.run(COMMAND, all.toArray(String[]::new)).expectSuccess().lines();
        var rows = new ArrayList<Map<String, String>>();
        for (var line : lines.subList(Math.min(1, lines.size()), lines.size())) {
            var columns = lines.getFirst().strip().split("\\s+");
            var words = line.strip().split("\\s+");
            var row = new HashMap<String, String>();
            for (int i = 0; i < words.length; i++) {
                row.put(columns[i], words[i]);
            }
            rows.add(row);
        }
        return rows;
    }

    private List<Map<String, String>> asked(String... arguments) throws Exception {
        return rows(broker.address(), arguments);
    }

    private void tool() throws Exception {
        try (var topic = TransactedTopic.create(clients, "tool-transactions", PARTITIONS);
                var open = topic.transactional("tool-open", Map.of("transaction.timeout.ms", LONG_MS));
                var ended = topic.transactional("tool-ended")) {
            ended.beginTransaction();
            topic.sendEverywhere(ended, "ended");
            ended.commitTransaction();
            topic.settles();
            open.beginTransaction();
            topic.sendEverywhere(open, "open");
            var states = new TreeMap<String, String>();
            for (var row : asked("list", "--transactional-id-pattern", "tool-.*")) {
                states.put(row.get("TransactionalId"), row.get("Coordinator") + " "
                        + row.get("TransactionState"));
            }
            expectEqual(Map.of("tool-open", "1 Ongoing", "tool-ended", "1 CompleteCommit"), states, "listed");
            var described = asked("describe", "--transactional-id", "tool-open").getFirst();
            expectEqual("Ongoing " + LONG_MS, described.get("TransactionState") + " "
                    + described.get("TransactionTimeoutMs"), "described");
            expectEqual(Set.of("tool-transactions-0", "tool-transactions-1"),
                    Set.of(described.get("TopicPartitions").split(",")), "partitions described");
            var starts = new HashMap<String, String>();
            asked("describe-producers", "--topic", topic.name(), "--partition", "0").forEach(row ->
                    starts.put(row.get("ProducerId"), row.get("CurrentTransactionStartOffset")));
            expectEqual(Set.of("2", "None"), new HashSet<>(starts.values()), "where transactions begin");
            expectEqual("2", starts.get(described.get("ProducerId")), "where the open one begins");
            expectEqual(List.of(), asked("find-hanging", "--topic", topic.name(), "--max-transaction-timeout",
                    "0"), "hanging ones");
            asked("abort", "--topic", topic.name(), "--partition", "0", "--start-offset", "2");
            expectEqual(Map.of(topic.partition(0), 4L, topic.partition(1), 2L),
                    topic.ends(IsolationLevel.READ_COMMITTED), "ends, after one was aborted in a partition");
            asked("forceTerminateTransaction", "--transactionalId", "tool-open");
            topic.expectCommittedEverywhere(List.of("ended"));
            expectRefused(open);
        }
    }

    /** The coordinator's topic is lost, so nobody would ever end what is open. */
    private void hanging() throws Exception {
        var own = new Broker(launcher, Files.createDirectory(directory.resolve("hanging")),
                TransactionClientChecks.OPTION);
        try {
            own.start();
            TopicPartition hanging;
            try (var topic = TransactedTopic.create(new Clients(own::address), "hanging", PARTITIONS)) {
                hanging = topic.partition(1);
                var open = topic.transactional("hanging");
                open.beginTransaction();
                open.send(new ProducerRecord<>("hanging", 1, System.currentTimeMillis() - HOUR_MS, null,
                        "hanging".getBytes())).get();
                own.kill();
                open.close(Duration.ZERO);
            }
            try (var all = Files.list(own.data())) {
                for (var lost : all.filter(each -> each.getFileName().toString()
                        .startsWith("__transaction_state-")).toList()) {
                    Compat.delete(lost);
                }
            }
            own.start();
            found(new Clients(own::address), own.address(), hanging);
        } finally {
            own.kill();
        }
    }

    private void found(Clients anew, String address, TopicPartition hanging) throws Exception {
        try (var admin = anew.admin(); var producer = anew.producer(Map.of())) {
            var topic = new TransactedTopic(anew, admin, hanging.topic(), PARTITIONS);
            topic.sendEverywhere(producer, "after");
            expectEqual(List.of(List.of("after"), List.of()), topic.committed(),
                    "values before the hanging one is aborted");
            var found = rows(address, "find-hanging", "--broker-id", "1");
            expectEqual(1, found.size(), "hanging ones");
            var row = found.getFirst();
            expectEqual(hanging + " 0", row.get("Topic") + "-" + row.get("Partition") + " "
                    + row.get("StartOffset"), "the hanging one");
            rows(address, "abort", "--topic", row.get("Topic"), "--partition", row.get("Partition"),
                    "--start-offset", row.get("StartOffset"));
            topic.expectCommittedEverywhere(List.of("after"));
            expectEqual(List.of(), rows(address, "find-hanging", "--broker-id", "1"), "hanging ones then");
        }
    }
}
