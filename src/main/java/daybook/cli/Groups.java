package daybook.cli;

import daybook.client.Admin;
import daybook.client.Groups.Committed;
import daybook.client.Groups.Group;
import daybook.client.Offsets;
import daybook.client.Outcomes;
import daybook.client.TopicPartition;
import daybook.wire.ErrorCode;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;

/** {@code bin/daybook groups}: who reads, and how far they have come. */
final class Groups {
    private static final Flag<String> STATE = Flag.of("state", "PreparingRebalance|CompletingRebalance"
            + "|Assigning|Reconciling|Stable|Empty|Dead", "only in this state").repeated();
    private static final Flag<String> TYPE = Flag.of("type", "consumer|classic", "only of this protocol")
            .repeated();
    private static final Flag<From> TO = Flag.of("to", "beginning|end|current|OFFSET|TIME", "where to go on")
            .as(text -> text.equals("current") ? new From.Further(0) : From.of(text));
    private static final Flag<From> BY = Flag.of("by", "N", "go on so many further; fewer than 0 is back")
            .number(-Long.MAX_VALUE, Long.MAX_VALUE).map(From.Further::new);
    private static final Flag<?> EXECUTE = Flag.of("execute", "do it; without this it is only shown");
    static final Command COMMAND = Command.group("groups",
            "list, describe and delete groups of consumers, reset their offsets",
            Command.of("groups list", "", "what groups there are", Operator.rows(Groups::list))
                    .flags(STATE, TYPE, Flag.JSON, Flag.BOOTSTRAP)
                    .examples("bin/daybook groups list", "bin/daybook groups list --state Empty --json"),
            Command.of("groups describe", "[GROUP]...", "how far they have come, their lag and their members",
                    Operator.pages(Groups::describe))
                    .flags(Flag.JSON, Flag.BOOTSTRAP)
                    .examples("bin/daybook groups describe readers", "bin/daybook groups describe --json"),
            Command.of("groups reset", "GROUP", "let a group go on from elsewhere",
                    Operator.rows(Groups::reset))
                    .about("""
                            Shows from where a group would go on, in all partitions where it has come
                            somewhere or in those that --topic names, and with --execute lets it. The group
                            must have no members then; it comes to be where there is none. An offset outside
                            of what a partition holds becomes its beginning or its end.

                            """ + From.HELP)
                    .flags(Operator.TOPIC, TO, BY, EXECUTE, Flag.JSON, Flag.BOOTSTRAP)
                    .examples("bin/daybook groups reset readers --to beginning",
                            "bin/daybook groups reset readers --topic orders:0,2 --to 2h --execute",
                            "bin/daybook groups reset readers --by -100 --execute"),
            Command.of("groups delete", "GROUP...", "delete groups without members, and their offsets",
                    Operator.lines(Groups::delete))
                    .flags(Flag.BOOTSTRAP)
                    .examples("bin/daybook groups delete readers"),
            Command.of("groups delete-offsets", "GROUP", "let a group forget how far it has come in topics",
                    Operator.lines(Groups::deleteOffsets))
                    .flags(Operator.TOPIC, Flag.BOOTSTRAP)
                    .examples("bin/daybook groups delete-offsets readers --topic orders"));

    private Groups() { }

    private static List<Map<String, Object>> list(Operator operator, Arguments arguments) {
        var groups = operator.admin().groups().list(arguments.values(STATE), arguments.values(TYPE));
        return groups.values().stream().map(group -> Json.object(
                "group", group.id(), "type", group.type(), "state", group.state())).toList();
    }

    private static Outcomes<String, Map<String, Object>> describe(Operator operator, Arguments arguments) {
        var admin = operator.admin().groups();
        var found = admin.describe(arguments.operands().isEmpty() ? admin.list().keySet()
                : arguments.operands());
        var committed = admin.committed(found.values().keySet()).all();
        return found.map((id, group) -> page(operator, group, offsets(committed.get(id))));
    }

