package daybook.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.IntStream;

/** What is taken and what is refused was found by asking RE2/J 1.8, which Apache Kafka 4.3 uses. */
class TopicRegexTest {
    private static final long SEED = Long.getLong("daybook.seed", 4711);

    /** Each line: an expression, names that it matches, a bar, names that it does not match. */
    private static final String MATCHES = """
            orders                   orders | order orders1 Orders xorders
            orders-.*                orders- orders-eu orders-.. | orders eu-orders-
            orders|bills             orders bills | orders|bills ordersbills
            (orders|bills)-[a-z]{2}  orders-eu bills-us | orders-e bills-EU orders
            ^orders$                 orders | xorders
            \\Aorders\\z             orders | ordersx
            a.c                      abc a.c a-c | ac abbc
            a\\.c                    a.c | abc
            a*                       a aaa | b ab
            a+b?                     a ab aaab | b abb
            a*?b+?c??                b abbc aab | abcd aa
            a{2}                     aa | a aaa
            a{2,}                    aa aaaaa | a
            a{2,3}                   aa aaa | a aaaa
            a{0}b                    b | ab
            (ab){2}                  abab | ab ababab
            a{,2}                    | a aa
            a{x                      | a ax
            [a-c]+                   abc | abd
            [^a-c]+                  xyz | xaz
            []a]                     a | b
            [^]a]                    b | a
            [a-]                     a - | b
            [a-c-e]                  a b c e - | d
            [--a]                    A 0 . - | b z
            [a\\-z]                  a - z | b
            [a&&b]                   a b | c
            [[a]                     a | b
            [[:alpha:]_]+            aZ_ | a1
            [[:^alpha:]]+            1_ | a1
            [[:word:]]+              a_1 | a-1
            [[:upper:]][[:digit:]]   A1 | a1 AA
            \\d\\D                   1a | a1 11
            \\w+\\W\\w+              a1_-b | ab a--b
            \\S+                     a.b |
            \\pL+                    aZ | a1
            \\PL+                    12 | a
            \\p{Lu}\\p{^Lu}          Aa A1 | aa AA
            \\P{Lu}                  a | A
            \\p{Nd}+                 12 | a
            \\p{Latin}+              aZ | a1
            \\p{Common}+             1.- | a
            \\p{Greek}*a             a | aa
            \\p{Any}                 a 1 | aa
            (?i)orders               orders ORDERS oRDERs | order
            (?i)[a-c]                A b | d
            (?i:a)b                  ab Ab | aB
            (?i)a(?-i)b              Ab ab | aB
            ((?i)a)b                 Ab ab | aB
            a(?i)b|c                 ab aB c C | Ab
            (?i)[^a]                 b B | a A
            (?i)\u212A               k K | s
            (?i)[\u017F]             s S | k
            (?i)\\p{Lu}              a A | 1
            (?s).(?m)^*(?U)a+        ba baaa | b
            (?mi-sU:a)               a A | b
            (?:a|b)c                 ac bc | a
            (?P<first>a)(?<second>b) ab | a
            (?P<1>a)                 a | b
            ()a()                    a | aa
            (|a)*b                   b aab | a
            a||b                     a b | ab
            \\Qa.b\\E+               a.b a.bbb | axb
            \\Qa.b                   a.b | axb
            a\\Q\\E*                 a aaa | b
            \\x41\\x{42}             AB | ab
            \\101                    A | a
            \\_\\-                   _- | a
            a\\b-\\bb                a-b | ab
            a\\Bb                    ab | a-b
            \\0\\a\\f\\n\\r\\t\\v    | a
            \u00E9?a                 a | ea
            [^\u00E9]                a | aa
            """;

    private static final List<String> REFUSED = List.of(
            "a(?=b)", "a(?!b)", "(?<=a)b", "(?<!a)b", "(?>a)", "(a)\\1", "\\k<n>", "(?P=n)", "(?P>n)",
            "a*+", "a++", "a?+", "a{2}+", "a**", "a+*", "a*??", "a{2}{3}", "a*{2}", "a{2}*", "a+?*", "*",
            "+a", "?", "{1}", "|*", "(*a)", "(?i)*", "a{1001}", "a{0,1001}", "a{3,2}", "a{99999999999}",
            "(", "a)", ")", "(a", "((a)", "[", "[a", "[]", "[^]", "[a\\]", "[[:alpha:]", "[c-a]", "[a-\\d]",
            "[[:foo:]]", "[[:Alpha:]]", "\\", "a\\", "\\1", "\\8", "\\h", "\\R", "\\X", "\\G", "\\Z", "\\C",
            "\\E", "\\e", "\\cA", "\\u0041", "\\N{x}", "\\x", "\\x4", "\\x{}", "\\x{41", "\\x{110000}",
            "[\\b]", "[\\Qa\\E]", "\\p", "\\p{", "\\p{}", "\\p{L", "\\p{IsLatin}", "\\p{Alpha}",
            "\\p{latin}", "\\p{Foo}", "\\p{Xyzzy}", "\\pX", "(?'n'a)", "(?P<>a)", "(?P<n-x>a)", "(?P<n",
            "(?P<n>a)(?<n>b)", "(?x)a", "(?u)a", "(?d)a", "(?i-)a", "(?-)", "(?-i-s)a", "(?i", "(?#note)",
            "(?");

