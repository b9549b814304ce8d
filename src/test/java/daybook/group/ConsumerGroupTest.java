package daybook.group;

import static daybook.group.TestConsumer.partitions;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.catalog.ConfigResource;
import daybook.group.ConsumerProtocol.Answer;
import daybook.group.ConsumerProtocol.Described;
import daybook.group.GroupRecord.ConsumerGroupMemberMetadata;
import daybook.group.GroupRecord.ConsumerGroupMetadata;
import daybook.group.GroupRecord.CurrentMemberAssignment;
import daybook.group.GroupRecord.RegularExpression;
import daybook.group.GroupRecord.TargetAssignmentMember;
import daybook.group.GroupRecord.TargetAssignmentMetadata;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The rules of the consumer protocol, one by one, each also after a restart where it rests on what is kept.
 */
class ConsumerGroupTest {
    private final TestGroups groups = new TestGroups();
    private final Uuid orders = groups.topic("orders", 4);

    private TestConsumer member(String id, String... topics) {
        return new TestConsumer(groups, "g", id, topics.length == 0 ? new String[] {"orders"} : topics);
    }

    private Described described() {
        return groups.run((all, nowMs) -> all.consumer().describe("g")).answer();
    }

    private ConsumerGroup group() {
        return (ConsumerGroup) groups.groups.find("g");
    }

    private ErrorCode commitError(String memberId, int epoch, int partition) {
        return group().commitError(new Asker(memberId, null, epoch), orders, partition);
    }

    private static void assertRefused(ErrorCode error, String message, Answer answer) {
        assertEquals(error, answer.error());
        assertEquals(message, answer.message());
        assertNull(answer.memberId());
        assertNull(answer.assignment());
    }

    @Test
    void theFirstMemberGetsAllAndTheRecordsAreInKafkasOrder() {
        var a = member("a");
        var answer = a.join();
        assertEquals(new Answer(ErrorCode.NONE, null, "a", 1, 5_000, partitions(orders, 0, 1, 2, 3)), answer);
        assertEquals(List.of(ConsumerGroupMemberMetadata.class, ConsumerGroupMetadata.class,
                TargetAssignmentMember.class, TargetAssignmentMetadata.class, CurrentMemberAssignment.class),
                a.records.stream().map(Object::getClass).toList());
        assertEquals(GroupState.STABLE, group().state());
    }

    @Test
    void aHeartbeatThatChangesNothingWritesNothingAndTellsNothing() {
        var a = member("a");
        a.join();
        for (var answer : List.of(a.beat(), a.quiet())) {
            assertEquals(new Answer(ErrorCode.NONE, null, "a", 1, 5_000, null), answer);
            assertEquals(List.of(), a.records);
        }
        assertEquals(partitions(orders, 0, 1, 2, 3), a.whole().assignment(), "asked whole, answered whole");
        assertEquals(List.of(), a.records);
    }

    @Test
    void aPartitionIsGivenBackBeforeAnotherGetsIt() {
        var a = member("a");
        var b = member("b");
        a.join();
        var first = b.join();
        assertEquals(2, first.epoch());
        assertEquals(Assignment.EMPTY, first.assignment(), "all is taken yet");
        assertEquals(GroupState.RECONCILING, group().state());
        var revoking = a.beat();
        assertEquals(1, revoking.epoch(), "stays in its epoch until it has given back");
        assertEquals(2, revoking.assignment().size());
        assertNull(b.beat().assignment(), "a has not said yet that it gave back");
        groups.restart();
        assertNull(b.beat().assignment());
        assertEquals(2, a.beat().epoch());
        assertEquals(2, b.beat().assignment().size());
        assertTrue(a.owned.and(b.owned).isEmpty());
        assertEquals(GroupState.STABLE, group().state());
    }

    @Test
    void whoStillNamesWhatItHasToGiveBackDoesNotGoOn() {
        var a = member("a");
        var b = member("b");
        a.join();
        b.join();
        var all = a.owned;
        a.beat();
        var kept = a.owned;
        a.owned = all;
        assertEquals(1, a.beat().epoch());
        assertEquals(List.of(), a.records);
        assertEquals(1, a.quiet().epoch(), "who says nothing has not given back");
        a.owned = kept;
        assertEquals(2, a.beat().epoch());
    }

