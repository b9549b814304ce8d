package daybook.api;

import daybook.group.Asker;
import daybook.wire.Reader;
import daybook.wire.Writer;

/**
 * Heartbeat (12): a member of a classic group is there, and asks whether it has to join again.
 *
 * <pre>
 *   v1  throttle time
 *   v3  group instance id (KIP-345)
 *   v4  flexible
 * </pre>
 */
record Heartbeat(Services services) {
    void serve(Request request, Reader in, Writer out) {
        var groupId = in.string();
        int generation = in.int32();
        var who = new Asker(in.string(), in.since(3) ? in.nullableString() : null, generation, false);
        in.tags();
        var error = services.groups().ask(groupId, refused -> refused,
                (groups, nowMs) -> groups.classic().heartbeat(groupId, who, nowMs)).await();
        out.since(1, more -> more.int32(0)).error(error).tags();
    }
}
