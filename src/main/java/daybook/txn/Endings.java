package daybook.txn;

import daybook.catalog.Catalog;
import daybook.coordinator.Coordinator;
import daybook.coordinator.Decision;
import daybook.group.GroupRecord;
import daybook.group.Groups;
import daybook.log.Appended;
import daybook.log.Logs;
import daybook.log.PartitionLog;
import daybook.log.TopicPartition;
import daybook.record.TransactionMarker;
import daybook.wire.ErrorCode;

import java.lang.System.Logger.Level;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Ends the transactions that are decided, each on a thread of its own: a marker in every partition, and when
 * all of them are on the disk, the record that says so. A partition that takes no marker is tried again until
 * it does; one whose topic is gone needs none. What a stop cuts off begins anew with the next start.
 */
final class Endings {
    private static final System.Logger LOG = System.getLogger("daybook.txn");
    private static final long FIRST_RETRY_NANOS = 5_000_000;
    private static final long LAST_RETRY_NANOS = 1_000_000_000;
    private static final int LAST_COORDINATOR_EPOCH = Integer.MAX_VALUE;

    private final Catalog catalog;
    private final Logs logs;
    private final Coordinator<Groups, GroupRecord> groups;
    private final Coordinator<Transactions, TransactionRecord> transactions;
    /** Complete once the transaction of this id has ended, or cannot be ended any more before a start. */
    private final Map<String, CompletableFuture<Void>> running = new ConcurrentHashMap<>();
    private volatile boolean closed;

    Endings(Catalog catalog, Logs logs, Coordinator<Groups, GroupRecord> groups,
            Coordinator<Transactions, TransactionRecord> transactions) {
        this.catalog = catalog;
        this.logs = logs;
        this.groups = groups;
        this.transactions = transactions;
    }

    /**
     * Ends the transaction of this id, which is decided; holds nobody up. Of one id one is ended at a time: a
     * marker that came late would end a newer one.
     */
    void begin(String id) {
        var done = new CompletableFuture<Void>();
        var before = running.put(id, done);
        Thread.ofVirtual().name("daybook-end-" + id).start(() -> {
            try {
                if (before != null) {
                    before.join();
                }
                while (!closed && !tried(id)) {
                    LockSupport.parkNanos(this, LAST_RETRY_NANOS);
                }
            } finally {
                running.remove(id, done);
                done.complete(null);
            }
        });
    }

    /** False where it failed, for want of memory for instance: nobody else comes to end the transaction. */
    private boolean tried(String id) {
        try {
            end(id);
            return true;
        } catch (RuntimeException | Error failed) {
            LOG.log(Level.ERROR, "The transaction of " + id + " could not be ended; that is tried again",
                    failed);
            return false;
        }
    }

    /** Whether the transaction of this id is being ended. */
    boolean running(String id) {
        return running.containsKey(id);
    }

    /**
     * Returns when the transaction of this id, if one is being ended, has ended, or takes longer than this.
     */
    void await(String id, long patienceMs) {
        var done = running.get(id);
        try {
            if (done != null) {
                done.get(patienceMs, TimeUnit.MILLISECONDS);
            }
        } catch (TimeoutException | InterruptedException | ExecutionException late) {
            LOG.log(Level.DEBUG, "The transaction of {0} takes long to end", id);
        }
    }

    /** What could not be ended by now is left to the next start. */
    void close() {
        closed = true;
    }

    private void end(String id) {
        var transaction = decided(id);
        if (transaction == null) {
            return;
        }
        var left = new HashSet<>(transaction.partitions());
        long waitNanos = FIRST_RETRY_NANOS;
        while (!closed) {
            left.removeAll(mark(transaction, left, coordinatorEpoch(id)));
            if (left.isEmpty() && ended(id, transaction)) {
                return;
            }
            LockSupport.parkNanos(this, waitNanos);
            boolean patient = waitNanos == LAST_RETRY_NANOS;
            waitNanos = Math.min(2 * waitNanos, LAST_RETRY_NANOS);
            if (!patient && waitNanos == LAST_RETRY_NANOS) {
                LOG.log(Level.WARNING, "The transaction of {0} cannot be ended in {1} yet; that is tried"
                        + " again until it can", id, left);
            }
        }
    }

    /** The transaction, once it is on the disk how it ends; null where it is not for this broker to end. */
    private Transaction decided(String id) {
        var transaction = transactions.<Transaction>ask(id, error -> null,
                (state, nowMs) -> Decision.answer(state.find(id).transaction())).await();
        return transaction == null || !transaction.ends() ? null : transaction;
    }