    /**
     * Its last answer may have come after it sent this, and it takes all of that before it reads the next.
     */
    @Test
    void whoHasNotTakenYetWhatItWasGivenHasNotGivenItBack() {
        var a = member("a");
        var b = member("b");
        a.join();
        b.join();
        a.owned = Assignment.EMPTY;
        assertEquals(2, a.beat().assignment().size());
        assertEquals(1, a.epoch);
        assertNull(b.beat().assignment());
        assertEquals(2, a.beat().epoch());
        assertEquals(2, b.beat().assignment().size());
    }

    /** Nor where it was told so, and the answer was lost: then it tells all. */
    @Test
    void whoWasNotReachedHasNotGivenItBack() {
        var a = member("a");
        var b = member("b");
        a.join();
        b.join();
        a.send(1, -1, null, null, Assignment.EMPTY);
        a.owned = Assignment.EMPTY;
        var again = a.take(a.whole());
        assertEquals(2, again.assignment().size());
        assertEquals(1, again.epoch());
        assertNull(b.beat().assignment());
        assertEquals(2, a.take(a.whole()).epoch(), "it has taken what it keeps");
        assertEquals(2, b.beat().assignment().size());
    }

    @Test
    void aMemberThatDoesNotGiveBackIsTakenOut() {
        var a = member("a");
        var b = member("b");
        a.rebalanceTimeoutMs = 20_000;
        a.join();
        b.join();
        a.beat();
        for (int i = 0; i < 3; i++) {
            groups.pass(6_000);
            a.quiet();
            b.beat();
        }
        assertNotNull(group().member("a"));
        groups.pass(2_000);
        assertNull(group().member("a"));
        assertRefused(ErrorCode.UNKNOWN_MEMBER_ID, "Member a is not a member of group g.", a.beat());
        assertEquals(partitions(orders, 0, 1, 2, 3), b.beat().assignment());
    }

    @Test
    void afterARestartAMemberHasItsWholeTimeToGiveBack() {
        var a = member("a");
        a.rebalanceTimeoutMs = 20_000;
        a.join();
        member("b").join();
        a.beat();
        groups.pass(15_000);
        a.quiet();
        groups.restart();
        groups.pass(19_999);
        assertNotNull(group().member("a"));
        groups.pass(1);
        assertNull(group().member("a"));
    }

    @Test
    void whoIsNotHeardOfIsTakenOutAfterItsSession() {
        var a = member("a");
        var b = member("b");
        a.join();
        b.join();
        groups.pass(30_000);
        b.beat();
        groups.pass(14_999);
        assertNotNull(group().member("a"));
        groups.pass(1);
        assertNull(group().member("a"));
        assertNotNull(group().member("b"));
        assertEquals(3, group().epoch());
        assertEquals(GroupState.ASSIGNING, group().state());
        assertEquals(partitions(orders, 0, 1, 2, 3), b.beat().assignment());
        groups.restart();
        assertNull(group().member("a"));
        groups.pass(45_000);
        assertEquals(GroupState.EMPTY, group().state());
    }

    @Test
    void theTimeoutsOfTheGroupsConfigurationCount() {
        groups.configure(new ConfigResource(ConfigResource.Type.GROUP, "g"),
                Map.of("consumer.session.timeout.ms", "50000", "consumer.heartbeat.interval.ms", "7000"));
        assertEquals(7_000, member("a").join().intervalMs());
        groups.pass(49_999);
        assertNotNull(group().member("a"));
        groups.pass(1);
        assertNull(group().member("a"));
    }

    @Test
    void whatCannotBeWrittenHasNotHappened() {
        var a = member("a");
        groups.refusal = ErrorCode.COORDINATOR_NOT_AVAILABLE;
        assertEquals(ErrorCode.COORDINATOR_NOT_AVAILABLE, a.join().error());
        assertNull(groups.groups.find("g"));
        groups.refusal = ErrorCode.NONE;
        a.join();
        groups.topic("orders", 5);
        groups.refusal = ErrorCode.COORDINATOR_NOT_AVAILABLE;
        assertEquals(ErrorCode.COORDINATOR_NOT_AVAILABLE, a.beat().error());
        groups.pass(60_000);
        assertNotNull(group().member("a"), "nobody is taken out whose end cannot be written");
        groups.refusal = ErrorCode.NONE;
        assertEquals(5, a.beat().assignment().size(), "the new partition is found all the same");
        groups.pass(45_000);
        assertEquals(GroupState.EMPTY, group().state());
    }

