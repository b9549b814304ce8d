package daybook.group;

import daybook.coordinator.Decision;
import daybook.group.ClassicProtocol.Described;
import daybook.group.ClassicProtocol.Join;
import daybook.group.ClassicProtocol.Joined;
import daybook.group.ClassicProtocol.Leaving;
import daybook.group.ClassicProtocol.Left;
import daybook.group.ClassicProtocol.Sync;
import daybook.group.ClassicProtocol.Synced;
import daybook.group.GroupRecord.GroupMetadata;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * A group of the classic protocol, whose members agree among themselves.
 *
 * <pre>
 *   Empty                 no members
 *     | the first joins, and after group.initial.rebalance.delay.ms
 *   PreparingRebalance    joins wait until all members have joined again, or their time is up
 *     |                   all are answered with a new generation, the leader with the members
 *   CompletingRebalance   syncs wait for the leader's
 *     |                   the leader's assignment is written; all are answered
 *   Stable                heartbeats; who comes, goes or changes has all members join again
 * </pre>
 * The log has the group as it was when it last became stable or empty, and a restart goes on from there: a
 * rebalance that was under way then is forgotten, and its members learn by their next heartbeat that their
 * generation is not this group's.
 */
final class ClassicGroup implements Group {
    private static final System.Logger LOG = System.getLogger("daybook.group");
    private static final String DELAY = "group.initial.rebalance.delay.ms";
    private static final String MAX_SIZE = "group.max.size";
    /** What consumers call their protocols; the metadata of those tells the topics. */
    private static final String CONSUMER = "consumer";
    /** How long a member that joins for the first time may wait, for nobody hears whether it still does. */
    private static final long NEW_MEMBER_MS = 300_000;
    /**
     * How long is waited at least before a rebalance that nobody came to, or that could not be written, is
     * completed again.
     */
    private static final long RETRY_MS = 1_000;
    private static final List<GroupRecord> NO_RECORDS = List.of();

    private final Groups groups;
    private final String id;
    private final ClassicMembers members = new ClassicMembers();
    /** Member ids that were given out, and nobody has joined with yet. */
    private final Set<String> pending = new HashSet<>();
    private GroupState state = GroupState.EMPTY;
    private int generation;
    private String protocolType = "";
    /** What the members agreed on for this generation, or null. */
    private String protocol;
    /** When the group last became stable or empty, in milliseconds since 1970; -1: not known. */
    private long stateTimestampMs = -1;
    /** What the members of this generation subscribe to; null: that is not known. */
    private Set<String> topics = Set.of();
    /** While the first members are awaited: whether one came since that was last looked at. */
    private boolean newcomers;
    /** While the first members are awaited: when to go on at the latest, on the clock of deadlines. */
    private long newcomersUntilMs;

