package daybook.tidy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The README's section "Read it in one sitting": each line that names a source names one, the first on the
 * line, by its path. The path may leave out the leading {@code src/main/java/} or {@code
 * src/main/java/daybook/}.
 */
final class ReadingOrder {
    static final String HEADING = "## Read it in one sitting";
    private static final Pattern SOURCE = Pattern.compile("[\\w/.-]+\\.java\\b");

    private ReadingOrder() {}

    /** The sources in their order, as paths under {@code src/main/java}. */
    static List<String> of(String readme) {
        var order = new ArrayList<String>();
        boolean inside = false;
        for (var line : readme.lines().toList()) {
            if (line.startsWith("## ")) {
                inside = line.strip().equals(HEADING);
            }
            var source = SOURCE.matcher(line);
            if (inside && source.find()) {
                order.add(path(source.group()));
            }
        }
        return order;
    }

    private static String path(String named) {
        var path = named.replaceFirst("^(\\./)?(src/main/java/)?", "");
        return path.startsWith("daybook/") || path.equals("module-info.java") ? path : "daybook/" + path;
    }

    /** What is wrong with the README's order, where the tree has the sources {@code paths}. */
    static List<String> check(String readme, Set<String> paths) {
        var violations = new ArrayList<String>();
        var seen = new HashSet<String>();
        for (var path : of(readme)) {
            if (!seen.add(path)) {
                violations.add("README.md: " + path + " is named twice");
            } else if (!paths.contains(path)) {
                violations.add("README.md: " + path + " is not in the tree");
            }
        }
        paths.stream().filter(path -> !seen.contains(path)).sorted()
                .forEach(path -> violations.add("README.md: " + path + " is missing from the reading order"));
        return violations;
    }
}
