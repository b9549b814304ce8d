package daybook.catalog;

/** What a configuration belongs to. An empty name of a broker stands for all brokers. */
public record ConfigResource(Type type, String name) {
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
