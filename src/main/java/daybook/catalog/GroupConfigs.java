package daybook.catalog;

import daybook.catalog.ConfigValue.Source;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

import static daybook.catalog.ResourceKeys.served;

/**
 * The configuration of consumer groups (KIP-848): the table of its keys, what they may be, what holds where
 * they are not set. Whether a group is there does not matter: it may be configured before its first member
 * comes.
 */
public final class GroupConfigs {
    private static final String SESSION_TIMEOUT = "session.timeout.ms";
    private static final String HEARTBEAT_INTERVAL = "heartbeat.interval.ms";
    private static final String CONSUMER = "consumer.";

    /** The keys of the consumer protocol; Apache Kafka has others for share and streams groups. */
    public static final Map<String, ConfigKey> KEYS = ConfigKey.table(
            served(CONSUMER + SESSION_TIMEOUT, "group.consumer." + SESSION_TIMEOUT),
            served(CONSUMER + HEARTBEAT_INTERVAL, "group.consumer." + HEARTBEAT_INTERVAL));

    private static final ResourceKeys TABLE = new ResourceKeys(KEYS, Source.DYNAMIC_GROUP);

    /** What holds for a group of the consumer protocol. */
    public record Effective(int sessionTimeoutMs, int heartbeatIntervalMs) { }

    private GroupConfigs() { }

    /**
     * What is wrong with changes of the configuration of a group, in Kafka's words; null where nothing is.
     * Keys that another broker has set, and Daybook does not have, are left alone.
     *
     * @param brought the keys that are set
     * @param overrides all that is set for the group after that
     */
    public static String error(Map<String, String> brought, Map<String, String> overrides,
            BrokerConfig broker) {
        for (var name : brought.keySet()) {
            if (!KEYS.containsKey(name)) {
                return "Unknown group config name: " + name;
            }
        }
        var known = new HashMap<>(overrides);
        known.keySet().retainAll(KEYS.keySet());
        var error = ConfigKey.error(KEYS, known);
        for (var name : List.of(HEARTBEAT_INTERVAL, SESSION_TIMEOUT)) {
            error = error != null ? error : broker.rangeError(CONSUMER + name, name,
                    TABLE.number(CONSUMER + name, known, broker));
        }
        if (error != null) {
            return error;
        }
        return TABLE.number(CONSUMER + SESSION_TIMEOUT, known, broker)
                > TABLE.number(CONSUMER + HEARTBEAT_INTERVAL, known, broker) ? null
                : CONSUMER + SESSION_TIMEOUT + " must be greater than " + CONSUMER + HEARTBEAT_INTERVAL;
    }

    /** What holds for a group. Where the broker's bounds have moved since a value was set, the nearer one. */
    public static Effective effective(Map<String, String> overrides, BrokerConfig broker) {
        return new Effective(bounded(SESSION_TIMEOUT, overrides, broker),
                bounded(HEARTBEAT_INTERVAL, overrides, broker));
    }

    private static int bounded(String name, Map<String, String> overrides, BrokerConfig broker) {
        return Math.clamp(TABLE.number(CONSUMER + name, overrides, broker),
                broker.integer("group.consumer.min." + name), broker.integer("group.consumer.max." + name));
    }

    /** All keys as DescribeConfigs tells them of a group. */
    public static List<ConfigValue> describe(Map<String, String> overrides, BrokerConfig broker) {
        return TABLE.describe(overrides, broker);
    }
}
