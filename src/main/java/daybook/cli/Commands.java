package daybook.cli;

import daybook.client.ClientException;
import daybook.record.CorruptBatchException;
import daybook.wire.ErrorCode;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.List;

/**
 * The table of all commands, and the one way to run one. Exit codes: 0, 1 (failed), 2 (usage), 141 (whoever
 * read the output is gone; what a shell tells of a program that died of SIGPIPE), and the JVM's own 130 for
 * Ctrl-C and 143 for SIGTERM.
 */
public final class Commands {
    static final Command HELP = Command.of("help", "[COMMAND]...", "show this, or what a command takes",
            (arguments, streams) -> help(arguments.operands(), streams))
            .examples("bin/daybook help start");
    /** The rows of the table are where the commands are: each file opens with its own. */
    static final Command ROOT = Command.group("", "Daybook, a message broker that speaks the Kafka protocol",
            Start.COMMAND,
            Topics.COMMAND,
            Produce.COMMAND,
            Consume.COMMAND,
            Groups.COMMAND,
            Configs.COMMAND,
            Txns.COMMAND,
            Command.group("perf", "measure brokers, and the ways to them",
                    PerfProduce.COMMAND, PerfConsume.COMMAND, PerfLatency.COMMAND),
            Dump.COMMAND,
            Completion.COMMAND,
            HELP);
    private static final int PIPE_BROKEN = 128 + 13;

    private Commands() { }

    /**
     * Runs the command that the words name, on the process's own streams.
     *
     * @return the exit code
     */
    public static int run(List<String> words) {
        return run(words, Streams.standard());
    }

    static int run(List<String> words, Streams streams) {
        var found = find(words);
        var command = found.command;
        try {
            try {
                int exit = run(command, found.rest, streams);
                streams.out().flush();
                return exit;
            } catch (Output.Closed closed) {
                throw closed;
            } catch (Exception | OutOfMemoryError | StackOverflowError thrown) {
                streams.out().flush();
                return told(failure(thrown), command, streams);
            }
        } catch (Output.Closed closed) {
            return PIPE_BROKEN;
        } catch (CommandException unwritable) {
            return told(unwritable, command, streams);
        }
    }

    private static int run(Command command, List<String> rest, Streams streams) throws Exception {
        var flags = rest.contains("--") ? rest.subList(0, rest.indexOf("--")) : rest;
        boolean helped = flags.contains("--help") || flags.contains("-h");
        if (command.action() == null && (!helped || !rest.get(0).startsWith("-"))) {
            throw unknown(command, rest);
        }
        if (helped) {
            streams.out().text(Help.of(command));
            return 0;
        }
        return command.action().run(Arguments.parse(command, rest), streams);
    }

    /** The command which the first words name, or a group where they name none of its commands. */
    private record Found(Command command, List<String> rest) { }

    private static Found find(List<String> words) {
        var found = new Found(ROOT, words);
        for (var word : words) {
            var own = found.command.commands().stream().filter(command -> command.name().equals(word));
            var next = own.findFirst();
            if (next.isEmpty()) {
                break;
            }
            found = new Found(next.get(), found.rest.subList(1, found.rest.size()));
        }
        return found;
    }

    private static CommandException unknown(Command group, List<String> rest) {
        if (rest.isEmpty()) {
            var names = group.commands().stream().map(Command::name).toList();
            return CommandException.usage("Say what to do: " + String.join(", ", names));
        }
        var typed = (group.path() + " " + rest.get(0)).strip();
        var paths = group.commands().stream().map(Command::path).toList();
        return CommandException.usage("There is no command " + typed + Nearest.question(typed, paths));
    }

    private static int help(List<String> words, Streams streams) {
        var found = find(words);
        if (!found.rest.isEmpty()) {
            throw unknown(found.command, found.rest);
        }
        streams.out().text(Help.of(found.command));
        return 0;
    }

    private static CommandException failure(Throwable thrown) {
        return switch (thrown) {
            case CommandException known -> known;
            case ClientException refused -> CommandException.failed(sentence(refused));
            case CorruptBatchException corrupt -> CommandException.failed(corrupt.getMessage());
            case NoSuchFileException missing -> CommandException.failed("There is no file "
                    + missing.getMessage());
            case IOException failed when failed.getMessage() != null -> CommandException.failed(
                    failed.getMessage());
            case OutOfMemoryError full -> CommandException.failed("The memory is not enough;"
                    + " DAYBOOK_OPTS=-Xmx1g gives more");
            default -> CommandException.failed("A fault of Daybook's own: " + thrown + where(thrown));
        };
    }

    /** What a broker refused, and what to try. */
    static String sentence(ClientException refused) {
        return refused.getMessage().replaceFirst("\\.$", "") + advice(refused.error());
    }

    private static String advice(ErrorCode error) {
        return switch (error) {
            case GROUP_ID_NOT_FOUND -> "; bin/daybook groups list shows those that there are";
            case TRANSACTIONAL_ID_NOT_FOUND -> "; bin/daybook txns list shows those that there are";
            case TOPIC_ALREADY_EXISTS -> "; --if-not-exists leaves it alone";
            case NON_EMPTY_GROUP, GROUP_SUBSCRIBED_TO_TOPIC -> "; stop the members of the group first";
            case UNKNOWN_TOPIC_OR_PARTITION -> "; bin/daybook topics list shows those that there are";
            case MESSAGE_TOO_LARGE -> "; the topic's max.message.bytes says how large a batch may be";
            case NETWORK_EXCEPTION -> "; is a broker running there? bin/daybook start runs one";
            default -> "";
        };
    }

    /** The place that throws, for whoever mends it. */
    private static String where(Throwable thrown) {
        for (var frame : thrown.getStackTrace()) {
            if (frame.getClassName().startsWith("daybook.")) {
                return " at " + frame;
            }
        }
        return "";
    }

    private static int told(CommandException failure, Command command, Streams streams) {
        var line = new StringBuilder("daybook: ").append(failure.getMessage());
        if (failure.helped()) {
            line.append(failure.getMessage().endsWith("?") ? " " : ". ")
                    .append("Try: ").append("bin/daybook help ".concat(command.path()).strip());
        }
        streams.err().println(Streams.printable(line.toString()));
        return failure.exit();
    }
}
