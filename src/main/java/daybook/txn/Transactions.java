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
import java.util.function.BiConsumer;
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
     * @param end told of each transactional id whose transaction is decided, so that it is ended
     * @param expire told of each whose transaction has taken too long, and when that began, so that somebody
     *     asks for its end; a producer id may have to be drawn for it. Both are called under the lock of the
     *     shard, and do not block
     */
    record Surroundings(Supplier<Image> image, Supplier<BrokerConfig> config, InstantSource clock,
            Consumer<String> end, BiConsumer<String, Long> expire) { }

    /** A transaction, or why it is not told. */
    public record Found(ErrorCode error, Transaction transaction) { }

    /** Transactions, or why they are not told. */
    public record Listed(ErrorCode error, List<TransactionRecord> transactions) { }

    /** How a producer came to its present identity: who asks again from the one before gets it again. */
    private record Raise(Identity from, Identity to) { }

    /** How long is waited before what was due, and could not be written, is tried again. */
    private static final long RETRY_MS = 1_000;
    /**
     * For so long after the end of a transaction the commit of one that has not begun is to come again: the
     * Java client may send it before the first records, which are on their way then, and takes a refusal for
     * fatal. Apache Kafka is mostly saved from that by the time that its markers take.
     */
    private static final long OVERTAKEN_MS = 200;
    /** Of expired ids, as many as make this many characters are forgotten in one batch, which is to fit. */
    private static final int EXPIRED_CHARACTERS = 200_000;
    /** What a tombstone has besides the id. */
    private static final int TOMBSTONE_CHARACTERS = 16;

    private final Surroundings surroundings;
    private final Map<String, Transaction> transactions = new HashMap<>();
    /**
     * By transactional id, null for none. Only in memory, as in Apache Kafka: after a start a producer that
     * asks again is fenced.
     */
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
    Decision<TransactionRecord, Identity> identify(String id, int timeoutMs, Identity known, long freshId) {
        var before = transactions.get(id);
        if (before == null) {
            return freshId == Transaction.NO_ID ? Decision.answer(Identity.WANTS_ID)
                    : identified(id, Transaction.first(freshId, timeoutMs, timeMs()));
        }
        if (before.ends()) {
            return Decision.answer(Identity.refused(ErrorCode.CONCURRENT_TRANSACTIONS));
        }
        boolean ongoing = before.status() == TransactionStatus.ONGOING;
        var current = before.identity();
        boolean says = known.producerId() != Transaction.NO_ID;
        if (says && !ongoing && new Raise(known, current).equals(raises.get(id))) {
            return identified(id, before.identified(current, timeoutMs, timeMs()));
        }
        if (says && !known.equals(current)) {
            return Decision.answer(Identity.refused(ErrorCode.PRODUCER_FENCED));
        }
        if (ongoing) {
            return fence(id, before, freshId);
        }
        if (before.exhausted() && freshId == Transaction.NO_ID) {
            return Decision.answer(Identity.WANTS_ID);
        }
        var next = before.exhausted() ? Identity.of(freshId, 0)
                : Identity.of(current.producerId(), current.producerEpoch() + 1);
        return raised(id, says ? new Raise(current, next) : null,
                identified(id, before.identified(next, timeoutMs, timeMs())));
    }

    /** Remembers how the producer came to its identity, if that is written. */
    private <T> Decision<TransactionRecord, T> raised(String id, Raise raise,
            Decision<TransactionRecord, T> decision) {
        var before = raises.get(id);
        raises.put(id, raise);
        return decision.orElse(refused -> raises.put(id, before));
    }

    private static Decision<TransactionRecord, Identity> identified(String id, Transaction identified) {
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

    /** Why the producer cannot work with the transaction of this id now, or NONE. */
    private static ErrorCode error(Transaction transaction, Identity producer) {
        if (transaction == null || transaction.producerId() != producer.producerId()) {
            return transaction != null && isOneBehind(transaction, producer) ? ErrorCode.PRODUCER_FENCED
                    : ErrorCode.INVALID_PRODUCER_ID_MAPPING;
        }
        if (transaction.ends()) {
            return ErrorCode.CONCURRENT_TRANSACTIONS;
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
    Decision<TransactionRecord, Identity> end(String id, Identity producer, boolean commit, int clientVersion,
            long freshId) {
        var transaction = transactions.get(id);
        if (transaction != null && transaction.ends()) {
            return Decision.answer(Identity.refused(ErrorCode.CONCURRENT_TRANSACTIONS));
        }
        boolean epochEach = clientVersion >= Transaction.EPOCH_EACH;
        boolean behind = epochEach && transaction != null && isOneBehind(transaction, producer);
        var error = behind ? ErrorCode.NONE : error(transaction, producer);
        if (error != ErrorCode.NONE) {
            return Decision.answer(Identity.refused(error));
        }
        boolean committed = transaction.status() == TransactionStatus.COMPLETE_COMMIT;
        boolean complete = committed || transaction.status() == TransactionStatus.COMPLETE_ABORT;
        boolean ongoing = transaction.status() == TransactionStatus.ONGOING;
        if (behind && !complete) {
            return Decision.answer(Identity.refused(ErrorCode.PRODUCER_FENCED));
        }
        if (!ongoing && (behind || !epochEach)) {
            return Decision.answer(complete && commit == committed ? transaction.identity()
                    : Identity.refused(ErrorCode.INVALID_TXN_STATE));
        }
        if (ongoing || !commit) {
            return decide(id, transaction, commit, epochEach, clientVersion, freshId);
        }
        long restedMs = timeMs() - transaction.lastUpdateMs();
        boolean early = complete && transaction.clientVersion() >= Transaction.EPOCH_EACH && restedMs >= 0
                && restedMs < OVERTAKEN_MS;
        return Decision.answer(Identity.refused(
                early ? ErrorCode.CONCURRENT_TRANSACTIONS : ErrorCode.INVALID_TXN_STATE));
    }

    /** Whether the producer has the identity that the id had until its last transaction was decided. */
    private static boolean isOneBehind(Transaction transaction, Identity producer) {
        if (producer.producerId() == transaction.producerId()) {
            return producer.producerEpoch() == transaction.producerEpoch() - 1;
        }
        return producer.producerId() == transaction.previousProducerId()
                && producer.producerEpoch() == Transaction.LAST_EPOCH;
    }

    /**
     * Writes how the transaction ends; from then on it is being ended. That needs more bytes than it had
     * before, and may be more than what the log takes: else one that is as large as it may be never ended.
     */
    private Decision<TransactionRecord, Identity> decide(String id, Transaction before, boolean commit,
            boolean raised, int version, long freshId) {
        boolean last = raised && before.exhausted();
        if (last && freshId == Transaction.NO_ID) {
            return Decision.answer(Identity.WANTS_ID);
        }
        var ending = before.ending(commit, raised, version, last ? freshId : Transaction.NO_ID, timeMs());
        var decision = identified(id, ending).ofAnySize();
        return raised ? raised(id, new Raise(before.identity(), ending.identity()), decision) : decision;
    }

    /** Takes the transaction from its producer, whose epoch holds no more, and aborts it; who asks waits. */
    private Decision<TransactionRecord, Identity> fence(String id, Transaction transaction, long freshId) {
        int level = Features.transactionVersion(surroundings.image().get());
        int version = level < Transaction.EPOCH_EACH ? 0 : level;
        var decision = decide(id, transaction, false, true, version, freshId);
        return decision.records().isEmpty() ? decision
                : Decision.answer(decision.records(), Identity.refused(ErrorCode.CONCURRENT_TRANSACTIONS))
                        .ofAnySize().orElse(decision.refused());
    }

    /** Aborts the transaction that began at this time, which has taken too long. */
    Decision<TransactionRecord, Identity> expire(String id, long startMs, long freshId) {
        var transaction = transactions.get(id);
        boolean open = transaction != null && transaction.status() == TransactionStatus.ONGOING
                && transaction.startMs() == startMs;
        return open ? fence(id, transaction, freshId)
                : Decision.answer(Identity.refused(ErrorCode.INVALID_TXN_STATE));
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
        return Decision.answer(records, ErrorCode.NONE).ofAnySize();
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
        if (transaction != null && transaction.status() == TransactionStatus.ONGOING) {
            timeouts.set(id, nowMs + RETRY_MS);
            surroundings.expire().accept(id, transaction.startMs());
        }
        return Decision.write(List.of());
    }

    /** Forgets ids that were not used for long, some at a time. */
    private Decision<TransactionRecord, Void> forget(long nowMs) {
        long expirationMs = surroundings.config().get().integer("transactional.id.expiration.ms");
        long untilMs = timeMs() - expirationMs;
        var tombstones = new ArrayList<TransactionRecord>();
        int characters = 0;
        for (var each : transactions.entrySet()) {
            boolean idle = !each.getValue().ends() && each.getValue().status() != TransactionStatus.ONGOING;
            if (idle && each.getValue().lastUpdateMs() <= untilMs && characters < EXPIRED_CHARACTERS) {
                tombstones.add(new TransactionRecord(each.getKey(), null));
                characters += TOMBSTONE_CHARACTERS + each.getKey().length();
            }
        }
        expiryDueMs = characters < EXPIRED_CHARACTERS ? nowMs + expiryIntervalMs() : nowMs;
        return Decision.<TransactionRecord>write(tombstones).orElse(error -> expiryDueMs = nowMs + RETRY_MS);
    }

    private long expiryIntervalMs() {
        return surroundings.config().get()
                .integer("transaction.remove.expired.transaction.cleanup.interval.ms");
    }
}
