package daybook.group;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Reads RE2's language of regular expressions for {@link TopicRegex}, and refuses what is no part of it:
 * <pre>
 *   choice     sequence | sequence | ...
 *   sequence   any number of   . ^ $ character [set] \escape (group)
 *              each perhaps with   * + ? {n} {n,} {n,m}   and perhaps a ? behind that
 *   set        characters, ranges, \d \s \w \pL \p{Greek} [:alpha:]; after ^ all but these
 *   escape     \A \z \b \B \Q...\E \d \D \s \S \w \W \pL \PL \p{L} \p{^L} \012 \x41 \x{41}
 *              \a \f \n \r \t \v, and any character that is neither letter nor digit
 *   group      (choice) (?:choice) (?P&lt;name>choice) (?&lt;name>choice) (?flags:choice)
 *              (?flags) for what follows, up to the end of the group that it stands in
 *   flags      i: without regard to case; m, s and U change nothing for names; off behind a -
 * </pre>
 * The JDK's regular expressions cut the words out of the text and know the classes of characters. Sets of
 * characters hold those below 128, and {@link TopicRegex#BEYOND} for all others.
 */
final class TopicRegexParser {
    private static final int ASCII = 128;
    /** What was looked up of the JDK's classes, of which there are a few hundred. */
    private static final Map<String, BitSet> CLASSES = new ConcurrentHashMap<>();

    /** The characters that words are made of. */
    static final BitSet WORD = characters("\\w");

    private static final int END = -1;
    /** RE2's limit too. */
    private static final int MAX_REPEAT = 1_000;
    /** So many groups in groups; RE2 in Go has 1,000, in Java no limit. */
    private static final int MAX_DEPTH = 200;
    /** Beyond ASCII these two alone differ only by case from a letter in it: k and s. */
    private static final int KELVIN = 0x212A;
    private static final int LONG_S = 0x17F;

    private static final Pattern REPEAT =
            Pattern.compile("[*+?]|\\{(0|[1-9][0-9]*)(,(0|[1-9][0-9]*)?)?\\}");
    private static final Pattern NAMED_GROUP = Pattern.compile("\\?P?<([A-Za-z0-9_]+)>");
    private static final Pattern FLAGS = Pattern.compile("\\?([imsU]*)(-[imsU]+)?([:)])");
    private static final Pattern PERL = Pattern.compile("\\\\([dswDSW])");
    private static final Pattern UNICODE = Pattern.compile("\\\\([pP])(?:(\\p{Upper})|\\{(\\^?)(\\w+)\\})");
    private static final Pattern POSIX = Pattern.compile("\\[:(\\^?)(.*?):\\]");
    private static final Pattern OCTAL = Pattern.compile("\\\\(0[0-7]{0,2}|[1-7][0-7]{1,2})");
    private static final Pattern HEXADECIMAL =
            Pattern.compile("\\\\x(?:\\{0*(\\p{XDigit}{1,6})\\}|(\\p{XDigit}{2}))");

    private static final Pattern CATEGORY =
            Pattern.compile("C[cfos]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?");
    private static final Pattern SCRIPT = Pattern.compile("[A-Z][a-z]+(_[A-Z][a-z]+)*");
    /** The JDK's names for those of POSIX. */
    private static final Map<String, String> POSIX_NAMES = Map.ofEntries(
            Map.entry("alnum", "\\p{Alnum}"), Map.entry("alpha", "\\p{Alpha}"),
            Map.entry("ascii", "\\p{ASCII}"), Map.entry("blank", "\\p{Blank}"),
            Map.entry("cntrl", "\\p{Cntrl}"), Map.entry("digit", "\\d"),
            Map.entry("graph", "\\p{Graph}"), Map.entry("lower", "[a-z]"),
            Map.entry("print", "\\p{Print}"), Map.entry("punct", "\\p{Punct}"),
            Map.entry("space", "\\s"), Map.entry("upper", "[A-Z]"),
            Map.entry("word", "\\w"), Map.entry("xdigit", "\\p{XDigit}"));

    private final String text;
    private final TopicRegex.Builder builder;
    private final Set<String> groupNames = new HashSet<>();
    private int at;
    private int depth;
    /** Between \Q and \E. */
    private boolean quoted;
    /** Flag i. */
    private boolean anyCase;

    TopicRegexParser(String text, TopicRegex.Builder builder) {
        this.text = text;
        this.builder = builder;
    }

    /** The whole expression. */
    TopicRegex.Piece whole() {
        if (text.length() > TopicRegex.MAX_LENGTH) {
            throw refused("the expression is longer than " + TopicRegex.MAX_LENGTH + " characters");
        }
        var piece = choice();
        if (at < text.length()) {
            throw refused("a ) without its (");
        }
        return piece;
    }

    private TopicRegex.Piece choice() {
        var pieces = new ArrayList<TopicRegex.Piece>();
        do {
            pieces.add(sequence());
        } while (take("|"));
        return builder.either(pieces);
    }

    private TopicRegex.Piece sequence() {
        var pieces = new ArrayList<TopicRegex.Piece>();
        int repeatEnd = -1;
        while (quoted || peek() != END && peek() != '|' && peek() != ')') {
            int from = at;
            var repeat = quoted ? null : token(REPEAT);
            if (repeat == null) {
                piece(pieces);
                continue;
            }
            if (from == repeatEnd) {
                throw refused("a repetition of a repetition");
            }
            if (pieces.isEmpty()) {
                throw refused("nothing to repeat");
            }
            pieces.add(repeated(pieces.removeLast(), repeat));
            take("?"); // As few times as can be: the same names match.
            repeatEnd = at;
        }
        return builder.sequence(pieces);
    }

    private TopicRegex.Piece repeated(TopicRegex.Piece piece, Matcher repeat) {
        switch (text.charAt(repeat.start())) {
            case '*': return builder.repeat(piece, 0, -1);
            case '+': return builder.repeat(piece, 1, -1);
            case '?': return builder.repeat(piece, 0, 1);
            default:
        }
        int least = times(repeat.group(1));
        int most = repeat.group(2) == null ? least : repeat.group(3) == null ? -1 : times(repeat.group(3));
        if (most != -1 && most < least) {
            throw refused("a repetition of at most fewer times than at least");
        }
        return builder.repeat(piece, least, most);
    }

    private int times(String digits) {
        if (digits.length() > 4 || Integer.parseInt(digits) > MAX_REPEAT) {
            throw refused("a repetition of more than " + MAX_REPEAT + " times");
        }
        return Integer.parseInt(digits);
    }

    /** Reads what stands here, which may be nothing to match, and adds it. */
    private void piece(List<TopicRegex.Piece> pieces) {
        if (quoted) {
            quoted = !take("\\E") && peek() != END;
            if (quoted) {
                int c = next();
                pieces.add(builder.oneOf(range(c, c)));
            }
        } else if (take("\\Q")) {
            quoted = true;
        } else if (take("(")) {
            group(pieces);
        } else if (take("^") || take("\\A")) {
            pieces.add(builder.at(TopicRegex.Edge.BEGIN));
        } else if (take("$") || take("\\z")) {
            pieces.add(builder.at(TopicRegex.Edge.END));
        } else if (take("\\b")) {
            pieces.add(builder.at(TopicRegex.Edge.WORD));
        } else if (take("\\B")) {
            pieces.add(builder.at(TopicRegex.Edge.NOT_WORD));
        } else if (take(".")) {
            pieces.add(builder.oneOf(range(0, Character.MAX_CODE_POINT)));
        } else if (take("[")) {
            pieces.add(builder.oneOf(set()));
        } else {
            var named = named();
            if (named == null) {
                int c = character();
                named = range(c, c);
            }
            pieces.add(builder.oneOf(named));
        }
    }

    /** Behind its parenthesis. */
    private void group(List<TopicRegex.Piece> pieces) {
        boolean before = anyCase;
        var name = token(NAMED_GROUP);
        if (name != null) {
            if (!groupNames.add(name.group(1))) {
                throw refused("two groups of one name");
            }
        } else if (peek() == '?') {
            var flags = token(FLAGS);
            if (flags == null) {
                throw refused("an unknown kind of group");
            }
            anyCase |= flags.group(1).contains("i");
            anyCase &= flags.group(2) == null || !flags.group(2).contains("i");
            if (flags.group(3).equals(")")) {
                return;
            }
        }
        if (++depth > MAX_DEPTH) {
            throw refused("groups in more than " + MAX_DEPTH + " others");
        }
        pieces.add(choice());
        if (!take(")")) {
            throw refused("a ( without its )");
        }
        depth--;
        anyCase = before;
    }

    /** Behind its bracket. The first character in it may be the one that else ends it. */
    private BitSet set() {
        boolean negated = take("^");
        var all = new BitSet();
        int first = at;
        while (at == first || peek() != ']') {
            var named = named();
            if (named == null) {
                named = posix();
            }
            if (named == null) {
                int low = character();
                boolean single = text.startsWith("-]", at) || !take("-");
                named = range(low, single ? low : character());
            }
            all.or(named);
        }
        next();
        return inverted(all, negated);
    }

    /** The set that a class such as \d or \p{Greek} stands for, or null where there is none here. */
    private BitSet named() {
        var perl = token(PERL);
        if (perl != null) {
            var name = perl.group().toLowerCase(Locale.ROOT);
            return inverted(characters(name), !name.equals(perl.group()));
        }
        var unicode = token(UNICODE);
        if (unicode == null) {
            return null;
        }
        var name = unicode.group(2) == null ? unicode.group(4) : unicode.group(2);
        boolean outside = unicode.group(1).equals("P") != "^".equals(unicode.group(3));
        if (name.equals("Any")) {
            return inverted(range(0, Character.MAX_CODE_POINT), outside);
        }
        if (CATEGORY.matcher(name).matches()) {
            return inverted(folded(characters("\\p{" + name + "}")), outside);
        }
        if (SCRIPT.matcher(name).matches()) {
            return inverted(folded(characters("\\p{sc=" + name + "}")), outside);
        }
        throw refused("an unknown class of characters");
    }

    /** As {@link #named}, for a class such as [:alpha:], which stands in a set only. */
    private BitSet posix() {
        var posix = token(POSIX);
        if (posix == null) {
            return null;
        }
        var known = POSIX_NAMES.get(posix.group(2));
        if (known == null) {
            throw refused("an unknown class of characters");
        }
        return inverted(folded(characters(known)), !posix.group(1).isEmpty());
    }

    /** A single character, perhaps escaped. */
    private int character() {
        var octal = token(OCTAL);
        if (octal != null) {
            return Integer.parseInt(octal.group(1), 8);
        }
        var hexadecimal = token(HEXADECIMAL);
        if (hexadecimal != null) {
            var digits = hexadecimal.group(1) == null ? hexadecimal.group(2) : hexadecimal.group(1);
            int c = Integer.parseInt(digits, 16);
            if (c > Character.MAX_CODE_POINT) {
                throw refused("a character beyond the last");
            }
            return c;
        }
        boolean escaped = take("\\");
        if (peek() == END) {
            throw refused("it ends within a set or an escape");
        }
        int c = next();
        int control = escaped ? "afnrtv".indexOf(c) : -1;
        if (control >= 0) {
            return "\007\f\n\r\t\013".charAt(control);
        }
        if (escaped && c < ASCII && Character.isLetterOrDigit(c)) {
            throw refused("an unknown escape");
        }
        return c;
    }

    /** The characters from one to the other; with those that differ by case only, if they may. */
    private BitSet range(int low, int high) {
        if (high < low) {
            throw refused("a range that ends before it begins");
        }
        var set = new BitSet();
        set.set(Math.min(low, TopicRegex.BEYOND), Math.min(high, TopicRegex.BEYOND) + 1);
        if (anyCase && low <= KELVIN && high >= KELVIN) {
            set.set('k');
        }
        if (anyCase && low <= LONG_S && high >= LONG_S) {
            set.set('s');
        }
        return folded(set);
    }

    private BitSet folded(BitSet set) {
        for (char upper = 'A'; anyCase && upper <= 'Z'; upper++) {
            char lower = Character.toLowerCase(upper);
            boolean either = set.get(upper) || set.get(lower);
            set.set(upper, either);
            set.set(lower, either);
        }
        return set;
    }

    private static BitSet inverted(BitSet set, boolean inverted) {
        if (inverted) {
            set.flip(0, TopicRegex.BEYOND + 1);
        }
        return set;
    }

    /**
     * The characters that a class of the JDK's has; PatternSyntaxException where it knows none of that name.
     */
    private static BitSet characters(String name) {
        return (BitSet) CLASSES.computeIfAbsent(name, TopicRegexParser::lookedUp).clone();
    }

    private static BitSet lookedUp(String name) {
        var pattern = Pattern.compile(name);
        var set = new BitSet();
        for (int c = 0; c < ASCII; c++) {
            set.set(c, pattern.matcher(Character.toString(c)).matches());
        }
        return set;
    }

    private int peek() {
        return at < text.length() ? text.codePointAt(at) : END;
    }

    private int next() {
        int c = text.codePointAt(at);
        at += Character.charCount(c);
        return c;
    }

    private boolean take(String expected) {
        boolean there = text.startsWith(expected, at);
        at += there ? expected.length() : 0;
        return there;
    }

    /** Takes what this pattern finds right here; null where it does not. */
    private Matcher token(Pattern pattern) {
        var matcher = pattern.matcher(text).region(at, text.length());
        if (!matcher.lookingAt()) {
            return null;
        }
        at = matcher.end();
        return matcher;
    }

    private PatternSyntaxException refused(String what) {
        return new PatternSyntaxException(what, text, at);
    }
}
