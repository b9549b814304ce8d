package daybook.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The scripts, run by the shells that they are for. */
class CompletionTest {
    @TempDir
    Path temp;

    /** What the shell prints of a script behind ours; skipped where it is not installed. */
    private List<String> said(String shell, String script) throws Exception {
        assumeTrue(Arrays.stream(System.getenv("PATH").split(":")).map(Path::of)
                .anyMatch(directory -> Files.isExecutable(directory.resolve(shell))), shell + " is not here");
        var file = Files.writeString(temp.resolve("script"), Ran.of("completion", shell).out() + script);
        var process = new ProcessBuilder(shell, file.toString()).redirectErrorStream(true)
                .redirectOutput(temp.resolve("said").toFile()).start();
        assertEquals(true, process.waitFor(30, TimeUnit.SECONDS));
        return Files.readAllLines(temp.resolve("said"), StandardCharsets.UTF_8);
    }

    /** What bash offers for the last of the words, which are split as readline splits them. */
    private List<String> bash(String... words) throws Exception {
        return said("bash", "compopt() { echo \"$@\"; }\nCOMP_WORDS=(" + quoted(words) + ")\nCOMP_CWORD="
                + (words.length - 1) + "\n_daybook\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n");
    }

    /** What zsh offers: its own part of completing is stood in for, as it needs a terminal. */
    private List<String> zsh(String... words) throws Exception {
        var last = words[words.length - 1];
        return said("zsh", """
                compset() { PREFIX=${PREFIX#*=}; }
                _files() { echo -o default; }
                compadd() { print -l -- ${(M)candidates:#${PREFIX}*}; }
                """ + "words=(" + quoted(words) + ")\nCURRENT=" + words.length + "\nPREFIX=" + quoted(last)
                + "\n_daybook\n");
    }

    private static String quoted(String... words) {
        return String.join(" ", Stream.of(words).map(word -> "'" + word + "'").toList());
    }

    private static List<String> names(Command command) {
        var names = new ArrayList<>(command.commands().stream().map(Command::name).toList());
        names.add("--help");
        return names.stream().sorted().toList();
    }

    private void both(List<String> offered, String... words) throws Exception {
        assertEquals(offered, bash(words));
        assertEquals(offered, zsh(words));
    }

    @Test
    void commandsFlagsAndValues() throws Exception {
        both(names(Commands.ROOT), "daybook", "");
        both(List.of("dump"), "bin/daybook", "du");
        both(List.of("bash"), "daybook", "completion", "b");
        both(List.of("completion"), "daybook", "help", "comp");
        both(List.of("-o default", "--deep"), "daybook", "dump", "--d");
        both(List.of("-o default", "--deep"), "daybook", "dump", "--deep", "some file", "--d");
        both(names(Topics.COMMAND), "daybook", "topics", "");
        both(List.of("--partition"), "daybook", "consume", "topics", "--pa");
        both(List.of("beginning"), "daybook", "consume", "orders", "--from", "b");
        both(List.of("gzip"), "daybook", "perf", "produce", "--compression", "g");
        both(List.of("Stable"), "daybook", "groups", "list", "--state", "St");
        both(List.of("Ongoing"), "daybook", "txns", "list", "--state", "On");
        both(List.of(""), "daybook", "consume", "--max", "");
        assertEquals(List.of("-o default", ""), bash("daybook", "produce", "--file", "x"));
        assertEquals(List.of("zstd"), bash("daybook", "produce", "orders", "--compression", "=", "z"));
        assertEquals(List.of("beginning", "end"), bash("daybook", "consume", "--from", "="));
        assertEquals(List.of("zstd"), zsh("daybook", "produce", "orders", "--compression=z"));
    }
}
