package daybook.client;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * The transactions of a producer, one after the other, and the talk with their coordinator.
 *
 * <pre>
 *   READY -> OPEN -> COMMITTING -> READY        FAILED: only an abort leads out of it
 *     ^       | \________| |                    DEAD: the coordinator refuses; nothing does
 *     |       v  v         v
 *     +- ABORTING <--- FAILED
 * </pre>
 * Where the cluster has transaction.version 2 (KIP-890) what is sent becomes part of the transaction by
 * itself and each transaction has an epoch of its own; otherwise partitions and groups are added to it before
 * they are sent to.
 */
final class ProducerTransactions {
    private enum State { READY, OPEN, COMMITTING, FAILED, ABORTING, DEAD }

    private static final System.Logger LOG = System.getLogger("daybook.client");
    private static final String FEATURE = "transaction.version";
    private static final int IMPLICIT = 2;
    private static final int PRODUCE_EXPLICIT = 11;
    private static final int TXN_OFFSET_COMMIT_EXPLICIT = 4;
    private static final int END_TXN_EXPLICIT = 4;
    private static final Outcome DROPPED = Outcome.failed(ErrorCode.OPERATION_NOT_ATTEMPTED,
            "its transaction ended before it was sent");

    private final Cluster cluster;
    private final String id;
    private final int timeoutMs;
    /** Held by whoever begins, ends or adds to a transaction. */
    private final ReentrantLock turn = new ReentrantLock();
    private final AtomicReference<State> state = new AtomicReference<>(State.READY);
    /** What the transaction failed with, or the producer; written before the state that it is of. */
    private volatile Outcome failure;
    private volatile Identity identity;
    /** Whether what is sent becomes part of the transaction by itself; written at its beginning. */
    private volatile boolean implicit;
    /** Whether the coordinator may know of the transaction. */
    private volatile boolean begun;
    /** Whether what is still on its way may bear the identity; guarded by {@link #turn}. */
    private boolean worn;
    /** Partitions that were added to it. */
    private final Set<TopicPartition> added = ConcurrentHashMap.newKeySet();

    /** Makes the producer known to its coordinator, which ends what another one of this id had begun. */
    ProducerTransactions(Cluster cluster, String id, int timeoutMs) {
        this.cluster = cluster;
        this.id = id;
        this.timeoutMs = timeoutMs;
        this.identity = renewed(Identity.NONE);
    }

    private Identity renewed(Identity old) {
        return coordinated(connection -> old.ask(connection, id, timeoutMs));
    }

    Identity identity() {
        return identity;
    }

    /** What becomes of what is not sent yet, where it is not to be sent; otherwise null. */
    Outcome dropped() {
        var now = state.get();
        return now == State.OPEN || now == State.COMMITTING ? null : DROPPED;
    }

    /** A record of it failed, and so does all of it. */
    void failed(Outcome outcome) {
        if (state.get() == State.OPEN || state.get() == State.COMMITTING) {
            failure = outcome;
            boolean open = state.compareAndSet(State.OPEN, State.FAILED);
            if (!open) {
                state.compareAndSet(State.COMMITTING, State.FAILED);
            }
        }
    }

    /** @throws ClientException unless a transaction is open, and has not failed */
    void checkOpen() {
        check(State.OPEN, "no transaction is open");
    }

    private void check(State wanted, String otherwise) {
        var now = state.get();
        if (now == wanted) {
            return;
        }
        switch (now) {
            case FAILED -> throw new ClientException(failure.error(),
                    "the transaction failed, and must be aborted: " + failure.message());
            case DEAD -> throw new ClientException(failure.error(),
                    "the producer can do no more: " + failure.message());
            default -> throw new ClientException(ErrorCode.INVALID_TXN_STATE, otherwise);
        }
    }

    void begin() {
        turn.lock();
        try {
            check(State.READY, "a transaction is open already");
            if (worn) {
                identity = renewed(identity);
                worn = false;
            }
            implicit = cluster.any().feature(FEATURE) >= IMPLICIT;
            begun = false;
            added.clear();
            state.set(State.OPEN);
        } finally {
            turn.unlock();
        }
    }

    /**
     * Makes partitions that are about to be written to part of the transaction.
     *
     * @param version of Produce that is known
     * @return that which is to be used
     */
    int include(Collection<TopicPartition> partitions, int version) {
        begun = true;
        if (implicit) {
            return version;
        }
        var missing = partitions.stream().filter(partition -> !added.contains(partition)).toList();
        if (!missing.isEmpty()) {
            coordinated(connection -> connection.ask(Call.ADD_PARTITIONS_TO_TXN,
                    out -> ByTopic.numbers(head(out), missing).tags(), ProducerTransactions::accepted));
            added.addAll(missing);
        }
        return Math.min(version, PRODUCE_EXPLICIT);
    }

    private <T> T coordinated(Function<Connection, T> attempt) {
        return cluster.coordinated(Cluster.Coordinated.TRANSACTION, id, attempt);
    }

    private Writer head(Writer out) {
        return out.string(id).int64(identity.id()).int16(identity.epoch());
    }

