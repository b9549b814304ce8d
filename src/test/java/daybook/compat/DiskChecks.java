package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Apache Kafka's DumpLogSegments over the files of a stopped broker. */
final class DiskChecks {
    static final String DUMP = "org.apache.kafka.tools.DumpLogSegments";
    private static final Pattern BATCH = Pattern.compile(
            "baseOffset: (\\d+) lastOffset: (\\d+) .* compresscodec: (\\w+) .* isvalid: (\\w+)");
    private static final Pattern GROUP_RECORD = Pattern.compile(
            " key: \\{\"type\":\"(\\d+)\",.* payload: (\\{\"version\":\"\\d+\",\"data\":|<DELETE>)");
    private static final Pattern TRANSACTION_RECORD = Pattern.compile(" key: \\{\"type\":\"0\",.* payload: "
            + "\\{\"version\":\"1\",.*\"transactionStatus\":(\\d),");
    private static final Pattern RECORD = Pattern.compile("\\| offset: (\\d+) ");

    private final Report report;
    private final Path data;
    private final Tools tools;

    DiskChecks(Report report, Path data, Tools tools) {
        this.report = report;
        this.data = data;
        this.tools = tools;
    }

    void run() {
        for (var codec : ClientChecks.CODECS) {
            report.check("disk: segments, " + codec, () -> segments(ClientChecks.TOPIC + codec,
                    ClientChecks.PARTITIONS, codec, ClientChecks.RECORDS));
        }
        for (var codec : ClientChecks.CODECS) {
            var type = ClientChecks.TYPES.get(ClientChecks.CODECS.indexOf(codec));
            int partitions = ClientChecks.CODECS.size();
            report.check("disk: segments of a topic that compresses, " + type,
                    () -> segments(ClientChecks.TOPIC + "to-" + type, partitions, codec,
                            partitions * ClientChecks.COMPRESSED_RECORDS));
        }
        report.check("disk: a compacted segment", this::compacted);
        report.check("disk: indexes", this::indexes);
        report.check("disk: producer snapshots", this::snapshots);
        report.check("disk: metadata log", this::metadata);
        report.check("disk: groups' records", this::groups);
        report.check("disk: transactions' records", this::transactions);
    }

    /** Every batch is valid, has the codec, and its records' offsets follow each other without a gap. */
    private void segments(String topic, int partitions, String codec, long expected) throws Exception {
        var text = dump(files(topic, partitions, ".log"), "--deep-iteration");
        long records = 0;
        long next = 0;
        for (var line : text) {
            if (line.startsWith("Log starting offset: ")) {
                next = 0;
            }
            var batch = BATCH.matcher(line);
            if (batch.find()) {
                expectEqual(next, Long.valueOf(batch.group(1)), "base offset");
                expectEqual(codec, batch.group(3), "codec");
                expectEqual("true", batch.group(4), "valid");
            }
            var record = RECORD.matcher(line);
            if (record.find()) {
                expectEqual(next++, Long.valueOf(record.group(1)), "offset");
                records++;
            }
        }
        expectEqual(expected, records, "records");
    }

    /** Every batch is valid, offsets rise, and some are missing; index entries point to batches. */
    private void compacted() throws Exception {
        var bases = segmentBases(CompactionChecks.TOPIC);
        expect(bases.size() > 1, "there is one segment only");
        var file = data.resolve(CompactionChecks.TOPIC + "-0").resolve(bases.getFirst()).toString();
        long next = 0;
        long records = 0;
        for (var line : dump(List.of(file + ".log"), "--deep-iteration")) {
            var batch = BATCH.matcher(line);
            if (batch.find()) {
                expect(Long.parseLong(batch.group(1)) >= next, line);
                expectEqual("true", batch.group(4), "valid");
                next = Long.parseLong(batch.group(2)) + 1;
            }
            records += RECORD.matcher(line).find() ? 1 : 0;
        }
        expect(records < next / 2, records + " records up to offset " + next);
        for (var line : dump(List.of(file + ".index", file + ".timeindex"))) {
            expect(!wrong(line), line);
        }
    }

    /** The names of a partition's segments without their ends, the first one first. */
    private List<String> segmentBases(String topic) throws Exception {
        try (var listed = Files.list(data.resolve(topic + "-0"))) {
            return listed.map(path -> path.getFileName().toString()).filter(name -> name.endsWith(".log"))
                    .map(name -> name.replace(".log", "")).sorted().toList();
        }
    }

