package daybook.api;

import daybook.coordinator.Decision;
import daybook.group.Groups.Listed;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.List;

/**
 * ListGroups (16): the groups that this broker coordinates.
 *
 * <pre>
 *   v1  throttle time
 *   v3  flexible
 *   v4  states, asked for and told (KIP-518)
 *   v5  types, asked for and told (KIP-848)
 * </pre>
 * Names of states and types are taken in any case; a name that none has selects nothing.
 */
record ListGroups(Services services) {
    /** What a shard answers. */
    private record Answer(ErrorCode error, List<Listed> groups) {
        static Answer refused(ErrorCode error) {
            return new Answer(error, List.of());
        }
    }

    void serve(Request request, Reader in, Writer out) {
        var states = in.since(4) ? in.array(Reader::string) : List.<String>of();
        var types = in.since(5) ? in.array(Reader::string) : List.<String>of();
        in.tags();
        var error = ErrorCode.NONE;
        var listed = new ArrayList<Listed>();
        for (int partition = 0; partition < services.groups().partitions(); partition++) {
            var answer = services.groups().ask(partition, Answer::refused, (groups, nowMs) ->
                    Decision.answer(new Answer(ErrorCode.NONE, groups.list()))).await();
            error = answer.error == ErrorCode.NONE ? error : answer.error;
            listed.addAll(answer.groups);
        }
        listed.removeIf(group -> !selected(states, group.state().toString())
                || !selected(types, group.type()));
        out.since(1, more -> more.int32(0)).error(error);
        out.structs(listed, (each, group) -> each.string(group.id()).string(group.protocolType())
                .since(4, more -> more.string(group.state().toString()))
                .since(5, more -> more.string(group.type()))).tags();
    }

    private static boolean selected(List<String> wanted, String name) {
        return wanted.isEmpty() || wanted.stream().anyMatch(name::equalsIgnoreCase);
    }
}
