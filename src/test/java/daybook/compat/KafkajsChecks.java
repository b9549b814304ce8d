package daybook.compat;

import java.nio.file.Path;
import java.util.List;

/**
 * kafkajs, by the script beside this class: {@code node kafkajs.js MODULES ADDRESS SAMPLE CHECK} runs one
 * check, and says on standard error why it failed.
 */
final class KafkajsChecks {
    private static final Path SCRIPT = Path.of("src/test/java/daybook/compat/kafkajs.js");
    /** The script's checks, in their order. */
    private static final List<String> CHECKS = List.of("admin", "produce", "idempotent", "offsets", "errors");

    private final Report report;
    private final Broker broker;
    private final Path modules;
    private final Path directory;
    private final Sample sample;

    KafkajsChecks(Report report, Broker broker, Path modules, Path directory, Sample sample) {
        this.report = report;
        this.broker = broker;
        this.modules = modules;
        this.directory = directory;
        this.sample = sample;
    }

    void run() {
        for (var check : CHECKS) {
            report.check("kafkajs: " + check, () -> Program.run(directory, List.of("node", SCRIPT.toString(),
                    modules.toAbsolutePath().toString(), broker.address(), sample.file().toString(), check))
                    .expectSuccess());
        }
    }
}
