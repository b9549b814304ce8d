package daybook.compat;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** Why a check failed, in a sentence; and the comparisons that throw it. */
final class CheckFailed extends RuntimeException {
    private static final long serialVersionUID = 1;

    CheckFailed(String why) {
        super(why);
    }

    static void expect(boolean condition, String why) {
        if (!condition) {
            throw new CheckFailed(why);
        }
    }

    static void expectEqual(Object expected, Object actual, String what) {
        if (!Objects.equals(expected, actual)) {
            throw new CheckFailed(what + ": expected " + expected + " but was " + actual);
        }
    }

    /** Compares long lists; says where they part first. */
    static void expectSame(List<?> expected, List<?> actual, String what) {
        int same = 0;
        while (same < Math.min(expected.size(), actual.size())
                && expected.get(same).equals(actual.get(same))) {
            same++;
        }
        if (same < Math.max(expected.size(), actual.size())) {
            throw new CheckFailed(what + ": " + actual.size() + " where " + expected.size()
                    + " were expected; after " + same + " that are the same come "
                    + actual.subList(same, Math.min(same + 3, actual.size())) + ", not "
                    + expected.subList(same, Math.min(same + 3, expected.size())));
        }
    }

    static void expectContains(String text, String part) {
        if (!text.contains(part)) {
            throw new CheckFailed("expected \"" + part + "\" in: " + Program.shortened(text));
        }
    }

    /** Compares whole contents; says where they part, not what they are. */
    static void expectSameBytes(byte[] expected, byte[] actual, String what) {
        int differs = Arrays.mismatch(expected, actual);
        if (differs >= 0) {
            throw new CheckFailed(what + ": " + actual.length + " bytes where " + expected.length
                    + " were expected, other from byte " + differs + " on");
        }
    }
}
