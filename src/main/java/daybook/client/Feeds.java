package daybook.client;

import daybook.client.Feed.Ask;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The partitions that a consumer reads, and where its threads meet: the caller takes what the fetchers
 * brought, the locator looks up what is not known. Whatever a thread was asked for is thrown away when the
 * partition's round has passed meanwhile.
 */
final class Feeds {
    private static final int BACKOFF_MS = 50;
    private static final int BACKOFF_MOST_MS = 1_000;

    private final long aheadMostBytes;
    /** What to look up where no offset is committed, or the one that is lies outside the log; null: fail. */
    private final Long reset;
    private final ReentrantLock lock = new ReentrantLock();
    /** For the caller: something to take, a position, or a reason to look. */
    private final Condition arrived = lock.newCondition();
    /** For the locator and the fetchers: something to look up, something to fetch, or room for it. */
    private final Condition work = lock.newCondition();
    // All below is guarded by the lock.
    /** In the order in which they are to be fetched: what was fetched goes to the end. */
    private final Map<TopicPartition, Feed> feeds = new LinkedHashMap<>();
    /** Those that have something for the caller, in the order of their turns. */
    private final Deque<Feed> ready = new ArrayDeque<>();
    /** Bytes buffered, without those of paused partitions: they must not keep the others from being read. */
    private long aheadBytes;
    private boolean woken;
    private boolean closed;
    private Throwable broken;

    Feeds(long aheadMostBytes, Long reset) {
        this.aheadMostBytes = aheadMostBytes;
        this.reset = reset;
    }

    /** Does it on a virtual thread; if that ends with what nobody foresaw, the caller is told. */
    Thread start(String name, Runnable task) {
        return Thread.ofVirtual().name("daybook-consumer-" + name).start(() -> {
            try {
                task.run();
            } catch (Throwable unforeseen) {
                locked(() -> {
                    broken = unforeseen;
                    arrived.signalAll();
                });
            }
        });
    }

    private <T> T read(Supplier<T> value) {
        lock.lock();
        try {
            return value.get();
        } finally {
            lock.unlock();
        }
    }

    private void locked(Runnable change) {
        lock.lock();
        try {
            change.run();
        } finally {
            lock.unlock();
        }
    }

    // For the caller.

    /** Makes these the partitions, by the ids of their topics where those are known; who stays goes on. */
    void become(Map<TopicPartition, Uuid> target) {
        locked(() -> {
            for (var feed : List.copyOf(feeds.values())) {
                var id = target.get(feed.partition);
                if (id == null || feed.given && !id.equals(feed.topicId)) {
                    restart(feed, Feed.UNKNOWN, Feed.COMMITTED);
                    feeds.remove(feed.partition);
                }
            }
            target.forEach((partition, id) -> feeds.computeIfAbsent(partition, p -> new Feed(p, id)));
            work.signalAll();
        });
    }

    Set<TopicPartition> partitions() {
        return read(() -> new TreeSet<>(feeds.keySet()));
    }

    /** Where the caller is, in each partition of which that is known. */
    Map<TopicPartition, Long> positions() {
        var positions = new HashMap<TopicPartition, Long>();
        locked(() -> feeds.forEach((partition, feed) -> {
            if (feed.position != Feed.UNKNOWN) {
                positions.put(partition, feed.position);
            }
        }));
        return positions;
    }

    /**
     * Whole batches, until they have this many records; waits for the first.
     *
     * @return nothing when the deadline has passed, or when the caller is to look around: see {@link #wake}
     * @throws ClientException what went wrong in a partition, after all that came before it was taken
     */
    List<Fetched> take(int recordsMost, long deadlineNanos) {
        return read(() -> {
            var taken = taken(recordsMost);
            long leftNanos = deadlineNanos - System.nanoTime();
            while (taken.isEmpty() && !woken && !closed && leftNanos > 0) {
                await(arrived, leftNanos);
                taken = taken(recordsMost);
                leftNanos = deadlineNanos - System.nanoTime();
            }
            woken = false;
            return taken;
        });
    }

