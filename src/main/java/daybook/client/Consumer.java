package daybook.client;

import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Reads the records of partitions: of those that it is told ({@link #assign}), or of those that its group
 * gives it ({@link #subscribe}). Virtual threads fetch ahead of the caller, and keep its place in the group.
 *
 * <pre>{@code
 *   try (var consumer = Consumer.builder("127.0.0.1:9092").group("billing").open()) {
 *       consumer.subscribe(List.of("orders"));
 *       while (billing) {
 *           for (var fetched : consumer.poll(Duration.ofSeconds(1))) {
 *               for (var record : fetched) {
 *                   bill(fetched.partition(), record);
 *               }
 *           }
 *           consumer.commit();
 *       }
 *   }
 * }</pre>
 *
 * <p>Whoever polls has done with what he polled before: it is what {@link #commit()} commits, and a partition
 * goes to another member of the group in {@link #poll} or {@link #close} and at no other time. Who does not
 * poll for the longest interval leaves the group until he does.
 *
 * <p>A consumer is for one thread at a time; only {@link #close} may be called while another polls. A thread
 * that is interrupted while it waits is thrown a {@link ClientException}, and its interrupt is over then.
 */
public final class Consumer implements AutoCloseable {
    /** Where to begin where the group has committed no offset, or the log does not go so far. */
    public enum Reset { EARLIEST, LATEST, NONE }

    /** In place of a time: the first record that is still there. */
    public static final long EARLIEST = -2;
    /** In place of a time: the end. */
    public static final long LATEST = -1;

    private static final System.Logger LOG = System.getLogger("daybook.client");
    private static final int CLOSE_MOST_MS = 5_000;

    private final Cluster cluster;
    private final Feeds feeds;
    private final Offsets offsets;
    private final Groups groups;
    private final boolean committedOnly;
    /** Its place in its group, if it has one. */
    private final Member member;
    private final int maxPollRecords;
    private final int apiTimeoutMs;
    /** Negative where nothing is committed by itself. */
    private final long autoCommitMs;
    /** Held while the next commit is put behind the last one: they reach the group in their order. */
    private final ReentrantLock committing = new ReentrantLock();
    /** Written under {@link #committing}. */
    private volatile CompletableFuture<Void> lastCommit = CompletableFuture.completedFuture(null);
    private volatile boolean closed;
    /** Whose work on what was polled last may not be done yet. */
    private volatile Thread polledBy;
    /** When it next commits of itself; of the caller's thread. */
    private long autoCommitNanos;

    private Consumer(Builder with) {
        maxPollRecords = with.maxPollRecords;
        apiTimeoutMs = with.apiTimeoutMs;
        autoCommitMs = with.autoCommitMs;
        committedOnly = with.committedOnly;
        cluster = new Cluster(new Settings(with.bootstrap, with.clientId, with.requestTimeoutMs,
                apiTimeoutMs));
        offsets = new Offsets(cluster);
        groups = new Groups(cluster);
        feeds = new Feeds(with.fetchAheadBytes, switch (with.reset) {
            case EARLIEST -> EARLIEST;
            case LATEST -> LATEST;
            case NONE -> null;
        });
        member = new Member(cluster, with.group, with.instanceId, with.assignor, with.maxPollIntervalMs,
                feeds);
        var limits = new Fetcher.Limits(with.fetchMinBytes, with.fetchMaxWaitMs, with.fetchMaxBytes,
                with.maxPartitionFetchBytes, with.committedOnly);
        feeds.start("locator", new Locator(cluster, feeds, with.group == null ? null
                : groups.committed(with.group, this::membership), limits));
        autoCommitLater();
    }

    /** @param bootstrapServers where to begin: {@code host:port}, comma-separated */
    public static Builder builder(String bootstrapServers) {
        return new Builder(bootstrapServers);
    }

    // What to read.

    /** Joins the group, to read its share of these topics; or changes what it wants to read there. */
    public void subscribe(Collection<String> topics) {
        subscribe(new Member.Subscription(List.copyOf(new TreeSet<>(topics)), ""));
    }

    /**
     * Joins the group, to read its share of the topics whose whole names match.
     *
     * @param pattern in the syntax of RE2/J; the broker applies it, so that topics made later are found
     */
    public void subscribePattern(String pattern) {
        subscribe(new Member.Subscription(List.of(), pattern));
    }

    private void subscribe(Member.Subscription subscription) {
        open();
        member.group();
        if (!member.subscribed() && !feeds.partitions().isEmpty()) {
            throw new IllegalStateException("a consumer that was assigned partitions cannot subscribe");
        }
        member.subscribe(subscription);
    }

    /** Reads exactly these partitions from now on; it is no member of a group for that. */
    public void assign(Collection<TopicPartition> partitions) {
        open();
        if (member.subscribed()) {
            throw new IllegalStateException("a consumer that has subscribed cannot be assigned partitions");
        }
        var target = new HashMap<TopicPartition, Uuid>();
        partitions.forEach(partition -> target.put(partition, Uuid.ZERO));
        become(target);
    }

    /** What it reads now. */
    public Set<TopicPartition> assignment() {
        return feeds.partitions();
    }

    /**
     * The partitions of a topic.
     *
     * @throws ClientException UNKNOWN_TOPIC_OR_PARTITION where there is none of that name
     */
    public List<TopicPartition> partitions(String topic) {
        open();
        return new Topics(cluster).describe(List.of(topic)).of(topic).partitions().stream()
                .map(partition -> new TopicPartition(topic, partition.index())).toList();
    }

    // Reading.

    /**
     * The records that came next, in whole batches until there are as many as {@link Builder#maxPollRecords}
     * says; waits for the first.
     *
     * @return nothing when the time has passed, or another thread has closed the consumer
     * @throws ClientException what went wrong in a partition after all that was polled before:
     *     CORRUPT_MESSAGE,
     *     OFFSET_OUT_OF_RANGE, or what a broker refused; or why the group does not take this consumer. The
     *     next poll tries the same again, if nobody seeks to where it goes on
     */
    public List<Fetched> poll(Duration timeout) {
        open();
        polledBy = Thread.currentThread();
        long deadline = System.nanoTime() + TimeUnit.NANOSECONDS.convert(timeout);
        member.polling(true);
        try {
            while (true) {
                takeOver();
                autoCommit();
                long untilNanos = autoCommitMs < 0 || deadline - autoCommitNanos < 0 ? deadline
                        : autoCommitNanos;
                var taken = feeds.take(maxPollRecords, untilNanos);
                if (!taken.isEmpty() || closed || deadline - System.nanoTime() <= 0) {
                    return taken;
                }
            }
        } finally {
            member.polling(false);
        }
    }

    /** Takes over what the group has decided since the last poll. */
    private void takeOver() {
        var out = member.out();
        if (out != null) {
            // What was polled may have been another member's since then: none of it is committed.
            feeds.become(Map.of());
            member.join();
            switch (out.error()) {
                case UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH -> LOG.log(System.Logger.Level.INFO,
                        "the consumer joins group " + member.group() + " anew: " + out.getMessage());
                default -> throw new ClientException(out);
            }
        }
        var target = member.target();
        if (target != null) {
            become(target);
            member.own(target);
        }
    }

    private void become(Map<TopicPartition, Uuid> target) {
        if (!target.keySet().containsAll(feeds.partitions())) {
            settle(autoCommitMs >= 0);
        }
        feeds.become(target);
    }

    // Where to read.

    /** Goes on at this offset. */
    public void seek(TopicPartition partition, long offset) {
        if (offset < 0) {
            throw new IllegalArgumentException("an offset is not negative: " + offset);
        }
        feeds.each(List.of(partition), feed -> feeds.restart(feed, offset, Feed.COMMITTED));
    }

    /** Goes on at the first record that is not older, or at the end where all are. */
    public void seekToTime(Map<TopicPartition, Long> timestampsMs) {
        timestampsMs.forEach((partition, timestampMs) -> seekLater(List.of(partition), timestampMs));
    }

    /** Goes on at the first record that is still there; in all that it reads where none is given. */
    public void seekToBeginning(Collection<TopicPartition> partitions) {
        seekLater(partitions, EARLIEST);
    }

    /** Goes on at the end; in all that it reads where none is given. */
    public void seekToEnd(Collection<TopicPartition> partitions) {
        seekLater(partitions, LATEST);
    }

    private void seekLater(Collection<TopicPartition> partitions, long wanted) {
        feeds.each(partitions.isEmpty() ? feeds.partitions() : partitions,
                feed -> feeds.restart(feed, Feed.UNKNOWN, wanted));
    }

    /**
     * The offset after what was polled; looked up where nothing was yet.
     *
     * @throws ClientException REQUEST_TIMED_OUT, or why it cannot be looked up
     */
    public long position(TopicPartition partition) {
        return feeds.position(partition, apiTimeoutMs);
    }

    /**
     * The offsets of the first records that are not older than these times, or of the end where all are
     * older; {@link #EARLIEST} and {@link #LATEST} stand for the first record and the end.
     */
    public Map<TopicPartition, Long> offsetsAt(Map<TopicPartition, Long> timestampsMs) {
        open();
        return offsets.at(timestampsMs, committedOnly);
    }

    /** Polls nothing of these partitions until they are resumed; what was fetched of them is kept. */
    public void pause(Collection<TopicPartition> partitions) {
        feeds.each(partitions, feed -> feeds.pause(feed, true));
    }

    /** Polls these partitions again. */
    public void resume(Collection<TopicPartition> partitions) {
        feeds.each(partitions, feed -> feeds.pause(feed, false));
    }

    // Committing.

    /** Commits all that was polled. */
    public void commit() {
        commit(feeds.positions());
    }

    /**
     * Commits these offsets: of each partition the one to go on at.
     *
     * @throws ClientException UNKNOWN_MEMBER_ID or FENCED_MEMBER_EPOCH where the group has gone on without
     *     this member, and may have given its partitions to another
     */
    public void commit(Map<TopicPartition, Long> next) {
        open();
        Connection.await(commitLater(next));
    }

    /** As {@link #commit()}, without waiting for it. Commits reach the group in their order. */
    public Future<Void> commitAsync() {
        open();
        return commitLater(feeds.positions()).copy();
    }

    private CompletableFuture<Void> commitLater(Map<TopicPartition, Long> next) {
        member.group();
        var commit = Map.copyOf(next);
        var right = member.right();
        committing.lock();
        try {
            lastCommit = lastCommit.exceptionally(told -> null).thenRunAsync(() -> commit(commit, right),
                    task -> Thread.ofVirtual().name("daybook-consumer-commit").start(task));
            return lastCommit;
        } finally {
            committing.unlock();
        }
    }

    private void commit(Map<TopicPartition, Long> next, Supplier<Membership> right) {
        int epoch = right.get().epoch();
        try {
            groups.commit(member.group(), right, next).all();
        } catch (ClientException failed) {
            boolean stale = failed.error() == ErrorCode.STALE_MEMBER_EPOCH;
            if (!stale || !member.outlives(epoch, apiTimeoutMs)) {
                throw failed;
            }
            commit(next, right);
        }
    }

    private void autoCommit() {
        if (autoCommitMs < 0 || System.nanoTime() - autoCommitNanos < 0) {
            return;
        }
        autoCommitLater();
        if (lastCommit.isDone()) {
            commitLater(feeds.positions()).exceptionally(failed -> {
                LOG.log(System.Logger.Level.WARNING, "cannot commit: " + failed.getMessage());
                return null;
            });
        }
    }

    private void autoCommitLater() {
        autoCommitNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(autoCommitMs);
    }

    /**
     * Waits for what is being committed, but not for ever: a commit that comes late must not undo that of the
     * next owner. Whether the thread is interrupted makes no difference, and stays.
     *
     * @param polled whether to commit first what was polled
     */
    private void settle(boolean polled) {
        var commits = polled ? commitLater(feeds.positions()) : lastCommit.exceptionally(told -> null);
        try {
            commits.copy().orTimeout(CLOSE_MOST_MS, TimeUnit.MILLISECONDS).join();
        } catch (CompletionException failed) {
            member.forfeit();
            LOG.log(System.Logger.Level.WARNING, "cannot commit: " + failed.getCause());
        }
    }

    /** What the group has committed; without the partitions of which it has nothing. */
    public Map<TopicPartition, Long> committed(Collection<TopicPartition> partitions) {
        open();
        var found = new HashMap<TopicPartition, Long>();
        groups.committed(member.group(), this::membership).outcomes(partitions).all()
                .forEach((partition, each) -> found.put(partition, each.offset()));
        found.values().removeIf(offset -> offset < 0);
        return found;
    }

    /** By what right it commits, for a producer that does so in a transaction. */
    public Membership membership() {
        member.group();
        return member.right().get();
    }

    /**
     * Commits if that is automatic and nobody can be at work on what was polled last, which another thread
     * than the one that polled cannot know; waits a few seconds for what is being committed, leaves the
     * group, and closes the connections.
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        boolean done = polledBy == null || polledBy == Thread.currentThread();
        settle(autoCommitMs >= 0 && done);
        closed = true;
        feeds.close();
        member.close();
        cluster.close();
    }

    private void open() {
        if (closed) {
            throw new IllegalStateException("the consumer is closed");
        }
    }

    /**
     * How a consumer is to be. What is not said is as in Apache Kafka, but that nothing commits by itself.
     */
    public static final class Builder {
        private final String bootstrap;
        private String clientId = "daybook";
        private String group;
        private String instanceId;
        private String assignor;
        private Reset reset = Reset.LATEST;
        private boolean committedOnly;
        private long autoCommitMs = -1;
        private int maxPollRecords = 500;
        private int maxPollIntervalMs = 300_000;
        private int fetchMinBytes = 1;
        private int fetchMaxWaitMs = 500;
        private int fetchMaxBytes = 50 << 20;
        private int maxPartitionFetchBytes = 1 << 20;
        private int fetchAheadBytes = 16 << 20;
        private int requestTimeoutMs = Settings.REQUEST_TIMEOUT_MS;
        private int apiTimeoutMs = Settings.API_TIMEOUT_MS;

        private Builder(String bootstrap) {
            this.bootstrap = bootstrap;
        }

        /**
         * The consumer's group: where its offsets are committed, and whose member it becomes by subscribing.
         */
        public Builder group(String group) {
            this.group = group;
            return this;
        }

        /** A fixed place in the group, which it keeps while the consumer is away for less than a session. */
        public Builder instanceId(String instanceId) {
            this.instanceId = instanceId;
            return this;
        }

        /**
         * The name of the assignor by which the broker shares partitions out: {@code uniform}, {@code range}.
         */
        public Builder assignor(String assignor) {
            this.assignor = assignor;
            return this;
        }

        /** Where to begin where no offset is committed, or the log does not have it; LATEST if not said. */
        public Builder reset(Reset reset) {
            this.reset = reset;
            return this;
        }

        /** Leaves out transactions that were aborted, and waits for those that are open. */
        public Builder readCommitted() {
            committedOnly = true;
            return this;
        }

        /** Commits all that was polled, in the first poll after each such interval, and on closing. */
        public Builder autoCommit(Duration interval) {
            if (interval.isNegative()) {
                throw new IllegalArgumentException(interval + " is negative");
            }
            autoCommitMs = Math.max(1, interval.toMillis());
            return this;
        }

        /** A poll returns no batch more when it has so many records. */
        public Builder maxPollRecords(int records) {
            maxPollRecords = positive(records);
            return this;
        }

        /** Who does not poll for so long leaves the group until he does. */
        public Builder maxPollIntervalMs(int ms) {
            maxPollIntervalMs = positive(ms);
            return this;
        }

        /** The broker answers when it has so much, or when {@link #fetchMaxWaitMs} has passed. */
        public Builder fetchMinBytes(int bytes) {
            fetchMinBytes = bytes;
            return this;
        }

        /** How long the broker may wait for {@link #fetchMinBytes}. */
        public Builder fetchMaxWaitMs(int ms) {
            fetchMaxWaitMs = ms;
            return this;
        }

        /** The most that is fetched at once, but for a first batch that is larger; at most 128 MiB. */
        public Builder fetchMaxBytes(int bytes) {
            fetchMaxBytes = Math.min(positive(bytes), Connection.ANSWER_MOST_BYTES / 2);
            return this;
        }

        /** The most that is fetched of a partition at once, but for a first batch that is larger. */
        public Builder maxPartitionFetchBytes(int bytes) {
            maxPartitionFetchBytes = positive(bytes);
            return this;
        }

        /** Nothing more is asked for while so much, decompressed, waits to be polled. */
        public Builder fetchAheadBytes(int bytes) {
            fetchAheadBytes = positive(bytes);
            return this;
        }

        /** What the brokers are told that the client is called. */
        public Builder clientId(String clientId) {
            this.clientId = clientId;
            return this;
        }

        /** A broker that does not answer for so long is given up. */
        public Builder requestTimeoutMs(int ms) {
            requestTimeoutMs = positive(ms);
            return this;
        }

        /** How long is tried again what may go well another time. */
        public Builder apiTimeoutMs(int ms) {
            apiTimeoutMs = positive(ms);
            return this;
        }

        private static int positive(int value) {
            if (value <= 0) {
                throw new IllegalArgumentException(value + " is not positive");
            }
            return value;
        }

        /**
         * Connects to the first of the brokers that answers; it reads nothing yet.
         *
         * @throws ClientException NETWORK_EXCEPTION where none does
         * @throws IllegalArgumentException if the bootstrap servers are none, or what needs a group has none
         */
        public Consumer open() {
            if (group == null && (autoCommitMs >= 0 || instanceId != null || assignor != null)) {
                throw new IllegalArgumentException("a consumer without a group commits and joins nothing");
            }
            var consumer = new Consumer(this);
            try {
                consumer.cluster.any();
                return consumer;
            } catch (ClientException unreachable) {
                consumer.close();
                throw unreachable;
            }
        }
    }
}
