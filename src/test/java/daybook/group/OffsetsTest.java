package daybook.group;

import static daybook.wire.ErrorCode.FENCED_INSTANCE_ID;
import static daybook.wire.ErrorCode.GROUP_ID_NOT_FOUND;
import static daybook.wire.ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC;
import static daybook.wire.ErrorCode.ILLEGAL_GENERATION;
import static daybook.wire.ErrorCode.INVALID_GROUP_ID;
import static daybook.wire.ErrorCode.NONE;
import static daybook.wire.ErrorCode.OFFSET_METADATA_TOO_LARGE;
import static daybook.wire.ErrorCode.REBALANCE_IN_PROGRESS;
import static daybook.wire.ErrorCode.UNKNOWN_MEMBER_ID;
import static daybook.wire.ErrorCode.UNSTABLE_OFFSET_COMMIT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.coordinator.Decision;
import daybook.group.ClassicProtocol.Join;
import daybook.group.ClassicProtocol.Joined;
import daybook.group.ClassicProtocol.Sync;
import daybook.group.ClassicProtocol.Terms;
import daybook.group.GroupRecord.ConsumerGroupMemberMetadata.Protocol;
import daybook.group.GroupRecord.OffsetCommit;
import daybook.group.Offsets.Commit;
import daybook.log.TopicPartition;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** The rules of committed offsets, without a disk. */
final class OffsetsTest {
    private static final Asker SIMPLE = new Asker("", null, -1);
    private static final long DAY_MS = 86_400_000;
    private static final long RETENTION_MS = 7 * DAY_MS;
    private static final long CHECK_MS = 600_000;
    private static final int SESSION_MS = 60_000;

    private final TestGroups shard = new TestGroups();
    private String protocolType = "consumer";
    private final Uuid orders = shard.topic("orders", 4);

    @Test
    void whatIsCommittedIsKnown() {
        assertEquals(List.of(NONE, NONE), commit("g", at(1, 10), at(0, 5)));
        assertEquals(position(5), position("g", 0));
        assertEquals(position(10), position("g", 1));
        assertEquals(position(-1), position("g", 2));
        assertEquals(position(-1), position("other", 0));
        assertEquals(List.of(new TopicPartition("orders", 0), new TopicPartition("orders", 1)),
                List.copyOf(shard.groups.offsets().partitions("g")));
        assertEquals(List.of(NONE), commit("g", at(0, 3)));
        assertEquals(position(3), position("g", 0));
    }

    @Test
    void aCommitIsKeptAsItCame() {
        shard.nowMs = 1234;
        var commit = new Commit("orders", orders, 0, 5, 7, "why");
        var record = assertInstanceOf(OffsetCommit.class, shard.run((groups, nowMs) ->
                groups.offsets().commit("g", SIMPLE, -1, List.of(commit), nowMs)).records().getFirst());
        long nowMs = TestGroups.EPOCH_MS + 1234;
        assertEquals(new OffsetCommit("g", "orders", 0,
                new OffsetCommit.Value(5, 7, "why", nowMs, OffsetCommit.NO_TIME, orders)), record);
        assertEquals(new Offsets.Position(NONE, 5, 7, "why"), position("g", 0));
        var kept = assertInstanceOf(OffsetCommit.class, shard.run((groups, nowThenMs) -> groups.offsets()
                .commit("g", SIMPLE, 1_000, List.of(commit), nowThenMs)).records().getFirst());
        assertEquals(nowMs + 1_000, kept.value().expireTimestampMs());
    }

    @Test
    void noMetadataIsEmpty() {
        var commit = new Commit("orders", orders, 0, 5, -1, null);
        shard.run((groups, nowMs) -> groups.offsets().commit("g", SIMPLE, -1, List.of(commit), nowMs));
        assertEquals(position(5), position("g", 0));
    }

    @Test
    void metadataIsBoundedInCharactersAndTheOthersAreCommitted() {
        var most = new Commit("orders", orders, 0, 5, -1, "é".repeat(4096));
        var more = new Commit("orders", orders, 1, 6, -1, "x".repeat(4097));
        assertEquals(List.of(NONE, OFFSET_METADATA_TOO_LARGE), shard.run((groups, nowMs) ->
                groups.offsets().commit("g", SIMPLE, -1, List.of(most, more), nowMs)).answer());
        assertEquals(5, position("g", 0).offset());
        assertEquals(position(-1), position("g", 1));
    }

