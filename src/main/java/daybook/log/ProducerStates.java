package daybook.log;

import daybook.record.RecordBatch;
import daybook.record.TransactionMarker;
import daybook.wire.ErrorCode;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.CRC32C;

/**
 * What a log remembers of the idempotent producers that write to it (KIP-98): each one's epoch and its last
 * five batches, by which duplicates and gaps are told, and where the transaction begins that it has not
 * ended. Snapshots of it let a start begin near the log's end;
 * one that is missing or wrong only makes it begin earlier. Guarded by the log's lock.
 */
public final class ProducerStates {
    /**
     * One producer, as DescribeProducers tells it.
     *
     * @param lastOffset that of its last batch; -1 where it wrote none since its epoch was raised
     * @param currentTransactionStartOffset -1 where it is in no transaction
     */
    public record View(long producerId, int producerEpoch, int lastSequence, long lastOffset,
            long lastTimestampMs, int coordinatorEpoch, long currentTransactionStartOffset) { }

    /** A batch of a producer that is in the log: with its sequence numbers it tells a duplicate. */
    record Batch(int lastSequence, long lastOffset, int offsetDelta, long timestampMs) {
        /** Numbers go on at 0 after 2,147,483,647. */
        int firstSequence() {
            return (lastSequence - offsetDelta) & Integer.MAX_VALUE;
        }

        long firstOffset() {
            return lastOffset - offsetDelta;
        }
    }

    private static final class Producer {
        private final ArrayDeque<Batch> batches = new ArrayDeque<>(BATCHES);
        /** -1 where it is not known. */
        private short epoch = -1;
        private long lastTimestampMs;
        /** When its last batch came, or where that was before the start, when that was. */
        private long heardMs;
        /** That of the last marker, -1 where there was none. */
        private int coordinatorEpoch = -1;
        /**
         * The offset of the last marker. It is in no snapshot: it is held against what this process heard of
         * the coordinator, so that those of before the start, which a replay may find or not, never count.
         */
        private long markerOffset = -1;
        /** Where its transaction begins, -1 where it is in none. */
        private long transactionStart = -1;
        /** Whether it came from a snapshot, which names only the last batch. */
        private boolean onlyLast;

        Batch lastBatch() {
            return batches.isEmpty() ? NO_BATCH : batches.getLast();
        }

        void add(RecordBatch batch) {
            if (batches.size() == BATCHES) {
                batches.removeFirst();
            }
            batches.add(new Batch(batch.lastSequence(), batch.lastOffset(), batch.lastOffsetDelta(),
                    batch.maxTimestamp()));
        }

        boolean inTransaction(int producerEpoch) {
            return transactionStart >= 0 && producerEpoch == epoch;
        }

        /** Which of its last batches this one is, sent again; null where it is none of them. */
        Batch find(RecordBatch batch) {
            for (var known : batches) {
                if (batch.producerEpoch() == epoch && known.firstSequence() == batch.baseSequence()
                        && known.lastSequence == batch.lastSequence()) {
                    return known;
                }
            }
            return null;
        }

        /** Why a batch of records is refused whatever its sequence numbers, or null. */
        ErrorCode refusal(RecordBatch batch, long verifiedFrom) {
            if (batch.producerEpoch() < epoch) {
                return ErrorCode.INVALID_PRODUCER_EPOCH;
            }
            // A marker that came after the coordinator was asked ended the transaction that it knew of.
            boolean verified = markerOffset < verifiedFrom;
            boolean stray = batch.transactional() && !inTransaction(batch.producerEpoch()) && !verified;
            return stray ? ErrorCode.INVALID_TXN_STATE : null;
        }

        /**
         * Why a marker is refused, or null. Where each transaction ends with a new epoch, one that bears the
         * present epoch was written before, and is written again after a crash of the coordinator: it
         * belongs to a transaction that has ended, and must not end the next. Only the last epoch of all has
         * no next.
         */
        ErrorCode refusal(RecordBatch marker, Origin.Ending ending) {
            boolean again = ending.transactionVersion() >= 2 && inTransaction(marker.producerEpoch())
                    && epoch != Short.MAX_VALUE;
            if (marker.producerEpoch() < epoch || again) {
                return ErrorCode.INVALID_PRODUCER_EPOCH;
            }
            boolean fenced = ending.marker().coordinatorEpoch() < coordinatorEpoch;
            return fenced ? ErrorCode.TRANSACTION_COORDINATOR_FENCED : null;
        }

