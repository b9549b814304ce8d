package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectContains;
import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.CheckFailed.expectSame;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.common.IsolationLevel;

/**
 * Transactions of other programs: kcat and kafkajs, which know version 1 only, and Apache Kafka's
 * TransactionalMessageCopier, console consumer and performance test.
 */
final class TransactionProgramChecks {
    private static final String COPIER = "org.apache.kafka.tools.TransactionalMessageCopier";
    private static final String PERFORMANCE = "org.apache.kafka.tools.ProducerPerformance";
    private static final String CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer";
    private static final Path SCRIPT = Path.of("src/test/java/daybook/compat/kafkajs-transactions.js");
    private static final int RECORDS = 100;
    private static final int COPIED = 1_000;
    /** The copier asks for its offsets before it ends what the dead one had open, so it waits for this. */
    private static final int TRANSACTION_MS = 6_000;

    private final Report report;
    private final Broker broker;
    private final Tools tools;
    private final Path modules;
    private final Path directory;
    private final Clients clients;

    TransactionProgramChecks(Report report, Broker broker, Tools tools, Path modules, Path directory) {
        this.report = report;
        this.broker = broker;
        this.tools = tools;
        this.modules = modules;
        this.directory = directory;
        this.clients = new Clients(broker::address);
    }

    void run() {
        report.check("transaction: kcat, one is killed", this::kcat);
        report.check("transaction: kafkajs", this::kafkajs);
        report.check("transaction: TransactionalMessageCopier, one is killed", this::copier);
        report.check("transaction: kafka-producer-perf-test, kafka-console-consumer", this::performance);
    }

    private static List<String> numbers(int from, int to) {
        return IntStream.range(from, to).mapToObj(number -> "line " + number).toList();
    }

    private List<String> kcatCommand(String... arguments) {
        return Stream.concat(Stream.of("kcat", "-b", broker.address()), Stream.of(arguments)).toList();
    }

    /** All that one is given as input is a transaction; one that is killed leaves nothing behind. */
    private void kcat() throws Exception {
        try (var topic = TransactedTopic.create(clients, "transaction-kcat", 1)) {
            var command = kcatCommand("-P", "-t", topic.name(), "-p", "0", "-X", "transactional.id=kcat",
                    "-X", "linger.ms=1");
            write(command, numbers(0, RECORDS));
            // This one comes to no end of its input, and dies with its transaction open. It reads by blocks.
            var killed = new ProcessBuilder(command).start();
            try (var input = killed.outputWriter()) {
                input.write("killed\n".repeat(RECORDS * RECORDS));
                input.flush();
                Until.holds("a record of an open transaction is there", () -> "", () ->
                        topic.values(IsolationLevel.READ_UNCOMMITTED).getFirst().contains("killed"));
                killed.destroyForcibly().waitFor();
            } catch (IOException broken) {
                // What it did not read cannot be written any more.
            }
            var before = new ArrayList<>(numbers(0, RECORDS));
            expectSame(before, topic.committed().getFirst(), "while the transaction of a dead one is open");
            write(command, numbers(RECORDS, 2 * RECORDS));
            topic.settles();
            before.addAll(numbers(RECORDS, 2 * RECORDS));
            for (var isolation : IsolationLevel.values()) {
                var read = Program.run(directory, kcatCommand("-C", "-t", topic.name(), "-p", "0", "-o",
                        "beginning", "-e", "-q", "-X", "isolation.level=" + TransactedTopic.lower(isolation)))
                        .expectSuccess().lines();
                expectSame(before, read.stream().filter(line -> !line.equals("killed")).toList(),
                        "lines that kcat reads, " + isolation);
                expectEqual(isolation == IsolationLevel.READ_UNCOMMITTED, read.contains("killed"),
                        "whether kcat reads what a dead one wrote, " + isolation);
            }
        }
    }

    private void write(List<String> command, List<String> lines) throws Exception {
        var input = String.join("\n", lines) + "\n";
        Program.run(directory, command, input.getBytes(StandardCharsets.UTF_8)).expectSuccess();
    }

    private void kafkajs() throws Exception {
        try (var input = TransactedTopic.create(clients, "transaction-kafkajs-input", 1);
                var output = TransactedTopic.create(clients, "transaction-kafkajs", 2);
                var producer = clients.producer(Map.of())) {
            for (int number = 0; number < RECORDS; number++) {
                input.send(producer, 0, Integer.toString(number));
            }
            producer.flush();
            Program.run(directory, List.of("node", SCRIPT.toString(), modules.toString(), broker.address(),
                    input.name(), output.name())).expectSuccess();
            output.settles();
            expectEqual(RECORDS + 1, output.committed().stream().mapToInt(List::size).sum(), "committed");
        }
    }

    /** It aborts some at random; one is killed at work, and the next goes on. */
    private void copier() throws Exception {
        try (var input = TransactedTopic.create(clients, "transaction-copied", 1);
                var output = TransactedTopic.create(clients, "transaction-copy", 1);
                var producer = clients.producer(Map.of())) {
            for (int number = 0; number < COPIED; number++) {
                input.send(producer, 0, "line " + number);
            }
            producer.flush();
            var command = tools.command(COPIER, "--broker-list", broker.address(), "--input-topic",
                    input.name(), "--input-partition", "0", "--output-topic", output.name(),
                    "--consumer-group", output.name(), "--transactional-id", output.name(),
                    "--transaction-size", "10", "--transaction-timeout",
                    Integer.toString(TRANSACTION_MS), "--enable-random-aborts", "--use-group-metadata");
            var killed = Program.start(directory, command, Path.of("/dev/null"));
            Until.holds("some is copied", () -> killed + " " + killed.process().isAlive(), () ->
                    output.ends(IsolationLevel.READ_COMMITTED).get(output.partition(0)) > COPIED / 10);
            killed.process().destroyForcibly().waitFor();
            Program.run(directory, command).expectSuccess();
            output.settles();
            expectSame(numbers(0, COPIED), output.committed().getFirst(), "lines that were copied");
        }
    }

    private void performance() throws Exception {
        try (var topic = TransactedTopic.create(clients, "transaction-performance", 2)) {
            var text = tools.run(PERFORMANCE, "--bootstrap-server", broker.address(), "--topic", topic.name(),
                    "--num-records", "20000", "--record-size", "100", "--throughput", "-1",
                    "--transactional-id", "performance", "--transaction-duration-ms", "20")
                    .expectSuccess().text();
            expectContains(text, "20000 records sent");
            topic.settles();
            var ends = topic.ends(IsolationLevel.READ_COMMITTED);
            long all = ends.values().stream().mapToLong(Long::longValue).sum();
            expect(all > 20_003, "several transactions have more markers: ends are " + ends);
            var lines = tools.run(CONSUMER, "--bootstrap-server", broker.address(), "--topic", topic.name(),
                    "--from-beginning", "--isolation-level", "read_committed", "--timeout-ms", "60000",
                    "--max-messages", "20000").expectSuccess().lines();
            expectEqual(20_000, lines.size(), "lines of the console consumer");
        }
    }
}
