package daybook.group;

import daybook.catalog.Image;
import daybook.coordinator.Decision;
import daybook.group.GroupRecord.ConsumerGroupMemberMetadata;
import daybook.group.GroupRecord.ConsumerGroupMetadata;
import daybook.group.GroupRecord.CurrentMemberAssignment;
import daybook.group.GroupRecord.RegularExpression;
import daybook.group.GroupRecord.TargetAssignmentMember;
import daybook.group.GroupRecord.TargetAssignmentMetadata;
import daybook.wire.Uuid;

import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.PatternSyntaxException;

/**
 * A change of a consumer group while it is decided. From the first record on it works on a copy of the group,
 * where each record is replayed at once: so each rule sees what the ones before it have done, and the group
 * itself is as it was until the records are written. A heartbeat that changes nothing copies nothing.
 */
final class ConsumerDraft {
    private static final System.Logger LOG = System.getLogger("daybook.group");
    private final Surroundings surroundings;
    private final Image image;
    /** The topics that match, by the expression; null where that took too long. */
    private final Map<String, List<String>> matched = new HashMap<>();
    /** How many more steps expressions may take until the others are left to the next heartbeat. */
    private long stepsLeft;
    /** Whether expressions were left to the next heartbeat. */
    private boolean postponed;
    private final List<GroupRecord> records = new ArrayList<>();
    private final ConsumerGroup original;
    private ConsumerGroup group;

    ConsumerDraft(ConsumerGroup group, Surroundings surroundings) {
        this.original = group;
        this.group = group;
        this.surroundings = surroundings;
        this.image = surroundings.image().get();
        this.stepsLeft = mostSteps();
    }

    private long mostSteps() {
        return TopicRegex.mostSteps(image.topics().size());
    }

    /** The group as it is with the records so far. */
    ConsumerGroup group() {
        return group;
    }

    /** The catalog that it looks at; by now there may be a newer one. */
    Image image() {
        return image;
    }

    /** What it comes to. The group has seen the catalog then, unless the records cannot be written. */
    <T> Decision<GroupRecord, T> decided(T answer) {
        original.see(seen());
        return Decision.answer(records, answer).orElse(error -> original.see(null));
    }

    private ConsumerGroup.Seen seen() {
        if (!postponed) {
            return new ConsumerGroup.Seen(image, true, Set.of());
        }
        var expressions = new HashSet<>(matched.keySet());
        original.expressions().keySet().stream().filter(each -> original.hasMatched(each, image))
                .forEach(expressions::add);
        return new ConsumerGroup.Seen(image, false, expressions);
    }

    /** In the order in which they are to be written. */
    List<GroupRecord> records() {
        return records;
    }

    void write(GroupRecord record) {
        if (group == original) {
            group = new ConsumerGroup(original);
        }
        records.add(record);
        group.replay(record);
    }

    /**
     * Gives a static member another member id, with all that it had; it may come with the one it had, too.
     */
    ConsumerMember replace(ConsumerMember old, String memberId) {
        var member = old.replacedBy(memberId);
        var target = group.target(old.id());
        var current = group.record(old, member);
        if (!memberId.equals(old.id())) {
            erase(old.id());
        }
        write(new ConsumerGroupMemberMetadata(group.id(), memberId, member.told()));
        write(targetRecord(memberId, target));
        write(current);
        return member;
    }

    /**
     * Takes members out of the group, which so needs another assignment; it is made with the next heartbeat.
     */
    void remove(Collection<String> memberIds) {
        memberIds.forEach(this::erase);
        forgetExpressions();
        raise();
    }

    /** In the order that Apache Kafka can replay. */
    private void erase(String memberId) {
        write(new CurrentMemberAssignment(group.id(), memberId, null));
        write(new TargetAssignmentMember(group.id(), memberId, null));
        write(new ConsumerGroupMemberMetadata(group.id(), memberId, null));
    }

    /**
     * Takes what a member tells of itself, and what the catalog has become since the group last looked, and
     * raises the group's epoch where that may ask for another assignment.
     *
     * @param before what the group knew of the member
     * @param now what it tells
     */
    void tell(ConsumerMember before, ConsumerMember now) {
        boolean joins = group.member(now.id()) == null;
        boolean changed = joins || !now.subscribesAs(before);
        if (joins || !now.told().equals(before.told())) {
            write(new ConsumerGroupMemberMetadata(group.id(), now.id(), now.told()));
        }
        if (changed || !group.hasSeen(image)) {
            forgetExpressions();
            changed |= matchExpressions();
            if (changed || hash() != group.metadataHash()) {
                raise();
            }
        }
    }

    private void raise() {
        write(new ConsumerGroupMetadata(group.id(),
                new ConsumerGroupMetadata.Value(group.epoch() + 1, hash())));
    }

    private long hash() {
        return MetadataHash.of(group.subscribed(), image);
    }

    private Set<String> usedExpressions() {
        var used = new HashSet<String>();
        group.members().forEach(member -> used.add(member.told().topicRegex()));
        used.remove("");
        return used;
    }