    @Test
    void aNameMatchesAsAWhole() {
        for (var line : MATCHES.lines().toList()) {
            var words = line.trim().split("\\s+");
            var regex = TopicRegex.of(words[0]);
            boolean expected = true;
            for (var name : Arrays.copyOfRange(words, 1, words.length)) {
                if (name.equals("|")) {
                    expected = false;
                } else {
                    assertEquals(expected, regex.matches(name), regex + " and " + name);
                }
            }
        }
    }

    @Test
    void theEmptyExpressionMatchesNoTopic() {
        assertFalse(TopicRegex.of("").matches("a"));
        assertTrue(TopicRegex.of("").matches(""));
        assertEquals("a|b", TopicRegex.of("a|b").toString());
    }

    @Test
    void whatIsNotItsLanguageIsRefused() {
        for (var text : REFUSED) {
            var refused = assertThrows(PatternSyntaxException.class, () -> TopicRegex.of(text), text);
            assertFalse(refused.getDescription().isEmpty());
        }
    }

    @Test
    void whatIsTooLargeIsRefused() {
        for (var text : List.of("a".repeat(TopicRegex.MAX_LENGTH + 1), "((a{100}){100}){100}",
                "(".repeat(300) + ")".repeat(300))) {
            assertThrows(PatternSyntaxException.class, () -> TopicRegex.of(text));
        }
        assertTrue(TopicRegex.of("a|".repeat(4_000) + "b").matches("b"));
        var longest = "a".repeat(TopicRegex.MAX_LENGTH);
        assertTrue(TopicRegex.of(longest).matches(longest));
    }

    /** Each of these would keep one that backtracks busy until the end of time. */
    @Test
    void noExpressionHoldsAThread() {
        var name = "a".repeat(248) + "-";
        for (var text : List.of("(a+)+", "(a|aa)*", "(a*)*b", "(.*)(.*)(.*)(.*)(.*)(.*)(.*)x",
                "(a?){200}a{200}", "(?:^|^|^|^)".repeat(200), "((((){1000}){1000}){1000}){1000}",
                "((((|){9}){9}){9}){9}", ".*".repeat(4_000) + "x", "(.*a|.*b)".repeat(800),
                "(|a|)*".repeat(1_000))) {
            assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
                assertFalse(TopicRegex.of(text).matches(name), text);
            });
        }
    }

    @Test
    void aMatchEndsWhenItHasTakenTooManySteps() {
        var names = IntStream.range(0, 1_000).mapToObj(i -> "a".repeat(240) + i).toList();
        var slow = TopicRegex.of("(?:.?.?.?.?.?){999}").matching(names, 1_000_000);
        assertNull(slow.names());
        assertTrue(slow.steps() < 1_000_000 + 2 * TopicRegex.MAX_STATES, slow.steps() + " steps");
        var quick = TopicRegex.of("a*7").matching(names, 1_000_000);
        assertEquals(List.of(names.get(7)), quick.names());
        assertEquals(names, TopicRegex.of("a.*").matching(names, 1_000_000).names());
    }

    /** Where both know the language, the JDK's says the same. */
    @Test
    void itAgreesWithTheJdk() {
        var random = new Random(SEED);
        var words = List.of("a", "b", "c", "A", "-", ".", "[ab]", "[^a]", "\\w", "(", ")", "(?:", "(?i:", "|",
                "*", "+", "?", "{2}", "{0,1}", "^", "$", "\\b");
        int agreed = 0;
        for (int i = 0; i < 20_000; i++) {
            var text = new StringBuilder();
            for (int j = random.nextInt(9); j >= 0; j--) {
                text.append(words.get(random.nextInt(words.size())));
            }
            TopicRegex regex;
            try {
                regex = TopicRegex.of(text.toString());
            } catch (PatternSyntaxException refused) {
                continue;
            }
            var expected = Pattern.compile(text.toString());
            for (var name : names(random)) {
                assertEquals(expected.matcher(name).matches(), regex.matches(name),
                        () -> text + " and " + name + ", seed " + SEED);
                agreed++;
            }
        }
        assertTrue(agreed > 10_000);
    }

    private static Set<String> names(Random random) {
        var names = new HashSet<String>();
        while (names.size() < 10) {
            var name = new StringBuilder();
            for (int i = random.nextInt(5); i > 0; i--) {
                name.append("aabbcA-.".charAt(random.nextInt(8)));
            }
            names.add(name.toString());
        }
        return names;
    }
}