    @Test
    void aGenerationNeedsAGroup() {
        assertEquals(List.of(GROUP_ID_NOT_FOUND, GROUP_ID_NOT_FOUND),
                commit("g", new Asker("m", null, 3), at(0, 5), at(1, 5)));
        assertNull(shard.groups.find("g"));
        assertEquals(List.of(NONE), commit("g", new Asker("m", "i", -1), at(0, 5)));
        assertEquals("classic", shard.groups.find("g").type());
    }

    @Test
    void whatCannotBeWrittenIsNotCommitted() {
        shard.refusal = ErrorCode.COORDINATOR_NOT_AVAILABLE;
        var outcome = shard.run((groups, nowMs) ->
                groups.offsets().commit("g", SIMPLE, -1, List.of(at(0, 5)), nowMs));
        assertEquals(ErrorCode.COORDINATOR_NOT_AVAILABLE, outcome.error());
        assertEquals(position(-1), position("g", 0));
        assertNull(shard.groups.find("g"));
    }

    @Test
    void aRestartChangesNothing() {
        commit("g", at(0, 5), at(1, 6));
        commit("h", at(0, 7));
        commit("g", at(0, 8));
        delete("g", 1);
        for (int round = 0; round < 2; round++) {
            assertEquals(position(8), position("g", 0));
            assertEquals(position(-1), position("g", 1));
            assertEquals(position(7), position("h", 0));
            assertNotNull(shard.groups.find("g"));
            if (round == 0) {
                shard.restart();
            } else {
                shard.restartCompacted();
            }
        }
    }

    @Test
    void offsetsAreDeletedWhereThereAreAny() {
        commit("g", at(0, 5), at(1, 6));
        var outcome = delete("g", 0, 2, 0);
        assertEquals(new Offsets.Deletion(NONE, List.of(NONE, NONE, NONE)), outcome.answer());
        assertTrue(outcome.records().size() >= 1, outcome.records().toString());
        assertEquals(position(-1), position("g", 0));
        assertEquals(position(6), position("g", 1));
        assertEquals(GROUP_ID_NOT_FOUND, delete("unknown", 0).answer().error());
        assertEquals(INVALID_GROUP_ID, delete("", 0).answer().error());
    }

    @Test
    void theEmptyNameIsThatOfAGroupToo() {
        assertEquals(List.of(NONE), commit("", at(0, 5)));
        assertEquals(position(5), position("", 0));
    }

    @Test
    void aDeletedGroupTakesItsOffsetsAlong() {
        commit("g", at(0, 5), at(1, 6));
        assertEquals(NONE, shard.run((groups, nowMs) -> groups.delete("g")).answer());
        assertEquals(position(-1), position("g", 0));
        assertNull(shard.groups.find("g"));
        shard.restart();
        assertNull(shard.groups.find("g"));
        shard.restartCompacted();
        assertNull(shard.groups.find("g"));
    }

    @Test
    void offsetsGoWithTheirTopic() {
        shard.topic("other", 1);
        commit("g", at(0, 5), new Commit("other", shard.image.topic("other").id(), 0, 9, -1, ""));
        assertEquals(List.of(), shard.pass(1));
        shard.deleteTopic("orders");
        assertEquals(1, shard.pass(1).size());
        assertEquals(position(-1), position("g", 0));
        assertEquals(9, shard.groups.offsets().position("g", new TopicPartition("other", 0), false).offset());
    }

    /** The coordinator looks at the catalog now and then only. */
    @Test
    void offsetsOfATopicThatCameAndWentBetweenTwoLooksGoToo() {
        assertEquals(List.of(), shard.pass(0));
        commit("g", new Commit("brief", shard.topic("brief", 1), 0, 5, -1, ""));
        shard.deleteTopic("brief");
        assertEquals(1, shard.pass(0).size());
        assertEquals(List.of(), List.copyOf(shard.groups.offsets().partitions("g")));
    }

    /** The request was begun before that. */
    @Test
    void anOffsetThatComesAfterItsTopicWentGoesToo() {
        commit("g", new Commit("gone", new Uuid(5, 6), 0, 5, -1, ""));
        assertEquals(1, shard.pass(0).size());
    }

