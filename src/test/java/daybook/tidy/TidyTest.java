package daybook.tidy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The sources keep the rules, and the rules see what breaks them. */
class TidyTest {
    @Test
    void theSourcesKeepTheRules() throws IOException {
        var sources = Audit.sources();
        assertTrue(sources.size() > 10, "the tests run in the project's directory");
        var violations = Tidy.check(sources, Audit.readme()).values().stream().flatMap(List::stream).toList();
        assertTrue(violations.isEmpty(), () -> String.join("\n", violations));
    }

    @Test
    void eachRuleSeesWhatBreaksIt() {
        var source = JavaText.of("daybook/record/Bad.java", """
                package daybook.record;

                import daybook.wire.Reader;
                import daybook.log.Segment;
                import org.apache.kafka.common.Uuid;

                /** TODO: everything. */
                final class Bad {
                    synchronized void stop(Thread thread) throws Exception {
                        thread.interrupt();
                        Thread.sleep(1);
                        var wide = "%s";
                        var house = new daybook.Broker();
                    }
                    void longest() {
                %s    }
                %s}
                """.formatted("x".repeat(110), "        longest();\n".repeat(59), "    int field;\n".repeat(440)));
        assertEquals(Map.of(
                "columns <= 110", List.of("daybook/record/Bad.java:12: 132 columns"),
                "files <= 500 code lines", List.of("daybook/record/Bad.java:1: 513 code lines"),
                "methods <= 60 code lines", List.of("daybook/record/Bad.java:15: a method of 61 code lines"),
                "rooms use only the rooms they may", List.of(
                        "daybook/record/Bad.java:4: uses daybook.log", "daybook/record/Bad.java:13: uses daybook"),
                "imports from the JDK and daybook.* only", List.of(
                        "daybook/record/Bad.java:5: imports org.apache.kafka.common.Uuid"),
                "no synchronized, interrupt or sleep", List.of(
                        "daybook/record/Bad.java:9: synchronized pins a virtual thread's carrier; use a ReentrantLock",
                        "daybook/record/Bad.java:10: an interrupt closes the file its thread is reading",
                        "daybook/record/Bad.java:11: a sleep waits for nothing that is known"),
                "nothing left to do", List.of("daybook/record/Bad.java:7: is unfinished"),
                "the README's reading order names every source once", List.of(
                        "README.md: daybook/record/Bad.java is missing from the reading order")),
                broken(Tidy.check(List.of(source), "")));
    }

    @Test
    void roomsStandOnTheRoomsAboveThem() {
        assertEquals(List.of(), floors("daybook/api/A.java", "import daybook.wire.B; import daybook.api.C;"));
        assertEquals(List.of(), floors("daybook/cli/A.java", "import daybook.Broker; import daybook.client.C;"));
        assertEquals(List.of("daybook/cli/A.java:1: uses daybook.api"),
                floors("daybook/cli/A.java", "import static daybook.api.Apis.*;"));
        assertEquals(List.of(), floors("daybook/Main.java", "import daybook.cli.*;"));
        assertEquals(List.of("daybook/util/A.java:1: there is no room daybook.util"),
                floors("daybook/util/A.java", ""));
        assertEquals(List.of("daybook/log/deep/A.java:1: there is no room daybook.log.deep"),
                floors("daybook/log/deep/A.java", ""));
        assertEquals(List.of(), floors("daybook/wire/A.java", "// see daybook.api.Produce"));
    }

    @Test
    void commentsAndLiteralsAreNoCode() {
        var text = JavaText.of("daybook/A.java", """
                /* synchronized { */ class A { // {
                    String brace = "\\"{//"; char quote = '\\'', open = '{';

                    /**
                     * A comment { of three lines.
                     */
                    String block() {
                        return \"""
                            { synchronized

                            \\\""" // no comment
                            \""";
                    }
                }
                """);
        assertEquals(List.of(new JavaText.Method(7, 6)), text.methods());
        assertEquals(9, text.codeLines());
        assertTrue(text.code().stream().noneMatch(line -> line.contains("synchronized") || line.contains("comment")));
    }

    @Test
    void methodsAreFound() {
        var text = JavaText.of("daybook/A.java", """
                @Fancy(value = {1, 2})
                record A(int one) {
                    static { one(); }
                    A {
                        check();
                    }
                    int[] table = {
                        1, 2 };
                    Runnable field = () -> { one(); };
                    @Fancy(value = 3)
                    <T extends B> void record(Map<String, T> map,
                            int more) throws IOException {
                        class Local { void inner() { } }
                        map.forEach((key, value) -> { one(); });
                    }
                    interface Nested {
                        default void method() { if (true) { one(); } }
                        void none();
                    }
                    enum Kind { ONE, TWO; int number() { return 1; } }
                }
                """);
        assertEquals(List.of(new JavaText.Method(3, 1), new JavaText.Method(4, 3), new JavaText.Method(10, 6),
                new JavaText.Method(17, 1), new JavaText.Method(20, 1)), text.methods());
    }

    @Test
    void theReadingOrderIsTheReadmesSection() {
        var readme = """
                ## Before
                - `Other.java`
                ## Read it in one sitting
                1. `wire/Reader.java` reads what `wire/Writer.java` wrote
                2. [src/main/java/daybook/Main.java](src/main/java/daybook/Main.java)
                3. `module-info.java`
                4. `Main.java`, again
                5. `log/Gone.java`
                ## After
                - `After.java`
                """;
        assertEquals(List.of("daybook/wire/Reader.java", "daybook/Main.java", "module-info.java", "daybook/Main.java",
                "daybook/log/Gone.java"), ReadingOrder.of(readme));
        assertEquals(List.of("README.md: daybook/Main.java is named twice",
                "README.md: daybook/log/Gone.java is not in the tree",
                "README.md: daybook/wire/Writer.java is missing from the reading order"),
                ReadingOrder.check(readme, Set.of("daybook/wire/Reader.java", "daybook/wire/Writer.java",
                        "daybook/Main.java", "module-info.java")));
    }

    private static List<String> floors(String path, String source) {
        return Tidy.check(List.of(JavaText.of(path, source)), "").get("rooms use only the rooms they may");
    }

    private static Map<String, List<String>> broken(Map<String, List<String>> checks) {
        return checks.entrySet().stream().filter(check -> !check.getValue().isEmpty())
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }
}
