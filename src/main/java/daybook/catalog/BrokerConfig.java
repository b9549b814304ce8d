package daybook.catalog;

import daybook.catalog.ConfigValue.Source;
import daybook.catalog.ConfigValue.Synonym;
import daybook.net.Listener;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The broker's configuration: what the metadata log says of this broker, under it what the log says of all
 * brokers, under it the file and the command line, under it the defaults. Immutable.
 */
public final class BrokerConfig {
    /** The keys there are, in the order of the README's table. */
    public static final Map<String, ConfigKey> KEYS = BrokerKeys.TABLE;

    /** What {@code queued.max.request.bytes=-1} stands for, unless one request may be larger. */
    static final long REQUEST_MEMORY_BYTES = 128L << 20;
    /** As many as Apache Kafka's {@code num.network.threads}. */
    private static final int MOST_SELECTOR_THREADS = 3;

    private static final int PORT_LIMIT = 65_535;
    /** NAME://HOST:PORT, where brackets stand around an IPv6 address and the host may be empty. */
    private static final Pattern ADDRESS =
            Pattern.compile("([\\w.-]+)://(\\[[0-9a-zA-Z:.%]+]|[^\\[\\]:/]*):(\\d{1,5})");
    private static final String CLEANER_THREADS = "log.cleaner.threads";
    private static final Map<String, String> DEFAULTS = KEYS.values().stream()
            .filter(key -> key.defaultValue() != null)
            .collect(Collectors.toMap(ConfigKey::name, ConfigKey::defaultValue));

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
        refuse(ConfigKey.error(KEYS, known));
        var config = new BrokerConfig(known, Map.of(), Map.of());
        refuse(config.contradiction());
        return config;
    }

    /** This configuration with the number that the data directory gave the broker, and what an image sets. */
    public BrokerConfig with(int nodeId, Image image) {
        var identified = new HashMap<>(layers.get(Source.STATIC_BROKER));
        identified.put("node.id", Integer.toString(nodeId));
        return new BrokerConfig(identified, served(image.config(ConfigResource.allBrokers())),
                served(image.config(ConfigResource.broker(nodeId))));
    }

    /** What is wrong with setting these keys at run time, in Kafka's words; null where nothing is. */
    public String error(Map<String, String> changes) {
        var refused = changes.keySet().stream()
                .filter(name -> !KEYS.containsKey(name) || !KEYS.get(name).dynamic()).toList();
        if (!refused.isEmpty()) {
            return "Cannot update these configs dynamically: " + refused;
        }
        var error = ConfigKey.error(KEYS, changes);
        if (error != null) {
            return error;
        }
        var after = new HashMap<>(layers.get(Source.DYNAMIC_BROKER));
        after.putAll(changes);
        var changed = new BrokerConfig(layers.get(Source.STATIC_BROKER),
                layers.get(Source.DYNAMIC_ALL_BROKERS), after);
        var contradiction = changed.contradiction();
        boolean same = contradiction != null || !changes.containsKey(CLEANER_THREADS);
        return same ? contradiction : leap(changed.integer(CLEANER_THREADS));
    }

    /** What is wrong with so many threads to compact, where there are as many as there are now. */
    private String leap(int threads) {
        int now = integer(CLEANER_THREADS);
        if (threads < 1) {
            return "Log cleaner threads should be at least 1";
        }
        if (threads < now / 2) {
            return "Log cleaner threads cannot be reduced to less than half the current value " + now;
        }
        return threads <= now * 2 ? null
                : "Log cleaner threads cannot be increased to more than double the current value " + now;
    }

    public int integer(String key) {
        return Math.toIntExact(number(key));
    }

    /** A number, in the unit that the key's name ends with; where it is not set, that of its synonyms. */
    public long number(String key) {
        return (Long) set(key);
    }

    public double decimal(String key) {
        return (Double) set(key);
    }

    public boolean flag(String key) {
        return (Boolean) set(key);
    }

    /** The value of a key of type string, or null. */
    public String text(String key) {
        return (String) known(key);
    }

    /** The elements of a list, empty where none is set. */
    @SuppressWarnings("unchecked")
    public List<String> list(String key) {
        var value = known(key);
        return value == null ? List.of() : (List<String>) value;
    }

    /**
     * The addresses in a list of listeners, with names in upper case and hosts without brackets.
     *
     * @throws ConfigException if one is none
     */
    public List<Listener> listeners(String key) {
        return list(key).stream().map(text -> listener(key, text)).toList();
    }

    private static Listener listener(String key, String text) {
        var parts = ADDRESS.matcher(text);
        if (!parts.matches() || Integer.parseInt(parts.group(3)) > PORT_LIMIT) {
            throw new ConfigException(key + " has " + text
                    + ", but must be NAME://HOST:PORT, comma-separated");
        }
        var host = parts.group(2);
        var bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        return new Listener(parts.group(1).toUpperCase(Locale.ROOT), bare, Integer.parseInt(parts.group(3)));
    }

    /** The bound on memory for requests in work, in bytes. */
    public long requestMemoryBytes() {
        long asked = number("queued.max.request.bytes");
        return asked >= 0 ? asked : Math.max(REQUEST_MEMORY_BYTES, number("socket.request.max.bytes"));
    }

    /**
     * How many selector threads serve the connections on so many processors. More than there is work for cost
     * wake-ups: on two processors three of them take a tenth to a third more CPU for a small request than
     * one.
     */
    public int selectorThreads(int processors) {
        int asked = integer("num.network.threads");
        return asked > 0 ? asked : Math.clamp(processors / 2, 1, MOST_SELECTOR_THREADS);
    }

    /** All keys as DescribeConfigs tells them of this broker. */
    public List<ConfigValue> describe() {
        var described = new ArrayList<ConfigValue>();
        for (var key : KEYS.values()) {
            var value = inForce(key.name());
            described.add(ConfigValue.of(key, value == null ? null : key.parse(value), !key.dynamic(),
                    synonyms(key.name())));
        }
        return described;
    }

    /** What the metadata log sets for all brokers, for DescribeConfigs of the broker without a name. */
    public List<ConfigValue> describeAllBrokers() {
        var described = new ArrayList<ConfigValue>();
        for (var key : KEYS.values()) {
            var value = layers.get(Source.DYNAMIC_ALL_BROKERS).get(key.name());
            if (value != null) {
                described.add(ConfigValue.of(key, key.parse(value), false,
                        List.of(new Synonym(key.name(), value, Source.DYNAMIC_ALL_BROKERS))));
            }
        }
        return described;
    }

    /**
     * All places that set the key or one that stands in for it, the strongest first. As in Kafka those before
     * the first one of the key's own name are left out.
     */
    List<Synonym> synonyms(String name) {
        var names = new ArrayList<String>();
        names.add(name);
        names.addAll(KEYS.get(name).synonyms());
        names.sort(Comparator.comparing(BrokerConfig::unitMs));
        var found = new ArrayList<Synonym>();
        layers.forEach((source, layer) -> {
            for (var each : names) {
                boolean first = found.isEmpty() && !each.equals(name);
                if (layer.containsKey(each) && !first) {
                    found.add(new Synonym(each, layer.get(each), source));
                }
            }
        });
        return found;
    }

    /** What cannot stand together, as a sentence; null where all can. */
    private String contradiction() {
        if (requestMemoryBytes() < number("socket.request.max.bytes")) {
            return "queued.max.request.bytes is " + requestMemoryBytes()
                    + ", but must be -1 or at least socket.request.max.bytes, which is "
                    + number("socket.request.max.bytes");
        }
        if (number("log.cleaner.dedupe.buffer.size") / Math.max(1, number(CLEANER_THREADS)) <= 1 << 20) {
            return "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.";
        }
        if (number("log.retention.ms") == 0) {
            return "log.retention.ms must be unlimited (-1) or, greater than or equal to 1";
        }
        return contradictionOfGroups();
    }

    /** The order is that in which Apache Kafka looks at them. */
    private String contradictionOfGroups() {
        var heartbeat = "heartbeat.interval.ms";
        var session = "session.timeout.ms";
        for (var name : List.of(heartbeat, session)) {
            var own = "group.consumer." + name;
            var most = "group.consumer.max." + name;
            var error = number(most) < number("group.consumer.min." + name)
                    ? most + " must be greater than or equal to group.consumer.min." + name
                    : rangeError(own, name, number(own));
            if (error != null) {
                return error;
            }
        }
        return number("group.consumer." + heartbeat) < number("group.consumer." + session) ? null
                : "group.consumer." + heartbeat + " must be less than group.consumer." + session;
    }

    /** What is wrong with the value of a key that has the bounds group.consumer.min and max.{@code name}. */
    String rangeError(String key, String name, long value) {
        if (value < number("group.consumer.min." + name)) {
            return key + " must be greater than or equal to group.consumer.min." + name;
        }
        return value <= number("group.consumer.max." + name) ? null
                : key + " must be less than or equal to group.consumer.max." + name;
    }

    private static void refuse(String error) {
        if (error != null) {
            throw new ConfigException(error);
        }
    }

    /** What the strongest source sets for a key of this very name, or null. */
    private String inForce(String name) {
        for (var layer : layers.values()) {
            if (layer.containsKey(name)) {
                return layer.get(name);
            }
        }
        return null;
    }

    /** Only keys that end in .ms and .dirs take their synonyms' values; the others stand in for those. */
    private Object value(ConfigKey key) {
        var own = inForce(key.name());
        if (own != null) {
            return key.parse(own);
        }
        if (key.name().endsWith(".ms") || key.name().endsWith(".dirs")) {
            for (var synonym : key.synonyms()) {
                var text = inForce(synonym);
                if (text != null) {
                    var value = KEYS.get(synonym).parse(text);
                    boolean span = value instanceof Long count && count > 0;
                    return span ? (Long) value * unitMs(synonym) : value;
                }
            }
        }
        return null;
    }

    /** The parsed value of a key, its synonyms' where it is not set; null for none. */
    Object known(String key) {
        if (!KEYS.containsKey(key)) {
            throw new IllegalArgumentException("There is no key " + key);
        }
        return values.get(key);
    }

    private Object set(String key) {
        var value = known(key);
        if (value == null) {
            throw new IllegalArgumentException("The key " + key + " is not set");
        }
        return value;
    }

    private static Map<String, String> served(Map<String, String> set) {
        var served = new HashMap<>(set);
        served.keySet().retainAll(KEYS.keySet());
        return Map.copyOf(served);
    }

    private static long unitMs(String name) {
        return name.endsWith(".hours") ? 3_600_000 : name.endsWith(".minutes") ? 60_000 : 1;
    }
}
