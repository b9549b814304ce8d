package daybook.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.Broker;
import daybook.Config;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Commands in processes of their own, which are told to end; SIGTERM, which JVMs treat as they do Ctrl-C. */
class StopTest {
    private static final int TERMINATED = 128 + 15;

    @TempDir
    Path temp;
    private Broker broker;
    private final List<Process> processes = new ArrayList<>();

    @BeforeEach
    void start() throws IOException {
        broker = Broker.start(Config.of(Map.of("listeners", "PLAINTEXT://127.0.0.1:0", "log.dirs",
                temp.resolve("data").toString(), "offsets.topic.num.partitions", "1")));
    }

    @AfterEach
    void stop() {
        processes.forEach(Process::destroyForcibly);
        broker.close();
    }

    private String address() {
        return broker.addresses().get(0);
    }

    private Process daybook(String... words) throws IOException {
        var line = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC", "-Xmx128m", "-cp", "build/classes", "daybook.Main"));
        line.addAll(List.of(words));
        line.addAll(List.of("--bootstrap", address()));
        var process = new ProcessBuilder(line).redirectError(temp.resolve("errors").toFile()).start();
        processes.add(process);
        return process;
    }

    /** Tells it to end by the signal alone: {@link Process#destroy} would close its standard input too. */
    private void ended(Process process) throws IOException, InterruptedException {
        process.toHandle().destroy();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        assertEquals(TERMINATED, process.exitValue());
        assertEquals("", Files.readString(temp.resolve("errors")));
    }

    @Test
    void aMemberLeavesItsGroup() throws Exception {
        Ran.fed("one\n".getBytes(StandardCharsets.UTF_8), "produce orders", "--bootstrap", address());
        var consume = daybook("consume", "orders", "--group", "g");
        assertEquals("one", consume.inputReader().readLine());
        ended(consume);
        var left = Ran.of("groups describe g", "--bootstrap", address()).out();
        assertTrue(left.contains("Empty") && left.matches("(?s).*orders +0 +1 +1 +0 .*"), left);
    }

    @Test
    void whatWasReadIsDelivered() throws Exception {
        var produce = daybook("produce", "orders");
        var in = produce.outputWriter();
        in.write("one\ntwo\nthree");
        in.flush();
        while (!Ran.of("consume orders --exit", "--bootstrap", address()).out().equals("one\ntwo\n")) {
            Thread.onSpinWait();
        }
        in.write("\nfour\n");
        in.flush();
        ended(produce);
        assertTrue(Ran.of("consume orders --exit", "--bootstrap", address()).out().startsWith("one\ntwo\n"));
    }
}
