package daybook.client;

import daybook.record.Codec;
import daybook.record.RecordBatch;
import daybook.wire.ErrorCode;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What a producer has to send to one partition, in its order:
 *
 * <pre>
 *   unacknowledged | again | full | open
 * </pre>
 * Callers fill the open batch under {@link #lock}, and hand it over when it is full. All else belongs to the
 * thread of the sender that the outbox is with, or to the dispatch's where it is with none.
 *
 * <p>The order is kept by one rule. When a batch fails and may be tried again, nothing more is sent until all
 * that is under way has been answered; then all that is not acknowledged is sent again from the first on, and
 * only when that is acknowledged goes what comes behind it. It bears the same sequence numbers, so that a
 * broker sees what it has already: it remembers the last five batches, so no more may have gone since. Where
 * a broker finds a gap before the first, what lay there failed for good: a new epoch begins, with sequences
 * from 0.
 */
final class Outbox {
    static final long FOREVER = Long.MAX_VALUE;
    private static final System.Logger LOG = System.getLogger("daybook.client");
    private static final Outcome LATE = Outcome.failed(ErrorCode.REQUEST_TIMED_OUT, "not delivered in time");

    final TopicPartition partition;
    /** Batches that are not finished. */
    final AtomicInteger backlog = new AtomicInteger();
    private final Dispatch dispatch;
    private final int inFlightMost;
    private final ReentrantLock lock = new ReentrantLock();
    /** Written under {@link #lock}. */
    private volatile Batch open;
    /** Added to under {@link #lock}, so in order. */
    private final Queue<Batch> full = new ConcurrentLinkedQueue<>();
    /** Whether the sender, or the dispatch where there is none, looks after it; guarded by {@link #lock}. */
    private boolean watched;
    /** Null while no leader is known; written by the thread that the outbox belongs to. */
    private volatile Sender sender;

    /** Sent, in order; what is to be sent again stays among them until nothing is in flight. */
    private final ArrayDeque<Batch> unacknowledged = new ArrayDeque<>();
    private final ArrayDeque<Batch> again = new ArrayDeque<>();
    private int inFlight;
    /** Nothing is to be sent until nothing is in flight. */
    private boolean troubled;
    /** The leader is to be looked for, then. */
    private boolean astray;
    /** A new epoch is to begin before anything is sent. */
    private boolean renew;
    private Identity identity = Identity.NONE;
    private int nextSequence;
    /**
     * Whether the broker took a batch of this identity. Until then it would take any sequence number
     * (KIP-360), and so the second batch where the first was lost: they go one by one.
     */
    private boolean known;

    Outbox(Dispatch dispatch, TopicPartition partition) {
        // Whom nobody counts, one batch at a time keeps in order.
        this.inFlightMost = dispatch.settings.idempotent() ? Dispatch.REQUESTS_MOST : 1;
        this.dispatch = dispatch;
        this.partition = partition;
    }

    // Callers.

    /**
     * Adds a record; waits for memory where it needs a new batch and there is none.
     *
     * @param sticky by which this partition was chosen; null where the key or the caller chose it
     * @throws ClientException REQUEST_TIMED_OUT where memory did not come in time
     */
    Delivery append(long timestampMs, byte[] key, byte[] value, ByteBuffer headers,
            Destination.Sticky sticky) {
        int lengthBytes = (int) Batch.lengthBytes(key, value, headers);
        byte[] array = null;
        while (true) {
            lock.lock();
            try {
                var delivery = open == null ? null : open.add(timestampMs, key, value, headers);
                if (delivery == null) {
                    array = array != null ? array : dispatch.memory.tryTake(lengthBytes);
                    delivery = array == null ? null : begin(array).add(timestampMs, key, value, headers);
                } else if (array != null) {
                    dispatch.memory.give(array);
                }
                if (delivery != null) {
                    if (sticky != null && sticky.turns(lengthBytes, open, dispatch.memory.usualBytes())) {
                        hand();
                    }
                    return delivery;
                }
            } finally {
                lock.unlock();
            }
            array = dispatch.awaitMemory(lengthBytes);
        }
    }

    /** Under the lock. */
    private Batch begin(byte[] array) {
        if (dispatch.isEnded()) {
            dispatch.memory.give(array);
            throw new IllegalStateException("the producer is closed");
        }
        hand();
        var batch = new Batch(this, array);
        dispatch.begun(batch);
        open = batch;
        var by = sender;
        if (watched) {
            if (by != null) {
                by.linger();
            }
            return batch;
        }
        watched = true;
        if (by == null) {
            dispatch.watch(this);
        } else {
            by.watch(this);
        }
        return batch;
    }

    /** Under the lock: the open batch takes no more records. What is to be compressed is, beside all else. */
    private void hand() {
        var batch = open;
        if (batch == null) {
            return;
        }
        full.add(batch);
        open = null;
        if (dispatch.settings.codec() == Codec.NONE) {
            wake();
        } else {
            Thread.startVirtualThread(() -> {
                // The producer may have been closed since.
                if (!batch.isDone()) {
                    seal(batch);
                    wake();
                }
            });
        }
    }

    private void seal(Batch batch) {
        try {
            batch.seal(dispatch.settings.codec(), dispatch.settings.level());
        } catch (RuntimeException | OutOfMemoryError fault) {
            LOG.log(System.Logger.Level.ERROR, "a batch goes as it is: compressing it failed", fault);
            batch.seal(Codec.NONE, 0);
        }
    }

    private void wake() {
        var by = sender;
        if (by != null) {
            by.wake();
        }
    }

    // The sender, or the dispatch.

    /** Whether it has a sender, and so a leader that was known. */
    boolean isSent() {
        return sender != null;
    }

    /** Gives it to a sender. */
    void join(Sender sender) {
        this.sender = sender;
        lock.lock();
        try {
            watched = true;
        } finally {
            lock.unlock();
        }
        sender.watch(this);
    }

    /** Gives it to the dispatch, to find it a sender. */
    void leave() {
        sender = null;
        astray = false;
        dispatch.watch(this);
    }

    /** Whether it belongs to this sender. */
    boolean isOf(Sender sender) {
        return this.sender == sender;
    }

    /** Whether nothing is left to look after; then {@link #begin} calls for attention again. */
    boolean rests() {
        if (open != null || !full.isEmpty() || !again.isEmpty() || inFlight > 0) {
            return false;
        }
        lock.lock();
        try {
            watched = open != null || !full.isEmpty();
            return !watched;
        } finally {
            lock.unlock();
        }
    }

    /** Its leader is not where it was looked for; whether it may leave now, for nothing is in flight. */
    boolean strays() {
        astray = true;
        troubled = inFlight > 0;
        return !troubled;
    }

    /**
     * How long until a batch is to be sent: 0 for now, {@link #FOREVER} where only an answer or a record
     * changes it.
     *
     * @param hurry whether none is to wait for more records
     */
    long dueInNanos(long nowNanos, boolean hurry) {
        if (troubled || inFlight == (known ? inFlightMost : 1)) {
            return FOREVER;
        }
        if (!again.isEmpty()) {
            return 0;
        }
        var oldest = unacknowledged.peek();
        if (oldest != null && oldest.sends > 1) {
            return FOREVER;
        }
        var next = full.peek();
        if (next != null) {
            return isReady(next) ? 0 : FOREVER;
        }
        var last = open;
        long lingerNanos = hurry ? 0 : dispatch.settings.lingerNanos();
        return last == null ? FOREVER : Math.max(0, lingerNanos - (nowNanos - last.openedNanos));
    }

    private boolean isReady(Batch batch) {
        return batch.isSealed() || dispatch.settings.codec() == Codec.NONE;
    }

    /** Bytes of the batch that is due, before it is compressed. */
    int dueBytes() {
        var due = due();
        return due == null ? 0 : due.lengthBytes();
    }

    private Batch due() {
        if (!again.isEmpty()) {
            return again.peek();
        }
        if (full.isEmpty()) {
            lock.lock();
            try {
                if (full.isEmpty()) {
                    hand();
                }
            } finally {
                lock.unlock();
            }
        }
        var next = full.peek();
        return next != null && isReady(next) ? next : null;
    }

    /**
     * Takes the batch that is due, ready to be sent; null where it was too late for it.
     *
     * @throws ClientException if there is no new epoch to be had
     */
    Batch take(long nowNanos) {
        expire(nowNanos);
        var batch = due();
        if (batch == null) {
            return null;
        }
        if (renew || again.isEmpty() && unacknowledged.isEmpty()) {
            var next = renew ? dispatch.renewed(identity) : dispatch.identity();
            if (!next.equals(identity)) {
                identity = next;
                nextSequence = 0;
                known = false;
            }
            renew = false;
        }
        if (!batch.isSealed()) {
            seal(batch);
        }
        if (batch.identity != identity) {
            boolean counts = identity != Identity.NONE;
            int sequence = counts ? nextSequence : RecordBatch.NO_SEQUENCE;
            batch.stamp(identity, sequence, dispatch.settings.transactional());
            nextSequence = nextSequence + batch.count() & Integer.MAX_VALUE;
        }
        (again.isEmpty() ? full : again).remove();
        batch.first = unacknowledged.isEmpty();
        batch.sends++;
        unacknowledged.add(batch);
        inFlight++;
        return batch;
    }

    /** Fails what was not delivered in time, or is not to be delivered any more. */
    void expire(long nowNanos) {
        var dropped = dispatch.transactions == null ? null : dispatch.transactions.dropped();
        if (dropped != null) {
            failOlder(System.nanoTime() + 1, dropped);
        } else {
            failOlder(nowNanos - dispatch.settings.deliveryTimeoutNanos(), LATE);
        }
    }

    /** Whether nothing is left to find a leader for, after what was too late has failed. */
    boolean gaveUp(long nowNanos) {
        expire(nowNanos);
        return rests();
    }

    /** At the end: no batch is begun any more. */
    void end() {
        lock.lock();
        try {
            open = null;
        } finally {
            lock.unlock();
        }
    }

    /** Fails what is not in flight and was begun before this. */
    void failOlder(long nanos, Outcome outcome) {
        failOlder(again, nanos, outcome);
        var last = open;
        if (last != null && last.openedNanos - nanos < 0 && full.isEmpty()) {
            due();
        }
        failOlder(full, nanos, outcome);
    }

    private void failOlder(Queue<Batch> batches, long nanos, Outcome outcome) {
        var batch = batches.peek();
        while (batch != null && isReady(batch) && batch.openedNanos - nanos < 0) {
            batches.remove();
            dispatch.finish(batch, outcome);
            batch = batches.peek();
        }
    }

    /**
     * What became of a batch that was taken.
     *
     * @return whether a leader is to be looked for, before anything else is sent
     */
    boolean answered(Batch batch, Outcome outcome) {
        inFlight--;
        var error = outcome.error();
        boolean late = System.nanoTime() - batch.openedNanos > dispatch.settings.deliveryTimeoutNanos();
        if (error == ErrorCode.NONE || error == ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
            known = true;
            unacknowledged.remove(batch);
            dispatch.finish(batch, error == ErrorCode.NONE ? outcome : Outcome.unknown());
        } else if (error == ErrorCode.MESSAGE_TOO_LARGE && batch.count() > 1 && batch.sends == 1) {
            troubled = true;
            dispatch.split(batch);
        } else if (isGap(error) && !late && !(batch.first && dispatch.settings.transactional())) {
            troubled = true;
            renew |= batch.first;
        } else if (ClientException.retriable(error) && !late) {
            troubled = true;
            astray = true;
        } else {
            // Those behind it may find a gap now, or not, where an earlier attempt had come through.
            unacknowledged.remove(batch);
            dispatch.finish(batch, outcome);
        }
        return troubled && inFlight == 0 && settles();
    }

    /**
     * The broker has not what was sent before this, or knows the producer by a later epoch: it took nothing.
     */
    private static boolean isGap(ErrorCode error) {
        return error == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER || error == ErrorCode.UNKNOWN_PRODUCER_ID
                || error == ErrorCode.INVALID_PRODUCER_EPOCH;
    }

    /** All has been answered: what is not acknowledged is sent again. */
    private boolean settles() {
        troubled = false;
        while (!unacknowledged.isEmpty()) {
            var batch = unacknowledged.removeLast();
            if (batch.parts().isEmpty()) {
                again.addFirst(batch);
            } else {
                again.addFirst(batch.parts().get(1));
                again.addFirst(batch.parts().get(0));
            }
        }
        return astray;
    }
}