    private List<Fetched> taken(int recordsMost) {
        if (broken != null) {
            throw new IllegalStateException("the consumer failed in a way that nobody foresaw", broken);
        }
        var taken = new ArrayList<Fetched>();
        boolean full = aheadBytes >= aheadMostBytes;
        int records = 0;
        while (records < recordsMost && !ready.isEmpty()) {
            var feed = ready.poll();
            feed.ready = false;
            while (!feed.paused && records < recordsMost && !feed.buffered.isEmpty()) {
                var fetched = feed.buffered.poll();
                feed.position = fetched.nextOffset();
                aheadBytes -= fetched.sizeBytes();
                records += fetched.recordCount();
                if (fetched.recordCount() > 0) {
                    taken.add(fetched);
                }
            }
            if (feed.buffered.isEmpty() && feed.failure != null && !feed.paused) {
                if (!taken.isEmpty()) {
                    feed.ready = true;
                    ready.addFirst(feed);
                    break;
                }
                throw failed(feed);
            }
            offer(feed);
        }
        if (full && aheadBytes < aheadMostBytes) {
            work.signalAll();
        }
        return taken;
    }

    /** What went wrong, to be thrown; it is tried again from the caller's position. */
    private ClientException failed(Feed feed) {
        var failure = feed.failure;
        restart(feed, feed.position, feed.wanted);
        work.signalAll();
        return new ClientException(failure);
    }

    private static void await(Condition condition, long nanos) {
        try {
            condition.awaitNanos(nanos);
        } catch (InterruptedException stop) {
            throw ClientException.interrupted(stop);
        }
    }

    /**
     * The offset after what the caller took, looked up if need be.
     *
     * @throws ClientException REQUEST_TIMED_OUT, or why it cannot be looked up
     */
    long position(TopicPartition partition, int timeoutMs) {
        return read(() -> {
            long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
            for (var feed = feed(partition); feed.position == Feed.UNKNOWN; feed = feed(partition)) {
                long leftNanos = deadline - System.nanoTime();
                if (feed.failure != null) {
                    throw failed(feed);
                } else if (closed || leftNanos <= 0) {
                    throw new ClientException(ErrorCode.REQUEST_TIMED_OUT, "the position in " + partition);
                }
                await(arrived, leftNanos);
            }
            return feed(partition).position;
        });
    }

    /** @throws IllegalStateException if one of them is not assigned; then it is done for none */
    void each(Collection<TopicPartition> partitions, Consumer<Feed> change) {
        locked(() -> {
            partitions.stream().map(this::feed).toList().forEach(change);
            work.signalAll();
        });
    }

    /** For {@link #each}. */
    void restart(Feed feed, long offset, long wanted) {
        if (!feed.paused) {
            aheadBytes -= feed.bufferedBytes();
        }
        feed.restart(offset, wanted);
    }

    /** For {@link #each}. */
    void pause(Feed feed, boolean paused) {
        if (feed.paused != paused) {
            feed.paused = paused;
            aheadBytes += paused ? -feed.bufferedBytes() : feed.bufferedBytes();
            offer(feed);
        }
    }

    private Feed feed(TopicPartition partition) {
        var feed = feeds.get(partition);
        if (feed == null) {
            throw new IllegalStateException(partition + " is not assigned to this consumer");
        }
        return feed;
    }

    private void offer(Feed feed) {
        boolean something = !feed.buffered.isEmpty() || feed.failure != null;
        if (something && !feed.ready && !feed.paused) {
            feed.ready = true;
            ready.add(feed);
            arrived.signalAll();
        }
    }

    /** Lets the caller who waits in {@link #take} look around. */
    void wake() {
        locked(() -> {
            woken = true;
            arrived.signalAll();
        });
    }

    void close() {
        locked(() -> {
            closed = true;
            arrived.signalAll();
            work.signalAll();
        });
    }

    // For the fetchers.

    /**
     * The partitions to fetch from a leader now.
     *
     * @param waits whether to wait until there are some
     * @return null when the consumer is closed
     */
    List<Ask> fetchable(int node, boolean waits) {
        return read(() -> {
            var asks = fetchable(node);
            while (waits && asks.isEmpty() && !closed) {
                work.awaitUninterruptibly();
                asks = fetchable(node);
            }
            return closed ? null : asks;
        });
    }

    private List<Ask> fetchable(int node) {
        var asks = new ArrayList<Ask>();
        if (aheadBytes < aheadMostBytes) {
            for (var feed : feeds.values()) {
                if (feed.fetchableFrom(node)) {
                    feed.asked = true;
                    asks.add(feed.ask());
                }
            }
        }
        return asks;
    }

    /** Does it if the round still lasts. */
    private void current(Ask ask, Consumer<Feed> change) {
        locked(() -> {
            if (ask.round() == ask.feed().round) {
                change.accept(ask.feed());
            }
        });
    }

