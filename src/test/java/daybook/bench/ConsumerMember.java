package daybook.bench;

import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import java.io.IOException;
import java.util.List;

/**
 * A member of a group of the consumer protocol, that gives up at once what it is told to. One thread at a
 * time uses it; what it owns is read by others when that thread has ended.
 */
final class ConsumerMember {
    private static final int REBALANCE_TIMEOUT_MS = 60_000;
    private static final int LEAVING = -1;

    private final Connection connection;
    private final String group;
    private final GroupTopic topic;
    private final String id = Uuid.random().toString();
    private int epoch;
    private List<Integer> owned = List.of();
    /** Whether the broker has yet to be told what is owned. */
    private boolean changed;

    ConsumerMember(Connection connection, String group, GroupTopic topic) {
        this.connection = connection;
        this.group = group;
        this.topic = topic;
    }

    List<Integer> owned() {
        return owned;
    }

    /** One heartbeat; the first one joins. */
    void heartbeat() throws IOException {
        boolean joins = epoch == 0;
        var told = !joins && changed ? List.of(owned) : joins ? List.<List<Integer>>of() : null;
        changed = false;
        var answer = connection.ask(Call.CONSUMER_GROUP_HEARTBEAT, out -> out
                .string(group).string(id).int32(epoch).string(null).string(null)
                .int32(joins ? REBALANCE_TIMEOUT_MS : -1)
                .strings(joins ? List.of(topic.name()) : null).string(null)
                .string(joins ? "uniform" : null)
                .structs(told, (each, partitions) -> each.uuid(topic.id()).int32s(partitions)));
        answer.int32();
        Connection.expectNone(ErrorCode.of(answer.int16()), "a heartbeat");
        answer.nullableString();
        answer.nullableString();
        epoch = answer.int32();
        answer.int32();
        if (answer.int8() >= 0) {
            var assigned = answer.structs(in -> {
                in.uuid();
                return in.array(partition -> partition.int32());
            });
            owned = assigned.isEmpty() ? List.of() : assigned.getFirst();
            changed = true;
        }
    }

    void leave() throws IOException {
        epoch = LEAVING;
        heartbeat();
        owned = List.of();
    }
}
