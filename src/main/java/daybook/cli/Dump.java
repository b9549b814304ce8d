package daybook.cli;

import daybook.OwnRecords;
import daybook.log.Disk;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/** {@code bin/daybook dump}: files of a data directory as text, up to the first thing that is wrong. */
final class Dump {
    private static final Flag<?> DEEP = Flag.of("deep", "open the batches and show their records");
    static final Command COMMAND = Command.of("dump", "FILE...",
            "show files of a data directory as text, and check them", Dump::run)
            .about("""
                    Shows files of a data directory as text and checks them; of a directory all that are
                    in it, and in the partitions in it: segments, indexes, snapshots and checkpoints, of
                    Daybook or of Apache Kafka. It only reads, also beside a running broker. With --deep,
                    records of the catalog, of groups and of transactions are shown field by field.

                    Exit code: 0 where all is sound; 1 at the first thing that is wrong, told on standard
                    error with its file and position; 2 where a file is missing or unknown.
                    """)
            .flags(DEEP)
            .examples("bin/daybook dump data/orders-0/00000000000000000000.log",
                    "bin/daybook dump --deep data/orders-0");
    /** From a directory of logs over those of partitions to their files. */
    private static final int DEPTH_MOST = 2;

    /** The files of a segment together, its log first: an index that is wrong because of it comes after. */
    private final Comparator<String> order = Comparator
            .comparing((String name) -> name.substring(0, Math.max(0, name.indexOf('.'))))
            .thenComparing(name -> !name.contains(".log"))
            .thenComparing(Comparator.naturalOrder());
    private final Disk disk = Disk.local();
    private final boolean deep;
    private final Output out;

    private Dump(boolean deep, Output out) {
        this.deep = deep;
        this.out = out;
    }

    private static int run(Arguments arguments, Streams streams) throws IOException {
        var dump = new Dump(arguments.has(DEEP), streams.out());
        try {
            for (var file : arguments.operands()) {
                dump.show(Path.of(file), 0);
            }
            return 0;
        } catch (NoSuchFileException missing) {
            throw CommandException.mistake(missing.getMessage() + " is not there");
        } catch (IllegalArgumentException unknown) {
            throw CommandException.mistake(unknown.getMessage());
        }
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
            names.sort(order);
            return names;
        } catch (NotDirectoryException file) {
            return null;
        }
    }

    private void line(String text) {
        out.line(Streams.printable(text));
    }
}
