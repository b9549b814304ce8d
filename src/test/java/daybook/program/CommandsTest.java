package daybook.program;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * Commands as processes of their own, started by {@code bin/daybook}: pipes, signals, exit codes, and bytes
 * that are no text. One broker for all; each test has topics of its own.
 */
class CommandsTest {
    private static final int FAILED = 1;
    private static final int USAGE = 2;
    private static final int INTERRUPTED = 128 + 2;
    private static final Pattern FIELD = Pattern.compile("\"(key|value)\": ?\\{\"base64\": ?\"([^\"]*)\"}");

    @TempDir
    static Path directory;
    private static RunningBroker broker;
    private static Shell shell;

    @BeforeAll
    static void start() throws Exception {
        broker = new RunningBroker(directory);
        shell = new Shell(directory, broker.address);
    }

    @AfterAll
    static void stop() throws Exception {
        broker.close();
    }

    /** Every byte value, alone and beside each other: in as a file, out as a stream and as JSON. */
    @Test
    void bytesThatAreNoTextSurvive() throws Exception {
        var bytes = new byte[100_000];
        new Random(3).nextBytes(bytes);
        for (int value = 0; value < 256; value++) {
            bytes[value] = (byte) value;
        }
        Files.write(directory.resolve("blob"), bytes);
        shell.run("bin/daybook produce blobs --file blob --delimiter '' --key \"$(printf 'k\\303')\"")
                .plain();
        shell.run("bin/daybook consume blobs --exit --format %v >blob-out").plain();
        assertArrayEquals(bytes, Files.readAllBytes(directory.resolve("blob-out")));
        var json = shell.run("bin/daybook consume blobs --exit --json").plain();
        assertArrayEquals(bytes, field(json, "value"));
    }

    /** A line is a record, and a key too: what separates them is any bytes, and all others are kept. */
    @Test
    void binaryKeysAndValuesInLines() throws Exception {
        var key = new byte[] {0, -1, (byte) 0xC3, 7, 13};
        var value = new byte[] {(byte) 0x80, 0, 34, 92, -1, 13};
        var lines = new byte[key.length + 2 + value.length + 1];
        System.arraycopy(key, 0, lines, 0, key.length);
        lines[key.length] = 1;
        lines[key.length + 1] = 2;
        System.arraycopy(value, 0, lines, key.length + 2, value.length);
        lines[lines.length - 1] = '\n';
        Files.write(directory.resolve("lines"), lines);
        shell.run("bin/daybook produce pairs --file lines --key-separator '\\x01\\x02'").plain();
        var json = shell.run("bin/daybook consume pairs --exit --json").plain();
        assertArrayEquals(key, field(json, "key"), json);
        assertArrayEquals(value, field(json, "value"), json);
        shell.run("bin/daybook consume pairs --exit --format '%k\\x01\\x02%v\\n' >lines-out").plain();
        assertArrayEquals(lines, Files.readAllBytes(directory.resolve("lines-out")));
    }

    private static byte[] field(String json, String name) {
        var fields = FIELD.matcher(json);
        while (fields.find()) {
            if (fields.group(1).equals(name)) {
                return Base64.getDecoder().decode(fields.group(2));
            }
        }
        throw new AssertionError("no " + name + " in " + json);
    }

    /** A reader that has seen enough ends the writer at once and without a word. */
    @Test
    void aBrokenPipeEndsItQuietly() throws Exception {
        shell.run("seq 200000 | bin/daybook produce numbers").plain();
        assertEquals("1\n", shell.run("bin/daybook consume numbers | head -1").plain());
        assertEquals("1\n2\n", shell.run("bin/daybook consume numbers --group heads | head -2").plain());
        var ended = shell.run("{ bin/daybook consume numbers --exit; echo $? >status; } | head -1");
        assertEquals("1\n", ended.plain());
        assertEquals("141", Files.readString(directory.resolve("status")).strip());
    }

    /** What is read from a pipe in small pieces arrives whole and in order, and takes no more memory. */
    /** What the JVM opens first must not take the place of a stream that is closed. */
    @Test
    void aClosedStreamIsAnEmptyOne() throws Exception {
        shell.run("bin/daybook topics create closed").plain();
        assertEquals("", shell.run("bin/daybook produce closed <&-").plain());
        assertEquals("", shell.run("bin/daybook consume closed --from=beginning --exit").plain());
        assertEquals(0, shell.run("bin/daybook topics describe closed >&- 2>&-").status());
    }

