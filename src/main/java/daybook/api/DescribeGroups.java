package daybook.api;

import daybook.coordinator.Reply;
import daybook.group.ClassicProtocol.Described;
import daybook.group.ClassicProtocol.DescribedMember;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.LinkedHashMap;

/**
 * DescribeGroups (15): classic groups and their members.
 *
 * <pre>
 *   v1  throttle time
 *   v3  authorized operations (KIP-430)
 *   v4  group instance ids (KIP-345)
 *   v5  flexible
 *   v6  GROUP_ID_NOT_FOUND and a message, where older clients are told of a dead group (KIP-1043)
 * </pre>
 * A group that is named twice is answered once.
 */
record DescribeGroups(Services services) {
    private static final int NOT_FOUND_FROM = 6;

    void serve(Request request, Reader in, Writer out) {
        var ids = in.array(Reader::string);
        boolean operationsAsked = in.since(3) && in.bool();
        in.tags();
        var replies = new LinkedHashMap<String, Reply<Described>>();
        ids.forEach(each -> replies.computeIfAbsent(each, id -> services.groups().ask(id,
                error -> Described.refused(error, null), (groups, nowMs) -> groups.classic().describe(id))));
        out.since(1, more -> more.int32(0)).structs(replies.entrySet(), (each, reply) ->
                write(each, reply.getKey(), reply.getValue().await(), operationsAsked)).tags();
    }

    private static void write(Writer out, String id, Described group, boolean operationsAsked) {
        boolean dead = group.error() == ErrorCode.GROUP_ID_NOT_FOUND;
        var error = dead && !out.since(NOT_FOUND_FROM) ? ErrorCode.NONE : group.error();
        int operations = AuthorizedOperations.group(operationsAsked && error == ErrorCode.NONE);
        out.error(error).since(NOT_FOUND_FROM, more -> more.string(group.message()))
                .string(id).string(group.error() == ErrorCode.NONE || dead ? group.state().toString() : "")
                .string(group.protocolType()).string(group.protocol())
                .structs(group.members(), DescribeGroups::write)
                .since(3, more -> more.int32(operations));
    }

    private static void write(Writer out, DescribedMember member) {
        out.string(member.memberId()).since(4, more -> more.string(member.instanceId()))
                .string(member.clientId()).string(member.clientHost()).bytes(member.metadata())
                .bytes(member.assignment());
    }
}
