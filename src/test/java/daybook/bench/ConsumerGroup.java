package daybook.bench;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;

/** All members of one group of the consumer protocol. */
final class ConsumerGroup {
    /** A group that needs more rounds never settles. */
    private static final int ROUNDS = 100;

    private final GroupTopic topic;
    private final List<ConsumerMember> members = new ArrayList<>();

    /** A group whose members have the connections from {@code first} on. */
    ConsumerGroup(Connections connections, int first, int size, String name, GroupTopic topic) {
        this.topic = topic;
        for (int number = first; number < first + size; number++) {
            members.add(new ConsumerMember(connections.at(number), name, topic));
        }
    }

    /**
     * Lets the members of all groups beat at once, in rounds, until each group has settled. There is no pause
     * between rounds: that of real consumers, 5 s, would be all that is seen.
     */
    static void settle(Collection<ConsumerGroup> groups) throws Exception {
        var rest = List.copyOf(groups);
        for (int round = 0; !rest.isEmpty(); round++) {
            if (round > ROUNDS) {
                throw new IllegalStateException(rest.size() + " groups did not settle");
            }
            Load.each(members(rest), ConsumerMember::heartbeat);
            rest = rest.stream().filter(group -> !group.settled()).toList();
        }
    }

    void leaveOne() throws Exception {
        members.removeLast().leave();
    }

    static void leave(Collection<ConsumerGroup> groups) throws Exception {
        Load.each(members(groups), ConsumerMember::leave);
    }

    private static List<ConsumerMember> members(Collection<ConsumerGroup> groups) {
        return groups.stream().flatMap(group -> group.members.stream()).toList();
    }

    /** Whether each partition has one owner, and no member has more than one partition more than another. */
    private boolean settled() {
        var partitions = new HashSet<Integer>();
        int owned = 0;
        int most = 0;
        for (var member : members) {
            partitions.addAll(member.owned());
            owned += member.owned().size();
            most = Math.max(most, member.owned().size());
        }
        return partitions.size() == topic.partitions() && owned == topic.partitions()
                && most == Math.ceilDiv(topic.partitions(), members.size());
    }
}