    @Test
    void offsetsOfATopicThatWentWhileNobodyLookedGoAtTheStart() {
        commit("g", at(0, 5));
        replayed("g", 1, 6, Uuid.ZERO);
        shard.groups = new Groups(shard.groups.surroundings());
        shard.deleteTopic("orders");
        shard.restart();
        replayed("g", 1, 6, Uuid.ZERO);
        assertEquals(2, shard.pass(0).size());
        assertEquals(position(-1), position("g", 0));
        assertEquals(position(-1), position("g", 1));
    }

    @Test
    void anOffsetOfATopicIsNotOneOfItsNamesake() {
        replayed("g", 0, 5, new Uuid(3, 4));
        replayed("g", 1, 6, Uuid.ZERO);
        assertEquals(position(-1), position("g", 0));
        assertEquals(position(6), position("g", 1));
    }

    @Test
    void whatGoesWithATopicIsWrittenInPiecesAndAgainWhereItFails() {
        shard.topic("wide", 100_000);
        var id = shard.image.topic("wide").id();
        for (int index = 0; index < 20_000; index++) {
            shard.groups.replay(new OffsetCommit("g", "wide", index,
                    new OffsetCommit.Value(1, -1, "", TestGroups.EPOCH_MS, OffsetCommit.NO_TIME, id)));
        }
        shard.deleteTopic("wide");
        shard.refusal = ErrorCode.COORDINATOR_NOT_AVAILABLE;
        assertEquals(0, shard.pass(0).size());
        shard.refusal = NONE;
        assertEquals(0, shard.pass(900).size());
        int pieces = 0;
        int records = 0;
        for (int size = 1; size > 0; pieces++) {
            shard.nowMs = 1_000;
            size = shard.groups.dueMs() <= shard.nowMs ? decideDue() : 0;
            records += size;
        }
        assertEquals(20_000, records);
        assertTrue(pieces > 3, pieces + " pieces");
        assertEquals(List.of(), List.copyOf(shard.groups.offsets().partitions("g")));
    }

    @Test
    void offsetsOfNoMembersExpireAfterTheirCommit() {
        commit("g", at(0, 5));
        shard.pass(DAY_MS);
        commit("g", at(1, 6));
        assertEquals(List.of(), shard.pass(RETENTION_MS - DAY_MS - 1));
        assertEquals(List.of(new OffsetCommit("g", "orders", 0, null)), shard.pass(CHECK_MS));
        assertNotNull(shard.groups.find("g"));
        shard.pass(DAY_MS);
        assertEquals(position(-1), position("g", 1));
        assertNull(shard.groups.find("g"));
        shard.restart();
        assertNull(shard.groups.find("g"));
    }

    @Test
    void theClientsTimeGoesBeforeTheBrokers() {
        shard.run((groups, nowMs) -> groups.offsets().commit("short", SIMPLE, 0, List.of(at(0, 5)), nowMs));
        shard.run((groups, nowMs) -> groups.offsets().commit("long", SIMPLE, 2 * RETENTION_MS,
                List.of(at(0, 5)), nowMs));
        shard.restart();
        shard.pass(CHECK_MS);
        assertNull(shard.groups.find("short"));
        shard.pass(RETENTION_MS + CHECK_MS);
        assertEquals(position(5), position("long", 0));
        shard.pass(RETENTION_MS);
        assertNull(shard.groups.find("long"));
    }

    @Test
    void expiryIsTriedAgainWhereItCannotBeWritten() {
        commit("g", at(0, 5));
        shard.refusal = ErrorCode.COORDINATOR_NOT_AVAILABLE;
        shard.pass(RETENTION_MS + CHECK_MS);
        assertEquals(position(5), position("g", 0));
        shard.refusal = NONE;
        shard.pass(1_000);
        assertEquals(position(-1), position("g", 0));
    }

