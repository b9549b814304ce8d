package daybook.api;

import daybook.catalog.Features;
import daybook.group.Assignment;
import daybook.group.ConsumerProtocol.Answer;
import daybook.group.ConsumerProtocol.Heartbeat;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;

/**
 * ConsumerGroupHeartbeat (68): a member of a consumer group joins, stays or leaves, and hears what it may
 * use (KIP-848).
 *
 * <pre>
 *   v0  flexible
 *   v1  regular expression; the member makes its id itself (KIP-1082)
 * </pre>
 * What the member leaves out is as it was, and so is what the answer leaves out.
 */
record ConsumerGroupHeartbeat(Services services) {
    private record Partitions(Uuid topic, List<Integer> indexes) { }

    void serve(Request request, Reader in, Writer out) {
        var asked = read(request, in);
        in.tags();
        var answer = Features.consumerProtocol(services.catalog().image())
                ? services.groups().ask(asked.groupId(), error -> Answer.refused(error, null),
                        (groups, nowMs) -> groups.consumer().heartbeat(asked, nowMs)).await()
                : Answer.refused(ErrorCode.UNSUPPORTED_VERSION, null);
        out.int32(0).error(answer.error()).string(answer.message()).string(answer.memberId())
                .int32(answer.epoch()).int32(answer.intervalMs());
        var assignment = answer.assignment();
        if (assignment == null) {
            out.int8(-1);
        } else {
            write(out.int8(1), assignment).tags();
        }
        out.tags();
    }

    private static Heartbeat read(Request request, Reader in) {
        return new Heartbeat(in.version(), in.string(), in.string(), in.int32(), in.nullableString(),
                in.nullableString(), in.int32(), in.nullableArray(Reader::string),
                in.since(1) ? in.nullableString() : null, in.nullableString(),
                owned(in.nullableStructs(each -> new Partitions(each.uuid(), each.array(Reader::int32)))),
                request.clientId(), request.host());
    }

    /** A topic that comes twice has the partitions of both. */
    private static Assignment owned(List<Partitions> topics) {
        if (topics == null) {
            return null;
        }
        var indexes = new HashMap<Uuid, List<Integer>>();
        topics.forEach(each ->
                indexes.computeIfAbsent(each.topic, none -> new ArrayList<>()).addAll(each.indexes));
        return Assignment.of(indexes);
    }

    private static Writer write(Writer out, Assignment assignment) {
        return out.structs(assignment.topics().entrySet(), (each, topic) ->
                each.uuid(topic.getKey()).int32s(topic.getValue()));
    }
}
