package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * {@code bin/daybook dump} beside Apache Kafka's DumpLogSegments, over directories in which both brokers have
 * written, and are stopped: they tell the same batches and records.
 */
final class DumpChecks {
    private static final String THEIRS = "org.apache.kafka.tools.DumpLogSegments";
    /** Base and last offset, count, position, time, size, codec and checksum of a batch, as each writes it. */
    private static final Pattern THEIR_BATCH = Pattern.compile("baseOffset: (\\d+) lastOffset: (\\d+) count: (\\d+)"
            + " .* position: (\\d+) (\\w+Time): (-?\\d+) size: (\\d+) .* compresscodec: (\\w+) crc: (\\d+) .*");
    private static final Pattern OUR_BATCH = Pattern.compile("(\\d+)\\.\\.(\\d+)  position (\\d+)  size (\\d+)"
            + "  count (\\d+)  (\\w+)  (\\w+Time) (-?\\d+)  .*crc (\\w+)");
    private static final Pattern THEIR_RECORD = Pattern.compile("\\| offset: (\\d+) \\w+Time: (-?\\d+) keySize: .*");
    private static final Pattern OUR_RECORD = Pattern.compile("    (\\d+)  (-?\\d+)  \\w.*");

    private final Report report;
    private final Path launcher;
    private final Path directory;
    private final Tools tools;

    DumpChecks(Report report, Path launcher, Path directory, Tools tools) {
        this.report = report;
        this.launcher = launcher;
        this.directory = directory;
        this.tools = tools;
    }

    void run() {
        check("one broker after the other", directory.resolve("data"),
                ClientChecks.TOPIC + ".*|exchange-.*|__cluster_metadata-0");
        check("two brokers", directory.resolve("two-brokers/data"), ".*");
    }

    /** {@code deep} are the partitions whose records are compared too. */
    private void check(String name, Path data, String deep) {
        report.check("dump: all files are sound, " + name, () -> sound(data));
        report.check("dump: the same batches as Apache Kafka's tool, " + name,
                () -> same(files(data, ".*"), false));
        report.check("dump: the same records as Apache Kafka's tool, " + name,
                () -> same(files(data, deep), true));
    }

    private void sound(Path data) throws Exception {
        var lines = ours(List.of(data.toString()), false);
        var files = lines.stream().filter(line -> line.endsWith(":")).count();
        expect(files > 40, "only " + files + " files were shown");
    }

    private List<String> files(Path data, String directories) throws Exception {
        try (var files = Files.walk(data)) {
            return files.filter(file -> file.getParent().getFileName().toString().matches(directories))
                    .map(Path::toString).filter(file -> file.matches(".*\\.(log|checkpoint)")).sorted().toList();
        }
    }

    private void same(List<String> files, boolean deep) throws Exception {
        var ours = new ArrayList<String>();
        for (var line : ours(files, deep)) {
            var batch = OUR_BATCH.matcher(line);
            var record = OUR_RECORD.matcher(line);
            if (batch.matches()) {
                ours.add(batch.replaceFirst("$1..$2 $5 at $3 $7 $8 $4 $6 ")
                        + Integer.parseUnsignedInt(batch.group(9), 16));
            } else if (record.matches()) {
                ours.add(record.replaceFirst("$1 $2"));
            }
        }
        var theirs = new ArrayList<String>();
        for (var line : theirs(files, deep)) {
            var batch = THEIR_BATCH.matcher(line);
            var record = THEIR_RECORD.matcher(line);
            if (batch.matches()) {
                theirs.add(batch.replaceFirst("$1..$2 $3 at $4 $5 $6 $7 $8 ")
                        + Integer.parseUnsignedInt(batch.group(9)));
            } else if (record.matches()) {
                theirs.add(record.replaceFirst("$1 $2"));
            }
        }
        for (int i = 0; i < Math.min(ours.size(), theirs.size()); i++) {
            expectEqual(theirs.get(i), ours.get(i), "line " + i);
        }
        expectEqual(theirs.size(), ours.size(), "batches and records");
        expect(ours.size() > 100, "only " + ours.size() + " were compared");
    }

    private List<String> ours(List<String> files, boolean deep) throws Exception {
        var command = new ArrayList<>(List.of(launcher.toString(), "dump"));
        if (deep) {
            command.add("--deep");
        }
        command.addAll(files);
        return Program.run(tools.directory(), command).expectSuccess().lines();
    }

    private List<String> theirs(List<String> files, boolean deep) throws Exception {
        var joined = String.join(",", files);
        return deep ? tools.run(THEIRS, "--deep-iteration", "--files", joined).expectSuccess().lines()
                : tools.run(THEIRS, "--files", joined).expectSuccess().lines();
    }
}