    @Test
    void whoLeavesIsGoneAndTheEmptyGroupKeepsItsEpoch() {
        var a = member("a");
        a.join();
        assertEquals(new Answer(ErrorCode.NONE, null, "a", -1, 0, null), a.leave());
        assertEquals(List.of(CurrentMemberAssignment.class, TargetAssignmentMember.class,
                ConsumerGroupMemberMetadata.class, ConsumerGroupMetadata.class),
                a.records.stream().map(Object::getClass).toList());
        assertEquals(GroupState.EMPTY, group().state());
        groups.restart();
        assertEquals(GroupState.EMPTY, group().state());
        assertEquals(2, group().epoch());
        assertRefused(ErrorCode.UNKNOWN_MEMBER_ID, "Member a is not a member of group g.", a.leave());
        assertEquals(3, a.join().epoch());
    }

    @Test
    void theGroupsEndLeavesNothing() {
        member("a").join();
        var b = member("b");
        b.regex = "o.*";
        b.join();
        groups.pass(45_000);
        groups.run((all, nowMs) -> all.delete("g")).answer();
        assertNull(groups.groups.find("g"));
        groups.restartCompacted();
        assertNull(groups.groups.find("g"));
    }

    @Test
    void unknownGroupsAndMembers() {
        var a = member("a");
        a.epoch = 3;
        assertRefused(ErrorCode.GROUP_ID_NOT_FOUND, "Consumer group g not found.", a.beat());
        assertRefused(ErrorCode.GROUP_ID_NOT_FOUND, "Group g not found.", a.leave());
        member("b").join();
        assertRefused(ErrorCode.UNKNOWN_MEMBER_ID, "Member a is not a member of group g.", a.beat());
        a.instanceId = "i";
        assertRefused(ErrorCode.UNKNOWN_MEMBER_ID, "Instance id i is unknown.", a.beat());
        assertRefused(ErrorCode.UNKNOWN_MEMBER_ID, "Instance id i is unknown.", a.goAway());
    }

    @Test
    void epochsThatAreFencedAndTheOneThatIsNot() {
        var a = member("a");
        var b = member("b");
        a.join();
        a.epoch = 2;
        assertRefused(ErrorCode.FENCED_MEMBER_EPOCH, "The consumer group member has a greater member epoch (2)"
                + " than the one known by the group coordinator (1). The member must abandon all its partitions"
                + " and rejoin.", a.beat());
        a.epoch = 1;
        b.join();
        a.beat();
        a.beat();
        assertEquals(2, a.epoch);
        groups.restart();
        assertEquals(2, a.send(1, -1, null, null, a.owned).epoch(), "the answer with epoch 2 was lost");
        assertEquals(2, a.send(1, -1, null, null, a.owned).epoch(), "and once more");
        var message = "The consumer group member has a smaller member epoch (1) than the one known by the"
                + " group coordinator (2). The member must abandon all its partitions and rejoin.";
        assertRefused(ErrorCode.FENCED_MEMBER_EPOCH, message, a.send(1, -1, null, null, null));
        assertRefused(ErrorCode.FENCED_MEMBER_EPOCH, message,
                a.send(1, -1, null, null, partitions(orders, 0, 1, 2, 3)));
        assertEquals(2, a.join().epoch(), "who joins again is the member that it was");
        assertEquals(2, a.owned.size());
    }

    @Test
    void requestsThatMakeNoSense() {
        var a = member("a");
        a.epoch = -3;
        assertRefused(ErrorCode.INVALID_REQUEST, "MemberEpoch is invalid.", a.beat());
        a.epoch = 0;
        assertRefused(ErrorCode.INVALID_REQUEST, "RebalanceTimeoutMs must be provided in first request.",
                a.send(0, -1, a.topics, null, Assignment.EMPTY));
        assertRefused(ErrorCode.INVALID_REQUEST, "TopicPartitions must be empty when (re-)joining.",
                a.send(0, 1, a.topics, null, null));
        assertRefused(ErrorCode.INVALID_REQUEST, "TopicPartitions must be empty when (re-)joining.",
                a.send(0, 1, a.topics, null, partitions(orders, 0)));
        assertRefused(ErrorCode.INVALID_REQUEST, "Either SubscribedTopicNames or SubscribedTopicRegex must be"
                + " non-null when (re-)joining.", a.send(0, 1, null, null, Assignment.EMPTY));
        assertRefused(ErrorCode.INVALID_REQUEST, "InstanceId can't be null.", a.goAway());
        a.instanceId = " ";
        assertRefused(ErrorCode.INVALID_REQUEST, "InstanceId can't be empty.", a.join());
        a.instanceId = null;
        a.rackId = "";
        assertRefused(ErrorCode.INVALID_REQUEST, "RackId can't be empty.", a.join());
        a.rackId = null;
        a.assignor = "mine";
        assertRefused(ErrorCode.UNSUPPORTED_ASSIGNOR,
                "ServerAssignor mine is not supported. Supported assignors: uniform, range.", a.join());
        assertRefused(ErrorCode.INVALID_REQUEST, "GroupId can't be empty.",
                new TestConsumer(groups, "", "a", "orders").join());
        assertRefused(ErrorCode.INVALID_REQUEST, "MemberId can't be empty.", member("").join());
        assertNull(groups.groups.find("g"));
    }

