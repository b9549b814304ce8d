package daybook.group;

import daybook.coordinator.Decision;
import daybook.group.ConsumerProtocol.Answer;
import daybook.group.ConsumerProtocol.Heartbeat;
import daybook.group.GroupRecord.ConsumerGroupMemberMetadata;
import daybook.wire.ErrorCode;

import java.lang.System.Logger.Level;
import java.util.List;
import java.util.TreeSet;

/**
 * One heartbeat of a member that joins or stays, on its way:
 *
 * <pre>
 *   the group, made or changed into a consumer group -> the member, new or known or replaced
 *   -> what it tells, and the group's epoch -> targets for that epoch -> the member's next step
 * </pre>
 */
final class ConsumerHeartbeat {
    private static final System.Logger LOG = System.getLogger("daybook.group");

    private final ConsumerProtocol protocol;
    private final Groups groups;
    private final Heartbeat asked;
    private final long nowMs;
    private ConsumerDraft draft;
    private ConsumerMember member;

    ConsumerHeartbeat(ConsumerProtocol protocol, Heartbeat asked, long nowMs) {
        this.protocol = protocol;
        this.groups = protocol.groups();
        this.asked = asked;
        this.nowMs = nowMs;
    }

    Decision<GroupRecord, Answer> decide() {
        var refusal = open();
        refusal = refusal == null ? admit() : refusal;
        refusal = refusal == null ? expressionError() : refusal;
        if (refusal != null) {
            return Decision.answer(refusal);
        }
        var classic = groups.find(asked.groupId()) instanceof ClassicGroup group ? group : null;
        if (classic != null) {
            draft.group().members().forEach(each -> protocol.await(draft.group(), each, nowMs));
        }
        var before = member;
        draft.tell(before, before.telling(told(before.told())));
        draft.assign();
        var told = draft.group().member(before.id());
        member = draft.step(told, owned(told), asked.epoch() == 0);
        protocol.await(draft.group(), member, nowMs);
        if (member != told) {
            protocol.awaitBack(draft.group(), member, nowMs);
        }
        boolean news = asked.whole() || !member.assigned().equals(before.assigned());
        var answer = new Answer(ErrorCode.NONE, null, member.id(), member.epoch(),
                protocol.config(asked.groupId()).heartbeatIntervalMs(), news ? member.assigned() : null);
        var decision = draft.decided(answer);
        return classic == null ? decision : decision.orElse(error -> classic.resume(nowMs));
    }

    /** Finds the group, or makes it for who joins. */
    private Answer open() {
        boolean joins = asked.epoch() == 0;
        var found = groups.find(asked.groupId());
        if (found instanceof ConsumerGroup group) {
            draft = new ConsumerDraft(group, groups.surroundings());
            return null;
        }
        if (!joins || groups.taken(asked.groupId())) {
            return Answer.refused(ErrorCode.GROUP_ID_NOT_FOUND,
                    protocol.notFound("Consumer group ", asked.groupId()));
        }
        draft = new ConsumerDraft(new ConsumerGroup(protocol, asked.groupId()), groups.surroundings());
        return found instanceof ClassicGroup classic ? change(classic) : null;
    }

    /** Members of the classic protocol stay, with those of the consumer protocol. */
    private Answer change(ClassicGroup classic) {
        draft.records().addAll(classic.tombstones());
        if (classic.members().isEmpty()) {
            return null;
        }
        var message = Migration.upgradeError(classic, protocol.brokerConfig());
        if (message != null) {
            return Answer.refused(ErrorCode.GROUP_ID_NOT_FOUND, message);
        }
        Migration.upgrade(classic, draft);
        LOG.log(Level.INFO, "Group {0} becomes a consumer group", classic.id());
        return null;
    }

