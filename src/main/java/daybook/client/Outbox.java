package daybook.client;

import daybook.record.Codec;
import daybook.record.RecordBatch;
import daybook.wire.ErrorCode;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What a producer has to send to one partition, in its order:
 *
 * <pre>
 *   unacknowledged | again | full | open
 * </pre>
 * Callers fill the open batch under {@link #lock}, and hand it over when it is full. All else belongs to the
 * sender's thread.
 *
 * <p>The order is kept by one rule. When a batch fails and may be tried again, nothing more is sent until all
 * that is under way has been answered; then all that is not acknowledged is sent again from the first on, and
 * only when that is acknowledged goes what comes behind it. It bears the same sequence numbers, so that a
 * broker sees what it has already: it remembers the last five batches, so no more may have gone since. Where
 * a broker finds a gap before the first, what lay there failed for good: a new epoch begins, with sequences
 * from 0.
 */
final class Outbox {
    private static final System.Logger LOG = System.getLogger("daybook.client");
    private static final Outcome LATE = Outcome.failed(ErrorCode.REQUEST_TIMED_OUT, "not delivered in time");

    final TopicPartition partition;
    /** Batches that are not finished. */
    final AtomicInteger backlog = new AtomicInteger();
    private final Sender sender;
    private final ProducerSettings settings;
    private final ReentrantLock lock = new ReentrantLock();
    /** Written under {@link #lock}. */
    private volatile Batch open;
    /** Added to under {@link #lock}, so in order. */
    private final Queue<Batch> full = new ConcurrentLinkedQueue<>();
    /** Whether the sender looks after it; set by whoever begins a batch, and taken back by the sender. */
    private final AtomicBoolean watched = new AtomicBoolean();
    /** To the leader; null while it is not known. Written by the sender. */
    private volatile Sender.Line line;

    /** Sent, in order; what is to be sent again stays among them until nothing is in flight. */
    private final ArrayDeque<Batch> unacknowledged = new ArrayDeque<>();
    private final ArrayDeque<Batch> again = new ArrayDeque<>();
    private int inFlight;
    /** Nothing is to be sent until nothing is in flight. */
    private boolean troubled;
    /** A new epoch is to begin before anything is sent. */
    private boolean renew;
    private Identity identity = Identity.NONE;
    private int nextSequence;
    /**
     * Whether the broker took a batch of this identity. Until then it would take any sequence number
     * (KIP-360), and so the second batch where the first was lost: they go one by one.
     */
    private boolean known;

    Outbox(Sender sender, TopicPartition partition) {
        this.sender = sender;
        this.settings = sender.settings;
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
                    array = array != null ? array : sender.memory.tryTake(lengthBytes);
                    delivery = array == null ? null : begin(array).add(timestampMs, key, value, headers);
                } else if (array != null) {
                    sender.memory.give(array);
                }
                if (delivery != null) {
                    if (sticky != null && sticky.turns(lengthBytes, open, settings.batchSizeBytes())) {
                        hand();
                    }
                    return delivery;
                }
            } finally {
                lock.unlock();
            }
            array = sender.awaitMemory(lengthBytes);
        }
    }

    /** Under the lock. */
    private Batch begin(byte[] array) {
        if (sender.isEnded()) {
            sender.memory.give(array);
            sender.checkOpen();
        }
        hand();
        var batch = new Batch(this, array);
        sender.begun(batch);
        open = batch;
        if (watched.compareAndSet(false, true)) {
            sender.watch(this);
        }
        wake(batch.openedNanos + settings.lingerNanos());
        return batch;
    }

    /** Under the lock: the open batch takes no more records. What is to be compressed is, beside all else. */
    private void hand() {
        var batch = open;
        if (batch == null) {
            return;
        }
        if (settings.codec() == Codec.NONE) {
            batch.seal(Codec.NONE, 0);
        } else {
            Thread.startVirtualThread(() -> compress(batch));
        }
        full.add(batch);
        open = null;
        wake(System.nanoTime());
    }

    private void compress(Batch batch) {
        try {
            batch.seal(settings.codec(), settings.level());
        } catch (RuntimeException | OutOfMemoryError fault) {
            LOG.log(System.Logger.Level.ERROR, "a batch goes as it is: compressing it failed", fault);
            batch.seal(Codec.NONE, 0);
        }
        wake(System.nanoTime());
    }

    /**
     * Something is due at this time, if more may be sent now; otherwise an answer makes the sender look, or
     * that it is late.
     */
    private void wake(long dueNanos) {
        var to = line;
        boolean may = to == null || to.isFree();
        sender.wake(may ? dueNanos : dueNanos + settings.deliveryTimeoutNanos());
    }

    /** The way to the leader; null while it is not known. */
    Sender.Line line() {
        return line;
    }

    // The sender.

    void line(Sender.Line to) {
        line = to;
    }

    /** Whether nothing is left to look after; then {@link #begin} calls for attention again. */
    boolean rests() {
        if (inFlight > 0 || waits()) {
            return false;
        }
        watched.set(false);
        // What was begun before that found it watched.
        return !waits() || !watched.compareAndSet(false, true);
    }

    private boolean waits() {
        return open != null || !full.isEmpty() || !again.isEmpty();
    }

    /**
     * How long until a batch is to be sent: 0 for now, {@link Sender#FOREVER} where only an answer, a record
     * or a codec changes it.
     *
     * @param hurry whether none is to wait for more records
     */
    long dueInNanos(long nowNanos, boolean hurry) {
        // Whom nobody counts, one batch at a time keeps in order.
        int inFlightMost = known && settings.idempotent() ? Sender.REQUESTS_MOST : 1;
        if (troubled || inFlight == inFlightMost) {
            return Sender.FOREVER;
        }
        if (!again.isEmpty()) {
            return 0;
        }
        var oldest = unacknowledged.peek();
        if (oldest != null && oldest.sends > 1) {
            return Sender.FOREVER;
        }
        var next = full.peek();
        if (next != null) {
            return next.isSealed() ? 0 : Sender.FOREVER;
        }
        var last = open;
        long lingerNanos = hurry ? 0 : settings.lingerNanos();
        return last == null ? Sender.FOREVER : Math.max(0, lingerNanos - (nowNanos - last.openedNanos));
    }

    /** The batch that goes next, without what is being compressed; null where there is none. */
    Batch due() {
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
        return next != null && next.isSealed() ? next : null;
    }

    /** Takes the batch that is due, ready to be sent; false where there is no identity for it yet. */
    boolean take(Batch batch) {
        if (renew || again.isEmpty() && unacknowledged.isEmpty()) {
            var next = renew ? sender.renewed(identity) : sender.identity();
            if (settings.idempotent() && next == Identity.NONE) {
                return false;
            }
            if (!next.equals(identity)) {
                identity = next;
                nextSequence = 0;
                known = false;
            }
            renew = false;
        }
        if (batch.identity != identity) {
            batch.number(identity, identity != Identity.NONE ? nextSequence : RecordBatch.NO_SEQUENCE);
            nextSequence = nextSequence + batch.count() & Integer.MAX_VALUE;
        }
        (again.isEmpty() ? full : again).remove();
        batch.first = unacknowledged.isEmpty();
        batch.sends++;
        unacknowledged.add(batch);
        inFlight++;
        return true;
    }

    /**
     * Fails what was not delivered in time. What is in flight is only told so, and keeps its place until it
     * is answered; in a transaction not even that, for the transaction must not end before.
     *
     * @return how long until more is late
     */
    long expire(long nowNanos) {
        long timeoutNanos = settings.deliveryTimeoutNanos();
        fail(nowNanos - timeoutNanos, LATE);
        var next = !again.isEmpty() ? again.peek() : !full.isEmpty() ? full.peek() : open;
        for (var batch : settings.transactional() ? List.<Batch>of() : unacknowledged) {
            if (nowNanos - batch.openedNanos < timeoutNanos) {
                next = batch;
                break;
            }
            batch.settle(LATE);
        }
        return next == null || next.openedNanos - nowNanos + timeoutNanos <= 0 ? Sender.FOREVER
                : next.openedNanos - nowNanos + timeoutNanos;
    }

    /** Fails what is not in flight and was begun until then; what is being compressed comes to it later. */
    void fail(long untilNanos, Outcome outcome) {
        fail(again, untilNanos, outcome);
        var last = open;
        if (last != null && last.openedNanos - untilNanos <= 0) {
            due();
        }
        fail(full, untilNanos, outcome);
    }

    private void fail(Queue<Batch> batches, long untilNanos, Outcome outcome) {
        var batch = batches.peek();
        while (batch != null && batch.isSealed() && batch.openedNanos - untilNanos <= 0) {
            batches.remove();
            sender.finish(batch, outcome);
            batch = batches.peek();
        }
    }

    /** What became of a batch that was taken. */
    void answered(Batch batch, Outcome outcome) {
        inFlight--;
        var error = outcome.error();
        boolean late = System.nanoTime() - batch.openedNanos > settings.deliveryTimeoutNanos();
        if (error == ErrorCode.NONE || error == ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
            known = true;
            unacknowledged.remove(batch);
            sender.finish(batch, error == ErrorCode.NONE ? outcome : Outcome.unknown());
        } else if (error == ErrorCode.MESSAGE_TOO_LARGE && batch.count() > 1 && batch.sends == 1 && !late) {
            troubled = true;
            batch.split(settings);
        } else if (isGap(error) && !late && !(batch.first && settings.transactional())) {
            troubled = true;
            renew |= batch.first;
        } else if (ClientException.retriable(error) && !late) {
            troubled = true;
            line = null;
            // A topic that is made anew knows nobody.
            known &= error != ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        } else {
            // Those behind it may find a gap now, or not, where an earlier attempt had come through.
            unacknowledged.remove(batch);
            sender.finish(batch, outcome);
        }
        if (troubled && inFlight == 0) {
            sendAgain();
        }
    }

    /**
     * The broker has not what was sent before this, or knows the producer by a later epoch: it took nothing.
     */
    private static boolean isGap(ErrorCode error) {
        return error == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER || error == ErrorCode.UNKNOWN_PRODUCER_ID
                || error == ErrorCode.INVALID_PRODUCER_EPOCH;
    }

    /** All has been answered: what is not acknowledged is sent again, and in halves what was too large. */
    private void sendAgain() {
        troubled = false;
        while (!unacknowledged.isEmpty()) {
            unacknowledged.removeLast().parts().reversed().forEach(again::addFirst);
        }
    }

    /** At the end: no batch is begun any more, and what there is fails. */
    void end(Outcome outcome) {
        lock.lock();
        try {
            if (open != null) {
                full.add(open);
                open = null;
            }
        } finally {
            lock.unlock();
        }
        unacknowledged.forEach(batch -> sender.finish(batch, outcome));
        again.forEach(batch -> sender.finish(batch, outcome));
        full.forEach(batch -> sender.finish(batch, outcome));
    }
}
