package daybook.cli;

import java.util.Collection;

/** What someone may have meant who typed something that is not there. */
final class Nearest {
    /** Letters typed wrong, left out or added up to which a word is still taken for another. */
    private static final int MISTAKES_MOST = 2;

    private Nearest() { }

    /** {@code "; did you mean --from?"}, or nothing where no name is near. */
    static String question(String typed, Collection<String> names) {
        String nearest = null;
        int least = MISTAKES_MOST + 1;
        for (var name : names) {
            int distance = name.startsWith(typed) ? 1 : distance(typed, name);
            if (distance < least && 2 * distance <= name.length()) {
                nearest = name;
                least = distance;
            }
        }
        return nearest == null ? "" : "; did you mean " + nearest + "?";
    }

    /** Letters to replace, insert or delete, by the rows of Levenshtein's table, one kept at a time. */
    private static int distance(String from, String to) {
        var row = new int[to.length() + 1];
        for (int column = 0; column < row.length; column++) {
            row[column] = column;
        }
        for (int line = 1; line <= from.length(); line++) {
            int diagonal = row[0];
            row[0] = line;
            for (int column = 1; column < row.length; column++) {
                int replaced = diagonal + (from.charAt(line - 1) == to.charAt(column - 1) ? 0 : 1);
                diagonal = row[column];
                row[column] = Math.min(replaced, 1 + Math.min(diagonal, row[column - 1]));
            }
        }
        return row[to.length()];
    }
}
