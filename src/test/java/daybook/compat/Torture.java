package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * {@code kill -9} again and again: {@code Torture ROUNDS SEED [LAUNCHER]}. A load of idempotent producers
 * goes on all the time, on a plain topic, one with little retention and a compacted one, all with segments
 * that roll often; topics come and go. In each round the broker is killed at a random moment, perhaps while
 * it stops, perhaps again and again while it starts; then all that was acknowledged must be there. Ends with
 * the tally; exits with 1 at the first round that finds something wrong, and then leaves the data.
 */
public final class Torture {
    static final String PLAIN = "torture-plain";
    static final String RETAINED = "torture-retained";
    static final String COMPACTED = "torture-compacted";

    private static final String ROUND = "torture-round-";
    private static final int WORK_MS = 1_000;
    /** One round in so many is long enough for checkpoints, so that recoveries do not grow for ever. */
    private static final int LONG_ROUNDS = 10;
    private static final int CHECKPOINT_MS = 2_000;
    private static final int STOP_MS = 1_200;
    /** One round in so many ends with SIGTERM first. */
    private static final int STOPS = 8;
    /** What a compaction has beside the log until it is done. */
    private static final String UNFINISHED = ".*\\.(cleaned|swap)";
    private static final int WHOLE_ROUNDS = 5;
    private static final int TOLD_ROUNDS = 10;
    private static final long LIMIT_SECONDS = 150;
    private static final Map<String, Map<String, String>> TOPICS = Map.of(
            PLAIN, Map.of("segment.bytes", "1048576", "segment.ms", "10000"),
            RETAINED, Map.of("segment.bytes", "1048576", "segment.ms", "2000", "retention.bytes", "2000000",
                    "file.delete.delay.ms", "1000"),
            COMPACTED, Map.of("cleanup.policy", "compact", "segment.bytes", "1048576", "segment.ms", "3000",
                    "min.cleanable.dirty.ratio", "0.01", "delete.retention.ms", "1000",
                    "file.delete.delay.ms", "1000"));
    private static final Map<String, Integer> PARTITIONS = Map.of(PLAIN, 4, RETAINED, 2, COMPACTED, 2);

    private final Broker broker;
    private final Clients clients;
    private final SplittableRandom random;
    private final TortureLoad load;
    private final List<TopicPartition> partitions = new ArrayList<>();
    private final List<TortureCheck> checks = new ArrayList<>();
    /** Names of the topics that there must be. */
    private final Set<String> topics = new TreeSet<>(TOPICS.keySet());
    private long startedMs = 500;
    private int rounds;
    private int kills;
    private int killsInStart;
    private int killsInStop;
    private int killsInCompaction;
    private int cleanStops;

    private Torture(Path launcher, Path directory, long seed) {
        this.broker = new Broker(launcher, directory, "--log.retention.check.interval.ms=300",
                "--log.flush.offset.checkpoint.interval.ms=" + CHECKPOINT_MS, "--log.cleaner.backoff.ms=100",
                "--log.cleaner.io.max.bytes.per.second=4000000",
                "--metadata.log.max.record.bytes.between.snapshots=3000");
        this.clients = new Clients(broker::address);
        this.random = new SplittableRandom(seed);
        PARTITIONS.forEach((topic, count) -> partitions.addAll(Clients.partitions(topic, count)));
        this.load = new TortureLoad(clients, partitions, random.nextLong());
        newChecks();
    }

    /** Runs the rounds. */
    public static void main(String[] arguments) throws Exception {
        int rounds = Integer.parseInt(arguments[0]);
        long seed = arguments[1].isEmpty() ? System.nanoTime() : Long.parseLong(arguments[1]);
        var launcher = Path.of(arguments.length > 2 ? arguments[2] : "bin/daybook").toAbsolutePath();
        var directory = Files.createTempDirectory("daybook-torture");
        System.out.println("torture: " + rounds + " rounds, seed " + seed + ", data in " + directory);
        var torture = new Torture(launcher, directory, seed);
        long beganNanos = System.nanoTime();
        boolean passed = torture.passed(rounds);
        torture.tell(beganNanos);
        if (passed) {
            Compat.delete(directory);
        } else {
            System.out.println("The seed was " + seed + "; the broker's log and data are in " + directory);
        }
        System.exit(passed ? 0 : 1);
    }

    private boolean passed(int wanted) throws Exception {
        long beganNanos = System.nanoTime();
        try (var consumer = start()) {
            while (rounds < wanted) {
                round(consumer);
                if (rounds % TOLD_ROUNDS == 0) {
                    tell(beganNanos);
                }
            }
            load.finish();
            newChecks();
            check(consumer, true);
            return true;
        } catch (CheckFailed | ExecutionException | TimeoutException wrong) {
            System.out.println("FAILED in round " + rounds + ": " + wrong.getMessage());
            return false;
        } finally {
            broker.kill();
        }
    }

