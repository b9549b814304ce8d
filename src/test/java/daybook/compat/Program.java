package daybook.compat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A program run to its end: its input from a file, its outputs into files (so that it never waits for a
 * reader), with a time limit after which it is killed.
 */
record Program(List<String> command, int status, byte[] output, String error) {
    private static final long LIMIT_SECONDS = 180;
    private static final int SHOWN = 300;

    /** Runs it without input. */
    static Program run(Path directory, List<String> command) throws Exception {
        return run(directory, command, new byte[0]);
    }

    /** Runs it with this input; {@code directory} is for the files of its input and outputs. */
    static Program run(Path directory, List<String> command, byte[] input) throws Exception {
        var in = Files.createTempFile(directory, "input", null);
        Files.write(in, input);
        var running = start(directory, command, in);
        return running.end();
    }

    /** A program that runs meanwhile; {@link #end} waits for it. */
    record Running(List<String> command, Process process, Path out, Path err) {
        Program end() throws Exception {
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
                throw new CheckFailed(name(command) + " did not end in " + LIMIT_SECONDS + " s; it said: "
                        + shortened(Files.readString(err, StandardCharsets.ISO_8859_1)));
            }
            return new Program(command, process.exitValue(), Files.readAllBytes(out),
                    Files.readString(err, StandardCharsets.ISO_8859_1));
        }
    }

    /** Starts it without waiting for its end. */
    static Running start(Path directory, List<String> command, Path input) throws IOException {
        var out = Files.createTempFile(directory, "output", null);
        var err = Files.createTempFile(directory, "error", null);
        var process = new ProcessBuilder(command).redirectInput(input.toFile()).redirectOutput(out.toFile())
                .redirectError(err.toFile()).start();
        return new Running(command, process, out, err);
    }

    /** This program, which must have ended with status 0. */
    Program expectSuccess() {
        if (status != 0) {
            throw new CheckFailed(name(command) + " ended with " + status + ": " + shortened(error + text()));
        }
        return this;
    }

    String text() {
        return new String(output, StandardCharsets.UTF_8);
    }

    List<String> lines() {
        return text().lines().toList();
    }

    /** One line of it; of a long text its beginning and its end. */
    static String shortened(String text) {
        var line = text.strip().replace("\n", " | ");
        return line.length() <= 2 * SHOWN ? line
                : line.substring(0, SHOWN) + " … " + line.substring(line.length() - SHOWN);
    }

    private static String name(List<String> command) {
        return command.stream().filter(word -> word.matches("[\\w.]*\\.[A-Z]\\w+")).findFirst()
                .orElse(command.getFirst());
    }
}