    @Test
    void aLongPipeInSmallPieces() throws Exception {
        shell.run("seq 1000000 1499999 | dd ibs=1000 obs=700 2>/dev/null"
                + " | DAYBOOK_OPTS='-Xmx64m' bin/daybook produce long --compression lz4").plain();
        assertEquals("1000000 1499999 500000\n", shell.run("bin/daybook consume long --exit"
                + " | awk 'NR == 1 { first = $0 } $0 != first + NR - 1 { exit 1 }"
                + " END { print first, $0, NR }'").plain());
    }

    @Test
    void ctrlCLeavesTheGroup() throws Exception {
        shell.run("echo one | bin/daybook produce shared").plain();
        var running = shell.start("exec bin/daybook consume shared --group leavers");
        running.awaits("one");
        assertTrue(shell.run("bin/daybook groups describe leavers").plain().contains("shared"), "the group");
        long before = System.nanoTime();
        running.signal("INT");
        var ended = running.end();
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - before);
        assertEquals(INTERRUPTED, ended.status(), ended.errors());
        assertEquals("one\n", ended.output());
        assertEquals("", ended.errors());
        assertTrue(seconds < 20, "it took " + seconds + " s to end");
        var groups = shell.run("bin/daybook groups list --json").plain();
        assertTrue(groups.matches("(?s).*\"leavers\"[^}]*\"(?i:empty)\".*"), groups);
        shell.run("echo two | bin/daybook produce shared").plain();
        assertEquals("two\n", shell.run("bin/daybook consume shared --group leavers --exit").plain());
    }

    /** Ctrl-C while input is awaited: what was read by then is there. */
    @Test
    void ctrlCEndsAProducerThatWaitsForInput() throws Exception {
        shell.run("mkfifo input").plain();
        var typing = shell.start("{ echo early; exec sleep 300; } >input");
        var running = shell.start("exec bin/daybook produce typed <input");
        assertEquals("early\n", shell.run("until bin/daybook consume typed --max 1 2>/dev/null; do :; done")
                .plain());
        running.signal("INT");
        var ended = running.end();
        typing.process().destroy();
        assertEquals(INTERRUPTED, ended.status(), ended.errors());
        assertEquals("", ended.errors() + ended.output());
    }

    @Test
    void mistakesAreOneLineAndNoStackTrace() throws Exception {
        for (var line : new String[] {"bin/daybook", "bin/daybook tpics", "bin/daybook topics create",
                "bin/daybook consume x --max many", "bin/daybook consume x --mxa 1",
                "bin/daybook produce x y",
                "bin/daybook produce x --compression zip", "bin/daybook consume x --format %q"}) {
            expectOneLine(line, USAGE);
        }
        for (var line : new String[] {"bin/daybook consume no-such-topic --exit",
                "bin/daybook topics delete no-such-topic", "bin/daybook groups describe no-such-group",
                "echo x | bin/daybook produce 'no topic'"}) {
            expectOneLine(line, FAILED);
        }
    }

    private static void expectOneLine(String line, int status) throws Exception {
        var ended = shell.run(line);
        assertEquals(status, ended.status(), line + " says " + ended.errors() + ended.output());
        assertEquals("", ended.output(), line);
        assertEquals(1, ended.errors().lines().count(), line + " says " + ended.errors());
        assertTrue(ended.errors().startsWith("daybook: "), ended.errors());
        assertFalse(ended.errors().contains("Exception") || ended.errors().contains("fault of Daybook's"),
                ended.errors());
    }

    /** Nobody listens: told within a moment. */
    @Test
    void noBroker() throws Exception {
        var binary = "'" + RunningBroker.PROJECT.resolve("bin/daybook") + "'";
        for (var command : new String[] {"topics list", "consume x", "produce x", "perf produce x"}) {
            long before = System.nanoTime();
            var ended = shell.run(binary + " " + command + " --bootstrap 127.0.0.1:1");
            long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - before);
            assertTrue(seconds < 20, command + " took " + seconds + " s");
            assertEquals(FAILED, ended.status(), command + " says " + ended.errors());
            assertEquals(1, ended.errors().lines().count(), command + " says " + ended.errors());
        }
    }

    @Test
    void completionIsAScript() throws Exception {
        for (var name : new String[] {"bash", "zsh"}) {
            assertTrue(shell.run("bin/daybook completion " + name).plain().contains("topics"), name);
        }
    }

    /** Help is data: it goes to standard output, and ends well. */
    @Test
    void everyCommandHasHelpWithExamples() throws Exception {
        for (var command : new String[] {"start", "consume", "perf latency"}) {
            var help = shell.run("bin/daybook " + command + " --help").plain();
            assertTrue(help.contains("bin/daybook " + command), command + ": " + help);
        }
    }
}
