package daybook.api;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;

import java.time.InstantSource;
import java.util.ArrayList;
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
     * @param full whether all partitions are answered, not those with news only
     */
    record Accepted(Session session, boolean full, Map<Slot, Wanted> wanted) implements Opened { }

    /** What a session knows of a partition: what is wanted, and what was answered last. */
    private static final class Kept {
        private Wanted wanted;
        private long highWatermark = -1;
        private long startOffset = -1;

        /** Remembers the answer; true if it says anything new. An error is news each time. */
        boolean isNews(Fetch.Answer answer) {
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

        Session(boolean topicsById, long nowMs, Map<Slot, Wanted> named) {
            this.topicsById = topicsById;
            this.madeMs = nowMs;
            this.usedMs = nowMs;
            want(named);
        }

        int id() {
            return id;
        }

        private void want(Map<Slot, Wanted> named) {
            named.forEach((slot, wanted) -> {
                if (!partitions.containsKey(slot)) {
                    partitions.put(slot, new Kept());
                    sizeBytes += slot.sizeBytes();
                }
                partitions.get(slot).wanted = wanted;
            });
        }

        private Map<Slot, Wanted> wanted() {
            var wanted = new LinkedHashMap<Slot, Wanted>();
            partitions.forEach((slot, kept) -> wanted.put(slot, kept.wanted));
            return wanted;
        }

        private void forget(List<Slot> forgotten) {
            for (var slot : forgotten) {
                if (partitions.remove(slot) != null) {
                    sizeBytes -= slot.sizeBytes();
                }
            }
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
    Opened open(int id, int epoch, boolean topicsById, Map<Slot, Wanted> named, List<Slot> forgotten) {
        lock.lock();
        try {
            if (epoch == FINAL_EPOCH) {
                end(sessions.get(id));
                return new Accepted(new Session(topicsById, clock.millis(), Map.of()), true, named);
            }
            if (epoch == INITIAL_EPOCH) {
                end(sessions.get(id));
                var session = new Session(topicsById, clock.millis(), named);
                keep(session);
                return new Accepted(session, true, session.wanted());
            }
            var session = sessions.get(id);
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

    private Opened goOn(Session session, Map<Slot, Wanted> named, List<Slot> forgotten) {
        heldBytes -= session.sizeBytes;
        session.want(named);
        session.forget(forgotten);
        heldBytes += session.sizeBytes;
        if (session.partitions.isEmpty()) {
            end(session);
            return new Accepted(new Session(session.topicsById, session.madeMs, Map.of()), true, Map.of());
        }
        if (heldBytes > LIMIT_BYTES) {
            end(session);
            return new Refused(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
        }
        session.nextEpoch = session.nextEpoch == Integer.MAX_VALUE ? 1 : session.nextEpoch + 1;
        session.usedMs = clock.millis();
        return new Accepted(session, false, session.wanted());
    }

    /** Those of the answers that are to be sent, in their order. */
    List<Fetch.Answer> news(Accepted accepted, List<Fetch.Answer> answers) {
        lock.lock();
        try {
            var partitions = accepted.session.partitions;
            var news = new ArrayList<Fetch.Answer>();
            for (var answer : answers) {
                var kept = partitions.get(answer.slot());
                boolean told = kept == null || kept.isNews(answer);
                if (told || accepted.full) {
                    news.add(answer);
                }
                if (kept != null && answer.region() != null) {
                    partitions.putLast(answer.slot(), kept);
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
            heldBytes -= session.sizeBytes;
        }
    }
}
