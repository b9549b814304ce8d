package daybook.group;

import daybook.catalog.BrokerConfig;
import daybook.catalog.ConfigResource;
import daybook.catalog.GroupConfigs;
import daybook.coordinator.Decision;
import daybook.group.ConsumerMember.State;
import daybook.wire.ErrorCode;

import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.PatternSyntaxException;

/** The events of the consumer protocol (KIP-848), for the groups of one shard. */
public final class ConsumerProtocol {
    private static final System.Logger LOG = System.getLogger("daybook.group");

    /**
     * A heartbeat. What is null, or a timeout of -1, is as it was.
     *
     * @param version of the API
     * @param epoch the member's; 0 to join, -1 to leave, -2 to leave and come back
     * @param owned what the member has
     */
    public record Heartbeat(int version, String groupId, String memberId, int epoch, String instanceId,
            String rackId, int rebalanceTimeoutMs, List<String> topicNames, String topicRegex,
            String serverAssignor, Assignment owned, String clientId, String clientHost) {
        /** Whether all is there that a member tells when it does not know how it stands. */
        boolean whole() {
            return epoch == 0 || rebalanceTimeoutMs != -1 && (topicNames != null || topicRegex != null)
                    && owned != null;
        }
    }

    /**
     * The answer to a heartbeat.
     *
     * @param message of an error, or null
     * @param assignment what the member may use from now on; null where that is as it was
     */
    public record Answer(ErrorCode error, String message, String memberId, int epoch, int intervalMs,
            Assignment assignment) {
        public static Answer refused(ErrorCode error, String message) {
            return new Answer(error, message, null, 0, 0, null);
        }
    }

    /** A group as it is told to who asks; only the id and the error where there is one. */
    public record Described(String id, ErrorCode error, String message, GroupState state, int epoch,
            int targetEpoch, String assignor, List<DescribedMember> members) {
        public static Described refused(String id, ErrorCode error, String message) {
            return new Described(id, error, message, GroupState.DEAD, 0, 0, "", List.of());
        }
    }

    /** @param assigned what it has, and what it has not given back yet */
    public record DescribedMember(String id, String instanceId, String rackId, int epoch, String clientId,
            String clientHost, List<String> topicNames, String topicRegex, Assignment assigned,
            Assignment target, boolean classic) { }

    private final Groups groups;

    ConsumerProtocol(Groups groups) {
        this.groups = groups;
    }

    Groups groups() {
        return groups;
    }

    /** What holds for the group now. */
    GroupConfigs.Effective config(String groupId) {
        var overrides = groups.surroundings().image().get()
                .config(new ConfigResource(ConfigResource.Type.GROUP, groupId));
        return GroupConfigs.effective(overrides, brokerConfig());
    }

    BrokerConfig brokerConfig() {
        return groups.surroundings().config().get();
    }

    /** A member joins, stays or leaves. */
    public Decision<GroupRecord, Answer> heartbeat(Heartbeat asked, long nowMs) {
        var message = invalid(asked);
        if (message != null) {
            return refused(ErrorCode.INVALID_REQUEST, message);
        }
        var assignors = brokerConfig().list("group.consumer.assignors");
        if (asked.serverAssignor != null && !assignors.contains(asked.serverAssignor)) {
            return refused(ErrorCode.UNSUPPORTED_ASSIGNOR, "ServerAssignor " + asked.serverAssignor
                    + " is not supported. Supported assignors: " + String.join(", ", assignors) + ".");
        }
        message = regexError(asked.topicRegex);
        if (message != null) {
            return refused(ErrorCode.INVALID_REGULAR_EXPRESSION, message);
        }
        return asked.epoch < 0 ? leave(asked, nowMs) : new ConsumerHeartbeat(this, asked, nowMs).decide();
    }

    static Decision<GroupRecord, Answer> refused(ErrorCode error, String message) {
        return Decision.answer(Answer.refused(error, message));
    }

