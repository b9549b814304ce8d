package daybook.compat;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** A producer at work on a thread of its own: a few records to each of some partitions, again and again. */
final class Feed {
    private static final int BURST = 2;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long LIMIT_MS = 60_000;
    /** One request in flight: with more, a new producer may trip over itself at Apache Kafka's brokers. */
    static final Map<String, Object> SETTINGS = Map.of("metadata.max.age.ms", 500,
            "max.in.flight.requests.per.connection", 1, "reconnect.backoff.max.ms", 200,
            "max.block.ms", 60_000);

    private final Clients clients;
    private final AtomicReference<Exception> failure = new AtomicReference<>();
    private final Thread thread;
    /** Belongs to the thread until it has ended: how many records each partition got. */
    private final Map<TopicPartition, Long> counts = new HashMap<>();
    private volatile Set<TopicPartition> partitions = Set.of();
    private volatile boolean ended;

    /** Starts it; it has nothing to feed yet. */
    Feed(Clients clients) {
        this.clients = clients;
        this.thread = Thread.ofPlatform().daemon().name("feed").start(this::run);
    }

    /** Feeds these from now on. */
    void feed(Collection<TopicPartition> all) {
        partitions = Set.copyOf(all);
    }

    private void run() {
        try (var producer = clients.producer(SETTINGS)) {
            while (!ended) {
                for (var partition : partitions) {
                    for (int number = 0; number < BURST; number++) {
                        long count = counts.merge(partition, 1L, Long::sum);
                        producer.send(new ProducerRecord<>(partition.topic(), partition.partition(), null,
                                ("record " + count).getBytes()), (metadata, refused) -> {
                                    if (refused != null) {
                                        failure.compareAndSet(null, refused);
                                    }
                                });
                    }
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        } catch (RuntimeException failed) {
            failure.compareAndSet(null, failed);
        }
    }

    /** Ends it, as far as it does so in time. */
    void stop() throws InterruptedException {
        ended = true;
        thread.join(LIMIT_MS);
    }

    /** Ends it; returns the end offset of each partition, all of which is acknowledged. */
    Map<TopicPartition, Long> end() throws Exception {
        stop();
        CheckFailed.expect(!thread.isAlive(), "the producer does not end");
        if (failure.get() != null) {
            throw failure.get();
        }
        return counts;
    }
}