    /** Finds the member, or makes it where it joins. */
    private Answer admit() {
        var group = draft.group();
        int limit = protocol.brokerConfig().integer("group.consumer.max.size");
        if (group.members().size() >= limit && group.member(asked.memberId()) == null) {
            return Answer.refused(ErrorCode.GROUP_MAX_SIZE_REACHED,
                    "The consumer group has reached its maximum capacity of " + limit + " members.");
        }
        var known = asked.instanceId() == null ? group.member(asked.memberId())
                : group.instance(asked.instanceId());
        if (asked.epoch() == 0) {
            return join(known);
        }
        if (known == null) {
            return Answer.refused(ErrorCode.UNKNOWN_MEMBER_ID, ConsumerProtocol.unknown(asked));
        }
        if (!known.id().equals(asked.memberId())) {
            return Answer.refused(ErrorCode.FENCED_INSTANCE_ID, ConsumerProtocol.fenced(asked, known));
        }
        member = known;
        return epochError();
    }

    private Answer join(ConsumerMember known) {
        var memberId = asked.memberId().isEmpty() ? groups.surroundings().ids().get().toString()
                : asked.memberId();
        if (known == null) {
            var there = draft.group().member(memberId);
            member = there == null ? ConsumerMember.blank(memberId) : there;
        } else if (asked.instanceId() == null) {
            member = known;
        } else if (known.epoch() == ConsumerMember.AWAY || known.classic()) {
            member = draft.replace(known, memberId);
        } else {
            return Answer.refused(ErrorCode.UNRELEASED_INSTANCE_ID, "Static member " + memberId
                    + " with instance id " + asked.instanceId() + " cannot join the group because the"
                    + " instance id is owned by " + known.id() + " member.");
        }
        return null;
    }

    private Answer expressionError() {
        var expression = asked.topicRegex();
        return expression == null || expression.isEmpty() || draft.takes(expression) ? null
                : Answer.refused(ErrorCode.INVALID_REGULAR_EXPRESSION, "SubscribedTopicRegex `" + expression
                + "` takes too long to match with the names of all topics.");
    }

    /** The previous epoch is taken of a member that the last answer did not reach. */
    private Answer epochError() {
        boolean lost = asked.epoch() == member.previousEpoch() && asked.owned() != null
                && member.assigned().containsAll(asked.owned());
        if (asked.epoch() == member.epoch() || asked.epoch() < member.epoch() && lost) {
            return null;
        }
        return Answer.refused(ErrorCode.FENCED_MEMBER_EPOCH, "The consumer group member has a "
                + (asked.epoch() > member.epoch() ? "greater" : "smaller") + " member epoch (" + asked.epoch()
                + ") than the one known by the group coordinator (" + member.epoch()
                + "). The member must abandon all its partitions and rejoin.");
    }

    /**
     * What the member says that it has; null where that is not to be relied on. One that tells all may not
     * have had the last answer: while it has not taken all that it is to keep, it may still be about to take
     * what it was given before, of which it was to give something back.
     */
    private Assignment owned(ConsumerMember known) {
        boolean behind = asked.epoch() > 0 && asked.whole() && !asked.owned().containsAll(known.assigned());
        return behind ? null : asked.owned();
    }

    /** What the member tells now, with what is as it was. */
    private ConsumerGroupMemberMetadata.Value told(ConsumerGroupMemberMetadata.Value before) {
        return new ConsumerGroupMemberMetadata.Value(or(asked.instanceId(), before.instanceId()),
                or(asked.rackId(), before.rackId()), asked.clientId(), asked.clientHost(),
                asked.topicNames() == null ? before.topicNames()
                        : List.copyOf(new TreeSet<>(asked.topicNames())),
                or(asked.topicRegex(), before.topicRegex()),
                asked.rebalanceTimeoutMs() == -1 ? before.rebalanceTimeoutMs() : asked.rebalanceTimeoutMs(),
                or(asked.serverAssignor(), before.serverAssignor()), null);
    }

    private static String or(String told, String before) {
        return told == null ? before : told;
    }
}
