package daybook.catalog;

import java.util.List;

/**
 * The value of one key as DescribeConfigs tells it.
 *
 * @param value in its text form, or null
 * @param source where it comes from: the first synonym's source
 * @param synonyms all the places that set the key or a synonym of it, the one in force first
 */
public record ConfigValue(ConfigKey key, String value, Source source, boolean readOnly,
        List<Synonym> synonyms) {
    /** Where a value comes from, by the numbers of DescribeConfigs. */
    public enum Source {
        DYNAMIC_TOPIC(1), DYNAMIC_BROKER(2), DYNAMIC_ALL_BROKERS(3), STATIC_BROKER(4), DEFAULT(5),
        DYNAMIC_GROUP(8);

        private final byte id;

        Source(int id) {
            this.id = (byte) id;
        }

        public byte id() {
            return id;
        }
    }

    /** One place that sets a key. */
    public record Synonym(String name, String value, Source source) { }

    /** A parsed value or null, which the first of these synonyms sets. */
    static ConfigValue of(ConfigKey key, Object value, boolean readOnly, List<Synonym> synonyms) {
        var source = synonyms.isEmpty() ? Source.DEFAULT : synonyms.getFirst().source();
        return new ConfigValue(key, value == null ? null : text(value), source, readOnly, synonyms);
    }

    /** The text form in which Kafka shows a parsed value. */
    static String text(Object value) {
        return value instanceof List<?> elements
                ? String.join(",", elements.stream().map(String::valueOf).toList()) : value.toString();
    }
}
