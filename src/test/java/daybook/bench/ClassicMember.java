package daybook.bench;

import daybook.wire.ErrorCode;
import daybook.wire.Writer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * A member of a group of the classic protocol, with a connection of its own, for a JoinGroup is answered only
 * when all have joined. One thread at a time uses it.
 */
final class ClassicMember {
    private static final int SESSION_TIMEOUT_MS = 45_000;
    private static final int REBALANCE_TIMEOUT_MS = 60_000;
    /** How often one that waits for others to join asks whether they did. */
    private static final int POLL_MS = 100;

    private final Connection connection;
    private final String group;
    private final GroupTopic topic;
    private final ByteBuffer subscription;
    private String id = "";
    private int generation;

    ClassicMember(Connection connection, String group, GroupTopic topic) {
        this.connection = connection;
        this.group = group;
        this.topic = topic;
        this.subscription = new Writer(0, false).int16(0).strings(List.of(topic.name())).bytes(null)
                .toBuffer();
    }

    String id() {
        return id;
    }

    int generation() {
        return generation;
    }

    Connection connection() {
        return connection;
    }

    /** Joins, again and again, until it has the assignment of a generation with {@code size} members. */
    void settle(int size) throws Exception {
        for (int members = sync(join()); members != size; members = sync(join())) {
            if (members > 0) {
                awaitRebalance();
            }
        }
    }

    /** Beats until others have joined or left. */
    void awaitRebalance() throws Exception {
        long beganNanos = System.nanoTime();
        while (heartbeat() == ErrorCode.NONE) {
            if (System.nanoTime() - beganNanos > TimeUnit.MILLISECONDS.toNanos(REBALANCE_TIMEOUT_MS)) {
                throw new IllegalStateException("no rebalance of " + group);
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
    }

    /** NONE, or REBALANCE_IN_PROGRESS. */
    ErrorCode heartbeat() throws IOException {
        var answer = connection.ask(Call.HEARTBEAT, out -> out
                .string(group).int32(generation).string(id).string(null));
        answer.int32();
        return expectNoneOrRebalance(ErrorCode.of(answer.int16()));
    }

    void leave() throws IOException {
        var answer = connection.ask(Call.LEAVE_GROUP, out -> out.string(group)
                .structs(List.of(id), (each, member) -> each.string(member).string(null).string("done")));
        answer.int32();
        Connection.expectNone(ErrorCode.of(answer.int16()), "leaving");
    }

    /** Returns the ids of all members where this one is the leader, and nothing otherwise. */
    private List<String> join() throws IOException {
        for (;;) {
            var answer = connection.ask(Call.JOIN_GROUP, out -> out.string(group).int32(SESSION_TIMEOUT_MS)
                    .int32(REBALANCE_TIMEOUT_MS).string(id).string(null).string("consumer")
                    .structs(List.of("roundrobin"), (each, name) -> each.string(name).bytes(subscription))
                    .string(null));
            answer.int32();
            var error = ErrorCode.of(answer.int16());
            generation = answer.int32();
            answer.nullableString();
            answer.nullableString();
            answer.string();
            answer.bool();
            id = answer.string();
            if (error != ErrorCode.MEMBER_ID_REQUIRED) {
                Connection.expectNone(error, "joining");
                return answer.structs(in -> {
                    var member = in.string();
                    in.nullableString();
                    in.bytes();
                    return member;
                });
            }
        }
    }

    /** How many members have a part in the assignment; 0 where a rebalance came between. */
    private int sync(List<String> members) throws IOException {
        var numbers = IntStream.range(0, members.size()).boxed().toList();
        var answer = connection.ask(Call.SYNC_GROUP, out -> out.string(group).int32(generation).string(id)
                .string(null).string("consumer").string("roundrobin").structs(numbers, (each, number) ->
                        each.string(members.get(number)).bytes(assignment(number, members.size()))));
        answer.int32();
        var error = expectNoneOrRebalance(ErrorCode.of(answer.int16()));
        answer.nullableString();
        answer.nullableString();
        var assignment = answer.bytes();
        return error == ErrorCode.NONE ? assignment.getInt(assignment.limit() - Integer.BYTES) : 0;
    }

    /** What one member is assigned, round robin; the number of members is the user data at its end. */
    private ByteBuffer assignment(int number, int members) {
        var partitions = new ArrayList<Integer>();
        for (int partition = number; partition < topic.partitions(); partition += members) {
            partitions.add(partition);
        }
        return new Writer(0, false).int16(0).array(List.of(topic.name()), (out, name) -> out.string(name)
                .int32s(partitions)).int32(Integer.BYTES).int32(members).toBuffer();
    }

    private static ErrorCode expectNoneOrRebalance(ErrorCode error) {
        if (error != ErrorCode.REBALANCE_IN_PROGRESS) {
            Connection.expectNone(error, "a member");
        }
        return error;
    }
}
