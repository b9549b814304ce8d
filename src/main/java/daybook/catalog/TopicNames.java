package daybook.catalog;

/** What topics may be called: what Apache Kafka allows, in its words. */
public final class TopicNames {
    private static final int LENGTH_LIMIT = 249;

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
        for (var other : image.topics().keySet()) {
            if (collide(name, other)) {
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
        for (int i = 0; i < name.length(); i++) {
            if (!legal(name.charAt(i))) {
                return "'" + name + "' contains one or more characters other than ASCII alphanumerics,"
                        + " '.', '_' and '-'";
            }
        }
        return null;
    }

    private static boolean legal(char letter) {
        return letter >= 'a' && letter <= 'z' || letter >= 'A' && letter <= 'Z' || letter >= '0'
                && letter <= '9'
                || letter == '.' || letter == '_' || letter == '-';
    }

    private static boolean collide(String name, String other) {
        if (name.length() != other.length() || name.equals(other)) {
            return false;
        }
        for (int i = 0; i < name.length(); i++) {
            char mine = name.charAt(i) == '.' ? '_' : name.charAt(i);
            char its = other.charAt(i) == '.' ? '_' : other.charAt(i);
            if (mine != its) {
                return false;
            }
        }
        return true;
    }
}
