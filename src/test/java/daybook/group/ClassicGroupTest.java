package daybook.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.group.ClassicProtocol.Described;
import daybook.group.ClassicProtocol.DescribedMember;
import daybook.group.ClassicProtocol.Join;
import daybook.group.ClassicProtocol.Joined;
import daybook.group.ClassicProtocol.JoinedMember;
import daybook.group.ClassicProtocol.Leaving;
import daybook.group.ClassicProtocol.Left;
import daybook.group.ClassicProtocol.Sync;
import daybook.group.ClassicProtocol.Synced;
import daybook.group.ClassicProtocol.Terms;
import daybook.group.GroupRecord.ConsumerGroupMemberMetadata.Protocol;
import daybook.group.GroupRecord.GroupMetadata;
import daybook.group.TestGroups.Outcome;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The rules of classic groups, each by events and time alone. */
class ClassicGroupTest {
    private static final String GROUP = "g";
    private static final int SESSION_MS = 10_000;
    private static final int REBALANCE_MS = 60_000;

    private TestGroups test = new TestGroups();

    // ---- what members ask ----

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(ByteBuffer bytes) {
        return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
    }

    /** Each like {@code range=metadata}. */
    private static List<Protocol> protocols(String... texts) {
        return Arrays.stream(texts).map(text -> text.split("="))
                .map(parts -> new Protocol(parts[0], bytes(parts[1]))).toList();
    }

    private static Join asks(String memberId, String instanceId, String... protocols) {
        return asks(memberId, instanceId, SESSION_MS, REBALANCE_MS, protocols);
    }

    private static Join asks(String memberId, String instanceId, int sessionMs, int rebalanceMs,
            String... protocols) {
        return new Join(GROUP, memberId, instanceId, "consumer", new Terms("client", "/10.0.0.1",
                rebalanceMs, sessionMs, protocols(protocols)), "a test", true, true);
    }

    private static Join older(Join join) {
        return new Join(join.groupId(), join.memberId(), join.instanceId(), join.protocolType(),
                join.terms(), join.reason(), false, false);
    }

    private static Join typed(Join join, String type) {
        return new Join(join.groupId(), join.memberId(), join.instanceId(), type, join.terms(),
                join.reason(), join.idFirst(), join.canSkip());
    }

    private Outcome<Joined> join(Join join) {
        return test.run((groups, nowMs) -> groups.classic().join(join, nowMs));
    }

    private Outcome<Joined> join(String memberId, String... protocols) {
        return join(asks(memberId, null, protocols));
    }

    private Outcome<Joined> joinStatic(String memberId, String instanceId, String... protocols) {
        return join(asks(memberId, instanceId, protocols));
    }

    /** The id that a new member is given first. */
    private String newId() {
        var joined = join("", "range=m").answer();
        assertEquals(ErrorCode.MEMBER_ID_REQUIRED, joined.error());
        return joined.memberId();
    }

    private Outcome<Synced> sync(String memberId, int generation, String... assignments) {
        return syncStatic(memberId, null, generation, assignments);
    }

    /** Assignments in pairs of member id and what it is given. */
    private Outcome<Synced> syncStatic(String memberId, String instanceId, int generation,
            String... assignments) {
        var assigned = new HashMap<String, ByteBuffer>();
        for (int i = 0; i < assignments.length; i += 2) {
            assigned.put(assignments[i], bytes(assignments[i + 1]));
        }
        var asked = new Sync(GROUP, new Asker(memberId, instanceId, generation), "consumer", null, assigned);
        return test.run((groups, nowMs) -> groups.classic().sync(asked, nowMs));
    }

    private ErrorCode heartbeat(String memberId, int generation) {
        return heartbeat(new Asker(memberId, null, generation));
    }

    private ErrorCode heartbeat(Asker who) {
        return test.run((groups, nowMs) -> groups.classic().heartbeat(GROUP, who, nowMs)).answer();
    }

    private Outcome<Left> leave(Leaving... leaving) {
        return test.run((groups, nowMs) -> groups.classic().leave(GROUP, List.of(leaving), nowMs));
    }

    private ErrorCode leave(String memberId) {
        return leave(new Leaving(memberId, null, "done")).answer().errors().getFirst();
    }

    private Described describe() {
        return test.run((groups, nowMs) -> groups.classic().describe(GROUP)).answer();
    }

    private Group group() {
        return test.groups.find(GROUP);
    }

    private static void assertJoined(int generation, String leader, Outcome<Joined> joined) {
        assertEquals(ErrorCode.NONE, joined.answer().error());
        assertEquals(generation, joined.answer().generation());
        assertEquals(leader, joined.answer().leader());
    }

    private static void assertError(ErrorCode expected, Outcome<Joined> joined) {
        assertEquals(expected, joined.answer().error());
        assertEquals(-1, joined.answer().generation());
        assertEquals(List.of(), joined.answer().members());
    }

    private static ErrorCode error(Outcome<Synced> synced) {
        return synced.answer().error();
    }

    private static GroupMetadata.Value written(Outcome<?> outcome) {
        assertEquals(1, outcome.records().size());
        return ((GroupMetadata) outcome.records().getFirst()).value();
    }

    /** A stable group of generation 1, with a member alone; returns its id. */
    private String alone(String... protocols) {
        var id = newId();
        assertJoined(1, id, join(id, protocols));
        assertEquals(ErrorCode.NONE, error(sync(id, 1, id, "all")));
        return id;
    }

