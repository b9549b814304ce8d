package daybook.group;

import daybook.group.ClassicProtocol.Joined;
import daybook.group.ClassicProtocol.Synced;
import daybook.group.TestGroups.Outcome;
import daybook.log.TopicPartition;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;

/**
 * A consumer with the classic protocol. In the group "eager" it gives up all that it reads before it joins
 * again; in "cooperative" only what the leader takes from it, and then it joins once more.
 */
final class SimulatedClassic implements Simulation.Client {
    private static final int INTERVAL_MS = 3_000;
    private static final int REQUEST_MS = 30_000;

    private final Simulation world;
    private final ScriptedClassic member;
    private final boolean eager;
    private CompletableFuture<Joined> joining;
    private CompletableFuture<Synced> syncing;
    /** The state that the requests were sent to; another one has never heard of them. */
    private Groups asked;
    private long askedMs;
    private long nextMs;
    private boolean stable;
    private boolean leads;
    /** The partitions that the topics had when it assigned. */
    private Map<String, Integer> counts = Map.of();

    SimulatedClassic(Simulation world, String group, String name, String instanceId, List<String> topics) {
        this.world = world;
        this.member = new ScriptedClassic(world.test, group, name);
        this.eager = group.endsWith("eager");
        member.instanceId = instanceId;
        member.topics = topics;
        member.protocols = List.of(eager ? "range" : "cooperative-sticky");
        member.sessionMs = 10_000;
        member.rebalanceMs = 20_000;
        nextMs = world.test.nowMs;
    }

    @Override
    public String name() {
        return member.name;
    }

    @Override
    public Set<String> topics() {
        return new TreeSet<>(member.topics);
    }

    @Override
    public Set<TopicPartition> using() {
        var using = new HashSet<TopicPartition>();
        member.owned.forEach((topic, numbers) ->
                numbers.forEach(each -> using.add(new TopicPartition(topic, each))));
        // The name of a topic that is gone says nothing any more.
        using.removeIf(each -> world.test.image.topic(each.topic()) == null);
        return using;
    }

    /** In a classic group only those of its generation count: static ones may still think of one before. */
    @Override
    public boolean current() {
        var group = world.test.groups.find(member.groupId);
        if (group == null || member.memberId.isEmpty()) {
            return false;
        }
        if (group instanceof ConsumerGroup consumer) {
            var known = consumer.member(member.memberId);
            var has = known == null ? Set.of() : world.partitions(known.assigned().plus(known.pending()));
            world.require(known == null || has.containsAll(using()),
                    member.name + " uses " + using() + " and has " + has);
            return known != null;
        }
        var error = group.commitError(asker(), Uuid.ZERO, 0);
        return error == ErrorCode.NONE || error == ErrorCode.REBALANCE_IN_PROGRESS;
    }

    @Override
    public boolean settled() {
        return stable && joining == null && syncing == null;
    }

    @Override
    public Asker asker() {
        return member.asker();
    }

    @Override
    public void end(boolean aWhile) {
        if (!aWhile && !member.memberId.isEmpty()) {
            world.note(member.name + " leaves: " + member.leave().error());
        }
    }

    @Override
    public void step() {
        if (joining != null || syncing != null) {
            await();
        } else if (world.test.nowMs >= nextMs) {
            nextMs = world.test.nowMs + INTERVAL_MS;
            pause();
            if (stable) {
                heartbeat();
            } else {
                join();
            }
        }
    }

    private void pause() {
        if (world.chaos && world.once(60)) {
            nextMs += world.random.nextInt(40_000);
            world.note(member.name + " pauses until " + nextMs);
        }
    }

    /** Looks whether the answer is there; a broker that came back does not know of the request. */
    private void await() {
        boolean late = asked != world.test.groups || world.test.nowMs - askedMs > 2 * REQUEST_MS;
        if (late || world.chaos && world.once(200)) {
            world.note(member.name + " gives its request up");
            joining = null;
            syncing = null;
            nextMs = world.test.nowMs + 500;
        } else if (joining != null && joining.isDone()) {
            var joined = joining.join();
            joining = null;
            take(joined);
        } else if (syncing != null && syncing.isDone()) {
            var synced = syncing.join();
            syncing = null;
            take(synced);
        }
    }

    private <T> CompletableFuture<T> sent(Outcome<T> outcome) {
        asked = world.test.groups;
        askedMs = world.test.nowMs;
        if (outcome.error() != ErrorCode.NONE) {
            nextMs = world.test.nowMs + 500;
            return null;
        }
        return outcome.future();
    }

    private void join() {
        stable = false;
        if (eager) {
            member.owned = new TreeMap<>();
        }
        world.note(member.name + " " + member.memberId + " joins with " + member.owned);
        joining = sent(member.join());
    }

    private void take(Joined joined) {
        world.note(member.name + " joined: " + joined.error() + " generation " + joined.generation() + " of "
                + joined.members().size());
        switch (joined.error()) {
            case NONE -> {
                member.take(joined);
                leads = member.memberId.equals(joined.leader());
                syncing = sent(member.sync(leads && !joined.skipAssignment() ? assign(joined) : Map.of()));
            }
            case MEMBER_ID_REQUIRED -> {
                member.take(joined);
                join();
            }
            default -> refused(joined.error());
        }
    }

