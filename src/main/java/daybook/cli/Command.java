package daybook.cli;

import java.util.Arrays;
import java.util.List;

/**
 * A row of the table of commands, from which come parsing, help, completion and the answers to mistakes. Made
 * by {@link #of} and the methods that add to it.
 *
 * @param path how it is called: {@code topics create}
 * @param operands what it takes besides flags, a word each, optional ones in brackets: {@code TOPIC...},
 *         {@code [FILE]}, {@code bash|zsh}; capitals are as in {@link Flag}
 * @param summary for a list of commands: in small letters, without a full stop
 * @param about whole lines that its help shows below; empty where the summary says all
 * @param flags without {@code --help}, which all have
 * @param examples whole command lines
 * @param action null where it has commands of its own
 * @param commands those it has of its own; empty for most
 */
record Command(String path, String operands, String summary, String about, List<Flag<?>> flags,
        List<String> examples, Action action, List<Command> commands) {
    /** Given as the only flag: the command looks at its words itself, whatever they are. */
    static final Flag<String> ANY = Flag.of("KEY=VALUE", "a key of Kafka's server.properties");

    /** What a command does. */
    interface Action {
        /**
         * Runs until it is done, or the user ends it ({@link Stop}).
         *
         * @return the exit code
         * @throws CommandException to end with one line on standard error
         * @throws Exception which becomes such a line too
         */
        int run(Arguments arguments, Streams streams) throws Exception;
    }

    static Command of(String path, String operands, String summary, Action action) {
        return new Command(path, operands, summary, "", List.of(), List.of(), action, List.of());
    }

    /** One that only has others: {@code topics}. Their paths begin with its own. */
    static Command group(String path, String summary, Command... commands) {
        return new Command(path, "", summary, "", List.of(), List.of(), null, List.of(commands));
    }

    Command about(String lines) {
        return new Command(path, operands, summary, lines, flags, examples, action, commands);
    }

    Command flags(Flag<?>... table) {
        return new Command(path, operands, summary, about, List.of(table), examples, action, commands);
    }

    Command examples(String... lines) {
        return new Command(path, operands, summary, about, flags, List.of(lines), action, commands);
    }

    /** Compared by identity: a record's equals takes longer to load than all else that a command needs. */
    boolean takesAny() {
        return flags.size() == 1 && flags.get(0) == ANY;
    }

    /** The last word of the path. */
    String name() {
        return path.substring(path.lastIndexOf(' ') + 1);
    }

    /** The placeholders of the operands. */
    List<String> places() {
        return operands.isEmpty() ? List.of() : Arrays.asList(operands.split(" "));
    }

    int operandsLeast() {
        return (int) places().stream().filter(place -> !place.startsWith("[")).count();
    }

    int operandsMost() {
        return operands.contains("...") ? Integer.MAX_VALUE : places().size();
    }
}