    private KafkaConsumer<byte[], byte[]> start() throws Exception {
        broker.start();
        try (var admin = clients.admin()) {
            var made = TOPICS.entrySet().stream().map(topic -> new NewTopic(topic.getKey(),
                    PARTITIONS.get(topic.getKey()), (short) 1).configs(topic.getValue())).toList();
            admin.createTopics(made).all().get(LIMIT_SECONDS, TimeUnit.SECONDS);
        }
        load.start();
        return clients.consumer(Map.of("fetch.max.wait.ms", 5, "reconnect.backoff.max.ms", 100));
    }

    private void newChecks() {
        checks.clear();
        partitions.forEach(partition -> checks.add(new TortureCheck(partition, load.sent(partition))));
    }

    private void round(KafkaConsumer<byte[], byte[]> consumer) throws Exception {
        rounds++;
        try (var admin = Admin.create(Map.of("bootstrap.servers", broker.address(), "default.api.timeout.ms",
                (int) TimeUnit.SECONDS.toMillis(LIMIT_SECONDS), "reconnect.backoff.max.ms", 100))) {
            pause(random.nextInt(WORK_MS) + (random.nextInt(LONG_ROUNDS) == 0 ? 2 * CHECKPOINT_MS : 0));
            var change = change(admin);
            pause(random.nextInt(1 + random.nextInt(30)));
            down();
            // Half of all starts are left alone, a quarter is killed once, and so on.
            while (random.nextBoolean()) {
                var ready = broker.launch();
                pause((int) startedMs / 3 + random.nextInt((int) startedMs));
                boolean inStart = !ready.isDone();
                kill();
                killsInStart += inStart ? 1 : 0;
            }
            long beganNanos = System.nanoTime();
            broker.start();
            startedMs = Math.max(1, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - beganNanos));
            settle(change);
            check(consumer, rounds % WHOLE_ROUNDS == 0);
            expectEqual(topics, admin.listTopics().names().get(LIMIT_SECONDS, TimeUnit.SECONDS), "topics");
        }
        expect(load.failure() == null, "a producer was refused: " + load.failure());
    }

    private void down() throws Exception {
        if (random.nextInt(STOPS) > 0) {
            kill();
            return;
        }
        broker.beginStop();
        pause(random.nextInt(STOP_MS));
        if (broker.running()) {
            killsInStop++;
            kill();
        } else {
            cleanStops++;
        }
    }

    private void kill() throws Exception {
        broker.kill();
        kills++;
        try (var files = Files.walk(broker.data(), 2)) {
            killsInCompaction += files.anyMatch(file -> file.toString().matches(UNFINISHED)) ? 1 : 0;
        }
    }

    /** Begins to make a topic and to delete the one of some rounds ago. */
    private List<KafkaFuture<Void>> change(Admin admin) {
        var old = ROUND + (rounds - 3);
        var name = ROUND + rounds;
        var changes = new ArrayList<KafkaFuture<Void>>();
        changes.add(admin.createTopics(List.of(new NewTopic(name, 2, (short) 1))).all());
        topics.add(name);
        if (topics.remove(old)) {
            changes.add(admin.deleteTopics(List.of(old)).all());
        }
        return changes;
    }

    /** Waits for changes, which the client tries again when the broker is back: then they may be done. */
    private static void settle(List<KafkaFuture<Void>> changes) throws Exception {
        for (var change : changes) {
            try {
                change.get(LIMIT_SECONDS, TimeUnit.SECONDS);
            } catch (ExecutionException failed) {
                boolean done = failed.getCause() instanceof TopicExistsException
                        || failed.getCause() instanceof UnknownTopicOrPartitionException;
                if (!done) {
                    throw failed;
                }
            }
        }
    }

    private void check(KafkaConsumer<byte[], byte[]> consumer, boolean all) {
        for (int i = 0; i < checks.size(); i++) {
            if (all || !partitions.get(i).topic().equals(COMPACTED)) {
                checks.get(i).pass(consumer);
            }
        }
    }

    private static void pause(int ms) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(ms);
    }

    private void tell(long beganNanos) {
        long read = checks.stream().mapToLong(TortureCheck::read).sum();
        System.out.println("torture: " + rounds + " rounds, " + kills + " kills, of them " + killsInStart
                + " in a start, " + killsInStop + " in a stop and " + killsInCompaction
                + " in a compaction, " + cleanStops + " clean stops, " + load.acked()
                + " records acknowledged, " + read + " compared, the last start took " + startedMs + " ms, "
                + TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - beganNanos) + " s");
    }
}