    private void forgetExpressions() {
        var unused = new ArrayList<>(group.expressions().keySet());
        unused.removeAll(usedExpressions());
        unused.forEach(each -> write(new RegularExpression(group.id(), each, null)));
    }

    /**
     * Whether a member may come with this expression: it was taken before, or does not take too long.
     */
    boolean takes(String expression) {
        return group.expressions().containsKey(expression) || matching(expression) != null;
    }

    /**
     * Looks which topics match. Apache Kafka does so beside, on another thread, and at most every ten
     * seconds; here the time is bounded, and it is done once for each change of the catalog.
     *
     * @return whether that changes what somebody subscribes to
     */
    private boolean matchExpressions() {
        boolean changed = false;
        for (var each : usedExpressions()) {
            var known = group.expressions().get(each);
            if (known != null && group.hasMatched(each, image)) {
                continue;
            }
            if (stepsLeft <= 0 && !matched.containsKey(each)) {
                postponed = true;
                continue;
            }
            var before = known == null ? List.<String>of() : known.topics();
            var found = matching(each);
            var topics = found == null ? before : found;
            if (found == null) {
                LOG.log(Level.WARNING, "Group {0}: which of {1} topics match an expression takes too long to"
                        + " find out; the {2} that did still do: {3}", group.id(), image.topics().size(),
                        before.size(), each);
            }
            if (known == null || !topics.equals(before)) {
                write(new RegularExpression(group.id(), each, new RegularExpression.Value(topics,
                        image.offset(), surroundings.clock().millis())));
                changed = true;
            }
        }
        return changed;
    }

    /**
     * The topics that match; null where that takes too long. An expression that Apache Kafka has taken, and
     * that is too large here, matches nothing.
     */
    private List<String> matching(String text) {
        if (!matched.containsKey(text)) {
            try {
                var matches = TopicRegex.of(text).matching(image.topics().keySet(), mostSteps());
                stepsLeft -= matches.steps();
                matched.put(text, matches.names());
            } catch (PatternSyntaxException none) {
                matched.put(text, List.of());
            }
        }
        return matched.get(text);
    }

    /**
     * Makes the targets for the group's epoch, where that has not been done, and writes those that change.
     */
    void assign() {
        if (group.epoch() <= group.targetEpoch()) {
            return;
        }
        var counts = new HashMap<Uuid, Integer>();
        for (var name : group.subscribed()) {
            var topic = image.topic(name);
            if (topic != null) {
                counts.put(topic.id(), topic.partitions().size());
            }
        }
        var targets = assignor().assign(takers(), counts);
        for (var member : group.members()) {
            var target = targets.getOrDefault(member.id(), Assignment.EMPTY);
            if (!group.hasTarget(member.id()) || !target.equals(group.target(member.id()))) {
                write(targetRecord(member.id(), target));
            }
        }
        write(new TargetAssignmentMetadata(group.id(), new TargetAssignmentMetadata.Value(group.epoch(),
                surroundings.clock().millis())));
    }

    /** Who takes part in the assignment. Members that subscribe alike share the set of their topics. */
    private List<Assignor.Member> takers() {
        var topicsOf = new HashMap<List<Object>, Set<Uuid>>();
        var takers = new ArrayList<Assignor.Member>();
        for (var member : group.members()) {
            var told = member.told();
            var topics = topicsOf.computeIfAbsent(List.of(told.topicNames(), told.topicRegex()),
                    subscription -> ids(group.topics(member)));
            takers.add(new Assignor.Member(member.id(), told.instanceId(), topics,
                    group.target(member.id())));
        }
        return takers;
    }

    private Set<Uuid> ids(Set<String> names) {
        var ids = new HashSet<Uuid>();
        for (var name : names) {
            var topic = image.topic(name);
            if (topic != null) {
                ids.add(topic.id());
            }
        }
        return ids;
    }

    /** The one that most members ask for; without a wish of theirs the first that is configured. */
    Assignor assignor() {
        var wishes = new EnumMap<Assignor, Integer>(Assignor.class);
        for (var member : group.members()) {
            var wish = Assignor.named(member.told().serverAssignor());
            if (wish != null) {
                wishes.merge(wish, 1, Integer::sum);
            }
        }
        return wishes.entrySet().stream().max(Map.Entry.comparingByValue()).map(Map.Entry::getKey)
                .orElseGet(() -> Assignor.named(surroundings.config().get().list("group.consumer.assignors")
                        .getFirst()));
    }

    /** Moves a member a step towards its target, as {@link ConsumerMember#next}. */
    ConsumerMember step(ConsumerMember member, Assignment owned, boolean joins) {
        var next = member.next(group.targetEpoch(), group.target(member.id()), owned, joins,
                group::taken);
        if (next != member) {
            // Nothing looks at the group after this, so it need not be copied for it.
            records.add(group.record(member, next));
        }
        return next;
    }

    TargetAssignmentMember targetRecord(String memberId, Assignment target) {
        return new TargetAssignmentMember(group.id(), memberId,
                new TargetAssignmentMember.Value(ConsumerGroup.topicPartitions(target)));
    }
}