        /** Whether the batch's sequence numbers go on where the last ones ended, from 0 in each epoch. */
        boolean isNext(RecordBatch batch, boolean fromZero) {
            boolean any = epoch < 0 && !(fromZero && batch.transactional());
            int last = batch.producerEpoch() == epoch ? lastBatch().lastSequence : RecordBatch.NO_SEQUENCE;
            return any || batch.baseSequence() == ((last + 1) & Integer.MAX_VALUE);
        }
    }

    private static final System.Logger LOG = System.getLogger("daybook.log");
    private static final Batch NO_BATCH = new Batch(RecordBatch.NO_SEQUENCE, -1, 0, -1);
    private static final int BATCHES = 5;
    /** What is known of a producer of which nothing is; never changed. */
    private static final Producer NOBODY = new Producer();
    static final short VERSION = 1;
    private static final int CHECKSUM_AT = 2;
    static final int ENTRIES_AT = 6;
    static final int ENTRY_BYTES = 46;
    static final int LIMIT_BYTES = 64 << 20;

    private final Disk disk;
    private final Path directory;
    private final Map<Long, Producer> producers = new HashMap<>();
    /** Where the transactions begin that have not ended. */
    private final TreeSet<Long> ongoing = new TreeSet<>();
    /**
     * Where the transactions begin that have ended with a marker which is not known to be on the disk; and
     * the offset behind the marker.
     */
    private final TreeMap<Long, Long> settling = new TreeMap<>();
    /** The offsets of the snapshots on the disk. */
    private final TreeSet<Long> snapshots;
    private final long openedMs;

    /** @param snapshots the offsets of the snapshots in the log's directory */
    ProducerStates(Disk disk, Path directory, TreeSet<Long> snapshots, long nowMs) {
        this.disk = disk;
        this.directory = directory;
        this.snapshots = snapshots;
        this.openedMs = nowMs;
    }

    /**
     * What is answered to a batch that is not to be written: one that came out of its producer's turn, that
     * belongs to no transaction though it says so, or that is there already. Null where it is to be written,
     * as one without a producer always is.
     *
     * @param startOffset where the log begins, to be told
     * @param segments the log's, in which more of the producer may be found than is remembered
     */
    Appended answer(RecordBatch batch, Origin origin, long startOffset, Segments segments)
            throws IOException {
        if (batch.producerId() < 0) {
            return null;
        }
        var answer = answer(batch, origin, startOffset);
        boolean learnt = answer instanceof Appended.Refused && relearn(batch.producerId(), segments);
        return learnt ? answer(batch, origin, startOffset) : answer;
    }

    private Appended answer(RecordBatch batch, Origin origin, long startOffset) {
        var producer = producers.getOrDefault(batch.producerId(), NOBODY);
        var known = origin instanceof Origin.Client ? producer.find(batch) : null;
        if (known != null) {
            return new Appended.Done(known.firstOffset(), known.lastOffset + 1, known.timestampMs,
                    startOffset, true);
        }
        var error = switch (origin) {
            case Origin.Ending ending -> producer.refusal(batch, ending);
            case Origin.Own own -> producer.refusal(batch, own.verifiedFrom());
            case Origin.Client client -> {
                var refusal = producer.refusal(batch, client.verifiedFrom());
                boolean passed = refusal != null || producer.isNext(batch, client.fromZero());
                yield passed ? refusal : ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER;
            }
        };
        boolean outside = producer.transactionStart >= 0 && !batch.transactional();
        if (error == null && !outside) {
            return null;
        }
        return BatchCheck.refused(error != null ? error : ErrorCode.INVALID_TXN_STATE, startOffset);
    }

    /** Whether the producer with just this epoch is in a transaction. */
    boolean inTransaction(long producerId, int producerEpoch) {
        var producer = producers.get(producerId);
        return producer != null && producer.inTransaction(producerEpoch);
    }

