package daybook.program;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What the page shows of an output, beside what the output is. Both must be the same line for line, but for
 * what is another each time: ids, moments, durations and rates, addresses, checksums, and how wide a column
 * is for them. A histogram is there or not, whatever its bars; of the lines that come each second there may
 * be any number. A line of {@code ...} stands for any number of lines.
 */
final class Shown {
    private static final String MORE = "...";
    private static final Pattern EACH_SECOND = Pattern.compile("\\s+\\d+ s  .*records/s.*");
    private static final Pattern BAR = Pattern.compile("\\s*\\S+ \\S+ \\.\\.\\s.*\\d %");

    private Shown() { }

    static void expect(String what, List<String> shown, String output) {
        var expected = constant(shown);
        var actual = constant(output.lines().toList());
        if (!matches(expected, actual)) {
            assertEquals(String.join("\n", expected), String.join("\n", actual), what);
            fail(what);
        }
    }

    private static List<String> constant(List<String> lines) {
        var constant = new ArrayList<String>();
        for (var line : lines) {
            if (BAR.matcher(line).matches()) {
                if (!constant.isEmpty() && constant.getLast().equals("BARS")) {
                    continue;
                }
                constant.add("BARS");
            } else if (!EACH_SECOND.matcher(line).matches()) {
                constant.add(constant(line));
            }
        }
        return constant;
    }

    /** A line with what varies in it named, not told. */
    private static String constant(String line) {
        return line
                .replaceAll("(?<![\\w-])[\\w-]{22}(?![\\w-])", "ID")
                .replaceAll("\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(:\\d\\d([.]\\d+)?)?Z?", "MOMENT")
                .replaceAll("127[.]0[.]0[.]1:\\d+", "ADDRESS")
                .replaceAll("(?<![\\w.-])1\\d{12}(?!\\w)", "MILLISECONDS")
                .replaceAll("(?<=crc )[0-9a-f]{8}", "CRC")
                .replaceAll("[\\d,.]*\\d (ns|us|µs|ms|s|min)(?!\\w)", "TIME")
                .replaceAll("[\\d,.]*\\d (MiB/s|records/s)(?!\\w)", "N $1")
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
