package daybook.group;

import daybook.wire.Uuid;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * How the broker shares partitions among the members of a consumer group (KIP-848). Neither knows racks. The
 * same members and partitions give the same assignment, in whatever order they are given; a partition has
 * at most one owner, and exactly one where somebody subscribes to its topic.
 */
public enum Assignor {
    /**
     * As many partitions for each as can be, and as many as can be where they were: {@link Uniform}.
     */
    UNIFORM("uniform"),

    /**
     * Each topic by itself, in as many contiguous ranges as it has subscribers, so that topics with equally
     * many partitions and the same subscribers line up. Only the order of the members keeps a partition
     * where it was: static ones come first, by their instance id, the others follow by their member id.
     */
    RANGE("range");

    private static final Comparator<Member> ORDER = Comparator
            .comparing(Member::instanceId, Comparator.nullsLast(Comparator.naturalOrder()))
            .thenComparing(Member::id);

    private final String text;

    Assignor(String text) {
        this.text = text;
    }

    /** The name that clients choose it by. */
    public String text() {
        return text;
    }

    /** The assignor of this name, or null. */
    public static Assignor named(String text) {
        for (var assignor : values()) {
            if (assignor.text.equals(text)) {
                return assignor;
            }
        }
        return null;
    }

    /**
     * Who takes part.
     *
     * @param instanceId null for a dynamic member
     * @param topics the ids of the topics that it subscribes to
     * @param target the partitions that it was to have so far
     */
    public record Member(String id, String instanceId, Set<Uuid> topics, Assignment target) { }

    /**
     * Shares the partitions of all topics that somebody subscribes to. A topic without a number of
     * partitions does not exist.
     *
     * @param members each with another id
     * @param partitionCounts by topic id; may have topics that nobody subscribes to
     * @return what each member is to have, by its id; where nothing changes, its target itself
     */
    public Map<String, Assignment> assign(Collection<Member> members, Map<Uuid, Integer> partitionCounts) {
        var sorted = new ArrayList<>(members);
        sorted.sort(ORDER);
        return switch (this) {
            case UNIFORM -> new Uniform(sorted, partitionCounts).assign();
            case RANGE -> ranges(sorted, partitionCounts);
        };
    }

    private static Map<String, Assignment> ranges(List<Member> members, Map<Uuid, Integer> partitionCounts) {
        var topics = new HashMap<Uuid, Ranges>();
        for (var member : members) {
            for (var topic : member.topics) {
                if (partitionCounts.containsKey(topic)) {
                    topics.computeIfAbsent(topic, id -> new Ranges(partitionCounts.get(id))).members++;
                }
            }
        }
        var assigned = new HashMap<String, Assignment>();
        for (var member : members) {
            var partitions = new TreeMap<Uuid, List<Integer>>();
            for (var topic : member.topics) {
                if (topics.containsKey(topic)) {
                    partitions.put(topic, topics.get(topic).next());
                }
            }
            assigned.put(member.id, keptOr(member.target, Assignment.of(partitions)));
        }
        return assigned;
    }

    static Assignment keptOr(Assignment before, Assignment now) {
        return now.equals(before) ? before : now;
    }

    /** A topic that is cut into ranges, the longer ones first. */
    private static final class Ranges {
        private int partitions;
        private int members;
        private int start;

        Ranges(int partitions) {
            this.partitions = partitions;
        }

        /** The range of the next of the members that are left: an equal share of what is left, rounded up. */
        List<Integer> next() {
            int count = (partitions + members - 1) / members;
            start += count;
            partitions -= count;
            members--;
            return IntStream.range(start - count, start).boxed().toList();
        }
    }
}
