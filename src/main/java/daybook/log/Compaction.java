package daybook.log;

import daybook.record.BatchBuilder;
import daybook.record.BatchHeader;
import daybook.record.CorruptBatchException;
import daybook.record.Record;
import daybook.record.RecordBatch;
import daybook.record.TransactionMarker;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CancellationException;

/**
 * One compaction of one log, by the rules of Apache Kafka (KIP-58, KIP-354, KIP-534): the newest offset of
 * each key in the part that was not compacted yet goes into a map; then all segments up to there are copied
 * without the records that have a newer one, small ones together into one, and the copies take their places.
 * Offsets stay, and so do the batches with their first and last offset, their producer and their codec; a
 * batch that is left empty goes too, unless it tells the last sequence number of a producer, or is the last
 * that was to be compacted. A batch in which nothing changes is copied byte for byte.
 *
 * <p>Appends and reads go on meanwhile. Before the first copy takes its place, the log is forced: otherwise a
 * power cut could take both a record that had been forced and the newer one that had not, or the marker that
 * commits the newer one; and the snapshots of producers below go, which know of transactions whose markers
 * may go. Where the broker stops, the log goes, segments of it are deleted, or the disk has no
 * room for a copy beside its reserve, it ends with a {@link CancellationException}; what is done by then
 * stays, and the rest is done by the next one.
 *
 * <p>Belongs to one thread, and there is never more than one of a log.
 */
final class Compaction {
    /** Whoever bounds how fast it goes. */
    interface Pace {
        /** Returns when so many bytes more may be read or written; false where it is to end. */
        boolean take(int bytes);
    }

    /**
     * What there is to compact in a log: the segments from the one that holds {@code from} on.
     *
     * @param segments all before {@code until}, where the last of them ends
     * @param cleanBytes in those that begin before {@code from}
     * @param overdue whether records wait longer than the log's configuration allows
     */
    record Work(PartitionLog log, LogConfig config, List<Segment> segments, long from, long until,
            long cleanBytes, long dirtyBytes, boolean overdue) {
        double dirtyRatio() {
            return (double) dirtyBytes / (cleanBytes + dirtyBytes);
        }

        boolean worthwhile() {
            return dirtyBytes > 0 && (overdue || dirtyRatio() > config.compaction().minDirtyRatio());
        }
    }

    private static final long NO_HORIZON = Long.MAX_VALUE;

    private final PartitionLog log;
    private final Directory home;
    private final LogConfig config;
    private final List<Segment> segments;
    private final long from;
    private final long until;
    private final KeyMap keys;
    private final int windowBytes;
    private final Pace pace;
    private final long nowMs;
    private final Map<Long, ProducerStates.View> producers = new HashMap<>();

    Compaction(Work work, CleanerSettings settings, Pace pace, long nowMs) {
        this.log = work.log();
        this.home = log.home();
        this.config = work.config();
        this.from = work.from();
        this.until = work.until();
        this.segments = work.segments();
        this.keys = new KeyMap(settings.oneKeyMapBytes(), settings.keyMapLoad(), until - from);
        this.windowBytes = settings.windowBytes();
        this.pace = pace;
        this.nowMs = nowMs;
    }

