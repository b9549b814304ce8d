package daybook.group;

import static daybook.group.TestConsumer.partitions;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.group.ConsumerProtocol.Answer;
import daybook.group.GroupRecord.ConsumerGroupMemberMetadata;
import daybook.group.GroupRecord.ConsumerGroupMetadata;
import daybook.group.GroupRecord.CurrentMemberAssignment;
import daybook.group.GroupRecord.GroupMetadata;
import daybook.group.GroupRecord.TargetAssignmentMember;
import daybook.group.GroupRecord.TargetAssignmentMetadata;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/** Groups that change their protocol while they have members. */
class MigrationTest {
    private TestGroups groups = new TestGroups();
    private Uuid orders = groups.topic("orders", 4);

    private void begin(Map<String, String> settings) {
        groups = new TestGroups(settings);
        orders = groups.topic("orders", 4);
    }

    private TestConsumer consumer(String id) {
        return new TestConsumer(groups, "g", id, "orders");
    }

    private TestClassicConsumer classic() {
        return new TestClassicConsumer(groups, "g", "orders");
    }

    /** A stable classic group of two, who have two partitions each. */
    private List<TestClassicConsumer> classicGroup() {
        var a = classic();
        var b = classic();
        a.join().joined();
        a.synced(a.sync(Map.of(a.id, partitions(orders, 0, 1, 2, 3))));
        b.join();
        a.join();
        a.joined();
        b.joined();
        a.synced(a.sync(Map.of(a.id, partitions(orders, 0, 1), b.id, partitions(orders, 2, 3))));
        b.synced(b.sync(Map.of()));
        return List.of(a, b);
    }

    private ConsumerGroup group() {
        return (ConsumerGroup) groups.groups.find("g");
    }

    @Test
    void aConsumerThatJoinsAClassicGroupMakesItAConsumerGroup() {
        var classic = classicGroup();
        var c = consumer("c");
        var answer = c.join();
        assertEquals(new Answer(ErrorCode.NONE, null, "c", 3, 5_000, Assignment.EMPTY), answer);
        assertEquals(List.of(GroupMetadata.class, ConsumerGroupMemberMetadata.class,
                ConsumerGroupMemberMetadata.class, ConsumerGroupMetadata.class, TargetAssignmentMember.class,
                TargetAssignmentMember.class, TargetAssignmentMetadata.class, CurrentMemberAssignment.class,
                CurrentMemberAssignment.class), c.records.stream().limit(9).map(Object::getClass).toList());
        for (int restarts = 0; restarts < 3; restarts++) {
            for (var member : classic) {
                var kept = group().member(member.id);
                assertTrue(kept.classic());
                assertEquals(2, kept.epoch());
                assertEquals(member.owned, kept.assigned());
                assertEquals(List.of("orders"), kept.told().topicNames());
                assertEquals(10_000, kept.told().classic().sessionTimeoutMs());
            }
            assertEquals(GroupState.RECONCILING, group().state());
            assertEquals(3, group().epoch());
            if (restarts == 0) {
                groups.restart();
            } else {
                groups.restartCompacted();
            }
        }
    }

    /** As an assignor does that has every member read all. */
    @Test
    void whereTwoHaveAPartitionTheGroupStaysClassic() {
        var members = classicGroup();
        members.forEach(TestClassicConsumer::join);
        members.forEach(TestClassicConsumer::joined);
        var a = members.getFirst();
        var b = members.getLast();
        a.synced(a.sync(Map.of(a.id, partitions(orders, 0, 1), b.id, partitions(orders, 1, 2, 3))));
        assertEquals(ErrorCode.GROUP_ID_NOT_FOUND, consumer("c").join().error());
        assertEquals("classic", groups.groups.find("g").type());
    }

