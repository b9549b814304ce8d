package daybook;

import daybook.catalog.BrokerConfig;
import daybook.catalog.ConfigException;
import daybook.log.Disk;
import daybook.net.Listener;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What the broker was told when it was started: a file of properties under the arguments of the command line,
 * checked as a whole. What is wrong is a {@link ConfigException} with one plain sentence; what has no effect
 * is a warning.
 */
public final class Config {
    private final BrokerConfig broker;
    private final Map<String, Listener> listeners;
    private final Map<String, Listener> advertised;
    private final Set<String> warnings = new LinkedHashSet<>();

    private Config(Map<String, String> values) {
        for (var name : new TreeSet<>(values.keySet())) {
            if (!BrokerConfig.KEYS.containsKey(name)) {
                warnings.add("Daybook does not serve the key " + name + ": it has no effect");
            }
        }
        this.broker = BrokerConfig.of(values);
        this.listeners = named("listeners");
        this.advertised = named("advertised.listeners");
        checkListeners();
        checkAdvertised();
        checkDirectories(values);
        warnOfReplicas("default.replication.factor", "a topic must be made with 1");
        warnOfReplicas("offsets.topic.replication.factor", "the topic of offsets has 1");
        warnOfReplicas("transaction.state.log.replication.factor", "the topic of transactions has 1");
        warnOfReplicas("transaction.state.log.min.isr", "the topic of transactions needs 1");
    }

    /** A configuration of these keys; all others have their defaults. */
    public static Config of(Map<String, String> values) {
        return new Config(values);
    }

    /**
     * Reads the arguments {@code [FILE] [--KEY=VALUE | --override KEY=VALUE]...}; of a key given twice the
     * last one counts, and arguments count before the file.
     */
    public static Config load(List<String> arguments) {
        var values = new TreeMap<String, String>();
        String file = null;
        for (var rest = arguments.iterator(); rest.hasNext();) {
            var argument = rest.next();
            if (argument.equals("--override")) {
                put(values, argument, rest.hasNext() ? rest.next() : "");
            } else if (argument.startsWith("-")) {
                put(values, argument, argument.replaceFirst("^--", ""));
            } else if (file == null) {
                file = argument;
            } else {
                throw new ConfigException("There can be one file of configuration, but there are " + file
                        + " and " + argument);
            }
        }
        if (file != null) {
            properties(Disk.local(), Path.of(file)).forEach(values::putIfAbsent);
        }
        return new Config(values);
    }

    /** What files for several brokers ask for and one broker has not is clamped, or refused later. */
    private void warnOfReplicas(String key, String instead) {
        if (broker.number(key) > 1) {
            warnings.add(key + " is above 1, but Daybook stands alone: " + instead);
        }
    }

    private void checkDirectories(Map<String, String> values) {
        var directories = broker.list("log.dirs");
        if (directories.isEmpty() || directories.stream().anyMatch(String::isBlank)) {
            throw new ConfigException("log.dirs is '" + String.join(",", directories)
                    + "', but must be one or more directories, comma-separated");
        }
        if (values.containsKey("log.dirs") && values.containsKey("log.dir")) {
            warnings.add("log.dir has no effect, as log.dirs is set too");
        }
    }

    /** The keys with the values of the file and the command line. */
    BrokerConfig broker() {
        return broker;
    }

    /** Where to listen. */
    List<Listener> listeners() {
        return List.copyOf(listeners.values());
    }

    /**
     * Where a listener can be reached, as far as that is known without a client: what is advertised for it,
     * or else the address to which it is bound.
     */
    Listener advertised(Listener bound) {
        var told = advertised.get(bound.name());
        var host = told == null ? bound.host() : told.host();
        boolean all = host == null || host.isEmpty() || host.equals("0.0.0.0") || host.equals("::");
        return new Listener(bound.name(), all ? "localhost" : host, (told == null ? bound : told).port());
    }

    /** Sentences about keys that have no effect. */
    public List<String> warnings() {
        return List.copyOf(warnings);
    }

    private static void put(Map<String, String> values, String argument, String pair) {
        int equals = pair.indexOf('=');
        if (equals < 1) {
            throw new ConfigException("The argument " + argument
                    + " must name a key and its value: --KEY=VALUE");
        }
        values.put(pair.substring(0, equals).strip(), pair.substring(equals + 1).strip());
    }

    private static Map<String, String> properties(Disk disk, Path file) {
        if (!disk.exists(file)) {
            throw new ConfigException("There is no file " + file);
        }
        try {
            var properties = disk.properties(file);
            var values = new HashMap<String, String>();
            properties.stringPropertyNames()
                    .forEach(name -> values.put(name, properties.getProperty(name).strip()));
            return values;
        } catch (IOException | IllegalArgumentException unreadable) {
            throw new ConfigException("The file " + file + " cannot be read: " + unreadable.getMessage());
        }
    }

    /** The listeners of a key by their names, in its order, without those of Kafka's controller. */
    private Map<String, Listener> named(String key) {
        var controllers = broker.list("controller.listener.names");
        var named = new LinkedHashMap<String, Listener>();
        for (var listener : broker.listeners(key)) {
            if (controllers.contains(listener.name())) {
                warnings.add("The listener " + listener.name()
                        + " is not opened: Daybook's controller is inside of the process");
            } else if (named.put(listener.name(), listener) != null) {
                throw new ConfigException(key + " has the name " + listener.name()
                        + " twice: each must have its own");
            }
        }
        return named;
    }

    private void checkListeners() {
        if (listeners.isEmpty()) {
            throw new ConfigException("listeners names nothing to open; it must be NAME://HOST:PORT,...");
        }
        var protocols = protocols();
        var addresses = new HashSet<String>();
        for (var listener : listeners.values()) {
            var protocol = protocols.getOrDefault(listener.name(), "none");
            if (!protocol.equals("PLAINTEXT")) {
                throw new ConfigException("listeners has " + listener
                        + ", but listener.security.protocol.map gives " + listener.name() + " the protocol "
                        + protocol + "; Daybook serves only PLAINTEXT");
            }
            var address = listener.host() + ":" + listener.port();
            if (listener.port() != 0 && !addresses.add(address)) {
                throw new ConfigException("listeners has the address " + address + " twice");
            }
        }
    }

    private void checkAdvertised() {
        for (var told : advertised.values()) {
            if (!listeners.containsKey(told.name())) {
                throw new ConfigException("advertised.listeners has " + told + ", but listeners has no "
                        + told.name());
            }
            if (told.port() == 0 || told.host().equals("0.0.0.0") || told.host().equals("::")) {
                throw new ConfigException("advertised.listeners has " + told
                        + ", to which no client can connect");
            }
        }
    }

    private Map<String, String> protocols() {
        var protocols = new HashMap<String, String>();
        for (var pair : broker.text("listener.security.protocol.map").split(",")) {
            int colon = pair.indexOf(':');
            if (colon < 1) {
                throw new ConfigException("listener.security.protocol.map has " + pair
                        + ", but must be NAME:PROTOCOL");
            }
            var name = pair.substring(0, colon).strip().toUpperCase(Locale.ROOT);
            protocols.put(name, pair.substring(colon + 1).strip().toUpperCase(Locale.ROOT));
        }
        return protocols;
    }
}
