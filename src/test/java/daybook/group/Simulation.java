package daybook.group;

import daybook.catalog.BrokerConfig;
import daybook.log.TopicPartition;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/**
 * Many members of some groups on one shard, on a clock that a loop turns: they join, leave, crash, pause,
 * lose answers and are slow, topics come and grow, the log refuses records for a while, and the broker comes
 * back with what it has written. When they have settled one or two things happen to them, and the broker dies
 * with one of the next batches; for what is lost then nobody makes good later. All from one seed, on one
 * thread.
 *
 * <p>Checked after each step: no partition has two owners, and no member uses what the broker does not think
 * it has. After each restart: the state is what it was, and the offsets are. And once things have been quiet
 * for some minutes: each group is stable, each partition of a topic that somebody subscribes to has an owner
 * who does, and nothing is written any more.
 */
final class Simulation {
    /** What members of the classic protocol do in their groups, that of the other one, and those of both. */
    private static final List<String> GROUPS = List.of("eager", "cooperative", "new", "mixed", "both eager");
    private static final Set<String> BOTH = Set.of("mixed", "both eager");
    private static final int STEP_MS = 200;
    private static final int QUIET_MS = 300_000;
    /** The longest that a member may be silent. */
    private static final int SESSION_MS = 45_000;
    /** How often in a round something happens to groups that have settled. */
    private static final int MISHAPS = 5;
    private static final int TOPICS = 5;
    private static final Comparator<TopicPartition> ORDER =
            Comparator.comparing(TopicPartition::topic).thenComparing(TopicPartition::partition);

    /** Somebody who may be a member. */
    interface Client {
        String name();

        /** What it subscribes to now. */
        Set<String> topics();

        /** Leaves; a static member perhaps only for a while. */
        void end(boolean aWhile);

        /** Does what is due, at most one request. */
        void step();

        /** The partitions that it reads now. */
        Set<TopicPartition> using();

        /** Whether the broker takes it for the member that it thinks it is. */
        boolean current();

        /** Whether it is a member, and has nothing to do but to go on. */
        boolean settled();

        Asker asker();
    }

    final Random random;
    final TestGroups test;
    /** Whether members and the broker do other than they should. */
    boolean chaos = true;
    private final long seed;
    private final Deque<String> latest = new ArrayDeque<>();
    private final Map<String, List<Client>> clients = new HashMap<>();
    private final SimulatedOffsets offsets = new SimulatedOffsets(this);
    /** Those that are there. */
    private final List<String> topics = new ArrayList<>();
    private final Map<Uuid, String> topicNames = new HashMap<>();
    private int made;
    private int named;
    private int events;
    /** How often the broker is to die yet. */
    private int deaths;

    Simulation(long seed) {
        this.seed = seed;
        this.random = new Random(seed);
        this.test = new TestGroups();
        configure();
        for (int i = 0; i < TOPICS; i++) {
            makeTopic();
        }
        GROUPS.forEach(group -> clients.put(group, new ArrayList<>()));
    }

    /** How many requests and failures there were. */
    int events() {
        return events;
    }

    /** Some chaos and then some quiet, so many times. */
    void run(int rounds) {
        for (int round = 0; round < rounds; round++) {
            chaos = true;
            steps(60_000 + random.nextInt(240_000));
            test.refusal = ErrorCode.NONE;
            BOTH.stream().sorted().filter(group -> once(2)).forEach(group -> leaveOneKind(group, once(2), 0));
            quiet();
            for (int i = 0; i < MISHAPS; i++) {
                mishap();
                quiet();
            }
        }
    }

    /** One or two things happen to groups that have settled, and the broker dies at once or soon. */
    private void mishap() {
        deaths = random.nextInt(4);
        for (int i = random.nextInt(2); i >= 0; i--) {
            test.refusal = once(6) ? ErrorCode.COORDINATOR_NOT_AVAILABLE : ErrorCode.NONE;
            plan();
            if (once(2)) {
                growTopic();
            } else if (once(6)) {
                dropTopic();
                makeTopic();
            }
            GROUPS.forEach(this::happens);
            if (once(2)) {
                steps(random.nextInt(6_000));
            }
        }
        if (deaths == 0) {
            restart();
        }
    }

    /** The broker dies, once or more often, with one of the batches that it writes next. */
    private void plan() {
        if (deaths > 0 && test.batchesLeft == 0) {
            deaths--;
            test.batchesLeft = 1 + random.nextInt(8);
            test.lastKept = once(2);
            note("the broker dies with batch " + test.batchesLeft + (test.lastKept ? "" : ", which is lost"));
        }
    }

