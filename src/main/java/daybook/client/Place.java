package daybook.client;

import daybook.client.Cluster.Coordinated;
import daybook.wire.ErrorCode;

import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;

/**
 * Which node has to be asked about a thing.
 *
 * @param learn is told what will be asked about, so that each thing need not be looked up alone
 * @param node the node's number, or {@link #ANYWHERE}; a ClientException where that cannot be told
 * @param again whether to ask again after this failure; forgets what may have proved wrong
 */
record Place<K>(Consumer<Collection<K>> learn, ToIntFunction<K> node, BiPredicate<K, ClientException> again) {
    /** No node in particular. */
    static final int ANYWHERE = -1;
    /**
     * A topic that was made a moment ago may not be known to all brokers yet; later it is believed unknown.
     */
    private static final long SPREAD_NANOS = TimeUnit.SECONDS.toNanos(2);

    static <K> Place<K> anywhere() {
        return of(key -> ANYWHERE);
    }

    static <K> Place<K> of(ToIntFunction<K> node) {
        return new Place<>(keys -> { }, node, (key, failed) ->
                mayPass(failed) && failed.error() != ErrorCode.BROKER_NOT_AVAILABLE);
    }

    private static boolean mayPass(ClientException failed) {
        return failed.retriable() && failed.error() != ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    }

    /** Asks for all topics at once of which nothing is known. */
    static void learn(Cluster cluster, Stream<String> topics) {
        var unknown = topics.distinct().filter(topic -> cluster.known(topic) == null).toList();
        if (!unknown.isEmpty()) {
            cluster.metadata(unknown, false);
        }
    }

    /** The leader of a partition, for one inquiry. */
    static Place<TopicPartition> leader(Cluster cluster) {
        long believedNanos = System.nanoTime() + SPREAD_NANOS;
        return new Place<>(partitions -> learn(cluster, partitions.stream().map(TopicPartition::topic)),
                cluster::leader, (partition, failed) -> {
            cluster.forget(partition.topic());
            return mayPass(failed) || failed.error() == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
                    && System.nanoTime() - believedNanos < 0;
        });
    }

    /** The coordinator of a group or a transactional id. */
    static Place<String> coordinator(Cluster cluster, Coordinated kind) {
        return new Place<>(keys -> { }, key -> cluster.coordinator(kind, key), (key, failed) -> {
            if (failed.retriable()) {
                cluster.forget(kind, key);
            }
            return mayPass(failed);
        });
    }

    /** For things that are where the one is that they belong to. */
    <T> Place<T> owned(K owner) {
        return new Place<>(keys -> { }, key -> node.applyAsInt(owner),
                (key, failed) -> again.test(owner, failed));
    }
}
