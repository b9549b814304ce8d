package daybook.txn;

import daybook.catalog.BrokerConfig;
import daybook.catalog.Features;
import daybook.catalog.Image;
import daybook.coordinator.Deadlines;
import daybook.coordinator.Decision;
import daybook.coordinator.State;
import daybook.log.TopicPartition;
import daybook.wire.ErrorCode;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** The state of one shard: the transactional ids that belong there, each with its transaction. */
public final class Transactions implements State<TransactionRecord> {
    /** The topic whose partitions are the shards. */
    public static final String TOPIC = "__transaction_state";

    /**
     * What the transactions of all shards look at and do not change.
     *
     * @param clock the time of day, for records
     * @param end told of each transactional id whose transaction is decided, under the lock of the shard
     */
    record Surroundings(Supplier<Image> image, Supplier<BrokerConfig> config, InstantSource clock,
            Consumer<String> end) { }

    /** A transaction, or why it is not told. */
    public record Found(ErrorCode error, Transaction transaction) { }

    /** Transactions, or why they are not told. */
    public record Listed(ErrorCode error, List<TransactionRecord> transactions) { }

    /** How a producer came to its present epoch: who asks again from the one before gets it again. */
    private record Raise(int from, int to) { }

    /** How long is waited before what was due, and could not be written, is tried again. */
    private static final long RETRY_MS = 1_000;
    /** As many expired ids as are forgotten in one batch. */
    private static final int EXPIRED_AT_ONCE = 1_000;

    private final Surroundings surroundings;
    private final Map<String, Transaction> transactions = new HashMap<>();
    /** Only in memory, as in Apache Kafka: after a start a producer that asks again is fenced. */
    private final Map<String, Raise> raises = new HashMap<>();
    /** When a transaction has taken too long, by transactional id. */
    private final Deadlines<String> timeouts = new Deadlines<>();
    private long expiryDueMs;
    /** Whether the log is replayed, and events come. */
    private boolean loaded;

