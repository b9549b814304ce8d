package daybook.compat;

import java.util.Arrays;
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