    /**
     * Finds what there is to compact: nothing from the last stable offset on, nothing in the last segment,
     * and no segment with a record that is too young.
     *
     * @param config with compaction in it
     */
    static Work work(PartitionLog log, LogConfig config, long nowMs) throws IOException {
        var rules = config.compaction();
        long start = log.startOffset();
        long compacted = log.home().compactedOffset(log.partition());
        long from = Math.max(start, compacted);
        var segments = List.copyOf(log.segments().from(0));
        long limit = log.lastStableOffset();
        boolean overdue = false;
        for (int i = 0; i < segments.size() - 1; i++) {
            var segment = segments.get(i);
            if (segments.get(i + 1).baseOffset() > from) {
                if (rules.minLagMs() > 0 && segment.newestOrWrittenMs() > nowMs - rules.minLagMs()) {
                    limit = Math.min(limit, segment.baseOffset());
                    break;
                }
                long firstMs = rules.maxLagMs() == Long.MAX_VALUE ? -1 : segment.firstBatchMs();
                overdue |= firstMs > 0 && firstMs < nowMs - rules.maxLagMs();
            }
        }
        int count = 0;
        long cleanBytes = 0;
        long dirtyBytes = 0;
        while (count < segments.size() - 1 && segments.get(count + 1).baseOffset() <= limit) {
            var segment = segments.get(count);
            cleanBytes += segment.baseOffset() < from ? segment.sizeBytes() : 0;
            count++;
            dirtyBytes += segments.get(count).baseOffset() > from ? segment.sizeBytes() : 0;
        }
        return new Work(log, config, segments.subList(0, count), from, segments.get(count).baseOffset(),
                cleanBytes, dirtyBytes, overdue);
    }

    void run() throws IOException {
        try {
            compact();
        } catch (IOException failure) {
            boolean same = log.compactable()
                    && log.segments().firstBase() == segments.getFirst().baseOffset();
            if (same && home.space().spares(config.segmentBytes())) {
                throw failure;
            }
            throw new CancellationException("The log changed, or the disk is full: " + failure);
        }
    }

    private void compact() throws IOException {
        if (home.compactedOffset(log.partition()) < 0) {
            // From here on a start knows that offsets may be missing.
            home.noteCompacted(log, from);
        }
        long mappedUntil = mapKeys();
        // All: the markers of what ended lie anywhere behind it.
        if (!log.force(log.endOffset())) {
            throw new CancellationException("The log refuses writes");
        }
        log.dropSnapshotsBefore(mappedUntil);
        log.producers().forEach(producer -> producers.put(producer.producerId(), producer));
        var transactions = new Transactions(segments.getFirst().baseOffset());
        for (var group : groups(mappedUntil)) {
            copy(group, mappedUntil, transactions);
        }
        home.noteCompacted(log, mappedUntil);
    }

    // The keys.

    /** Puts what was not compacted yet into the map, as far as it fits; returns the offset behind that. */
    private long mapKeys() throws IOException {
        var transactions = new Transactions(from);
        long mappedUntil = from;
        for (int i = 0; i < segments.size(); i++) {
            var segment = segments.get(i);
            long end = i + 1 < segments.size() ? segments.get(i + 1).baseOffset() : until;
            if (end > from) {
                mappedUntil = mapKeys(segment, end, transactions);
                if (mappedUntil < end) {
                    break;
                }
            }
        }
        return mappedUntil;
    }

    private long mapKeys(Segment segment, long end, Transactions transactions) throws IOException {
        Segments.lease(segment);
        try {
            int position = from <= segment.baseOffset() ? 0 : segment.indexes().positionOf(from);
            var cursor = segment.cursor(position, segment.sizeBytes(), windowBytes);
            while (cursor.next()) {
                var batch = whole(cursor, segment);
                if (!transactions.over(batch, null) && !batch.control()) {
                    for (var record : batch.records(OpenedBatch.LIMIT_BYTES)) {
                        check(batch, record);
                        boolean counts = record.key() != null && record.offset() >= from;
                        if (counts && !keys.put(record.key(), record.offset())) {
                            return record.offset();
                        }
                    }
                }
            }
            cursor.requireLimit(segment.path());
            return end;
        } finally {
            segment.release();
        }
    }

    // The copies.

    /**
     * The segments that hold what is before {@code mappedUntil}, put together so that neither the copies nor
     * their indexes are larger than segments of this log may be.
     */
    private List<List<Segment>> groups(long mappedUntil) throws IOException {
        var groups = new ArrayList<List<Segment>>();
        long bytes = 0;
        long indexBytes = 0;
        for (int i = 0; i < segments.size() && segments.get(i).baseOffset() < mappedUntil; i++) {
            var segment = segments.get(i);
            long end = i + 1 < segments.size() ? segments.get(i + 1).baseOffset() : until;
            bytes += segment.sizeBytes();
            indexBytes += segment.indexes().sizeBytes();
            boolean fits = !groups.isEmpty() && bytes <= config.segmentBytes()
                    && indexBytes <= config.segmentIndexBytes()
                    && end - 1 - groups.getLast().getFirst().baseOffset() <= Integer.MAX_VALUE;
            if (!fits) {
                groups.add(new ArrayList<>());
                bytes = segment.sizeBytes();
                indexBytes = segment.indexes().sizeBytes();
            }
            groups.getLast().add(segment);
        }
        return groups;
    }

