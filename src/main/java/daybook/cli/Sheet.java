package daybook.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/**
 * Answers, as tables for people or as JSON for programs, from the same values: a thing is a map of its
 * members, as {@link Json#object} makes it. A member that is a list of such things is a table of its own on
 * a {@link #pages page}, and is left out of a {@link #rows row}.
 */
final class Sheet {
    private static final String NOTHING = "-";

    private Sheet() { }

    /** Things of the same members, a row each. */
    static void rows(Arguments arguments, Streams streams, List<Map<String, Object>> things) {
        if (arguments.has(Flag.JSON)) {
            streams.out().json(things);
        } else {
            table(streams.out(), things);
        }
    }

    /** Things, a page each: its members line by line, then its tables. */
    static void pages(Arguments arguments, Streams streams, List<Map<String, Object>> things) {
        if (arguments.has(Flag.JSON)) {
            streams.out().json(things);
            return;
        }
        var between = "";
        for (var thing : things) {
            streams.out().text(between);
            page(streams.out(), thing);
            between = "\n";
        }
    }

    private static void page(Output out, Map<String, Object> thing) {
        int width = thing.keySet().stream().mapToInt(name -> words(name).length()).max().orElse(0);
        thing.forEach((name, value) -> {
            if (!isTable(value)) {
                out.line(String.format("%-" + width + "s  %s", words(name), Streams.printable(cell(value))));
            }
        });
        thing.forEach((name, value) -> {
            if (isTable(value) && !((List<?>) value).isEmpty()) {
                out.line("");
                table(out, (List<?>) value);
            }
        });
    }

    private static void table(Output out, List<?> things) {
        var rows = new ArrayList<List<String>>();
        for (var thing : things) {
            var members = (Map<?, ?>) thing;
            var names = members.keySet().stream().filter(name -> !isTable(members.get(name))).toList();
            if (rows.isEmpty()) {
                rows.add(names.stream().map(name -> words((String) name).toUpperCase(Locale.ROOT)).toList());
            }
            rows.add(names.stream().map(name -> cell(members.get(name))).toList());
        }
        out.table(rows);
    }

    /** Whether it is a list of things; an empty list is one too. */
    private static boolean isTable(Object value) {
        return value instanceof List<?> list && list.stream().allMatch(each -> each instanceof Map<?, ?>);
    }

    private static String cell(Object value) {
        var text = switch (value) {
            case null -> "";
            case Boolean truth -> truth ? "yes" : "no";
            case Map<?, ?> map -> map.entrySet().stream().map(each -> each.getKey() + "=" + each.getValue())
                    .collect(Collectors.joining(" "));
            case Iterable<?> elements -> StreamSupport.stream(elements.spliterator(), false)
                    .map(String::valueOf).collect(Collectors.joining(","));
            default -> value.toString();
        };
        return text.isEmpty() ? NOTHING : text;
    }

    /** {@code inSync} becomes {@code in sync}. */
    private static String words(String name) {
        return name.replaceAll("([a-z])([A-Z])", "$1 $2").toLowerCase(Locale.ROOT);
    }
}