    private void take(Synced synced) {
        world.note(member.name + " synced: " + synced.error() + " "
                + (synced.error() == ErrorCode.NONE ? ScriptedClassic.partitions(synced.assignment()) : ""));
        if (synced.error() != ErrorCode.NONE) {
            refused(synced.error());
            return;
        }
        var before = using();
        member.take(synced);
        stable = true;
        before.removeAll(using());
        if (!eager && !before.isEmpty()) {
            // It takes its time to give them up.
            stable = false;
            nextMs = world.test.nowMs + world.random.nextInt(3_000);
        }
    }

    private void heartbeat() {
        var error = member.heartbeat();
        if (error != ErrorCode.NONE) {
            world.note(member.name + " is told " + error);
            refused(error);
        } else if (leads && !counts.equals(counts())) {
            join();
        }
    }

    private void refused(ErrorCode error) {
        nextMs = world.test.nowMs + 200;
        switch (error) {
            case REBALANCE_IN_PROGRESS -> join();
            // A consumer that is fenced ends, and whoever runs it starts it anew. It need have no successor:
            // the log may have its instance with an id of before, if the broker came back in a rebalance.
            case UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID -> {
                reset();
                member.memberId = "";
            }
            case ILLEGAL_GENERATION -> reset();
            case COORDINATOR_NOT_AVAILABLE -> stable = false;
            default -> world.require(false, member.name + " is answered " + error);
        }
    }

    private void reset() {
        stable = false;
        leads = false;
        member.generation = -1;
        member.owned = new TreeMap<>();
    }

    // ---- leading ----

    private Map<String, Integer> counts() {
        var counts = new HashMap<String, Integer>();
        world.test.image.topics().forEach((name, topic) -> counts.put(name, topic.partitions().size()));
        return counts;
    }

    private record Told(List<String> topics, TreeMap<String, List<Integer>> owned, int generation) {
        static Told read(ByteBuffer metadata) {
            var in = new Reader(metadata.duplicate(), 0, false);
            in.int16();
            var topics = in.array(Reader::string);
            in.nullableBytes();
            var owned = new TreeMap<String, List<Integer>>();
            in.array(each -> owned.put(each.string(), each.array(Reader::int32)));
            return new Told(topics, owned, in.int32());
        }
    }

    /** Shares out as the broker's assignors do; what one still has, another gets in the next round only. */
    private Map<String, TreeMap<String, List<Integer>>> assign(Joined joined) {
        counts = counts();
        var image = world.test.image;
        var claims = new HashMap<TopicPartition, String>();
        var generations = new HashMap<TopicPartition, Integer>();
        var members = new ArrayList<Assignor.Member>();
        for (var each : joined.members()) {
            var told = Told.read(each.metadata());
            told.owned.forEach((topic, numbers) -> numbers.forEach(number -> {
                var partition = new TopicPartition(topic, number);
                if (told.generation > generations.getOrDefault(partition, -1)) {
                    generations.put(partition, told.generation);
                    claims.put(partition, each.memberId());
                }
            }));
        }
        for (var each : joined.members()) {
            var told = Told.read(each.metadata());
            var has = new HashMap<Uuid, List<Integer>>();
            told.owned.keySet().retainAll(counts.keySet());
            told.owned.forEach((topic, numbers) -> has.put(image.topic(topic).id(), numbers.stream()
                    .filter(number -> each.memberId().equals(claims.get(new TopicPartition(topic, number))))
                    .toList()));
            var topics = new HashSet<Uuid>();
            told.topics.stream().filter(counts::containsKey)
                    .forEach(topic -> topics.add(image.topic(topic).id()));
            members.add(new Assignor.Member(each.memberId(), each.instanceId(), topics, Assignment.of(has)));
        }
        var numbers = new HashMap<Uuid, Integer>();
        image.topics().values().forEach(topic -> numbers.put(topic.id(), topic.partitions().size()));
        var assigned = (eager ? Assignor.RANGE : Assignor.UNIFORM).assign(members, numbers);
        var result = new HashMap<String, TreeMap<String, List<Integer>>>();
        assigned.forEach((id, assignment) -> {
            var of = new TreeMap<String, List<Integer>>();
            assignment.topics().forEach((topic, array) -> {
                var name = image.topic(topic).name();
                for (int number : array) {
                    var owner = claims.getOrDefault(new TopicPartition(name, number), id);
                    if (eager || owner.equals(id)) {
                        of.computeIfAbsent(name, none -> new ArrayList<>()).add(number);
                    }
                }
            });
            result.put(id, of);
        });
        return result;
    }

    @Override
    public String toString() {
        return member.name + " " + member.memberId + " generation " + member.generation + " using "
                + member.owned + (stable ? " stable" : "") + (joining == null ? "" : " joining")
                + (syncing == null ? "" : " syncing");
    }
}
