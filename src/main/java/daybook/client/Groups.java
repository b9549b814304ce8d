package daybook.client;

import daybook.client.Cluster.Coordinated;
import daybook.client.Inquiry.Answer;
import daybook.wire.ErrorCode;
import daybook.wire.MalformedException;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The consumer groups of a cluster, as an {@link Admin} sees and changes them: those of the protocol with
 * heartbeats that assign (KIP-848, of type "consumer"), and those that join and sync ("classic").
 */
public final class Groups {
    /**
     * A group in a list.
     *
     * @param protocolType "consumer" of groups that consume; empty of one that has only offsets
     * @param state as the broker calls it: Empty, Stable, PreparingRebalance, Reconciling...
     * @param type "consumer" or "classic"
     */
    public record Listed(String id, String protocolType, String state, String type) { }

    /**
     * A group and its members.
     *
     * @param type "consumer" or "classic"
     * @param state as the broker calls it
     * @param protocol what assigns the partitions: the name of the assignor
     * @param epoch of the group; -1 of a classic one
     */
    public record Group(String id, String type, String state, String protocol, int epoch,
            List<Member> members) { }

    /**
     * A member of a group.
     *
     * @param instanceId null of one that is not static
     * @param epoch that it has reached; -1 in a classic group
     * @param host from where it connects
     * @param assignment what it has now
     * @param target what it is to have
     */
    public record Member(String id, String instanceId, String clientId, String host, int epoch,
            List<TopicPartition> assignment, List<TopicPartition> target) { }

    /**
     * How far a group has come.
     *
     * @param offset of the next record to be read
     * @param leaderEpoch of the last one that was; -1 where it is not known
     * @param metadata what the group keeps with it
     */
    public record Committed(long offset, int leaderEpoch, String metadata) { }

    private static final String CLASSIC = "classic";
    private static final String CONSUMER = "consumer";

    private final Cluster cluster;
    private final Place<String> coordinator;

    Groups(Cluster cluster) {
        this.cluster = cluster;
        this.coordinator = Place.coordinator(cluster, Coordinated.GROUP);
    }

    /** All groups, by id. */
    public Map<String, Listed> list() {
        return list(List.of(), List.of());
    }

    /**
     * Groups, by id.
     *
     * @param states only those in one of these; all where it is empty
     * @param types only those of one of these; all where it is empty
     */
    public Map<String, Listed> list(Collection<String> states, Collection<String> types) {
        var groups = new TreeMap<String, Listed>();
        cluster.everywhere(Call.LIST_GROUPS,
                out -> out.strings(states).since(5, more -> more.strings(types)).tags(),
                in -> {
                    in.int32();
                    ClientException.check(ErrorCode.of(in.int16()), "listing groups");
                    return in.structs(each -> new Listed(each.string(), each.string(), each.string(),
                            each.since(5) ? each.string() : CLASSIC));
                }).forEach(group -> groups.put(group.id, group));
        groups.values().removeIf(group -> !types.isEmpty() && !types.contains(group.type));
        return groups;
    }

    /** Groups and their members, of either type. */
    public Outcomes<String, Group> describe(Collection<String> ids) {
        var found = describe(Call.CONSUMER_GROUP_DESCRIBE, ids, Groups::consumer);
        var others = found.errors().entrySet().stream().filter(each -> classic(each.getValue().error()))
                .map(Map.Entry::getKey).collect(Collectors.toSet());
        var classic = describe(Call.DESCRIBE_GROUPS, others, Groups::classic);
        return Outcomes.each(ids, id -> others.contains(id) ? classic.of(id) : found.of(id));
    }

    private Outcomes<String, Group> describe(Call call, Collection<String> ids,
            Function<Reader, Answer<String, Group>> group) {
        return Inquiry.of(cluster, call, ids, coordinator,
                (out, some) -> out.strings(some).bool(false).tags(), Inquiry.each(group));
    }

    /** Whether it may be a classic group that the answer was about. */
    private static boolean classic(ErrorCode error) {
        return error == ErrorCode.GROUP_ID_NOT_FOUND || error == ErrorCode.UNSUPPORTED_VERSION;
    }

    private static Answer<String, Group> consumer(Reader in) {
        var error = ErrorCode.of(in.int16());
        var message = in.nullableString();
        var id = in.string();
        var state = in.string();
        int epoch = in.int32();
        in.int32();
        var group = new Group(id, CONSUMER, state, in.string(), epoch, in.structs(Groups::consumerMember));
        in.int32();
        return new Answer<>(id, error, message, group);
    }

    private static Member consumerMember(Reader in) {
        var id = in.string();
        var instanceId = in.nullableString();
        in.nullableString();
        int epoch = in.int32();
        var clientId = in.string();
        var host = in.string();
        in.array(Reader::string);
        in.nullableString();
        var member = new Member(id, instanceId, clientId, host, epoch, assignment(in), assignment(in));
        if (in.since(1)) {
            in.int8();
        }
        return member;
    }

    private static List<TopicPartition> assignment(Reader in) {
        var partitions = new ArrayList<TopicPartition>();
        in.structs(topic -> {
            topic.uuid();
            return partitions.addAll(ByTopic.numbers(topic.string(), topic));
        });
        in.tags();
        return partitions;
    }

    private static Answer<String, Group> classic(Reader in) {
        var error = ErrorCode.of(in.int16());
        var message = in.since(6) ? in.nullableString() : null;
        var id = in.string();
        var state = in.string();
        boolean consumes = in.string().equals(CONSUMER);
        var group = new Group(id, CLASSIC, state, in.string(), -1,
                in.structs(member -> classicMember(member, consumes)));
        in.int32();
        return new Answer<>(id, error, message, group);
    }

