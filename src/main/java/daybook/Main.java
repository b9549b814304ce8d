package daybook;

import daybook.cli.Dump;
import daybook.cli.Start;

import java.util.Arrays;

/**
 * The entry point: the first word of the command line is the command. Exit codes: 0, 1 (failed), 2 (usage).
 */
public final class Main {
    private static final int USAGE = 2;
    private static final String HELP = """
            Daybook, a message broker that speaks the Kafka protocol.

            Usage: bin/daybook COMMAND [ARGUMENTS]

              start   run a broker in the foreground
              dump    show files of a data directory as text, and check them
              help    show this, or what a command takes: bin/daybook help start
            """;

    private Main() { }

    public static void main(String[] args) {
        int exit = run(args);
        if (exit != 0) {
            System.exit(exit);
        }
    }

    private static int run(String[] args) {
        var command = args.length == 0 ? "" : args[0];
        return switch (command) {
            case "start" -> Start.run(Arrays.asList(args).subList(1, args.length));
            case "dump" -> Dump.run(Arrays.asList(args).subList(1, args.length));
            case "help", "--help", "-h" -> help(args);
            default -> {
                var what = command.isEmpty() ? "Say what to do" : "There is no command " + command;
                System.err.println("daybook: " + what + ". Try: bin/daybook help");
                yield USAGE;
            }
        };
    }

    private static int help(String[] args) {
        System.out.print(switch (args.length > 1 ? args[1] : "") {
            case "start" -> Start.HELP;
            case "dump" -> Dump.HELP;
            default -> HELP;
        });
        return 0;
    }
}