    @Test
    void offsetsOfAGroupThatChangesItsKindHaveAGroupAfterARestart() {
        commit("g", at(0, 5));
        var member = new TestConsumer(shard, "g", "m", "orders");
        member.join();
        member.leave();
        assertEquals(ErrorCode.MEMBER_ID_REQUIRED, shard.run((groups, nowMs) -> groups.classic().join(
                new Join("g", "", null, "consumer", new Terms("client", "/10.0.0.1", 60_000, SESSION_MS,
                        List.of(new Protocol("range", ByteBuffer.allocate(0)))), "", true, true),
                nowMs)).answer().error());
        shard.restart();
        assertEquals(position(5), position("g", 0));
        assertNotNull(shard.groups.find("g"));
        shard.pass(RETENTION_MS + CHECK_MS);
        assertEquals(position(-1), position("g", 0));
        assertNull(shard.groups.find("g"));
    }

    @Test
    void retentionIsTheBrokers() {
        var brief = new TestGroups(Map.of("offsets.retention.minutes", "1",
                "offsets.retention.check.interval.ms", "100"));
        var id = brief.topic("orders", 1);
        brief.run((groups, nowMs) -> groups.offsets().commit("g", SIMPLE, -1,
                List.of(new Commit("orders", id, 0, 5, -1, "")), nowMs));
        assertEquals(List.of(), brief.pass(59_999));
        assertEquals(2, brief.pass(101).size());
    }

    @Test
    void whatATransactionCommitsHoldsFromItsEndOn() {
        commit("g", at(0, 5));
        pending(7, "g", 0, 9);
        assertEquals(position(5), position("g", 0));
        assertEquals(UNSTABLE_OFFSET_COMMIT, stable("g", 0).error());
        assertEquals(-1, stable("g", 0).offset());
        assertEquals(position(-1), stable("g", 1));
        shard.groups.ended(7, true);
        assertEquals(position(9), position("g", 0));
        assertEquals(position(9), stable("g", 0));
    }

    @Test
    void whatATransactionTakesBackIsForgotten() {
        pending(7, "g", 0, 9);
        assertEquals(position(-1), position("g", 0));
        shard.groups.ended(7, false);
        shard.groups.ended(8, true);
        assertEquals(position(-1), stable("g", 0));
    }

    @Test
    void theNewestCommitWinsWhenATransactionEnds() {
        pending(7, "g", 0, 9);
        pending(7, "g", 1, 9);
        replayed("g", 0, 12, orders);
        shard.groups.ended(7, true);
        assertEquals(position(12), position("g", 0));
        assertEquals(position(9), position("g", 1));
    }

    @Test
    void whatATransactionCommitsNeitherExpiresNorStaysBehindItsGroup() {
        commit("g", at(0, 5));
        pending(7, "g", 0, 9);
        pending(7, "g", 1, 9);
        shard.pass(RETENTION_MS + CHECK_MS);
        assertEquals(position(5), position("g", 0));
        assertEquals(2, shard.groups.offsets().tombstones("g").size());
        delete("g", 1);
        assertEquals(position(-1), stable("g", 1));
        shard.run((groups, nowMs) -> groups.delete("g"));
        assertEquals(position(-1), stable("g", 0));
        shard.groups.ended(7, true);
        assertEquals(position(-1), position("g", 0));
    }

    @Test
    void aGroupWithAnOpenTransactionIsKept() {
        pending(7, "g", 0, 9);
        shard.pass(RETENTION_MS + CHECK_MS);
        assertNotNull(shard.groups.find("g"));
        shard.groups.ended(7, false);
        shard.pass(CHECK_MS);
        assertNull(shard.groups.find("g"));
    }

    @Test
    void aTransactionIsToldInTheWordsThatProducersKnow() {
        var who = stable(join("", "instance", "orders"), "instance");
        assertEquals(NONE, inTransaction("g", who));
        assertEquals(FENCED_INSTANCE_ID, inTransaction("g", new Asker("another", "instance", who.epoch())));
        assertEquals(UNKNOWN_MEMBER_ID, inTransaction("g", new Asker("nobody", null, who.epoch())));
        assertEquals(ILLEGAL_GENERATION, inTransaction("g", new Asker(who.memberId(), null, -1)));
        assertEquals(NONE, inTransaction("g", SIMPLE));
        assertEquals(ILLEGAL_GENERATION, inTransaction("unknown", who));
        assertEquals(NONE, inTransaction("unknown", SIMPLE));
    }

