package daybook.cli;

import daybook.OwnRecords;
import daybook.log.Disk;

import java.io.BufferedWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;

/** {@code bin/daybook dump}: files of a data directory as text, up to the first thing that is wrong. */
public final class Dump {
    public static final String HELP = """
            Usage: bin/daybook dump [--deep] FILE...

            Shows files of a data directory as text and checks them; of a directory all that are in it, and in
            the partitions in it: segments, indexes, snapshots and checkpoints, of Daybook or of Apache Kafka.
            It only reads, also beside a running broker. --deep opens the batches and shows their records,
            those of the catalog, of groups and of transactions field by field.

            Exit code: 0 where all is sound; 1 at the first thing that is wrong, told on standard error with
            its file and position; 2 where a file is missing or unknown.

              bin/daybook dump data/orders-0/00000000000000000000.log
              bin/daybook dump --deep data/orders-0
            """;
    private static final int FAILED = 1;
    private static final int USAGE = 2;
    /** What a shell tells of a program that wrote to a closed pipe: 128 and the number of SIGPIPE. */
    private static final int PIPE_CLOSED = 141;
    /** From a directory of logs over those of partitions to their files. */
    private static final int DEPTH_MOST = 2;
    /** The files of a segment together, its log first: an index that is wrong because of it comes after. */
    private static final Comparator<String> ORDER = Comparator
            .comparing((String name) -> name.substring(0, Math.max(0, name.indexOf('.'))))
            .thenComparing(name -> !name.contains(".log"))
            .thenComparing(Comparator.naturalOrder());

    /** What a terminal would obey or not show. Names and damaged files may hold anything. */
    private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{C}&&[^\\t]]");

    private final Disk disk = Disk.local();
    private final boolean deep;
    private final Writer out;

    private Dump(boolean deep, Writer out) {
        this.deep = deep;
        this.out = out;
    }

    /**
     * Runs the command.
     *
     * @param arguments the words after the command's name
     * @return the exit code
     */
    public static int run(List<String> arguments) {
        return run(arguments, new FileOutputStream(FileDescriptor.out));
    }

    /** As {@link #run(List)}, with the text going to {@code standardOut} in UTF-8. */
    static int run(List<String> arguments, OutputStream standardOut) {
        var files = new ArrayList<>(arguments);
        boolean deep = files.removeIf("--deep"::equals);
        if (arguments.contains("--help") || arguments.contains("-h")) {
            System.out.print(HELP);
            return 0;
        }
        var unknown = files.stream().filter(word -> word.startsWith("-")).findFirst();
        if (files.isEmpty() || unknown.isPresent()) {
            var what = unknown.map(word -> "There is no option " + word).orElse("Say which files to show");
            System.err.println("daybook: " + what + ". Try: bin/daybook help dump");
            return USAGE;
        }
        try (var out = new BufferedWriter(new OutputStreamWriter(standardOut, StandardCharsets.UTF_8))) {
            return new Dump(deep, out).show(files);
        } catch (IOException | UncheckedIOException closed) {
            return PIPE_CLOSED;
        }
    }

    private int show(List<String> files) throws IOException {
        try {
            for (var file : files) {
                show(Path.of(file), 0);
            }
            return 0;
        } catch (NoSuchFileException missing) {
            return told(USAGE, missing.getMessage() + " is not there");
        } catch (IllegalArgumentException unknown) {
            return told(USAGE, unknown.getMessage());
        } catch (IOException wrong) {
            return told(FAILED, wrong.getMessage());
        }
    }

    /** Says why it ends, behind all of the text. */
    private int told(int exit, String why) throws IOException {
        out.flush();
        System.err.println("daybook: " + printable(why));
        return exit;
    }

    /** @param depth how many directories lie between what was named and this */
    private void show(Path path, int depth) throws IOException {
        var names = names(path);
        if (names == null && !shown(path) && depth == 0) {
            throw new IllegalArgumentException("The name of " + path + " does not tell what it is");
        }
        for (var name : names != null && depth < DEPTH_MOST ? names : List.<String>of()) {
            try {
                show(path.resolve(name), depth + 1);
            } catch (NoSuchFileException deleted) {
                line(path.resolve(name) + " is gone");
            }
        }
    }

    /** False where the name of the file does not tell what it is. */
    private boolean shown(Path file) throws IOException {
        return daybook.log.Dump.show(disk, file, deep, OwnRecords::text, this::line);
    }

    /** What is in a directory, in order; null where the path is that of a file. */
    private List<String> names(Path path) throws IOException {
        try {
            var names = disk.list(path);
            names.sort(ORDER);
            return names;
        } catch (NotDirectoryException file) {
            return null;
        }
    }

    private static String printable(String text) {
        return UNPRINTABLE.matcher(text).replaceAll("?");
    }

    private void line(String text) {
        try {
            out.append(printable(text)).append('\n');
        } catch (IOException closed) {
            throw new UncheckedIOException(closed);
        }
    }
}