    /** One thing happens to a group, or nothing. */
    private void happens(String group) {
        var members = clients.get(group);
        switch (random.nextInt(6)) {
            case 0 -> join(group, null, subscription());
            case 1 -> leaveOneKind(group, group.equals("new") || BOTH.contains(group) && once(2),
                    once(2) ? 0 : 1);
            case 2 -> {
                if (!members.isEmpty()) {
                    goes(group, members.remove(random.nextInt(members.size())));
                }
            }
            case 3, 4 -> members.stream().filter(each -> each.asker().instanceId() != null).findAny()
                    .ifPresent(each -> restart(group, each));
            default -> { }
        }
    }

    /** A static member is restarted, perhaps with another protocol. */
    private void restart(String group, Client client) {
        note(client.name() + " is restarted");
        client.end(true);
        clients.get(group).remove(client);
        join(group, client.asker().instanceId(), List.copyOf(client.topics()));
    }

    private void steps(int ms) {
        for (long untilMs = test.nowMs + ms; test.nowMs < untilMs; ) {
            if (chaos) {
                disturb();
            }
            plan();
            for (var group : GROUPS) {
                clients.get(group).forEach(Client::step);
                checkOwners(group);
            }
            test.pass(STEP_MS);
        }
    }

    /** Whether this happens now, once in so many times. */
    boolean once(int inTimes) {
        return random.nextInt(inTimes) == 0;
    }

    void note(String what) {
        events++;
        latest.addLast(test.nowMs + " ms: " + what);
        if (Boolean.getBoolean("daybook.trace")) {
            System.out.println(latest.getLast());
        }
        if (latest.size() > 80) {
            latest.removeFirst();
        }
    }

