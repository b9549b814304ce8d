package daybook.coordinator;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import org.junit.jupiter.api.DynamicTest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Golden scripts: files of events, each with the trace that it left, indented below it. Where one leaves
 * another trace than it has, the difference is told; {@code -Ddaybook.scripts=write} writes what it leaves
 * into the file.
 */
public final class GoldenScripts {
    private GoldenScripts() { }

    /**
     * A test for each file of a directory of {@code src/test/scripts}.
     *
     * @param run makes of the lines of a script those with the trace that they leave now
     */
    public static Stream<DynamicTest> of(String directory, UnaryOperator<List<String>> run)
            throws IOException {
        List<Path> files;
        try (var list = Files.list(Path.of("src/test/scripts", directory))) {
            files = list.sorted().toList();
        }
        assertTrue(files.size() > 5, "the tests run in the project's directory");
        return files.stream().map(file ->
                DynamicTest.dynamicTest(file.getFileName().toString(), () -> run(file, run)));
    }

    private static void run(Path file, UnaryOperator<List<String>> run) {
        try {
            var expected = Files.readAllLines(file);
            var actual = run.apply(expected);
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