    @Test
    void inVersion0TheBrokerMakesTheMemberId() {
        var a = member("");
        a.version = 0;
        var id = a.join().memberId();
        assertEquals(22, id.length());
        assertNotNull(group().member(id));
        a.epoch = 1;
        assertRefused(ErrorCode.INVALID_REQUEST, "MemberId can't be empty.", a.beat());
    }

    @Test
    void aFullGroupTakesNobody() {
        var full = new TestGroups(Map.of("group.consumer.max.size", "1"));
        full.topic("orders", 1);
        var a = new TestConsumer(full, "g", "a", "orders");
        a.join();
        assertRefused(ErrorCode.GROUP_MAX_SIZE_REACHED,
                "The consumer group has reached its maximum capacity of 1 members.",
                new TestConsumer(full, "g", "b", "orders").join());
        assertEquals(ErrorCode.NONE, a.join().error());
    }

    @Test
    void aStaticMemberThatWentAwayComesBackToWhatItHad() {
        var a = member("a");
        var b = member("b");
        a.instanceId = "i";
        a.join();
        b.join();
        a.beat();
        a.beat();
        b.beat();
        var had = a.owned;
        assertEquals(new Answer(ErrorCode.NONE, null, "a", -2, 0, null), a.goAway());
        assertEquals(2, group().epoch(), "nobody else moves");
        groups.restart();
        var again = member("a2");
        again.instanceId = "i";
        var answer = again.join();
        assertEquals(had, answer.assignment());
        assertEquals(2, answer.epoch());
        assertEquals(2, group().epoch());
        assertNull(group().member("a"));
        assertRefused(ErrorCode.FENCED_INSTANCE_ID,
                "Static member a with instance id i was fenced by member a2.", a.beat());
        groups.restartCompacted();
        assertEquals(had, group().member("a2").assigned());
        assertEquals(GroupState.STABLE, group().state());
    }

    @Test
    void aStaticMemberThatDoesNotComeBackIsTakenOutAfterItsSession() {
        var a = member("a");
        a.instanceId = "i";
        a.join();
        groups.pass(10_000);
        a.goAway();
        groups.pass(34_999);
        assertNotNull(group().instance("i"));
        groups.pass(1);
        assertNull(group().instance("i"));
        assertEquals(GroupState.EMPTY, group().state());
    }

    /** As a consumer does that takes back its subscription and subscribes again. */
    @Test
    void aStaticMemberThatComesBackWithItsOldIdIsHeardOfOrTakenOut() {
        var a = member("a");
        a.instanceId = "i";
        a.join();
        a.goAway();
        assertEquals(ErrorCode.NONE, a.join().error());
        assertEquals(4, a.owned.size());
        groups.pass(44_999);
        assertNotNull(group().instance("i"));
        groups.pass(1);
        assertNull(group().instance("i"));
    }

    @Test
    void anInstanceIdIsTakenUntilItsMemberHasLeft() {
        var a = member("a");
        a.instanceId = "i";
        a.join();
        var b = member("b");
        b.instanceId = "i";
        assertRefused(ErrorCode.UNRELEASED_INSTANCE_ID, "Static member b with instance id i cannot join the"
                + " group because the instance id is owned by a member.", b.join());
        a.leave();
        assertEquals(ErrorCode.NONE, b.join().error());
        assertRefused(ErrorCode.FENCED_INSTANCE_ID,
                "Static member a with instance id i was fenced by member b.", a.leave());
    }