    private static Map<TopicPartition, Long> offsets(Map<TopicPartition, Committed> committed) {
        var offsets = new TreeMap<TopicPartition, Long>();
        committed.forEach((partition, each) -> offsets.put(partition, each.offset()));
        return offsets;
    }

    private static Map<String, Object> page(Operator operator, Group group,
            Map<TopicPartition, Long> committed) {
        var readers = new HashMap<TopicPartition, String>();
        group.members().forEach(member -> member.assignment()
                .forEach(partition -> readers.put(partition, member.id())));
        var partitions = new TreeSet<>(committed.keySet());
        partitions.addAll(readers.keySet());
        var ends = operator.offsets(partitions, Offsets.LATEST);
        var rows = partitions.stream().map(each -> Json.object(
                "topic", each.topic(), "partition", each.partition(), "committed", committed.get(each),
                "end", ends.get(each), "lag", lag(committed.get(each), ends.get(each)),
                "member", readers.get(each))).toList();
        return Json.object("group", group.id(), "type", group.type(), "state", group.state(),
                "assignor", group.protocol(),
                "coordinator", operator.admin().groups().coordinator(group.id()),
                "lag", rows.stream().map(row -> row.get("lag")).filter(Objects::nonNull)
                        .mapToLong(lag -> (long) lag).sum(),
                "partitions", rows,
                "members", group.members().stream().map(member -> Json.object("member", member.id(),
                        "instance", member.instanceId(), "client", member.clientId(), "host", member.host(),
                        "partitions", member.assignment().size())).toList());
    }

    private static Long lag(Long committed, Long end) {
        return committed == null || end == null ? null : (Long) Math.max(0, end - committed);
    }

    private static List<Map<String, Object>> reset(Operator operator, Arguments arguments) {
        var id = arguments.operand(0);
        if (arguments.has(TO) == arguments.has(BY)) {
            throw CommandException.usage("Say where to go on: --to or --by");
        }
        var admin = operator.admin();
        var committed = offsets(admin.groups().committed(List.of(id)).of(id));
        var partitions = arguments.has(Operator.TOPIC) ? operator.partitions(arguments.values(Operator.TOPIC))
                : committed.keySet();
        if (partitions.isEmpty()) {
            throw CommandException.failed("Group " + id + " has come nowhere yet: name topics with --topic");
        }
        var from = arguments.has(BY) ? arguments.value(BY) : arguments.value(TO);
        var wanted = from.offsets(committed, time ->
                admin.offsets().at(Offsets.all(partitions, time), false));
        if (arguments.has(EXECUTE)) {
            execute(admin, id, wanted);
        } else {
            var group = admin.groups().describe(List.of(id)).values().get(id);
            boolean busy = group != null && !group.members().isEmpty();
            operator.note("Nothing was changed; --execute does it"
                    + (busy ? " when the members of the group are stopped" : ""));
        }
        return wanted.keySet().stream().map(each -> Json.object("topic", each.topic(),
                "partition", each.partition(), "committed", committed.get(each), "new", wanted.get(each)))
                .toList();
    }

    private static void execute(Admin admin, String id, Map<TopicPartition, Long> wanted) {
        var altered = admin.groups().alterOffsets(id, wanted);
        if (altered.errors().values().stream()
                .anyMatch(each -> each.error() == ErrorCode.UNKNOWN_MEMBER_ID)) {
            throw CommandException.failed("Group " + id + " has members: stop them, then try again");
        }
        altered.all();
    }

    private static Outcomes<String, String> delete(Operator operator, Arguments arguments) {
        return operator.admin().groups().delete(arguments.operands()).map((id, same) -> "Deleted " + id);
    }

    private static Outcomes<TopicPartition, String> deleteOffsets(Operator operator, Arguments arguments) {
        arguments.required(Operator.TOPIC);
        return operator.admin().groups().deleteOffsets(arguments.operand(0),
                operator.partitions(arguments.values(Operator.TOPIC))).map((key, same) -> "Forgot " + key);
    }
}
