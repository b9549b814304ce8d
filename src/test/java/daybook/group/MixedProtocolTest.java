package daybook.group;

import static daybook.group.TestConsumer.partitions;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.group.ClassicProtocol.Join;
import daybook.group.ClassicProtocol.Joined;
import daybook.group.ClassicProtocol.Leaving;
import daybook.group.ClassicProtocol.Sync;
import daybook.group.ClassicProtocol.Terms;
import daybook.group.GroupRecord.ConsumerGroupMemberMetadata.Protocol;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/** Groups with members of both protocols, and the way from one to the other. */
class MixedProtocolTest {
    private static final String GROUP = "g";
    /** The timeouts of the classic members. */
    private static final int SESSION_MS = 10_000;
    private static final int REBALANCE_MS = 60_000;

    private TestGroups test;
    private Uuid topic;
    private TestClassicConsumer classic;
    private TestConsumer consumer;

    @BeforeEach
    void begin() {
        begin(Map.of());
    }

    private void begin(Map<String, String> settings) {
        test = new TestGroups(settings);
        topic = test.topic("t", 3);
        classic = new TestClassicConsumer(test, GROUP, "t");
        consumer = new TestConsumer(test, GROUP, "A", "t");
    }

    private Group group() {
        return test.groups.find(GROUP);
    }

    private ConsumerGroup consumerGroup() {
        return assertInstanceOf(ConsumerGroup.class, group());
    }

    /** A stable classic group of one member, that has all. */
    private void classicAlone() {
        classic.join().joined();
        var all = partitions(topic, 0, 1, 2);
        assertEquals(ErrorCode.NONE, classic.lead(all));
        assertEquals(all, classic.owned);
    }

    /** A mixed group of epoch 2, where all have what they shall: the classic member 0 and 1, A 2. */
    private void mixed() {
        classicAlone();
        consumer.join();
        classic.join().joined();
        classic.sync();
        classic.join().joined();
        classic.sync();
        consumer.beat();
        assertEquals(partitions(topic, 0, 1), classic.owned);
        assertEquals(partitions(topic, 2), consumer.owned);
        assertEquals(GroupState.STABLE, group().state());
    }

    // ---- the way up ----