    @Test
    void aStaticMemberComesBackWithOtherTopics() {
        var bills = groups.topic("bills", 1);
        var a = member("a");
        a.instanceId = "i";
        a.join();
        a.goAway();
        var again = member("a2", "bills");
        again.instanceId = "i";
        assertEquals(partitions(bills, 0), again.join().assignment());
        assertEquals(2, group().epoch());
    }

    @Test
    void otherTopicsAreAnotherEpoch() {
        var bills = groups.topic("bills", 2);
        var a = member("a");
        a.join();
        var answer = a.take(a.send(1, -1, List.of("bills", "bills"), null, a.owned));
        assertEquals(2, group().epoch());
        assertEquals(1, answer.epoch());
        assertEquals(Assignment.EMPTY, answer.assignment());
        answer = a.beat();
        assertEquals(partitions(bills, 0, 1), answer.assignment());
        assertEquals(2, answer.epoch());
        assertFalse(group().subscribes("orders"));
        assertTrue(group().subscribes("bills"));
    }

    @Test
    void otherThingsToldAreNotAnotherEpoch() {
        var a = member("a");
        a.join();
        a.rackId = "r";
        a.assignor = "range";
        a.rebalanceTimeoutMs = 1;
        a.whole();
        assertEquals(List.of(ConsumerGroupMemberMetadata.class),
                a.records.stream().map(Object::getClass).toList());
        assertEquals(1, group().epoch());
        assertEquals("range", described().assignor());
        a.quiet();
        assertEquals("r", group().member("a").told().rackId(), "what is left out is as it was");
    }

    @Test
    void newPartitionsAndTopicsAreFoundWithTheNextHeartbeat() {
        var a = member("a", "orders", "later");
        a.join();
        groups.topic("other", 1);
        assertNull(a.beat().assignment());
        assertEquals(List.of(), a.records);
        groups.topic("orders", 6);
        assertEquals(6, a.beat().assignment().size());
        assertEquals(2, group().epoch());
        groups.restart();
        a.beat();
        assertEquals(List.of(), a.records, "what was seen before the restart is not new");
        groups.topic("later", 2);
        assertEquals(8, a.beat().assignment().size());
        groups.deleteTopic("orders");
        a.beat();
        assertEquals(2, a.owned.size());
    }

    /** The catalog changes after the first look of a heartbeat at it, after the second, and so on. */
    @Test
    void aTopicThatComesDuringAHeartbeatIsFoundWithTheNextOne() {
        var a = member("a");
        a.topics = null;
        a.regex = "log-.*";
        a.join();
        for (int number = 1; number <= 6; number++) {
            var looks = new AtomicInteger();
            int last = number;
            groups.looked = () -> {
                if (looks.incrementAndGet() == last) {
                    groups.topic("log-" + last, 1);
                }
            };
            groups.topic("other-" + number, 1);
            a.beat();
            groups.looked = () -> { };
            if (looks.get() < number) {
                groups.topic("log-" + number, 1);
            }
            a.beat();
            assertEquals(number, a.owned.size());
        }
    }

    @Test
    void aRegularExpressionFollowsTheTopics() {
        groups.topic("log-a", 1);
        groups.topic("blog-a", 1);
        var a = member("a");
        var b = member("b");
        a.topics = null;
        b.topics = null;
        a.regex = "log-.";
        b.regex = "log-.";
        a.join();
        assertEquals(1, a.owned.size());
        assertEquals(List.of(ConsumerGroupMemberMetadata.class, RegularExpression.class,
                ConsumerGroupMetadata.class, TargetAssignmentMember.class, TargetAssignmentMetadata.class,
                CurrentMemberAssignment.class), a.records.stream().map(Object::getClass).toList());
        b.join();
        assertFalse(b.records.stream().anyMatch(RegularExpression.class::isInstance), "they share it");
        groups.topic("log-b", 1);
        a.beat();
        b.beat();
        assertEquals(2, a.owned.size() + b.owned.size());
        groups.restart();
        b.beat();
        assertEquals(List.of(), b.records);
        assertTrue(group().subscribes("log-b"));
        groups.deleteTopic("log-a");
        groups.deleteTopic("log-b");
        a.beat();
        b.beat();
        assertEquals(0, a.owned.size() + b.owned.size());
        a.leave();
        assertEquals(1, group().expressions().size());
        b.leave();
        assertEquals(0, group().expressions().size());
        groups.restartCompacted();
        assertEquals(0, group().expressions().size());
    }

