package daybook.client;

import java.util.List;
import java.util.TreeMap;

/**
 * Sees and changes what a cluster has: topics, configurations, offsets, groups, transactions. Its methods
 * block until the brokers have answered, and are for any number of threads.
 *
 * <p>Requests go to the brokers that they are for, and are tried again while they fail with what may go well
 * another time. What fails for all that was asked is a {@link ClientException} that is thrown; what some of
 * it may fail with alone is in the {@link Outcomes}.
 */
public final class Admin implements AutoCloseable {
    private final Cluster cluster;

    private Admin(Settings settings) {
        this.cluster = new Cluster(settings);
    }

    /** @param bootstrapServers where to begin: {@code host:port}, comma-separated */
    public static Builder builder(String bootstrapServers) {
        return new Builder(bootstrapServers);
    }

    /** What an admin is made from. */
    public static final class Builder {
        private final String bootstrap;
        private String clientId = "daybook-admin";
        private int requestTimeoutMs = Settings.REQUEST_TIMEOUT_MS;
        private int apiTimeoutMs = Settings.API_TIMEOUT_MS;

        private Builder(String bootstrap) {
            this.bootstrap = bootstrap;
        }

        /** What the brokers are told that the client is called. */
        public Builder clientId(String id) {
            this.clientId = id;
            return this;
        }

        /** A broker that does not answer for so long is given up. */
        public Builder requestTimeoutMs(int ms) {
            this.requestTimeoutMs = ms;
            return this;
        }

        /** How long is tried again what may go well another time. */
        public Builder apiTimeoutMs(int ms) {
            this.apiTimeoutMs = ms;
            return this;
        }

        /**
         * Connects to the first of the brokers that answers.
         *
         * @throws ClientException NETWORK_EXCEPTION where none does
         * @throws IllegalArgumentException if the addresses are none
         */
        public Admin open() {
            var admin = new Admin(new Settings(bootstrap, clientId, requestTimeoutMs, apiTimeoutMs));
            try {
                admin.cluster.any();
                return admin;
            } catch (ClientException unreachable) {
                admin.close();
                throw unreachable;
            }
        }
    }

    public Topics topics() {
        return new Topics(cluster);
    }

    public Configs configs() {
        return new Configs(cluster);
    }

    public Offsets offsets() {
        return new Offsets(cluster);
    }

    public Groups groups() {
        return new Groups(cluster);
    }

    public Transactions transactions() {
        return new Transactions(cluster);
    }

    /** The cluster as a whole. */
    public ClusterInfo cluster() {
        return cluster.retried(() -> {
            var metadata = cluster.metadata(List.of(), false);
            return new ClusterInfo(metadata.clusterId(), metadata.controller(),
                    new TreeMap<>(metadata.nodes()), cluster.any().features());
        });
    }

    @Override
    public void close() {
        cluster.close();
    }
}
