package daybook.catalog;

import daybook.catalog.ConfigKey.Type;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * What the values of a key must be besides of its type. The sentences are those of Apache Kafka's ConfigDef,
 * so that a tool that shows them shows what its users know.
 */
public sealed interface Allowed {
    /** All values of the type. */
    Allowed ANY = new Any();

    /** Kafka's form of a list of throttled replicas. */
    Allowed REPLICAS = new Replicas();

    /** {@link #ANY}. */
    record Any() implements Allowed { }

    /** A number within bounds, both among them. */
    record Between(long least, long most) implements Allowed { }

    /** As {@link Between}, or one value besides. */
    record BetweenOr(long least, long most, long besides) implements Allowed { }

    /** A string that is one of these, or a list of them. */
    record OneOf(List<String> values) implements Allowed { }

    /** {@link #REPLICAS}. */
    record Replicas() implements Allowed {
        private static final Pattern REPLICA = Pattern.compile("[0-9]+:[0-9]+");
    }

    /** What Kafka allows, of which Daybook serves only some values; another one is refused, never ignored. */
    record Served(List<String> values, Allowed byKafka) implements Allowed { }

    static Allowed atLeast(long least) {
        return new Between(least, Long.MAX_VALUE);
    }

    static Allowed between(long least, long most) {
        return new Between(least, most);
    }

    static Allowed oneOf(String... values) {
        return new OneOf(List.of(values));
    }

    /** These values of those that this allows. */
    default Allowed servedOnly(String... values) {
        return new Served(List.of(values), this);
    }

    /** What is wrong with a value of this type for the key, as a sentence; null where nothing is. */
    default String error(String key, Type type, String value) {
        return switch (type) {
            case BOOLEAN -> booleanError(key, value);
            case INT, SHORT, LONG, DOUBLE -> numberError(key, type, value);
            case LIST -> listError(key, ConfigKey.elements(value));
            case STRING, CLASS, PASSWORD -> fits(key, value.strip());
        };
    }

    /** For people: what may stand there; empty for all values of the type. */
    default String text() {
        return switch (this) {
            case Any any -> "";
            case Between(long least, long most) ->
                    most == Long.MAX_VALUE ? "at least " + least : least + " to " + most;
            case BetweenOr(long least, long most, long besides) -> least + " to " + most + ", or " + besides;
            case OneOf(var values) -> String.join(", ", values);
            case Replicas replicas -> "*, or partition:broker,…";
            case Served(var values, var byKafka) -> String.join(", ", values);
        };
    }

    private String booleanError(String key, String value) {
        var word = value.strip().toLowerCase(Locale.ROOT);
        return word.equals("true") || word.equals("false") ? fits(key, word)
                : sentence(key, value, "Expected value to be either true or false");
    }

    private String numberError(String key, Type type, String value) {
        var trimmed = value.strip();
        try {
            return switch (type) {
                case SHORT -> inBounds(key, Short.parseShort(trimmed), trimmed);
                case INT -> inBounds(key, Integer.parseInt(trimmed), trimmed);
                case LONG -> inBounds(key, Long.parseLong(trimmed), trimmed);
                default -> inBounds(key, Double.parseDouble(trimmed),
                        Double.toString(Double.parseDouble(trimmed)));
            };
        } catch (NumberFormatException notANumber) {
            return sentence(key, value, "Not a number of type " + type);
        }
    }

    private String inBounds(String key, double number, String text) {
        if (this instanceof Between(long least, long most)) {
            return number < least ? sentence(key, text, "Value must be at least " + least)
                    : number > most ? sentence(key, text, "Value must be no more than " + most) : null;
        }
        if (this instanceof BetweenOr(long least, long most, long besides)) {
            return number >= least && number <= most || number == besides ? null
                    : sentence(key, text, "Value must be between " + least + " and " + most + " or equal to "
                            + besides);
        }
        return null;
    }

    private String listError(String key, List<String> elements) {
        if (this instanceof Replicas) {
            boolean fits = elements.equals(List.of("*"))
                    || elements.stream().allMatch(element -> Replicas.REPLICA.matcher(element).matches());
            return fits ? null : sentence(key, elements.toString(), key
                    + " must be the literal '*' or a list of replicas "
                    + "in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...");
        }
        for (var element : elements) {
            var error = fits(key, element);
            if (error != null) {
                return error;
            }
        }
        return null;
    }

    private String fits(String key, String value) {
        return switch (this) {
            case OneOf(var values) when !values.contains(value) ->
                    sentence(key, value, "String must be one of: " + String.join(", ", values));
            case Served(var values, var byKafka) -> {
                var error = byKafka.fits(key, value);
                yield error != null || values.contains(value) ? error
                        : sentence(key, value, "Daybook serves only: " + String.join(", ", values));
            }
            default -> null;
        };
    }

    private static String sentence(String key, String value, String reason) {
        return "Invalid value " + value + " for configuration " + key + ": " + reason;
    }
}
