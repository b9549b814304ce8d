package daybook.group;

import daybook.catalog.Image;
import daybook.coordinator.Decision;
import daybook.group.ConsumerMember.State;
import daybook.group.GroupRecord.ConsumerGroupMemberMetadata;
import daybook.group.GroupRecord.ConsumerGroupMetadata;
import daybook.group.GroupRecord.ConsumerGroupPartitionMetadata;
import daybook.group.GroupRecord.CurrentMemberAssignment;
import daybook.group.GroupRecord.RegularExpression;
import daybook.group.GroupRecord.TargetAssignmentMember;
import daybook.group.GroupRecord.TargetAssignmentMetadata;
import daybook.group.GroupRecord.TopicPartitions;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A group whose partitions the broker shares out (KIP-848). All of it is made by {@link #replay}, and
 * survives:
 *
 * <pre>
 *   what members tell  -> epoch of the group  -> target of each member  -> what each member has
 *   and the catalog       rises with changes     made anew for an epoch    moves there step by step
 * </pre>
 */
final class ConsumerGroup implements Group {
    /**
     * How the group last looked at the catalog.
     *
     * @param whole whether there is nothing new in it for the group, as the records say
     * @param expressions that were matched with it, where it is not whole
     */
    record Seen(Image image, boolean whole, Set<String> expressions) { }

    private record Place(Uuid topic, int partition) { }

    /** @param epoch the member's epoch when it was given the partition (KIP-1251) */
    private record Owner(String memberId, int epoch) { }

    private final ConsumerProtocol protocol;
    private final String id;
    private final TreeMap<String, ConsumerMember> members;
    /** The member's id by the instance id. */
    private final Map<String, String> instances;
    private final Map<String, Assignment> targets;
    /** Who has each partition, or has not given it back yet. */
    private final Map<Place, Owner> owners;
    /** The topics that matched, by the regular expression. */
    private final TreeMap<String, RegularExpression.Value> expressions;
    private int epoch;
    private long metadataHash;
    private int targetEpoch;
    /** The topics that somebody subscribes to; null where that is to be found out. */
    private Set<String> subscribed;
    /** Not kept in the log; null where the group is to look at the catalog anew. */
    private Seen seen;

    ConsumerGroup(ConsumerProtocol protocol, String id) {
        this.protocol = protocol;
        this.id = id;
        this.members = new TreeMap<>();
        this.instances = new HashMap<>();
        this.targets = new HashMap<>();
        this.owners = new HashMap<>();
        this.expressions = new TreeMap<>();
    }

    /** A copy, which goes its own way. */
    ConsumerGroup(ConsumerGroup other) {
        this.protocol = other.protocol;
        this.id = other.id;
        this.members = new TreeMap<>(other.members);
        this.instances = new HashMap<>(other.instances);
        this.targets = new HashMap<>(other.targets);
        this.owners = new HashMap<>(other.owners);
        this.expressions = new TreeMap<>(other.expressions);
        this.epoch = other.epoch;
        this.metadataHash = other.metadataHash;
        this.targetEpoch = other.targetEpoch;
        this.seen = other.seen;
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public String protocolType() {
        return "consumer";
    }

    @Override
    public GroupState state() {
        if (members.isEmpty()) {
            return GroupState.EMPTY;
        }
        if (epoch > targetEpoch) {
            return GroupState.ASSIGNING;
        }
        for (var member : members.values()) {
            if (!member.settled(targetEpoch)) {
                return GroupState.RECONCILING;
            }
        }
        return GroupState.STABLE;
    }

    int epoch() {
        return epoch;
    }

    /** What the subscribed topics were like for this epoch (KIP-1101). */
    long metadataHash() {
        return metadataHash;
    }

    /** The group's epoch that the targets were made for. */
    int targetEpoch() {
        return targetEpoch;
    }

    /** In the order of their ids. */
    Collection<ConsumerMember> members() {
        return members.values();
    }

    /** The member, or null, also for a null. */
    ConsumerMember member(String memberId) {
        return memberId == null ? null : members.get(memberId);
    }

    /** The static member with this instance id, or null. */
    ConsumerMember instance(String instanceId) {
        return members.get(instances.getOrDefault(instanceId, ""));
    }

    /** What the member is to have; nothing for one that was not there when the targets were made. */
    Assignment target(String memberId) {
        return targets.getOrDefault(memberId, Assignment.EMPTY);
    }

    boolean hasTarget(String memberId) {
        return targets.containsKey(memberId);
    }

    /** Whether some member has the partition, or has not given it back yet. */
    boolean taken(Uuid topic, int partition) {
        return owners.containsKey(new Place(topic, partition));
    }

    /** The regular expressions with the topics that matched. */
    Map<String, RegularExpression.Value> expressions() {
        return expressions;
    }

    /** The topics that one of this subscription reads. */
    Set<String> topics(ConsumerMember member) {
        var topics = new HashSet<>(member.told().topicNames());
        var matched = expressions.get(member.told().topicRegex());
        if (matched != null) {
            topics.addAll(matched.topics());
        }
        return topics;
    }

    /** The topics that somebody subscribes to, by name or by an expression. */
    Set<String> subscribed() {
        if (subscribed == null) {
            subscribed = new HashSet<>();
            members.values().forEach(member -> subscribed.addAll(member.told().topicNames()));
            expressions.values().forEach(matched -> subscribed.addAll(matched.topics()));
        }
        return subscribed;
    }

    /** Whether the group has seen all of this image. */
    boolean hasSeen(Image image) {
        return seen != null && seen.image == image && seen.whole;
    }

    /** Whether the expression was matched with this image. */
    boolean hasMatched(String expression, Image image) {
        return hasSeen(image) || seen != null && seen.image == image && seen.expressions.contains(expression);
    }

    void see(Seen now) {
        seen = now;
    }

    @Override
    public ErrorCode commitError(Asker who, Uuid topicId, int partition) {
        var member = member(who.memberId());
        if (who.epoch() < 0 && members.isEmpty()) {
            return ErrorCode.NONE;
        }
        if (member == null) {
            return ErrorCode.UNKNOWN_MEMBER_ID;
        }
        if (!who.knowsEpochs() && !member.classic()) {
            return ErrorCode.UNSUPPORTED_VERSION;
        }
        var stale = member.classic() ? ErrorCode.ILLEGAL_GENERATION : ErrorCode.STALE_MEMBER_EPOCH;
        if (who.epoch() >= member.epoch()) {
            return who.epoch() == member.epoch() ? ErrorCode.NONE : stale;
        }
        // An older epoch will do for what the member has had since then (KIP-1251).
        var owner = owners.get(new Place(topicId, partition));
        boolean since = owner != null && owner.memberId.equals(member.id()) && who.epoch() >= owner.epoch;
        return since ? ErrorCode.NONE : stale;
    }

    @Override
    public ErrorCode fetchError(Asker who) {
        if (who.memberId() == null && who.epoch() < 0) {
            return ErrorCode.NONE;
        }
        var member = member(who.memberId());
        if (member == null) {
            return ErrorCode.UNKNOWN_MEMBER_ID;
        }
        if (who.epoch() == member.epoch()) {
            return ErrorCode.NONE;
        }
        return member.classic() ? ErrorCode.ILLEGAL_GENERATION : ErrorCode.STALE_MEMBER_EPOCH;
    }

    @Override
    public boolean subscribes(String topic) {
        return subscribed().contains(topic);
    }

    /** In the order that Apache Kafka can replay. */
    @Override
    public List<GroupRecord> tombstones() {
        var records = new ArrayList<GroupRecord>();
        members.keySet().forEach(each -> records.add(new CurrentMemberAssignment(id, each, null)));
        members.keySet().forEach(each -> records.add(new TargetAssignmentMember(id, each, null)));
        records.add(new TargetAssignmentMetadata(id, null));
        members.keySet().forEach(each -> records.add(new ConsumerGroupMemberMetadata(id, each, null)));
        expressions.keySet().forEach(each -> records.add(new RegularExpression(id, each, null)));
        records.add(new ConsumerGroupPartitionMetadata(id, null));
        records.add(new ConsumerGroupMetadata(id, null));
        return records;
    }

    @Override
    public void loaded(long nowMs) {
        for (var member : members.values()) {
            protocol.await(this, member, nowMs);
            protocol.awaitBack(this, member, nowMs);
        }
    }

    @Override
    public Decision<GroupRecord, ?> due(Timer timer, long nowMs) {
        return protocol.due(this, timer, nowMs);
    }

    /** The record of a member's step, with the epochs of its partitions: those kept, and this for others. */
    CurrentMemberAssignment record(ConsumerMember before, ConsumerMember after) {
        return new CurrentMemberAssignment(id, after.id(), new CurrentMemberAssignment.Value(after.epoch(),
                after.previousEpoch(), after.state().ordinal(),
                withEpochs(after.assigned(), before.assigned(), after.epoch()),
                withEpochs(after.pending(), after.pending(), after.epoch())));
    }

    /** @param kept the partitions that keep the epochs they have */
    private List<TopicPartitions> withEpochs(Assignment assignment, Assignment kept, int epochOfOthers) {
        var topics = new ArrayList<TopicPartitions>();
        assignment.topics().forEach((topic, numbers) -> {
            var epochs = new ArrayList<Integer>(numbers.size());
            for (int number : numbers) {
                var owner = kept.contains(topic, number) ? owners.get(new Place(topic, number)) : null;
                int since = owner == null ? epochOfOthers : owner.epoch;
                epochs.add(epochOfOthers == ConsumerMember.AWAY ? 0 : since);
            }
            topics.add(new TopicPartitions(topic, numbers, epochs));
        });
        return topics;
    }

    /** Makes the change that the record stands for. A record may come before the one that it rests on. */
    void replay(GroupRecord record) {
        switch (record) {
            case ConsumerGroupMetadata group -> {
                epoch = group.value() == null ? 0 : group.value().epoch();
                metadataHash = group.value() == null ? 0 : group.value().metadataHash();
            }
            case ConsumerGroupMemberMetadata member -> replay(member);
            case TargetAssignmentMetadata target ->
                    targetEpoch = target.value() == null ? -1 : target.value().assignmentEpoch();
            case TargetAssignmentMember target -> {
                if (target.value() == null) {
                    targets.remove(target.memberId());
                } else {
                    targets.put(target.memberId(), assignment(target.value().topics()));
                }
            }
            case CurrentMemberAssignment current -> replay(current);
            case RegularExpression expression -> {
                subscribed = null;
                if (expression.value() == null) {
                    expressions.remove(expression.expression());
                } else {
                    expressions.put(expression.expression(), expression.value());
                }
            }
            case ConsumerGroupPartitionMetadata old -> { }
            default -> throw new IllegalArgumentException("Of no consumer group: " + record);
        }
    }

    private void replay(ConsumerGroupMemberMetadata record) {
        subscribed = null;
        var told = record.value();
        if (told == null) {
            var member = known(record.memberId());
            release(member.id(), member.assigned());
            release(member.id(), member.pending());
            members.remove(member.id());
            if (member.told().instanceId() != null) {
                instances.remove(member.told().instanceId(), member.id());
            }
            return;
        }
        members.put(record.memberId(), known(record.memberId()).telling(told));
        if (told.instanceId() != null) {
            instances.put(told.instanceId(), record.memberId());
        }
    }

    private void replay(CurrentMemberAssignment record) {
        var before = known(record.memberId());
        release(before.id(), before.assigned());
        release(before.id(), before.pending());
        var now = record.value();
        if (now == null) {
            members.computeIfPresent(before.id(), (memberId, member) ->
                    ConsumerMember.blank(memberId).telling(member.told()));
            return;
        }
        members.put(before.id(), new ConsumerMember(before.id(), before.told(), now.memberEpoch(),
                now.previousMemberEpoch(), State.of(now.state()), assignment(now.assigned()),
                assignment(now.pendingRevocation())));
        take(before.id(), now.assigned(), now.memberEpoch());
        take(before.id(), now.pendingRevocation(), now.memberEpoch());
    }

    private ConsumerMember known(String memberId) {
        var member = members.get(memberId);
        return member == null ? ConsumerMember.blank(memberId) : member;
    }

    /**
     * Another member may have the partition by now: a compacted log may lack the record that gave it back.
     */
    private void release(String memberId, Assignment assignment) {
        assignment.topics().forEach((topic, numbers) -> {
            for (int number : numbers) {
                owners.computeIfPresent(new Place(topic, number), (place, owner) ->
                        owner.memberId.equals(memberId) ? null : owner);
            }
        });
    }

    private void take(String memberId, List<TopicPartitions> topics, int memberEpoch) {
        for (var topic : topics) {
            for (int i = 0; i < topic.partitions().size(); i++) {
                int since = topic.epochs() == null || topic.epochs().size() <= i ? memberEpoch
                        : topic.epochs().get(i);
                owners.put(new Place(topic.topicId(), topic.partitions().get(i)), new Owner(memberId, since));
            }
        }
    }

    private static Assignment assignment(List<TopicPartitions> topics) {
        var partitions = new HashMap<Uuid, List<Integer>>();
        topics.forEach(topic -> partitions.put(topic.topicId(), topic.partitions()));
        return Assignment.of(partitions);
    }

    /** The same as a record says it. */
    static List<TopicPartitions> topicPartitions(Assignment assignment) {
        var topics = new ArrayList<TopicPartitions>();
        assignment.topics().forEach((topic, numbers) -> topics.add(new TopicPartitions(topic, numbers, null)));
        return topics;
    }
}
