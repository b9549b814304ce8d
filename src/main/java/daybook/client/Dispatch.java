package daybook.client;

import daybook.wire.ErrorCode;

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What all the outboxes and senders of a producer share, and the thread that brings them together: it learns
 * which partitions a topic has and who leads them, for those who send to a topic for the first time and for
 * the outboxes whose leader is not known or was not where it was.
 */
final class Dispatch {
    /** Of one broker, without an answer; a broker remembers as many batches of a producer (KIP-98). */
    static final int REQUESTS_MOST = 5;
    /** As Kafka's retry.backoff.ms and retry.backoff.max.ms. */
    private static final int RETRY_MS = 100;
    private static final int RETRY_MOST_MS = 1_000;
    /** As Kafka's metadata.max.age.ms: so late are new partitions of a topic seen. */
    private static final long FRESH_NANOS = TimeUnit.MINUTES.toNanos(5);
    private static final System.Logger LOG = System.getLogger("daybook.client");

    final Cluster cluster;
    final BatchMemory memory;
    /** Null for a producer without transactions. */
    final ProducerTransactions transactions;
    final ProducerSettings settings;
    private final Map<String, Destination> destinations = new ConcurrentHashMap<>();
    private final Map<Integer, Sender> senders = new ConcurrentHashMap<>();
    /** Batches that are begun and not finished. */
    private final Set<Batch> unfinished = ConcurrentHashMap.newKeySet();
    /** How many wait for that nothing lingers. */
    private final AtomicInteger hurried = new AtomicInteger();
    /** Held while the identity changes. */
    private final ReentrantLock renewing = new ReentrantLock();
    private volatile Identity identity = Identity.NONE;
    private volatile boolean ended;

    private final Thread thread;
    private final Semaphore bell = new Semaphore(0);
    /** Whether it waits for something to do, and not for another try, which only a new topic cuts short. */
    private volatile boolean idle;
    private final Queue<Outbox> strays = new ConcurrentLinkedQueue<>();
    /** Outboxes without a sender; belongs to the thread. */
    private final Set<Outbox> astray = new LinkedHashSet<>();

    Dispatch(Cluster cluster, ProducerSettings settings, ProducerTransactions transactions) {
        this.cluster = cluster;
        this.settings = settings;
        this.transactions = transactions;
        this.memory = new BatchMemory(settings.bufferMemoryBytes(), settings.batchSizeBytes());
        this.thread = Thread.ofVirtual().name("daybook-dispatch").start(this::run);
    }

    // What callers need.

    /**
     * The topic, once this partition of it is known.
     *
     * @param partition -1 for any
     * @throws ClientException what was heard last, where that is not in time
     */
    Destination destination(String topic, int partition) {
        var known = destinations.get(topic);
        if (known != null && known.outboxes().length > Math.max(partition, 0)) {
            return known;
        }
        var sought = destinations.computeIfAbsent(topic, Destination::new);
        sought.await(partition, this);
        return sought;
    }

    /** @throws ClientException REQUEST_TIMED_OUT where it does not come in time */
    byte[] awaitMemory(int lengthBytes) {
        hurry();
        try {
            var array = memory.take(lengthBytes, TimeUnit.MILLISECONDS.toNanos(settings.maxBlockMs()));
            if (array == null) {
                throw new ClientException(ErrorCode.REQUEST_TIMED_OUT,
                        "no memory for records came free within " + settings.maxBlockMs() + " ms");
            }
            return array;
        } catch (InterruptedException stop) {
            throw ClientException.interrupted(stop);
        } finally {
            hurried.decrementAndGet();
        }
    }

    private void hurry() {
        hurried.incrementAndGet();
        senders.values().forEach(Sender::ring);
    }

    /** Waits until all that was begun is finished; false if that takes longer. */
    boolean flush(long nanos) {
        long began = System.nanoTime();
        hurry();
        try {
            for (var batch : List.copyOf(unfinished)) {
                if (!batch.await(Math.max(0, nanos - (System.nanoTime() - began)))) {
                    return false;
                }
            }
            return true;
        } catch (InterruptedException stop) {
            throw ClientException.interrupted(stop);
        } finally {
            hurried.decrementAndGet();
        }
    }

    /** Ends all threads; what is not finished fails. */
    void end() {
        ended = true;
        cluster.close();
        try {
            bell.release();
            thread.join();
            for (var sender : senders.values()) {
                sender.join();
            }
        } catch (InterruptedException stop) {
            throw ClientException.interrupted(stop);
        } finally {
            fail(Outcome.failed(ErrorCode.REQUEST_TIMED_OUT, "the producer was closed before"));
        }
    }

    /** One of the threads cannot go on: all ends, and nobody waits for what never comes. */
    void fault(Throwable fault) {
        LOG.log(System.Logger.Level.ERROR, "a fault of the producer's own ends it", fault);
        ended = true;
        cluster.close();
        fail(Outcome.failed(ErrorCode.UNKNOWN_SERVER_ERROR, "a fault of the producer's own: " + fault));
    }

    private void fail(Outcome outcome) {
        for (var destination : destinations.values()) {
            destination.end();
            for (var outbox : destination.outboxes()) {
                outbox.end();
            }
        }
        unfinished.forEach(batch -> finish(batch, outcome));
    }

    boolean isEnded() {
        return ended;
    }

    // What outboxes and senders need.

    boolean isHurried() {
        return hurried.get() > 0;
    }

