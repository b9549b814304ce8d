package daybook;

import daybook.cli.Commands;

import java.util.Arrays;

/** The entry point: the words of the command line name a command. */
public final class Main {
    private Main() { }

    /** Ends the process with the command's exit code. */
    public static void main(String[] args) {
        int exit = Commands.run(Arrays.asList(args));
        if (exit != 0) {
            System.exit(exit);
        }
    }
}
