package daybook.coordinator;

import daybook.catalog.Catalog;
import daybook.catalog.Topic;
import daybook.log.Logs;
import daybook.record.TransactionMarker;
import daybook.wire.ErrorCode;

import java.lang.System.Logger.Level;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * All partitions of an internal topic that this broker leads, each a {@link Shard}; a key belongs to one of
 * them by its hash. One thread loads what the catalog has and is not loaded yet, and has the shards decide
 * what is due.
 *
 * @param <S> the state of a shard
 * @param <R> its records
 */
public final class Coordinator<S extends State<R>, R> implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("daybook.coordinator");
    /** The longest that the thread sleeps, for clocks that are turned by hand. */
    private static final long SLEEP_MS = 100;
    /** Shards that are replayed side by side. */
    private static final Semaphore LOADS = new Semaphore(Runtime.getRuntime().availableProcessors());

    private final String topicName;
    private final Format<R> format;
    private final Supplier<S> fresh;
    private final Logs logs;
    private final Catalog catalog;
    private final InstantSource clock;
    private final InstantSource steady;
    private final Map<Integer, Shard<S, R>> shards = new ConcurrentHashMap<>();
    /** Guards which shards there are. */
    private final ReentrantLock lock = new ReentrantLock();
    /** The topic that the shards are of, or null. Written under {@link #lock}. */
    private volatile Topic followed;
    private final Thread thread = Thread.ofPlatform().daemon().unstarted(this::run);
    /** Until when the thread sleeps; written by it. */
    private volatile long sleepsUntilMs;
    /** The logs are open, and those that there are have shards. */
    private volatile boolean started;
    private volatile boolean closed;

    /**
     * @param fresh makes the state of a shard before its first record
     * @param clock the time of day, for records
     * @param steady milliseconds that never jump, for deadlines
     */
    public Coordinator(String topicName, Format<R> format, Supplier<S> fresh, Logs logs, Catalog catalog,
            InstantSource clock, InstantSource steady) {
        this.topicName = topicName;
        this.format = format;
        this.fresh = fresh;
        this.logs = logs;
        this.catalog = catalog;
        this.clock = clock;
        this.steady = steady;
        thread.setName("daybook-" + topicName.replace("_", ""));
    }

    /** Begins to load; the logs are open. */
    public void start() {
        catalog.onChange((before, after) -> LockSupport.unpark(thread));
        follow();
        started = true;
        thread.start();
    }

    /** How many partitions the topic has; 0 while there is none. */
    public int partitions() {
        var topic = catalog.image().topic(topicName);
        return topic == null ? 0 : topic.partitions().size();
    }

    /** Asks the shard that the key belongs to, as {@link Shard#ask}. */
    public <T> Reply<T> ask(String key, Function<ErrorCode, T> refused, Shard.Event<S, R, T> event) {
        return ask(partition(key), refused, event);
    }

    /** Asks a shard, as {@link Shard#ask}. */
    public <T> Reply<T> ask(int partition, Function<ErrorCode, T> refused, Shard.Event<S, R, T> event) {
        return reach(partition, refused, shard -> shard.ask(refused, event));
    }

    /** Ends a producer's transaction in a partition of the topic, as {@link Shard#endTransaction}. */
    public Reply<ErrorCode> end(int partition, long producerId, short producerEpoch, TransactionMarker marker,
            int transactionVersion) {
        return reach(partition, error -> error, shard ->
                shard.endTransaction(producerId, producerEpoch, marker, transactionVersion));
    }

    private <T> Reply<T> reach(int partition, Function<ErrorCode, T> refused,
            Function<Shard<S, R>, Reply<T>> asked) {
        var shard = find(partition);
        if (shard == null) {
            return Reply.refusal(absence(partition), refused);
        }
        var reply = asked.apply(shard);
        if (shard.dueMs() < sleepsUntilMs) {
            LockSupport.unpark(thread);
        }
        return reply;
    }

    /** The shard of a partition, also of one whose log has just come; null where it is not here. */
    private Shard<S, R> find(int partition) {
        var shard = shards.get(partition);
        if (shard == null) {
            follow();
            shard = shards.get(partition);
        }
        return shard;
    }

    /** While the broker starts the catalog knows of partitions whose logs are not open yet. */
    private ErrorCode absence(int partition) {
        boolean coming = !started && partition >= 0 && partition < partitions();
        return coming ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : ErrorCode.NOT_COORDINATOR;
    }

    /** The partition that a key belongs to, as Apache Kafka counts it; -1 while there is no topic. */
    public int partition(String key) {
        int partitions = partitions();
        return partitions == 0 ? -1 : partition(key, partitions);
    }

    /** The smallest int has no absolute value; its place is the first partition. */
    static int partition(String key, int partitions) {
        int hash = key.hashCode();
        return hash == Integer.MIN_VALUE ? 0 : Math.abs(hash) % partitions;
    }

    /** Those who wait for an answer are told to look elsewhere. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        lock.lock();
        try {
            shards.values().forEach(Shard::end);
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        while (!closed) {
            try {
                round();
            } catch (RuntimeException | Error failed) {
                LOG.log(Level.ERROR, "A round over " + topicName + " failed", failed);
            }
            LockSupport.parkNanos(this, (sleepsUntilMs - steady.millis()) * 1_000_000L);
        }
    }

    private void round() {
        // First, so that who makes something due earlier while this looks around wakes the thread again.
        long nextMs = steady.millis() + SLEEP_MS;
        sleepsUntilMs = nextMs;
        follow();
        for (var shard : shards.values()) {
            nextMs = Math.min(nextMs, bring(shard));
        }
        sleepsUntilMs = nextMs;
    }

    /**
     * Brings a shard up to now; returns when it is due next. Where it fails the shards behind it have their
     * turn, and it has its own with the next round.
     */
    private static long bring(Shard<?, ?> shard) {
        try {
            shard.decideDue();
            return shard.dueMs();
        } catch (RuntimeException | Error failed) {
            LOG.log(Level.ERROR, shard.log().partition() + " could not be brought up to now", failed);
            return Long.MAX_VALUE;
        }
    }

    /** Brings the shards in line with the catalog. */
    private void follow() {
        if (catalog.image().topic(topicName) == null && followed == null) {
            return;
        }
        lock.lock();
        try {
            var topic = catalog.image().topic(topicName);
            boolean another = topic == null || followed == null || !topic.id().equals(followed.id());
            if (another) {
                shards.values().forEach(Shard::end);
                shards.clear();
            }
            followed = topic;
            if (topic != null && !closed) {
                shards.values().removeIf(Shard::over);
                topic.partitions().forEach(partition -> add(topic, partition.index()));
            }
        } finally {
            lock.unlock();
        }
    }

    /** Under {@link #lock}. */
    private void add(Topic topic, int partition) {
        var log = logs.find(topic.name(), partition);
        if (shards.containsKey(partition) || log == null || !log.topicId().equals(topic.id())) {
            return;
        }
        var shard = new Shard<>(log, format, fresh.get(), clock, steady);
        boolean empty = log.endOffset() == log.startOffset();
        if (empty) {
            shard.load();
        }
        shards.put(partition, shard);
        if (!empty) {
            Thread.ofVirtual().name("daybook-load-" + log.partition()).start(() -> load(shard));
        }
    }

    private static void load(Shard<?, ?> shard) {
        LOADS.acquireUninterruptibly();
        try {
            shard.load();
        } finally {
            LOADS.release();
        }
    }
}