    /**
     * Remembers the producer's batches among the log's last ones, where it came from a snapshot, which names
     * only the last.
     *
     * @return whether it did, so that the answer may be another
     */
    private boolean relearn(long producerId, Segments segments) throws IOException {
        var producer = producers.get(producerId);
        if (producer == null || !producer.onlyLast) {
            return false;
        }
        var found = new Producer();
        for (var cursor : segments.lastBatches()) {
            while (cursor.next()) {
                var batch = cursor.batch();
                if (batch.producerId() == producerId && batch.producerEpoch() == producer.epoch
                        && !batch.control()) {
                    found.add(batch);
                }
            }
        }
        if (!found.batches.isEmpty()) {
            producer.batches.clear();
            producer.batches.addAll(found.batches);
        }
        producer.onlyLast = false;
        return true;
    }

    /**
     * Remembers a batch that is in the log.
     *
     * @param batch a control batch must be wholly in its buffer, of others only the header is read
     */
    void note(RecordBatch batch, long nowMs) {
        var marker = batch.control() ? TransactionMarker.of(batch) : null;
        // Of a marker that was compacted the header may be left: it ends what a snapshot has as open.
        boolean emptied = batch.control() && batch.recordCount() == 0;
        if (batch.producerId() < 0 || batch.control() && marker == null && !emptied) {
            return;
        }
        var producer = producers.computeIfAbsent(batch.producerId(), id -> new Producer());
        if (producer.epoch != batch.producerEpoch()) {
            producer.epoch = batch.producerEpoch();
            producer.batches.clear();
        }
        producer.lastTimestampMs = batch.maxTimestamp();
        producer.heardMs = nowMs;
        if (batch.control()) {
            producer.coordinatorEpoch = emptied ? producer.coordinatorEpoch : marker.coordinatorEpoch();
            producer.markerOffset = batch.baseOffset();
            if (producer.transactionStart >= 0) {
                ongoing.remove(producer.transactionStart);
                settling.put(producer.transactionStart, batch.nextOffset());
                producer.transactionStart = -1;
            }
            return;
        }
        producer.add(batch);
        if (batch.transactional() && producer.transactionStart < 0) {
            producer.transactionStart = batch.baseOffset();
            ongoing.add(batch.baseOffset());
        }
    }

    /** The transaction that a batch aborts which is not noted yet; null where it aborts none. */
    AbortedTransactions.Entry aborted(RecordBatch batch) {
        var marker = batch.control() ? TransactionMarker.of(batch) : null;
        var producer = marker == null || marker.commit() ? null : producers.get(batch.producerId());
        if (producer == null || producer.transactionStart < 0) {
            return null;
        }
        long start = producer.transactionStart;
        var oldest = ongoing.first() == start ? ongoing.higher(start) : ongoing.first();
        return new AbortedTransactions.Entry(batch.producerId(), start, batch.lastOffset(),
                oldest == null ? batch.nextOffset() : oldest);
    }

    /**
     * Where the oldest transaction begins that has not ended, or that a power cut may open again; -1 where
     * there is none. What a reader of committed records has seen must stay.
     */
    long firstUnstable() {
        long open = ongoing.isEmpty() ? Long.MAX_VALUE : ongoing.first();
        long first = settling.isEmpty() ? open : Math.min(open, settling.firstKey());
        return first == Long.MAX_VALUE ? -1 : first;
    }

    /** All before this offset is on the disk; returns whether more transactions have ended for good. */
    boolean settle(long forcedOffset) {
        return settling.values().removeIf(end -> end <= forcedOffset);
    }

    /** Whether a transaction has ended, but not for good. */
    boolean settles() {
        return !settling.isEmpty();
    }

    /**
     * Forgets producers that were silent for {@code expirationMs}, but none that is in a transaction. Unlike
     * in Apache Kafka that goes by when batches came, not by the times in them: else who writes records of
     * last year, or without times, were forgotten while it writes, and a batch sent again be taken twice.
     */
    void expire(long nowMs, long expirationMs) {
        producers.values().removeIf(producer -> producer.transactionStart < 0
                && nowMs - producer.heardMs >= expirationMs);
    }

    List<View> views() {
        var views = new ArrayList<View>(producers.size());
        producers.forEach((id, producer) -> {
            var last = producer.lastBatch();
            views.add(new View(id, producer.epoch, last.lastSequence, last.lastOffset,
                    producer.lastTimestampMs, producer.coordinatorEpoch, producer.transactionStart));
        });
        return views;
    }

    // Snapshots.

