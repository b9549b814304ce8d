package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.Group.get;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.UnreleasedInstanceIdException;

/**
 * Groups of Apache Kafka's Java consumers, while members come, leave, die and hang: of both protocols, from
 * the one to the other and back, and over kill -9 of the broker.
 */
final class GroupChecks {
    static final int OFFSETS_PARTITIONS = 4;
    /** What the broker is started with, so that a member that says nothing may soon be taken for dead. */
    static final String[] OPTIONS = {"--group.min.session.timeout.ms=1000",
            "--group.consumer.min.session.timeout.ms=1000", "--group.consumer.min.heartbeat.interval.ms=100",
            "--group.initial.rebalance.delay.ms=0", "--offsets.topic.num.partitions=" + OFFSETS_PARTITIONS};

    /** What a group's members are set up with, by the name of its topic and of the check. */
    private static final Map<String, Map<String, Object>> PROTOCOLS = Map.of(
            "range", classic("Range"), "round-robin", classic("RoundRobin"), "sticky", classic("Sticky"),
            "cooperative-sticky", classic("CooperativeSticky"),
            "uniform", consumer("uniform"), "server-range", consumer("range"));

    /** Who does not poll for so long is put out of the group. */
    private static final int POLL_INTERVAL_MS = 5_000;
    private static final int LONG_SESSION_MS = 45_000;

    private final Report report;
    private final Broker broker;
    private final Clients clients;

    GroupChecks(Report report, Broker broker) {
        this.report = report;
        this.broker = broker;
        this.clients = new Clients(broker::address);
    }

    private static Map<String, Object> classic(String assignor) {
        return with(Group.settings("classic"), "partition.assignment.strategy",
                "org.apache.kafka.clients.consumer." + assignor + "Assignor");
    }

    private static Map<String, Object> consumer(String assignor) {
        return with(Group.settings("consumer"), "group.remote.assignor", assignor);
    }

    private static Map<String, Object> with(Map<String, Object> settings, String key, Object value) {
        var more = new HashMap<>(settings);
        more.put(key, value);
        return more;
    }

    void run() {
        for (var protocol : new TreeMap<>(PROTOCOLS).entrySet()) {
            check("members come, leave and die, a topic grows, ", protocol.getKey(),
                    group -> life(group, protocol.getValue()));
        }
        for (var protocol : List.of("range", "uniform")) {
            var settings = PROTOCOLS.get(protocol);
            check("static members, ", "static-" + protocol, group -> staticMembers(group, settings));
            check("a member hangs, ", "hangs-" + protocol, group -> hangs(group, settings));
        }
        check("topics by a pattern, ", "pattern-classic", group -> pattern(group, PROTOCOLS.get("range"),
                (consumer, listener) -> consumer.subscribe(Pattern.compile(group.name() + ".*"), listener)));
        check("topics by a pattern, ", "pattern-consumer", group -> pattern(group, PROTOCOLS.get("uniform"),
                (consumer, listener) -> consumer.subscribe(new SubscriptionPattern(group.name() + ".*"),
                        listener)));
        check("to the consumer protocol and back, ", "from-range", group -> migrate(group,
                PROTOCOLS.get("range"), () -> { }));
        check("to the consumer protocol and back, the broker is killed, ", "from-cooperative-sticky", group ->
                migrate(group, PROTOCOLS.get("cooperative-sticky"), this::restart));
        check("members come, leave and die and the broker is killed, ", "at-random", this::history);
        report.check("group: kill -9 of the broker under two groups", () ->
                Group.check(clients, "group-kill-classic", classic ->
                        Group.check(clients, "group-kill-consumer", consumer -> kill(classic, consumer))));
    }

    /** With {@code -Dseed=N}, which a failure tells, what happened then. */
    private void history(Group group) throws Exception {
        var protocols = List.of(PROTOCOLS.get("cooperative-sticky"), PROTOCOLS.get("uniform"), PROTOCOLS.get("server-range"));
        new GroupHistory(group, protocols, this::restart, Long.getLong("seed", System.nanoTime())).run();
    }

    private void check(String what, String name, Group.Check check) {
        report.check("group: " + what + name, () -> Group.check(clients, "group-" + name, group -> {
            group.feed();
            check.run(group);
        }));
    }

    /** Records are given again only where a member died before its commit. */
    private void life(Group group, Map<String, Object> settings) throws Exception {
        var one = group.join("one", settings);
        group.settles(one);
        var two = group.join("two", settings);
        var three = group.join("three", settings);
        group.settles(one, two, three);
        two.leave();
        group.settles(one, three);
        group.advances();
        group.growTo(Group.PARTITIONS + 2);
        group.settles(one, three);
        group.feed();
        group.advances();
        group.expectNothingAgain();
        one.die();
        group.settles(three);
        group.drains();
        expect(group.ledger().again() > 0, "what was not committed was not given again");
    }

