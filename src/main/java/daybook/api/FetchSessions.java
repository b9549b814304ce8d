package daybook.api;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;

import static daybook.api.Partitions.NO_EPOCH;

/**
 * The fetch sessions of KIP-227: what a consumer wants is kept here, so that its next requests name only
 * what changed, and the answers hold only partitions with news. A session belongs to no connection.
 *
 * <pre>
 *   id   epoch
 *   any  -1        no session; the one with this id ends
 *   any  0         all that is wanted is named, and a session made of it; the one with this id ends
 *   id   1, 2, …   the next request of a session, which names changes only; after 2,147,483,647 comes 1
 * </pre>
 * There are at most {@code max.incremental.fetch.session.cache.slots} sessions, and they hold at most
 * {@link #LIMIT_BYTES} together. Where there is no room, one that was not used for {@link #EVICTION_MS}
 * goes, or one smaller than the newcomer that has lived as long; otherwise the newcomer is answered without
 * a session, which costs it a longer request each time.
 *
 * <p>The lock guards everything here and is held for no I/O and no wait.
 */
final class FetchSessions {
    /** How long a session is safe. */
    static final long EVICTION_MS = 120_000;
    /** Roughly, the memory of all sessions. */
    static final long LIMIT_BYTES = 64 << 20;

    private static final int NO_SESSION = 0;
    private static final int FINAL_EPOCH = -1;
    private static final int INITIAL_EPOCH = 0;
    /** What a partition takes besides the name of its topic. */
    private static final int PARTITION_BYTES = 200;

    /** Where a partition stands in a session. */
    record Slot(TopicRef topic, int index) {
        int sizeBytes() {
            return PARTITION_BYTES + (topic.name() == null ? 0 : topic.name().length());
        }
    }

    /** What a consumer wants of a partition, in the order of the wire; a replica alone has a start offset. */
    record Wanted(int index, int leaderEpoch, long offset, int lastFetchedEpoch, long replicaStartOffset,
            int maxBytes) {
        static Wanted read(Reader in) {
            return new Wanted(in.int32(), in.since(9) ? Math.max(NO_EPOCH, in.int32()) : NO_EPOCH, in.int64(),
                    in.since(12) ? in.int32() : NO_EPOCH, in.since(5) ? in.int64() : -1, in.int32());
        }
    }

    /** How a request is to be answered. */
    sealed interface Opened { }

    record Refused(ErrorCode error) implements Opened { }

    /**
     * What to read, in this order.
     *
     * @param id of the session that the client is told of; 0 for none
     * @param full whether all partitions are answered, not those with news only
     */
    record Accepted(int id, boolean full, Session session, List<Kept> wanted) implements Opened { }

    /** What a session knows of a partition: what is wanted, and what was answered last. */
    static final class Kept {
        private final Slot slot;
        /** Written under the lock of all. */
        private volatile Wanted wanted;
        /** Under the lock of all, as is the next. */
        private long highWatermark = -1;
        private long startOffset = -1;

        Kept(Slot slot) {
            this.slot = slot;
        }

        TopicRef topic() {
            return slot.topic;
        }

        int index() {
            return slot.index;
        }

        Wanted wanted() {
            return wanted;
        }

        /** Remembers the answer; true if it says anything new. An error is news each time. */
        private boolean isNews(Fetch.Answer answer) {
            boolean news = answer.hasNews() || highWatermark != answer.highWatermark()
                    || startOffset != answer.startOffset();
            highWatermark = answer.highWatermark();
            startOffset = answer.startOffset();
            return news;
        }
    }

    /** One session, or one request without a session; guarded by the lock of all. */
    static final class Session {
        private final boolean topicsById;
        private final long madeMs;
        /** Those answered with records move to the end, so that each gets its turn. */
        private final LinkedHashMap<Slot, Kept> partitions = new LinkedHashMap<>();
        private int id = NO_SESSION;
        private int nextEpoch = 1;
        private long usedMs;
        private long sizeBytes;

        private Session(boolean topicsById, long nowMs) {
            this.topicsById = topicsById;
            this.madeMs = nowMs;
            this.usedMs = nowMs;
        }

        /** A partition that is named twice has its first place and its last wishes. */
        private void want(List<ByTopic<Wanted>> named) {
            ByTopic.each(named, (topic, wanted) -> {
                var slot = new Slot(topic, wanted.index);
                var kept = partitions.get(slot);
                if (kept == null) {
                    kept = new Kept(slot);
                    partitions.put(slot, kept);
                    sizeBytes += slot.sizeBytes();
                }
                kept.wanted = wanted;
            });
        }

