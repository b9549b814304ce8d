package daybook.txn;

import daybook.catalog.BrokerConfig;
import daybook.catalog.Catalog;
import daybook.coordinator.Coordinator;
import daybook.coordinator.Decision;
import daybook.coordinator.Shard;
import daybook.group.GroupRecord;
import daybook.group.Groups;
import daybook.log.Logs;
import daybook.log.PartitionLog;
import daybook.log.TopicPartition;
import daybook.record.TransactionMarker;
import daybook.txn.Transactions.Found;
import daybook.txn.Transactions.Listed;
import daybook.wire.ErrorCode;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.Supplier;

/**
 * What may be asked of transactions. Any virtual thread may call; an answer comes when what it rests on is on
 * the disk.
 */
public final class TransactionCoordinator implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("daybook.txn");

    private final Catalog catalog;
    private final Supplier<BrokerConfig> config;
    private final Coordinator<Transactions, TransactionRecord> shards;
    private final Endings endings;

    /** @param steady milliseconds that never jump, for deadlines */
    public TransactionCoordinator(Logs logs, Catalog catalog, Coordinator<Groups, GroupRecord> groups,
            Supplier<BrokerConfig> config, InstantSource clock, InstantSource steady) {
        this.catalog = catalog;
        this.config = config;
        var surroundings = new Transactions.Surroundings(catalog::image, config, clock, this::end,
                this::expire);
        this.shards = new Coordinator<>(Transactions.TOPIC, TransactionRecord.FORMAT,
                () -> new Transactions(surroundings), logs, catalog, clock, steady);
        this.endings = new Endings(catalog, logs, groups, shards);
    }

    /** Begins to load; the logs are open. */
    public void start() {
        shards.start();
    }

    @Override
    public void close() {
        endings.close();
        shards.close();
    }

    private void end(String id) {
        endings.begin(id);
    }

    private void expire(String id, long startMs) {
        Thread.ofVirtual().name("daybook-expire-" + id).start(() -> {
            var aborted = identity(id, freshId -> (state, nowMs) -> state.expire(id, startMs, freshId));
            if (aborted.error() == ErrorCode.CONCURRENT_TRANSACTIONS) {
                LOG.log(Level.INFO, "The transaction of {0} is aborted, for it took longer than its timeout",
                        id);
            }
        });
    }

    /** Who asks while the transaction before is being ended waits for that. */
    private <T> T ask(String id, Function<ErrorCode, T> refused,
            Shard.Event<Transactions, TransactionRecord, T> event) {
        endings.await(id, config.get().integer("add.partitions.to.txn.retry.backoff.max.ms"));
        return shards.ask(id, refused, event).await();
    }

    /** Asks; where that wants a producer id that was never given out, draws one and asks again. */
    private Identity identity(String id,
            LongFunction<Shard.Event<Transactions, TransactionRecord, Identity>> event) {
        var identity = ask(id, Identity::refused, event.apply(Transaction.NO_ID));
        if (identity != Identity.WANTS_ID) {
            return identity;
        }
        var fresh = fresh();
        return fresh.error() != ErrorCode.NONE ? fresh
                : ask(id, Identity::refused, event.apply(fresh.producerId()));
    }

    /** A producer that nobody was before. */
    public Identity fresh() {
        try {
            return Identity.of(catalog.producerId(), 0);
        } catch (IOException failed) {
            LOG.log(Level.WARNING, "A producer got no id: {0}", failed.getMessage());
            return Identity.refused(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
        }
    }

    /**
     * Gives the producer of a transactional id an identity that no other has, which shuts out the one before.
     *
     * @param known what the producer says that it is; -1 and -1 where it says nothing
     */
    public Identity identify(String id, int timeoutMs, Identity known) {
        if (timeoutMs <= 0 || timeoutMs > config.get().integer("transaction.max.timeout.ms")) {
            return Identity.refused(ErrorCode.INVALID_TRANSACTION_TIMEOUT);
        }
        return identity(id, freshId -> (state, nowMs) -> state.identify(id, timeoutMs, known, freshId));
    }

    /**
     * Adds partitions to the producer's transaction, all or none.
     *
     * @param open called while they are added, at a moment when the markers of the transaction before are
     *     all written and none of this one is: where a log ends then, it was verified from. It must not block
     */
    public ErrorCode add(String id, Identity producer, Collection<TopicPartition> partitions,
            int clientVersion, Runnable open) {
        return ask(id, error -> error, (state, nowMs) -> {
            open.run();
            return state.add(id, producer, partitions, clientVersion, nowMs);
        });
    }

    /**
     * Says of each partition why it is not in the producer's transaction, or NONE.
     *
     * @param open as {@link #add} calls it
     */
    public Map<TopicPartition, ErrorCode> verify(String id, Identity producer,
            Collection<TopicPartition> partitions, Runnable open) {
        return ask(id, error -> all(partitions, error), (state, nowMs) -> {
            open.run();
            return state.verify(id, producer, partitions);
        });
    }

    private static Map<TopicPartition, ErrorCode> all(Collection<TopicPartition> partitions,
            ErrorCode error) {
        var errors = new HashMap<TopicPartition, ErrorCode>();
        partitions.forEach(partition -> errors.put(partition, error));
        return errors;
    }

    /**
     * Ends the producer's transaction. It is decided when this returns; what reads committed records sees it
     * once the markers are written.
     *
     * @return who the producer is in its next transaction
     */
    public Identity end(String id, Identity producer, boolean commit, int clientVersion) {
        return identity(id, freshId -> (state, nowMs) ->
                state.end(id, producer, commit, clientVersion, freshId));
    }

    /**
     * Ends a producer's transaction in one log, whatever its coordinator says of it.
     *
     * @return waits until the marker is on the disk; why it is not, or NONE
     */
    public Supplier<ErrorCode> mark(PartitionLog log, long producerId, short producerEpoch,
            TransactionMarker marker, int transactionVersion) {
        return endings.append(log, producerId, producerEpoch, marker, transactionVersion);
    }

    /** Whether the transaction of this id is decided, and may be open still in some of its partitions. */
    public boolean ends(String id) {
        return endings.running(id);
    }

    /** The transaction of this id. */
    public Found find(String id) {
        return shards.ask(id, error -> new Found(error, null),
                (state, nowMs) -> Decision.answer(state.find(id))).await();
    }

    /** All transactions that this broker coordinates. */
    public Listed list() {
        var all = new ArrayList<TransactionRecord>();
        for (int i = 0; i < shards.partitions(); i++) {
            var listed = shards.ask(i, error -> new Listed(error, List.of()),
                    (state, nowMs) -> Decision.answer(state.list())).await();
            if (listed.error() != ErrorCode.NONE) {
                return listed;
            }
            all.addAll(listed.transactions());
        }
        return new Listed(ErrorCode.NONE, all);
    }
}