    /** DumpLogSegments compares each index entry with the log, and prints what is wrong. */
    private void indexes() throws Exception {
        var files = new ArrayList<String>();
        for (var suffix : List.of(".index", ".timeindex")) {
            files.addAll(files(ClientChecks.TOPIC + "none", ClientChecks.PARTITIONS, suffix));
            files.addAll(files("kcat-gzip", 1, suffix));
        }
        for (var line : dump(files)) {
            expect(!wrong(line), line);
        }
        var offsets = dump(files(ClientChecks.TOPIC + "none", 1, ".index"));
        long entries = offsets.stream().filter(line -> line.startsWith("offset: ")).count();
        expect(entries > 30, "only " + entries + " entries in an offset index");
    }

    /** Whether this is how DumpLogSegments tells that a file is not as it should be; not so in a record. */
    static boolean wrong(String line) {
        return !line.startsWith("| ") && line.matches(".*(?i)(mismatch|not found|out of order|corrupt|exception).*");
    }

    private void snapshots() throws Exception {
        var directory = data.resolve(ClientChecks.TOPIC + "none-0");
        try (var listed = Files.list(directory)) {
            var newest = listed.map(Path::toString).filter(path -> path.endsWith(".snapshot"))
                    .max(Comparator.naturalOrder());
            expect(newest.isPresent(), "there is no snapshot");
            var producers = dump(List.of(newest.get())).stream()
                    .filter(line -> line.startsWith("producerId: ")).toList();
            expectEqual(1, producers.size(), "producers in the snapshot");
            expect(producers.getFirst().contains("lastOffset: 6666 "), producers.getFirst());
        }
    }

    private void metadata() throws Exception {
        var text = dump(files("__cluster_metadata", 1, ".log"), "--cluster-metadata-decoder");
        var batches = text.stream().map(BATCH::matcher).filter(Matcher::find).toList();
        expect(batches.stream().allMatch(batch -> batch.group(4).equals("true")), "a batch is not valid");
        for (var wanted : List.of("REGISTER_BROKER_RECORD", "FEATURE_LEVEL_RECORD",
                "\"TOPIC_RECORD\",\"version\":0,\"data\":{\"name\":\"kcat-none\"", "PARTITION_RECORD",
                "CONFIG_RECORD", "PRODUCER_IDS_RECORD", "REMOVE_TOPIC_RECORD")) {
            expect(text.stream().anyMatch(line -> line.contains(wanted)), "there is no " + wanted);
        }
        expect(text.stream().noneMatch(line -> line.contains("Could not read")), "a record cannot be read");
    }

    private void groups() throws Exception {
        var types = read("__consumer_offsets", GroupChecks.OFFSETS_PARTITIONS, "--offsets-decoder",
                GROUP_RECORD);
        expect(types.containsAll(Set.of(1, 2, 3, 5, 6, 7, 8, 16)), "there are only records of types " + types);
    }

    /** Of all states but that of a tombstone, and that in which Apache Kafka writes none. */
    private void transactions() throws Exception {
        var states = read("__transaction_state", TransactionClientChecks.STATE_PARTITIONS,
                "--transaction-log-decoder", TRANSACTION_RECORD);
        expectEqual(Set.of(0, 1, 2, 3, 4, 5), states, "states of transactions");
    }

    /** The numbers that the pattern finds in the records of an internal topic; markers have none. */
    private Set<Integer> read(String topic, int partitions, String decoder, Pattern pattern)
            throws Exception {
        var text = dump(files(topic, partitions, ".log"), decoder);
        var batches = text.stream().map(BATCH::matcher).filter(Matcher::find).toList();
        expect(batches.stream().allMatch(batch -> batch.group(4).equals("true")), "a batch is not valid");
        var numbers = new TreeSet<Integer>();
        for (var line : text.stream().filter(each -> each.startsWith("| offset: ")).toList()) {
            var record = pattern.matcher(line);
            if (record.find()) {
                numbers.add(Integer.valueOf(record.group(1)));
            } else {
                expect(line.contains(" endTxnMarker: "), "cannot be read: " + Program.shortened(line));
            }
        }
        return numbers;
    }

    private List<String> dump(List<String> files, String... options) throws Exception {
        var arguments = new ArrayList<>(List.of(options));
        arguments.addAll(List.of("--files", String.join(",", files)));
        return tools.run(DUMP, arguments.toArray(String[]::new)).expectSuccess().lines();
    }

    private List<String> files(String topic, int partitions, String suffix) {
        var files = new ArrayList<String>();
        for (int partition = 0; partition < partitions; partition++) {
            files.add(data.resolve(topic + "-" + partition).resolve("0".repeat(20) + suffix).toString());
        }
        return files;
    }
}
