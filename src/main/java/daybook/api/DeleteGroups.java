package daybook.api;

import daybook.coordinator.Reply;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.LinkedHashMap;

/**
 * DeleteGroups (42): ends groups without members, and forgets their offsets.
 *
 * <pre>
 *   v2  flexible
 * </pre>
 * All groups of a request are deleted before the first deletion is waited for; a name that comes twice is
 * answered once.
 */
record DeleteGroups(Services services) {
    void serve(Request request, Reader in, Writer out) {
        var names = in.array(Reader::string);
        in.tags();
        var replies = new LinkedHashMap<String, Reply<ErrorCode>>();
        for (var name : names) {
            replies.computeIfAbsent(name, id -> services.groups()
                    .ask(id, error -> error, (groups, nowMs) -> groups.delete(id)));
        }
        out.int32(0).structs(replies.entrySet(), (each, reply) ->
                each.string(reply.getKey()).error(reply.getValue().await())).tags();
    }
}
