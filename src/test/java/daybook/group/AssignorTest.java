package daybook.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.group.Assignor.Member;
import daybook.wire.Uuid;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** What is true of every assignment, for groups drawn at random; {@code -Ddaybook.seed=N} draws others. */
class AssignorTest {
    private static final long SEED = Long.getLong("daybook.seed", 4711);
    private static final int GROUPS = 400;
    private static final int STEPS = 10;
    private static final Uuid T1 = new Uuid(1, 1);
    private static final Uuid T2 = new Uuid(1, 2);

    @Test
    void eachPartitionHasOneOwnerWhoSubscribesToIt() {
        for (var assignor : Assignor.values()) {
            for (int i = 0; i < GROUPS; i++) {
                var group = new Group(SEED + i, i % 4);
                for (int step = 0; step < STEPS; step++) {
                    group.assign(assignor);
                    group.checkOwners();
                    group.change();
                }
            }
        }
    }

    @Test
    void theOrderOfTheMembersDoesNotMatter() {
        for (var assignor : Assignor.values()) {
            for (int i = 0; i < GROUPS; i++) {
                var group = new Group(SEED + i, i % 4);
                for (int step = 0; step < STEPS; step++) {
                    var shuffled = new ArrayList<>(group.members);
                    Collections.shuffle(shuffled, group.random);
                    var expected = assignor.assign(group.members, group.counts);
                    var counts = new TreeMap<>(group.counts);
                    assertEquals(expected, assignor.assign(shuffled, counts), group.name);
                    group.assign(assignor);
                    group.change();
                }
            }
        }
    }

    @Test
    void uniformIsEvenWhereAllSubscribeToTheSame() {
        for (int i = 0; i < GROUPS; i++) {
            var group = new Group(SEED + i, 1);
            for (int step = 0; step < STEPS; step++) {
                group.assign(Assignor.UNIFORM);
                int least = group.members.stream().mapToInt(member -> member.target().size()).min().orElse(0);
                int most = group.members.stream().mapToInt(member -> member.target().size()).max().orElse(0);
                assertTrue(most - least <= 1, group.name);
                group.change();
            }
        }
    }

    @Test
    void uniformLeavesNothingThatOneMoveMakesMoreEven() {
        for (int i = 0; i < GROUPS; i++) {
            var group = new Group(SEED + i, 3);
            for (int step = 0; step < STEPS; step++) {
                group.assign(Assignor.UNIFORM);
                for (var from : group.members) {
                    for (var to : group.members) {
                        var topics = from.target().topics().keySet();
                        boolean canMove = topics.stream().anyMatch(to.topics()::contains);
                        assertFalse(canMove && from.target().size() - to.target().size() > 1,
                                () -> group.name + " from " + from + " to " + to);
                    }
                }
                group.change();
            }
        }
    }

    @Test
    void uniformMovesOnlyWhatItMust() {
        for (int i = 0; i < GROUPS; i++) {
            var group = new Group(SEED + i, 1);
            group.assign(Assignor.UNIFORM);
            assertEquals(0, group.assign(Assignor.UNIFORM), group.name);
            group.join(null);
            int share = (group.partitions() + group.members.size() - 1) / group.members.size();
            assertTrue(group.assign(Assignor.UNIFORM) <= share, group.name);
            group.members.remove(group.random.nextInt(group.members.size()));
            assertEquals(0, group.assign(Assignor.UNIFORM), group.name);
        }
    }

    @Test
    void uniformGivesBackTheTargetItselfWhereNothingChanges() {
        var group = new Group(SEED, 1);
        group.assign(Assignor.UNIFORM);
        for (var assignor : List.of(Assignor.UNIFORM, Assignor.RANGE)) {
            group.assign(assignor);
            var again = assignor.assign(group.members, group.counts);
            group.members.forEach(member -> assertSame(member.target(), again.get(member.id())));
        }
    }

    @Test
    void uniformTakesWhatIsNotSubscribedOrGoneAway() {
        var all = List.of(0, 1, 2, 3);
        var first = new Member("a", null, Set.of(T1), Assignment.of(Map.of(T1, all, T2, all)));
        var second = new Member("b", null, Set.of(T1, T2), Assignment.of(Map.of(T1, all)));
        var assigned = Assignor.UNIFORM.assign(List.of(first, second), Map.of(T1, 3, T2, 1));
        assertEquals(Assignment.of(Map.of(T1, List.of(0, 1))), assigned.get("a"));
        assertEquals(Assignment.of(Map.of(T1, List.of(2), T2, List.of(0))), assigned.get("b"));
    }

    @Test
    void uniformTellsTopicsApart() {
        var members = List.of(member("a", null, T1), member("b", null, T2), member("c", null, T1, T2));
        var assigned = Assignor.UNIFORM.assign(members, Map.of(T1, 3, T2, 3));
        assertEquals(Set.of(T1), assigned.get("a").topics().keySet());
        assertEquals(Set.of(T2), assigned.get("b").topics().keySet());
        assertEquals(Map.of("a", 2, "b", 2, "c", 2), sizes(assigned));
    }

    @Test
    void rangesAreContiguousAndLineUp() {
        for (int i = 0; i < GROUPS; i++) {
            var group = new Group(SEED + i, 1);
            group.counts.replaceAll((topic, count) -> 7);
            group.assign(Assignor.RANGE);
            for (var member : group.members) {
                List<Integer> first = null;
                for (var numbers : member.target().topics().values()) {
                    assertEquals(numbers.size() - 1, numbers.getLast() - numbers.getFirst(), group.name);
                    first = first == null ? numbers : first;
                    assertEquals(first, numbers, group.name);
                }
            }
        }
    }