    /**
     * Reads what was wrong with each partition; throws if anything was, and rather the cause than that the
     * broker did not go on because of it.
     */
    private static Set<TopicPartition> accepted(Reader in) {
        in.int32();
        var errors = new TreeMap<TopicPartition, ErrorCode>();
        ByTopic.read(in, (partition, each) -> errors.put(partition, ErrorCode.of(each.int16())));
        errors.forEach((partition, error) -> {
            if (error != ErrorCode.OPERATION_NOT_ATTEMPTED) {
                ClientException.check(error, "partition " + partition);
            }
        });
        errors.forEach((partition, error) -> ClientException.check(error, "partition " + partition));
        return errors.keySet();
    }

    /** Adds offsets of a group. */
    void sendOffsets(Map<TopicPartition, Long> next, Membership group) {
        turn.lock();
        try {
            checkOpen();
            if (next.isEmpty()) {
                return;
            }
            begun = true;
            if (!implicit) {
                coordinated(connection -> connection.ask(Call.ADD_OFFSETS_TO_TXN,
                        out -> head(out).string(group.group()).tags(), in -> {
                            in.int32();
                            return checked(in, "the offsets of group " + group.group());
                        }));
            }
            cluster.coordinated(Cluster.Coordinated.GROUP, group.group(),
                    connection -> commitOffsets(connection, next, group));
        } catch (ClientException failed) {
            failed(Outcome.failed(failed.error(), failed.getMessage()));
            throw failed;
        } finally {
            turn.unlock();
        }
    }

    private Object commitOffsets(Connection connection, Map<TopicPartition, Long> next, Membership group) {
        int known = connection.version(Call.TXN_OFFSET_COMMIT);
        int version = implicit ? known : Math.min(known, TXN_OFFSET_COMMIT_EXPLICIT);
        return connection.ask(Call.TXN_OFFSET_COMMIT, version, out -> {
            out.string(id).string(group.group()).int64(identity.id()).int16(identity.epoch());
            out.int32(group.epoch()).string(group.memberId()).string(group.instanceId());
            ByTopic.write(out, next.keySet(), (each, partition) ->
                    each.int64(next.get(partition)).int32(-1).string("")).tags();
        }, ProducerTransactions::accepted);
    }

    private static ErrorCode checked(Reader in, String what) {
        var error = ErrorCode.of(in.int16());
        ClientException.check(error, what);
        return error;
    }

    /** @param flush waits until all that was sent is delivered or has failed */
    void commit(Runnable flush) {
        turn.lock();
        try {
            if (state.compareAndSet(State.OPEN, State.COMMITTING)) {
                flushed(flush);
            } else {
                check(State.COMMITTING, "no transaction is open");
            }
            check(State.COMMITTING, "");
            end(true);
        } finally {
            turn.unlock();
        }
    }

    /** Whoever is interrupted while he waits may still abort. */
    private void flushed(Runnable flush) {
        try {
            flush.run();
        } catch (ClientException interrupted) {
            state.compareAndSet(State.COMMITTING, State.OPEN);
            throw interrupted;
        }
    }

    /** As {@link #commit}; what is not sent yet is dropped. */
    void abort(Runnable flush) {
        turn.lock();
        try {
            boolean open = state.get() == State.FAILED || state.compareAndSet(State.OPEN, State.ABORTING);
            if (!open) {
                check(State.ABORTING, "no transaction is open, or it may be committed already");
            }
            state.set(State.ABORTING);
            flush.run();
            end(false);
        } finally {
            turn.unlock();
        }
    }

    /**
     * Ends what the coordinator may know of. Where epochs do not change by themselves the next transaction
     * after an abort asks for one: so what is still on its way of this one comes too late.
     */
    private void end(boolean commit) {
        try {
            if (begun) {
                identity = coordinated(connection -> ended(connection, commit));
                worn = !commit && !implicit;
            }
            state.set(State.READY);
        } catch (ClientException failed) {
            if (!failed.retriable() && !failed.interrupted()) {
                failure = Outcome.failed(failed.error(), failed.getMessage());
                boolean may = commit && failed.error() == ErrorCode.TRANSACTION_ABORTABLE;
                state.set(may ? State.FAILED : State.DEAD);
            }
            throw failed;
        }
    }

    private Identity ended(Connection connection, boolean commit) {
        int known = connection.version(Call.END_TXN);
        int version = implicit ? known : Math.min(known, END_TXN_EXPLICIT);
        return connection.ask(Call.END_TXN, version, out -> head(out).bool(commit).tags(), in -> {
            in.int32();
            checked(in, commit ? "committing" : "aborting");
            return in.since(END_TXN_EXPLICIT + 1) ? Identity.read(in) : identity;
        });
    }

    /** Aborts what is open, as far as that can be; otherwise the coordinator does when its time is over. */
    void close(Runnable flush) {
        var now = state.get();
        if (now == State.OPEN || now == State.FAILED || now == State.ABORTING) {
            try {
                abort(flush);
            } catch (ClientException failed) {
                LOG.log(System.Logger.Level.WARNING, "a transaction of " + id + " is left open: "
                        + failed.getMessage());
            }
        }
    }
}