    /** A stable group of generation 2, with two members that support "range"; returns their ids. */
    private List<String> two() {
        var first = alone("range=m1");
        var second = newId();
        var joining = join(second, "range=m2");
        assertJoined(2, first, join(first, "range=m1"));
        assertJoined(2, first, joining);
        var syncing = sync(second, 2);
        assertEquals(ErrorCode.NONE, error(sync(first, 2, first, "p0", second, "p1")));
        assertEquals("p1", text(syncing.answer().assignment()));
        return List.of(first, second);
    }

    /** A stable group, of generation 2 where it is new, with two static members, of which L leads. */
    private Map<String, String> twoStatic() {
        var leader = joinStatic("", "L", "range=l").answer().memberId();
        var joining = joinStatic("", "F", "range=f");
        int generation = joinStatic(leader, "L", "range=l").answer().generation();
        assertJoined(generation, leader, joining);
        var follower = joining.answer().memberId();
        sync(leader, generation, leader, "p0", follower, "p1");
        assertEquals("p1", text(syncStatic(follower, "F", generation).answer().assignment()));
        return Map.of("L", leader, "F", follower);
    }

    // ---- the first round ----

    @Test
    void aNewMemberGetsAnIdFirst() {
        var id = newId();
        assertTrue(id.startsWith("client-"), id);
        assertEquals(GroupState.EMPTY, group().state());
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, heartbeat(id, -1));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, error(sync(id, -1)));

        var joined = join(id, "range=m").answer();
        assertEquals(new Joined(ErrorCode.NONE, 1, "consumer", "range", id, false, id,
                List.of(new JoinedMember(id, null, bytes("m")))), joined);
        assertEquals(GroupState.COMPLETING_REBALANCE, group().state());
    }

    @Test
    void anOlderMemberAndAStaticOneJoinAtOnce() {
        var id = join(older(asks("", null, "range=m"))).answer().memberId();
        assertTrue(id.startsWith("client-"), id);
        var joining = joinStatic("", "i 1", "range=m");
        assertTrue(joining.waits());
        join(older(asks(id, null, "range=m")));
        assertTrue(joining.answer().memberId().startsWith("i 1-"));
    }

    @Test
    void anIdThatIsGivenOutIsForgottenInTime() {
        var id = newId();
        test.pass(SESSION_MS);
        assertError(ErrorCode.UNKNOWN_MEMBER_ID, join(id, "range=m"));
    }

    @Test
    void anIdThatIsGivenOutCanBeGivenBack() {
        var id = newId();
        assertEquals(ErrorCode.NONE, leave(id));
        assertError(ErrorCode.UNKNOWN_MEMBER_ID, join(id, "range=m"));
        assertEquals(List.of(), test.written());
    }

    @Test
    void refusals() {
        assertError(ErrorCode.INVALID_GROUP_ID, join(new Join("", "", null, "consumer",
                asks("", null, "range=m").terms(), null, true, true)));
        assertError(ErrorCode.INVALID_SESSION_TIMEOUT, join(asks("", null, 5_999, 1, "range=m")));
        assertError(ErrorCode.INVALID_SESSION_TIMEOUT, join(asks("", null, 1_800_001, 1, "range=m")));
        assertError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, join(""));
        assertError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, join(typed(asks("", null, "range=m"), "")));
        var stranger = join("nobody", "range=m");
        assertError(ErrorCode.UNKNOWN_MEMBER_ID, stranger);
        assertEquals("nobody", stranger.answer().memberId());
        assertNull(group(), "who is refused makes no group");

        alone("range=m");
        assertError(ErrorCode.UNKNOWN_MEMBER_ID, join("nobody", "range=m"));
        assertError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, join("", "roundrobin=m"));
        assertError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, join(typed(asks("", null, "range=m"), "connect")));
        assertEquals(GroupState.STABLE, group().state());
    }

    @Test
    void eventsOnAGroupThatIsNotThere() {
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, heartbeat("m", 1));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, error(sync("m", 1)));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, leave("m"));
        assertEquals(ErrorCode.GROUP_ID_NOT_FOUND, describe().error());
        assertEquals("Group g not found.", describe().message());
        assertEquals(ErrorCode.INVALID_GROUP_ID, test.run((groups, nowMs) ->
                groups.classic().heartbeat("", new Asker("m", null, 1), nowMs)).answer());
        assertEquals(ErrorCode.INVALID_GROUP_ID, test.run((groups, nowMs) ->
                groups.classic().leave("", List.of(), nowMs)).answer().error());
    }

    // ---- a rebalance ----

    @Test
    void allJoinBeforeAnyIsAnsweredAndTheLeaderAloneIsToldTheMembers() {
        var first = alone("range=m1");
        var second = newId();
        assertEquals(ErrorCode.NONE, heartbeat(first, 1), "an id that was given out disturbs nobody");
        var joining = join(second, "range=m2");
        assertTrue(joining.waits());
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, heartbeat(first, 1));
        assertEquals(ErrorCode.ILLEGAL_GENERATION, heartbeat(first, 2));
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, error(sync(first, 1)));
        assertEquals(ErrorCode.ILLEGAL_GENERATION, error(sync(first, 2)));

        var leading = join(first, "range=m1");
        assertEquals(List.of(first, second),
                leading.answer().members().stream().map(JoinedMember::memberId).toList());
        assertEquals("m2", text(leading.answer().members().getLast().metadata()));
        assertJoined(2, first, joining);
        assertEquals(List.of(), joining.answer().members());
        assertEquals(ErrorCode.NONE, heartbeat(second, 2));

        var following = sync(second, 2);
        assertTrue(following.waits());
        var record = written(sync(first, 2, first, "p0", second, "p1", "stranger", "p2"));
        assertEquals("p1", text(following.answer().assignment()));
        assertEquals("range", following.answer().protocol());
        assertEquals(GroupState.STABLE, group().state());
        assertEquals(List.of("p0", "p1"), record.members().stream().map(GroupMetadata.Member::assignment)
                .map(ClassicGroupTest::text).toList());
        assertEquals(2, record.generation());
        assertEquals(TestGroups.EPOCH_MS + test.nowMs, record.stateTimestampMs());
    }

    @Test
    void whoIsLeftOutGetsAnEmptyAssignment() {
        var id = newId();
        join(id, "range=m");
        assertEquals("", text(sync(id, 1, "stranger", "p0").answer().assignment()));
    }

    @Test
    void aLeaderThatJoinsAgainHasAllJoinButAFollowerWithNothingNewDoesNot() {
        var ids = two();
        assertJoined(2, ids.getFirst(), join(ids.getLast(), "range=m2"));
        assertEquals(GroupState.STABLE, group().state());
        var leading = join(ids.getFirst(), "range=m1");
        assertTrue(leading.waits());
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, heartbeat(ids.getLast(), 2));
        assertJoined(3, ids.getFirst(), join(ids.getLast(), "range=m2"));
        assertJoined(3, ids.getFirst(), leading);
        assertEquals(2, leading.answer().members().size());
        assertEquals(ErrorCode.ILLEGAL_GENERATION, heartbeat(ids.getFirst(), 2));
    }

    @Test
    void aFollowerWithNewMetadataHasAllJoin() {
        var ids = two();
        var following = join(ids.getLast(), "range=m3");
        assertTrue(following.waits());
        assertEquals("m3", text(join(ids.getFirst(), "range=m1").answer().members().getLast().metadata()));
        // While the leader's assignment is awaited it is the same.
        assertJoined(3, ids.getFirst(), join(ids.getLast(), "range=m3"));
        assertJoined(3, ids.getFirst(), join(ids.getFirst(), "range=m1"));
        var syncing = sync(ids.getFirst(), 3);
        assertFalse(syncing.waits());
    }

    @Test
    void aRebalanceWhileTheLeaderIsAwaitedSendsThoseWhoWaitBackToJoin() {
        var ids = two();
        var leading = join(ids.getFirst(), "range=m1");
        join(ids.getLast(), "range=m2");
        assertJoined(3, ids.getFirst(), leading);
        var syncing = sync(ids.getLast(), 3);
        assertTrue(join(ids.getFirst(), "range=m4").waits());
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, error(syncing));
    }

    @Test
    void whoJoinsTwiceIsAnsweredBothTimes() {
        var ids = two();
        var once = join(ids.getFirst(), "range=m1");
        var again = join(ids.getFirst(), "range=m1");
        assertTrue(once.waits() && again.waits());
        var follower = join(ids.getLast(), "range=m2");
        assertJoined(3, ids.getFirst(), once);
        assertSame(once.answer(), again.answer());
        var sync = sync(ids.getLast(), 3);
        var syncAgain = sync(ids.getLast(), 3);
        sync(ids.getFirst(), 3, ids.getLast(), "p");
        assertEquals("p", text(sync.answer().assignment()));
        assertEquals(sync.answer(), syncAgain.answer());
        assertJoined(3, ids.getFirst(), follower);
    }

    @Test
    void whoSyncsWhenAllIsSettledGetsWhatThereIs() {
        var ids = two();
        assertEquals("p1", text(sync(ids.getLast(), 2).answer().assignment()));
        assertEquals("p0", text(sync(ids.getFirst(), 2, ids.getFirst(), "other").answer().assignment()));
        assertEquals(List.of(), sync(ids.getFirst(), 2, ids.getFirst(), "other").records());
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, error(sync("nobody", 2)));
        var wrong = new Sync(GROUP, new Asker(ids.getFirst(), null, 2), "consumer", "sticky", Map.of());
        assertEquals(ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
                error(test.run((groups, nowMs) -> groups.classic().sync(wrong, nowMs))));
        var other = new Sync(GROUP, new Asker(ids.getFirst(), null, 2), "connect", "range", Map.of());
        assertEquals(ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
                error(test.run((groups, nowMs) -> groups.classic().sync(other, nowMs))));
    }

    @Test
    void theProtocolIsOneThatAllSupportAndMostLike() {
        alone("sticky=1", "range=1", "roundrobin=1");
        assertEquals("sticky", describe().protocol());
    }

    @Test
    void votesCountOnlyForWhatAllSupport() {
        var first = alone("sticky=1", "range=1", "roundrobin=1");
        var second = newId();
        var third = newId();
        var joining = join(second, "other=2", "roundrobin=2", "range=2");
        join(third, "roundrobin=3", "range=3", "sticky=3");
        var leading = join(first, "sticky=1", "range=1", "roundrobin=1");
        assertEquals("roundrobin", leading.answer().protocol());
        assertEquals(List.of("1", "2", "3"), leading.answer().members().stream()
                .map(each -> text(each.metadata())).toList());
        assertEquals("roundrobin", joining.answer().protocol());
        assertError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, join("", "sticky=4"));
    }

    // ---- time ----

    @Test
    void aMemberThatIsSilentIsGivenUp() {
        var ids = two();
        test.pass(SESSION_MS - 1);
        assertEquals(ErrorCode.NONE, heartbeat(ids.getFirst(), 2));
        test.pass(1);
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, heartbeat(ids.getLast(), 2));
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, heartbeat(ids.getFirst(), 2));
        assertJoined(3, ids.getFirst(), join(ids.getFirst(), "range=m1"));
    }

    @Test
    void whoIsSilentAfterItHasJoinedIsGivenUp() {
        var id = newId();
        join(id, "range=m");
        test.pass(SESSION_MS - 1);
        assertEquals(GroupState.COMPLETING_REBALANCE, group().state());
        test.pass(1);
        assertEquals(GroupState.EMPTY, group().state());

        var ids = twoStatic();
        var waiting = joinStatic(ids.get("L"), "L", "range=l");
        joinStatic(ids.get("F"), "F", "range=f");
        assertJoined(5, ids.get("L"), waiting);
        test.pass(SESSION_MS);
        assertEquals(GroupState.EMPTY, group().state());
    }

    @Test
    void theLastMemberThatIsSilentLeavesTheGroupEmpty() {
        var id = alone("range=m");
        var written = test.pass(SESSION_MS);
        assertEquals(new GroupMetadata.Value("consumer", 2, null, null, TestGroups.EPOCH_MS + SESSION_MS,
                List.of()), ((GroupMetadata) written.getFirst()).value());
        assertEquals(GroupState.EMPTY, group().state());
        assertEquals(TestGroups.EPOCH_MS + SESSION_MS, group().emptySinceMs());
        assertError(ErrorCode.UNKNOWN_MEMBER_ID, join(id, "range=m"));
        var next = newId();
        assertJoined(3, next, join(next, "roundrobin=m"));
    }

    @Test
    void whoWaitsToJoinOutlivesItsSession() {
        var ids = two();
        var waiting = join(ids.getFirst(), "range=m1");
        for (int i = 0; i < 5; i++) {
            test.pass(SESSION_MS - 1);
            assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, heartbeat(ids.getLast(), 2));
        }
        assertTrue(waiting.waits());
        test.pass(SESSION_MS);
        assertJoined(3, ids.getFirst(), waiting);
        assertEquals(1, waiting.answer().members().size(), "the other was silent");
        test.pass(SESSION_MS - 1);
        assertEquals(ErrorCode.NONE, heartbeat(ids.getFirst(), 3), "the session counts from the answer on");
    }

    @Test
    void whoDoesNotJoinInTimeIsGivenUpAndAnotherLeads() {
        var ids = two();
        var waiting = join(ids.getLast(), "range=m3");
        for (int i = 0; i < 8; i++) {
            test.pass(REBALANCE_MS / 8 - 1);
            heartbeat(ids.getFirst(), 2);
        }
        assertTrue(waiting.waits());
        test.pass(8);
        assertJoined(3, ids.getLast(), waiting);
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, heartbeat(ids.getFirst(), 2));
    }

    @Test
    void aNewMemberDoesNotWaitForEver() {
        test = new TestGroups(Map.of("group.max.session.timeout.ms", "9000000"));
        var id = newId();
        join(asks(id, null, 9_000_000, 9_000_000, "range=m"));
        sync(id, 1);
        var second = newId();
        var waiting = join(asks(second, null, 9_000_000, 9_000_000, "range=m"));
        test.pass(299_999);
        assertTrue(waiting.waits());
        test.pass(1);
        assertError(ErrorCode.UNKNOWN_MEMBER_ID, waiting);
        assertJoined(2, id, join(asks(id, null, 9_000_000, 9_000_000, "range=m")));
    }

    @Test
    void whoDoesNotSyncInTimeIsGivenUp() {
        var ids = two();
        var waiting = join(ids.getFirst(), "range=m1");
        join(ids.getLast(), "range=m2");
        assertJoined(3, ids.getFirst(), waiting);
        var syncing = sync(ids.getLast(), 3);
        for (int i = 0; i < 8; i++) {
            assertEquals(ErrorCode.NONE, heartbeat(ids.getFirst(), 3));
            test.pass(REBALANCE_MS / 8);
        }
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, error(syncing));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, heartbeat(ids.getFirst(), 3));
        assertJoined(4, ids.getLast(), join(ids.getLast(), "range=m2"));
    }

    @Test
    void aFollowerThatDoesNotSyncInAStableGroupIsGivenUpToo() {
        var ids = two();
        var waiting = join(ids.getFirst(), "range=m1");
        join(ids.getLast(), "range=m2");
        assertJoined(3, ids.getFirst(), waiting);
        sync(ids.getFirst(), 3);
        for (int i = 0; i < 8; i++) {
            assertEquals(ErrorCode.NONE, heartbeat(ids.getFirst(), 3));
            assertEquals(ErrorCode.NONE, heartbeat(ids.getLast(), 3));
            test.pass(REBALANCE_MS / 8);
        }
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, heartbeat(ids.getLast(), 3));
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, heartbeat(ids.getFirst(), 3));
    }

    @Test
    void whoWaitsForTheLeaderOutlivesItsSession() {
        var ids = two();
        var waiting = join(ids.getFirst(), "range=m1");
        join(ids.getLast(), "range=m2");
        assertJoined(3, ids.getFirst(), waiting);
        var syncing = sync(ids.getLast(), 3);
        for (int i = 0; i < 3; i++) {
            heartbeat(ids.getFirst(), 3);
            test.pass(SESSION_MS - 1);
        }
        assertTrue(syncing.waits());
        sync(ids.getFirst(), 3, ids.getLast(), "p");
        assertEquals("p", text(syncing.answer().assignment()));
        test.pass(SESSION_MS - 1);
        assertEquals(ErrorCode.NONE, heartbeat(ids.getLast(), 3));
    }

    @Test
    void anIdThatWasGivenOutIsWaitedFor() {
        var first = alone("range=m");
        var second = newId();
        var waiting = join(first, "range=m");
        assertTrue(waiting.waits());
        test.pass(SESSION_MS - 1);
        assertTrue(waiting.waits());
        test.pass(1);
        assertJoined(2, first, waiting);
        assertError(ErrorCode.UNKNOWN_MEMBER_ID, join(second, "range=m"));
    }

    @Test
    void theFirstMembersAreAwaitedAndMoreTimeGivenWhileTheyCome() {
        test = new TestGroups(Map.of("group.initial.rebalance.delay.ms", "3000"));
        var first = join(older(asks("", null, SESSION_MS, 7_000, "range=1")));
        assertEquals(GroupState.PREPARING_REBALANCE, group().state());
        test.pass(2_999);
        var second = join(older(asks("", null, SESSION_MS, 7_000, "range=2")));
        test.pass(1);
        test.pass(2_999);
        var third = join(older(asks("", null, SESSION_MS, 7_000, "range=3")));
        assertTrue(first.waits() && second.waits() && third.waits());
        test.pass(1);
        test.pass(999);
        var fourth = join(older(asks("", null, SESSION_MS, 7_000, "range=4")));
        assertTrue(first.waits(), "the rebalance timeout bounds it");
        test.pass(1);
        assertJoined(1, first.answer().memberId(), first);
        assertEquals(4, first.answer().members().size());
        assertJoined(1, first.answer().memberId(), fourth);
    }

    @Test
    void theFirstMembersAreNotAwaitedLongerWhereNoneComes() {
        test = new TestGroups(Map.of("group.initial.rebalance.delay.ms", "3000"));
        var first = join(older(asks("", null, "range=1")));
        test.pass(2_999);
        assertTrue(first.waits());
        test.pass(1);
        assertEquals(1, first.answer().generation());
    }

    // ---- the size ----

    @Test
    void aGroupHasAtMostSoManyMembers() {
        test = new TestGroups(Map.of("group.max.size", "2"));
        var ids = two();
        var refused = join("", "range=m");
        assertError(ErrorCode.GROUP_MAX_SIZE_REACHED, refused);
        assertEquals("", refused.answer().memberId());
        assertJoined(2, ids.getFirst(), join(ids.getLast(), "range=m2"));
        var waiting = join(ids.getFirst(), "range=m1");
        var follower = join(ids.getLast(), "range=m2");
        assertJoined(3, ids.getFirst(), waiting);
        assertJoined(3, ids.getFirst(), follower);
    }

    @Test
    void whereTheBoundWasLoweredTheLastToJoinAreLeftOut() {
        var ids = two();
        var log = test.written();
        test = new TestGroups(Map.of("group.max.size", "1"));
        log.forEach(test.groups::replay);
        test.groups.loaded(test.nowMs);
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, heartbeat(ids.getLast(), 2));
        var waiting = join(ids.getLast(), "range=m2");
        assertTrue(waiting.waits());
        assertError(ErrorCode.GROUP_MAX_SIZE_REACHED, join(ids.getFirst(), "range=m1"));
        assertJoined(3, ids.getLast(), waiting);
    }

    // ---- leaving ----

    @Test
    void whoLeavesHasTheOthersJoin() {
        var ids = two();
        assertEquals(ErrorCode.NONE, leave(ids.getFirst()));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, leave(ids.getFirst()));
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, heartbeat(ids.getLast(), 2));
        assertJoined(3, ids.getLast(), join(ids.getLast(), "range=m2"));
    }

    @Test
    void aLeaderThatLeavesBeforeItSyncsSendsTheOthersBackToJoin() {
        var ids = two();
        var waiting = join(ids.getFirst(), "range=m1");
        join(ids.getLast(), "range=m2");
        assertJoined(3, ids.getFirst(), waiting);
        var syncing = sync(ids.getLast(), 3);
        leave(ids.getFirst());
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, error(syncing));
        assertJoined(4, ids.getLast(), join(ids.getLast(), "range=m2"));
    }

    @Test
    void whoWaitsAndLeavesIsAnswered() {
        var ids = two();
        var waiting = join(ids.getFirst(), "range=m1");
        leave(ids.getFirst());
        assertError(ErrorCode.UNKNOWN_MEMBER_ID, waiting);
        join(ids.getLast(), "range=m2");
        var second = newId();
        var joining = join(second, "range=m");
        join(ids.getLast(), "range=m2");
        assertEquals(4, joining.answer().generation());
        var syncing = sync(second, 4);
        leave(second);
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, error(syncing));
    }

    @Test
    void severalLeaveAtOnceEachAnsweredForItself() {
        var ids = twoStatic();
        var left = leave(new Leaving("", "L", "moved"), new Leaving("x", "F", null),
                new Leaving("", "Z", null), new Leaving("", null, null),
                new Leaving(ids.get("F"), null, null), new Leaving("", "F", null));
        assertEquals(new Left(ErrorCode.NONE, List.of(ErrorCode.NONE, ErrorCode.FENCED_INSTANCE_ID,
                ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.NONE,
                ErrorCode.UNKNOWN_MEMBER_ID)), left.answer());
        assertEquals(3, written(left).generation());
        assertEquals(GroupState.EMPTY, group().state());
        assertEquals(List.of(), test.pass(REBALANCE_MS));
    }

    // ---- static members ----

    @Test
    void aStaticMemberRestartsAndNobodyIsDisturbed() {
        var ids = twoStatic();
        var restarted = joinStatic("", "F", "range=f");
        var id = restarted.answer().memberId();
        assertNotEquals(ids.get("F"), id);
        assertJoined(2, ids.get("L"), restarted);
        assertFalse(restarted.answer().skipAssignment());
        assertEquals(List.of(ids.get("L"), id), written(restarted).members().stream()
                .map(GroupMetadata.Member::memberId).toList());
        assertEquals(GroupState.STABLE, group().state());
        assertEquals("p1", text(syncStatic(id, "F", 2).answer().assignment()));
        assertEquals(ErrorCode.NONE, heartbeat(new Asker(id, "F", 2)));

        var former = new Asker(ids.get("F"), "F", 2);
        assertEquals(ErrorCode.FENCED_INSTANCE_ID, heartbeat(former));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, heartbeat(ids.get("F"), 2));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, heartbeat(new Asker(id, "Z", 2)));
        assertEquals(ErrorCode.FENCED_INSTANCE_ID, error(syncStatic(ids.get("F"), "F", 2)));
        assertError(ErrorCode.FENCED_INSTANCE_ID, joinStatic(ids.get("F"), "F", "range=f"));
        assertEquals(ErrorCode.FENCED_INSTANCE_ID, group().commitError(former, Uuid.ZERO, 0));
        test.restart();
        assertEquals(ErrorCode.NONE, heartbeat(new Asker(id, "F", 2)));
        assertEquals("p1", text(syncStatic(id, "F", 2).answer().assignment()));
    }

    @Test
    void aStaticLeaderThatRestartsIsToldToAssignNothing() {
        var ids = twoStatic();
        var restarted = joinStatic("", "L", "range=l").answer();
        assertEquals(restarted.memberId(), restarted.leader());
        assertTrue(restarted.skipAssignment());
        assertEquals(2, restarted.members().size());

        // One that cannot be told so is told of another leader.
        var older = join(older(asks("", "L", "range=l"))).answer();
        assertEquals(restarted.memberId(), older.leader());
        assertNotEquals(older.memberId(), older.leader());
        assertEquals(List.of(), older.members());
        var leading = joinStatic(older.memberId(), "L", "range=l");
        joinStatic(ids.get("F"), "F", "range=f");
        assertJoined(3, older.memberId(), leading);
    }

    @Test
    void aRestartThatChangesTheProtocolHasAllJoin() {
        var first = joinStatic("", "L", "range=l", "sticky=l").answer().memberId();
        sync(first, 1);
        assertEquals(GroupState.STABLE, group().state());
        var again = joinStatic("", "L", "sticky=l");
        assertJoined(2, again.answer().memberId(), again);
        assertEquals("sticky", again.answer().protocol());
        assertEquals(List.of(), again.records());
    }

    @Test
    void aRestartWhileTheGroupIsNotStableHasAllJoin() {
        var ids = twoStatic();
        var waiting = joinStatic(ids.get("F"), "F", "range=other");
        var restarted = joinStatic("", "F", "range=f");
        assertError(ErrorCode.FENCED_INSTANCE_ID, waiting);
        assertTrue(restarted.waits());
        assertJoined(3, ids.get("L"), joinStatic(ids.get("L"), "L", "range=l"));
        assertJoined(3, ids.get("L"), restarted);
        var syncing = syncStatic(restarted.answer().memberId(), "F", 3);
        var again = joinStatic("", "F", "range=f");
        assertEquals(ErrorCode.FENCED_INSTANCE_ID, error(syncing));
        assertTrue(again.waits());
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, heartbeat(ids.get("L"), 3));
    }

    @Test
    void aStaticMemberThatIsAwayStaysUntilItsSessionEnds() {
        var ids = twoStatic();
        var waiting = join(asks(ids.get("L"), "L", 1_000_000, REBALANCE_MS, "range=l"));
        for (int i = 0; i < 6; i++) {
            test.pass(SESSION_MS - 1);
            heartbeat(new Asker(ids.get("F"), "F", 2));
        }
        test.pass(6);
        assertJoined(3, ids.get("L"), waiting);
        assertEquals(2, waiting.answer().members().size());
        sync(ids.get("L"), 3);
        test.pass(SESSION_MS);
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, heartbeat(ids.get("F"), 3));
    }

    // ---- restarts of the broker ----

    @Test
    void aStableGroupOutlivesARestart() {
        var ids = two();
        test.restart();
        assertEquals(GroupState.STABLE, group().state());
        assertEquals("consumer", group().protocolType());
        test.pass(SESSION_MS - 1);
        assertEquals(ErrorCode.NONE, heartbeat(ids.getFirst(), 2));
        assertEquals("p1", text(sync(ids.getLast(), 2).answer().assignment()));
        assertJoined(2, ids.getFirst(), join(ids.getLast(), "range=m2"));
        assertTrue(join(ids.getFirst(), "range=m1").waits());
        test.restartCompacted();
        assertEquals(GroupState.STABLE, group().state());
        test.pass(SESSION_MS);
        assertEquals(GroupState.EMPTY, group().state());
    }

    @Test
    void aRebalanceThatWasUnderWayIsForgotten() {
        var first = alone("range=m");
        var second = newId();
        join(second, "range=m");
        join(first, "range=m");
        assertEquals(ErrorCode.NONE, heartbeat(first, 2));
        test.restart();
        assertEquals(ErrorCode.ILLEGAL_GENERATION, heartbeat(first, 2));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, heartbeat(second, 2));
        assertJoined(2, first, join(first, "range=m"));
    }

    @Test
    void aGroupThatNeverSettledIsForgotten() {
        join(newId(), "range=m");
        test.restart();
        assertNull(group());
    }

    @Test
    void anEmptyGroupOutlivesARestart() {
        leave(alone("range=m"));
        test.restartCompacted();
        assertEquals(GroupState.EMPTY, group().state());
        assertEquals(TestGroups.EPOCH_MS, group().emptySinceMs());
        var next = newId();
        assertJoined(3, next, join(next, "range=m"));
        test.run((groups, nowMs) -> groups.delete(GROUP));
        assertTrue(test.run((groups, nowMs) -> groups.delete(GROUP)).records().isEmpty());
    }

    @Test
    void aGroupThatIsDeletedIsGone() {
        leave(alone("range=m"));
        assertEquals(ErrorCode.NONE, test.run((groups, nowMs) -> groups.delete(GROUP)).answer());
        assertNull(group());
        test.restart();
        assertNull(group());
    }

    // ---- what cannot be written ----

    @Test
    void anAssignmentThatCannotBeWrittenSendsAllBackToJoin() {
        var ids = two();
        var waiting = join(ids.getFirst(), "range=m1");
        join(ids.getLast(), "range=m2");
        assertJoined(3, ids.getFirst(), waiting);
        var syncing = sync(ids.getLast(), 3);
        test.refusal = ErrorCode.COORDINATOR_NOT_AVAILABLE;
        var leading = sync(ids.getFirst(), 3, ids.getFirst(), "x");
        assertEquals(ErrorCode.COORDINATOR_NOT_AVAILABLE, leading.error());
        assertEquals(ErrorCode.COORDINATOR_NOT_AVAILABLE, error(syncing));
        assertEquals(GroupState.PREPARING_REBALANCE, group().state());
        test.refusal = ErrorCode.NONE;
        var again = join(ids.getFirst(), "range=m1");
        join(ids.getLast(), "range=m2");
        assertJoined(4, ids.getFirst(), again);
        test.restart();
        assertEquals("p0", text(sync(ids.getFirst(), 2).answer().assignment()));
    }

    @Test
    void aRestartThatCannotBeWrittenIsAsIfItHadNotBeen() {
        var ids = twoStatic();
        test.refusal = ErrorCode.COORDINATOR_NOT_AVAILABLE;
        assertEquals(ErrorCode.COORDINATOR_NOT_AVAILABLE, joinStatic("", "L", "range=l").error());
        assertEquals(ErrorCode.NONE, heartbeat(new Asker(ids.get("L"), "L", 2)));
        assertEquals("p0", text(syncStatic(ids.get("L"), "L", 2).answer().assignment()));
        assertEquals(ids.get("L"), joinStatic(ids.get("F"), "F", "range=f").answer().leader());
        test.pass(SESSION_MS - 1);
        assertEquals(ErrorCode.NONE, heartbeat(new Asker(ids.get("L"), "L", 2)));
    }

    @Test
    void anEmptyGroupIsWrittenAsSoonAsItCanBe() {
        var id = alone("range=m");
        test.refusal = ErrorCode.COORDINATOR_NOT_AVAILABLE;
        assertEquals(ErrorCode.COORDINATOR_NOT_AVAILABLE, leave(new Leaving(id, null, null)).error());
        test.pass(10_000);
        assertNotEquals(GroupState.EMPTY, group().state());
        test.refusal = ErrorCode.NONE;
        assertEquals(1, test.pass(1_000).size());
        assertEquals(GroupState.EMPTY, group().state());
        assertEquals(List.of(), test.pass(10_000));
        test.restart();
        assertEquals(GroupState.EMPTY, group().state());
    }

    @Test
    void aSilentLastMemberIsWrittenAsSoonAsItCanBe() {
        alone("range=m");
        test.refusal = ErrorCode.COORDINATOR_NOT_AVAILABLE;
        test.pass(SESSION_MS + 5_000);
        test.refusal = ErrorCode.NONE;
        assertEquals(1, test.pass(1_000).size());
        assertEquals(GroupState.EMPTY, group().state());
        assertEquals(List.of(), test.pass(10_000));
    }

    @Test
    void whoJoinsAGroupThatCouldNotBeWrittenEmptyMakesTheNextGeneration() {
        var id = alone("range=m");
        test.refusal = ErrorCode.COORDINATOR_NOT_AVAILABLE;
        leave(new Leaving(id, null, null));
        var next = newId();
        assertJoined(2, next, join(next, "sticky=m"));
        test.refusal = ErrorCode.NONE;
        assertEquals(ErrorCode.NONE, error(sync(next, 2)));
        assertEquals(List.of(), test.pass(SESSION_MS - 1));
        assertEquals(GroupState.STABLE, group().state());
    }

    // ---- offsets ----

    @Test
    void whoMayCommit() {
        var none = new Asker("", null, -1);
        var id = newId();
        assertEquals(ErrorCode.NONE, commit(none));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, commit(new Asker(id, null, 1)));
        join(id, "range=m");
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, commit(new Asker(id, null, 1)));
        sync(id, 1);
        assertEquals(ErrorCode.NONE, commit(new Asker(id, null, 1)));
        assertEquals(ErrorCode.ILLEGAL_GENERATION, commit(new Asker(id, null, 0)));
        assertEquals(ErrorCode.ILLEGAL_GENERATION, commit(new Asker(id, null, -1)));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, commit(none));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, commit(new Asker("x", null, 1)));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, commit(new Asker(id, "i", 1)));
        var second = newId();
        join(second, "range=m");
        assertEquals(ErrorCode.NONE, commit(new Asker(id, null, 1)), "before it joins again");
        leave(second);
        leave(id);
        assertEquals(ErrorCode.NONE, commit(none));
        assertEquals(ErrorCode.NONE, group().fetchError(none));
    }

    private ErrorCode commit(Asker who) {
        return group().commitError(who, Uuid.ZERO, 0);
    }

    @Test
    void aCommitIsAHeartbeat() {
        var id = alone("range=m");
        for (int i = 0; i < 3; i++) {
            test.pass(SESSION_MS - 1);
            group().committed(new Asker(id, null, 1), test.nowMs);
        }
        assertEquals(ErrorCode.NONE, heartbeat(id, 1));
        group().committed(new Asker("", null, -1), test.nowMs);
    }

    @Test
    void subscriptionsAreReadWhereTheyCanBe() {
        assertFalse(new ClassicGroup(test.groups, GROUP).subscribes("a"));
        assertEquals(-1, new ClassicGroup(test.groups, GROUP).emptySinceMs());
        var subscription = new Writer(0, false).int16(3).strings(List.of("a", "b")).int32(-1).toBuffer();
        var terms = new Terms("c", "/h", REBALANCE_MS, SESSION_MS,
                List.of(new Protocol("range", subscription)));
        var id = join(new Join(GROUP, "", null, "consumer", terms, null, false, false)).answer().memberId();
        sync(id, 1);
        assertTrue(group().subscribes("a") && group().subscribes("b"));
        assertFalse(group().subscribes("c"));
        test.restart();
        assertTrue(group().subscribes("a"));
        assertFalse(group().subscribes("c"));
        leave(id);
        assertFalse(group().subscribes("a"));

        var other = join(older(asks("", null, "range=no subscription"))).answer().memberId();
        sync(other, 3);
        assertTrue(group().subscribes("c"), "it may");
        leave(other);
        join(typed(older(asks("", null, "x=m")), "connect"));
        assertTrue(group().subscribes("c"), "nobody knows what other protocols mean");
    }

    @Test
    void anOperatorSeesMetadataAndAssignmentsOfAStableGroup() {
        var ids = twoStatic();
        assertEquals(new Described(ErrorCode.NONE, null, GroupState.STABLE, "consumer", "range", List.of(
                new DescribedMember(ids.get("L"), "L", "client", "/10.0.0.1", bytes("l"), bytes("p0")),
                new DescribedMember(ids.get("F"), "F", "client", "/10.0.0.1", bytes("f"), bytes("p1")))),
                describe());
        joinStatic(ids.get("L"), "L", "range=l");
        assertEquals(GroupState.PREPARING_REBALANCE, describe().state());
        assertEquals("", describe().protocol());
        assertEquals(List.of("", ""), describe().members().stream()
                .map(each -> text(each.assignment()) + text(each.metadata())).collect(Collectors.toList()));
    }

    /** No time at all to join again is looked at now and then, not for ever at once. */
    @Test
    void aStaticMemberWithoutTimeToJoinAgainIsAwaited() {
        var first = join(older(asks("", "hasty", SESSION_MS, 0, "range=h"))).answer().memberId();
        var other = joinStatic("", "other", "range=o");
        int generation = join(asks(first, "hasty", SESSION_MS, 0, "range=h")).answer().generation();
        sync(first, generation);
        sync(other.answer().memberId(), generation);
        assertEquals(GroupState.STABLE, group().state());
        leave(other.answer().memberId());
        test.pass(SESSION_MS - 1);
        assertEquals(GroupState.PREPARING_REBALANCE, group().state());
        test.pass(1);
        assertEquals(GroupState.EMPTY, group().state());
    }

    /** Each member of a large group joins and syncs in time that does not grow out of hand. */
    @Test
    void aThousandMembersSettle() {
        int count = 1_000;
        var first = join(older(asks("", null, "range=m", "sticky=m"))).answer().memberId();
        var joining = new HashMap<String, Outcome<Joined>>();
        for (int i = 1; i < count; i++) {
            var id = join("", "range=m").answer().memberId();
            joining.put(id, join(id, "range=m", "sticky=m"));
        }
        assertJoined(2, first, join(first, "range=m", "sticky=m"));
        var syncing = joining.keySet().stream().map(id -> sync(id, 2)).toList();
        assertEquals(ErrorCode.NONE, error(sync(first, 2)));
        assertTrue(syncing.stream().allMatch(each -> error(each) == ErrorCode.NONE));
        assertEquals(count, describe().members().size());
    }
}
