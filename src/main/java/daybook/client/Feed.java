package daybook.client;

import daybook.wire.Uuid;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * One partition as a consumer reads it: where it is, what is fetched ahead of that, and from whom. All of it
 * is guarded by the lock of {@link Feeds}.
 *
 * <pre>
 *   position        next
 *   |               |
 *   v               v
 *   [ buffered ... ][ asked for, or to be asked for ...
 * </pre>
 */
final class Feed {
    /** No offset. */
    static final long UNKNOWN = -1;
    /** In place of a time: where the group has committed. */
    static final long COMMITTED = Long.MIN_VALUE;

    /**
     * What a thread is about to do for a partition; what comes of it counts only while the round lasts.
     *
     * @param offset to fetch from; {@link #UNKNOWN} where it must be looked up first, by {@code wanted}
     */
    record Ask(Feed feed, int round, Uuid topicId, int leaderEpoch, long offset, long wanted) {
        TopicPartition partition() {
            return feed.partition;
        }
    }

    final TopicPartition partition;
    /** Whether the group gave this partition: then a topic of the same name and another id is not it. */
    final boolean given;
    /** What is fetched and was not polled, in the order of offsets. */
    final Deque<Fetched> buffered = new ArrayDeque<>();
    Uuid topicId;
    /** The offset after what was polled; {@link #UNKNOWN} until it is looked up. */
    long position = UNKNOWN;
    /** The offset to fetch from, {@link #UNKNOWN} while {@link #wanted} is looked up. */
    long next = UNKNOWN;
    /** A time, {@link Consumer#EARLIEST}, {@link Consumer#LATEST} or {@link #COMMITTED}. */
    long wanted = COMMITTED;
    /** Counts what made answers to come worthless: seeking, giving up, failing. */
    int round;
    boolean paused;
    /** Whether a fetch is under way. */
    boolean asked;
    int leader = Topic.NO_LEADER;
    int leaderEpoch = -1;
    /** Nobody is asked before this time, after failures, of which so many came one after the other. */
    long notBeforeNanos = System.nanoTime();
    int failures;
    /** What the caller is told once all before it is polled; null where nothing went wrong. */
    ClientException failure;

    Feed(TopicPartition partition, Uuid topicId) {
        this.partition = partition;
        this.given = !topicId.equals(Uuid.ZERO);
        this.topicId = topicId;
    }

    Ask ask() {
        return new Ask(this, round, topicId, leaderEpoch, next, wanted);
    }

    /** Begins anew there, or where {@code wanted} turns out to be. */
    void restart(long offset, long wanted) {
        round++;
        asked = false;
        failure = null;
        buffered.clear();
        position = offset;
        next = offset;
        this.wanted = wanted;
    }

    boolean lost() {
        return failure == null && (next == UNKNOWN || leader == Topic.NO_LEADER);
    }

    boolean fetchableFrom(int node) {
        return leader == node && next != UNKNOWN && !asked && !paused && failure == null;
    }

    long bufferedBytes() {
        long bytes = 0;
        for (var each : buffered) {
            bytes += each.sizeBytes();
        }
        return bytes;
    }
}
