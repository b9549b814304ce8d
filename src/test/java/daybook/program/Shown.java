package daybook.program;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.List;

/**
 * What the page shows of an output, beside what the output is. Both must be the same line for line, but for
 * what is another each time: ids, moments, durations and rates, addresses, and how wide a column is for them.
 * A line of {@code ...} stands for any number of lines.
 */
final class Shown {
    private static final String MORE = "...";

    private Shown() { }

    static void expect(String what, List<String> shown, String output) {
        var expected = shown.stream().map(Shown::constant).toList();
        var actual = output.lines().map(Shown::constant).toList();
        if (!matches(expected, actual)) {
            assertEquals(String.join("\n", expected), String.join("\n", actual), what);
            fail(what);
        }
    }

    /** A line with what varies in it named, not told. */
    static String constant(String line) {
        return line
                .replaceAll("(?<![\\w-])[\\w-]{22}(?![\\w-])", "ID")
                .replaceAll("\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(:\\d\\d([.]\\d+)?)?Z?", "MOMENT")
                .replaceAll("127[.]0[.]0[.]1:\\d+", "ADDRESS")
                .replaceAll("(?<![\\w.-])1\\d{12}(?!\\w)", "MILLISECONDS")
                .replaceAll("[\\d,.]*\\d (ns|us|µs|ms|s|MB/s|MiB/s|records/s)(?!\\w)", "N $1")
                .replaceAll("-{3,}", "---")
                .replaceAll("\\s+", " ").strip();
    }

    private static boolean matches(List<String> expected, List<String> actual) {
        if (expected.isEmpty()) {
            return actual.isEmpty();
        }
        var rest = expected.subList(1, expected.size());
        if (expected.getFirst().equals(MORE)) {
            for (int skipped = 0; skipped <= actual.size(); skipped++) {
                if (matches(rest, actual.subList(skipped, actual.size()))) {
                    return true;
                }
            }
            return false;
        }
        return !actual.isEmpty() && expected.getFirst().equals(actual.getFirst())
                && matches(rest, actual.subList(1, actual.size()));
    }
}