    private void copy(List<Segment> group, long mappedUntil, Transactions transactions) throws IOException {
        if (!home.space().spares(group.stream().mapToLong(Segment::sizeBytes).sum())) {
            throw new CancellationException("The disk has no room for a copy");
        }
        var copy = log.segments().replacement(group.getFirst().baseOffset(), config, nowMs);
        try {
            for (var segment : group) {
                copy(segment, copy, mappedUntil, transactions);
            }
            copy.complete(group.getLast().writtenMs());
        } catch (Throwable failure) {
            home.discard(log, copy);
            throw failure;
        }
        if (!log.replace(group, copy)) {
            home.discard(log, copy);
            throw new CancellationException("The log changed");
        }
    }

    private void copy(Segment segment, Segment copy, long mappedUntil, Transactions transactions)
            throws IOException {
        Segments.lease(segment);
        try {
            var cursor = segment.cursor(0, segment.sizeBytes(), windowBytes);
            while (cursor.next()) {
                var batch = whole(cursor, segment);
                var kept = kept(batch, transactions.over(batch, copy.aborted()), mappedUntil);
                if (kept != null) {
                    take(kept.remaining());
                    copy.copy(kept, new RecordBatch(kept, 0));
                }
            }
            cursor.requireLimit(segment.path());
        } finally {
            segment.release();
        }
    }

    /**
     * What is to stay of a batch; null where nothing is.
     *
     * @param over whether no record of it counts any more, or it is the marker of a transaction of which
     *     there is no other batch any more
     */
    private ByteBuffer kept(RecordBatch batch, boolean over, long mappedUntil) {
        long horizonMs = batch.hasDeleteHorizon() ? batch.baseTimestamp() : NO_HORIZON;
        boolean mayGo = horizonMs <= nowMs;
        boolean emptied = over && (mayGo || !batch.control());
        var opened = emptied ? null : batch.open(OpenedBatch.LIMIT_BYTES);
        // Of the records only their places are kept: there may be millions in a megabyte.
        var staying = new BitSet();
        Record first = null;
        int count = 0;
        boolean ends = over;
        if (!emptied) {
            for (var record : batch.recordsIn(opened)) {
                check(batch, record);
                if (batch.control() || record.offset() >= mappedUntil || stays(record, mayGo)) {
                    staying.set(count);
                    first = first == null ? record : first;
                    ends |= record.value() == null;
                }
                count++;
            }
        }
        var header = BatchHeader.of(batch);
        if (first == null) {
            boolean stays = batch.nextOffset() == until || lastOfProducer(batch);
            header = header.attributes(batch.attributes() & ~RecordBatch.DELETE_HORIZON)
                    .baseTimestamp(RecordBatch.NO_TIMESTAMP);
            return stays ? new BatchBuilder(header).build(0) : null;
        }
        boolean toBeDated = ends && !batch.hasDeleteHorizon();
        if (staying.cardinality() == count && !toBeDated) {
            return batch.bytes();
        }
        if (toBeDated) {
            header = header.deleteHorizon(horizonMs());
        } else if (!batch.hasDeleteHorizon()) {
            header = header.baseTimestamp(first.timestampMs());
        }
        var builder = new BatchBuilder(header);
        int index = 0;
        for (var record : batch.recordsIn(opened)) {
            if (staying.get(index++)) {
                builder.add(record);
            }
        }
        return builder.build(header.codec().defaultLevel());
    }

