package daybook.compat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/**
 * The broker under test, a process of its own. What it writes to standard error goes on to the file {@code
 * broker.log}; its line "… is ready on HOST:PORT" tells the port.
 */
public final class Broker implements Server {
    private static final Pattern READY = Pattern.compile("is ready on 127\\.0\\.0\\.1:(\\d+)");
    private static final long START_LIMIT_SECONDS = 60;
    private static final long STOP_LIMIT_SECONDS = 60;

    private final Path launcher;
    private final Path directory;
    private final List<String> options;
    /** The last one started; null before the first start. */
    private Process process;
    /** The port of the first start; every later start takes it again, so that clients find the broker. */
    private int port;

    /** {@code launcher} is bin/daybook; {@code directory} gets the data and the log lines. */
    public Broker(Path launcher, Path directory, String... options) {
        this(launcher, directory, 0, List.of(options));
    }

    /** @param port 0 for a free one */
    public Broker(Path launcher, Path directory, int port, List<String> options) {
        this.launcher = launcher;
        this.directory = directory;
        this.port = port;
        this.options = List.copyOf(options);
    }

    @Override
    public String address() {
        return "127.0.0.1:" + port;
    }

    /** The lines that it logged, of all starts. */
    List<String> logged() throws IOException {
        return Files.readAllLines(directory.resolve("broker.log"));
    }

    Path data() {
        return directory.resolve("data");
    }

    /** Starts it and returns at once; the future has its port when it is ready. */
    CompletableFuture<Integer> launch() throws IOException {
        var command = new ArrayList<>(List.of(launcher.toString(), "start",
                "--listeners=PLAINTEXT://127.0.0.1:" + port, "--log.dirs=" + data()));
        command.addAll(options);
        process = new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        var ready = new CompletableFuture<Integer>();
        var errors = process.errorReader();
        Thread.ofPlatform().daemon().name("broker's standard error").start(() -> copy(errors, ready));
        return ready;
    }

    @Override
    public void begin() throws IOException {
        launch();
    }

    @Override
    public void start() throws Exception {
        var ready = launch();
        try {
            port = ready.get(START_LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException none) {
            process.destroyForcibly();
            throw new CheckFailed("the broker did not become ready; it said: "
                    + Program.shortened(Files.readString(directory.resolve("broker.log"))));
        }
    }

    private void copy(BufferedReader errors, CompletableFuture<Integer> ready) {
        try (errors; var log = Files.newBufferedWriter(directory.resolve("broker.log"),
                StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            for (var line = errors.readLine(); line != null; line = errors.readLine()) {
                log.write(line);
                log.newLine();
                log.flush();
                var found = READY.matcher(line);
                if (found.find()) {
                    ready.complete(Integer.valueOf(found.group(1)));
                }
            }
        } catch (IOException broken) {
            ready.completeExceptionally(broken);
        }
        ready.completeExceptionally(new IOException("the broker ended"));
    }

    @Override
    public ProcessHandle handle() {
        return process.toHandle();
    }

    /** Asks it to stop (SIGTERM) and does not wait for that. */
    void beginStop() {
        process.toHandle().destroy();
    }

    boolean running() {
        return process != null && process.isAlive();
    }

    /** Fails when it does not end by itself. Its last words are logged, for only the signal is sent. */
    @Override
    public void stop() throws Exception {
        process.toHandle().destroy();
        if (!process.waitFor(STOP_LIMIT_SECONDS, TimeUnit.SECONDS)) {
            kill();
            throw new CheckFailed("the broker did not stop in " + STOP_LIMIT_SECONDS + " s");
        }
    }

    @Override
    public void kill() throws Exception {
        if (process != null) {
            process.destroyForcibly().waitFor();
        }
    }
}
