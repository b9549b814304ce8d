package daybook.cli;

import daybook.cli.Flag.Pair;
import daybook.client.Configs.Change;
import daybook.client.Configs.Entry;
import daybook.client.Configs.Kind;
import daybook.client.Configs.Resource;
import daybook.client.Configs.Source;
import daybook.client.Outcomes;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** {@code bin/daybook configs}: how topics, brokers and groups are configured. */
final class Configs {
    private static final Flag<?> ALL = Flag.of("all", "also what nobody has configured");
    private static final Flag<Pair> SET = Flag.of("set", "KEY=VALUE", "give the key this value").pairs();
    private static final Flag<String> DELETE = Flag.of("delete", "KEY", "take its value away").repeated();
    private static final Flag<Pair> APPEND = Flag.of("append", "KEY=VALUE,...", "add to the key's list")
            .pairs();
    private static final Flag<Pair> SUBTRACT = Flag
            .of("subtract", "KEY=VALUE,...", "take out of the key's list").pairs();
    private static final String OPERANDS = "topic|broker|group [NAME]";
    private static final String ABOUT = """
            NAME is a topic, the number of a broker, or a group; without it, broker means all brokers that
            have nothing configured for themselves.
            """;
    static final Command COMMAND = Command.group("configs", "describe and alter configurations",
            Command.of("configs describe", OPERANDS, "what is configured, and where",
                    Operator.rows(Configs::describe))
                    .about("Shows what is configured, and where.\n" + ABOUT)
                    .flags(ALL, Flag.JSON, Flag.BOOTSTRAP)
                    .examples("bin/daybook configs describe topic orders",
                            "bin/daybook configs describe broker 1 --all"),
            Command.of("configs alter", OPERANDS, "change keys of a configuration",
                    Operator.lines(Configs::alter))
                    .about("Changes some keys and leaves the others; all of the changes or none.\n" + ABOUT)
                    .flags(SET, DELETE, APPEND, SUBTRACT, Operator.DRY_RUN, Flag.BOOTSTRAP)
                    .examples("bin/daybook configs alter topic orders --set retention.ms=60000",
                            "bin/daybook configs alter topic orders --append cleanup.policy=compact",
                            "bin/daybook configs alter broker --delete log.retention.ms",
                            "bin/daybook configs alter group a --set consumer.session.timeout.ms=50000"));

    private Configs() { }

    private static Resource resource(Arguments arguments) {
        var kind = Kind.valueOf(arguments.operand(0).toUpperCase(Locale.ROOT));
        var name = arguments.operand(1);
        if (name == null && kind != Kind.BROKER) {
            throw CommandException.usage("Say which " + arguments.operand(0));
        }
        if (name != null && kind == Kind.BROKER && !name.matches("\\d{1,9}")) {
            throw CommandException.usage("A broker is named by its number, not " + name);
        }
        return new Resource(kind, name == null ? "" : name);
    }

    private static List<Map<String, Object>> describe(Operator operator, Arguments arguments) {
        var resource = resource(arguments);
        return operator.admin().configs().describe(List.of(resource)).of(resource).stream()
                .filter(entry -> arguments.has(ALL) || entry.source() != Source.DEFAULT)
                .sorted(Comparator.comparing(Entry::name))
                .map(Configs::row).toList();
    }

    private static Map<String, Object> row(Entry entry) {
        return Json.object("key", entry.name(), "value", entry.value(), "from", place(entry.source()),
                "readOnly", entry.readOnly(), "sensitive", entry.sensitive(),
                "synonyms", entry.synonyms().stream().map(each -> Json.object("key", each.name(),
                        "value", each.value(), "from", place(each.source()))).toList());
    }

    private static String place(Source source) {
        return source.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static Outcomes<Resource, String> alter(Operator operator, Arguments arguments) {
        var resource = resource(arguments);
        var changes = new ArrayList<Change>();
        arguments.map(SET).forEach((key, value) -> changes.add(Change.set(key, value)));
        arguments.map(APPEND).forEach((key, value) -> changes.add(Change.append(key, value)));
        arguments.map(SUBTRACT).forEach((key, value) -> changes.add(Change.subtract(key, value)));
        arguments.values(DELETE).forEach(key -> changes.add(Change.delete(key)));
        if (changes.isEmpty()) {
            throw CommandException.usage("Say what to alter: --set, --delete, --append or --subtract");
        }
        boolean dryRun = arguments.has(Operator.DRY_RUN);
        return operator.admin().configs().alter(Map.of(resource, changes), dryRun)
                .map((altered, same) -> (dryRun ? "Would alter " : "Altered ") + altered);
    }
}
