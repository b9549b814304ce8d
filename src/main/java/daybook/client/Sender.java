package daybook.client;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The thread of a producer. It sends what is due in the outboxes to the brokers that lead their partitions,
 * one batch of each in a request, no more than {@link #REQUESTS_MOST} requests to a broker without an answer;
 * and all that follows from answers happens on it. It never waits but for something to do: what waits for a
 * broker (to be reached, to read, to tell of topics) does so on a virtual thread of its own, and then
 * {@link #post}s what came of it.
 */
final class Sender {
    static final long FOREVER = Long.MAX_VALUE / 2;
    /** Of one broker, without an answer; a broker remembers as many batches of a producer (KIP-98). */
    static final int REQUESTS_MOST = 5;
    /** As Kafka's retry.backoff.ms and retry.backoff.max.ms. */
    private static final int RETRY_MS = 100;
    private static final int RETRY_MOST_MS = 1_000;
    /** As Kafka's metadata.max.age.ms: so late are new partitions of a topic seen. */
    private static final long FRESH_NANOS = TimeUnit.MINUTES.toNanos(5);
    private static final System.Logger LOG = System.getLogger("daybook.client");
    private static final Outcome UNANSWERED = Outcome.failed(ErrorCode.NETWORK_EXCEPTION,
            "the broker did not answer for the partition");

    /** The way to one broker; belongs to the sender's thread. */
    static final class Line {
        private final int node;
        private volatile int requests;
        /** The one that is being gathered. */
        private Request request = new Request();
        /** Of requests without an answer. */
        private long unansweredBytes;
        /** Whether the last request that ended failed: that is told once, not for each. */
        private boolean failing;
        /** Done when all requests are written that were sent before. */
        private CompletableFuture<Void> written = CompletableFuture.completedFuture(null);

        private Line(int node) {
            this.node = node;
        }

        /** Whether it takes one more request; for all threads. */
        boolean isFree() {
            return requests < REQUESTS_MOST;
        }
    }

    /** A batch of each partition, and their bytes before they are compressed. */
    private static final class Request {
        private final Map<TopicPartition, Batch> batches = new LinkedHashMap<>();
        private int bytes;
    }

    final ProducerSettings settings;
    final BatchMemory memory;
    /** Null for a producer without transactions. */
    final ProducerTransactions transactions;
    private final Cluster cluster;
    private final Thread thread;
    /** The topics that are known; written by the thread. */
    private final Map<String, Destination> destinations = new ConcurrentHashMap<>();
    /** Of all who wait. */
    private final Set<Wish> wishes = ConcurrentHashMap.newKeySet();
    /** Batches that are begun and not finished. */
    private final Set<Batch> unfinished = ConcurrentHashMap.newKeySet();
    /** How many wait for that nothing lingers. */
    private final AtomicInteger hurried = new AtomicInteger();
    /** What others want done on the thread. */
    private final Queue<Runnable> inbox = new ConcurrentLinkedQueue<>();
    /** Whether the thread is to end, or has. */
    private volatile boolean ended;
    /** When the thread will look again by itself: who knows of something sooner wakes it. */
    private volatile long looksAtNanos;

    // Those below belong to the thread.
    /** Those that may have something to send; who had a turn goes to the end. */
    private final ArrayDeque<Outbox> watched = new ArrayDeque<>();
    private final Map<Integer, Line> lines = new HashMap<>();
    private Identity identity = Identity.NONE;
    /** Whether the cluster is being asked for topics; how soon it may be again, and must be. */
    private boolean learning;
    private long learnNanos = System.nanoTime();
    private long refreshNanos = System.nanoTime() + FRESH_NANOS;
    private int pauseMs;

    Sender(Cluster cluster, ProducerSettings settings, ProducerTransactions transactions) {
        this.cluster = cluster;
        this.settings = settings;
        this.transactions = transactions;
        this.memory = new BatchMemory(settings.bufferMemoryBytes(), settings.batchSizeBytes());
        // A platform thread: it waits until a time again and again, for which a virtual one needs the JDK's
        // timer.
        this.thread = Thread.ofPlatform().daemon().name("daybook-sender").start(this::run);
    }

    // Callers.

    /**
     * The topic, once this partition of it is known.
     *
     * @param partition -1 for any
     * @throws IllegalStateException if the producer is closed meanwhile
     * @throws ClientException what was heard last, where that is not in time
     */
    Destination destination(String topic, int partition) {
        int partitions = Math.max(partition, 0) + 1;
        var known = destinations.get(topic);
        if (known != null && known.count() >= partitions) {
            return known;
        }
        var wish = new Wish(topic, partitions);
        wishes.add(wish);
        post(() -> learnNanos = System.nanoTime());
        try {
            var granted = ended ? null : wish.await(settings.maxBlockMs());
            checkOpen();
            return granted;
        } finally {
            wishes.remove(wish);
        }
    }

    boolean isEnded() {
        return ended;
    }

    /** @throws IllegalStateException if the producer is closed */
    void checkOpen() {
        if (ended) {
            throw new IllegalStateException("the producer is closed");
        }
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
        LockSupport.unpark(thread);
    }

    /** Waits until all that was begun is finished, but not longer. */
    void flush(long nanos) {
        long began = System.nanoTime();
        hurry();
        try {
            for (var batch : List.copyOf(unfinished)) {
                if (!batch.await(Math.max(0, nanos - (System.nanoTime() - began)))) {
                    return;
                }
            }
        } catch (InterruptedException stop) {
            throw ClientException.interrupted(stop);
        } finally {
            hurried.decrementAndGet();
        }
    }

    void begun(Batch batch) {
        unfinished.add(batch);
        batch.outbox.backlog.incrementAndGet();
    }

    /** An outbox has something to send, or will have when it has lingered: then the thread is to be woken. */
    void watch(Outbox outbox) {
        inbox.add(() -> watched.add(outbox));
    }

    /** Something is due at this time. */
    void wake(long dueNanos) {
        if (dueNanos - looksAtNanos < 0) {
            LockSupport.unpark(thread);
        }
    }

    private void post(Runnable task) {
        inbox.add(task);
        LockSupport.unpark(thread);
    }

    /** Ends it, and waits until it has; what is not finished fails. */
    void end() {
        ended = true;
        LockSupport.unpark(thread);
        try {
            thread.join();
        } catch (InterruptedException stop) {
            throw ClientException.interrupted(stop);
        }
    }

    // The thread.

    private void run() {
        var outcome = Outcome.failed(ErrorCode.REQUEST_TIMED_OUT, "the producer was closed before");
        try {
            while (!ended) {
                // Said before it looks: what it does not see any more wakes it.
                looksAtNanos = System.nanoTime() + FOREVER;
                for (var task = inbox.poll(); task != null; task = inbox.poll()) {
                    task.run();
                }
                long nowNanos = System.nanoTime();
                long waitNanos = round(nowNanos);
                if (waitNanos > 0) {
                    looksAtNanos = nowNanos + waitNanos;
                    LockSupport.parkNanos(this, waitNanos);
                }
            }
        } catch (RuntimeException | Error fault) {
            LOG.log(System.Logger.Level.ERROR, "a fault of the producer's own ends it", fault);
            outcome = Outcome.failed(ErrorCode.UNKNOWN_SERVER_ERROR,
                    "a fault of the producer's own: " + fault);
            ended = true;
        }
        cluster.close();
        wishes.forEach(Wish::end);
        for (var destination : destinations.values()) {
            for (var outbox : destination.outboxes()) {
                outbox.end(outcome);
            }
        }
    }

    /** Sends what is due, and asks for what must be known; returns how long until there is more to do. */
    private long round(long nowNanos) {
        boolean hurry = hurried.get() > 0;
        boolean named = isNamed();
        var dropped = transactions == null ? null : transactions.dropped();
        long waitNanos = FOREVER;
        var served = new ArrayList<Outbox>();
        var astray = new HashSet<String>();
        for (int left = watched.size(); left > 0; left--) {
            var outbox = watched.remove();
            if (dropped != null) {
                outbox.fail(nowNanos, dropped);
            }
            waitNanos = Math.min(waitNanos, outbox.expire(nowNanos));
            if (outbox.rests()) {
                continue;
            }
            var line = outbox.line();
            if (line == null) {
                astray.add(outbox.partition.topic());
            }
            boolean may = named && dropped == null && line != null && line.isFree();
            long dueInNanos = may ? outbox.dueInNanos(nowNanos, hurry) : FOREVER;
            if (dueInNanos == 0 && gather(line, outbox)) {
                served.add(outbox);
            } else {
                watched.add(outbox);
                waitNanos = dueInNanos == 0 ? waitNanos : Math.min(waitNanos, dueInNanos);
            }
        }
        lines.values().forEach(this::send);
        watched.addAll(served);
        long learnsInNanos = learn(astray, nowNanos);
        return served.isEmpty() ? Math.min(waitNanos, learnsInNanos) : 0;
    }

    /** Adds what is due in the outbox to the next request; false where it has to wait. */
    private boolean gather(Line line, Outbox outbox) {
        var batch = outbox.due();
        if (batch == null) {
            return false;
        }
        if (line.request.bytes + batch.lengthBytes() > settings.maxRequestSizeBytes()) {
            send(line);
        }
        if (!line.isFree() || !outbox.take(batch)) {
            return false;
        }
        line.request.batches.put(outbox.partition, batch);
        line.request.bytes += batch.lengthBytes();
        return true;
    }

    private void send(Line line) {
        var request = line.request;
        if (request.batches.isEmpty()) {
            return;
        }
        line.request = new Request();
        line.requests++;
        line.unansweredBytes += request.bytes;
        var ready = ready(line);
        if (ready != null) {
            write(line, request, () -> ready);
        } else {
            line.written = line.written.thenRunAsync(
                    guarded(() -> write(line, request, () -> reach(line.node))), Thread::startVirtualThread);
        }
    }

    /**
     * The connection, where writing to it cannot wait: what was sent before and may not have been read yet
     * was answered, or fits into the system's buffer along with this. It saves a thread a request.
     */
    private Connection ready(Line line) {
        if (transactions != null || settings.acks() == Acks.NONE || !line.written.isDone()) {
            return null;
        }
        var connection = cluster.ready(line.node, Cluster.Lane.DATA);
        boolean takes = connection != null && line.unansweredBytes <= connection.takesBytes();
        return takes ? connection : null;
    }

    /** A fault of what goes on beside the thread ends it. */
    private Runnable guarded(Runnable task) {
        return () -> {
            try {
                task.run();
            } catch (RuntimeException | Error fault) {
                post(() -> {
                    throw new IllegalStateException(fault);
                });
            }
        };
    }

    /**
     * Beside the thread where it may wait: the broker must be reached, a coordinator be asked, all be
     * written.
     */
    private void write(Line line, Request request, Supplier<Connection> way) {
        try {
            var connection = way.get();
            int known = connection.version(Call.PRODUCE);
            int version = transactions == null ? known
                    : transactions.include(request.batches.keySet(), known);
            boolean isAnswered = settings.acks() != Acks.NONE;
            connection.send(Call.PRODUCE, version, out -> write(out, request.batches),
                    isAnswered ? Sender::outcomes : null).whenComplete((outcomes, failed) -> post(() -> {
                        if (failed != null) {
                            // Whatever came in place of an answer: nobody knows whether it was taken.
                            failed(line, request, ErrorCode.NETWORK_EXCEPTION, failed);
                        } else {
                            line.failing = false;
                            answered(line, request, partition -> !isAnswered ? Outcome.unknown()
                                    : outcomes.getOrDefault(partition, UNANSWERED));
                        }
                    }));
        } catch (ClientException failed) {
            post(() -> failed(line, request, failed.error(), failed));
        }
    }

    private Connection reach(int node) {
        try {
            return cluster.to(node, Cluster.Lane.DATA);
        } catch (ClientException failed) {
            throw new ClientException(ErrorCode.NETWORK_EXCEPTION, failed.getMessage(), failed);
        }
    }

    private void failed(Line line, Request request, ErrorCode error, Throwable why) {
        LOG.log(line.failing ? System.Logger.Level.DEBUG : System.Logger.Level.WARNING,
                "a request to broker " + line.node + " failed: " + why.getMessage());
        line.failing = true;
        var outcome = Outcome.failed(error, why.getMessage());
        answered(line, request, partition -> outcome);
    }

    /** ProduceRequest.json; v12 is the last that has topics by name. */
    private void write(Writer out, Map<TopicPartition, Batch> request) {
        out.string(settings.transactionalId()).int16(settings.acks().code());
        out.int32(settings.requestTimeoutMs());
        ByTopic.write(out, request.keySet(), (each, partition) ->
                each.region(new Bytes(request.get(partition).stamped(settings.transactional())))).tags();
    }

    private static Map<TopicPartition, Outcome> outcomes(Reader in) {
        var outcomes = new HashMap<TopicPartition, Outcome>();
        ByTopic.read(in, (partition, each) -> outcomes.put(partition, Outcome.of(each)));
        return outcomes;
    }

    private void answered(Line line, Request request,
            Function<TopicPartition, Outcome> outcomes) {
        line.requests--;
        line.unansweredBytes -= request.bytes;
        request.batches.forEach((partition, batch) -> {
            var outbox = batch.outbox;
            outbox.answered(batch, outcomes.apply(partition));
            if (outbox.line() == null) {
                long soonestNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(RETRY_MS);
                learnNanos = learnNanos - soonestNanos > 0 ? learnNanos : soonestNanos;
            }
        });
    }

    void finish(Batch batch, Outcome outcome) {
        if (transactions != null && outcome.error() != ErrorCode.NONE) {
            // Before somebody who waits for the batch goes on to commit.
            transactions.failed(outcome);
        }
        batch.settle(outcome);
        var whole = batch.end();
        if (whole != null) {
            unfinished.remove(whole);
            whole.outbox.backlog.decrementAndGet();
            memory.give(whole.yieldArray());
        }
    }

    Identity identity() {
        return transactions == null ? identity : transactions.identity();
    }

    private boolean isNamed() {
        return !settings.idempotent() || identity() != Identity.NONE;
    }

    /**
     * Another identity than this one. The epochs of a producer without transactions are its own to count;
     * after the last it has none until it is told of a new id.
     */
    Identity renewed(Identity old) {
        if (transactions == null && old != Identity.NONE && identity.equals(old)) {
            identity = old.epoch() == Short.MAX_VALUE ? Identity.NONE
                    : new Identity(old.id(), (short) (old.epoch() + 1));
        }
        return identity();
    }

    /**
     * Has a broker asked, where it must be, for an identity, for these topics and those that are wished for,
     * and now and then for all.
     *
     * @return how long until it is to be asked
     */
    private long learn(Set<String> topics, long nowNanos) {
        for (var wish : wishes) {
            if (wish.isOpen()) {
                topics.add(wish.topic);
            }
        }
        boolean refresh = refreshNanos - nowNanos <= 0;
        if (topics.isEmpty() && !refresh && (isNamed() || watched.isEmpty())) {
            pauseMs = 0;
            return refreshNanos - nowNanos;
        }
        if (learning || learnNanos - nowNanos > 0) {
            return learning ? FOREVER : learnNanos - nowNanos;
        }
        if (refresh) {
            refreshNanos = nowNanos + FRESH_NANOS;
            topics.addAll(destinations.keySet());
        }
        learning = true;
        pauseMs = Math.clamp(2L * pauseMs, RETRY_MS, RETRY_MOST_MS);
        learnNanos = nowNanos + TimeUnit.MILLISECONDS.toNanos(pauseMs);
        boolean named = isNamed();
        Thread.startVirtualThread(guarded(() -> {
            try {
                var told = named ? Identity.NONE
                        : Identity.NONE.ask(cluster.any(), null, settings.transactionTimeoutMs());
                // A broker may make topics, but not only because they were sent to some time ago.
                var metadata = cluster.metadata(topics, !refresh);
                post(() -> learned(topics, told, metadata));
            } catch (ClientException failed) {
                post(() -> {
                    learning = false;
                    topics.forEach(topic -> trouble(topic, failed));
                });
            }
        }));
        return FOREVER;
    }

    private void learned(Set<String> topics, Identity told, Cluster.Metadata metadata) {
        learning = false;
        identity = told == Identity.NONE ? identity : told;
        for (var name : topics) {
            var topic = metadata.topics().get(name);
            if (topic == null) {
                var error = metadata.errors().getOrDefault(name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
                trouble(name, new ClientException(error, "topic " + name));
            } else {
                var destination = destinations.computeIfAbsent(name, each -> new Destination());
                destination.learned(topic, this);
                wishes(name).forEach(wish -> wish.grant(destination));
            }
        }
    }

    private void trouble(String topic, ClientException trouble) {
        wishes(topic).forEach(wish -> wish.refuse(trouble));
        var destination = destinations.get(topic);
        if (destination == null || trouble.retriable()) {
            return;
        }
        for (var outbox : destination.outboxes()) {
            if (outbox.line() == null) {
                outbox.fail(System.nanoTime(), Outcome.failed(trouble.error(), trouble.getMessage()));
            }
        }
    }

    private Stream<Wish> wishes(String topic) {
        return wishes.stream().filter(wish -> wish.topic.equals(topic));
    }

    Line line(int node) {
        return lines.computeIfAbsent(node, Line::new);
    }
}
