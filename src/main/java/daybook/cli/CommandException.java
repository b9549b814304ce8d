package daybook.cli;

/** Ends a command with one line on standard error, which is the message, and with an exit code. */
final class CommandException extends RuntimeException {
    static final int FAILED = 1;
    static final int USAGE = 2;
    private static final long serialVersionUID = 1L;

    private final int exit;
    private final boolean helped;

    private CommandException(int exit, boolean helped, String message) {
        super(message);
        this.exit = exit;
        this.helped = helped;
    }

    /** What was asked for could not be done: a sentence without its full stop. */
    static CommandException failed(String message) {
        return new CommandException(FAILED, false, message);
    }

    /** What was typed makes no sense: a sentence without its full stop; where to read on is added. */
    static CommandException usage(String message) {
        return new CommandException(USAGE, true, message);
    }

    /** As {@link #usage}, where the help of the command would not help. */
    static CommandException mistake(String message) {
        return new CommandException(USAGE, false, message);
    }

    int exit() {
        return exit;
    }

    /** Whether the line names the help to read. */
    boolean helped() {
        return helped;
    }
}
