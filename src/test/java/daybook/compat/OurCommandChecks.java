package daybook.compat;

import static daybook.compat.CheckFailed.expectContains;
import static daybook.compat.CheckFailed.expectEqual;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;

/** The commands of {@code bin/daybook} on a broker, beside Kafka's clients. */
final class OurCommandChecks {
    private static final int FAILED = 1;
    private static final int LINES = 1_000;

    private final Report report;
    private final Target target;
    private final Path launcher;
    private final Path files;
    private final Sample sample;

    /** {@code files} is for inputs and outputs. */
    OurCommandChecks(Report report, Target target, Path launcher, Path files, Sample sample) {
        this.report = report;
        this.target = target;
        this.launcher = launcher;
        this.files = files;
        this.sample = sample;
    }

    void run() {
        target.check(report, "commands, topics and configs", this::topics);
        target.check(report, "commands, produce and consume", this::records);
        target.check(report, "commands, groups and txns", this::groups);
    }

    private Program command(byte[] input, String line) throws Exception {
        var words = new ArrayList<>(List.of(launcher.toString()));
        words.addAll(List.of(line.split(" ")));
        words.add("--bootstrap=" + target.address());
        return Program.run(files, words, input);
    }

    private Program command(String line) throws Exception {
        return command(new byte[0], line).expectSuccess();
    }

    private void topics() throws Exception {
        command("topics create commands --partitions 3 --config retention.ms=86400000");
        Until.holds("the broker knows it", () -> "", () ->
                command(new byte[0], "topics describe commands").status() == 0);
        expectContains(command("topics list --json").text(), "\"commands\"");
        command("topics alter commands --partitions 5");
        command("configs alter topic commands --set max.message.bytes=20000 --delete retention.ms");
        Until.holds("there are 5 partitions, and another configuration", () -> "", () -> {
            var text = command("topics describe commands").text();
            return text.lines().filter(line -> line.matches("\\s+\\d.*")).count() == 5
                    && text.contains("max.message.bytes=20000") && !text.contains("retention.ms");
        });
        expectContains(command("configs describe broker 1 --all").text(), "num.network.threads");
        command("topics delete commands");
        Until.holds("it is gone", () -> "", () ->
                command(new byte[0], "topics describe commands").status() == FAILED);
    }

    private void records() throws Exception {
        OurProducerChecks.create(target, "commanded", 1, Map.of());
        var lines = sample.lines().subList(0, LINES);
        var text = String.join("\n", lines) + "\n";
        command(text.getBytes(StandardCharsets.UTF_8), "produce commanded --compression zstd")
                .expectSuccess();
        var read = target.clients().readAll("commanded", 1, Map.of());
        CheckFailed.expectSame(lines, read.stream()
                .map(each -> new String(each.value(), StandardCharsets.UTF_8)).toList(),
                "what Kafka's reads");
        expectEqual(text, command("consume commanded --exit").text(), "what consume writes");
        expectEqual(lines.getLast(), command("consume commanded --last 1 --exit").text().strip(), "the last");
        expectEqual(10, command("consume commanded --from 500 --max 10").lines().size(), "lines");
    }

    private void groups() throws Exception {
        OurProducerChecks.create(target, "regrouped", 1, Map.of());
        try (var producer = target.clients().producer(Map.of())) {
            for (int number = 0; number < 50; number++) {
                producer.send(new ProducerRecord<>("regrouped", 0, null, sample.line(number)));
            }
        }
        expectEqual(50, command("consume regrouped --group commanders --exit").lines().size(), "lines");
        expectContains(command("groups list").text(), "commanders");
        command("groups reset commanders --to 30 --execute");
        expectContains(command("groups describe commanders --json").text().replace(" ", ""), "\"lag\":20");
        expectEqual(20, command("consume regrouped --group commanders --exit").lines().size(),
                "lines after that");
        command("groups delete commanders");
        expectEqual(FAILED, command(new byte[0], "groups describe commanders").status(),
                "exit code of describe");
        command("txns list");
        command("txns hanging");
    }
}