    Transactions(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    private long timeMs() {
        return surroundings.clock().millis();
    }

    // Events.

    /**
     * Gives the id's producer an identity under which nobody else writes. A transaction that was left open is
     * aborted first, and who asks is to come again.
     *
     * @param known what the producer says that it is, with -1 where it says nothing
     * @param freshId a producer id that was never given out; -1 where none was drawn
     */
    Decision<TransactionRecord, Identity> identify(String id, int timeoutMs, Identity known,
            long freshId) {
        var transaction = transactions.get(id);
        if (transaction == null) {
            return freshId == Transaction.NO_ID ? Decision.answer(Identity.WANTS_ID)
                    : identify(id, Transaction.first(freshId, timeoutMs, timeMs()));
        }
        if (!mayBe(transaction, known)) {
            return Decision.answer(Identity.refused(ErrorCode.PRODUCER_FENCED));
        }
        if (transaction.ends()) {
            return Decision.answer(Identity.refused(ErrorCode.CONCURRENT_TRANSACTIONS));
        }
        if (transaction.status() == TransactionStatus.ONGOING) {
            return fence(id, transaction, Identity.refused(ErrorCode.CONCURRENT_TRANSACTIONS));
        }
        return raise(id, transaction, timeoutMs, known.producerEpoch(), freshId);
    }

    /** Whether the producer may go on: it is the id's last one, or was before its epochs were used up. */
    private static boolean mayBe(Transaction transaction, Identity known) {
        long producerId = known.producerId();
        return producerId == Transaction.NO_ID || producerId == transaction.producerId()
                || producerId == transaction.previousProducerId()
                && Transaction.exhausted(known.producerEpoch());
    }

    private Decision<TransactionRecord, Identity> raise(String id, Transaction transaction, int timeoutMs,
            int knownEpoch, long freshId) {
        int epoch = transaction.producerEpoch();
        boolean says = knownEpoch != Transaction.NO_EPOCH;
        boolean another = Transaction.exhausted(epoch) && (!says || knownEpoch == epoch);
        if (another && freshId == Transaction.NO_ID) {
            return Decision.answer(Identity.WANTS_ID);
        }
        int next = another ? 0 : epoch + 1;
        if (says && knownEpoch != epoch) {
            if (!new Raise(knownEpoch, epoch).equals(raises.get(id))) {
                return Decision.answer(Identity.refused(ErrorCode.PRODUCER_FENCED));
            }
            next = epoch;
        } else if (says) {
            raises.put(id, new Raise(epoch, next));
        } else {
            raises.remove(id);
        }
        return identify(id, transaction.identified(another ? freshId : transaction.producerId(), next,
                timeoutMs, timeMs()));
    }

    private static Decision<TransactionRecord, Identity> identify(String id, Transaction identified) {
        return Decision.answer(List.of(new TransactionRecord(id, identified)), identified.identity());
    }

    /** Adds partitions to the producer's transaction, which begins with the first of them. */
    Decision<TransactionRecord, ErrorCode> add(String id, Identity producer,
            Collection<TopicPartition> partitions, int clientVersion, long nowMs) {
        var transaction = transactions.get(id);
        var error = error(transaction, producer);
        boolean ongoing = error == ErrorCode.NONE && transaction.status() == TransactionStatus.ONGOING;
        if (error != ErrorCode.NONE || ongoing && transaction.partitions().containsAll(partitions)) {
            return Decision.answer(error);
        }
        var with = transaction.with(partitions, clientVersion, timeMs());
        var decision = Decision.answer(List.of(new TransactionRecord(id, with)), ErrorCode.NONE);
        if (ongoing) {
            return decision;
        }
        timeouts.set(id, nowMs + transaction.timeoutMs());
        return decision.orElse(refused -> timeouts.cancel(id));
    }

    /** Says of each partition whether it is in the producer's transaction. */
    Decision<TransactionRecord, Map<TopicPartition, ErrorCode>> verify(String id, Identity producer,
            Collection<TopicPartition> partitions) {
        var transaction = transactions.get(id);
        var error = error(transaction, producer);
        var errors = new HashMap<TopicPartition, ErrorCode>();
        for (var partition : partitions) {
            boolean missing = error == ErrorCode.NONE && !transaction.partitions().contains(partition);
            errors.put(partition, missing ? ErrorCode.TRANSACTION_ABORTABLE : error);
        }
        return Decision.answer(errors);
    }

    /** Why the producer cannot write in a transaction of this id now, or NONE. */
    private static ErrorCode error(Transaction transaction, Identity producer) {
        var error = idError(transaction, producer);
        return error == ErrorCode.NONE && transaction.ends() ? ErrorCode.CONCURRENT_TRANSACTIONS : error;
    }

    /** NONE where the producer is the one that the id has. */
    private static ErrorCode idError(Transaction transaction, Identity producer) {
        if (transaction == null || transaction.producerId() != producer.producerId()) {
            return ErrorCode.INVALID_PRODUCER_ID_MAPPING;
        }
        boolean current = transaction.producerEpoch() == producer.producerEpoch();
        return current ? ErrorCode.NONE : ErrorCode.PRODUCER_FENCED;
    }

    /**
     * Decides how the producer's transaction ends. Where each transaction has an epoch of its own, who comes
     * with the one before asks of what was decided already; and one that has not begun may be aborted, for
     * the next epoch.
     *
     * @param clientVersion below {@link Transaction#EPOCH_EACH} the producer keeps its epoch
     * @param freshId a producer id that was never given out; -1 where none was drawn
     */
    Decision<TransactionRecord, Identity> end(String id, Identity producer, boolean commit,
            int clientVersion, long freshId) {
        var transaction = transactions.get(id);
        boolean epochEach = clientVersion >= Transaction.EPOCH_EACH;
        boolean behind = epochEach && transaction != null && isOneBehind(transaction, producer);
        var error = behind ? ErrorCode.NONE : idError(transaction, producer);
        if (error != ErrorCode.NONE) {
            return Decision.answer(Identity.refused(error));
        }
        boolean ongoing = transaction.status() == TransactionStatus.ONGOING;
        boolean empty = transaction.status() == TransactionStatus.EMPTY;
        if (behind ? ongoing || empty : epochEach && transaction.ends()) {
            return Decision.answer(Identity.refused(ErrorCode.PRODUCER_FENCED));
        }
        if (!ongoing && (behind || !epochEach)) {
            return Decision.answer(again(transaction, commit));
        }
        if (!ongoing && commit) {
            return Decision.answer(Identity.refused(ErrorCode.INVALID_TXN_STATE));
        }
        boolean last = epochEach && Transaction.exhausted(transaction.producerEpoch());
        if (last && freshId == Transaction.NO_ID) {
            return Decision.answer(Identity.WANTS_ID);
        }
        var ending = transaction.ending(commit, clientVersion, last ? freshId : Transaction.NO_ID, timeMs());
        if (epochEach) {
            raises.put(id, new Raise(transaction.producerEpoch(), ending.identity().producerEpoch()));
        }
        return Decision.answer(List.of(new TransactionRecord(id, ending)), ending.identity());
    }

    /** Whether the producer has the identity that the id had until its last transaction was decided. */
    private static boolean isOneBehind(Transaction transaction, Identity producer) {
        int epoch = producer.producerEpoch();
        return producer.producerId() == transaction.producerId() ? epoch == transaction.producerEpoch() - 1
                : producer.producerId() == transaction.previousProducerId() && Transaction.exhausted(epoch)
                && transaction.producerEpoch() == 0;
    }

    /** What who asks again is told of a transaction that was decided. */
    private static Identity again(Transaction transaction, boolean commit) {
        return switch (transaction.status()) {
            case PREPARE_COMMIT, PREPARE_ABORT -> Identity.refused(
                    commit == (transaction.status() == TransactionStatus.PREPARE_COMMIT)
                    ? ErrorCode.CONCURRENT_TRANSACTIONS : ErrorCode.INVALID_TXN_STATE);
            case COMPLETE_COMMIT, COMPLETE_ABORT ->
                commit == (transaction.status() == TransactionStatus.COMPLETE_COMMIT)
                    ? transaction.identity() : Identity.refused(ErrorCode.INVALID_TXN_STATE);
            default -> Identity.refused(ErrorCode.INVALID_TXN_STATE);
        };
    }

    /** Takes the transaction from its producer, whose epoch holds no more, and aborts it. */
    private <T> Decision<TransactionRecord, T> fence(String id, Transaction transaction, T answer) {
        int version = Features.transactionVersion(surroundings.image().get());
        var ending = transaction.fenced(version, timeMs());
        raises.put(id, new Raise(transaction.producerEpoch(), ending.producerEpoch()));
        return Decision.answer(List.of(new TransactionRecord(id, ending)), answer);
    }

    /** The transaction of this id. */
    Found find(String id) {
        var transaction = transactions.get(id);
        return new Found(transaction == null ? ErrorCode.TRANSACTIONAL_ID_NOT_FOUND : ErrorCode.NONE,
                transaction);
    }

    /** All of the shard. */
    Listed list() {
        var all = new ArrayList<TransactionRecord>(transactions.size());
        transactions.forEach((id, transaction) -> all.add(new TransactionRecord(id, transaction)));
        return new Listed(ErrorCode.NONE, all);
    }

    /** The markers of this transaction are on the disk; so it has ended, if it was not ended before. */
    Decision<TransactionRecord, ErrorCode> ended(String id, Transaction ending) {
        var records = ending.equals(transactions.get(id))
                ? List.of(new TransactionRecord(id, ending.ended(timeMs()))) : List.<TransactionRecord>of();
        return Decision.answer(records, ErrorCode.NONE);
    }

    // State.

    @Override
    public void replay(TransactionRecord record) {
        var id = record.transactionalId();
        var transaction = record.transaction();
        if (transaction == null) {
            transactions.remove(id);
            raises.remove(id);
            timeouts.cancel(id);
            return;
        }
        transactions.put(id, transaction);
        if (transaction.status() != TransactionStatus.ONGOING) {
            timeouts.cancel(id);
        }
        if (loaded && transaction.ends()) {
            surroundings.end().accept(id);
        }
    }

    /** Nothing of this topic is written in transactions. */
    @Override
    public void replay(long producerId, TransactionRecord record) { }

    @Override
    public void ended(long producerId, boolean committed) { }

    @Override
    public void loaded(long nowMs) {
        loaded = true;
        expiryDueMs = nowMs + expiryIntervalMs();
        transactions.forEach((id, transaction) -> {
            if (transaction.ends()) {
                surroundings.end().accept(id);
            } else if (transaction.status() == TransactionStatus.ONGOING) {
                long leftMs = transaction.startMs() + transaction.timeoutMs() - timeMs();
                timeouts.set(id, nowMs + Math.clamp(leftMs, 0, transaction.timeoutMs()));
            }
        });
    }

    @Override
    public long dueMs() {
        return Math.min(timeouts.nextMs(), expiryDueMs);
    }

    @Override
    public Decision<TransactionRecord, ?> due(long nowMs) {
        var id = timeouts.poll(nowMs);
        if (id == null) {
            return forget(nowMs);
        }
        var transaction = transactions.get(id);
        return transaction == null || transaction.status() != TransactionStatus.ONGOING
                ? Decision.write(List.of())
                : fence(id, transaction, null).orElse(error -> timeouts.set(id, nowMs + RETRY_MS));
    }

    /** Forgets ids that were not used for long, some at a time. */
    private Decision<TransactionRecord, Void> forget(long nowMs) {
        long expirationMs = surroundings.config().get().integer("transactional.id.expiration.ms");
        long untilMs = timeMs() - expirationMs;
        var tombstones = new ArrayList<TransactionRecord>();
        for (var each : transactions.entrySet()) {
            boolean idle = !each.getValue().ends() && each.getValue().status() != TransactionStatus.ONGOING;
            if (idle && each.getValue().lastUpdateMs() <= untilMs && tombstones.size() < EXPIRED_AT_ONCE) {
                tombstones.add(new TransactionRecord(each.getKey(), null));
            }
        }
        expiryDueMs = tombstones.size() == EXPIRED_AT_ONCE ? nowMs : nowMs + expiryIntervalMs();
        return Decision.<TransactionRecord>write(tombstones).orElse(error -> expiryDueMs = nowMs + RETRY_MS);
    }

    private long expiryIntervalMs() {
        return surroundings.config().get()
                .integer("transaction.remove.expired.transaction.cleanup.interval.ms");
    }

    @Override
    public void changed(Image before, Image after, long nowMs) { }
}