    private static Member classicMember(Reader in, boolean consumes) {
        var id = in.string();
        var instanceId = in.nullableString();
        var clientId = in.string();
        var host = in.string();
        in.bytes();
        var assignment = in.bytes();
        var partitions = consumes ? classicAssignment(assignment) : List.<TopicPartition>of();
        return new Member(id, instanceId, clientId, host, -1, partitions, partitions);
    }

    /** As in ConsumerProtocolAssignment.json; of a member that wrote something else, nothing. */
    private static List<TopicPartition> classicAssignment(ByteBuffer assignment) {
        if (!assignment.hasRemaining()) {
            return List.of();
        }
        try {
            var in = Reader.boundedByBytes(assignment, 0, false);
            in.int16();
            return ByTopic.numbers(in);
        } catch (MalformedException other) {
            return List.of();
        }
    }

    /** The node that coordinates a group. */
    public int coordinator(String id) {
        return cluster.retried(() -> cluster.coordinator(Coordinated.GROUP, id));
    }

    /** How far groups have come, by partition; nothing of a group that does not exist. */
    public Outcomes<String, Map<TopicPartition, Committed>> committed(Collection<String> ids) {
        return Inquiry.of(cluster, Call.OFFSET_FETCH, ids, coordinator,
                (out, some) -> out.structs(some, (each, id) -> ask(each, Membership.none(id), null))
                        .bool(false).tags(),
                Inquiry.each(in -> {
                    var id = in.string();
                    var answers = committed(in);
                    var committed = new TreeMap<TopicPartition, Committed>();
                    answers.forEach(answer -> committed.put(answer.key(), answer.value()));
                    committed.values().removeIf(each -> each.offset < 0);
                    var error = Stream.concat(Stream.of(ErrorCode.of(in.int16())),
                            answers.stream().map(Answer::error)).filter(each -> each != ErrorCode.NONE);
                    return new Answer<>(id, error.findFirst().orElse(ErrorCode.NONE), committed);
                }));
    }

    /**
     * How far a group has come in some partitions, negative where nowhere, to be asked; where a transaction
     * may still commit more the answer is UNSTABLE_OFFSET_COMMIT.
     *
     * @param right who asks; asked for anew each time
     */
    Inquiry<TopicPartition, Committed> committed(String id, Supplier<Membership> right) {
        return new Inquiry<>(cluster, coordinator.owned(id), Call.OFFSET_FETCH,
                (out, some) -> out.structs(List.of(right.get()), (each, me) -> ask(each, me, some))
                        .bool(true).tags(),
                in -> {
                    in.int32();
                    return in.structs(each -> {
                        each.string();
                        var committed = committed(each);
                        ClientException.check(ErrorCode.of(each.int16()), "what the group has committed");
                        return committed;
                    }).getFirst();
                });
    }

    /** @param partitions null for all */
    private static void ask(Writer out, Membership me, Collection<TopicPartition> partitions) {
        out.string(me.group()).since(9, member -> member
                .string(me.memberId().isEmpty() ? null : me.memberId()).int32(me.epoch()));
        if (partitions == null) {
            out.length(-1);
        } else {
            ByTopic.numbers(out, partitions);
        }
    }

    private static List<Answer<TopicPartition, Committed>> committed(Reader in) {
        return ByTopic.read(in, (partition, each) -> {
            var committed = new Committed(each.int64(), each.int32(), each.nullableString());
            return new Answer<>(partition, ErrorCode.of(each.int16()), committed);
        });
    }

    /**
     * Lets a group without members go on from other offsets; it comes to be where there is none.
     *
     * @return the offsets, by partition; UNKNOWN_MEMBER_ID where the group has members
     */
    public Outcomes<TopicPartition, Long> alterOffsets(String id, Map<TopicPartition, Long> offsets) {
        return commit(id, () -> Membership.none(id), offsets);
    }

    /**
     * Commits offsets.
     *
     * @param right who commits; asked for anew each time
     */
    Outcomes<TopicPartition, Long> commit(String id, Supplier<Membership> right,
            Map<TopicPartition, Long> next) {
        return Inquiry.of(cluster, Call.OFFSET_COMMIT, next.keySet(), coordinator.owned(id),
                (out, some) -> {
                    var me = right.get();
                    out.string(id).int32(me.epoch()).string(me.memberId()).string(me.instanceId());
                    ByTopic.write(out, some, (each, partition) ->
                            each.int64(next.get(partition)).int32(-1).string("")).tags();
                },
                Inquiry.eachPartition((partition, in) ->
                        new Answer<>(partition, ErrorCode.of(in.int16()), next.get(partition))));
    }

    /** Lets a group forget how far it has come in partitions of topics that it does not subscribe to. */
    public Outcomes<TopicPartition, TopicPartition> deleteOffsets(String id,
            Collection<TopicPartition> partitions) {
        return Inquiry.of(cluster, Call.OFFSET_DELETE, partitions, coordinator.owned(id),
                (out, some) -> ByTopic.write(out.string(id), some, (each, partition) -> { }),
                in -> {
                    ClientException.check(ErrorCode.of(in.int16()), "group " + id);
                    in.int32();
                    return ByTopic.read(in, (partition, each) ->
                            new Answer<>(partition, ErrorCode.of(each.int16()), partition));
                });
    }

    /** Deletes groups that have no members, and the offsets that they have committed. */
    public Outcomes<String, String> delete(Collection<String> ids) {
        return Inquiry.of(cluster, Call.DELETE_GROUPS, ids, coordinator,
                (out, some) -> out.strings(some).tags(),
                Inquiry.each(in -> {
                    var id = in.string();
                    return new Answer<>(id, ErrorCode.of(in.int16()), id);
                }));
    }
}
