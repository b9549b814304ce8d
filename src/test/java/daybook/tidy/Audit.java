package daybook.tidy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;

/**
 * Prints what an auditor wants to know first: what to read in which order and how long it is, the modules
 * that the jar requires, and whether the sources keep the rules. Run from the project's directory, with the
 * jar as its argument; exits 1 where a rule is broken.
 */
final class Audit {
    private static final Path SOURCES = Path.of("src/main/java");
    private static final Set<String> MODULES = Set.of("java.base", "jdk.httpserver");

    private Audit() {}

    public static void main(String[] arguments) throws IOException {
        var sources = sources();
        var readme = readme();
        printReadingOrder(sources, readme);
        printRooms(sources);
        var checks = Tidy.check(sources, readme);
        checks.put("modules required: java.base and jdk.httpserver only", printModules(Path.of(arguments[0])));
        System.out.println("\nChecks");
        checks.forEach((rule, violations) -> {
            System.out.println("  " + (violations.isEmpty() ? "kept    " : "BROKEN  ") + rule);
            violations.forEach(violation -> System.out.println("            " + violation));
        });
        if (!checks.values().stream().allMatch(List::isEmpty)) {
            System.exit(1);
        }
    }

    /** Every main source, by its path under {@code src/main/java}. */
    static List<JavaText> sources() throws IOException {
        var sources = new ArrayList<JavaText>();
        try (var files = Files.walk(SOURCES)) {
            for (var file : files.filter(file -> file.toString().endsWith(".java")).sorted().toList()) {
                sources.add(JavaText.of(SOURCES.relativize(file).toString(), Files.readString(file)));
            }
        }
        return sources;
    }

    static String readme() throws IOException {
        return Files.readString(Path.of("README.md"));
    }

    private static void printReadingOrder(List<JavaText> sources, String readme) {
        Map<String, JavaText> byPath = sources.stream().collect(Collectors.toMap(JavaText::path, Function.identity()));
        System.out.println("Reading order, with lines of code (no blanks, no comments)");
        for (var path : ReadingOrder.of(readme)) {
            if (byPath.containsKey(path)) {
                System.out.printf("  %6d  %s%n", byPath.get(path).codeLines(), path);
            }
        }
    }

    private static void printRooms(List<JavaText> sources) {
        System.out.println("\nRooms, from the ground up: lines of code, and the lines meant for the finished broker");
        for (var room : Tidy.ROOMS) {
            int lines = sources.stream().filter(source -> Tidy.roomOf(source.path()).equals(room.name()))
                    .mapToInt(JavaText::codeLines).sum();
            var over = lines > room.budgetLines() ? "  over by " + (lines - room.budgetLines()) : "";
            if (lines > 0) {
                System.out.printf("  %6d of %,6d  %s%s%n", lines, room.budgetLines(), room.title(), over);
            }
        }
        System.out.printf("  %6d of %,6d  in all, in %d files%n", sources.stream().mapToInt(JavaText::codeLines).sum(),
                Tidy.ROOMS.stream().mapToInt(Tidy.Room::budgetLines).sum(), sources.size());
    }

    /**
     * Prints what the JDK's own jdeps says of the jar; returns the modules in it that should not be there.
     */
    private static List<String> printModules(Path jar) {
        var out = new StringWriter();
        var jdeps = ToolProvider.findFirst("jdeps").orElseThrow();
        int status = jdeps.run(new PrintWriter(out), new PrintWriter(out), "-summary", jar.toString());
        System.out.println("\nModules required (jdeps -summary " + jar + ")");
        var violations = new ArrayList<String>();
        for (var line : out.toString().lines().toList()) {
            System.out.println("  " + line);
            int arrow = line.indexOf(" -> ");
            if (status != 0 || arrow < 0 || !MODULES.contains(line.substring(arrow + 4).strip())) {
                violations.add(line);
            }
        }
        return violations;
    }
}