    @Test
    void anotherExpressionOrNoneIsAnotherSubscription() {
        groups.topic("log-a", 1);
        var a = member("a");
        a.regex = "log-.";
        a.join();
        assertEquals(5, a.owned.size(), "by name and by expression");
        a.take(a.send(1, -1, null, "nothing", a.owned));
        a.beat();
        assertEquals(partitions(orders, 0, 1, 2, 3), a.owned);
        assertEquals(List.of("nothing"), List.copyOf(group().expressions().keySet()));
        a.take(a.send(a.epoch, -1, null, "", a.owned));
        assertEquals(3, group().epoch());
        assertEquals(List.of(), List.copyOf(group().expressions().keySet()));
    }

    @Test
    void anExpressionThatIsNoneIsRefused() {
        var a = member("a");
        a.regex = "(";
        var answer = a.join();
        assertEquals(ErrorCode.INVALID_REGULAR_EXPRESSION, answer.error());
        assertTrue(answer.message().startsWith("SubscribedTopicRegex `(` is not a valid regular expression: "),
                answer.message());
        assertNull(groups.groups.find("g"));
    }

    /** Some 10,000 steps for each character of a name. */
    private static final String SLOW = "(?:.?.?.?.?.?){999}";

    private List<String> longTopics(int count) {
        var names = new ArrayList<String>();
        for (int i = 0; i < count; i++) {
            names.add("x".repeat(240) + i);
            groups.topic(names.getLast(), 1);
        }
        return names;
    }

    @Test
    void anExpressionThatTakesTooLongIsRefused() {
        longTopics(5);
        var a = member("a");
        a.regex = SLOW;
        var answer = a.join();
        assertEquals(ErrorCode.INVALID_REGULAR_EXPRESSION, answer.error());
        assertEquals("SubscribedTopicRegex `" + SLOW + "` takes too long to match with the names of all"
                + " topics.", answer.message());
        assertNull(groups.groups.find("g"));
        a.regex = "x.*0";
        assertEquals(ErrorCode.NONE, a.join().error());
        assertEquals(ErrorCode.INVALID_REGULAR_EXPRESSION, a.send(1, -1, null, SLOW, a.owned).error());
        assertEquals(List.of(), a.records);
        assertEquals(Set.of("x.*0"), group().expressions().keySet());
    }

    @Test
    void anExpressionThatTakesTooLongByNowKeepsWhatItHad() {
        var a = member("a");
        a.topics = null;
        a.regex = SLOW;
        assertEquals(ErrorCode.NONE, a.join().error());
        assertEquals(partitions(orders, 0, 1, 2, 3), a.owned);
        longTopics(5);
        assertEquals(ErrorCode.NONE, a.beat().error());
        assertEquals(List.of(), a.records);
        assertTrue(group().hasSeen(groups.image), "it is not tried again and again");
        a.join();
        assertEquals(partitions(orders, 0, 1, 2, 3), a.owned, "nor is it refused");
    }

    @Test
    void oneHeartbeatMatchesSomeExpressionsAndTheNextTheOthers() {
        var members = new ArrayList<TestConsumer>();
        for (int i = 0; i < 5; i++) {
            var member = member("m" + i);
            member.topics = null;
            member.regex = SLOW + "|" + i;
            member.join();
            members.add(member);
        }
        var name = longTopics(2).getLast();
        var counts = new ArrayList<Long>();
        for (int i = 0; i < 3; i++) {
            members.get(i).beat();
            counts.add(group().expressions().values().stream()
                    .filter(each -> each.topics().contains(name)).count());
        }
        assertEquals(List.of(3L, 5L, 5L), counts);
        assertTrue(group().hasSeen(groups.image));
    }

    @Test
    void mostMembersChooseTheAssignor() {
        var members = new ArrayList<TestConsumer>();
        for (var id : List.of("a", "b", "c")) {
            var member = member(id);
            member.assignor = id.equals("a") ? "uniform" : "range";
            member.join();
            members.add(member);
        }
        assertEquals("range", described().assignor());
        members.get(2).leave();
        members.get(1).leave();
        assertEquals("uniform", described().assignor());
        members.get(0).leave();
        assertEquals("uniform", described().assignor(), "the first that is configured");
    }

