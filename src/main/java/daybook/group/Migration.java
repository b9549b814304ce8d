package daybook.group;

import daybook.catalog.BrokerConfig;
import daybook.group.ClassicProtocol.Terms;
import daybook.group.ConsumerMember.State;
import daybook.group.EmbeddedProtocol.Assigned;
import daybook.group.EmbeddedProtocol.Subscription;
import daybook.group.GroupRecord.ConsumerGroupMemberMetadata;
import daybook.group.GroupRecord.ConsumerGroupMetadata;
import daybook.group.GroupRecord.GroupMetadata;
import daybook.group.GroupRecord.TargetAssignmentMetadata;
import daybook.log.TopicPartition;
import daybook.wire.MalformedException;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Changes a group of one protocol into one of the other while it has members (KIP-848). Each change is one
 * batch of records: what ends the one group, and what makes the other. Members that speak the classic
 * protocol go on with it in the consumer group; when only those are left, the group is theirs again.
 */
final class Migration {
    private static final String CONSUMER = "consumer";

    private Migration() { }

    private static boolean allows(BrokerConfig config, String direction) {
        var policy = config.text("group.consumer.migration.policy").toLowerCase(Locale.ROOT);
        return policy.equals(direction) || policy.equals("bidirectional");
    }

    /** Why a classic group cannot become a consumer group, in Apache Kafka's words; null where it can. */
    static String upgradeError(ClassicGroup group, BrokerConfig config) {
        if (!allows(config, "upgrade")) {
            return refusal(group, "online upgrade is disabled.");
        }
        if (!group.protocolType().equals(CONSUMER)) {
            return refusal(group, "the group does not use the consumer embedded protocol.");
        }
        if (group.members().size() > config.integer("group.consumer.max.size")) {
            return refusal(group, "the group size exceeds the consumer group maximum size.");
        }
        try {
            var owned = new HashSet<TopicPartition>();
            for (var member : group.members()) {
                Subscription.read(member.metadata(group.protocol()));
                var assigned = Assigned.read(member.assignment);
                if (assigned.custom() || !addTo(owned, assigned)) {
                    return refusal(group, "an unsupported custom assignor is in use. Please refer to the"
                            + " documentation or switch to a default assignor before re-attempting the"
                            + " upgrade.");
                }
            }
            return null;
        } catch (MalformedException none) {
            return refusal(group, "the embedded consumer protocol is malformed.");
        }
    }

    /** False where another member has one of the partitions too, which no consumer group knows. */
    private static boolean addTo(Set<TopicPartition> owned, Assigned assigned) {
        boolean added = true;
        for (var topic : assigned.partitions()) {
            for (int index : topic.indexes()) {
                added &= owned.add(new TopicPartition(topic.topic(), index));
            }
        }
        return added;
    }

    private static String refusal(ClassicGroup group, String why) {
        return "Cannot upgrade classic group " + group.id() + " to consumer group because " + why;
    }

    /**
     * Makes a consumer group of a classic one, whose generation is the first epoch, and what the leader gave
     * the members their target. What a member had when it joined and was not given again it gives back first:
     * it may not have read so yet, and in the classic group nobody would have it before this one joins again.
     * Who makes the change has the broker assign at once, also in the place of another, since the hash is
     * that of no topics: the leader may not have seen yet what there is to share.
     *
     * @param draft of a group of which there is nothing yet
     */
    static void upgrade(ClassicGroup from, ConsumerDraft draft) {
        var image = draft.image();
        var protocol = from.protocol();
        var members = new ArrayList<ConsumerMember>();
        var classic = from.members();
        var taken = Assignment.EMPTY;
        for (var member : classic) {
            var assigned = EmbeddedProtocol.assignment(Assigned.read(member.assignment).partitions(), image);
            taken = taken.plus(assigned);
            var told = Subscription.read(member.metadata(protocol)).told(member.instanceId, member.terms);
            members.add(new ConsumerMember(member.id, told, from.generation(), from.generation(),
                    State.STABLE, assigned, Assignment.EMPTY));
        }
        for (int i = 0; i < members.size(); i++) {
            var owned = Subscription.read(classic.get(i).metadata(protocol)).owned();
            var left = owned == null ? Assignment.EMPTY
                    : EmbeddedProtocol.assignment(owned, image).minus(taken);
            taken = taken.plus(left);
            members.set(i, members.get(i).giving(left));
        }
        members.forEach(member ->
                draft.write(new ConsumerGroupMemberMetadata(from.id(), member.id(), member.told())));
        draft.write(new ConsumerGroupMetadata(from.id(),
                new ConsumerGroupMetadata.Value(from.generation(), 0)));
        members.forEach(member -> draft.write(draft.targetRecord(member.id(), member.assigned())));
        draft.write(new TargetAssignmentMetadata(from.id(),
                new TargetAssignmentMetadata.Value(from.generation(), 0)));
        members.forEach(member ->
                draft.write(draft.group().record(ConsumerMember.blank(member.id()), member)));
    }

    /**
     * Makes a classic group of a consumer group that has only members of the classic protocol left. They are
     * assigned what they have; not, as with Apache Kafka, what they were to have, which another may still
     * use. A rebalance follows, also after a crash, since no leader is written: they have yet to agree, and
     * none of them knows that it leads. The epoch is their generation.
     *
     * @param before the group as it is
     * @param epoch that of the group as it was to be
     * @param left its members that are left, as they were to be
     * @return null where not all speak the classic protocol, or it may not become one
     */
    static List<GroupRecord> downgrade(ConsumerGroup before, int epoch, List<ConsumerMember> left,
            Surroundings surroundings) {
        var config = surroundings.config().get();
        if (left.isEmpty() || !left.stream().allMatch(ConsumerMember::classic) || !allows(config, "downgrade")
                || left.size() > config.integer("group.max.size")) {
            return null;
        }
        var members = new ClassicMembers();
        for (var member : left) {
            var told = member.told();
            members.put(new ClassicMember(member.id(), told.instanceId(), new Terms(told.clientId(),
                    told.clientHost(), told.rebalanceTimeoutMs(), told.classic().sessionTimeoutMs(),
                    told.classic().protocols())));
        }
        var protocol = members.selected();
        var written = new ArrayList<GroupMetadata.Member>();
        for (var member : left) {
            var classic = members.find(member.id());
            written.add(classic.record(protocol, EmbeddedProtocol.bytes(member.assigned(),
                    EmbeddedProtocol.version(classic.metadata(protocol)), surroundings.image().get())));
        }
        var records = before.tombstones();
        records.add(new GroupMetadata(before.id(), new GroupMetadata.Value(CONSUMER, epoch, protocol,
                null, surroundings.clock().millis(), written)));
        return records;
    }
}