        private void forget(List<ByTopic<Integer>> forgotten) {
            ByTopic.each(forgotten, (topic, index) -> {
                var slot = new Slot(topic, index);
                if (partitions.remove(slot) != null) {
                    sizeBytes -= slot.sizeBytes();
                }
            });
        }

        private Accepted accepted(boolean full) {
            return new Accepted(id, full, this, Arrays.asList(partitions.values().toArray(Kept[]::new)));
        }
    }

    private final IntSupplier slots;
    private final InstantSource clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Integer, Session> sessions = new HashMap<>();
    private long heldBytes;

    /** @param slots the most sessions there may be, now */
    FetchSessions(InstantSource clock, IntSupplier slots) {
        this.clock = clock;
        this.slots = slots;
    }

    /**
     * Opens a request.
     *
     * @param topicsById whether its version names topics by id; a session does the one or the other
     * @param named the partitions that the request names, in its order
     */
    Opened open(int id, int epoch, boolean topicsById, List<ByTopic<Wanted>> named,
            List<ByTopic<Integer>> forgotten) {
        lock.lock();
        try {
            var session = sessions.get(id);
            if (epoch == FINAL_EPOCH || epoch == INITIAL_EPOCH) {
                end(session);
                return begin(epoch == INITIAL_EPOCH, topicsById, named);
            }
            if (session == null) {
                return new Refused(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
            }
            if (epoch != session.nextEpoch) {
                return new Refused(ErrorCode.INVALID_FETCH_SESSION_EPOCH);
            }
            if (topicsById != session.topicsById) {
                return new Refused(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR);
            }
            return goOn(session, named, forgotten);
        } finally {
            lock.unlock();
        }
    }

    private Opened begin(boolean kept, boolean topicsById, List<ByTopic<Wanted>> named) {
        var session = new Session(topicsById, clock.millis());
        session.want(named);
        if (kept) {
            keep(session);
        }
        return session.accepted(true);
    }

    private Opened goOn(Session session, List<ByTopic<Wanted>> named, List<ByTopic<Integer>> forgotten) {
        heldBytes -= session.sizeBytes;
        session.want(named);
        session.forget(forgotten);
        heldBytes += session.sizeBytes;
        if (heldBytes > LIMIT_BYTES) {
            end(session);
            return new Refused(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
        }
        if (session.partitions.isEmpty()) {
            end(session);
        }
        session.nextEpoch = session.nextEpoch == Integer.MAX_VALUE ? 1 : session.nextEpoch + 1;
        session.usedMs = clock.millis();
        return session.accepted(false);
    }

    /** Those of the answers that are to be sent, in their order. */
    List<Fetch.Answer> news(Accepted accepted, List<Fetch.Answer> answers) {
        lock.lock();
        try {
            var partitions = accepted.session.partitions;
            var news = new ArrayList<Fetch.Answer>();
            for (var answer : answers) {
                var kept = answer.kept();
                if (kept.isNews(answer) || accepted.full) {
                    news.add(answer);
                }
                // One that was forgotten meanwhile has no turn any more.
                if (answer.region() != null && partitions.get(kept.slot) == kept) {
                    partitions.putLast(kept.slot, kept);
                }
            }
            return news;
        } finally {
            lock.unlock();
        }
    }

    /** Keeps a new session for the requests to come, if there is room or room can be made. */
    private void keep(Session session) {
        while (sessions.size() >= slots.getAsInt() || heldBytes + session.sizeBytes > LIMIT_BYTES) {
            var evictable = evictable(session.partitions.size(), session.madeMs);
            if (evictable == null) {
                return;
            }
            end(evictable);
        }
        do {
            session.id = ThreadLocalRandom.current().nextInt(1, Integer.MAX_VALUE);
        } while (sessions.containsKey(session.id));
        sessions.put(session.id, session);
        heldBytes += session.sizeBytes;
    }

    /**
     * The session unused for longest, if that is long; otherwise the smallest old one under so many
     * partitions, or null.
     */
    private Session evictable(int partitions, long nowMs) {
        Session idle = null;
        Session small = null;
        for (var session : sessions.values()) {
            if (idle == null || session.usedMs < idle.usedMs) {
                idle = session;
            }
            int least = small == null ? partitions : small.partitions.size();
            if (nowMs - session.madeMs > EVICTION_MS && session.partitions.size() < least) {
                small = session;
            }
        }
        return idle != null && nowMs - idle.usedMs > EVICTION_MS ? idle : small;
    }

    private void end(Session session) {
        if (session != null) {
            sessions.remove(session.id);
            session.id = NO_SESSION;
            heldBytes -= session.sizeBytes;
        }
    }
}
