package daybook.compat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Text to send: the sources of kafkajs, line after line and again from the start until there are
 * {@value #LINES}, each with its number before it, so that every line is another one and none is empty.
 */
record Sample(List<String> lines, Path file) {
    static final int LINES = 100_000;

    /** Reads the sources in {@code modules} and writes the text to a file in {@code directory}. */
    static Sample of(Path modules, Path directory) throws IOException {
        var source = new ArrayList<String>();
        try (var files = Files.walk(modules.resolve("kafkajs"))) {
            var texts = files.filter(path -> path.toString().matches(".*\\.(js|ts|md)"));
            for (var file : texts.sorted().toList()) {
                source.addAll(Files.readAllLines(file));
            }
        }
        var lines = new ArrayList<String>(LINES);
        for (int number = 0; number < LINES; number++) {
            lines.add("%06d %s".formatted(number, source.get(number % source.size())));
        }
        var file = directory.resolve("sample.txt");
        Files.write(file, lines);
        return new Sample(List.copyOf(lines), file);
    }

    byte[] bytes() throws IOException {
        return Files.readAllBytes(file);
    }

    byte[] line(int number) {
        return lines.get(number % LINES).getBytes(StandardCharsets.UTF_8);
    }
}
