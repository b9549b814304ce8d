package daybook.group;

import daybook.coordinator.Decision;
import daybook.group.ClassicProtocol.Join;
import daybook.group.ClassicProtocol.Joined;
import daybook.group.ClassicProtocol.Leaving;
import daybook.group.ClassicProtocol.Left;
import daybook.group.ClassicProtocol.Sync;
import daybook.group.ClassicProtocol.Synced;
import daybook.group.ConsumerMember.State;
import daybook.group.EmbeddedProtocol.Subscription;
import daybook.group.GroupRecord.ConsumerGroupMemberMetadata.Protocol;
import daybook.group.GroupRecord.GroupMetadata;
import daybook.wire.ErrorCode;
import daybook.wire.MalformedException;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The events of members that speak the classic protocol in a consumer group (KIP-848). The broker assigns for
 * them too, so nobody leads, and nobody waits for the others:
 *
 * <pre>
 *   heartbeat   REBALANCE_IN_PROGRESS while there is a step to take: partitions to give back, or to get
 *   join        what it still has -> its next step; the generation is the member's epoch
 *   sync        what it may use; where that is less than it has it gives the rest back, and joins again
 * </pre>
 */
final class MixedProtocol {
    private static final String CONSUMER = "consumer";

    private final Groups groups;

    MixedProtocol(Groups groups) {
        this.groups = groups;
    }

    Decision<GroupRecord, Joined> join(ConsumerGroup group, Join asked, long nowMs) {
        var error = joinError(group, asked);
        if (error != ErrorCode.NONE) {
            return refused(error, asked.memberId());
        }
        boolean unknown = asked.memberId().isEmpty();
        var memberId = unknown ? groups.surroundings().ids().get().toString() : asked.memberId();
        if (unknown && asked.instanceId() == null && asked.idFirst()) {
            return refused(ErrorCode.MEMBER_ID_REQUIRED, memberId);
        }
        var draft = new ConsumerDraft(group, groups.surroundings());
        var known = group.holder(memberId, asked.instanceId());
        if (asked.instanceId() != null && !unknown) {
            error = error(group, memberId, asked.instanceId());
            if (error != ErrorCode.NONE) {
                return refused(error, memberId);
            }
        }
        boolean restarts = known != null && !known.id().equals(memberId);
        var member = restarts ? draft.replace(known, memberId)
                : known == null ? ConsumerMember.blank(memberId) : known;
        return join(group, draft, member, asked, nowMs);
    }

    private static Decision<GroupRecord, Joined> refused(ErrorCode error, String memberId) {
        return Decision.answer(Joined.refused(error, memberId));
    }

    private ErrorCode joinError(ConsumerGroup group, Join asked) {
        var config = groups.surroundings().config().get();
        boolean here = group.member(asked.memberId()) != null || group.instance(asked.instanceId()) != null;
        if (config.text("group.consumer.migration.policy").equalsIgnoreCase("disabled")) {
            return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
        }
        if (!here && group.members().size() >= config.integer("group.consumer.max.size")) {
            return ErrorCode.GROUP_MAX_SIZE_REACHED;
        }
        return asked.protocolType().equals(CONSUMER) && supported(group, asked) && subscription(asked) != null
                ? ErrorCode.NONE : ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
    }

    /**
     * Whether all members with the classic protocol support one of its protocols: they may be among
     * themselves again one day.
     */
    private static boolean supported(ConsumerGroup group, Join asked) {
        var common = asked.terms().protocols().stream().map(Protocol::name).collect(Collectors.toSet());
        group.members().stream().filter(ConsumerMember::classic).forEach(member -> common.retainAll(
                member.told().classic().protocols().stream().map(Protocol::name).toList()));
        return !common.isEmpty();
    }

    /** What it wants, which is the same with all its protocols; null where the bytes are none. */
    private static Subscription subscription(Join asked) {
        try {
            return Subscription.read(asked.terms().protocols().getFirst().metadata());
        } catch (MalformedException none) {
            return null;
        }
    }

    private Decision<GroupRecord, Joined> join(ConsumerGroup group, ConsumerDraft draft,
            ConsumerMember before, Join asked, long nowMs) {
        var subscription = subscription(asked);
        draft.tell(before, before.telling(subscription.told(asked.instanceId(), asked.terms())));
        draft.assign();
        var owned = subscription.owned() == null ? Assignment.EMPTY
                : EmbeddedProtocol.assignment(subscription.owned(), draft.image());
        var member = draft.step(draft.group().member(before.id()), owned, true);
        var after = draft.group();
        var members = after.members().stream()
                .map(each -> each.id().equals(member.id()) ? member : each).toList();
        var downgrade = Migration.downgrade(group, after.epoch(), members, groups.surroundings());
        if (downgrade != null) {
            // The last member of the consumer protocol has come back with the classic one.
            groups.deadlines().set(new Timer(group.id(), "", Timer.Kind.SESSION), nowMs);
            var selected = ((GroupMetadata) downgrade.getLast()).value().protocol();
            return Decision.answer(downgrade, joined(selected, member.id(), after.epoch()));
        }
        groups.deadlines().cancel(timer(group, member, Timer.Kind.JOIN));
        groups.deadlines().set(timer(group, member, Timer.Kind.SYNC),
                nowMs + asked.terms().rebalanceTimeoutMs());
        groups.consumer().await(group, member, nowMs);
        var protocol = asked.terms().protocols().getFirst().name();
        return draft.decided(joined(protocol, member.id(), member.epoch()));
    }

