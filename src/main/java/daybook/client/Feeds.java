package daybook.client;

import daybook.client.Feed.Ask;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.Condition;
import java.util.function.Consumer;

/**
 * The partitions that a consumer reads, and where its threads meet: the caller takes what the fetchers
 * brought, the locator looks up what is not known. Whatever a thread was asked for is thrown away when the
 * partition's round has passed meanwhile.
 */
final class Feeds {
    private static final int BACKOFF_MS = 50;
    private static final int BACKOFF_MOST_MS = 1_000;
    /** What is tried again besides what is retriable: a member's next heartbeats put it right. */
    private static final Set<ErrorCode> PASSING = EnumSet.of(ErrorCode.STALE_MEMBER_EPOCH,
            ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.FENCED_MEMBER_EPOCH, ErrorCode.UNKNOWN_SERVER_ERROR);

    private final long aheadMostBytes;
    /** What to look up where no offset is committed, or the one that is lies outside the log; null: fail. */
    private final Long reset;
    private final Guarded guarded = new Guarded();
    /** For the caller: something to take, a position, or a reason to look. */
    private final Condition arrived = guarded.condition();
    /** For the locator and the fetchers: something to look up, something to fetch, or room for it. */
    private final Condition work = guarded.condition();
    // All below is guarded by the lock.
    /** In the order in which they are to be fetched: what was fetched goes to the end. */
    private final Map<TopicPartition, Feed> feeds = new LinkedHashMap<>();
    /** Those that may have something for the caller, in the order of their turns. */
    private final Set<Feed> ready = new LinkedHashSet<>();
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
                guarded.change(() -> {
                    broken = unforeseen;
                    arrived.signalAll();
                });
            }
        });
    }

    // For the caller.

    /** Makes these the partitions, by the ids of their topics where those are known; who stays goes on. */
    void become(Map<TopicPartition, Uuid> target) {
        guarded.change(() -> {
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
        return guarded.read(() -> new TreeSet<>(feeds.keySet()));
    }

    /** Where the caller is, in each partition of which that is known. */
    Map<TopicPartition, Long> positions() {
        var positions = new HashMap<TopicPartition, Long>();
        guarded.change(() -> feeds.forEach((partition, feed) -> {
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
        return guarded.read(() -> {
            var taken = new ArrayList<Fetched>();
            Guarded.await(arrived, deadlineNanos, () -> take(taken, recordsMost) || woken || closed);
            woken = false;
            return taken;
        });
    }

    /** Takes what there is; false where that is nothing. */
    private boolean take(List<Fetched> taken, int recordsMost) {
        if (broken != null) {
            throw new IllegalStateException("the consumer failed in a way that nobody foresaw", broken);
        }
        boolean full = aheadBytes >= aheadMostBytes;
        int records = 0;
        while (records < recordsMost && !ready.isEmpty()) {
            var feed = ready.iterator().next();
            while (!feed.paused && records < recordsMost && !feed.buffered.isEmpty()) {
                var fetched = feed.buffered.poll();
                feed.position = fetched.nextOffset();
                aheadBytes -= fetched.sizeBytes();
                records += fetched.recordCount();
                if (fetched.recordCount() > 0) {
                    taken.add(fetched);
                }
            }
            boolean fails = feed.buffered.isEmpty() && feed.failure != null && !feed.paused;
            if (fails && !taken.isEmpty()) {
                break;
            }
            ready.remove(feed);
            if (fails) {
                throw failed(feed);
            }
            offer(feed);
        }
        if (full && aheadBytes < aheadMostBytes) {
            work.signalAll();
        }
        return !taken.isEmpty();
    }

    /** What went wrong, to be thrown; it is tried again from the caller's position. */
    private ClientException failed(Feed feed) {
        var failure = feed.failure;
        restart(feed, feed.position, feed.wanted);
        work.signalAll();
        return new ClientException(failure);
    }

    /**
     * The offset after what the caller took, looked up if need be.
     *
     * @throws ClientException REQUEST_TIMED_OUT, or why it cannot be looked up
     */
    long position(TopicPartition partition, int timeoutMs) {
        return guarded.read(() -> {
            Guarded.await(arrived, Guarded.nanosIn(timeoutMs), () -> feed(partition).position != Feed.UNKNOWN
                    || feed(partition).failure != null || closed);
            var feed = feed(partition);
            if (feed.position != Feed.UNKNOWN) {
                return feed.position;
            }
            throw feed.failure != null ? failed(feed)
                    : new ClientException(ErrorCode.REQUEST_TIMED_OUT, "the position in " + partition);
        });
    }

    /** @throws IllegalStateException if one of them is not assigned; then it is done for none */
    void each(Collection<TopicPartition> partitions, Consumer<Feed> change) {
        guarded.change(() -> {
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
        if (something && !feed.paused && ready.add(feed)) {
            arrived.signalAll();
        }
    }

    boolean isOpen() {
        return guarded.read(() -> !closed);
    }

    /** Lets the caller who waits in {@link #take} look around. */
    void wake() {
        guarded.change(() -> {
            woken = true;
            arrived.signalAll();
        });
    }

    void close() {
        guarded.change(() -> {
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
        return guarded.read(() -> {
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
        guarded.change(() -> {
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
        return guarded.read(() -> {
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

    /**
     * What was asked for was refused: it is tried again a little later, or the caller is told. Where the log
     * does not have the offset, or the group none, it is looked up as the reset says.
     */
    void refused(Ask ask, ClientException why) {
        var error = why.error();
        boolean again = why.retriable() && error != ErrorCode.CORRUPT_MESSAGE || PASSING.contains(error);
        current(ask, feed -> {
            feed.asked = false;
            if (error == ErrorCode.OFFSET_OUT_OF_RANGE && reset != null) {
                feed.next = Feed.UNKNOWN;
                feed.wanted = reset;
                work.signalAll();
            } else if (again) {
                feed.leader = Topic.NO_LEADER;
                feed.notBeforeNanos = Guarded.nanosIn(
                        Math.min(BACKOFF_MS << Math.min(feed.failures++, 10), BACKOFF_MOST_MS));
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
        return guarded.read(() -> {
            while (!closed) {
                long nowNanos = System.nanoTime();
                var asks = new ArrayList<Ask>();
                long soonestNanos = Long.MAX_VALUE;
                for (var feed : feeds.values()) {
                    long leftNanos = feed.lost() ? feed.notBeforeNanos - nowNanos : Long.MAX_VALUE;
                    soonestNanos = Math.min(soonestNanos, leftNanos);
                    if (leftNanos <= 0) {
                        asks.add(feed.ask());
                    }
                }
                if (!asks.isEmpty()) {
                    return asks;
                }
                Guarded.await(work, soonestNanos);
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

    /**
     * The offset is known; what was polled before it went out of range still comes first. Where there is none
     * the end is looked up instead of a time; what is not committed is refused.
     */
    void located(Ask ask, long offset) {
        if (offset < 0 && ask.wanted() == Feed.COMMITTED) {
            refused(ask, new ClientException(ErrorCode.OFFSET_OUT_OF_RANGE,
                    "no offset is committed for " + ask.partition()));
            return;
        }
        current(ask, feed -> {
            if (offset < 0) {
                feed.wanted = Offsets.LATEST;
            } else if (feed.next == Feed.UNKNOWN) {
                feed.next = offset;
                if (feed.buffered.isEmpty()) {
                    feed.position = offset;
                }
                arrived.signalAll();
                work.signalAll();
            }
        });
    }
}
