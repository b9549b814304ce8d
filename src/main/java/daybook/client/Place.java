package daybook.client;

import daybook.wire.ErrorCode;

import java.util.Collection;
import java.util.concurrent.TimeUnit;

/** Which node has to be asked about a thing. */
interface Place<K> {
    /** No node in particular. */
    int ANYWHERE = -1;
    /**
     * A topic that was made a moment ago may not be known to all brokers yet; later it is believed unknown.
     */
    long SPREAD_NANOS = TimeUnit.SECONDS.toNanos(2);

    /**
     * The node to ask, or {@link #ANYWHERE}.
     *
     * @throws ClientException where that cannot be told
     */
    int node(K key);

    /** Is told what will be asked about, so that it need not learn of each thing alone. */
    default void learn(Collection<K> keys) { }

    /** Whether to ask again after this failure; forgets what may have proved wrong. */
    default boolean again(K key, ClientException failed) {
        return failed.retriable() && failed.error() != ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    }

    /** The leader of a partition, for one inquiry. */
    static Place<TopicPartition> leader(Cluster cluster) {
        long believedNanos = System.nanoTime() + SPREAD_NANOS;
        return new Place<>() {
            @Override
            public int node(TopicPartition partition) {
                return cluster.leader(partition);
            }

            @Override
            public void learn(Collection<TopicPartition> partitions) {
                var unknown = partitions.stream().map(TopicPartition::topic).distinct()
                        .filter(topic -> cluster.known(topic) == null).toList();
                if (!unknown.isEmpty()) {
                    cluster.metadata(unknown, false);
                }
            }

            @Override
            public boolean again(TopicPartition partition, ClientException failed) {
                cluster.forget(partition.topic());
                return failed.error() == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
                        ? System.nanoTime() - believedNanos < 0 : failed.retriable();
            }
        };
    }

    /** The coordinator of a group or a transactional id. */
    static Place<String> coordinator(Cluster cluster, Cluster.Coordinated kind) {
        return new Place<>() {
            @Override
            public int node(String key) {
                return cluster.coordinator(kind, key);
            }

            @Override
            public boolean again(String key, ClientException failed) {
                if (failed.retriable()) {
                    cluster.forget(kind, key);
                }
                return Place.super.again(key, failed);
            }
        };
    }

    /** For things that are where the one is that they belong to. */
    default <T> Place<T> of(K owner) {
        var place = this;
        return new Place<>() {
            @Override
            public int node(T key) {
                return place.node(owner);
            }

            @Override
            public boolean again(T key, ClientException failed) {
                return place.again(owner, failed);
            }
        };
    }
}
