package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectContains;
import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.CheckFailed.expectSameBytes;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** librdkafka, by its command line tool kcat. */
final class KcatChecks {
    private final Report report;
    private final Broker broker;
    private final Path directory;
    private final Sample sample;

    KcatChecks(Report report, Broker broker, Path directory, Sample sample) {
        this.report = report;
        this.broker = broker;
        this.directory = directory;
        this.sample = sample;
    }

    void run() {
        for (var codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            report.check("kcat: 100,000 lines, " + codec, () -> text(codec));
        }
        report.check("kcat: metadata", this::metadata);
        report.check("kcat: keys, headers, nulls", this::keysAndHeaders);
        report.check("kcat: acks 0, 1, all, idempotent", this::acks);
        report.check("kcat: offsets by time", this::offsetsByTime);
        report.check("kcat: from the middle, the last, a count", this::positions);
        report.check("kcat: a consumer waits for what comes", this::waiting);
    }

    private Program kcat(byte[] input, String... arguments) throws Exception {
        return Program.run(directory, command(arguments), input).expectSuccess();
    }

    private Program kcat(String... arguments) throws Exception {
        return kcat(new byte[0], arguments);
    }

    private List<String> command(String... arguments) {
        var command = new ArrayList<>(List.of("kcat", "-b", broker.address()));
        command.addAll(List.of(arguments));
        return command;
    }

    private void text(String codec) throws Exception {
        var topic = "kcat-" + codec;
        kcat("-P", "-t", topic, "-p", "0", "-z", codec, "-l", sample.file().toString());
        var consumed = kcat("-C", "-t", topic, "-p", "0", "-o", "beginning", "-e", "-q");
        expectSameBytes(sample.bytes(), consumed.output(), "what was consumed");
    }

    private void metadata() throws Exception {
        kcat(bytes("one\n"), "-P", "-t", "kcat-metadata");
        var text = kcat("-L").text();
        expectContains(text, " 1 brokers:");
        expectContains(text, "broker 1 at " + broker.address());
        expectContains(text, "topic \"kcat-metadata\" with 1 partitions:");
        expectContains(text, "partition 0, leader 1, replicas: 1, isrs: 1");
        expectContains(kcat("-L", "-J", "-t", "kcat-metadata").text(), "\"topic\":\"kcat-metadata\"");
    }

    private void keysAndHeaders() throws Exception {
        var topic = "kcat-keys";
        kcat(bytes("k1\tv1\nk2\tv2\n\tempty key\nno value\t\n"), "-P", "-t", topic, "-p", "0", "-K", "\t",
                "-H", "name=compat", "-H", "empty=", "-H", "ünïcode=ä€");
        kcat(bytes("null key\n"), "-P", "-t", topic, "-p", "0");
        kcat(bytes("null value\t\n"), "-P", "-t", topic, "-p", "0", "-K", "\t", "-Z");
        var consumed = kcat("-C", "-t", topic, "-p", "0", "-o", "beginning", "-e", "-q",
                "-f", "%o|%K|%k|%S|%s|%h|%p|%t\n");
        var headers = "|name=compat,empty=,ünïcode=ä€|0|kcat-keys";
        expectEqual(List.of("0|2|k1|2|v1" + headers, "1|2|k2|2|v2" + headers, "2|0||9|empty key" + headers,
                "3|8|no value|0|" + headers, "4|-1||8|null key||0|kcat-keys",
                "5|10|null value|-1|||0|kcat-keys"), consumed.lines(), "records");
    }

    private void acks() throws Exception {
        var topic = "kcat-acks";
        var expected = new ArrayList<String>();
        for (var settings : List.of("acks=1", "acks=all", "acks=0", "enable.idempotence=true")) {
            var lines = IntStream.range(0, 1000).mapToObj(i -> settings + " " + i).toList();
            kcat(bytes(String.join("\n", lines) + "\n"), "-P", "-t", topic, "-p", "0", "-X", settings);
            expected.addAll(lines);
        }
        var consumed = kcat("-C", "-t", topic, "-p", "0", "-o", "beginning", "-e", "-q");
        expectEqual(expected, consumed.lines(), "records");
    }

    /** Three producers one after another; each of their timestamps, and the ones beside it, must be found. */
    private void offsetsByTime() throws Exception {
        var topic = "kcat-times";
        for (int run = 0; run < 3; run++) {
            kcat(bytes("a\nb\nc\n"), "-P", "-t", topic, "-p", "0");
        }
        var times = times(topic, "beginning");
        expectEqual(9, times.size(), "records");
        for (long time : times.stream().flatMap(t -> List.of(t - 1, t, t + 1).stream()).distinct().toList()) {
            int first = (int) times.stream().takeWhile(t -> t < time).count();
            var offset = first == times.size() ? -1 : first;
            expectContains(kcat("-Q", "-t", topic + ":0:" + time).text(), topic + " [0] offset " + offset);
        }
        var middle = times.get(4);
        var expected = times.stream().dropWhile(t -> t < middle).toList();
        expectEqual(expected, times(topic, "s@" + middle), "records from a time on");
        expectContains(kcat("-Q", "-t", topic + ":0:-1").text(), "offset 9");
        expectContains(kcat("-Q", "-t", topic + ":0:-2").text(), "offset 0");
    }

    /** The timestamps of the records from an offset on, as kcat names it. */
    private List<Long> times(String topic, String offset) throws Exception {
        var lines = kcat("-C", "-t", topic, "-p", "0", "-o", offset, "-e", "-q", "-f", "%T\n").lines();
        return lines.stream().map(Long::valueOf).toList();
    }

    private void positions() throws Exception {
        var topic = "kcat-none";
        var middle = kcat("-C", "-t", topic, "-p", "0", "-o", "50000", "-c", "3", "-q").lines();
        expectEqual(sample.lines().subList(50_000, 50_003), middle, "three lines from the middle");
        var last = kcat("-C", "-t", topic, "-p", "0", "-o", "-5", "-e", "-q").lines();
        expectEqual(sample.lines().subList(Sample.LINES - 5, Sample.LINES), last, "the last five lines");
    }

    /** The consumer is there first; what comes later in three partitions is given to it. */
    private void waiting() throws Exception {
        var topic = "kcat-waiting";
        kcat(bytes("0\n"), "-P", "-t", topic);
        var input = Files.createTempFile(directory, "input", null);
        var consumer = Program.start(directory,
                command("-C", "-t", topic, "-o", "beginning", "-c", "100", "-q", "-u"), input);
        for (int i = 1; i < 100; i += 33) {
            kcat(bytes(IntStream.range(i, i + 33).mapToObj(n -> n + "\n").collect(Collectors.joining())),
                    "-P", "-t", topic);
        }
        var consumed = consumer.end().expectSuccess().lines();
        expect(consumed.equals(IntStream.range(0, 100).mapToObj(String::valueOf).toList()),
                "other records, or another order: " + consumed);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
