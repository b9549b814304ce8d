package daybook.client;

import daybook.client.Cluster.Coordinated;
import daybook.client.Inquiry.Answer;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The transactions of a cluster, as an {@link Admin} sees and ends them. */
public final class Transactions {
    /**
     * A transactional id in a list.
     *
     * @param state as the broker calls it: Empty, Ongoing, PrepareCommit, CompleteAbort...
     */
    public record Listed(String transactionalId, long producerId, String state) { }

    /**
     * A transactional id and its last transaction.
     *
     * @param state as the broker calls it
     * @param timeoutMs after so long the coordinator aborts it
     * @param startMs when it began, in milliseconds since 1970; -1 where none is open
     * @param partitions that it has written to, and of groups' offsets
     */
    public record Transaction(String transactionalId, String state, int timeoutMs, long startMs,
            long producerId, short producerEpoch, List<TopicPartition> partitions) { }

    /**
     * A producer that has written to a partition.
     *
     * @param lastTimestampMs of its last record, in milliseconds since 1970; -1 where it has none
     * @param coordinatorEpoch of the last marker; -1 where there was none
     * @param startOffset where its open transaction begins; -1 where it has none
     */
    public record ActiveProducer(long producerId, int producerEpoch, int lastSequence, long lastTimestampMs,
            int coordinatorEpoch, long startOffset) {
        /** Whether it has an open transaction in the partition. */
        public boolean open() {
            return startOffset >= 0;
        }
    }

    /** What a producer has got that takes a transactional id over. */
    public record Fenced(long producerId, short producerEpoch) { }

    private final Cluster cluster;
    private final Place<String> coordinator;

    Transactions(Cluster cluster) {
        this.cluster = cluster;
        this.coordinator = Place.coordinator(cluster, Coordinated.TRANSACTION);
    }

    /** All transactional ids, in order. */
    public Map<String, Listed> list() {
        return list(List.of(), List.of());
    }

    /**
     * Transactional ids, in order.
     *
     * @param states only those in one of these; all where it is empty
     * @param producerIds only those of one of these; all where it is empty
     */
    public Map<String, Listed> list(Collection<String> states, Collection<Long> producerIds) {
        var transactions = new TreeMap<String, Listed>();
        cluster.everywhere(Call.LIST_TRANSACTIONS, out -> out.strings(states)
                .array(producerIds, (each, id) -> each.int64(id)).tags(), in -> {
                    in.int32();
                    ClientException.check(ErrorCode.of(in.int16()), "listing transactions");
                    in.array(Reader::string);
                    return in.structs(each -> new Listed(each.string(), each.int64(), each.string()));
                }).forEach(listed -> transactions.put(listed.transactionalId, listed));
        return transactions;
    }

    /** Transactional ids and their transactions. */
    public Outcomes<String, Transaction> describe(Collection<String> transactionalIds) {
        return Inquiry.of(cluster, Call.DESCRIBE_TRANSACTIONS, transactionalIds, coordinator,
                (out, some) -> out.strings(some).tags(),
                Inquiry.each(in -> {
                    var error = ErrorCode.of(in.int16());
                    var transaction = new Transaction(in.string(), in.string(), in.int32(), in.int64(),
                            in.int64(), in.int16(), ByTopic.numbers(in));
                    return new Answer<>(transaction.transactionalId, error, transaction);
                }));
    }

    /** The producers that partitions remember. */
    public Outcomes<TopicPartition, List<ActiveProducer>> producers(Collection<TopicPartition> partitions) {
        return Inquiry.of(cluster, Call.DESCRIBE_PRODUCERS, partitions, Place.leader(cluster),
                (out, some) -> ByTopic.numbers(out, some).tags(),
                Inquiry.eachPartition((partition, in) -> new Answer<>(partition, ErrorCode.of(in.int16()),
                        in.nullableString(), in.structs(Transactions::producer))));
    }

    private static ActiveProducer producer(Reader in) {
        return new ActiveProducer(in.int64(), in.int32(), in.int32(), in.int64(), in.int32(), in.int64());
    }

    /**
     * Ends a producer's transaction in a partition whatever its coordinator knows of it: it is aborted there.
     * For a transaction that hangs; of another it breaks the atomicity.
     */
    public void abort(TopicPartition partition, ActiveProducer producer) {
        Inquiry.of(cluster, Call.WRITE_TXN_MARKERS, List.of(partition), Place.leader(cluster),
                (out, some) -> out.structs(List.of(producer), (each, one) -> ByTopic
                        .numbers(each.int64(one.producerId).int16(one.producerEpoch).bool(false), some)
                        .int32(Math.max(0, one.coordinatorEpoch))).tags(),
                in -> in.structs(Transactions::marked).stream().flatMap(List::stream).toList()).all();
    }

    private static List<Answer<TopicPartition, Boolean>> marked(Reader in) {
        in.int64();
        return ByTopic.read(in, (partition, each) ->
                new Answer<>(partition, ErrorCode.of(each.int16()), true));
    }

    /**
     * Takes transactional ids over from the producers that have them: what these have open is aborted, and
     * what they send from now on is refused.
     */
    public Outcomes<String, Fenced> fence(Collection<String> transactionalIds) {
        return Outcomes.each(transactionalIds, id -> {
            var identity = cluster.coordinated(Coordinated.TRANSACTION, id, connection ->
                    Identity.NONE.ask(connection, id, cluster.settings().requestTimeoutMs()));
            return new Fenced(identity.id(), identity.epoch());
        });
    }

    /**
     * Open transactions in partitions that nobody will end: no coordinator has them among its own.
     *
     * @param olderThanMs only those whose last record is older; a younger one may just be about to be known
     * @param nowMs what their age is told from
     */
    public Map<TopicPartition, List<ActiveProducer>> hanging(Collection<TopicPartition> partitions,
            long olderThanMs, long nowMs) {
        var hanging = new TreeMap<TopicPartition, List<ActiveProducer>>();
        producers(partitions).all().forEach((partition, producers) -> {
            var old = producers.stream()
                    .filter(each -> each.open() && nowMs - each.lastTimestampMs > olderThanMs).toList();
            if (!old.isEmpty()) {
                hanging.put(partition, new ArrayList<>(old));
            }
        });
        var producerIds = hanging.values().stream().flatMap(List::stream)
                .map(ActiveProducer::producerId).collect(Collectors.toSet());
        for (var known : known(producerIds)) {
            hanging.forEach((partition, producers) -> producers.removeIf(each ->
                    each.producerId == known.producerId && known.partitions.contains(partition)));
        }
        hanging.values().removeIf(List::isEmpty);
        return hanging;
    }

    /** What the coordinators know of these producers. */
    private Collection<Transaction> known(Collection<Long> producerIds) {
        if (producerIds.isEmpty()) {
            return List.of();
        }
        var described = describe(list(List.of(), producerIds).keySet());
        described.errors().values().forEach(failed -> {
            if (failed.error() != ErrorCode.TRANSACTIONAL_ID_NOT_FOUND) {
                throw failed;
            }
        });
        return described.values().values();
    }
}
