package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.Group.get;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.UnreleasedInstanceIdException;

/**
 * Groups of Apache Kafka's Java consumers, while members come, leave, die and hang: of both protocols, from
 * the one to the other and back, and over kill -9 of the broker.
 */
final class GroupChecks {
    /** What the broker is started with, so that a member that says nothing may soon be taken for dead. */
    static final String[] OPTIONS = {"--group.min.session.timeout.ms=1000",
            "--group.consumer.min.session.timeout.ms=1000", "--group.consumer.min.heartbeat.interval.ms=100",
            "--group.initial.rebalance.delay.ms=0", "--offsets.topic.num.partitions=4"};

    /** What a group's members are set up with, by the name of its topic and of the check. */
    private static final Map<String, Map<String, Object>> PROTOCOLS = Map.of(
            "range", classic("Range"), "round-robin", classic("RoundRobin"), "sticky", classic("Sticky"),
            "cooperative-sticky", classic("CooperativeSticky"),
            "uniform", consumer("uniform"), "server-range", consumer("range"));

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
    }

    private void check(String what, String name, Group.Check check) {
        report.check("group: " + what + name, () -> Group.check(clients, "group-" + name, check));
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
}
