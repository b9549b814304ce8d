package daybook.api;

import daybook.group.Asker;
import daybook.group.ClassicProtocol.Sync;
import daybook.group.ClassicProtocol.Synced;
import daybook.group.GroupRecord;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/**
 * SyncGroup (14): a member of a classic group waits for its assignment; the leader brings those of all.
 *
 * <pre>
 *   v1  throttle time
 *   v3  group instance id (KIP-345)
 *   v4  flexible
 *   v5  protocol type and name, which must be those of the group (KIP-559)
 * </pre>
 */
record SyncGroup(Services services) {
    private record Assigned(String memberId, ByteBuffer assignment) { }

    void serve(Request request, Reader in, Writer out) {
        var sync = read(in);
        in.tags();
        request.connection().frameRead();
        if (in.since(5) && (sync.protocolType() == null || sync.protocol() == null)) {
            write(out, Synced.refused(ErrorCode.INCONSISTENT_GROUP_PROTOCOL));
            return;
        }
        write(out, services.groups().ask(sync.groupId(), Synced::refused,
                (groups, nowMs) -> groups.classic().sync(sync, nowMs)).await(request.connection()::mayWait));
    }

    private static Sync read(Reader in) {
        var groupId = in.string();
        int generation = in.int32();
        var who = new Asker(in.string(), in.since(3) ? in.nullableString() : null, generation, false);
        return new Sync(groupId, who, in.since(5) ? in.nullableString() : null,
                in.since(5) ? in.nullableString() : null, assignments(in));
    }

    /** Copies, for an assignment is kept, and the request's frame is not. */
    private static Map<String, ByteBuffer> assignments(Reader in) {
        var assignments = new HashMap<String, ByteBuffer>();
        for (var each : in.structs(inner -> new Assigned(inner.string(), inner.bytes()))) {
            assignments.put(each.memberId, GroupRecord.sealed(each.assignment));
        }
        return assignments;
    }

    private static void write(Writer out, Synced synced) {
        out.since(1, more -> more.int32(0)).error(synced.error())
                .since(5, more -> more.string(synced.protocolType()).string(synced.protocol()))
                .bytes(synced.assignment()).tags();
    }
}