    /** In Apache Kafka's words, and in its order. */
    private static String invalid(Heartbeat asked) {
        boolean named = asked.version >= 1 || asked.epoch > 0 || asked.epoch == ConsumerMember.LEAVES;
        if (named && asked.memberId.isBlank()) {
            return "MemberId can't be empty.";
        }
        if (asked.groupId.isBlank()) {
            return "GroupId can't be empty.";
        }
        if (asked.instanceId != null && asked.instanceId.isBlank()) {
            return "InstanceId can't be empty.";
        }
        if (asked.rackId != null && asked.rackId.isBlank()) {
            return "RackId can't be empty.";
        }
        if (asked.epoch == 0) {
            return invalidJoin(asked);
        }
        if (asked.epoch == ConsumerMember.AWAY && asked.instanceId == null) {
            return "InstanceId can't be null.";
        }
        return asked.epoch < ConsumerMember.AWAY ? "MemberEpoch is invalid." : null;
    }

    private static String invalidJoin(Heartbeat asked) {
        if (asked.rebalanceTimeoutMs == -1) {
            return "RebalanceTimeoutMs must be provided in first request.";
        }
        if (asked.owned == null || !asked.owned.isEmpty()) {
            return "TopicPartitions must be empty when (re-)joining.";
        }
        return asked.topicNames != null || asked.topicRegex != null ? null
                : "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.";
    }

    private static String regexError(String regex) {
        if (regex == null || regex.isEmpty()) {
            return null;
        }
        try {
            TopicRegex.of(regex);
            return null;
        } catch (PatternSyntaxException none) {
            return "SubscribedTopicRegex `" + regex + "` is not a valid regular expression: "
                    + none.getDescription() + ".";
        }
    }

    private Decision<GroupRecord, Answer> leave(Heartbeat asked, long nowMs) {
        if (!(groups.find(asked.groupId) instanceof ConsumerGroup group)) {
            return refused(ErrorCode.GROUP_ID_NOT_FOUND, notFound("Group ", asked.groupId));
        }
        var member = group.holder(asked.memberId, asked.instanceId);
        var error = memberError(asked, member);
        if (error != null) {
            return Decision.answer(error);
        }
        var answer = new Answer(ErrorCode.NONE, null, member.id(), asked.epoch, 0, null);
        if (asked.epoch == ConsumerMember.AWAY) {
            return Decision.answer(List.of(group.record(member, member.away())), answer);
        }
        return remove(group, List.of(member.id()), answer, nowMs);
    }

    /** @param kind what the sentence begins with where there is no group at all */
    String notFound(String kind, String groupId) {
        return groups.find(groupId) == null && !groups.taken(groupId) ? kind + groupId + " not found."
                : "Group " + groupId + " is not a consumer group.";
    }

    /** Why who asks is not the member that has its instance id or member id; null where it is. */
    static Answer memberError(Heartbeat asked, ConsumerMember holder) {
        if (holder == null) {
            return Answer.refused(ErrorCode.UNKNOWN_MEMBER_ID, asked.instanceId != null
                    ? "Instance id " + asked.instanceId + " is unknown."
                    : "Member " + asked.memberId + " is not a member of group " + asked.groupId + ".");
        }
        return holder.id().equals(asked.memberId) ? null : Answer.refused(ErrorCode.FENCED_INSTANCE_ID,
                "Static member " + asked.memberId + " with instance id " + asked.instanceId
                        + " was fenced by member " + holder.id() + ".");
    }

    /**
     * Takes members out of a group. Where only members of the classic protocol are left, the group becomes
     * theirs, and they share anew among themselves.
     */
    <T> Decision<GroupRecord, T> remove(ConsumerGroup group, List<String> memberIds, T answer, long nowMs) {
        var left = new ArrayList<>(group.members());
        left.removeIf(member -> memberIds.contains(member.id()));
        var records = Migration.downgrade(group, group.epoch(), left, groups.surroundings());
        if (records != null) {
            LOG.log(Level.INFO, "Group {0} has only members of the classic protocol left and becomes a"
                    + " classic group", group.id());
            groups.deadlines().set(new Timer(group.id(), "", Timer.Kind.SESSION), nowMs);
            return Decision.answer(records, answer);
        }
        var draft = new ConsumerDraft(group, groups.surroundings());
        draft.remove(memberIds);
        return Decision.answer(draft.records(), answer);
    }

