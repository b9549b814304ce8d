package daybook.group;

import daybook.coordinator.Decision;
import daybook.group.GroupRecord.ConsumerGroupMemberMetadata.Protocol;
import daybook.wire.ErrorCode;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/**
 * The events of the classic protocol: a member joins and waits until all others have, then syncs and waits
 * for what the leader, one of them, has assigned; after that it sends heartbeats, which tell it when to join
 * again.
 */
public final class ClassicProtocol {
    /**
     * What a member says of itself when it joins.
     *
     * @param clientHost the address it comes from
     * @param rebalanceTimeoutMs how long the others wait for it to join again and to sync
     * @param sessionTimeoutMs how long it may be silent
     * @param protocols what it supports, the one it likes best first
     */
    public record Terms(String clientId, String clientHost, int rebalanceTimeoutMs, int sessionTimeoutMs,
            List<Protocol> protocols) { }

    /**
     * A member joins.
     *
     * @param memberId empty for one that has none yet
     * @param instanceId of a static member (KIP-345); else null
     * @param reason why, for the log, or null
     * @param idFirst whether a member without an id gets one before it may join (KIP-394)
     * @param canSkip whether a leader can be told to assign nothing (KIP-814)
     */
    public record Join(String groupId, String memberId, String instanceId, String protocolType, Terms terms,
            String reason, boolean idFirst, boolean canSkip) { }

    /**
     * The answer to {@link Join}.
     *
     * @param generation -1 where it is refused
     * @param protocolType null where it is refused
     * @param protocol what the members agreed on; null where it is refused
     * @param leader empty where it is refused
     * @param skipAssignment whether the leader is to assign nothing: what there is stays
     * @param members all of them, for the leader; none for the others
     */
    public record Joined(ErrorCode error, int generation, String protocolType, String protocol,
            String leader, boolean skipAssignment, String memberId, List<JoinedMember> members) {
        public static Joined refused(ErrorCode error, String memberId) {
            return new Joined(error, -1, null, null, "", false, memberId, List.of());
        }
    }

    /** @param metadata what the member said for the protocol that was agreed on */
    public record JoinedMember(String memberId, String instanceId, ByteBuffer metadata) { }

    /**
     * A member asks for its assignment; the leader brings those of all.
     *
     * @param protocolType what the member takes it to be, or null
     * @param protocol what the member takes it to be, or null
     * @param assignments by member id; empty for those who do not lead
     */
    public record Sync(String groupId, Asker who, String protocolType, String protocol,
            Map<String, ByteBuffer> assignments) { }

    /** The answer to {@link Sync}; the protocol is null where it is refused. */
    public record Synced(ErrorCode error, String protocolType, String protocol, ByteBuffer assignment) {
        private static final ByteBuffer NOTHING = ByteBuffer.allocate(0).asReadOnlyBuffer();

        public static Synced refused(ErrorCode error) {
            return new Synced(error, null, null, NOTHING);
        }
    }

    /**
     * A member that leaves.
     *
     * @param memberId empty where only the instance is named
     * @param instanceId of a static member; else null
     * @param reason why, for the log, or null
     */
    public record Leaving(String memberId, String instanceId, String reason) { }

    /** The answer to those who leave, in their order; none where all are refused for one reason. */
    public record Left(ErrorCode error, List<ErrorCode> errors) {
        public static Left refused(ErrorCode error) {
            return new Left(error, List.of());
        }
    }

    /**
     * A group as an operator sees it.
     *
     * @param message what the error says, or null
     * @param protocol empty unless the group is stable
     */
    public record Described(ErrorCode error, String message, GroupState state, String protocolType,
            String protocol, List<DescribedMember> members) {
        public static Described refused(ErrorCode error, String message) {
            return new Described(error, message, GroupState.DEAD, "", "", List.of());
        }
    }

    /** The metadata and the assignment are empty unless the group is stable. */
    public record DescribedMember(String memberId, String instanceId, String clientId, String clientHost,
            ByteBuffer metadata, ByteBuffer assignment) { }

    private final Groups groups;
    private final MixedProtocol mixed;

    ClassicProtocol(Groups groups) {
        this.groups = groups;
        this.mixed = new MixedProtocol(groups);
    }

    /** The answer comes when all members have joined, or are given up. */
    public Decision<GroupRecord, Joined> join(Join asked, long nowMs) {
        var error = joinError(asked);
        if (error != ErrorCode.NONE) {
            return Decision.answer(Joined.refused(error, asked.memberId));
        }
        return switch (groups.find(asked.groupId)) {
            case null -> joinNew(null, asked, nowMs);
            case ClassicGroup group -> group.join(asked, nowMs);
            case ConsumerGroup group when group.members().isEmpty() -> joinNew(group, asked, nowMs);
            case ConsumerGroup group -> mixed.join(group, asked, nowMs);
        };
    }

