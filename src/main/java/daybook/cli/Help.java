package daybook.cli;

import java.util.ArrayList;
import java.util.List;

/** What a row of the table says to who asks for it: usage, flags, examples. */
final class Help {
    /** Where the text of a flag begins, at the most: longer flags have it on the next line. */
    private static final int COLUMN_MOST = 34;

    private Help() { }

    static String of(Command command) {
        var text = new StringBuilder();
        if (command.path().isEmpty()) {
            text.append(command.summary()).append(".\n\n");
        }
        text.append("Usage: bin/daybook ").append(usage(command)).append('\n');
        if (!command.path().isEmpty()) {
            text.append('\n').append(about(command));
        }
        list(text, "", command.commands().stream().map(one -> new Row(one.name(), one.summary())).toList());
        if (command.action() != null) {
            list(text, "Flags:\n", flags(command));
        }
        if (!command.examples().isEmpty()) {
            text.append("\nExamples:\n");
            command.examples().forEach(line -> text.append("  ").append(line).append('\n'));
        }
        if (command.action() == null) {
            text.append("\nWhat each of them takes: bin/daybook help ")
                    .append((command.path() + " COMMAND").strip()).append('\n');
        }
        return text.toString();
    }

    private static String usage(Command command) {
        var words = new ArrayList<>(List.of(command.path(), command.operands()));
        if (command.action() == null) {
            words.add("COMMAND [ARGUMENTS]");
        } else if (command.takesAny()) {
            words.add("[--" + Command.ANY.name() + " ...]");
        } else if (!command.flags().isEmpty()) {
            words.add("[FLAGS]");
        }
        words.removeIf(String::isEmpty);
        return String.join(" ", words);
    }

    private static String about(Command command) {
        var summary = command.summary();
        return command.about().isEmpty()
                ? Character.toUpperCase(summary.charAt(0)) + summary.substring(1) + ".\n" : command.about();
    }

    private record Row(String left, String right) { }

    private static List<Row> flags(Command command) {
        var rows = new ArrayList<Row>();
        for (var flag : command.flags()) {
            var more = flag.otherwise() == null ? "" : " (default: " + flag.otherwise() + ")";
            rows.add(new Row(flag.usage(), flag.help() + (flag.repeatable() ? "; repeatable" : "") + more));
        }
        rows.add(new Row(Flag.HELP.usage(), Flag.HELP.help()));
        return rows;
    }

    private static void list(StringBuilder text, String head, List<Row> rows) {
        if (rows.isEmpty()) {
            return;
        }
        text.append('\n').append(head);
        int column = rows.stream().mapToInt(row -> row.left.length())
                .filter(length -> length <= COLUMN_MOST).max().orElse(COLUMN_MOST);
        for (var row : rows) {
            boolean fits = row.left.length() <= column;
            text.append("  ").append(row.left)
                    .append(fits ? " ".repeat(column - row.left.length()) : "\n  " + " ".repeat(column))
                    .append("  ").append(row.right).append('\n');
        }
    }
}
