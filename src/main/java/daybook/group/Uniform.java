package daybook.group;

import daybook.wire.Uuid;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The assignor {@code uniform}, for one assignment; belongs to one thread. In three steps:
 * <ol>
 *   <li>Each member keeps of its target what exists and what it still subscribes to.</li>
 *   <li>A partition without owner goes to the subscriber with the fewest; the topics with the fewest
 *       subscribers are first, because they have the least choice.</li>
 *   <li>While a member has two partitions more than another who could have one of them, it goes there, from
 *       the member with the most to the one with the fewest first.</li>
 * </ol>
 * Where all subscribe to the same, members then differ by one partition at most, and no assignment that is
 * as even moves fewer. Where they do not, no single move makes it more even; a chain of moves through a third
 * member might, which Apache Kafka does not look for either.
 *
 * <p>Members with the same subscription are one {@link Peers}, kept in order of their load. So the fewest
 * among the subscribers of a topic are found by looking at the first of each such set, which is a single one
 * as a rule.
 *
 * <p>Bounds: for M members and P partitions each step is about (M + P) log M, times the number of different
 * subscriptions.
 */
final class Uniform {
    private static final Comparator<Owner> BY_LOAD =
            Comparator.comparingInt(Owner::load).thenComparingInt(Owner::index);

    /** Subscribed topics that exist, in order. Partitions are counted through all of them. */
    private final List<Topic> topics = new ArrayList<>();
    private final List<Owner> owners = new ArrayList<>();
    private final List<Peers> peers = new ArrayList<>();
    /** By the number of the partition, counted through; null for one that nobody has yet. */
    private final Owner[] ownerOf;
    /** By the number of the partition, counted through. */
    private final Topic[] topicOf;
    /** Those who may have too many. */
    private final TreeSet<Owner> givers = new TreeSet<>(BY_LOAD);

    /**
     * Members with the same subscription, the one with the fewest partitions first, once all have what they
     * keep.
     */
    private record Peers(Set<Uuid> topics, TreeSet<Owner> byLoad) { }

    /** A topic whose first partition has this number, counted through all topics. */
    private record Topic(Uuid id, int first, int count, List<Peers> subscribers) {
        int subscriberCount() {
            int sum = 0;
            for (var some : subscribers) {
                sum += some.byLoad.size();
            }
            return sum;
        }

        Owner least() {
            return Uniform.least(subscribers);
        }
    }

    /** A member, with the numbers of its partitions, those that it was given last behind. */
    private record Owner(Assignor.Member member, Peers peers, int index, List<Integer> partitions) {
        int load() {
            return partitions.size();
        }
    }

    /** @param members in the order in which equals are served */
    Uniform(List<Assignor.Member> members, Map<Uuid, Integer> partitionCounts) {
        var bySubscription = new HashMap<Set<Uuid>, Peers>();
        for (var member : members) {
            var same = bySubscription.computeIfAbsent(member.topics(), set -> {
                var made = new Peers(set, new TreeSet<>(BY_LOAD));
                peers.add(made);
                return made;
            });
            owners.add(new Owner(member, same, owners.size(), new ArrayList<>()));
        }
        var subscribers = new TreeMap<Uuid, List<Peers>>();
        for (var same : peers) {
            for (var topic : same.topics) {
                subscribers.computeIfAbsent(topic, id -> new ArrayList<>()).add(same);
            }
        }
        int first = 0;
        for (var entry : subscribers.entrySet()) {
            int count = partitionCounts.getOrDefault(entry.getKey(), 0);
            if (count > 0) {
                topics.add(new Topic(entry.getKey(), first, count, entry.getValue()));
                first += count;
            }
        }
        ownerOf = new Owner[first];
        topicOf = new Topic[first];
        topics.forEach(topic -> Arrays.fill(topicOf, topic.first, topic.first + topic.count, topic));
    }

    Map<String, Assignment> assign() {
        keep();
        give();
        balance();
        var assigned = new HashMap<String, Assignment>();
        for (var owner : owners) {
            assigned.put(owner.member.id(), Assignor.keptOr(owner.member.target(), assignment(owner)));
        }
        return assigned;
    }

    private void keep() {
        var byId = new HashMap<Uuid, Topic>();
        for (var topic : topics) {
            byId.put(topic.id, topic);
        }
        for (var owner : owners) {
            for (var entry : owner.member.target().topics().entrySet()) {
                var topic = byId.get(entry.getKey());
                if (topic == null || !owner.peers.topics.contains(topic.id)) {
                    continue;
                }
                for (int number : entry.getValue()) {
                    if (number < topic.count && ownerOf[topic.first + number] == null) {
                        ownerOf[topic.first + number] = owner;
                        owner.partitions.add(topic.first + number);
                    }
                }
            }
            owner.peers.byLoad.add(owner);
        }
    }

    private void give() {
        var scarcestFirst = new ArrayList<>(topics);
        scarcestFirst.sort(Comparator.comparingInt(Topic::subscriberCount));
        for (var topic : scarcestFirst) {
            for (int partition = topic.first; partition < topic.first + topic.count; partition++) {
                if (ownerOf[partition] == null) {
                    var owner = topic.least();
                    owner.peers.byLoad.remove(owner);
                    owner.partitions.add(partition);
                    owner.peers.byLoad.add(owner);
                }
            }
        }
    }

    /** Ends because each move makes the sum of the squares of all loads smaller. */
    private void balance() {
        boolean moved = true;
        while (moved) {
            moved = false;
            int fewest = owners.isEmpty() ? 0 : least(peers).load();
            for (var owner : owners) {
                if (owner.load() >= fewest + 2) {
                    givers.add(owner);
                }
            }
            while (!givers.isEmpty()) {
                moved |= move(givers.pollLast());
            }
        }
    }

    /**
     * Moves one partition of this member to the one with the fewest who can have one of its partitions, if it
     * has two fewer.
     */
    private boolean move(Owner from) {
        int fewest = least(peers).load();
        Owner to = from;
        int at = from.load() - 1;
        for (int i = from.load() - 1; i >= 0 && fewest <= from.load() - 2 && to.load() > fewest; i--) {
            var least = topicOf[from.partitions.get(i)].least();
            if (least.load() < to.load()) {
                to = least;
                at = i;
            }
        }
        if (to.load() > from.load() - 2) {
            return false;
        }
        from.peers.byLoad.remove(from);
        to.peers.byLoad.remove(to);
        givers.remove(to);
        to.partitions.add(from.partitions.remove(at));
        from.peers.byLoad.add(from);
        to.peers.byLoad.add(to);
        givers.add(from);
        givers.add(to);
        return true;
    }

    private static Owner least(List<Peers> subscribers) {
        Owner least = null;
        for (var some : subscribers) {
            var first = some.byLoad.first();
            if (least == null || BY_LOAD.compare(first, least) < 0) {
                least = first;
            }
        }
        return least;
    }

    private Assignment assignment(Owner owner) {
        var partitions = new HashMap<Uuid, List<Integer>>();
        for (int partition : owner.partitions) {
            var topic = topicOf[partition];
            partitions.computeIfAbsent(topic.id, id -> new ArrayList<>()).add(partition - topic.first);
        }
        return Assignment.of(partitions);
    }
}
