package daybook.catalog;

import daybook.catalog.ConfigValue.Source;
import daybook.catalog.ConfigValue.Synonym;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The broker's configuration: what the metadata log says of this broker, under it what the log says of all
 * brokers, under it the file and the command line, under it the defaults. Immutable.
 */
public final class BrokerConfig {
    /** The keys there are, in the order of the README's table. */
    public static final Map<String, ConfigKey> KEYS = BrokerKeys.table();

    /** What {@code queued.max.request.bytes=-1} stands for, unless one request may be larger. */
    static final long REQUEST_MEMORY_BYTES = 128L << 20;

    private static final Map<String, String> DEFAULTS = new HashMap<>();

    static {
        for (var key : KEYS.values()) {
            if (key.defaultValue() != null) {
                DEFAULTS.put(key.name(), key.defaultValue());
            }
        }
    }

    /** What each source sets, the strongest first. */
    private final Map<Source, Map<String, String>> layers = new EnumMap<>(Source.class);
    private final Map<String, Object> values = new HashMap<>();

    private BrokerConfig(Map<String, String> fixed, Map<String, String> ofAllBrokers,
            Map<String, String> ofThisBroker) {
        layers.put(Source.DYNAMIC_BROKER, ofThisBroker);
        layers.put(Source.DYNAMIC_ALL_BROKERS, ofAllBrokers);
        layers.put(Source.STATIC_BROKER, fixed);
        layers.put(Source.DEFAULT, DEFAULTS);
        for (var key : KEYS.values()) {
            values.put(key.name(), value(key));
        }
    }

    /**
     * The configuration of a file and a command line.
     *
     * @param fixed keys and values; keys that are not in the table are passed over
     * @throws ConfigException if a value cannot be used
     */
    public static BrokerConfig of(Map<String, String> fixed) {
        var known = served(fixed);
        var error = error(known);
        if (error != null) {
            throw new ConfigException(error);
        }
        var config = new BrokerConfig(known, Map.of(), Map.of());
        var contradiction = config.contradiction();
        if (contradiction != null) {
            throw new ConfigException(contradiction);
        }
        return config;
    }

    /** This configuration with the number that the data directory gave the broker, and what an image sets. */
    public BrokerConfig with(int nodeId, Image image) {
        var identified = new HashMap<>(layers.get(Source.STATIC_BROKER));
        identified.put("node.id", Integer.toString(nodeId));
        return new BrokerConfig(identified, served(image.config(ConfigResource.allBrokers())),
                served(image.config(ConfigResource.broker(nodeId))));
    }