    private ErrorCode inTransaction(String groupId, Asker who) {
        return shard.run((groups, nowMs) -> groups.offsets().commit(groupId, who,
                new Decision.Producer(7, (short) 0, 0), List.of(at(0, 9)))).answer().getFirst();
    }

    @Test
    void whatIsTooLargeIsLeftOutOfATransaction() {
        var more = new Commit("orders", orders, 1, 6, -1, "x".repeat(4097));
        var outcome = shard.run((groups, nowMs) -> groups.offsets().commit("g", SIMPLE,
                new Decision.Producer(7, (short) 0, 0), List.of(at(0, 5), more)));
        assertEquals(List.of(NONE, OFFSET_METADATA_TOO_LARGE), outcome.answer());
        shard.end(7, true);
        assertEquals(position(5), position("g", 0));
        assertEquals(position(-1), position("g", 1));
    }

    @Test
    void membersCommitInTheirGenerationOnly() {
        var who = member("orders");
        assertEquals(List.of(NONE), commit("g", who, at(0, 5)));
        assertEquals(ILLEGAL_GENERATION, error(new Asker(who.memberId(), null, who.epoch() + 1)));
        assertEquals(ILLEGAL_GENERATION, error(new Asker(who.memberId(), null, -1)));
        assertEquals(UNKNOWN_MEMBER_ID, error(new Asker("nobody", null, who.epoch())));
        assertEquals(UNKNOWN_MEMBER_ID, error(SIMPLE));
        assertEquals(UNKNOWN_MEMBER_ID, error(new Asker(who.memberId(), "instance", who.epoch())));
        assertEquals(position(5), position("g", 0));
        shard.restart();
        assertEquals(List.of(NONE), commit("g", who, at(0, 6)));
    }

    @Test
    void aMemberThatTookAnothersPlaceFencesIt() {
        var who = stable(join("", "instance", "orders"), "instance");
        assertEquals(List.of(NONE), commit("g", who, at(0, 5)));
        assertEquals(FENCED_INSTANCE_ID, error(new Asker("another", "instance", who.epoch())));
    }

    @Test
    void nobodyCommitsWhileAssignmentsAreAwaited() {
        var joined = join("", null, "orders");
        var who = new Asker(joined.memberId(), null, joined.generation());
        assertEquals(REBALANCE_IN_PROGRESS, error(who));
        stable(joined, null);
        assertEquals(List.of(NONE), commit("g", who, at(0, 5)));
    }

    @Test
    void aCommitIsHeardAsAHeartbeatIs() {
        var who = member("orders");
        for (int minute = 0; minute < 5; minute++) {
            shard.pass(SESSION_MS - 1);
            assertEquals(List.of(NONE), commit("g", who, at(0, minute)));
        }
        shard.pass(SESSION_MS);
        assertEquals(GroupState.EMPTY, shard.groups.find("g").state());
    }

    @Test
    void offsetsOfTopicsThatMembersSubscribeToAreNotDeleted() {
        var who = member("orders");
        var other = new Commit("other", shard.topic("other", 1), 0, 9, -1, "");
        commit("g", who, at(0, 5), other);
        assertEquals(List.of(GROUP_SUBSCRIBED_TO_TOPIC), delete("g", 0).answer().errors());
        var elsewhere = new TopicPartition("other", 0);
        assertEquals(List.of(NONE), shard.run((groups, nowMs) ->
                groups.offsets().delete("g", List.of(elsewhere))).answer().errors());
        assertEquals(List.of(new TopicPartition("orders", 0)),
                List.copyOf(shard.groups.offsets().partitions("g")));
    }

    @Test
    void offsetsOfMembersThatAreNoConsumersAreNotDeleted() {
        protocolType = "connect";
        member("orders");
        assertEquals(ErrorCode.NON_EMPTY_GROUP, delete("g", 0).answer().error());
    }

    @Test
    void aLiveGroupKeepsWhatItSubscribesTo() {
        var who = member("orders");
        commit("g", who, at(0, 5), new Commit("other", shard.topic("other", 1), 0, 9, -1, ""));
        live(who, RETENTION_MS + CHECK_MS);
        assertEquals(List.of(new TopicPartition("orders", 0)),
                List.copyOf(shard.groups.offsets().partitions("g")));
    }

