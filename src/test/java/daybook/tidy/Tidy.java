package daybook.tidy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The rules. Each one looks at sources only, never at compiled classes, and tells what it finds as
 * {@code path:line: what is wrong}.
 */
final class Tidy {
    static final int COLUMNS = 110;
    static final int METHOD_LINES = 60;
    static final int FILE_LINES = 500;

    /**
     * A package: its name under {@code daybook} (the top package is the empty one), the code lines it is
     * meant to need in the finished broker, and the rooms it may use, by name; {@code null} is every room
     * above it in the list.
     */
    record Room(String name, int budgetLines, Set<String> uses) {
        String title() {
            return name.isEmpty() ? "daybook" : "daybook." + name;
        }
    }

    /** The rooms, from the ground up. */
    static final List<Room> ROOMS = List.of(
            new Room("wire", 500, null),
            new Room("record", 900, null),
            new Room("log", 1_700, null),
            new Room("net", 550, null),
            new Room("catalog", 500, null),
            new Room("coordinator", 200, null),
            new Room("group", 1_100, null),
            new Room("txn", 400, null),
            new Room("security", 450, null),
            new Room("api", 2_000, null),
            new Room("client", 700, Set.of("wire", "record", "cli")),
            new Room("console", 250, null),
            // "log" for the dump of files alone, whose formats stand there.
            new Room("cli", 400, Set.of("wire", "record", "log", "client", "")),
            new Room("", 350, null));

    private static final Pattern IMPORT = Pattern.compile("^\\s*import\\s+(?:static\\s+)?([\\w.]+)");
    /** What imports begin with: the JDK's own packages, those of the module jdk.httpserver, and ours. */
    private static final List<String> IMPORTED = List.of("java.", "com.sun.net.httpserver.", "daybook.");
    private static final Pattern ROOM_NAMED = Pattern.compile("\\bdaybook\\.(?:([a-z]+)\\.)?[A-Z*]");
    /** What no code does, and why. */
    private static final Map<Pattern, String> FORBIDDEN = Map.of(
            Pattern.compile("\\bsynchronized\\b"), "synchronized pins a virtual thread's carrier; use a ReentrantLock",
            Pattern.compile("\\.interrupt\\s*\\("), "an interrupt closes the file its thread is reading",
            Pattern.compile("\\bThread\\.sleep\\s*\\("), "a sleep waits for nothing that is known");
    private static final Pattern UNFINISHED = Pattern.compile("\\b(TODO|FIXME)\\b");

    private Tidy() {}

    /** Every rule by its name, with what it finds in {@code sources}; {@code readme} is the README's text. */
    static Map<String, List<String>> check(List<JavaText> sources, String readme) {
        var found = new TreeMap<String, List<String>>();
        rule(found, "columns <= " + COLUMNS, sources, Tidy::columns);
        rule(found, "files <= " + FILE_LINES + " code lines", sources, Tidy::fileLength);
        rule(found, "methods <= " + METHOD_LINES + " code lines", sources, Tidy::methodLength);
        rule(found, "rooms use only the rooms they may", sources, Tidy::floors);
        rule(found, "imports from the JDK and daybook.* only", sources, Tidy::imports);
        rule(found, "no synchronized, interrupt or sleep", sources, Tidy::forbidden);
        rule(found, "nothing left to do", sources, Tidy::unfinished);
        var paths = sources.stream().map(JavaText::path).collect(Collectors.toSet());
        found.put("the README's reading order names every source once", ReadingOrder.check(readme, paths));
        return found;
    }

    private static void rule(Map<String, List<String>> found, String name, List<JavaText> sources,
            BiConsumer<JavaText, List<String>> rule) {
        var violations = new ArrayList<String>();
        sources.forEach(source -> rule.accept(source, violations));
        found.put(name, violations);
    }

    private static String at(JavaText source, int line, String what) {
        return source.path() + ":" + line + ": " + what;
    }

    private static void columns(JavaText source, List<String> violations) {
        for (int line = 0; line < source.lines().size(); line++) {
            var text = source.lines().get(line);
            int columns = text.codePointCount(0, text.length());
            if (columns > COLUMNS) {
                violations.add(at(source, line + 1, columns + " columns"));
            }
        }
    }

    private static void fileLength(JavaText source, List<String> violations) {
        if (source.codeLines() > FILE_LINES) {
            violations.add(at(source, 1, source.codeLines() + " code lines"));
        }
    }

    private static void methodLength(JavaText source, List<String> violations) {
        for (var method : source.methods()) {
            if (method.codeLines() > METHOD_LINES) {
                violations.add(at(source, method.line(), "a method of " + method.codeLines() + " code lines"));
            }
        }
    }

    /** The room of a source by its path: {@code daybook/log/Segment.java} is in {@code log}. */
    static String roomOf(String path) {
        return path.replaceFirst("^daybook/", "").replaceFirst("/?[^/]*$", "").replace('/', '.');
    }

    /** The rooms that the one of this name may use; empty where there is no such room. */
    private static Set<String> allowed(String name) {
        var above = new HashSet<String>();
        for (var room : ROOMS) {
            if (room.name().equals(name)) {
                var allowed = room.uses() == null ? above : new HashSet<>(room.uses());
                allowed.add(name);
                return allowed;
            }
            above.add(room.name());
        }
        return Set.of();
    }

    private static void floors(JavaText source, List<String> violations) {
        var room = roomOf(source.path());
        var allowed = allowed(room);
        if (allowed.isEmpty()) {
            violations.add(at(source, 1, "there is no room daybook." + room));
            return;
        }
        for (int line = 0; line < source.code().size(); line++) {
            var names = ROOM_NAMED.matcher(source.code().get(line));
            while (names.find()) {
                var used = names.group(1) == null ? "" : names.group(1);
                if (!allowed.contains(used)) {
                    violations.add(at(source, line + 1, "uses " + names.group().replaceAll("\\.[A-Z*]$", "")));
                }
            }
        }
    }

    private static void imports(JavaText source, List<String> violations) {
        for (int line = 0; line < source.code().size(); line++) {
            var name = IMPORT.matcher(source.code().get(line));
            if (name.find() && IMPORTED.stream().noneMatch(name.group(1)::startsWith)) {
                violations.add(at(source, line + 1, "imports " + name.group(1)));
            }
        }
    }

    private static void forbidden(JavaText source, List<String> violations) {
        for (int line = 0; line < source.code().size(); line++) {
            var code = source.code().get(line);
            for (var rule : FORBIDDEN.entrySet()) {
                if (rule.getKey().matcher(code).find()) {
                    violations.add(at(source, line + 1, rule.getValue()));
                }
            }
        }
    }

    private static void unfinished(JavaText source, List<String> violations) {
        for (int line = 0; line < source.lines().size(); line++) {
            if (UNFINISHED.matcher(source.lines().get(line)).find()) {
                violations.add(at(source, line + 1, "is unfinished"));
            }
        }
    }
}