    void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError("seed " + seed + " at " + test.nowMs + " ms: " + what + "\n"
                    + String.join("\n", latest));
        }
    }

    /** Some topics, at least one; perhaps the next that is made. */
    List<String> subscription() {
        var some = new TreeSet<String>();
        do {
            some.add(once(10) ? "t" + made : topics.get(random.nextInt(topics.size())));
        } while (random.nextInt(3) > 0);
        return List.copyOf(some);
    }

    Set<TopicPartition> partitions(Assignment assignment) {
        var partitions = new TreeSet<>(ORDER);
        assignment.where((topic, partition) ->
                partitions.add(new TopicPartition(topicNames.get(topic), partition)));
        return partitions;
    }

    private void makeTopic() {
        var name = "t" + made++;
        note(name + " is made");
        topics.add(name);
        topicNames.put(test.topic(name, 1 + random.nextInt(6)), name);
    }

    private void growTopic() {
        var name = topics.get(random.nextInt(topics.size()));
        int count = test.image.topic(name).partitions().size() + 1 + random.nextInt(2);
        note(name + " has " + count + " partitions");
        test.topic(name, count);
    }

    private void dropTopic() {
        var name = topics.remove(random.nextInt(topics.size()));
        note(name + " is deleted");
        test.deleteTopic(name);
        offsets.drop(name);
    }

    // ---- what happens to them ----

    private void disturb() {
        for (var group : GROUPS) {
            var members = clients.get(group);
            if (once(members.size() < 8 ? 40 : 200) && members.size() < 14) {
                join(group, null, subscription());
            }
            if (!members.isEmpty() && once(150)) {
                goes(group, members.remove(random.nextInt(members.size())));
            }
            if (!members.isEmpty() && once(10)) {
                offsets.commit(group, members.get(random.nextInt(members.size())));
            }
        }
        if (test.refusal == ErrorCode.NONE && once(20)) {
            offsets.end();
        }
        if (once(300)) {
            growTopic();
        }
        if (once(2_000)) {
            dropTopic();
            makeTopic();
        }
        if (once(400)) {
            restart();
        }
        if (once(300)) {
            test.refusal = ErrorCode.COORDINATOR_NOT_AVAILABLE;
            note("the log refuses");
        } else if (test.refusal != ErrorCode.NONE && once(10)) {
            test.refusal = ErrorCode.NONE;
            note("the log takes records again");
        }
    }

    /** A static member that is restarted subscribes to the same: in the classic protocol nobody would ask. */
    private void join(String group, String instanceId, List<String> topics) {
        var name = group.charAt(0) + "" + ++named;
        var instance = instanceId == null && once(3) ? "instance" + named : instanceId;
        note(name + " begins" + (instance == null ? "" : " as " + instance));
        boolean isNew = group.equals("new") || BOTH.contains(group) && once(2);
        clients.get(group).add(isNew ? new SimulatedConsumer(this, group, name, instance, topics)
                : new SimulatedClassic(this, group, name, instance, topics));
    }

    /** All members of one protocol go but for so many, the last thing that happens before it is quiet. */
    private void leaveOneKind(String group, boolean isNew, int stay) {
        var gone = clients.get(group).stream().filter(each -> each instanceof SimulatedConsumer == isNew)
                .skip(stay).toList();
        note("of those of " + group + " that speak the " + (isNew ? "consumer" : "classic") + " protocol "
                + gone.size() + " go, and " + stay + " may stay");
        gone.forEach(each -> each.end(false));
        clients.get(group).removeAll(gone);
    }

    /** It leaves, crashes, or is restarted, which a static member may do without leaving. */
    private void goes(String group, Client client) {
        int how = random.nextInt(3);
        note(client.name() + (how == 0 ? " crashes" : " ends"));
        var instance = client.asker().instanceId();
        if (how > 0) {
            client.end(instance != null && how == 1);
        }
        if (instance != null && once(2)) {
            join(group, instance, List.copyOf(client.topics()));
        }
    }

    private void restart() {
        boolean compacted = once(2);
        configure();
        note("the broker is restarted" + (compacted ? ", its log compacted" : ""));
        var before = durable();
        if (compacted) {
            test.restartCompacted();
        } else {
            test.restart();
        }
        var after = durable();
        before.forEach((group, state) -> require(state.equals(after.get(group)), "group " + group
                + " was " + state + " and is " + after.get(group)));
        offsets.check();
    }

    /** The policy may change with a restart. */
    private void configure() {
        test.config = BrokerConfig.of(Map.of("group.initial.rebalance.delay.ms", once(2) ? "0" : "3000",
                "group.consumer.migration.policy", once(4) ? "upgrade" : "bidirectional"));
    }

    /** What survives, of each group that does not wait for its members to agree. */
    private Map<String, String> durable() {
        var states = new HashMap<String, String>();
        for (var name : GROUPS) {
            switch (test.groups.find(name)) {
                case null -> { }
                case ConsumerGroup group -> states.put(name, consumer(group));
                case ClassicGroup group -> {
                    if (group.state() == GroupState.STABLE) {
                        states.put(name, classic(group.describe()));
                    }
                }
            }
        }
        return states;
    }

    /** Without the order of the members, which may change where the log refuses one that comes back. */
    private static String classic(ClassicProtocol.Described group) {
        var members = new TreeSet<String>();
        for (var member : group.members()) {
            members.add(member.memberId() + " " + member.instanceId() + " " + member.clientId() + " "
                    + StandardCharsets.ISO_8859_1.decode(member.metadata().duplicate()) + " "
                    + ScriptedClassic.partitions(member.assignment()));
        }
        return group.state() + " " + group.protocol() + " " + members;
    }

    private static String consumer(ConsumerGroup group) {
        var text = new StringBuilder(group.epoch() + " " + group.targetEpoch() + " " + group.metadataHash()
                + " " + group.expressions());
        group.members().forEach(member -> text.append('\n').append(member).append(" to have ")
                .append(group.target(member.id())));
        return text.toString();
    }

    // ---- what must be true ----

    private void checkOwners(String group) {
        var owners = new HashMap<TopicPartition, String>();
        for (var client : clients.get(group)) {
            if (client.current()) {
                for (var partition : client.using()) {
                    var other = owners.put(partition, client.name());
                    require(other == null, client.name() + " and " + other + " both use " + partition);
                }
            }
        }
        if (test.groups.find(group) instanceof ConsumerGroup consumer) {
            var all = Assignment.EMPTY;
            for (var member : consumer.members()) {
                var has = member.assigned().plus(member.pending());
                require(all.and(has).isEmpty(), "two members have " + all.and(has));
                all = all.plus(has);
            }
        }
    }

    /** Waits until all have settled and nobody is left who will be given up; they must be soon. */
    private void quiet() {
        chaos = false;
        test.refusal = ErrorCode.NONE;
        String complaint;
        int written;
        long untilMs = test.nowMs + QUIET_MS;
        do {
            written = test.written().size();
            steps(SESSION_MS);
            complaint = complaint();
        } while (test.nowMs < untilMs && (complaint != null || test.written().size() > written));
        require(complaint == null, complaint);
        require(written == test.written().size(), "something is still written: "
                + test.written().subList(written, test.written().size()));
        deaths = 0;
        test.batchesLeft = 0;
    }

    /** What is not as it is to be in the end, or null. */
    private String complaint() {
        for (var group : GROUPS) {
            var expected = new TreeSet<String>();
            var actual = new TreeSet<String>();
            for (var client : clients.get(group)) {
                if (!client.settled()) {
                    return client.name() + " has not settled: " + client;
                }
                for (var each : client.using()) {
                    actual.add(each.topic() + "-" + each.partition());
                    if (!client.topics().contains(each.topic())) {
                        return client.name() + " does not subscribe to " + each;
                    }
                }
                client.topics().stream().filter(topics::contains).forEach(topic ->
                        test.image.topic(topic).partitions().forEach(each ->
                                expected.add(topic + "-" + each.index())));
            }
            var found = test.groups.find(group);
            var state = clients.get(group).isEmpty() ? GroupState.EMPTY : GroupState.STABLE;
            if (!expected.equals(actual) || found != null && found.state() != state) {
                return group + " is to have " + expected + " and has " + actual + ", "
                        + (found == null ? null : found.type() + " " + found.state());
            }
        }
        return null;
    }
}
