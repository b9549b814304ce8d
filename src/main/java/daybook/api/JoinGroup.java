package daybook.api;

import daybook.group.ClassicProtocol.Join;
import daybook.group.ClassicProtocol.Joined;
import daybook.group.ClassicProtocol.Terms;
import daybook.group.GroupRecord.ConsumerGroupMemberMetadata.Protocol;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.List;

/**
 * JoinGroup (11): a member comes to a classic group, or comes again, and waits for the others.
 *
 * <pre>
 *   v1  rebalance timeout; before, the session timeout stands for it (KIP-62)
 *   v2  throttle time
 *   v4  a member without an id is given one first, and joins with it then (KIP-394)
 *   v5  group instance id (KIP-345)
 *   v6  flexible
 *   v7  protocol type in the answer, and no protocol name in a refusal (KIP-559)
 *   v8  reason (KIP-800)
 *   v9  the leader may be told to skip the assignment (KIP-814)
 * </pre>
 */
record JoinGroup(Services services) {
    private static final int ID_FIRST_FROM = 4;
    private static final int SKIP_FROM = 9;

    private record Query(String groupId, int sessionTimeoutMs, int rebalanceTimeoutMs, String memberId,
            String instanceId, String protocolType, List<Protocol> protocols, String reason) {
        static Query read(Reader in) {
            var groupId = in.string();
            int sessionTimeoutMs = in.int32();
            return new Query(groupId, sessionTimeoutMs, in.since(1) ? in.int32() : sessionTimeoutMs,
                    in.string(), in.since(5) ? in.nullableString() : null, in.string(),
                    in.structs(each -> new Protocol(each.string(), each.bytes())),
                    in.since(8) ? in.nullableString() : null);
        }

        Join by(Request request, int version) {
            var terms = new Terms(request.clientId(), request.host(), rebalanceTimeoutMs, sessionTimeoutMs,
                    protocols);
            return new Join(groupId, memberId, instanceId, protocolType, terms, reason,
                    version >= ID_FIRST_FROM, version >= SKIP_FROM);
        }
    }

    void serve(Request request, Reader in, Writer out) {
        var query = Query.read(in);
        in.tags();
        // The answer may take minutes: nobody waits for who is gone, nor with memory that others need.
        request.connection().frameRead();
        var join = query.by(request, in.version());
        write(out, services.groups().ask(query.groupId, error -> Joined.refused(error, query.memberId),
                (groups, nowMs) -> groups.classic().join(join, nowMs)).await(request.connection()::mayWait));
    }

    private static void write(Writer out, Joined joined) {
        boolean named = joined.protocol() != null || out.since(7);
        out.since(2, more -> more.int32(0)).error(joined.error()).int32(joined.generation())
                .since(7, more -> more.string(joined.protocolType()))
                .string(named ? joined.protocol() : "").string(joined.leader())
                .since(SKIP_FROM, more -> more.bool(joined.skipAssignment())).string(joined.memberId())
                .structs(joined.members(), (each, member) -> each.string(member.memberId())
                        .since(5, more -> more.string(member.instanceId())).bytes(member.metadata()))
                .tags();
    }
}
