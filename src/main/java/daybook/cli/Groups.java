package daybook.cli;

import daybook.client.Admin;
import daybook.client.Groups.Committed;
import daybook.client.Groups.Group;
import daybook.client.Groups.Member;
import daybook.client.Offsets;
import daybook.client.TopicPartition;
import daybook.wire.ErrorCode;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;

/** {@code bin/daybook groups}: who reads, and how far they have come. */
final class Groups {
    private static final Flag STATE = Flag.of("state", "STATE", "only in this state, as Stable").repeated();
    private static final List<String> STATES = List.of("PreparingRebalance", "CompletingRebalance",
            "Assigning", "Reconciling", "Stable", "Empty", "Dead");
    private static final Flag TYPE = Flag.of("type", "consumer|classic", "only those of this protocol")
            .repeated();
    private static final Flag TO = Flag.of("to", "beginning|end|current|OFFSET|TIME", "where to go on");
    private static final Flag BY = Flag.of("by", "N", "go on so many records further; fewer than 0 is back");
    private static final Flag EXECUTE = Flag.of("execute", "do it; without this it is only shown");
    static final Command COMMAND = Command.group("groups",
            "list, describe and delete groups of consumers, reset their offsets",
            Command.of("groups list", "", "what groups there are", Groups::list)
                    .flags(STATE, TYPE, Flag.JSON, Flag.BOOTSTRAP)
                    .examples("bin/daybook groups list", "bin/daybook groups list --state Empty --json"),
            Command.of("groups describe", "[GROUP]...", "how far they have come, their lag and their members",
                    Groups::describe)
                    .flags(Flag.JSON, Flag.BOOTSTRAP)
                    .examples("bin/daybook groups describe readers", "bin/daybook groups describe --json"),
            Command.of("groups reset", "GROUP", "let a group go on from elsewhere", Groups::reset)
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
                    Groups::delete)
                    .flags(Flag.BOOTSTRAP)
                    .examples("bin/daybook groups delete readers"),
            Command.of("groups delete-offsets", "GROUP", "let a group forget how far it has come in topics",
                    Groups::deleteOffsets)
                    .flags(Operator.TOPIC, Flag.BOOTSTRAP)
                    .examples("bin/daybook groups delete-offsets readers --topic orders"));

    private Groups() { }

    private static int list(Arguments arguments, Streams streams) {
        for (var state : arguments.texts(STATE)) {
            if (!STATES.contains(state)) {
                throw CommandException.usage("The flag --state is " + state + ", but must be "
                        + String.join(" or ", STATES));
            }
        }
        try (var admin = Operator.admin(arguments)) {
            Sheet.rows(arguments, streams, admin.groups().list(arguments.texts(STATE), arguments.texts(TYPE))
                    .values().stream().map(group -> Json.object("group", group.id(), "type", group.type(),
                            "state", group.state())).toList());
        }
        return 0;
    }

    private static int describe(Arguments arguments, Streams streams) {
        try (var admin = Operator.admin(arguments)) {
            var ids = arguments.operands().isEmpty() ? admin.groups().list().keySet() : arguments.operands();
            var groups = admin.groups().describe(ids);
            var committed = admin.groups().committed(groups.values().keySet()).all();
            var pages = new ArrayList<Map<String, Object>>();
            groups.values().forEach((id, group) -> pages.add(page(admin, group, committed.get(id))));
            Sheet.pages(arguments, streams, pages);
            return Operator.failures(streams, groups);
        }
    }

    private static Map<String, Object> page(Admin admin, Group group,
            Map<TopicPartition, Committed> committed) {
        var readers = new HashMap<TopicPartition, Member>();
        group.members().forEach(member -> member.assignment().forEach(each -> readers.put(each, member)));
        var partitions = new TreeSet<>(committed.keySet());
        partitions.addAll(readers.keySet());
        var ends = admin.offsets().list(Offsets.all(partitions, Offsets.LATEST), false).values();
        var rows = partitions.stream()
                .map(each -> row(each, committed.get(each), ends.get(each), readers.get(each))).toList();
        return Json.object("group", group.id(), "type", group.type(), "state", group.state(),
                "assignor", group.protocol(), "coordinator", admin.groups().coordinator(group.id()),
                "lag", rows.stream().map(row -> row.get("lag")).filter(Objects::nonNull)
                        .mapToLong(lag -> (long) lag).sum(),
                "partitions", rows,
                "members", group.members().stream().map(member -> Json.object("member", member.id(),
                        "instance", member.instanceId(), "client", member.clientId(), "host", member.host(),
                        "partitions", member.assignment().size())).toList());
    }

    private static Map<String, Object> row(TopicPartition partition, Committed committed, Offsets.Found end,
            Member member) {
        return Json.object("topic", partition.topic(), "partition", partition.partition(),
                "committed", committed == null ? null : committed.offset(),
                "end", end == null ? null : end.offset(),
                "lag", committed == null || end == null ? null
                        : Math.max(0, end.offset() - committed.offset()),
                "member", member == null ? null : member.id());
    }

    private static int reset(Arguments arguments, Streams streams) {
        var id = arguments.operand(0);
        if (arguments.has(TO) == arguments.has(BY)) {
            throw CommandException.usage("Say where to go on: --to or --by");
        }
        try (var admin = Operator.admin(arguments)) {
            var committed = admin.groups().committed(List.of(id)).of(id);
            Collection<TopicPartition> partitions = arguments.has(Operator.TOPIC)
                    ? Operator.partitions(admin, arguments.texts(Operator.TOPIC)) : committed.keySet();
            if (partitions.isEmpty()) {
                throw CommandException.failed("Group " + id
                        + " has come nowhere yet: name topics with --topic");
            }
            var wanted = wanted(arguments, admin, committed, partitions);
            if (arguments.has(EXECUTE)) {
                execute(admin, id, wanted);
            }
            Sheet.rows(arguments, streams, wanted.entrySet().stream().map(each -> Json.object(
                    "topic", each.getKey().topic(), "partition", each.getKey().partition(),
                    "committed", committed.containsKey(each.getKey())
                            ? committed.get(each.getKey()).offset() : null,
                    "new", each.getValue())).toList());
            if (!arguments.has(EXECUTE)) {
                var group = admin.groups().describe(List.of(id)).values().get(id);
                boolean busy = group != null && !group.members().isEmpty();
                streams.out().flush();
                streams.err().println("Nothing was changed; --execute does it"
                        + (busy ? " when the members of the group are stopped" : ""));
            }
        }
        return 0;
    }

    private static Map<TopicPartition, Long> wanted(Arguments arguments, Admin admin,
            Map<TopicPartition, Committed> committed, Collection<TopicPartition> partitions) {
        var to = arguments.has(TO) && !arguments.text(TO).equals("current")
                ? From.of(TO, arguments.text(TO), InstantSource.system()) : null;
        long further = arguments.has(BY) ? arguments.number(BY, -Long.MAX_VALUE, Long.MAX_VALUE) : 0;
        var begins = at(admin, partitions, Offsets.EARLIEST);
        var ends = at(admin, partitions, Offsets.LATEST);
        var times = to instanceof From.Time time ? at(admin, partitions, time.timestampMs()) : ends;
        var wanted = new TreeMap<TopicPartition, Long>();
        for (var partition : partitions) {
            long end = ends.get(partition);
            long now = committed.containsKey(partition) ? committed.get(partition).offset() : end;
            long offset = switch (to) {
                case null -> further > 0 && now > Long.MAX_VALUE - further ? end : now + further;
                case From.Offset(long number) -> number;
                case From.Time time -> times.get(partition) < 0 ? end : times.get(partition);
                case From.Last(long count) -> end - count;
            };
            wanted.put(partition, Math.clamp(offset, begins.get(partition), end));
        }
        return wanted;
    }

    private static Map<TopicPartition, Long> at(Admin admin, Collection<TopicPartition> partitions,
            long time) {
        var offsets = new HashMap<TopicPartition, Long>();
        admin.offsets().list(Offsets.all(partitions, time), false).all()
                .forEach((partition, found) -> offsets.put(partition, found.offset()));
        return offsets;
    }

    private static void execute(Admin admin, String id, Map<TopicPartition, Long> wanted) {
        var failed = admin.groups().alterOffsets(id, wanted).errors().values();
        if (failed.stream().anyMatch(each -> each.error() == ErrorCode.UNKNOWN_MEMBER_ID)) {
            throw CommandException.failed("Group " + id + " has members: stop them, then try again");
        }
        for (var first : failed) {
            throw first;
        }
    }

    private static int delete(Arguments arguments, Streams streams) {
        try (var admin = Operator.admin(arguments)) {
            var deleted = admin.groups().delete(arguments.operands());
            deleted.values().keySet().forEach(id -> streams.out().line("Deleted " + Streams.printable(id)));
            return Operator.failures(streams, deleted);
        }
    }

    private static int deleteOffsets(Arguments arguments, Streams streams) {
        arguments.required(Operator.TOPIC);
        try (var admin = Operator.admin(arguments)) {
            var deleted = admin.groups().deleteOffsets(arguments.operand(0),
                    Operator.partitions(admin, arguments.texts(Operator.TOPIC)));
            deleted.values().keySet().forEach(partition -> streams.out()
                    .line("Forgot " + Streams.printable(partition.toString())));
            return Operator.failures(streams, deleted);
        }
    }
}
