package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import daybook.api.FetchSessions.Accepted;
import daybook.api.FetchSessions.Refused;
import daybook.api.FetchSessions.Wanted;
import daybook.wire.ErrorCode;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;

/** The bounds of the sessions: who makes room, and who must. */
class FetchSessionsTest {
    private long nowMs = 1_000_000;
    private int slots = 2;
    private final FetchSessions sessions = new FetchSessions(() -> Instant.ofEpochMilli(nowMs), () -> slots);

    private static List<ByTopic<Wanted>> partitions(int count, String topic) {
        var wanted = new ArrayList<Wanted>();
        for (int index = 0; index < count; index++) {
            wanted.add(new Wanted(index, -1, 0, -1, -1, 1));
        }
        return List.of(new ByTopic<>(TopicRef.of(topic), wanted));
    }

    private int make(int partitions) {
        return assertInstanceOf(Accepted.class, sessions.open(0, 0, false, partitions(partitions, "a"),
                List.of())).id();
    }

    private ErrorCode use(int session, int epoch) {
        return sessions.open(session, epoch, false, List.of(), List.of()) instanceof Refused refused
                ? refused.error() : ErrorCode.NONE;
    }

    @Test
    void youngSessionsInUseAreNotEvicted() {
        int first = make(1);
        int second = make(1);
        assertEquals(0, make(100));
        assertEquals(ErrorCode.NONE, use(first, 1));
        assertEquals(ErrorCode.NONE, use(second, 1));
    }

    @Test
    void theOneUnusedForLongestIsEvictedFirst() {
        int first = make(5);
        int second = make(5);
        nowMs += FetchSessions.EVICTION_MS + 1;
        assertEquals(ErrorCode.NONE, use(first, 1));
        assertNotEquals(0, make(1));
        assertEquals(ErrorCode.FETCH_SESSION_ID_NOT_FOUND, use(second, 1));
        assertEquals(ErrorCode.NONE, use(first, 2));
    }

    @Test
    void anOldOneInUseMakesRoomForALargerOne() {
        int first = make(5);
        int second = make(4);
        nowMs += FetchSessions.EVICTION_MS + 1;
        use(first, 1);
        use(second, 1);
        assertEquals(0, make(4));
        assertNotEquals(0, make(5));
        assertEquals(ErrorCode.NONE, use(first, 2));
        assertEquals(ErrorCode.FETCH_SESSION_ID_NOT_FOUND, use(second, 2));
    }

    @Test
    void withoutSlotsThereAreNoSessions() {
        slots = 0;
        assertEquals(0, make(1));
    }

    @Test
    void theirMemoryIsBounded() {
        var huge = partitions(4000, "x".repeat(32_000));
        var accepted = assertInstanceOf(Accepted.class, sessions.open(0, 0, false, huge, List.of()));
        assertEquals(0, accepted.id());
        assertEquals(4000, accepted.wanted().size());
        int session = make(1);
        assertEquals(ErrorCode.FETCH_SESSION_ID_NOT_FOUND, assertInstanceOf(Refused.class,
                sessions.open(session, 1, false, huge, List.of())).error());
        assertEquals(ErrorCode.FETCH_SESSION_ID_NOT_FOUND, use(session, 2));
        assertNotEquals(0, make(1000));
    }

    @Test
    void epochsGoOnAtOne() {
        int session = make(1);
        for (int epoch = 1; epoch < 10; epoch++) {
            assertEquals(ErrorCode.NONE, use(session, epoch));
            assertEquals(ErrorCode.INVALID_FETCH_SESSION_EPOCH, use(session, epoch));
        }
    }
}
