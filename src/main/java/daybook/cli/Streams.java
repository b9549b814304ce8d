package daybook.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.util.regex.Pattern;

/**
 * What a command reads and writes.
 *
 * @param in as it comes, not buffered
 * @param out what was asked for, and nothing else
 * @param err mistakes, progress and summaries
 * @param inTerminal whether a person types what comes in
 * @param errTerminal whether a person watches standard error, so that a line may be written over
 */
record Streams(InputStream in, Output out, PrintStream err, boolean inTerminal, boolean errTerminal) {
    /** What a terminal would obey or not show. Names, messages and damaged files may hold anything. */
    private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{C}&&[^\\t]]");

    /**
     * Those of the process. Which of them are terminals is asked by bin/daybook, and told in the property
     * daybook.terminals as the numbers of their descriptors: what System.console() means has changed from JDK
     * 21 to 22, and it never told one stream from the other.
     */
    static Streams standard() {
        var terminals = System.getProperty("daybook.terminals", "");
        return new Streams(new FileInputStream(FileDescriptor.in),
                new Output(new FileOutputStream(FileDescriptor.out)), System.err, terminals.contains("0"),
                terminals.contains("2"));
    }

    /** The text with a question mark for each character that a terminal would obey or not show. */
    static String printable(String text) {
        return UNPRINTABLE.matcher(text).replaceAll("?");
    }
}