    @Test
    void aConsumerComesToAClassicGroup() {
        classicAlone();
        consumer.join();
        assertEquals(2, consumer.epoch);
        assertEquals(Assignment.EMPTY, consumer.owned);
        assertEquals("consumer", group().type());
        assertEquals(ErrorCode.GROUP_ID_NOT_FOUND,
                test.run((groups, nowMs) -> groups.classic().describe(GROUP)).answer().error());

        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, classic.beat());
        assertEquals(ErrorCode.NONE, group().commitError(classic.asker(), topic, 0));
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, classic.sync());
        var joined = classic.join().joined();
        assertEquals(new Joined(ErrorCode.NONE, 1, "consumer", "range", "", false, classic.id, List.of()),
                joined);
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, classic.beat());
        assertEquals(ErrorCode.NONE, classic.sync());
        assertEquals(partitions(topic, 0, 1), classic.owned);
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, classic.beat());
        consumer.beat();
        assertEquals(Assignment.EMPTY, consumer.owned, "it is not given back yet");

        assertEquals(2, classic.join().joined().generation());
        assertEquals(ErrorCode.NONE, classic.sync());
        assertEquals(partitions(topic, 0, 1), classic.owned);
        consumer.beat();
        assertEquals(partitions(topic, 2), consumer.owned);
        assertEquals(ErrorCode.NONE, classic.beat());
        assertEquals(GroupState.STABLE, group().state());
    }

    /** A classic member that has been given an id, and no more. */
    private TestClassicConsumer second() {
        var second = new TestClassicConsumer(test, GROUP, "t");
        second.id = test.run((groups, nowMs) -> groups.classic().join(asks("", null, "t"), nowMs)).answer()
                .memberId();
        return second;
    }

    @Test
    void whoWaitsInTheClassicGroupHasToJoinAgain() {
        classicAlone();
        var second = second();
        second.join();
        assertTrue(second.joining.waits());
        consumer.join();
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, second.joined().error());
        second.join().joined();
        assertEquals(3, consumerGroup().members().size());
        assertEquals(List.of(), test.pass(SESSION_MS - 1));
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, classic.beat());
    }

    @Test
    void anIdThatWasGivenOutIsGoodInTheConsumerGroupToo() {
        classicAlone();
        var second = second();
        consumer.join();
        assertEquals(ErrorCode.NONE, second.join().joined().error());
        assertEquals(ErrorCode.NONE, second.sync());
        test.pass(SESSION_MS - 1);
        assertNotEquals(ErrorCode.UNKNOWN_MEMBER_ID, second.beat());
    }

    @Test
    void whatCannotBeWrittenLeavesTheClassicGroup() {
        classicAlone();
        test.refusal = ErrorCode.COORDINATOR_NOT_AVAILABLE;
        assertEquals(ErrorCode.COORDINATOR_NOT_AVAILABLE, consumer.join().error());
        assertEquals("classic", group().type());
        assertEquals(ErrorCode.NONE, classic.beat());
        test.refusal = ErrorCode.NONE;
        assertEquals(ErrorCode.NONE, consumer.join().error());
    }

    @Test
    void aClassicMemberThatIsSilentIsTakenOut() {
        mixed();
        for (int i = 0; i < 2; i++) {
            test.pass(SESSION_MS - 1);
            assertEquals(ErrorCode.NONE, classic.beat());
            consumer.beat();
        }
        test.pass(SESSION_MS);
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, classic.beat());
        consumer.beat();
        assertEquals(partitions(topic, 0, 1, 2), consumer.owned);
    }

    @Test
    void aClassicMemberThatDoesNotJoinAgainInTimeIsTakenOut() {
        classicAlone();
        consumer.join();
        for (int i = 0; i < REBALANCE_MS / 5_000; i++) {
            assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, classic.beat());
            consumer.beat();
            test.pass(5_000);
        }
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, classic.beat());
    }

    @Test
    void aClassicMemberThatDoesNotSyncInTimeIsTakenOut() {
        mixed();
        classic.owned = partitions(topic, 0, 1);
        classic.join().joined();
        for (int i = 0; i < REBALANCE_MS / 5_000; i++) {
            assertEquals(ErrorCode.NONE, classic.beat());
            consumer.beat();
            test.pass(5_000);
        }
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, classic.beat());
    }

    @Test
    void aSecondClassicMemberJoinsAndGetsItsShareWhenItIsFree() {
        mixed();
        var second = new TestClassicConsumer(test, GROUP, "t");
        assertEquals(3, second.join().joined().generation());
        assertEquals(22, second.id.length());
        assertEquals(ErrorCode.NONE, second.sync());
        assertEquals(Assignment.EMPTY, second.owned);
        assertEquals(ErrorCode.NONE, second.beat(), "what it is to have is not free yet");
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, classic.beat());
        classic.join().joined();
        classic.sync();
        assertEquals(ErrorCode.NONE, second.beat());
        classic.join().joined();
        classic.sync();
        assertEquals(1, classic.owned.size());
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, second.beat());
        second.join().joined();
        assertEquals(ErrorCode.NONE, second.sync());
        assertEquals(1, second.owned.size());
        assertTrue(second.owned.and(classic.owned).isEmpty());
        assertEquals(ErrorCode.NONE, second.beat());
        assertEquals(ErrorCode.NONE, classic.beat());
    }

    @Test
    void whatMembersAreRefused() {
        mixed();
        var wrong = new Asker(classic.id, null, 1);
        assertEquals(ErrorCode.ILLEGAL_GENERATION, heartbeat(wrong));
        assertEquals(ErrorCode.ILLEGAL_GENERATION, group().commitError(wrong, topic, 2));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, heartbeat(new Asker("x", null, 2)));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, heartbeat(new Asker(classic.id, "i", 2)));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, heartbeat(new Asker("A", null, 2)), "of another protocol");
        assertEquals(ErrorCode.ILLEGAL_GENERATION, sync(wrong, "consumer", "range"));
        assertEquals(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, sync(classic.asker(), "consumer", "sticky"));
        assertEquals(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, sync(classic.asker(), "connect", "range"));
        assertEquals(ErrorCode.NONE, sync(classic.asker(), null, null));

        var other = new TestClassicConsumer(test, GROUP, "t");
        other.protocol = "sticky";
        assertEquals(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, other.join().joined().error());
        assertEquals(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, join(new Join(GROUP, "", null, "connect",
                asks("", null, "t").terms(), null, true, true)));
        var malformed = new Terms("c", "/h", 1, 10_000,
                List.of(new Protocol("range", ByteBuffer.wrap(new byte[] {1}))));
        assertEquals(ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
                join(new Join(GROUP, "", null, "consumer", malformed, null, true, true)));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, join(asks("m", "i", "t")));
    }

    private ErrorCode heartbeat(Asker who) {
        return test.run((groups, nowMs) -> groups.classic().heartbeat(GROUP, who, nowMs)).answer();
    }

    private ErrorCode sync(Asker who, String type, String protocol) {
        var sync = new Sync(GROUP, who, type, protocol, Map.of());
        return test.run((groups, nowMs) -> groups.classic().sync(sync, nowMs)).answer().error();
    }

    private ErrorCode join(Join join) {
        return test.run((groups, nowMs) -> groups.classic().join(join, nowMs)).answer().error();
    }

    private Join asks(String memberId, String instanceId, String... topics) {
        var other = new TestClassicConsumer(test, GROUP, topics);
        var terms = new Terms("client", "/127.0.0.1", 60_000, 10_000,
                List.of(new Protocol("range", other.subscription())));
        return new Join(GROUP, memberId, instanceId, "consumer", terms, null, true, true);
    }

    @Test
    void aMixedGroupOutlivesARestart() {
        mixed();
        test.restartCompacted();
        assertEquals(ErrorCode.NONE, classic.beat());
        assertEquals(ErrorCode.NONE, classic.sync());
        assertEquals(partitions(topic, 0, 1), classic.owned);
        consumer.beat();
        assertEquals(ErrorCode.NONE, classic.join().joined().error());
        assertEquals(GroupState.STABLE, group().state());
    }

    @Test
    void theBoundAndThePolicyHoldForClassicMembersToo() {
        begin(Map.of("group.consumer.max.size", "1"));
        consumer.join();
        assertEquals(ErrorCode.GROUP_MAX_SIZE_REACHED, classic.join().joined().error());
        begin(Map.of("group.consumer.migration.policy", "Disabled"));
        consumer.join();
        assertEquals(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, classic.join().joined().error());
    }

    @Test
    void theUpgradeIsWholeWhenTheLastClassicMemberLeaves() {
        mixed();
        assertEquals(ErrorCode.NONE, classic.leave());
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, classic.leave());
        consumer.beat();
        assertEquals(3, consumer.epoch);
        assertEquals(partitions(topic, 0, 1, 2), consumer.owned);
    }

    // ---- the way down ----

    @Test
    void whenTheLastConsumerLeavesTheGroupIsClassicAndItsMembersJoin() {
        mixed();
        consumer.leave();
        test.pass(0);
        assertEquals("classic", group().type());
        assertEquals(GroupState.PREPARING_REBALANCE, group().state());
        assertNotEquals(ErrorCode.NONE, classic.beat());
        var joined = classic.join().joined();
        assertEquals(classic.id, joined.leader());
        var all = partitions(topic, 0, 1, 2);
        assertEquals(ErrorCode.NONE, classic.lead(all));
        assertEquals(all, classic.owned);
        test.restart();
        assertEquals(ErrorCode.NONE, classic.beat());
        assertEquals("classic", group().type());
    }

    @Test
    void aClassicMemberThatDoesNotComeAfterTheWayDownIsGivenUp() {
        mixed();
        consumer.leave();
        test.pass(SESSION_MS);
        assertEquals(GroupState.EMPTY, group().state());
        assertEquals("classic", group().type());
    }

    @Test
    void theWayDownThatCannotBeWrittenIsNotGone() {
        mixed();
        test.refusal = ErrorCode.COORDINATOR_NOT_AVAILABLE;
        consumer.leave();
        test.pass(0);
        assertEquals("consumer", group().type());
        assertEquals(ErrorCode.NONE, classic.beat());
        test.refusal = ErrorCode.NONE;
        consumer.leave();
        assertEquals("classic", group().type());
    }

    @Test
    void anOperatorMayHaveMembersOfBothProtocolsLeaveAtOnce() {
        mixed();
        var leaving = List.of(new Leaving("A", null, null), new Leaving(classic.id, null, null),
                new Leaving("A", null, null), new Leaving("x", null, null), new Leaving("", "i", null));
        var left = test.run((groups, nowMs) -> groups.classic().leave(GROUP, leaving, nowMs)).answer();
        assertEquals(List.of(ErrorCode.NONE, ErrorCode.NONE, ErrorCode.UNKNOWN_MEMBER_ID,
                ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.UNKNOWN_MEMBER_ID), left.errors());
        assertEquals(GroupState.EMPTY, group().state());
        assertEquals("consumer", group().type());
    }

    // ---- static members ----

    @Test
    void aStaticMemberChangesItsProtocolAndBack() {
        classic.instanceId = "i";
        classicAlone();
        consumer.instanceId = "i";
        consumer.join();
        assertEquals(partitions(topic, 0, 1, 2), consumer.owned);
        assertEquals(ErrorCode.FENCED_INSTANCE_ID, classic.beat());
        consumer.goAway();

        var back = new TestClassicConsumer(test, GROUP, "t");
        back.instanceId = "i";
        var joined = back.join().joined();
        assertEquals(ErrorCode.NONE, joined.error());
        assertEquals("", joined.leader());
        test.pass(0);
        assertEquals("classic", group().type());
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, back.sync(), "somebody has to lead");
        assertEquals(back.id, back.join().joined().leader());
        assertEquals(ErrorCode.NONE, back.lead(partitions(topic, 0, 1, 2)));
        assertEquals(ErrorCode.NONE, back.beat());
        test.pass(SESSION_MS);
        assertEquals(GroupState.EMPTY, group().state(), "its session began");
    }

    /** Not what the last one to come likes best, which the others may not know. */
    @Test
    void whoMakesTheGroupClassicIsToldWhatAllSupport() {
        consumer.instanceId = "i";
        classicAlone();
        consumer.join();
        var subscription = classic.subscription();
        var asked = new Join(GROUP, "", "i", "consumer", new Terms("c", "/127.0.0.1", REBALANCE_MS, SESSION_MS,
                List.of(new Protocol("sticky", subscription), new Protocol("range", subscription))), null,
                false, true);
        var joined = test.run((groups, nowMs) -> groups.classic().join(asked, nowMs)).answer();
        assertEquals("classic", group().type());
        assertEquals("range", joined.protocol());
    }

    @Test
    void aStaticMemberThatIsRestartedInAMixedGroupKeepsWhatItHas() {
        classic.instanceId = "i";
        mixed();
        var back = new TestClassicConsumer(test, GROUP, "t");
        back.instanceId = "i";
        back.owned = Assignment.EMPTY;
        assertEquals(2, back.join().joined().generation());
        assertNotEquals(classic.id, back.id);
        assertEquals(ErrorCode.NONE, back.sync());
        assertEquals(partitions(topic, 0, 1), back.owned);
        assertEquals(ErrorCode.FENCED_INSTANCE_ID, classic.beat());
        assertEquals(ErrorCode.FENCED_INSTANCE_ID, classic.join().joined().error());
        assertEquals(ErrorCode.NONE, back.leave());
        consumer.beat();
        assertEquals(3, consumer.owned.size());
    }

    // ---- empty groups ----

    @Test
    void anEmptyGroupIsTheKindOfWhoComesNext() {
        consumer.join();
        consumer.leave();
        assertEquals("consumer", group().type());
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, join(asks("m", null, "t")));
        test.refusal = ErrorCode.COORDINATOR_NOT_AVAILABLE;
        assertEquals(ErrorCode.COORDINATOR_NOT_AVAILABLE,
                test.run((groups, nowMs) -> groups.classic().join(asks("", null, "t"), nowMs)).error());
        assertEquals("consumer", group().type());
        test.refusal = ErrorCode.NONE;
        assertEquals(1, classic.join().joined().generation());
        assertEquals("classic", group().type());
        test.restartCompacted();
        assertNull(group(), "it has never been stable");

        classic = new TestClassicConsumer(test, GROUP, "t");
        classicAlone();
        assertEquals(ErrorCode.NONE, classic.leave());
        assertEquals(ErrorCode.NONE, consumer.join().error());
        assertEquals(partitions(topic, 0, 1, 2), consumer.owned);
        test.restartCompacted();
        assertEquals("consumer", group().type());
        assertFalse(consumerGroup().members().isEmpty());
    }
}
