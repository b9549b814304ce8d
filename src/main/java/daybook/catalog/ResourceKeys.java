package daybook.catalog;

import daybook.catalog.ConfigValue.Source;
import daybook.catalog.ConfigValue.Synonym;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The keys of a kind of resource. Where a resource has no value of its own, the broker's key holds that
 * stands in for its key, or the default where there is none.
 *
 * @param own the source that DescribeConfigs names for a resource's own values
 */
record ResourceKeys(Map<String, ConfigKey> table, Source own) {
    private static final BrokerConfig DEFAULTS = BrokerConfig.of(Map.of());

    /** A key that is as the one of the broker that stands in for it. */
    static ConfigKey served(String name, String ofBroker) {
        return served(name, ofBroker, BrokerConfig.KEYS.get(ofBroker).allowed());
    }

    /** As {@link #served(String, String)}, where Kafka allows a resource other values than a broker. */
    static ConfigKey served(String name, String ofBroker, Allowed allowed) {
        var key = BrokerConfig.KEYS.get(ofBroker);
        return new ConfigKey(name, key.type(), ConfigValue.text(DEFAULTS.known(ofBroker)), allowed, true,
                List.of(ofBroker), key.documentation());
    }

    int integer(String name, Map<String, String> overrides, BrokerConfig broker) {
        return Math.toIntExact(number(name, overrides, broker));
    }

    long number(String name, Map<String, String> overrides, BrokerConfig broker) {
        return (Long) value(name, overrides, broker);
    }

    /** The parsed value that holds. */
    Object value(String name, Map<String, String> overrides, BrokerConfig broker) {
        var key = table.get(name);
        if (overrides.containsKey(name)) {
            return key.parse(overrides.get(name));
        }
        return key.synonyms().isEmpty() ? key.parse(key.defaultValue())
                : broker.known(key.synonyms().getFirst());
    }

    /** All keys as DescribeConfigs tells them of a resource. */
    List<ConfigValue> describe(Map<String, String> overrides, BrokerConfig broker) {
        var described = new ArrayList<ConfigValue>();
        for (var key : table.values()) {
            var value = value(key.name(), overrides, broker);
            var synonyms = new ArrayList<Synonym>();
            if (overrides.containsKey(key.name())) {
                synonyms.add(new Synonym(key.name(), ConfigValue.text(value), own));
            }
            key.synonyms().forEach(ofBroker -> synonyms.addAll(broker.synonyms(ofBroker)));
            described.add(ConfigValue.of(key, value, false, synonyms));
        }
        return described;
    }
}