    void begun(Batch batch) {
        unfinished.add(batch);
        batch.outbox.backlog.incrementAndGet();
    }

    void finish(Batch batch, Outcome outcome) {
        if (transactions != null && outcome.error() != ErrorCode.NONE) {
            // Before somebody who waits for the batch goes on to commit.
            transactions.failed(outcome);
        }
        if (batch.finish(outcome)) {
            unfinished.remove(batch);
            batch.outbox.backlog.decrementAndGet();
            var array = batch.yieldArray();
            if (array != null) {
                memory.give(array);
            }
        }
    }

    /** What waits for the batch now waits for its parts. */
    void split(Batch batch) {
        batch.split(settings.codec(), settings.level(), settings.transactional()).forEach(this::begun);
        finish(batch, Outcome.unknown());
    }

    Identity identity() {
        return transactions == null ? identity : transactions.identity();
    }

    /**
     * Another identity than this one. The epochs of a producer without transactions are its own to count:
     * only for the first and after the last it asks for a new id.
     *
     * @throws ClientException if another is needed and is not to be had
     */
    Identity renewed(Identity old) {
        renewing.lock();
        try {
            if (transactions == null && identity.equals(old)) {
                boolean counts = old != Identity.NONE && old.epoch() < Short.MAX_VALUE;
                identity = counts ? new Identity(old.id(), (short) (old.epoch() + 1))
                        : Identity.NONE.ask(cluster.any(), null, settings.transactionTimeoutMs());
            }
            return identity();
        } finally {
            renewing.unlock();
        }
    }

    /** Somebody waits to learn of a topic. */
    void seek() {
        bell.release();
    }

    /** Another outbox has no sender. */
    void watch(Outbox outbox) {
        strays.add(outbox);
        if (idle) {
            bell.release();
        }
    }

    // The thread.

    private void run() {
        try {
            work();
        } catch (RuntimeException | Error fault) {
            fault(fault);
        }
    }

    private void work() {
        long refreshNanos = System.nanoTime() + FRESH_NANOS;
        int pauseMs = 0;
        while (true) {
            idle = pauseMs == 0;
            if (idle && strays.isEmpty()) {
                await(refreshNanos - System.nanoTime());
            }
            idle = false;
            for (var stray = strays.poll(); stray != null; stray = strays.poll()) {
                astray.add(stray);
                pauseMs = Math.max(pauseMs, RETRY_MS);
            }
            await(TimeUnit.MILLISECONDS.toNanos(pauseMs));
            if (ended) {
                return;
            }
            boolean refresh = refreshNanos - System.nanoTime() <= 0;
            refreshNanos = refresh ? System.nanoTime() + FRESH_NANOS : refreshNanos;
            var topics = new HashSet<String>();
            astray.forEach(outbox -> topics.add(outbox.partition.topic()));
            for (var destination : destinations.values()) {
                if (refresh && destination.outboxes().length > 0 || destination.isSought()) {
                    topics.add(destination.topic);
                }
            }
            boolean learned = topics.isEmpty() || learn(topics, !refresh);
            long nowNanos = System.nanoTime();
            astray.removeIf(outbox -> learned && finds(outbox) || outbox.gaveUp(nowNanos));
            boolean left = !learned || !astray.isEmpty()
                    || destinations.values().stream().anyMatch(Destination::isSought);
            pauseMs = left ? Math.clamp(2L * pauseMs, RETRY_MS, RETRY_MOST_MS) : 0;
        }
    }

    private void await(long nanos) {
        try {
            bell.tryAcquire(nanos, TimeUnit.NANOSECONDS);
            bell.drainPermits();
        } catch (InterruptedException never) {
            throw new IllegalStateException(never);
        }
    }

    /**
     * Asks for the topics; whether all of them are known now, or will never be.
     *
     * @param create whether the broker may make them: not only because they were sent to some time ago
     */
    private boolean learn(Set<String> topics, boolean create) {
        try {
            if (settings.idempotent() && identity() == Identity.NONE) {
                renewed(Identity.NONE);
            }
            var metadata = cluster.metadata(topics, create);
            boolean learned = true;
            for (var name : topics) {
                var topic = metadata.topics().get(name);
                if (topic != null) {
                    destinations.get(name).resize(topic.partitions().size(), this);
                } else {
                    var error = metadata.errors().getOrDefault(name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
                    trouble(name, new ClientException(error, "topic " + name));
                    learned &= !ClientException.retriable(error);
                }
            }
            return learned;
        } catch (ClientException failed) {
            topics.forEach(name -> trouble(name, failed));
            return !failed.retriable();
        }
    }

    private void trouble(String topic, ClientException trouble) {
        destinations.get(topic).trouble(trouble);
        if (!trouble.retriable()) {
            var outcome = Outcome.failed(trouble.error(), trouble.getMessage());
            for (var outbox : astray) {
                if (outbox.partition.topic().equals(topic)) {
                    outbox.failOlder(System.nanoTime() + 1, outcome);
                }
            }
        }
    }

    /** Gives the outbox to the sender for its leader; false where no leader is known. */
    boolean finds(Outbox outbox) {
        var topic = cluster.known(outbox.partition.topic());
        int index = outbox.partition.partition();
        if (topic == null || index >= topic.partitions().size()) {
            return false;
        }
        int leader = topic.partitions().get(index).leader();
        if (leader == Topic.NO_LEADER) {
            return false;
        }
        outbox.join(senders.computeIfAbsent(leader, node -> new Sender(this, node)));
        return true;
    }
}