    @Test
    void anEmptyGroupKeepsItsOffsetsFromWhenItsLastMemberLeft() {
        var who = member("orders");
        commit("g", who, at(0, 5));
        live(who, RETENTION_MS);
        shard.pass(SESSION_MS);
        assertEquals(GroupState.EMPTY, shard.groups.find("g").state());
        commit("g", at(1, 6));
        shard.pass(RETENTION_MS - SESSION_MS - CHECK_MS);
        shard.restart();
        assertEquals(position(5), position("g", 0));
        shard.pass(SESSION_MS + 2 * CHECK_MS);
        assertNull(shard.groups.find("g"));
        assertEquals(position(-1), position("g", 1));
    }

    /** Has a member join and become stable alone. */
    private Asker member(String topic) {
        return stable(join("", null, topic), null);
    }

    private Joined join(String memberId, String instanceId, String topic) {
        var subscription = new Writer(0, false).int16(1).strings(List.of(topic)).int32(-1).toBuffer();
        var terms = new Terms("client", "/127.0.0.1", SESSION_MS, SESSION_MS,
                List.of(new Protocol("range", subscription)));
        var outcome = shard.run((groups, nowMs) -> groups.classic().join(
                new Join("g", memberId, instanceId, protocolType, terms, null, false, true), nowMs));
        shard.pass(0);
        return outcome.answer();
    }

    private Asker stable(Joined joined, String instanceId) {
        var who = new Asker(joined.memberId(), instanceId, joined.generation());
        var assignments = Map.of(joined.memberId(), ByteBuffer.allocate(4));
        assertEquals(NONE, shard.run((groups, nowMs) -> groups.classic().sync(
                new Sync("g", who, null, null, assignments), nowMs)).answer().error());
        return who;
    }

    /** Lets time pass, in which the member is heard of. */
    private void live(Asker who, long ms) {
        for (long passed = 0; passed < ms; passed += SESSION_MS / 2) {
            shard.pass(SESSION_MS / 2);
            shard.run((groups, nowMs) -> groups.classic().heartbeat("g", who, nowMs));
        }
    }

    private ErrorCode error(Asker who) {
        return commit("g", who, at(0, 99)).getFirst();
    }

    private int decideDue() {
        return shard.run((groups, nowMs) -> {
            @SuppressWarnings("unchecked")
            var due = (Decision<GroupRecord, Object>) groups.due(nowMs);
            return due;
        }).records().size();
    }

    private List<ErrorCode> commit(String groupId, Commit... commits) {
        return commit(groupId, SIMPLE, commits);
    }

    private List<ErrorCode> commit(String groupId, Asker who, Commit... commits) {
        return shard.run((groups, nowMs) ->
                groups.offsets().commit(groupId, who, -1, List.of(commits), nowMs)).answer();
    }

    private TestGroups.Outcome<Offsets.Deletion> delete(String groupId, int... indexes) {
        var partitions = Arrays.stream(indexes)
                .mapToObj(index -> new TopicPartition("orders", index)).toList();
        return shard.run((groups, nowMs) -> groups.offsets().delete(groupId, partitions));
    }

    /** Replays what another broker has written. */
    private void replayed(String groupId, int index, long offset, Uuid topicId) {
        shard.groups.replay(record(groupId, index, offset, topicId));
    }

    private void pending(long producerId, String groupId, int index, long offset) {
        shard.groups.replay(producerId, record(groupId, index, offset, orders));
    }

    private GroupRecord record(String groupId, int index, long offset, Uuid topicId) {
        return new OffsetCommit(groupId, "orders", index, new OffsetCommit.Value(offset, -1, "",
                TestGroups.EPOCH_MS + shard.nowMs, OffsetCommit.NO_TIME, topicId));
    }

    private Commit at(int index, long offset) {
        return new Commit("orders", orders, index, offset, -1, "");
    }

    private static Offsets.Position position(long offset) {
        return new Offsets.Position(NONE, offset, -1, "");
    }

    private Offsets.Position position(String groupId, int index) {
        return shard.groups.offsets().position(groupId, new TopicPartition("orders", index), false);
    }

    private Offsets.Position stable(String groupId, int index) {
        return shard.groups.offsets().position(groupId, new TopicPartition("orders", index), true);
    }
}