    private static Joined joined(String protocol, String memberId, int generation) {
        return new Joined(ErrorCode.NONE, generation, CONSUMER, protocol, "", false, memberId, List.of());
    }

    /** The answer rests on what is written already; nobody is waited for. */
    Decision<GroupRecord, Synced> sync(ConsumerGroup group, Sync asked, long nowMs) {
        var error = error(group, asked.who());
        if (error != ErrorCode.NONE) {
            return Decision.answer(Synced.refused(error));
        }
        var member = group.member(asked.who().memberId());
        var first = member.told().classic().protocols().getFirst();
        if (asked.protocolType() != null && !asked.protocolType().equals(CONSUMER)
                || asked.protocol() != null && !asked.protocol().equals(first.name())) {
            return Decision.answer(Synced.refused(ErrorCode.INCONSISTENT_GROUP_PROTOCOL));
        }
        // Who has to give back learns what by this very answer.
        if (member.epoch() < group.epoch() && member.state() != State.UNREVOKED_PARTITIONS) {
            awaitJoin(group, member, nowMs);
            return Decision.answer(Synced.refused(ErrorCode.REBALANCE_IN_PROGRESS));
        }
        groups.deadlines().cancel(timer(group, member, Timer.Kind.SYNC));
        groups.consumer().await(group, member, nowMs);
        var bytes = EmbeddedProtocol.bytes(member.assigned(), EmbeddedProtocol.version(first.metadata()),
                groups.surroundings().image().get());
        return Decision.answer(new Synced(ErrorCode.NONE, CONSUMER, first.name(), bytes));
    }

    /** It looks at the catalog as those of consumers do: these members may be the only ones. */
    Decision<GroupRecord, ErrorCode> heartbeat(ConsumerGroup group, Asker who, long nowMs) {
        var error = error(group, who);
        if (error != ErrorCode.NONE) {
            return Decision.answer(error);
        }
        var member = group.member(who.memberId());
        groups.consumer().await(group, member, nowMs);
        var draft = new ConsumerDraft(group, groups.surroundings());
        draft.tell(member, member);
        if (!joinsAgain(draft.group(), member)) {
            return draft.decided(ErrorCode.NONE);
        }
        awaitJoin(group, member, nowMs);
        return draft.decided(ErrorCode.REBALANCE_IN_PROGRESS);
    }

    /** Who waits for partitions of others joins again when all of them are free. */
    private static boolean joinsAgain(ConsumerGroup group, ConsumerMember member) {
        return member.epoch() < group.epoch() || switch (member.state()) {
            case STABLE -> false;
            case UNREVOKED_PARTITIONS -> true;
            case UNRELEASED_PARTITIONS -> {
                var target = group.target(member.id());
                var next = member.next(group.targetEpoch(), target, null, false, group::taken);
                yield next.state() == State.STABLE;
            }
        };
    }

    /** Who does not join again in time is taken out. */
    private void awaitJoin(ConsumerGroup group, ConsumerMember member, long nowMs) {
        var timer = timer(group, member, Timer.Kind.JOIN);
        if (!groups.deadlines().contains(timer)) {
            groups.deadlines().set(timer, nowMs + member.told().rebalanceTimeoutMs());
        }
    }

    /** Members of either protocol leave. */
    Decision<GroupRecord, Left> leave(ConsumerGroup group, List<Leaving> leaving, long nowMs) {
        var gone = new LinkedHashSet<String>();
        var errors = new ArrayList<ErrorCode>();
        for (var each : leaving) {
            var named = each.memberId().isEmpty() ? group.instance(each.instanceId()) : null;
            var memberId = named == null ? each.memberId() : named.id();
            var error = error(group, memberId, each.instanceId());
            boolean twice = error == ErrorCode.NONE && !gone.add(memberId);
            errors.add(twice ? ErrorCode.UNKNOWN_MEMBER_ID : error);
        }
        var left = new Left(ErrorCode.NONE, errors);
        return gone.isEmpty() ? Decision.answer(left)
                : groups.consumer().remove(group, List.copyOf(gone), left, nowMs);
    }

    private static ErrorCode error(ConsumerGroup group, Asker who) {
        var error = error(group, who.memberId(), who.instanceId());
        if (error != ErrorCode.NONE) {
            return error;
        }
        var member = group.member(who.memberId());
        if (!member.classic()) {
            return ErrorCode.UNKNOWN_MEMBER_ID;
        }
        return who.epoch() == member.epoch() ? ErrorCode.NONE : ErrorCode.ILLEGAL_GENERATION;
    }

    private static ErrorCode error(ConsumerGroup group, String memberId, String instanceId) {
        var holder = group.holder(memberId, instanceId);
        if (holder == null) {
            return ErrorCode.UNKNOWN_MEMBER_ID;
        }
        return holder.id().equals(memberId) ? ErrorCode.NONE : ErrorCode.FENCED_INSTANCE_ID;
    }

    private static Timer timer(ConsumerGroup group, ConsumerMember member, Timer.Kind kind) {
        return new Timer(group.id(), member.id(), kind);
    }
}