    /** The answer is here, and goes so far; {@link #UNKNOWN} where there was nothing. */
    void answered(Ask ask, long next) {
        current(ask, feed -> {
            feed.asked = false;
            feed.failures = 0;
            if (next != Feed.UNKNOWN) {
                feed.next = next;
                feeds.remove(feed.partition);
                feeds.put(feed.partition, feed);
            }
        });
    }

    /** Waits until there is room for what an answer brought; false where it is not wanted any more. */
    boolean room(Ask ask) {
        return read(() -> {
            while (!closed && ask.round() == ask.feed().round && aheadBytes >= aheadMostBytes) {
                work.awaitUninterruptibly();
            }
            return !closed && ask.round() == ask.feed().round;
        });
    }

    void bring(Ask ask, List<Fetched> fetched) {
        current(ask, feed -> {
            for (var each : fetched) {
                feed.buffered.add(each);
                aheadBytes += feed.paused ? 0 : each.sizeBytes();
            }
            offer(feed);
        });
    }

    /** The log does not have the offset: it is looked up again, or the caller is told. */
    void outOfRange(Ask ask) {
        current(ask, feed -> {
            feed.asked = false;
            if (reset == null) {
                fail(feed, new ClientException(ErrorCode.OFFSET_OUT_OF_RANGE,
                        "offset " + ask.offset() + " of " + feed.partition));
            } else {
                feed.next = Feed.UNKNOWN;
                feed.wanted = reset;
                work.signalAll();
            }
        });
    }

    /** What was asked for was refused: it is tried again a little later, or the caller is told. */
    void refused(Ask ask, ClientException why, boolean again) {
        current(ask, feed -> {
            feed.asked = false;
            if (again) {
                feed.leader = Topic.NO_LEADER;
                long waitMs = Math.min(BACKOFF_MS << Math.min(feed.failures++, 10), BACKOFF_MOST_MS);
                feed.notBeforeNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(waitMs);
                work.signalAll();
            } else {
                fail(feed, why);
            }
        });
    }

    private void fail(Feed feed, ClientException why) {
        feed.round++;
        feed.asked = false;
        feed.failure = why;
        offer(feed);
        arrived.signalAll();
    }

    // For the locator.

    /** The partitions whose offset or leader is to be looked up; null when the consumer is closed. */
    List<Ask> lost() {
        return read(() -> {
            while (!closed) {
                long soonestNanos = Long.MAX_VALUE;
                var asks = new ArrayList<Ask>();
                for (var feed : feeds.values()) {
                    long leftNanos = feed.notBeforeNanos - System.nanoTime();
                    if (feed.lost() && leftNanos <= 0) {
                        asks.add(feed.ask());
                    } else if (feed.lost()) {
                        soonestNanos = Math.min(soonestNanos, leftNanos);
                    }
                }
                if (!asks.isEmpty()) {
                    return asks;
                }
                await(work, soonestNanos);
            }
            return null;
        });
    }

    /** The partition's leader is known. */
    void led(Ask ask, Uuid topicId, int node, int epoch) {
        current(ask, feed -> {
            boolean again = !feed.topicId.equals(topicId) && !feed.topicId.equals(Uuid.ZERO);
            feed.topicId = topicId;
            feed.leader = node;
            feed.leaderEpoch = epoch;
            if (again && feed.next != Feed.UNKNOWN) {
                // The topic was made again: all that is in it came after what the caller has read.
                restart(feed, 0, feed.wanted);
            }
            work.signalAll();
        });
    }

    /** The offset is known; what was polled before it went out of range still comes first. */
    void located(Ask ask, long offset) {
        current(ask, feed -> {
            if (feed.next == Feed.UNKNOWN) {
                feed.next = offset;
                if (feed.buffered.isEmpty()) {
                    feed.position = offset;
                }
                arrived.signalAll();
                work.signalAll();
            }
        });
    }

    /** The group has no offset there: the reset decides, or the caller is told that there is none. */
    void reset(Ask ask) {
        if (reset == null) {
            refused(ask, new ClientException(ErrorCode.OFFSET_OUT_OF_RANGE,
                    "no offset is committed for " + ask.partition()), false);
        } else {
            want(ask, reset);
        }
    }

    /** Something else is to be looked up. */
    void want(Ask ask, long wanted) {
        current(ask, feed -> feed.wanted = wanted);
    }
}
