package daybook.api;

import daybook.group.ClassicProtocol.Leaving;
import daybook.group.ClassicProtocol.Left;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.List;

/**
 * LeaveGroup (13): members leave a group, or an operator has them leave.
 *
 * <pre>
 *   v1  throttle time
 *   v3  several members, by id or by group instance id, each answered for itself (KIP-345)
 *   v4  flexible
 *   v5  reasons (KIP-800)
 * </pre>
 */
record LeaveGroup(Services services) {
    void serve(Request request, Reader in, Writer out) {
        var groupId = in.string();
        var leaving = in.since(3) ? in.structs(LeaveGroup::read)
                : List.of(new Leaving(in.string(), null, null));
        in.tags();
        write(out, leaving, services.groups().ask(groupId, Left::refused,
                (groups, nowMs) -> groups.classic().leave(groupId, leaving, nowMs)).await());
    }

    private static Leaving read(Reader in) {
        return new Leaving(in.string(), in.nullableString(), in.since(5) ? in.nullableString() : null);
    }

    /** Before several could leave, the answer was that of the one. */
    private static void write(Writer out, List<Leaving> leaving, Left left) {
        out.since(1, more -> more.int32(0));
        if (!out.since(3)) {
            out.error(left.error() == ErrorCode.NONE ? left.errors().getFirst() : left.error()).tags();
            return;
        }
        var errors = left.errors().iterator();
        var told = leaving.subList(0, left.errors().size());
        out.error(left.error()).structs(told, (each, member) -> each.string(member.memberId())
                .string(member.instanceId()).error(errors.next())).tags();
    }
}