    /**
     * Writes a snapshot of the state after all before {@code offset}, unless there is one. One that cannot be
     * written is only missed: the next start replays more.
     *
     * @param keep the offsets of the snapshots that are to stay; others are deleted
     */
    void snapshot(long offset, Set<Long> keep) {
        var file = Segment.path(directory, offset, Segment.SNAPSHOT);
        try {
            if (!snapshots.contains(offset)) {
                disk.replace(file, encode(), false);
                snapshots.add(offset);
            }
            for (var old : List.copyOf(snapshots)) {
                if (old != offset && !keep.contains(old)) {
                    dropSnapshot(old);
                }
            }
        } catch (IOException failure) {
            LOG.log(Level.WARNING, "The snapshot " + file + " cannot be written", failure);
        }
    }

    private void dropSnapshot(long offset) throws IOException {
        snapshots.remove(offset);
        disk.delete(Segment.path(directory, offset, Segment.SNAPSHOT));
    }

    /** Deletes the snapshots below this offset: from there to here the log is to be another. */
    void dropSnapshotsBefore(long offset) throws IOException {
        for (var old : List.copyOf(snapshots.headSet(offset))) {
            dropSnapshot(old);
        }
    }

    /** Forgets the snapshot of a segment whose files went. */
    void forgetSnapshot(long offset) {
        snapshots.remove(offset);
    }

    /**
     * Takes the state of the newest snapshot from {@code firstOffset} to {@code offset} that holds; those
     * that do not, or cannot be read, are deleted, and so are those above.
     *
     * @return the offset of that snapshot, or {@code firstOffset} where there is none: what is still to be
     *     replayed begins there
     */
    long load(long firstOffset, long offset) throws IOException {
        clear();
        while (!snapshots.isEmpty()) {
            long newest = snapshots.last();
            if (newest <= offset && newest >= firstOffset) {
                var file = Segment.path(directory, newest, Segment.SNAPSHOT);
                var wrong = "its checksum or its length";
                try {
                    if (decode(ByteBuffer.wrap(disk.read(file, LIMIT_BYTES)))) {
                        return newest;
                    }
                } catch (IOException unreadable) {
                    wrong = unreadable.toString();
                }
                clear();
                LOG.log(Level.WARNING, "The snapshot {0} is wrong and is deleted: {1}", file, wrong);
            }
            dropSnapshot(newest);
        }
        return firstOffset;
    }

    private void clear() {
        producers.clear();
        ongoing.clear();
        settling.clear();
    }

    private ByteBuffer encode() {
        var bytes = ByteBuffer.allocate(ENTRIES_AT + Integer.BYTES + producers.size() * ENTRY_BYTES);
        bytes.putShort(VERSION).putInt(0).putInt(producers.size());
        producers.forEach((id, producer) -> {
            var last = producer.lastBatch();
            bytes.putLong(id).putShort(producer.epoch).putInt(last.lastSequence).putLong(last.lastOffset);
            bytes.putInt(last.offsetDelta).putLong(producer.lastTimestampMs);
            bytes.putInt(producer.coordinatorEpoch).putLong(producer.transactionStart);
        });
        return bytes.putInt(CHECKSUM_AT, checksum(bytes)).flip();
    }

    private boolean decode(ByteBuffer bytes) {
        boolean sound = bytes.remaining() >= ENTRIES_AT + Integer.BYTES && bytes.getShort() == VERSION
                && bytes.getInt() == checksum(bytes)
                && (long) bytes.getInt() * ENTRY_BYTES == bytes.remaining();
        while (sound && bytes.hasRemaining()) {
            long id = bytes.getLong();
            var producer = new Producer();
            producer.epoch = bytes.getShort();
            int lastSequence = bytes.getInt();
            long lastOffset = bytes.getLong();
            int offsetDelta = bytes.getInt();
            producer.lastTimestampMs = bytes.getLong();
            producer.coordinatorEpoch = bytes.getInt();
            producer.transactionStart = bytes.getLong();
            if (producer.transactionStart >= 0) {
                ongoing.add(producer.transactionStart);
            }
            producer.onlyLast = true;
            producer.heardMs = openedMs;
            if (lastOffset >= 0) {
                producer.batches.add(new Batch(lastSequence, lastOffset, offsetDelta,
                        producer.lastTimestampMs));
            }
            producers.put(id, producer);
        }
        return sound;
    }

    static int checksum(ByteBuffer bytes) {
        var checksum = new CRC32C();
        checksum.update(bytes.slice(ENTRIES_AT, bytes.capacity() - ENTRIES_AT));
        return (int) checksum.getValue();
    }
}