    private ErrorCode joinError(Join asked) {
        var config = groups.surroundings().config().get();
        int sessionMs = asked.terms.sessionTimeoutMs;
        if (asked.groupId.isEmpty()) {
            return ErrorCode.INVALID_GROUP_ID;
        }
        if (sessionMs < config.integer("group.min.session.timeout.ms")
                || sessionMs > config.integer("group.max.session.timeout.ms")) {
            return ErrorCode.INVALID_SESSION_TIMEOUT;
        }
        return groups.taken(asked.groupId) ? ErrorCode.INCONSISTENT_GROUP_PROTOCOL : ErrorCode.NONE;
    }

    /** @param emptied the consumer group whose place the new one takes, or null */
    private Decision<GroupRecord, Joined> joinNew(ConsumerGroup emptied, Join asked, long nowMs) {
        if (!asked.memberId.isEmpty()) {
            return Decision.answer(Joined.refused(ErrorCode.UNKNOWN_MEMBER_ID, asked.memberId));
        }
        var group = new ClassicGroup(groups, asked.groupId);
        var decision = group.join(asked, nowMs);
        if (!group.used()) {
            return decision;
        }
        groups.put(group);
        return emptied == null ? decision : Decision.later(emptied.tombstones(), decision.answer())
                .orElse(error -> groups.put(emptied));
    }

    /** The answer comes with that to the leader. */
    public Decision<GroupRecord, Synced> sync(Sync asked, long nowMs) {
        if (asked.groupId.isEmpty()) {
            return Decision.answer(Synced.refused(ErrorCode.INVALID_GROUP_ID));
        }
        return switch (groups.find(asked.groupId)) {
            case ClassicGroup group -> group.sync(asked, nowMs);
            case ConsumerGroup group -> mixed.sync(group, asked, nowMs);
            case null -> Decision.answer(Synced.refused(ErrorCode.UNKNOWN_MEMBER_ID));
        };
    }

    /** Hears of a member; REBALANCE_IN_PROGRESS where it is to join again. */
    public Decision<GroupRecord, ErrorCode> heartbeat(String groupId, Asker who, long nowMs) {
        if (groupId.isEmpty()) {
            return Decision.answer(ErrorCode.INVALID_GROUP_ID);
        }
        return switch (groups.find(groupId)) {
            case ClassicGroup group -> Decision.answer(group.heartbeat(who, nowMs));
            case ConsumerGroup group -> mixed.heartbeat(group, who, nowMs);
            case null -> Decision.answer(ErrorCode.UNKNOWN_MEMBER_ID);
        };
    }

    /** Members leave, each answered for itself. */
    public Decision<GroupRecord, Left> leave(String groupId, List<Leaving> leaving, long nowMs) {
        if (groupId.isEmpty()) {
            return Decision.answer(Left.refused(ErrorCode.INVALID_GROUP_ID));
        }
        return switch (groups.find(groupId)) {
            case ClassicGroup group -> group.leave(leaving, nowMs);
            case ConsumerGroup group -> mixed.leave(group, leaving, nowMs);
            case null -> Decision.answer(unknown(leaving));
        };
    }

    private static Left unknown(List<Leaving> leaving) {
        return new Left(ErrorCode.NONE, leaving.stream().map(each -> ErrorCode.UNKNOWN_MEMBER_ID).toList());
    }

    /** Describes a classic group. */
    public Decision<GroupRecord, Described> describe(String groupId) {
        return Decision.answer(switch (groups.find(groupId)) {
            case ClassicGroup group -> group.describe();
            case ConsumerGroup group -> Described.refused(ErrorCode.GROUP_ID_NOT_FOUND,
                    "Group " + groupId + " is not a classic group.");
            case null -> Described.refused(ErrorCode.GROUP_ID_NOT_FOUND, "Group " + groupId + " not found.");
        });
    }

    /** Makes a group what the record says of it, or ends it. */
    void replay(GroupRecord.GroupMetadata record) {
        var found = groups.find(record.groupId()) instanceof ClassicGroup group ? group : null;
        if (record.value() != null) {
            var group = found == null ? new ClassicGroup(groups, record.groupId()) : found;
            groups.put(group);
            group.replay(record.value());
        } else if (found != null) {
            groups.remove(record.groupId());
            found.end();
        }
    }
}