    /** In the middle of a cooperative rebalance: what one is to give back no other gets before it has. */
    @Test
    void whatAClassicMemberStillHasIsGivenToNobody() {
        var a = classic();
        a.join().joined();
        a.synced(a.sync(Map.of(a.id, partitions(orders, 0, 1, 2, 3))));
        var b = classic().join();
        a.join();
        a.joined();
        b.joined();
        var answer = a.sync(Map.of(a.id, partitions(orders, 0, 1)));
        b.synced(b.sync(Map.of()));
        var c = consumer("c");
        c.join();
        assertEquals(Assignment.EMPTY, c.owned);
        assertEquals(partitions(orders, 2, 3), group().member(a.id).pending());
        groups.restartCompacted();
        a.synced(answer);
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, a.beat());
        a.join().joined();
        b.join().joined();
        b.sync();
        c.beat();
        assertEquals(4, a.owned.size() + b.owned.size() + c.owned.size());
    }

    /** A member waits to join for longer than its session; the upgrade that is refused changes nothing. */
    @Test
    void anUpgradeThatCannotBeWrittenLeavesWhoWaits() {
        var a = classic();
        a.join().joined();
        a.synced(a.sync(Map.of(a.id, partitions(orders, 0, 1, 2, 3))));
        var late = classic().join();
        groups.refusal = ErrorCode.COORDINATOR_NOT_AVAILABLE;
        consumer("c").join();
        groups.refusal = ErrorCode.NONE;
        for (int beats = 0; beats < 3; beats++) {
            groups.pass(9_000);
            assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, a.beat());
        }
        assertTrue(late.joining.waits());
        groups.pass(10_000);
        assertEquals(ErrorCode.NONE, late.joining.answer().error());
    }

    /** Also where nobody has synced in the classic group that it is now, and the broker ends. */
    @Test
    void theOffsetsOfAGroupThatChangesItsKindHaveAGroup() {
        var c = consumer("c");
        c.join();
        var commit = new Offsets.Commit("orders", orders, 0, 5, -1, "");
        groups.run((all, nowMs) -> all.offsets().commit("g", new Asker("c", null, c.epoch), -1,
                List.of(commit), nowMs));
        c.leave();
        classic().join();
        assertEquals("classic", groups.groups.find("g").type());
        groups.restart();
        assertEquals(GroupState.EMPTY, groups.groups.find("g").state());
        groups.run((all, nowMs) -> all.delete("g"));
        assertNull(groups.groups.find("g"));
        groups.restart();
        assertNull(groups.groups.find("g"));
    }

    @Test
    void classicMembersHaveTheirOwnSessionTimeout() {
        classicGroup();
        consumer("c").join();
        groups.pass(9_999);
        assertEquals(3, group().members().size());
        groups.pass(1);
        assertEquals(1, group().members().size());
        assertEquals(GroupState.ASSIGNING, group().state());
    }

    @Test
    void whoWaitsIsToldToJoinAgain() {
        var members = classicGroup();
        var late = classic().join();
        assertTrue(late.joining.waits());
        consumer("c").join();
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, late.joining.answer().error());
        assertEquals(4, group().members().size());
        assertEquals(Assignment.EMPTY, group().member(late.joining.answer().memberId()).assigned());
        assertEquals(members.getFirst().owned, group().member(members.getFirst().id).assigned());
    }

    @Test
    void anUpgradeThatCannotBeWrittenHasNotHappened() {
        var classic = classicGroup();
        groups.refusal = ErrorCode.COORDINATOR_NOT_AVAILABLE;
        assertEquals(ErrorCode.COORDINATOR_NOT_AVAILABLE, consumer("c").join().error());
        assertEquals("classic", groups.groups.find("g").type());
        assertEquals(ErrorCode.NONE, classic.getFirst().beat());
    }

    @Test
    void upgradesThatAreRefused() {
        begin(Map.of("group.consumer.migration.policy", "Downgrade"));
        classicGroup();
        assertRefused("online upgrade is disabled.");
        begin(Map.of("group.consumer.max.size", "1"));
        classicGroup();
        assertRefused("the group size exceeds the consumer group maximum size.");
        begin(Map.of());
        var a = classic();
        a.version = -1;
        a.join().joined();
        a.sync(Map.of());
        var answer = consumer("c").join();
        assertEquals(ErrorCode.NONE, answer.error(), "a version unknown here has the fields of those known");
    }

    @Test
    void whatIsNotAsItsProtocolSaysIsNotUpgraded() {
        var a = classic();
        a.join().joined();
        groups.run((all, nowMs) -> all.classic().sync(new ClassicProtocol.Sync("g", new Asker(a.id, null, 1),
                "consumer", "range", Map.of(a.id, ByteBuffer.wrap(new byte[] {0, 1, 2}))), nowMs));
        assertRefused("the embedded consumer protocol is malformed.");
        begin(Map.of());
        var b = classic();
        b.join().joined();
        var custom = new Writer(0, false).int16(0).length(0)
                .bytes(ByteBuffer.wrap(new byte[] {1})).toBuffer();
        groups.run((all, nowMs) -> all.classic().sync(new ClassicProtocol.Sync("g", new Asker(b.id, null, 1),
                "consumer", "range", Map.of(b.id, custom)), nowMs));
        assertRefused("an unsupported custom assignor is in use. Please refer to the documentation or switch to a"
                + " default assignor before re-attempting the upgrade.");
    }

    private void assertRefused(String why) {
        var answer = consumer("c").join();
        assertEquals(ErrorCode.GROUP_ID_NOT_FOUND, answer.error());
        assertEquals("Cannot upgrade classic group g to consumer group because " + why, answer.message());
        assertEquals("classic", groups.groups.find("g").type());
        var late = consumer("c");
        late.epoch = 1;
        assertEquals("Group g is not a consumer group.", late.beat().message());
    }

    @Test
    void aStaticMemberChangesItsProtocolAndKeepsItsPartitions() {
        var a = classic();
        a.instanceId = "i";
        a.join().joined();
        a.synced(a.sync(Map.of(a.id, partitions(orders, 0, 1, 2, 3))));
        var again = consumer("a2");
        again.instanceId = "i";
        assertEquals(partitions(orders, 0, 1, 2, 3), again.join().assignment());
        assertNull(group().member(a.id));
        assertEquals(1, group().members().size());
        groups.restart();
        assertEquals(GroupState.STABLE, group().state());
    }

    @Test
    void whenTheLastConsumerLeavesTheGroupIsClassicAgain() {
        var classic = classicGroup();
        var c = consumer("c");
        c.join();
        c.leave();
        assertEquals(GroupMetadata.class, c.records.getLast().getClass());
        var value = ((GroupMetadata) c.records.getLast()).value();
        assertEquals("consumer", value.protocolType());
        assertEquals("range", value.protocol());
        assertEquals(3, value.generation());
        assertEquals(2, value.members().size());
        groups.pass(0);
        var group = (ClassicGroup) groups.groups.find("g");
        assertEquals(GroupState.PREPARING_REBALANCE, group.state());
        groups.restartCompacted();
        assertEquals("classic", groups.groups.find("g").type());
        var joined = List.copyOf(classic);
        joined.forEach(TestClassicConsumer::join);
        joined.forEach(member -> assertEquals(ErrorCode.NONE, member.joined().error()));
        assertEquals(4, classic.getFirst().generation);
    }

    /** What it had is to be shared by the others, who would not ask. */
    @Test
    void theLastConsumerLeavesAGroupThatHasSettledAndTheBrokerEnds() {
        var classic = classicGroup();
        var c = consumer("c");
        c.join();
        for (int rounds = 0; rounds < 2; rounds++) {
            classic.forEach(member -> {
                member.join().joined();
                member.sync();
            });
        }
        c.beat();
        classic.forEach(member -> assertEquals(ErrorCode.NONE, member.beat()));
        assertEquals(1, c.owned.size());
        c.leave();
        for (int restarts = 0; restarts < 3; restarts++) {
            groups.restartCompacted();
            classic.forEach(member -> assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, member.beat()));
        }
    }

    /** A member sees that topics have grown only where it was told that it leads. */
    @Test
    void aGroupThatIsClassicAgainGetsALeader() {
        var c = consumer("c");
        c.instanceId = "i";
        var a = joinedBy(c);
        c.goAway();
        var back = classic();
        back.instanceId = "i";
        assertEquals(ErrorCode.NONE, back.join().joined().error());
        assertEquals("classic", groups.groups.find("g").type());
        for (int restarts = 0; restarts < 3; restarts++) {
            assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, a.beat());
            assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, back.sync());
            groups.restartCompacted();
        }
        back.join();
        a.join();
        assertEquals(a.joined().leader(), back.joined().leader());
        assertTrue(List.of(a.id, back.id).contains(a.joined().leader()));
    }

    /** A member of a classic group that this consumer has joined, both with what they are to have. */
    private TestClassicConsumer joinedBy(TestConsumer consumer) {
        var classic = classic();
        classic.join().joined();
        classic.lead(partitions(orders, 0, 1, 2, 3));
        consumer.join();
        for (int rounds = 0; rounds < 2; rounds++) {
            classic.join().joined();
            classic.sync();
            consumer.beat();
        }
        assertEquals(ErrorCode.NONE, classic.beat());
        assertEquals(4, classic.owned.plus(consumer.owned).size());
        return classic;
    }

    /** The leader may not have seen yet that there are more, and nobody leads any more. */
    @Test
    void whatNobodyHasWhenAStaticMemberChangesItsProtocolIsShared() {
        var a = classic();
        a.instanceId = "i";
        a.join().joined();
        a.lead(partitions(orders, 0, 1, 2, 3));
        groups.topic("orders", 5);
        var c = consumer("c");
        c.instanceId = "i";
        c.join();
        assertEquals(partitions(orders, 0, 1, 2, 3, 4), c.owned);
    }

    /** In the middle of a rebalance, whose leader would have shared it. */
    @Test
    void whatAMemberHadThatLeftIsSharedWhenAnotherChangesItsProtocol() {
        var members = classicGroup();
        var a = classic();
        a.instanceId = "i";
        a.join();
        members.forEach(TestClassicConsumer::join);
        a.joined();
        members.forEach(TestClassicConsumer::joined);
        var b = members.getFirst();
        var d = members.getLast();
        b.synced(b.sync(Map.of(a.id, partitions(orders, 0), b.id, partitions(orders, 1), d.id,
                partitions(orders, 2, 3))));
        d.leave();
        var c = consumer("c");
        c.instanceId = "i";
        c.join();
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, b.beat());
        b.join().joined();
        b.sync();
        c.beat();
        assertEquals(partitions(orders, 0, 1, 2, 3), b.owned.plus(c.owned));
    }

    /** Where it may not become one there is nobody else who looks. */
    @Test
    void classicMembersOfAConsumerGroupAreToldOfNewPartitions() {
        begin(Map.of("group.consumer.migration.policy", "upgrade"));
        var c = consumer("c");
        var a = joinedBy(c);
        c.leave();
        a.join().joined();
        a.sync();
        assertEquals(ErrorCode.NONE, a.beat());
        assertEquals("consumer", groups.groups.find("g").type());
        groups.topic("orders", 5);
        groups.restartCompacted();
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, a.beat());
        a.join().joined();
        a.sync();
        assertEquals(partitions(orders, 0, 1, 2, 3, 4), a.owned);
    }

    /** It joined with the one, and the group chose another when it became classic; that is no mistake. */
    @Test
    void whoSyncsWhenTheGroupHasBecomeClassicIsToJoinAgain() {
        var c = consumer("c");
        var a = joinedBy(c);
        a.join().joined();
        c.leave();
        var other = new ClassicProtocol.Sync("g", a.asker(), "consumer", "sticky", Map.of());
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, groups.run((all, nowMs) ->
                all.classic().sync(other, nowMs)).answer().error());
    }

    @Test
    void aConsumerThatIsNotHeardOfCountsAsLeaving() {
        var classic = classicGroup();
        consumer("c").join();
        for (int i = 0; i < 9; i++) {
            groups.pass(5_000);
            if (i < 8) {
                classic.forEach(TestClassicConsumer::beat);
            }
        }
        assertEquals("classic", groups.groups.find("g").type());
        assertEquals(GroupState.PREPARING_REBALANCE, groups.groups.find("g").state());
    }

    @Test
    void withoutTheDowngradeTheGroupStaysAConsumerGroup() {
        begin(Map.of("group.consumer.migration.policy", "UPGRADE"));
        classicGroup();
        var c = consumer("c");
        c.join();
        c.leave();
        assertEquals(2, group().members().size());
        assertEquals(GroupState.ASSIGNING, group().state());
    }
}
