package daybook.log;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The small text files that Kafka calls checkpoints, as {@code package-info} draws them. A file that is
 * missing is an empty one; one that cannot be read as what it should be is told, and counts as missing, since
 * all that stands in them can be found again from the logs.
 */
final class Checkpoints {
    static final String RECOVERY_POINTS = "recovery-point-offset-checkpoint";
    static final String START_OFFSETS = "log-start-offset-checkpoint";
    static final String HIGH_WATERMARKS = "replication-offset-checkpoint";
    static final String COMPACTED = "cleaner-offset-checkpoint";

    private static final System.Logger LOG = System.getLogger("daybook.log");
    private static final int LIMIT_BYTES = 64 << 20;
    /** A topic's name has 249 at most. */
    private static final int LINE_MOST_BYTES = 1024;
    private static final String VERSION = "0";

    private Checkpoints() { }

    /** The offsets in a file of {@code topic partition offset} lines; none where it is missing or wrong. */
    static Map<TopicPartition, Long> offsets(Disk disk, Path file) {
        var offsets = new TreeMap<TopicPartition, Long>();
        var entries = read(disk, file, 3, words -> Map.entry(
                new TopicPartition(words[0], Integer.parseInt(words[1])), Long.parseLong(words[2])));
        entries.forEach(entry -> offsets.put(entry.getKey(), entry.getValue()));
        return offsets;
    }

    static void writeOffsets(Disk disk, Path file, Map<TopicPartition, Long> offsets) throws IOException {
        var entries = new ArrayList<String>();
        offsets.forEach((at, offset) -> entries.add(at.topic() + " " + at.partition() + " " + offset));
        write(disk, file, entries, true);
    }

    /** The epochs by their first offsets in a file of {@code epoch offset} lines, as {@link #offsets}. */
    static NavigableMap<Long, Integer> epochs(Disk disk, Path file) {
        var epochs = new TreeMap<Long, Integer>();
        read(disk, file, 2, risingEpochs()).forEach(start -> epochs.put(start.offset(), start.epoch()));
        return epochs;
    }

    /** What takes the entries of such a file, each of which must be above the one before. */
    static Function<String[], LeaderEpochs.Start> risingEpochs() {
        var last = new LeaderEpochs.Start[] {new LeaderEpochs.Start(-1, -1)};
        return words -> {
            var start = new LeaderEpochs.Start(Integer.parseInt(words[0]), Long.parseLong(words[1]));
            if (start.epoch() <= last[0].epoch() || start.offset() <= last[0].offset()) {
                throw new IllegalArgumentException("expected an epoch above " + last[0] + ", found " + start);
            }
            last[0] = start;
            return start;
        };
    }

    /**
     * Not forced: what a power cut leaves of it is the file before, this one, or one that counts as missing.
     */
    static void writeEpochs(Disk disk, Path file, NavigableMap<Long, Integer> epochs) throws IOException {
        var entries = new ArrayList<String>();
        epochs.forEach((offset, epoch) -> entries.add(epoch + " " + offset));
        write(disk, file, entries, false);
    }

    private static void write(Disk disk, Path file, List<String> entries, boolean force) throws IOException {
        var text = new StringBuilder(VERSION).append('\n').append(entries.size()).append('\n');
        entries.forEach(entry -> text.append(entry).append('\n'));
        disk.replaceText(file, text.toString(), force);
    }

    private static <T> List<T> read(Disk disk, Path file, int words, Function<String[], T> entry) {
        var entries = new ArrayList<T>();
        try {
            if (disk.exists(file)) {
                parse(disk, file, words, found -> entries.add(entry.apply(found)));
            }
            return entries;
        } catch (IOException wrong) {
            LOG.log(Level.WARNING, "A checkpoint is ignored: {0}", wrong.getMessage());
            return List.of();
        }
    }

    /**
     * Reads a file strictly. An empty one has no entries: Kafka makes it before it has something to write.
     *
     * @param words how many each entry has
     * @param entry takes them in order, and refuses them with an {@link IllegalArgumentException}
     * @throws IOException that says in which line of the file what is wrong
     */
    static void parse(Disk disk, Path file, int words, Consumer<String[]> entry) throws IOException {
        var bytes = disk.read(file, LIMIT_BYTES);
        int number = 0;
        int announced = 0;
        try {
            for (int from = 0, end; from < bytes.length; from = end + 1) {
                number++;
                end = from;
                while (end < bytes.length && bytes[end] != '\n') {
                    end++;
                }
                require(end - from <= LINE_MOST_BYTES,
                        "expected " + LINE_MOST_BYTES + " bytes at most, found " + (end - from));
                var line = new String(bytes, from, end - from, StandardCharsets.UTF_8);
                if (number == 1) {
                    require(line.equals(VERSION), "expected version " + VERSION + ", found another");
                } else if (number == 2) {
                    announced = Integer.parseInt(line);
                } else {
                    var found = line.split(" ");
                    require(found.length == words, "expected " + words + " words, found " + found.length);
                    entry.accept(found);
                }
            }
            require(number != 1, "expected a number of entries behind it, found none");
            // A power cut may have left a part, of which the last line would pass for another number.
            require(number == 0 || bytes[bytes.length - 1] == '\n',
                    "expected a line feed at the end, found none");
            int count = Math.max(0, number - 2);
            require(count == announced, "expected " + announced + " entries, found " + count);
        } catch (IllegalArgumentException wrong) {
            throw new IOException(file + ", line " + number + ": " + wrong.getMessage(), wrong);
        }
    }

    private static void require(boolean sound, String otherwise) {
        if (!sound) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
