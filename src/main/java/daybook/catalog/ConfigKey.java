package daybook.catalog;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/**
 * One key of a configuration.
 *
 * @param defaultValue in its text form, or null for none
 * @param allowed what its values must be besides of the type
 * @param dynamic whether it can be changed while the broker runs
 * @param synonyms for a topic's or group's key the broker's key that stands in for it; for a broker's key
 *     the others
 *     that say the same, the first one first
 * @param documentation a sentence or two
 */
public record ConfigKey(String name, Type type, String defaultValue, Allowed allowed, boolean dynamic,
        List<String> synonyms, String documentation) {
    /** The longest value that replies in versions that are not flexible can hold. */
    private static final int VALUE_LIMIT_BYTES = Short.MAX_VALUE;

    /** The types, in the order of their numbers in DescribeConfigs, which begin at 1. */
    public enum Type {
        BOOLEAN, STRING, INT, SHORT, LONG, DOUBLE, LIST;

        public int id() {
            return ordinal() + 1;
        }
    }

    /** A table of keys, by name, in the order in which they stand here. */
    static Map<String, ConfigKey> table(ConfigKey... keys) {
        var table = new LinkedHashMap<String, ConfigKey>();
        for (var key : keys) {
            table.put(key.name, key);
        }
        return Collections.unmodifiableMap(table);
    }

    /** What is wrong with a value, in Kafka's words; null where nothing is. */
    public String error(String value) {
        int lengthBytes = value.getBytes(StandardCharsets.UTF_8).length;
        if (lengthBytes > VALUE_LIMIT_BYTES) {
            return "Invalid value of " + lengthBytes + " bytes for configuration " + name
                    + ": Value must have no more than " + VALUE_LIMIT_BYTES;
        }
        try {
            return allowed.check().error(name, parse(value));
        } catch (IllegalArgumentException notOfType) {
            return Allowed.sentence(name, value, type == Type.BOOLEAN
                    ? "Expected value to be either true or false" : "Not a number of type " + type);
        }
    }

    /** What is wrong with the first wrong one of these values of keys in a table; null where nothing is. */
    static String error(Map<String, ConfigKey> table, Map<String, String> values) {
        for (var each : values.entrySet()) {
            var error = table.get(each.getKey()).error(each.getValue());
            if (error != null) {
                return error;
            }
        }
        return null;
    }

    /**
     * A parsed value: Boolean, Long for whole numbers, Double, String, or a list of strings, each once.
     *
     * @throws IllegalArgumentException if the value is not of the type
     */
    Object parse(String value) {
        var trimmed = value.strip();
        return switch (type) {
            case BOOLEAN -> truth(trimmed);
            case INT -> (long) Integer.parseInt(trimmed);
            case SHORT -> (long) Short.parseShort(trimmed);
            case LONG -> Long.parseLong(trimmed);
            case DOUBLE -> Double.parseDouble(trimmed);
            case LIST -> trimmed.isEmpty() ? List.of()
                    : List.copyOf(new LinkedHashSet<>(Arrays.asList(trimmed.split("\\s*,\\s*", -1))));
            case STRING -> trimmed;
        };
    }

    private static boolean truth(String text) {
        if (text.equalsIgnoreCase("true") || text.equalsIgnoreCase("false")) {
            return Boolean.parseBoolean(text);
        }
        throw new IllegalArgumentException(text);
    }
}