    /** Awaits the next heartbeat of a member. */
    void await(ConsumerGroup group, ConsumerMember member, long nowMs) {
        int sessionMs = member.classic() ? member.told().classic().sessionTimeoutMs()
                : config(group.id()).sessionTimeoutMs();
        groups.deadlines().set(new Timer(group.id(), member.id(), Timer.Kind.SESSION), nowMs + sessionMs);
    }

    /** Awaits that a member gives back what it has to, where it has to. */
    void awaitBack(ConsumerGroup group, ConsumerMember member, long nowMs) {
        if (gives(member)) {
            groups.deadlines().set(new Timer(group.id(), member.id(), Timer.Kind.REBALANCE),
                    nowMs + member.told().rebalanceTimeoutMs());
        }
    }

    private static boolean gives(ConsumerMember member) {
        return member.state() == State.UNREVOKED_PARTITIONS && member.epoch() != ConsumerMember.AWAY
                && !member.classic();
    }

    /** Takes a member out of the group that was not heard of, or does not give back what it has to. */
    Decision<GroupRecord, ?> due(ConsumerGroup group, Timer timer, long nowMs) {
        var member = group.member(timer.memberId());
        boolean late = member != null && switch (timer.kind()) {
            case SESSION -> true;
            case REBALANCE -> gives(member);
            case JOIN, SYNC -> member.classic();
        };
        if (!late) {
            return Decision.write(List.of());
        }
        LOG.log(Level.INFO, "Group {0}: member {1} (client {2} of {3}) is taken out, {4}", group.id(),
                member.id(), member.told().clientId(), member.told().clientHost(), switch (timer.kind()) {
                    case SESSION -> "it was not heard of for its session timeout";
                    case REBALANCE -> "it did not give its partitions back within its rebalance timeout";
                    case JOIN -> "it did not join again within its rebalance timeout";
                    case SYNC -> "it did not sync within its rebalance timeout";
                });
        return remove(group, List.of(member.id()), null, nowMs);
    }

    /** Tells of a group. */
    public Decision<GroupRecord, Described> describe(String groupId) {
        if (groupId.isEmpty()) {
            return Decision.answer(Described.refused(groupId, ErrorCode.INVALID_GROUP_ID, null));
        }
        if (!(groups.find(groupId) instanceof ConsumerGroup group)) {
            return Decision.answer(Described.refused(groupId, ErrorCode.GROUP_ID_NOT_FOUND,
                    notFound("Group ", groupId)));
        }
        var members = new ArrayList<DescribedMember>();
        for (var member : group.members()) {
            var told = member.told();
            members.add(new DescribedMember(member.id(), told.instanceId(), told.rackId(), member.epoch(),
                    told.clientId(), told.clientHost(), told.topicNames(), told.topicRegex(),
                    member.assigned().plus(member.pending()), group.target(member.id()), member.classic()));
        }
        var assignor = new ConsumerDraft(group, groups.surroundings()).assignor().text();
        return Decision.answer(new Described(groupId, ErrorCode.NONE, null, group.state(), group.epoch(),
                group.targetEpoch(), assignor, members));
    }

    /** Makes the change of a group that the record stands for; the group comes with its first record. */
    void replay(GroupRecord record) {
        var found = groups.find(record.groupId());
        if (found instanceof ConsumerGroup group) {
            group.replay(record);
            ended(group, record);
        } else if (record.value() != null) {
            var group = new ConsumerGroup(this, record.groupId());
            groups.put(group);
            group.replay(record);
        }
    }

    /** Forgets what is awaited of a member that has gone, and a group whose last record has. */
    private void ended(ConsumerGroup group, GroupRecord record) {
        if (record.value() != null) {
            return;
        }
        if (record instanceof GroupRecord.ConsumerGroupMemberMetadata member) {
            for (var kind : Timer.Kind.values()) {
                groups.deadlines().cancel(new Timer(group.id(), member.memberId(), kind));
            }
        } else if (record instanceof GroupRecord.ConsumerGroupMetadata) {
            groups.remove(group.id());
        }
    }
}
