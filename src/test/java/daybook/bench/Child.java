package daybook.bench;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A program that is run to its end. */
final class Child {
    /** As Apache Kafka's launchers of tools have it. */
    private static final List<String> JVM = List.of("-Xms512m", "-Xmx512m", "-server", "-XX:+UseG1GC",
            "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
            "-XX:+ExplicitGCInvokesConcurrent", "-Djava.awt.headless=true",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=off");

    private Child() { }

    /** The command line of a class, in a JVM with all that this one has on its class path. */
    static List<String> java(String program, String... arguments) {
        var command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(JVM);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), program));
        command.addAll(List.of(arguments));
        return command;
    }

    /** What it wrote to standard output; fails where it failed. */
    static String output(List<String> command) throws Exception {
        var errors = Files.createTempFile("daybook-bench", ".errors");
        try {
            var process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
            String output;
            try (var out = process.getInputStream()) {
                output = new String(out.readAllBytes(), StandardCharsets.UTF_8);
            }
            if (process.waitFor() != 0) {
                throw new IllegalStateException(Files.readString(errors) + output);
            }
            return output;
        } finally {
            Files.delete(errors);
        }
    }
}