    @Test
    void rangesFollowTheInstanceIdsThenTheMemberIds() {
        var members = List.of(member("a", null, T1, T2), member("b", "y", T1), member("c", "x", T1, T2),
                member("d", null, T1));
        var assigned = Assignor.RANGE.assign(members, Map.of(T1, 6, T2, 3));
        assertEquals(Map.of(
                "c", Assignment.of(Map.of(T1, List.of(0, 1), T2, List.of(0, 1))),
                "b", Assignment.of(Map.of(T1, List.of(2, 3))),
                "a", Assignment.of(Map.of(T1, List.of(4), T2, List.of(2))),
                "d", Assignment.of(Map.of(T1, List.of(5)))), assigned);
    }

    @Test
    void thoseForWhomNothingIsLeftGetNothing() {
        for (var assignor : Assignor.values()) {
            var members = List.of(member("a", null, T1), member("b", null, T1), member("c", null, T2),
                    member("d", null));
            var assigned = assignor.assign(members, Map.of(T1, 1));
            assertEquals(Map.of("a", 1, "b", 0, "c", 0, "d", 0), sizes(assigned));
            assertEquals(Map.of(), assignor.assign(List.of(), Map.of(T1, 1)));
        }
    }

    @Test
    void assignorsHaveTheNamesThatClientsKnow() {
        assertSame(Assignor.UNIFORM, Assignor.named("uniform"));
        assertSame(Assignor.RANGE, Assignor.named("range"));
        assertNull(Assignor.named("Range"));
        assertNull(Assignor.named(null));
    }

    @Test
    void aThousandMembersOverAThousandPartitionsGetOneEach() {
        for (var assignor : Assignor.values()) {
            var members = new ArrayList<Member>();
            for (int i = 0; i < 1_000; i++) {
                members.add(member("m" + i, null, T1));
            }
            var assigned = assignor.assign(members, Map.of(T1, 1_000));
            assertTrue(assigned.values().stream().allMatch(assignment -> assignment.size() == 1));
        }
    }

    private static Member member(String id, String instanceId, Uuid... topics) {
        return new Member(id, instanceId, Set.of(topics), Assignment.EMPTY);
    }

    private static Map<String, Integer> sizes(Map<String, Assignment> assigned) {
        var sizes = new HashMap<String, Integer>();
        assigned.forEach((id, assignment) -> sizes.put(id, assignment.size()));
        return sizes;
    }

    /** A group with random topics, members and changes, whose members subscribe to one of a few sets. */
    private static final class Group {
        final String name;
        final Random random;
        final TreeMap<Uuid, Integer> counts = new TreeMap<>();
        final List<Member> members = new ArrayList<>();
        private final List<Set<Uuid>> subscriptions = new ArrayList<>();
        private int joined;

        /** @param sets how many sets of topics there are to subscribe to; 1: all topics, 0: one for each */
        Group(long seed, int sets) {
            name = "seed " + seed + " sets " + sets;
            random = new Random(seed);
            for (int i = 1 + random.nextInt(8); i > 0; i--) {
                counts.put(new Uuid(random.nextLong(), random.nextLong()), 1 + random.nextInt(12));
            }
            for (int i = 0; i < (sets == 0 ? 12 : sets); i++) {
                var set = new HashSet<>(counts.keySet());
                set.removeIf(topic -> sets != 1 && random.nextBoolean());
                subscriptions.add(set);
            }
            for (int i = 1 + random.nextInt(12); i > 0; i--) {
                join(random.nextInt(3) == 0 ? "instance" + random.nextInt(1_000) + "-" + i : null);
            }
        }

        void join(String instanceId) {
            members.add(new Member("member" + joined++, instanceId, subscription(), Assignment.EMPTY));
        }

        private Set<Uuid> subscription() {
            return subscriptions.get(random.nextInt(subscriptions.size()));
        }

        int partitions() {
            return counts.values().stream().mapToInt(Integer::intValue).sum();
        }

        /**
         * Takes the assignment over; returns how many partitions went from one member that is left to
         * another.
         */
        int assign(Assignor assignor) {
            var assigned = assignor.assign(members, counts);
            assertEquals(members.size(), assigned.size(), name);
            int moved = 0;
            for (int i = 0; i < members.size(); i++) {
                var member = members.get(i);
                var target = assigned.get(member.id());
                moved += member.target().minus(target).size();
                members.set(i, new Member(member.id(), member.instanceId(), member.topics(), target));
            }
            return moved;
        }

        void checkOwners() {
            var owned = Assignment.EMPTY;
            var subscribed = new HashMap<Uuid, List<Integer>>();
            for (var member : members) {
                assertTrue(member.topics().containsAll(member.target().topics().keySet()), name);
                assertTrue(owned.and(member.target()).isEmpty(), name);
                owned = owned.plus(member.target());
                for (var topic : member.topics()) {
                    subscribed.put(topic, IntStream.range(0, counts.get(topic)).boxed().toList());
                }
            }
            assertEquals(Assignment.of(subscribed), owned, name);
        }

        /** A member joins, leaves or subscribes to something else, or a topic has more partitions. */
        void change() {
            int at = random.nextInt(members.size());
            switch (random.nextInt(5)) {
                case 0 -> {
                    if (members.size() > 1) {
                        members.remove(at);
                    }
                }
                case 1, 2 -> join(null);
                case 3 -> counts.merge(counts.firstKey(), 1 + random.nextInt(4), Integer::sum);
                default -> {
                    var member = members.get(at);
                    members.set(at, new Member(member.id(), member.instanceId(), subscription(),
                            member.target()));
                }
            }
        }
    }
}
