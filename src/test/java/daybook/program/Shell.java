package daybook.program;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Command lines as they are typed, in a directory of their own in which {@code bin/daybook} is the one of the
 * project, told where the broker is that is otherwise the default.
 */
final class Shell {
    private static final long LIMIT_SECONDS = 60;

    private final Path directory;
    private int commands;

    /** A command line that was run to its end. */
    record Ended(int status, String output, String errors) {
        /** What it wrote to standard output, where it went well and without a word on standard error. */
        String plain() {
            assertEquals(0, status, errors + output);
            assertEquals("", errors, output);
            return output;
        }
    }

    /** @param address where commands are to find their broker, HOST:PORT */
    Shell(Path directory, String address) throws IOException {
        this.directory = directory;
        var script = Files.createDirectories(directory.resolve("bin")).resolve("daybook");
        Files.writeString(script, """
                #!/bin/sh
                # The flag stands behind all words, which may be no flags of a command that asks no broker.
                case ${1:-} in
                    topics|configs|groups|txns|produce|consume|perf) set -- "$@" --bootstrap=%s;;
                esac
                exec '%s' "$@"
                """.formatted(address, RunningBroker.PROJECT.resolve("bin/daybook")));
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    Path directory() {
        return directory;
    }

    /** Runs a line to its end, without input. */
    Ended run(String line) throws Exception {
        return start(line).end();
    }

    /**
     * Starts a line. Behind an {@code exec} is what signals reach; Ctrl-C does so also where the tests are
     * run in the background, by a shell that has it ignored.
     */
    Running start(String line) throws IOException {
        var output = directory.resolve("output-" + commands);
        var errors = directory.resolve("errors-" + commands++);
        var process = new ProcessBuilder("env", "--default-signal=INT", "bash", "-c", line)
                .directory(directory.toFile())
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(output.toFile()).redirectError(errors.toFile()).start();
        return new Running(line, process, output, errors);
    }

    /** A command line that runs. */
    record Running(String line, Process process, Path output, Path errors) {
        /** Waits until the text is on standard output. */
        void awaits(String text) throws Exception {
            long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
            while (!Files.readString(output).contains(text)) {
                assertTrue(process.isAlive() && System.nanoTime() - limit < 0, () -> line
                        + " does not say \"" + text + "\" but: " + read(errors) + read(output));
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
            }
        }

        /** Sends a signal by its name, INT for instance. */
        void signal(String name) throws Exception {
            new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid())).start().waitFor();
        }

        Ended end() throws Exception {
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly().waitFor();
                fail(line + " did not end in " + LIMIT_SECONDS + " s: " + read(errors) + read(output));
            }
            return new Ended(process.exitValue(), read(output), read(errors));
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException failed) {
            return failed.toString();
        }
    }
}
