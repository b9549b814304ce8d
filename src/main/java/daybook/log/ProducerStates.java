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
        private short epoch;
        private long lastTimestampMs;
        /** When its last batch came, or where that was before the start, when that was. */
        private long heardMs;
        /** That of the last marker, -1 where there was none. */
        private int coordinatorEpoch = -1;
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
    }

    private static final System.Logger LOG = System.getLogger("daybook.log");
    private static final Batch NO_BATCH = new Batch(RecordBatch.NO_SEQUENCE, -1, 0, -1);
    private static final int BATCHES = 5;
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
     * What is answered to a client's batch that is not the next of its producer; null where it is, as one
     * without a producer always is.
     *
     * @param startOffset where the log begins, to be told
     * @param segments the log's, in which more of the producer may be found than is remembered
     */
    Appended answerOutOfTurn(RecordBatch batch, long startOffset, Segments segments) throws IOException {
        var answer = answerOutOfTurn(batch, startOffset);
        boolean learnt = answer instanceof Appended.Refused && relearn(batch.producerId(), segments);
        return learnt ? answerOutOfTurn(batch, startOffset) : answer;
    }

    private Appended answerOutOfTurn(RecordBatch batch, long startOffset) {
        var producer = producers.get(batch.producerId());
        if (batch.producerId() < 0 || producer == null && batch.producerEpoch() >= -1) {
            return null;
        }
        if (producer == null || batch.producerEpoch() < producer.epoch) {
            return BatchCheck.refused(ErrorCode.INVALID_PRODUCER_EPOCH, startOffset);
        }
        int last = RecordBatch.NO_SEQUENCE;
        if (batch.producerEpoch() == producer.epoch) {
            for (var known : producer.batches) {
                last = known.lastSequence;
                if (known.firstSequence() == batch.baseSequence() && last == batch.lastSequence()) {
                    return new Appended.Done(known.firstOffset(), known.lastOffset + 1, known.timestampMs,
                            startOffset, true);
                }
            }
        }
        if (batch.baseSequence() != ((last + 1) & Integer.MAX_VALUE)) {
            return BatchCheck.refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, startOffset);
        }
        boolean outside = producer.transactionStart >= 0 && !batch.transactional();
        return outside ? BatchCheck.refused(ErrorCode.INVALID_TXN_STATE, startOffset) : null;
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
        if (batch.producerId() < 0 || batch.control() && marker == null) {
            return;
        }
        var producer = producers.computeIfAbsent(batch.producerId(), id -> new Producer());
        if (producer.epoch != batch.producerEpoch()) {
            producer.epoch = batch.producerEpoch();
            producer.batches.clear();
        }
        producer.lastTimestampMs = batch.maxTimestamp();
        producer.heardMs = nowMs;
        if (marker != null) {
            producer.coordinatorEpoch = marker.coordinatorEpoch();
            ongoing.remove(producer.transactionStart);
            producer.transactionStart = -1;
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

    /** Where the oldest transaction begins that has not ended; -1 where there is none. */
    long firstUnstable() {
        return ongoing.isEmpty() ? -1 : ongoing.first();
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
