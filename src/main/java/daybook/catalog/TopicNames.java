package daybook.catalog;

import java.util.regex.Pattern;

/** What topics may be called: what Apache Kafka allows, in its words. */
public final class TopicNames {
    private static final int LENGTH_LIMIT = 249;
    private static final Pattern LEGAL = Pattern.compile("[a-zA-Z0-9._-]+");

    private TopicNames() { }

    /** What is wrong with a name; null where nothing is. */
    public static String error(String name) {
        var reason = reason(name);
        return reason == null ? null : "Topic name is invalid: " + reason;
    }

    /**
     * Why a new topic's name is too near to that of a topic there is: names that differ only in dots and
     * underscores cannot be told apart in the names of metrics. Null where it is not.
     */
    public static String collision(Image image, String name) {
        if (name.indexOf('.') < 0 && name.indexOf('_') < 0) {
            return null;
        }
        var plain = name.replace('.', '_');
        for (var other : image.topics().keySet()) {
            boolean near = other.length() == name.length() && other.replace('.', '_').equals(plain);
            if (near && !other.equals(name)) {
                return "Topic '" + name + "' collides with existing topic: " + other;
            }
        }
        return null;
    }

    private static String reason(String name) {
        if (name.isEmpty()) {
            return "the empty string is not allowed";
        }
        if (name.equals(".") || name.equals("..")) {
            return "'" + name + "' is not allowed";
        }
        if (name.length() > LENGTH_LIMIT) {
            return "the length of '" + name + "' is longer than the max allowed length " + LENGTH_LIMIT;
        }
        if (!LEGAL.matcher(name).matches()) {
            return "'" + name + "' contains one or more characters other than ASCII alphanumerics,"
                    + " '.', '_' and '-'";
        }
        return null;
    }
}
