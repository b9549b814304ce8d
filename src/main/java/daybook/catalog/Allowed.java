package daybook.catalog;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * What the values of a key must be besides of its type. The sentences are those of Apache Kafka's ConfigDef,
 * so that a tool that shows them shows what its users know.
 *
 * @param text for people: what may stand there; empty for all values of the type
 */
public record Allowed(String text, Check check) {
    /** Tells values apart. */
    interface Check {
        /** What is wrong with a parsed value of the key, as a sentence; null where nothing is. */
        String error(String key, Object value);
    }

    /** All values of the type. */
    static final Allowed ANY = new Allowed("", (key, value) -> null);

    /** Kafka's form of a list of throttled replicas. */
    static final Allowed REPLICAS = new Allowed("*, or partition:broker,…", Allowed::replicasError);

    private static final Pattern REPLICA = Pattern.compile("[0-9]+:[0-9]+");

    static Allowed atLeast(long least) {
        return new Allowed("at least " + least, (key, value) -> number(value) < least
                ? sentence(key, value, "Value must be at least " + least) : null);
    }

    static Allowed between(long least, long most) {
        return new Allowed(least + " to " + most, (key, value) -> number(value) > most
                ? sentence(key, value, "Value must be no more than " + most)
                : atLeast(least).check.error(key, value));
    }

    /** A number from {@code least} to {@code most}, or one value besides. */
    static Allowed betweenOr(long least, long most, long besides) {
        return new Allowed(least + " to " + most + ", or " + besides, (key, value) -> {
            double number = number(value);
            return number >= least && number <= most || number == besides ? null : sentence(key, value,
                    "Value must be between " + least + " and " + most + " or equal to " + besides);
        });
    }

    /** One of these words, or a list of them. */
    static Allowed oneOf(String... words) {
        return new Allowed(String.join(", ", words), (key, value) ->
                wordsError(key, value, List.of(words), "String must be one of: "));
    }

    /** One of these words, in whatever case. */
    static Allowed oneOfAnyCase(String... words) {
        return new Allowed(String.join(", ", words), (key, value) ->
                List.of(words).contains(value.toString().toLowerCase(Locale.ROOT)) ? null
                        : sentence(key, value, "String must be one of (case insensitive): "
                                + String.join(", ", words).toUpperCase(Locale.ROOT)));
    }

    /** At least one of these words. */
    static Allowed someOf(String... words) {
        return new Allowed(String.join(", ", words), (key, value) -> !((List<?>) value).isEmpty()
                ? oneOf(words).check.error(key, value)
                : "Configuration '" + key + "' must not be empty. Valid values include: "
                        + String.join(", ", words));
    }

    /** Of what this allows, only one word is served; the others are refused, never ignored. */
    Allowed servedOnly(String word) {
        return new Allowed(word, (key, value) -> {
            var error = check.error(key, value);
            return error != null ? error : wordsError(key, value, List.of(word), "Daybook serves only: ");
        });
    }

    private static String wordsError(String key, Object value, List<String> words, String reason) {
        for (Object word : value instanceof List<?> list ? list : List.of(value.toString())) {
            if (!words.contains(word)) {
                return sentence(key, word, reason + String.join(", ", words));
            }
        }
        return null;
    }

    private static String replicasError(String key, Object value) {
        var elements = (List<?>) value;
        boolean fits = elements.equals(List.of("*"))
                || elements.stream().allMatch(element -> REPLICA.matcher(element.toString()).matches());
        return fits ? null : sentence(key, value, key + " must be the literal '*' or a list of replicas "
                + "in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...");
    }

    private static double number(Object value) {
        return ((Number) value).doubleValue();
    }

    /** The sentence in which Kafka refuses a value. */
    static String sentence(String key, Object value, String reason) {
        return "Invalid value " + value + " for configuration " + key + ": " + reason;
    }
}
