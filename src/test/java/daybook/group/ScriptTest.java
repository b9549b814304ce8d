package daybook.group;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Golden scripts of groups, one a file: {@link Script} tells how to read them. Where one leaves another trace
 * than it has, the difference is told; {@code -Ddaybook.scripts=write} writes what it leaves into the file.
 */
class ScriptTest {
    private static final Path DIRECTORY = Path.of("src/test/scripts/group");

    @TestFactory
    Stream<DynamicTest> scriptsLeaveTheTraceThatTheyHave() throws IOException {
        List<Path> files;
        try (var list = Files.list(DIRECTORY)) {
            files = list.sorted().toList();
        }
        assertTrue(files.size() > 5, "the tests run in the project's directory");
        return files.stream().map(file ->
                DynamicTest.dynamicTest(file.getFileName().toString(), () -> run(file)));
    }

    private static void run(Path file) {
        try {
            var expected = Files.readAllLines(file);
            var actual = Script.run(expected);
            if (actual.equals(expected)) {
                return;
            }
            if ("write".equals(System.getProperty("daybook.scripts"))) {
                Files.write(file, actual);
            } else {
                fail(file + " leaves another trace (- expected, + left):\n" + difference(expected, actual));
            }
        } catch (IOException unread) {
            throw new UncheckedIOException(unread);
        }
    }

    /**
     * The longest common lines as they are; what is expected only after a -, what is there only after a +.
     */
    private static String difference(List<String> expected, List<String> actual) {
        int[][] common = new int[expected.size() + 1][actual.size() + 1];
        for (int i = expected.size() - 1; i >= 0; i--) {
            for (int j = actual.size() - 1; j >= 0; j--) {
                common[i][j] = expected.get(i).equals(actual.get(j)) ? common[i + 1][j + 1] + 1
                        : Math.max(common[i + 1][j], common[i][j + 1]);
            }
        }
        var lines = new ArrayList<String>();
        int i = 0;
        int j = 0;
        while (i < expected.size() || j < actual.size()) {
            if (i < expected.size() && j < actual.size() && expected.get(i).equals(actual.get(j))) {
                lines.add("  " + expected.get(i++));
                j++;
            } else if (j == actual.size() || i < expected.size() && common[i + 1][j] >= common[i][j + 1]) {
                lines.add("- " + expected.get(i++));
            } else {
                lines.add("+ " + actual.get(j++));
            }
        }
        return String.join("\n", lines);
    }
}