    /** False where the record could not be written, and is to be tried again. */
    private boolean ended(String id, Transaction transaction) {
        var error = transactions.ask(id, refusal -> refusal, (state, nowMs) -> state.ended(id, transaction))
                .answer().join();
        return error != ErrorCode.COORDINATOR_NOT_AVAILABLE;
    }

    /** That of the leader of the id's partition, by which a coordinator of the past is told. */
    private int coordinatorEpoch(String id) {
        var image = catalog.image();
        var topic = image.topic(Transactions.TOPIC);
        return topic == null ? 0 : image.partition(topic, transactions.partition(id)).leaderEpoch();
    }

    /**
     * Appends the markers to all these partitions before the first is waited for.
     *
     * @return the partitions in which the transaction has ended for good
     */
    private Set<TopicPartition> mark(Transaction transaction, Collection<TopicPartition> partitions,
            int coordinatorEpoch) {
        boolean commit = transaction.status() == TransactionStatus.PREPARE_COMMIT;
        var marker = new TransactionMarker(commit, coordinatorEpoch);
        var appended = new HashMap<TopicPartition, BooleanSupplier>();
        for (var partition : partitions) {
            appended.put(partition, append(transaction, partition, marker));
        }
        appended.values().removeIf(onDisk -> !onDisk.getAsBoolean());
        return appended.keySet();
    }

    /** Returns what waits until the marker is on the disk, and is false where it is not. */
    private BooleanSupplier append(Transaction transaction, TopicPartition partition,
            TransactionMarker marker) {
        var image = catalog.image();
        var topic = image.topic(partition.topic());
        if (topic == null || image.partition(topic, partition.partition()) == null) {
            return () -> true;
        }
        var log = logs.find(partition.topic(), partition.partition());
        if (log == null) {
            return () -> false;
        }
        var answer = append(log, transaction.producerId(), (short) transaction.producerEpoch(), marker,
                transaction.clientVersion());
        return () -> ended(transaction, partition, marker, answer.get());
    }

    /**
     * Appends the marker that ends a producer's transaction in a log, and asks for it to be forced. Offsets
     * that were committed in the transaction wait for it in the memory of their coordinator.
     *
     * @return what waits for the disk, also where the log knows a newer epoch, for that may rest on an
     *     earlier marker; NONE: the transaction has ended there
     */
    Supplier<ErrorCode> append(PartitionLog log, long producerId, short producerEpoch,
            TransactionMarker marker, int transactionVersion) {
        var partition = log.partition();
        if (partition.topic().equals(Groups.TOPIC)) {
            return groups.end(partition.partition(), producerId, producerEpoch, marker,
                    transactionVersion)::await;
        }
        return switch (log.appendMarker(producerId, producerEpoch, marker, transactionVersion)) {
            case Appended.Done done -> forced(log, done.nextOffset(), ErrorCode.NONE);
            case Appended.Refused refused when refused.error() == ErrorCode.INVALID_PRODUCER_EPOCH ->
                forced(log, log.endOffset(), refused.error());
            case Appended.Refused refused -> refused::error;
        };
    }

    private static Supplier<ErrorCode> forced(PartitionLog log, long offset, ErrorCode told) {
        log.requestForce(offset);
        return () -> log.awaitForced(offset) ? told : ErrorCode.KAFKA_STORAGE_ERROR;
    }

    /**
     * Whether the transaction has ended in a partition that answered so to its marker; if not, it is tried
     * again. Where the producer is known with a newer epoch, it was ended already. A later coordinator than
     * this one, which is the only one, somebody made up who ended transactions by hand: it is outdone, else
     * no transaction of the producer would ever end there.
     */
    private boolean ended(Transaction transaction, TopicPartition partition, TransactionMarker marker,
            ErrorCode answer) {
        return switch (answer) {
            case NONE -> true;
            case INVALID_PRODUCER_EPOCH -> {
                LOG.log(Level.WARNING, "{0} takes no marker of producer {1} with epoch {2}: it knows a newer"
                        + " epoch, so this transaction was ended there by somebody else", partition,
                        Long.toString(transaction.producerId()), transaction.producerEpoch());
                yield true;
            }
            case TRANSACTION_COORDINATOR_FENCED -> marker.coordinatorEpoch() != LAST_COORDINATOR_EPOCH
                    && append(transaction, partition, new TransactionMarker(marker.commit(),
                            LAST_COORDINATOR_EPOCH)).getAsBoolean();
            default -> false;
        };
    }
}
