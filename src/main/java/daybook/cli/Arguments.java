package daybook.cli;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The words behind a command's name, sorted by its table: {@code --name value} and {@code --name=value}, and
 * operands between them; behind {@code --} there are only operands. All values are looked at here, before the
 * command does anything. Mistakes are usage exceptions.
 */
final class Arguments {
    private final List<String> operands = new ArrayList<>();
    /** By the flags' names, in the order in which they were given. */
    private final Map<String, List<String>> values = new HashMap<>();

    private Arguments() { }

    static Arguments parse(Command command, List<String> words) {
        var arguments = new Arguments();
        if (command.takesAny()) {
            arguments.operands.addAll(words);
            return arguments;
        }
        boolean flags = true;
        for (var rest = words.iterator(); rest.hasNext();) {
            var word = rest.next();
            if (!flags || !word.startsWith("-") || word.equals("-")) {
                arguments.operands.add(word);
            } else if (word.equals("--")) {
                flags = false;
            } else {
                int equals = word.indexOf('=');
                var flag = flag(command, equals < 0 ? word : word.substring(0, equals));
                var value = flag.value().isEmpty() || equals >= 0 ? "" : rest.hasNext() ? rest.next() : "--";
                arguments.put(flag, equals < 0 ? value : word.substring(equals + 1), equals >= 0);
            }
        }
        arguments.check(command);
        return arguments;
    }

    private static Flag<?> flag(Command command, String typed) {
        for (var flag : command.flags()) {
            if (typed.equals("--" + flag.name())) {
                return flag;
            }
        }
        var names = command.flags().stream().map(flag -> "--" + flag.name()).toList();
        throw CommandException.usage("There is no flag " + typed + Nearest.question(typed, names));
    }

    /** @param joined whether the value was given with an equals sign, and may look like a flag */
    private void put(Flag<?> flag, String value, boolean joined) {
        if (joined && flag.value().isEmpty()) {
            throw CommandException.usage("The flag --" + flag.name() + " takes no value");
        }
        if (!joined && value.startsWith("--")) {
            throw CommandException.usage("The flag --" + flag.name() + " needs a value: " + flag.usage());
        }
        flag.read(value);
        values.computeIfAbsent(flag.name(), name -> new ArrayList<>()).add(value);
    }

    private void check(Command command) {
        if (operands.size() < command.operandsLeast()) {
            throw CommandException.usage(command.places().get(operands.size()).replace("...", "")
                    + " is missing");
        }
        if (operands.size() > command.operandsMost()) {
            throw CommandException.usage("There is no use for " + operands.get(command.operandsMost()));
        }
        for (int at = 0; at < operands.size(); at++) {
            var place = command.places().get(Math.min(at, command.places().size() - 1));
            var operand = operands.get(at);
            if (operand.isEmpty()) {
                throw CommandException.usage(place.replaceAll("[\\[\\].]", "") + " is empty");
            } else if (!Flag.allows(place, operand)) {
                throw CommandException.usage(operand + " is not " + String.join(" or ", Flag.words(place)));
            }
        }
    }

    List<String> operands() {
        return operands;
    }

    /** The operand at this place, from 0; null where there are fewer. */
    String operand(int at) {
        return at < operands.size() ? operands.get(at) : null;
    }

    boolean has(Flag<?> flag) {
        return values.containsKey(flag.name());
    }

    /** That these two are not given both. */
    void exclude(Flag<?> one, Flag<?> other) {
        if (has(one) && has(other)) {
            throw CommandException.usage("The flags --" + one.name() + " and --" + other.name()
                    + " do not go together");
        }
    }

    /** The last value given, or else the flag's default; null where there is none. */
    <T> T value(Flag<T> flag) {
        var text = has(flag) ? values.get(flag.name()).getLast() : flag.otherwise();
        return text == null ? null : flag.read(text);
    }

    /** As {@link #value(Flag)}, but {@code otherwise} where there is none. */
    <T> T value(Flag<T> flag, T otherwise) {
        var value = value(flag);
        return value == null ? otherwise : value;
    }

    /** As {@link #value(Flag)}, but a mistake where there is none. */
    <T> T required(Flag<T> flag) {
        var value = value(flag);
        if (value == null) {
            throw CommandException.usage("The flag --" + flag.name() + " is missing: " + flag.usage());
        }
        return value;
    }

    /** All values given; none where the flag is not. */
    <T> List<T> values(Flag<T> flag) {
        return values.getOrDefault(flag.name(), List.of()).stream().map(flag::read).toList();
    }

    /** Pairs, of which the last one of a key counts. */
    Map<String, String> map(Flag<Flag.Pair> flag) {
        var map = new LinkedHashMap<String, String>();
        values(flag).forEach(pair -> map.put(pair.key(), pair.value()));
        return map;
    }
}