    @Test
    void commitsAndFetchesOfOldEpochs() {
        var a = member("a");
        var b = member("b");
        a.join();
        assertEquals(ErrorCode.NONE, commitError("a", 1, 0));
        assertEquals(ErrorCode.STALE_MEMBER_EPOCH, commitError("a", 2, 0));
        assertEquals(ErrorCode.UNSUPPORTED_VERSION,
                group().commitError(new Asker("a", null, 1, false), orders, 0));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, commitError("x", 1, 0));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, commitError("", -1, 0));
        b.join();
        a.beat();
        int pending = group().member("a").pending().topics().get(orders).getFirst();
        int kept = a.owned.topics().get(orders).getFirst();
        a.beat();
        b.beat();
        groups.restart();
        assertEquals(ErrorCode.NONE, commitError("a", 1, kept), "had it since epoch 1");
        assertEquals(ErrorCode.STALE_MEMBER_EPOCH, commitError("a", 1, pending), "b's now");
        assertEquals(ErrorCode.STALE_MEMBER_EPOCH, commitError("b", 1, pending), "b has it since epoch 2");
        assertEquals(ErrorCode.NONE, commitError("b", 2, pending));
        assertEquals(ErrorCode.NONE, group().fetchError(new Asker("a", null, 2)));
        assertEquals(ErrorCode.STALE_MEMBER_EPOCH, group().fetchError(new Asker("a", null, 1)));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, group().fetchError(new Asker("x", null, 1)));
        assertEquals(ErrorCode.NONE, group().fetchError(new Asker(null, null, -1)), "of nobody");
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, group().fetchError(new Asker("", null, -1)));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, group().fetchError(new Asker(null, null, 1)));
        a.leave();
        b.leave();
        assertEquals(ErrorCode.NONE, commitError("", -1, 0), "an empty group takes those of others");
    }

    @Test
    void whatIsPendingCanStillBeCommitted() {
        var a = member("a");
        a.join();
        member("b").join();
        a.beat();
        int pending = group().member("a").pending().topics().get(orders).getFirst();
        assertEquals(ErrorCode.NONE, commitError("a", 1, pending));
    }

    @Test
    void aGroupIsDescribed() {
        var a = member("a");
        a.rackId = "r";
        a.join();
        member("b").join();
        a.beat();
        var described = described();
        assertEquals(List.of("a", "b"),
                described.members().stream().map(ConsumerProtocol.DescribedMember::id).toList());
        var member = described.members().getFirst();
        assertEquals(GroupState.RECONCILING, described.state());
        assertEquals(2, described.epoch());
        assertEquals(2, described.targetEpoch());
        assertEquals(1, member.epoch());
        assertEquals(partitions(orders, 0, 1, 2, 3), member.assigned(), "with what is not given back yet");
        assertEquals(2, member.target().size());
        assertEquals("r", member.rackId());
        assertFalse(member.classic());
        assertEquals(Described.refused("", ErrorCode.INVALID_GROUP_ID, null),
                groups.run((all, nowMs) -> all.consumer().describe("")).answer());
        assertEquals(Described.refused("x", ErrorCode.GROUP_ID_NOT_FOUND, "Group x not found."),
                groups.run((all, nowMs) -> all.consumer().describe("x")).answer());
    }

    @Test
    void recordsOfACompactedLogComeInAnotherOrder() {
        var a = member("a");
        var b = member("b");
        a.join();
        b.join();
        for (int i = 0; i < 3; i++) {
            a.beat();
            b.beat();
        }
        a.rackId = "r";
        a.whole();
        var before = described();
        groups.restartCompacted();
        assertEquals(before, described());
        assertNull(a.beat().assignment());
        assertEquals(List.of(), a.records);
        assertEquals(ErrorCode.NONE, commitError("a", 1, a.owned.topics().get(orders).getFirst()));
    }

    @Test
    void anEmptyClassicGroupBecomesAConsumerGroup() {
        var commit = new Offsets.Commit("orders", orders, 0, 5, -1, "");
        groups.run((all, nowMs) ->
                all.offsets().commit("g", new Asker("", null, -1), -1, List.of(commit), nowMs));
        assertEquals("classic", groups.groups.find("g").type());
        assertEquals(ErrorCode.NONE, member("a").join().error());
        assertEquals("consumer", groups.groups.find("g").type());
        groups.restart();
        assertEquals("consumer", groups.groups.find("g").type());
        assertEquals(1, groups.groups.offsets().partitions("g").size());
        groups.restartCompacted();
        assertEquals("consumer", groups.groups.find("g").type());
    }
}
