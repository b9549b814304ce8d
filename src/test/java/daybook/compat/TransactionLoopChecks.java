package daybook.compat;

import static daybook.compat.CheckFailed.expectSame;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;

/**
 * Workers read a topic and write another in transactions, while they and the broker are killed: in the end
 * every record was worked on once, in order.
 */
final class TransactionLoopChecks {
    private static final int PARTITIONS = 4;
    private static final int WORKERS = 3;
    private static final int STEPS = 6;
    private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(700);

    private final Report report;
    private final Broker broker;
    private final Tools tools;
    private final Clients clients;

    TransactionLoopChecks(Report report, Broker broker, Tools tools) {
        this.report = report;
        this.broker = broker;
        this.tools = tools;
        this.clients = new Clients(broker::address);
    }

    void run() {
        for (var protocol : List.of("classic", "consumer")) {
            report.check("transaction: workers and the broker are killed, " + protocol, () -> {
                try (var input = TransactedTopic.create(clients, "loop-input-" + protocol, PARTITIONS);
                        var output = TransactedTopic.create(clients, "loop-output-" + protocol, PARTITIONS)) {
                    run(protocol, input, output);
                }
            });
        }
    }

    private void run(String protocol, TransactedTopic input, TransactedTopic output) throws Exception {
        var random = new Random();
        var feed = new Feed(clients);
        var workers = new ArrayList<Program.Running>();
        Group.sessions(output.admin(), output.name(), Group.SESSION_MS);
        try {
            feed.feed(input.all());
            for (int number = 0; number < WORKERS; number++) {
                workers.add(start(protocol, number, input, output));
            }
            advances(output, workers);
            for (int step = 0; step < STEPS; step++) {
                LockSupport.parkNanos(STEP_NANOS);
                if (step % 3 == 1) {
                    broker.kill();
                    broker.start();
                }
                int victim = random.nextInt(WORKERS);
                workers.get(victim).process().destroyForcibly().waitFor();
                workers.set(victim, start(protocol, victim, input, output));
            }
            advances(output, workers);
            var ends = feed.end();
            Until.holds("all is worked on and committed", () -> said(workers), () ->
                    ends.equals(TransactionOffsetChecks.offsets(output.admin(), output.name())));
            output.settles();
            expectOnce(ends, output);
        } finally {
            feed.stop();
            for (var worker : workers) {
                worker.process().destroyForcibly().waitFor();
            }
        }
    }

    private Program.Running start(String protocol, int number, TransactedTopic input, TransactedTopic output)
            throws Exception {
        var command = tools.own(Worker.class, broker.address(), "loop-" + protocol + "-" + number, protocol,
                input.name(), output.name(), Integer.toString(PARTITIONS));
        return Program.start(tools.directory(), command, Path.of("/dev/null"));
    }

    /** Waits until something more is committed. */
    private static void advances(TransactedTopic output, List<Program.Running> workers) throws Exception {
        var before = output.ends(IsolationLevel.READ_COMMITTED);
        Until.holds("transactions are committed", () -> said(workers), () ->
                output.ends(IsolationLevel.READ_COMMITTED).entrySet().stream()
                        .anyMatch(end -> end.getValue() > before.get(end.getKey())));
    }

    private static String said(List<Program.Running> workers) {
        var said = new StringBuilder();
        for (var worker : workers) {
            try {
                said.append(worker.process().isAlive() ? "a worker said: " : "a dead worker said: ")
                        .append(Program.shortened(Files.readString(worker.err())
                                .replaceAll("(?m)^SLF4J.*\n", ""))).append("; ");
            } catch (IOException gone) {
                said.append(gone);
            }
        }
        return said.toString();
    }

    /** The records of one partition went to all partitions in turn: each has every fourth, in order. */
    private static void expectOnce(Map<TopicPartition, Long> ends, TransactedTopic output) {
        var all = output.committedByKey();
        for (var to : output.all()) {
            var given = all.get(to.partition());
            for (int from = 0; from < PARTITIONS; from++) {
                int source = from;
                long first = Math.floorMod(to.partition() - from, PARTITIONS);
                long end = ends.entrySet().stream().filter(each -> each.getKey().partition() == source)
                        .findFirst().orElseThrow().getValue();
                var expected = LongStream.iterate(first, offset -> offset < end,
                        offset -> offset + PARTITIONS).mapToObj(String::valueOf).toList();
                expectSame(expected, given.getOrDefault(String.valueOf(from), List.of()),
                        "offsets of partition " + from + " that were worked on into " + to);
            }
        }
    }
}
