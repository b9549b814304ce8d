package daybook.program;

import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;

/** A broker started as {@code make run} starts it, but on a port that was free and with data elsewhere. */
final class RunningBroker implements AutoCloseable {
    /** The project's directory, in which tests run. */
    static final Path PROJECT = Path.of("").toAbsolutePath();

    private static final Pattern READY = Pattern.compile("is ready on (127\\.0\\.0\\.1:\\d+)");
    private static final long LIMIT_SECONDS = 60;

    final String address;
    private final Process process;

    /** Starts it and waits until it is ready; {@code directory} gets its data and what it says. */
    RunningBroker(Path directory, String... settings) throws IOException {
        var said = directory.resolve("broker.log");
        var command = new ArrayList<>(List.of(PROJECT.resolve("bin/daybook").toString(), "start",
                PROJECT.resolve("conf/broker.properties").toString(),
                "--listeners=PLAINTEXT://127.0.0.1:0", "--log.dirs=" + directory.resolve("data")));
        command.addAll(List.of(settings));
        process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile()).start();
        address = address(said);
    }

    private String address(Path said) throws IOException {
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (true) {
            boolean ended = !process.isAlive();
            var text = Files.readString(said);
            var ready = READY.matcher(text);
            if (ready.find()) {
                return ready.group(1);
            }
            if (ended || System.nanoTime() - limit > 0) {
                process.destroyForcibly();
                return fail("the broker did not become ready; it said: " + text);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
    }

    /** Kills it: nothing that it has is needed any more. */
    @Override
    public void close() throws IOException {
        process.destroyForcibly().onExit().join();
    }
}
