package daybook.catalog;

import java.util.Map;

/** What a configuration belongs to. An empty name of a broker stands for all brokers. */
public record ConfigResource(Type type, String name) {
    /** As a record has it by itself, but for that the JVM would first make code, in every start. */
    @Override
    public boolean equals(Object other) {
        return other instanceof ConfigResource that && type == that.type && name.equals(that.name);
    }

    @Override
    public int hashCode() {
        return 31 * type.hashCode() + name.hashCode();
    }

    /** The table of the keys that such resources have; empty where Daybook has none. */
    public Map<String, ConfigKey> keys() {
        return switch (type) {
            case TOPIC -> TopicConfigs.KEYS;
            case BROKER -> BrokerConfig.KEYS;
            case GROUP -> GroupConfigs.KEYS;
            case UNKNOWN, BROKER_LOGGER, CLIENT_METRICS -> Map.of();
        };
    }

    /** The kinds of resources, by their numbers in requests and in ConfigRecord. */
    public enum Type {
        UNKNOWN(0), TOPIC(2), BROKER(4), BROKER_LOGGER(8), CLIENT_METRICS(16), GROUP(32);

        private final byte id;

        Type(int id) {
            this.id = (byte) id;
        }

        public byte id() {
            return id;
        }

        /** The type with this number; {@link #UNKNOWN} where there is none. */
        public static Type of(int id) {
            for (var type : values()) {
                if (type.id == id) {
                    return type;
                }
            }
            return UNKNOWN;
        }
    }

    /** The configuration of a group, which need not be there. */
    public static ConfigResource group(String id) {
        return new ConfigResource(Type.GROUP, id);
    }

    public static ConfigResource topic(String name) {
        return new ConfigResource(Type.TOPIC, name);
    }

    /** The configuration that all brokers share. */
    public static ConfigResource allBrokers() {
        return new ConfigResource(Type.BROKER, "");
    }

    public static ConfigResource broker(int nodeId) {
        return new ConfigResource(Type.BROKER, Integer.toString(nodeId));
    }
}
