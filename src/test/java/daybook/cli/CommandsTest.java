package daybook.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/** The table as a whole: its rows, their help, and what a command line without sense is answered. */
class CommandsTest {
    private static List<Command> all(Command command) {
        var all = new ArrayList<>(List.of(command));
        command.commands().forEach(own -> all.addAll(all(own)));
        return all;
    }

    private static void mistake(String line, String said) {
        var ran = Ran.of(line);
        assertEquals("daybook: " + said + "\n", ran.errors());
        assertEquals(2, ran.exit());
        assertEquals("", ran.out());
    }

    @Test
    void mistakesAreOneLine() {
        mistake("dmup", "There is no command dmup; did you mean dump? Try: bin/daybook help");
        mistake("help dmup", "There is no command dmup; did you mean dump? Try: bin/daybook help help");
        mistake("nothing", "There is no command nothing. Try: bin/daybook help");
        mistake("dump", "FILE is missing. Try: bin/daybook help dump");
        mistake("dump --deeep", "There is no flag --deeep; did you mean --deep? Try: bin/daybook help dump");
        mistake("dump no\u001bfile", "no?file is not there");
        mistake("start --x", "The argument --x must name a key and its value: --KEY=VALUE");
        var ran = Ran.of("");
        assertEquals(2, ran.exit());
        assertTrue(ran.errors().matches("daybook: Say what to do: start, .*, help\\. Try: bin/daybook help\n"),
                ran.errors());
    }

    /** Where no broker is, a mistake is still told as one: all is looked at before a broker is. */
    @Test
    void mistakesNeedNoBroker() {
        for (var line : List.of("produce t --delimiter \\q", "produce t --key-separator=", "produce t --rate 0",
                "consume t --partition x", "consume t --group=", "consume t --last -1", "consume t --format %q",
                "groups reset g --to nope", "groups reset g --to -5", "groups reset g --by x", "groups reset g",
                "groups reset g --topic t:x --to end", "groups delete-offsets g --topic t --topic t:",
                "groups list --state stable", "txns list --state ongoing", "txns hanging --older-than 5",
                "txns hanging --topic t --topic :1", "txns abort t:0 --start-offset -1", "txns abort t:0",
                "configs alter topic t --set =", "configs alter topic t --delete=", "topics create t --config x",
                "topics create t --partitions 0", "topics alter t", "perf produce t --buffer-memory 1",
                "perf produce t --linger x", "perf produce t --rate x", "perf consume t --group g",
                "perf consume t --timeout 0", "perf latency t --size 15", "perf latency t --records 0",
                "perf latency t --warm-up x", "perf latency t --batch-size 0")) {
            var ran = Ran.of(line, "--bootstrap", "127.0.0.1:1");
            assertEquals(2, ran.exit(), line + ": " + ran.errors());
            assertTrue(ran.errors().endsWith(". Try: bin/daybook help " + line.replaceAll(" (g|t|topic)\\b.*| --.*", "")
                    + "\n"), ran.errors());
        }
        for (var command : List.of("dump", "produce", "consume", "topics describe", "groups describe", "txns describe")) {
            var ran = Ran.of(command, "");
            assertEquals(2, ran.exit(), command);
            assertTrue(ran.errors().matches("daybook: [A-Z-]+ is empty\\. Try: .*\n"), ran.errors());
        }
    }

    @Test
    void helpIsToldInEveryWay() {
        for (var command : all(Commands.ROOT)) {
            var help = Ran.of("help " + command.path());
            assertEquals(0, help.exit(), help.errors());
            assertEquals("", help.errors());
            assertEquals(help.out(), Ran.of(command.path() + " --help").out());
            if (command.action() != null) {
                assertEquals(help.out(), Ran.of(command.path() + " more -h words").out());
            }
            assertTrue(help.out().contains("Usage: bin/daybook " + command.path()), help.out());
            command.commands().forEach(own -> assertTrue(help.out().contains("\n  " + own.name()), help.out()));
            command.flags().forEach(flag -> assertTrue(help.out().contains("\n  " + flag.usage()), help.out()));
            command.examples().forEach(line -> assertTrue(help.out().contains("\n  " + line + "\n"), help.out()));
            help.out().lines().forEach(line -> assertTrue(line.length() <= 110, line));
        }
        assertTrue(Ran.of("nosuch --help").errors().contains("There is no command nosuch"));
        assertTrue(Ran.of("dump -- --help").errors().contains("--help is not there"));
    }

    /** What help and completion count on. */
    @Test
    void rowsAreWhole() {
        var paths = new HashSet<String>();
        for (var command : all(Commands.ROOT)) {
            assertTrue(paths.add(command.path()), command.path());
            assertEquals(command.action() == null, !command.commands().isEmpty(), command.path());
            assertTrue(command.action() == null || !command.examples().isEmpty(), command.path());
            command.commands().forEach(own -> assertEquals(command.path(),
                    own.path().equals(own.name()) ? "" : own.path().replace(" " + own.name(), "")));
            assertFalse(command.summary().isEmpty() || command.summary().endsWith("."), command.summary());
            var names = new HashSet<>(List.of("help"));
            for (var flag : command.flags()) {
                assertTrue(names.add(flag.name()), command.path() + " --" + flag.name());
                assertFalse(flag.help().isEmpty() || flag.help().endsWith("."), flag.help());
                assertFalse(flag.value().contains(" ") || flag.value().contains("'"), flag.value());
            }
        }
    }

    /** Examples are command lines that the table understands. */
    @Test
    void examplesAreParsed() {
        for (var command : all(Commands.ROOT)) {
            for (var example : command.examples()) {
                int at = example.indexOf("bin/daybook " + command.path());
                assertTrue(at >= 0, example);
                if (at == 0 && !example.matches(".*[|\"'<>$].*")) {
                    var words = List.of(example.split(" "));
                    Arguments.parse(command, words.subList(1 + command.path().split(" ").length, words.size()));
                }
            }
        }
    }

    @Test
    void outputThatCannotBeWritten() {
        assertEquals(141, Ran.into(Ran.BROKEN_PIPE, "help"));
        assertEquals(1, Ran.into(new OutputStream() {
            @Override
            public void write(int piece) throws IOException {
                throw new IOException("No space left on device");
            }
        }, "help"));
    }
}