    ClassicGroup(Groups groups, String id) {
        this.groups = groups;
        this.id = id;
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public String protocolType() {
        return protocolType;
    }

    @Override
    public GroupState state() {
        return state;
    }

    List<ClassicMember> members() {
        return members.all();
    }

    int generation() {
        return generation;
    }

    /** What the members agreed on; where they have not yet, what they would. */
    String protocol() {
        return protocol == null ? members.selected() : protocol;
    }

    /** Whether anyone has to do with it. */
    boolean used() {
        return !members.none() || !pending.isEmpty();
    }

    // ---- joining ----

    Decision<GroupRecord, Joined> join(Join asked, long nowMs) {
        if (full(asked)) {
            return tooMany(asked, nowMs);
        }
        if (!compatible(asked)) {
            return refused(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, asked);
        }
        if (asked.memberId().isEmpty()) {
            return asked.instanceId() == null ? joinNew(asked, nowMs) : joinStatic(asked, nowMs);
        }
        if (pending.contains(asked.memberId()) && asked.instanceId() == null) {
            return add(asked.memberId(), asked, nowMs);
        }
        var error = members.error(asked.memberId(), asked.instanceId());
        return error != ErrorCode.NONE ? refused(error, asked)
                : rejoin(members.find(asked.memberId()), asked, nowMs);
    }

    private static Decision<GroupRecord, Joined> refused(ErrorCode error, Join asked) {
        return Decision.answer(Joined.refused(error, asked.memberId()));
    }

    /** While members are awaited those count that have come, so that the last ones are left out. */
    private boolean full(Join asked) {
        int limit = config(MAX_SIZE);
        var restarted = members.instance(asked.instanceId());
        var member = restarted == null ? members.find(asked.memberId()) : restarted;
        return switch (state) {
            case PREPARING_REBALANCE -> (member == null || member.join == null) && members.leastWait(limit);
            case COMPLETING_REBALANCE, STABLE -> member == null && members.count() >= limit;
            default -> false;
        };
    }

    private Decision<GroupRecord, Joined> tooMany(Join asked, long nowMs) {
        forget(asked.memberId());
        var member = members.find(asked.memberId());
        if (member != null) {
            remove(member);
        }
        return Decision.answer(awaitedNoMore(nowMs), Joined.refused(ErrorCode.GROUP_MAX_SIZE_REACHED, ""));
    }

    private boolean compatible(Join asked) {
        var protocols = asked.terms().protocols();
        return members.none() ? !asked.protocolType().isEmpty() && !protocols.isEmpty()
                : asked.protocolType().equals(protocolType) && members.support(protocols);
    }

    private Decision<GroupRecord, Joined> joinNew(Join asked, long nowMs) {
        var memberId = ClassicMember.newId(asked.terms().clientId(), groups.surroundings().ids().get());
        if (!asked.idFirst()) {
            return add(memberId, asked, nowMs);
        }
        pending.add(memberId);
        set(memberId, Timer.Kind.JOIN, nowMs + asked.terms().sessionTimeoutMs());
        return Decision.answer(Joined.refused(ErrorCode.MEMBER_ID_REQUIRED, memberId));
    }

    private Decision<GroupRecord, Joined> joinStatic(Join asked, long nowMs) {
        var memberId = ClassicMember.newId(asked.instanceId(), groups.surroundings().ids().get());
        var old = members.instance(asked.instanceId());
        return old == null ? add(memberId, asked, nowMs) : restart(old, memberId, asked, nowMs);
    }

    private Decision<GroupRecord, Joined> add(String memberId, Join asked, long nowMs) {
        forget(memberId);
        var member = new ClassicMember(memberId, asked.instanceId(), asked.terms());
        if (members.none()) {
            protocolType = asked.protocolType();
        }
        members.put(member);
        newcomers = true;
        var answer = await(member);
        set(memberId, Timer.Kind.SESSION, nowMs + NEW_MEMBER_MS);
        return Decision.later(rebalance(reason("is new", asked), nowMs), answer);
    }

    /** A member that joins again; one that waits already is answered both times alike. */
    private Decision<GroupRecord, Joined> rejoin(ClassicMember member, Join asked, long nowMs) {
        boolean same = member.terms.protocols().equals(asked.terms().protocols());
        boolean leads = leads(member) && state == GroupState.STABLE;
        if (state != GroupState.PREPARING_REBALANCE && same && !leads) {
            return Decision.answer(joined(member));
        }
        member.terms = asked.terms();
        var answer = await(member);
        return Decision.later(rebalance(reason("joins again", asked), nowMs), answer);
    }

    /** While a member waits, its session does not end. */
    private CompletableFuture<Joined> await(ClassicMember member) {
        if (member.join == null) {
            member.join = new CompletableFuture<>();
            cancel(member.id, Timer.Kind.SESSION);
        }
        return member.join;
    }

    /**
     * A static member comes back, and takes the place of the one it was before. Where that changes nothing
     * for the others they are not disturbed, but the new id has to be written.
     */
    private Decision<GroupRecord, Joined> restart(ClassicMember old, String memberId, Join asked,
            long nowMs) {
        var member = new ClassicMember(memberId, asked.instanceId(), asked.terms());
        member.assignment = old.assignment;
        member.unsynced = old.unsynced;
        var formerLeader = members.leader();
        exchange(old, member, nowMs);
        boolean owes = protocolType.equals(CONSUMER)
                && EmbeddedProtocol.givesBack(old.metadata(protocol), old.assignment);
        if (state != GroupState.STABLE || owes || !members.selected().equals(protocol)) {
            old.refuse(ErrorCode.FENCED_INSTANCE_ID, old.id);
            var answer = await(member);
            return Decision.later(rebalance(reason("has restarted", asked), nowMs), answer);
        }
        boolean skips = leads(member) && asked.canSkip();
        var answer = new Joined(ErrorCode.NONE, generation, protocolType, protocol,
                asked.canSkip() ? members.leader() : formerLeader, skips, memberId,
                skips ? members.told(protocol) : List.of());
        var assignments = new HashMap<String, ByteBuffer>();
        members.all().forEach(each -> assignments.put(each.id, each.assignment));
        return Decision.answer(List.of(record(assignments)), answer)
                .orElse(error -> exchange(member, old, nowMs));
    }

    private void exchange(ClassicMember before, ClassicMember after, long nowMs) {
        cancel(before.id, Timer.Kind.SESSION);
        members.exchange(before, after);
        session(after, nowMs);
    }

    // ---- the rebalance ----

    /** Has all members join again, where they do not already; returns what is to be written. */
    private List<GroupRecord> rebalance(String reason, long nowMs) {
        if (state == GroupState.EMPTY) {
            return begin(nowMs);
        }
        if (state != GroupState.PREPARING_REBALANCE) {
            prepare(reason, nowMs);
        }
        boolean all = pending.isEmpty() && members.allWait();
        boolean firstAwaited = groups.deadlines().contains(timer("", Timer.Kind.JOIN));
        return all && !firstAwaited ? complete(nowMs) : NO_RECORDS;
    }

    /** Someone is no more awaited; it may be that nobody else was. */
    private List<GroupRecord> awaitedNoMore(long nowMs) {
        return state == GroupState.PREPARING_REBALANCE ? rebalance("", nowMs) : NO_RECORDS;
    }

    /** The first member has come. Others may be about to. */
    private List<GroupRecord> begin(long nowMs) {
        int delayMs = config(DELAY);
        state = GroupState.PREPARING_REBALANCE;
        if (delayMs <= 0) {
            return complete(nowMs);
        }
        newcomers = false;
        newcomersUntilMs = nowMs + members.rebalanceTimeoutMs();
        set("", Timer.Kind.JOIN, nowMs + delayMs);
        return NO_RECORDS;
    }

    /** The time for first members is up; it is given again where some have come in it. */
    private List<GroupRecord> goOn(long nowMs) {
        if (!newcomers || nowMs >= newcomersUntilMs) {
            return complete(nowMs);
        }
        newcomers = false;
        set("", Timer.Kind.JOIN, Math.min(nowMs + config(DELAY), newcomersUntilMs));
        return NO_RECORDS;
    }

    private void prepare(String reason, long nowMs) {
        LOG.log(Level.DEBUG, () -> "Group " + id + " rebalances after generation " + generation + ": "
                + reason);
        refuseSyncs(ErrorCode.REBALANCE_IN_PROGRESS, nowMs);
        cancel("", Timer.Kind.SYNC);
        members.all().forEach(each -> each.unsynced = false);
        set("", Timer.Kind.REBALANCE, nowMs + members.rebalanceTimeoutMs());
        state = GroupState.PREPARING_REBALANCE;
    }

    /**
     * Who has joined makes the next generation. Dynamic members that have not are given up; static ones
     * stay, for they may be restarting.
     */
    private List<GroupRecord> complete(long nowMs) {
        cancel("", Timer.Kind.JOIN);
        members.all().stream().filter(each -> each.join == null && each.instanceId == null)
                .forEach(this::remove);
        if (members.none()) {
            set("", Timer.Kind.REBALANCE, nowMs + RETRY_MS);
            return List.of(new GroupMetadata(id, new GroupMetadata.Value(protocolType, generation + 1, null,
                    null, groups.surroundings().clock().millis(), List.of())));
        }
        if (!members.elect()) {
            set("", Timer.Kind.REBALANCE, nowMs + Math.max(RETRY_MS, members.rebalanceTimeoutMs()));
            return NO_RECORDS;
        }
        cancel("", Timer.Kind.REBALANCE);
        protocol = members.selected();
        topics = members.topics(protocol);
        generation++;
        state = GroupState.COMPLETING_REBALANCE;
        for (var member : members.all()) {
            member.unsynced = true;
            if (member.join != null) {
                member.joined(joined(member));
            }
            session(member, nowMs);
        }
        set("", Timer.Kind.SYNC, nowMs + members.rebalanceTimeoutMs());
        return NO_RECORDS;
    }

    /** What a member is told of the generation; the members only the leader. */
    private Joined joined(ClassicMember member) {
        return new Joined(ErrorCode.NONE, generation, protocolType, protocol, members.leader(), false,
                member.id, leads(member) ? members.told(protocol) : List.of());
    }

    private boolean leads(ClassicMember member) {
        return member.id.equals(members.leader());
    }

    // ---- syncing ----

    Decision<GroupRecord, Synced> sync(Sync asked, long nowMs) {
        var error = syncError(asked);
        if (error != ErrorCode.NONE) {
            return Decision.answer(Synced.refused(error));
        }
        var member = members.find(asked.who().memberId());
        member.unsynced = false;
        if (state == GroupState.STABLE) {
            return Decision.answer(synced(member));
        }
        member.sync = member.sync == null ? new CompletableFuture<>() : member.sync;
        if (!leads(member)) {
            return Decision.later(NO_RECORDS, member.sync);
        }
        members.all().stream().filter(each -> each.sync != null).forEach(each -> session(each, nowMs));
        return Decision.later(List.of(record(asked.assignments())), member.sync).orElse(unwritten -> {
            LOG.log(Level.WARNING, "Group {0}: its assignment could not be written, {1}", id, unwritten);
            refuseSyncs(unwritten, nowMs);
            rebalance("the assignment could not be written", nowMs);
        });
    }

    private ErrorCode syncError(Sync asked) {
        var error = memberError(asked.who());
        if (error != ErrorCode.NONE) {
            return error;
        }
        if (state == GroupState.PREPARING_REBALANCE) {
            return ErrorCode.REBALANCE_IN_PROGRESS;
        }
        return asked.protocolType() != null && !asked.protocolType().equals(protocolType)
                || asked.protocol() != null && !asked.protocol().equals(protocol)
                ? ErrorCode.INCONSISTENT_GROUP_PROTOCOL : ErrorCode.NONE;
    }

    private Synced synced(ClassicMember member) {
        return new Synced(ErrorCode.NONE, protocolType, protocol, member.assignment);
    }

    private void refuseSyncs(ErrorCode error, long nowMs) {
        for (var member : members.all()) {
            if (member.sync != null) {
                session(member, nowMs);
                member.synced(Synced.refused(error));
            }
        }
    }

    /** The group of this generation. */
    private GroupRecord record(Map<String, ByteBuffer> assignments) {
        var written = members.all().stream()
                .map(each -> each.record(protocol, assignments.get(each.id))).toList();
        return new GroupMetadata(id, new GroupMetadata.Value(protocolType, generation, protocol,
                members.leader(), groups.surroundings().clock().millis(), written));
    }

    /**
     * The group is stable, or empty, as the record says; those who wait for that are answered. Members that
     * nobody leads have yet to agree: theirs was a consumer group until now.
     */
    void replay(GroupMetadata.Value value) {
        protocolType = value.protocolType();
        generation = value.generation();
        protocol = value.protocol();
        stateTimestampMs = value.stateTimestampMs();
        var after = new ArrayList<ClassicMember>();
        for (var each : value.members()) {
            var known = members.find(each.memberId());
            boolean same = known != null && known.metadata(protocol).equals(each.subscription());
            var member = same ? known : ClassicMember.of(each, protocol);
            member.assignment = each.assignment();
            after.add(member);
        }
        members.replace(value.leader(), after);
        topics = members.topics(protocol);
        if (state == GroupState.PREPARING_REBALANCE) {
            cancel("", Timer.Kind.REBALANCE);
        }
        state = members.none() ? GroupState.EMPTY
                : value.leader() == null ? GroupState.PREPARING_REBALANCE : GroupState.STABLE;
        for (var member : members.all()) {
            if (member.sync != null) {
                member.synced(synced(member));
            }
        }
    }

    // ---- staying and leaving ----

    ErrorCode heartbeat(Asker who, long nowMs) {
        var error = memberError(who);
        if (error != ErrorCode.NONE) {
            return error;
        }
        session(members.find(who.memberId()), nowMs);
        return state == GroupState.PREPARING_REBALANCE ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
    }

    /** Those who were not there are told so; the others join again, once for all that have left. */
    Decision<GroupRecord, Left> leave(List<Leaving> leaving, long nowMs) {
        int before = members.count();
        var errors = leaving.stream().map(this::leave).toList();
        var records = members.count() < before ? rebalance("members have left", nowMs)
                : awaitedNoMore(nowMs);
        return Decision.answer(records, new Left(ErrorCode.NONE, errors));
    }

    /** An operator names only the instance of a static member. */
    private ErrorCode leave(Leaving leaving) {
        var named = leaving.memberId().isEmpty() ? members.instance(leaving.instanceId()) : null;
        var memberId = named == null ? leaving.memberId() : named.id;
        LOG.log(Level.DEBUG, () -> "Member " + memberId + " leaves group " + id + ": " + leaving.reason());
        if (forget(memberId)) {
            return ErrorCode.NONE;
        }
        var error = members.error(memberId, leaving.instanceId());
        if (error == ErrorCode.NONE) {
            remove(members.find(memberId));
        }
        return error;
    }

    @Override
    public void loaded(long nowMs) {
        members.all().forEach(member -> session(member, nowMs));
        if (state == GroupState.PREPARING_REBALANCE) {
            prepare("it was a consumer group", nowMs);
        } else if (members.count() > config(MAX_SIZE)) {
            prepare("it has too many members", nowMs);
        }
    }

    /** What was to end it could not be written: who waits to join has no session, as before. */
    void resume(long nowMs) {
        for (var member : members.all()) {
            cancel(member.id, Timer.Kind.SESSION);
            session(member, nowMs);
        }
    }

    /** It is no more, or another kind of group now: those who wait learn that they have to join again. */
    void end() {
        List.of(Timer.Kind.values()).forEach(kind -> cancel("", kind));
        Set.copyOf(pending).forEach(this::forget);
        members.all().forEach(member -> member.refuse(ErrorCode.REBALANCE_IN_PROGRESS, member.id));
    }

    @Override
    public Decision<GroupRecord, ?> due(Timer timer, long nowMs) {
        return Decision.write(switch (timer.kind()) {
            case SESSION -> timer.memberId().isEmpty() ? begun(nowMs)
                    : silent(members.find(timer.memberId()), nowMs);
            case JOIN -> timer.memberId().isEmpty() ? goOn(nowMs) : notCome(timer.memberId(), nowMs);
            case REBALANCE -> complete(nowMs);
            case SYNC -> notSynced(nowMs);
        });
    }

    /** What was a consumer group until now goes on as a start would find it. */
    private List<GroupRecord> begun(long nowMs) {
        loaded(nowMs);
        return NO_RECORDS;
    }

    /** Who waits for the leader cannot be heard. */
    private List<GroupRecord> silent(ClassicMember member, long nowMs) {
        if (member == null || member.sync != null) {
            return NO_RECORDS;
        }
        LOG.log(Level.INFO, "Group {0}: member {1} of {2} is taken out, it was not heard of for its session"
                + " timeout", id, member.id, member.terms.clientHost());
        remove(member);
        return rebalance("member " + member.id + " was not heard of", nowMs);
    }

    private List<GroupRecord> notCome(String memberId, long nowMs) {
        forget(memberId);
        return awaitedNoMore(nowMs);
    }

    private List<GroupRecord> notSynced(long nowMs) {
        var late = members.all().stream().filter(each -> each.unsynced).toList();
        late.forEach(this::remove);
        return late.isEmpty() ? NO_RECORDS : rebalance("members have not synced", nowMs);
    }

    // ---- what offsets ask ----

    /** Without a generation only an empty group takes offsets: from operators, and those without a group. */
    @Override
    public ErrorCode commitError(Asker who, Uuid topicId, int partition) {
        if (who.epoch() < 0 && state == GroupState.EMPTY) {
            return ErrorCode.NONE;
        }
        var error = memberError(who);
        return error == ErrorCode.NONE && state == GroupState.COMPLETING_REBALANCE
                ? ErrorCode.REBALANCE_IN_PROGRESS : error;
    }

    @Override
    public void committed(Asker who, long nowMs) {
        var member = members.find(who.memberId());
        if (member != null) {
            session(member, nowMs);
        }
    }

    @Override
    public boolean subscribes(String topic) {
        return !members.none()
                && (!protocolType.equals(CONSUMER) || topics == null || topics.contains(topic));
    }

    @Override
    public long emptySinceMs() {
        boolean hadMembers = state == GroupState.EMPTY && !protocolType.isEmpty();
        return hadMembers ? stateTimestampMs : -1;
    }

    @Override
    public List<GroupRecord> tombstones() {
        return List.of(new GroupMetadata(id, null));
    }

    Described describe() {
        boolean stable = state == GroupState.STABLE;
        var told = stable ? protocol : "";
        return new Described(ErrorCode.NONE, null, state, protocolType, told,
                members.all().stream().map(member -> member.describe(told)).toList());
    }

    // ---- members and their timers ----

    private ErrorCode memberError(Asker who) {
        var error = members.error(who.memberId(), who.instanceId());
        return error == ErrorCode.NONE && who.epoch() != generation ? ErrorCode.ILLEGAL_GENERATION : error;
    }

    private void remove(ClassicMember member) {
        members.remove(member);
        cancel(member.id, Timer.Kind.SESSION);
        member.refuse(ErrorCode.UNKNOWN_MEMBER_ID, "");
    }

    /** Forgets an id that was given out; false where nobody has yet to come with it. */
    private boolean forget(String memberId) {
        if (!pending.remove(memberId)) {
            return false;
        }
        cancel(memberId, Timer.Kind.JOIN);
        return true;
    }

    /** The member was heard of; one that waits to join has no session. */
    private void session(ClassicMember member, long nowMs) {
        if (member.join == null) {
            set(member.id, Timer.Kind.SESSION, nowMs + member.terms.sessionTimeoutMs());
        }
    }

    private Timer timer(String memberId, Timer.Kind kind) {
        return new Timer(id, memberId, kind);
    }

    private void set(String memberId, Timer.Kind kind, long atMs) {
        groups.deadlines().set(timer(memberId, kind), atMs);
    }

    private void cancel(String memberId, Timer.Kind kind) {
        groups.deadlines().cancel(timer(memberId, kind));
    }

    private int config(String key) {
        return groups.surroundings().config().get().integer(key);
    }

    private static String reason(String what, Join asked) {
        return "member " + asked.memberId() + " " + what + ": " + asked.reason();
    }
}
