package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaException;

/**
 * Producers take a transactional id from each other, again and again, while the broker is killed: each of
 * their transactions is there whole, in all partitions, or not at all.
 */
final class TransactionDuelChecks {
    private static final int PARTITIONS = 3;
    private static final List<String> IDS = List.of("duel-one", "duel-other");
    private static final int DUELISTS = 2;
    private static final int KILLS = 2;
    private static final int BETWEEN_KILLS = 15;
    private static final long LIMIT_SECONDS = 60;

    private final Report report;
    private final Broker broker;
    private final Clients clients;
    private final AtomicInteger committed = new AtomicInteger();
    private volatile boolean ended;

    TransactionDuelChecks(Report report, Broker broker) {
        this.report = report;
        this.broker = broker;
        this.clients = new Clients(broker::address);
    }

    void run() {
        report.check("transaction: producers take an id from each other, the broker is killed", () -> {
            try (var topic = TransactedTopic.create(clients, "transaction-duel", PARTITIONS)) {
                duel(topic);
            }
        });
    }

    /** What a producer knows of how its transaction ended. */
    private enum Outcome { COMMITTED, ABORTED, UNKNOWN }

    private void duel(TransactedTopic topic) throws Exception {
        var running = new ArrayList<FutureTask<Map<String, Outcome>>>();
        for (var id : IDS) {
            for (int number = 0; number < DUELISTS; number++) {
                var name = id + " " + number;
                var task = new FutureTask<>(() -> fight(topic, id, name));
                Thread.ofPlatform().daemon().name(name).start(task);
                running.add(task);
            }
        }
        for (int kill = 0; kill < KILLS; kill++) {
            goOn();
            broker.kill();
            broker.start();
        }
        goOn();
        ended = true;
        var outcomes = new HashMap<String, Outcome>();
        for (var task : running) {
            outcomes.putAll(task.get(LIMIT_SECONDS, TimeUnit.SECONDS));
        }
        // Whatever the last ones left open is aborted.
        for (var id : IDS) {
            topic.transactional(id).close();
        }
        topic.settles();
        judge(topic.committed(), outcomes);
    }

    /** Waits until some more transactions are committed. */
    private void goOn() throws Exception {
        int before = committed.get();
        Until.holds("transactions are committed", () -> "", () -> committed.get() >= before + BETWEEN_KILLS);
    }

    /** One transaction after the other, until somebody else has the id; then takes it back. */
    private Map<String, Outcome> fight(TransactedTopic topic, String id, String name) {
        var outcomes = new HashMap<String, Outcome>();
        var random = new Random();
        while (!ended) {
            KafkaProducer<byte[], byte[]> producer = null;
            try {
                producer = topic.transactional(id, Map.of("reconnect.backoff.max.ms", 200));
                for (int count = random.nextInt(20); count >= 0 && !ended; count--) {
                    transact(topic, producer, name + " " + outcomes.size(), outcomes, random);
                }
            } catch (KafkaException fenced) {
                LockSupport.parkNanos(random.nextInt(20_000_000));
            } finally {
                if (producer != null) {
                    producer.close(Duration.ZERO);
                }
            }
        }
        return outcomes;
    }

    private void transact(TransactedTopic topic, KafkaProducer<byte[], byte[]> producer, String value,
            Map<String, Outcome> outcomes, Random random) {
        outcomes.put(value, Outcome.ABORTED);
        producer.beginTransaction();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            topic.send(producer, partition, value);
        }
        boolean commit = random.nextInt(4) > 0;
        producer.flush();
        if (commit) {
            outcomes.put(value, Outcome.UNKNOWN);
            producer.commitTransaction();
            outcomes.put(value, Outcome.COMMITTED);
            committed.incrementAndGet();
        } else {
            producer.abortTransaction();
        }
    }

    private static void judge(List<List<String>> partitions, Map<String, Outcome> outcomes) {
        var first = new HashSet<>(partitions.getFirst());
        for (var partition : partitions) {
            expectEqual(first, new HashSet<>(partition), "values in the partitions");
            expectEqual(first.size(), partition.size(), "values in a partition, each once");
            expectInOrder(partition);
        }
        outcomes.forEach((value, outcome) -> expect(outcome == Outcome.UNKNOWN
                || first.contains(value) == (outcome == Outcome.COMMITTED), value + " is "
                + (first.contains(value) ? "" : "not ") + "there, which was " + outcome));
    }

    /** The values of each producer, which it numbers. */
    private static void expectInOrder(List<String> values) {
        var last = new HashMap<String, Integer>();
        for (var value : values) {
            int blank = value.lastIndexOf(' ');
            int number = Integer.parseInt(value.substring(blank + 1));
            var before = last.put(value.substring(0, blank), number);
            expect(before == null || before < number, value + " comes behind " + before);
        }
    }
}