    /** Whether a record of the mapped part is the newest of its key, and no tombstone that may go. */
    private boolean stays(Record record, boolean tombstonesMayGo) {
        return record.key() != null && keys.get(record.key()) <= record.offset()
                && (record.value() != null || !tombstonesMayGo);
    }

    /** From when on tombstones and markers may go that are found now: all before them is compacted. */
    private long horizonMs() {
        return nowMs + Math.min(config.compaction().deleteRetentionMs(), NO_HORIZON - 1 - nowMs);
    }

    /** Whether the batch tells what may come next of its producer: its last one, or the marker after it. */
    private boolean lastOfProducer(RecordBatch batch) {
        var producer = batch.hasProducerId() ? producers.get(batch.producerId()) : null;
        if (producer == null) {
            return false;
        }
        return producer.lastOffset() >= 0 ? batch.lastOffset() == producer.lastOffset()
                : batch.control() && batch.producerEpoch() == producer.producerEpoch();
    }

    // Reading.

    /** The batch at the cursor, whose bytes are those that were written: they get a new checksum here. */
    private RecordBatch whole(BatchCursor cursor, Segment segment) throws IOException {
        take(cursor.sizeBytes());
        if (cursor.sizeBytes() > OpenedBatch.LIMIT_BYTES) {
            throw new IOException("The batch at byte " + cursor.position() + " of " + segment.path() + " has "
                    + cursor.sizeBytes() + " bytes, more than can be opened");
        }
        var batch = cursor.whole();
        if (!batch.checksumHolds()) {
            throw new IOException("The batch at byte " + cursor.position() + " of " + segment.path()
                    + " is damaged: expected checksum " + Integer.toHexString(batch.checksum()));
        }
        return batch;
    }

    /** The offset of a record must be one of the batch's: by these it is told which ones go. */
    private static void check(RecordBatch batch, Record record) {
        if (record.offset() < batch.baseOffset() || record.offset() > batch.lastOffset()) {
            throw new CorruptBatchException("The batch at offset " + batch.baseOffset()
                    + " has a record of offset " + record.offset());
        }
    }

    private void take(int bytes) {
        if (!pace.take(bytes) || !log.compactable()) {
            throw new CancellationException("The broker stops, or the log goes");
        }
    }

    /** Which batches belong to transactions that are over, told as they are passed in their order. */
    private final class Transactions {
        /** Aborted ones that lie ahead, in the order in which they begin. */
        private final Queue<AbortedTransactions.Entry> ahead;
        /** Aborted ones that have begun, by producer. */
        private final Map<Long, AbortedTransactions.Entry> aborted = new HashMap<>();
        /** Producers in a transaction of which there was a batch. */
        private final Set<Long> withBatches = new HashSet<>();

        Transactions(long from) throws IOException {
            var entries = new ArrayList<>(log.segments().aborted(from, until));
            entries.sort(Comparator.comparingLong(AbortedTransactions.Entry::firstOffset));
            this.ahead = new ArrayDeque<>(entries);
        }

        /**
         * Whether a batch of records was aborted, or a marker has nothing to mark any more.
         *
         * @param index takes the aborted transactions of which batches were there; may be null
         */
        boolean over(RecordBatch batch, AbortedTransactions index) throws IOException {
            while (!ahead.isEmpty() && ahead.element().firstOffset() <= batch.lastOffset()) {
                var entry = ahead.remove();
                aborted.putIfAbsent(entry.producerId(), entry);
            }
            if (batch.control()) {
                return marksNothing(batch, index);
            }
            if (batch.transactional()) {
                withBatches.add(batch.producerId());
            }
            return batch.transactional() && aborted.containsKey(batch.producerId());
        }

        private boolean marksNothing(RecordBatch batch, AbortedTransactions index) throws IOException {
            var marker = TransactionMarker.of(batch);
            if (marker == null) {
                return batch.recordCount() == 0;
            }
            var entry = marker.commit() ? null : aborted.remove(batch.producerId());
            boolean marks = withBatches.remove(batch.producerId());
            if (marks && entry != null && index != null) {
                index.append(entry);
            }
            return !marks;
        }
    }
}