    /** One that is back within its session has what it had; one that is removed is gone at once. */
    private void staticMembers(Group group, Map<String, Object> settings) throws Exception {
        boolean classic = settings.get("group.protocol").equals("classic");
        group.sessions(LONG_SESSION_MS);
        var longer = classic ? with(settings, "session.timeout.ms", LONG_SESSION_MS) : settings;
        var first = with(longer, "group.instance.id", "first");
        var second = with(longer, "group.instance.id", "second");
        var one = group.join("one", first);
        var two = group.join("two", second);
        group.settles(one, two);
        var owned = group.ledger().owned("two");
        int changes = one.changes();
        two.leave();
        two = group.join("two", second);
        group.settles(one, two);
        expectEqual(owned, group.ledger().owned("two"), "what a static member has after its restart");
        expectEqual(changes, one.changes(), "changes for the other member");
        group.advances();
        group.expectNothingAgain();

        // A second one with the same name: the classic protocol ends the first, the other refuses the second.
        if (classic) {
            one.stall();
        }
        var twin = group.join("twin", first);
        var kept = classic ? twin : one;
        var fenced = classic ? one : twin;
        if (classic) {
            group.settles(twin, two);
            group.ledger().fenced("one");
            one.resume();
        }
        Until.holds("one of two with the same name is refused", () -> "", () -> !fenced.alive());
        var refused = fenced.failure();
        expect(classic ? refused instanceof FencedInstanceIdException
                : refused instanceof UnreleasedInstanceIdException, "refused with " + refused);
        group.settles(kept, two);

        kept.leave();
        long removed = System.nanoTime();
        get(group.admin().removeMembersFromConsumerGroup(group.name(),
                new RemoveMembersFromConsumerGroupOptions(Set.of(new MemberToRemove("first")))).all());
        group.settles(two);
        long ms = (System.nanoTime() - removed) / 1_000_000;
        expect(ms < LONG_SESSION_MS / 2, "a member that was removed was there for another " + ms + " ms");
        group.drains();
    }

    /** A member that does not poll is out of the group, though it lives, and comes back once it does. */
    private void hangs(Group group, Map<String, Object> settings) throws Exception {
        var one = group.join("one", settings);
        var two = group.join("two", with(settings, "max.poll.interval.ms", POLL_INTERVAL_MS));
        group.settles(one, two);
        two.stall();
        group.settles(one);
        two.resume();
        group.settles(one, two);
        group.drains();
        group.expectNothingAgain();
    }

    private void pattern(Group group, Map<String, Object> settings, Member.Subscription subscription)
            throws Exception {
        var one = group.join("one", settings, subscription);
        group.settles(one);
        var two = group.join("two", settings, subscription);
        group.settles(one, two);
        var more = group.name() + "-more";
        group.addTopic(more, 2);
        group.settles(one, two);
        group.feed();
        group.advances();
        group.drains();
        group.expectNothingAgain();
        group.deleteTopic(more);
        group.settles(one, two);
        Until.holds("a deleted topic has no offsets", () -> "", () ->
                group.offsets().keySet().equals(group.partitions()));
    }

    /** A member of the one protocol goes, one of the other comes, until all are exchanged; and back. */
    private void migrate(Group group, Map<String, Object> settings, Report.Check halfway) throws Exception {
        var consumer = PROTOCOLS.get("uniform");
        var one = group.join("one", settings);
        var two = group.join("two", settings);
        group.settles(one, two);
        group.expectType(GroupType.CLASSIC);
        two.leave();
        var three = group.join("three", consumer);
        group.settles(one, three);
        group.expectType(GroupType.CONSUMER);
        halfway.run();
        group.advances();
        group.settles(one, three);
        one.leave();
        var four = group.join("four", consumer);
        group.settles(three, four);
        group.advances();
        three.leave();
        var five = group.join("five", settings);
        group.settles(four, five);
        group.expectType(GroupType.CONSUMER);
        four.leave();
        var six = group.join("six", settings);
        group.settles(five, six);
        group.expectType(GroupType.CLASSIC);
        group.drains();
        group.expectNothingAgain();
    }

    /** The broker's death changes nothing for members; what happens right before it is not forgotten. */
    private void kill(Group classic, Group consumer) throws Exception {
        var groups = Map.of(classic, PROTOCOLS.get("cooperative-sticky"), consumer, PROTOCOLS.get("uniform"));
        var members = new HashMap<Group, Member[]>();
        for (var group : groups.keySet()) {
            var settings = groups.get(group);
            group.feed();
            members.put(group, new Member[] {group.join("one", settings), group.join("two", settings)});
            group.settles(members.get(group));
            group.advances();
        }
        var changes = changes(members);
        restart(groups.keySet());
        for (var group : groups.keySet()) {
            group.advances();
            group.settles(members.get(group));
        }
        expectEqual(changes, changes(members), "changes of assignments by a restart of the broker");

        for (var group : groups.keySet()) {
            var two = members.get(group);
            members.put(group, new Member[] {two[0], two[1], group.join("three", groups.get(group))});
        }
        restart(groups.keySet());
        for (var group : groups.keySet()) {
            group.settles(members.get(group));
            group.advances();
            group.expectNothingAgain();
            members.get(group)[0].die();
        }
        restart(groups.keySet());
        for (var group : groups.keySet()) {
            group.settles(members.get(group)[1], members.get(group)[2]);
            group.drains();
        }
        var offsets = Map.of(classic, classic.offsets(), consumer, consumer.offsets());
        restart(groups.keySet());
        expectEqual(offsets, Map.of(classic, classic.offsets(), consumer, consumer.offsets()),
                "offsets after a restart");
    }

    private static List<Integer> changes(Map<Group, Member[]> members) {
        var changes = new ArrayList<Integer>();
        members.values().forEach(each -> List.of(each).forEach(member -> changes.add(member.changes())));
        return changes;
    }

    /** What was committed before the broker's death is found after it. */
    private void restart(Set<Group> groups) throws Exception {
        var before = new HashMap<TopicPartition, Long>();
        groups.forEach(group -> before.putAll(group.ledger().committed(group.partitions())));
        restart();
        for (var group : groups) {
            var after = group.offsets();
            for (var partition : group.partitions()) {
                expect(after.getOrDefault(partition, 0L) >= before.get(partition), partition + ": "
                        + before.get(partition) + " was committed, " + after.get(partition) + " is left of it");
            }
        }
    }

    private void restart() throws Exception {
        broker.kill();
        broker.start();
    }
}
