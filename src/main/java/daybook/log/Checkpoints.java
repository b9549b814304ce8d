package daybook.log;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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
    private static final String VERSION = "0";

    private Checkpoints() { }

    /** The offsets in a file of {@code topic partition offset} lines; none where it is missing or wrong. */
    static Map<TopicPartition, Long> offsets(Disk disk, Path file) {
        var offsets = new TreeMap<TopicPartition, Long>(Checkpoints::byName);
        var entries = read(disk, file, 3, words -> Map.entry(
                new TopicPartition(words[0], Integer.parseInt(words[1])), Long.parseLong(words[2])));
        entries.forEach(entry -> offsets.put(entry.getKey(), entry.getValue()));
        return offsets;
    }

    static void writeOffsets(Disk disk, Path file, Map<TopicPartition, Long> offsets) throws IOException {
        var entries = new ArrayList<String>();
        offsets.forEach((at, offset) -> entries.add(at.topic() + " " + at.partition() + " " + offset));
        write(disk, file, entries);
    }

    /** The entries in a file of {@code epoch offset} lines; none where it is missing or wrong. */
    static List<LeaderEpochs.Start> epochs(Disk disk, Path file) {
        return read(disk, file, 2,
                words -> new LeaderEpochs.Start(Integer.parseInt(words[0]), Long.parseLong(words[1])));
    }

    static void writeEpochs(Disk disk, Path file, List<LeaderEpochs.Start> starts) throws IOException {
        var entries = new ArrayList<String>();
        starts.forEach(start -> entries.add(start.epoch() + " " + start.offset()));
        write(disk, file, entries);
    }

    static int byName(TopicPartition one, TopicPartition other) {
        int byTopic = one.topic().compareTo(other.topic());
        return byTopic != 0 ? byTopic : Integer.compare(one.partition(), other.partition());
    }

    private static void write(Disk disk, Path file, List<String> entries) throws IOException {
        var text = new StringBuilder(VERSION).append('\n').append(entries.size()).append('\n');
        entries.forEach(entry -> text.append(entry).append('\n'));
        disk.replace(file, StandardCharsets.UTF_8.encode(text.toString()), true);
    }

    private static <T> List<T> read(Disk disk, Path file, int words, Function<String[], T> entry) {
        if (!disk.exists(file)) {
            return List.of();
        }
        try {
            var lines = new String(disk.read(file, LIMIT_BYTES), StandardCharsets.UTF_8).split("\n");
            int count = lines.length - 2;
            if (count < 0 || !lines[0].equals(VERSION) || Integer.parseInt(lines[1]) != count) {
                throw new IOException("its first lines are not version 0 and the number of entries");
            }
            var entries = new ArrayList<T>(count);
            for (int i = 2; i < lines.length; i++) {
                var entryWords = lines[i].split(" ");
                if (entryWords.length != words) {
                    throw new IOException("line " + (i + 1) + " has not " + words + " words");
                }
                entries.add(entry.apply(entryWords));
            }
            return entries;
        } catch (IOException | NumberFormatException wrong) {
            LOG.log(Level.WARNING, "The checkpoint {0} is ignored: {1}", file, wrong.getMessage());
            return List.of();
        }
    }
}
