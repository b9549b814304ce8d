package daybook.log;

import daybook.record.CorruptBatchException;
import daybook.record.RecordBatch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The segments of one log. They are changed under the log's lock, and looked up by any thread without one:
 * readers take a lease on the segment they look at. A segment that goes is first passed by the log's start
 * offset; so whoever asks for what is not before the start, and finds a segment closed, had an old start, and
 * asks again. Where a segment takes the place of others, these segments stay as they are and others take
 * their place too, in one step: whoever finds a segment closed because of that had the old ones, and asks
 * those that the log has now.
 */
final class Segments {
    /** An offset, and the place of its record: in this segment, behind this many bytes. */
    record End(long offset, Segment segment, int position) { }

    /** A segment is missing, or ends too early. */
    static final class RecordsMissing extends IOException {
        private static final long serialVersionUID = 1;

        RecordsMissing(long offset, Path next) {
            super("Expected records from offset " + offset + " on, found none before " + next);
        }
    }

    /** Of one producer five requests are in flight at most, of a megabyte each by default. */
    private static final int LAST_BATCHES_BYTES = 8 << 20;

    private final Disk disk;
    private final Path directory;
    private final NavigableMap<Long, Segment> byBase;
    private final boolean dense;
    /** Whether there are names that were not forced; at first that is not known. */
    private final AtomicBoolean unforced = new AtomicBoolean(true);

    /**
     * @param byBase safe for many threads; never empty once the log is recovered
     * @param dense whether each offset is there
     */
    Segments(Disk disk, Path directory, NavigableMap<Long, Segment> byBase, boolean dense) {
        this.disk = disk;
        this.directory = directory;
        this.byBase = byBase;
        this.dense = dense;
    }

    /** The segment that batches are added to. */
    Segment active() {
        return byBase.lastEntry().getValue();
    }

    long firstBase() {
        return byBase.firstKey();
    }

    /** Where the segment behind this one begins. */
    long baseAfter(Segment segment) {
        return byBase.higherKey(segment.baseOffset());
    }

    /** The segments from the one that holds {@code offset} on; all where none holds it. */
    Collection<Segment> from(long offset) {
        var floor = byBase.floorKey(offset);
        return byBase.tailMap(floor == null ? 0 : floor, true).values();
    }

    long sizeBytes() {
        long size = 0;
        for (var segment : byBase.values()) {
            size += segment.sizeBytes();
        }
        return size;
    }

    // Changing.

    /** Begins a segment, which is the active one from now on; its name is yet to be forced. */
    Segment begin(long baseOffset, LogConfig config, long nowMs) throws IOException {
        var segment = Segment.create(disk, directory, baseOffset, config, nowMs);
        byBase.put(baseOffset, segment);
        unforced.set(true);
        return segment;
    }

    /**
     * Whether names are to be forced, by who asks, before any record counts as forced; another may come
     * meanwhile, for later records.
     */
    boolean takeUnforced() {
        return unforced.getAndSet(false);
    }

    /**
     * Begins a segment at the log's end, and only then ends the one before: where there is no room for
     * another, that one goes on. It is cut first, so that at no time a segment with others behind it holds
     * more than its batches. In a log that is compacted a start cannot tell a hole from records that went, so
     * there the batches and the name are forced too: a power cut may else take a segment, or its last
     * batches, and leave what was written behind them. The name of the first segment is, of any log: where
     * that went, no start can tell that the log did not begin with the second.
     */
    Segment roll(ProducerStates producers, long endOffset, LogConfig config, long nowMs) throws IOException {
        var ended = active();
        ended.cut();
        boolean holesUntold = !dense || config.compaction() != null;
        if (holesUntold) {
            ended.force();
        }
        if (holesUntold || byBase.size() == 1) {
            disk.forceDirectory(directory);
        }
        ended.sealIndexes();
        var begun = begin(endOffset, config, nowMs);
        ended.seal();
        producers.snapshot(endOffset, byBase.keySet());
        return begun;
    }

    /** Ends the active segment for a clean stop, with a snapshot of the producers behind it. */
    void finish(ProducerStates producers, long endOffset) throws IOException {
        active().seal();
        forceIndexes(endOffset);
        producers.snapshot(endOffset, byBase.keySet());
    }

    /** Forces the segments that end behind {@code offset}, and the indexes of those that have ended. */
    void force(long offset) throws IOException {
        for (var segment : from(offset)) {
            segment.force();
        }
        forceIndexes(offset);
    }

    /**
     * Forces the indexes of the segments that have ended since all before {@code offset} was forced, also of
     * one that ended just there. A power cut may leave indexes in part, and nothing tells of that: so a start
     * that was not clean looks at the segment of the last record before the recovery point, and at those
     * behind it.
     */
    private void forceIndexes(long offset) throws IOException {
        for (var segment : from(offset - 1)) {
            segment.forceIndexes();
        }
    }

    /**
     * Takes segments out, the oldest ones; returns the files to delete later, which have other names on the
     * disk now. The names of those that stay were forced before, and each one is gone for good before the
     * next goes: a power cut never leaves a hole. Only then is it forgotten here too, for the checkpoint
     * tells where a log begins until no older one can come back.
     */
    List<Path> remove(Collection<Segment> expendable) throws IOException {
        var doomed = new ArrayList<Path>();
        for (var segment : expendable) {
            doomed.addAll(segment.delete());
            byBase.remove(segment.baseOffset());
        }
        return doomed;
    }

    // A segment that takes the place of others. The names of its files change in the order of Apache Kafka,
    // each step on the disk before the next, so that a start finds all after a power cut at any time:
    // 1. The new files end in .cleaned until they are complete: a start deletes them.
    // 2. They end in .swap, the log's first: while another ends in .cleaned still, a start deletes them all;
    //    from then on it deletes what they replace, and goes on with step 4.
    // 3. The files that they replace end in .deleted: a start deletes them.
    // 4. The new log file has its name for good, and then its indexes have: a start gives them theirs.

    /** Begins a segment that is to take the place of others, of which the first has this base offset. */
    Segment replacement(long baseOffset, LogConfig config, long nowMs) throws IOException {
        return Segment.replacement(disk, directory, baseOffset, config, nowMs);
    }

    /** Whether these are all segments of the log. */
    boolean hold(List<Segment> some) {
        return some.stream().allMatch(segment -> byBase.get(segment.baseOffset()) == segment);
    }

    /** Step 2. These segments with the one, complete, in the place of the others. */
    Segments replaced(List<Segment> others, Segment by) throws IOException {
        try {
            by.rename(Segment.SWAP);
        } catch (Throwable failure) {
            by.discard();
            throw failure;
        }
        var after = new ConcurrentSkipListMap<>(byBase);
        others.forEach(segment -> after.remove(segment.baseOffset()));
        after.put(by.baseOffset(), by);
        return new Segments(disk, directory, after, false);
    }

    /** Steps 3 and 4, once readers find the new segment; returns the files to delete later. */
    List<Path> settle(List<Segment> others, Segment by) throws IOException {
        var doomed = new ArrayList<Path>();
        for (var segment : others) {
            doomed.addAll(segment.giveWay());
        }
        disk.forceDirectory(directory);
        by.rename(Segment.IN_PLACE);
        by.placed();
        return doomed;
    }

    /** Gives all segments back; a file is closed when its last reader is done. */
    void end() {
        byBase.values().forEach(Segment::end);
    }

    // What need not be kept: always whole segments, from the oldest on.

    /** The segments that end at or before {@code startOffset}; never the last one. */
    List<Segment> passed(long startOffset) {
        return List.copyOf(byBase.headMap(byBase.floorKey(startOffset), false).values());
    }

    /**
     * The oldest segments that may go by Kafka's rules. Where that is all of them, the last one is to be
     * rolled first; an empty last segment always stays.
     *
     * @param startOffset segments that end at or before it may go, whatever the configuration says
     */
    List<Segment> expendable(LogConfig config, long startOffset, long nowMs) throws IOException {
        long excessBytes = config.retentionBytes() < 0 ? 0 : sizeBytes() - config.retentionBytes();
        var expendable = new ArrayList<Segment>();
        for (var segment : byBase.values()) {
            int size = segment.sizeBytes();
            var nextBase = byBase.higherKey(segment.baseOffset());
            boolean passed = nextBase != null && nextBase <= startOffset;
            boolean tooMuch = size > 0 && excessBytes >= size;
            boolean tooOld = config.retentionMs() >= 0 && (nextBase != null || size > 0)
                    && nowMs - segment.newestOrWrittenMs() > config.retentionMs();
            if (!passed && !tooMuch && !tooOld) {
                break;
            }
            excessBytes -= size;
            expendable.add(segment);
        }
        return expendable;
    }

    // Reading.

    /** Cursors over the last batches of the log, some megabytes of them, in order. */
    Collection<BatchCursor> lastBatches() throws IOException {
        var cursors = new ArrayDeque<BatchCursor>();
        int leftBytes = LAST_BATCHES_BYTES;
        for (var segment : byBase.descendingMap().values()) {
            if (leftBytes > 0) {
                cursors.addFirst(segment.lastBatches(leftBytes, BatchCursor.LARGE_WINDOW_BYTES));
                leftBytes -= segment.sizeBytes();
            }
        }
        return cursors;
    }

    /**
     * Bytes of the batch that holds {@code offset} and of those behind it; null where none are before {@code
     * until}.
     */
    Segment.Leased region(long offset, int maxBytes, boolean wholeBatch, End until) throws IOException {
        var entry = byBase.floorEntry(offset);
        while (entry != null && entry.getKey() < until.offset) {
            var segment = entry.getValue();
            lease(segment);
            try {
                int limit = limit(segment, until);
                var place = segment.find(offset, limit);
                if (place != null) {
                    int length = lengthBytes(segment, place, limit, maxBytes, wholeBatch);
                    return length == 0 ? null : segment.region(place.position(), length);
                }
            } finally {
                segment.release();
            }
            entry = byBase.higherEntry(entry.getKey());
            if (dense && entry != null && entry.getKey() > offset) {
                throw new RecordsMissing(offset, entry.getValue().path());
            }
        }
        return null;
    }

    /**
     * The aborted transactions that have records in a region which begins at {@code offset}, and perhaps
     * some that begin right behind it. Closes the region where it fails.
     *
     * @param region may be null
     */
    List<AbortedTransactions.Entry> aborted(long offset, Segment.Leased region, End until)
            throws IOException {
        try {
            for (var segment : from(offset)) {
                if (region != null && !segment.aborted().isEmpty()) {
                    return aborted(offset, Math.min(offsetBehind(region), until.offset));
                }
            }
            return List.of();
        } catch (Throwable failure) {
            region.close();
            throw failure;
        }
    }

    /** An offset above those of the region's batches: that of a batch soon behind it, as an index has it. */
    private long offsetBehind(Segment.Leased region) throws IOException {
        long indexed = region.segment().offsetFrom(region.position() + region.lengthBytes());
        var nextBase = byBase.higherKey(region.segment().baseOffset());
        return Math.min(indexed, nextBase == null ? Long.MAX_VALUE : nextBase);
    }

    /** The aborted transactions that have records from {@code from} on and before {@code upTo}. */
    List<AbortedTransactions.Entry> aborted(long from, long upTo) throws IOException {
        var found = new ArrayList<AbortedTransactions.Entry>();
        boolean complete = false;
        for (var segments = from(from).iterator(); segments.hasNext() && !complete;) {
            var segment = segments.next();
            lease(segment);
            try {
                complete = segment.aborted().collect(from, upTo, found);
            } finally {
                segment.release();
            }
        }
        return found;
    }

    private static int lengthBytes(Segment segment, Segment.Place first, int limit, int maxBytes,
            boolean wholeBatch) throws IOException {
        int position = first.position();
        if (limit - position <= maxBytes) {
            return limit - position;
        }
        int border = segment.borderBetween(position, (long) position + maxBytes);
        if (border >= 0) {
            return border - position;
        }
        int firstBytes = first.sizeBytes() > 0 ? first.sizeBytes() : segment.batchBytes(position, limit);
        if (firstBytes > maxBytes) {
            return wholeBatch ? firstBytes : 0;
        }
        return maxBytes;
    }

    /** The end of a log that is to end before {@code offset}, where a batch begins or the log ends. */
    End endAt(long offset) throws IOException {
        for (var segment : from(offset)) {
            var place = segment.find(offset, segment.sizeBytes());
            if (place != null) {
                return new End(offset, segment, place.position());
            }
        }
        return new End(offset, active(), active().sizeBytes());
    }

    /** As {@link #endAt}; where that cannot be read, the log is to end where its segment begins. */
    End endNear(long offset) {
        try {
            return endAt(offset);
        } catch (IOException | Error unreadable) {
            var segment = from(offset).iterator().next();
            return new End(segment.baseOffset(), segment, 0);
        }
    }

    /** The newest time of a record in the segments from {@code startOffset} on; -1 where none has a time. */
    long newestMs(long startOffset) throws IOException {
        long newestMs = RecordBatch.NO_TIMESTAMP;
        for (var segment : from(startOffset)) {
            newestMs = Math.max(newestMs, segment.indexes().newestMs());
        }
        return newestMs;
    }

    /**
     * The first record from {@code startOffset} on whose time is {@code timestampMs} or later. The time index
     * gives a place to begin, batches are told by the newest time in their headers, and only those that
     * should hold the record are opened.
     */
    PartitionLog.Found firstFrom(long timestampMs, long startOffset, End until) throws IOException {
        for (var segment : from(startOffset)) {
            if (segment.baseOffset() >= until.offset) {
                break;
            }
            lease(segment);
            try {
                var indexes = segment.indexes();
                int from = indexes.newestMs() < timestampMs ? limit(segment, until)
                        : indexes.positionOf(timestampMs, startOffset);
                var cursor = segment.cursor(from, limit(segment, until), BatchCursor.SMALL_WINDOW_BYTES);
                while (cursor.next()) {
                    var found = firstIn(cursor, timestampMs, startOffset);
                    if (found != null) {
                        return found;
                    }
                }
            } finally {
                segment.release();
            }
        }
        return PartitionLog.Found.NONE;
    }

    /** The record in the cursor's batch, or null; the batch's first one where it cannot be opened. */
    private static PartitionLog.Found firstIn(BatchCursor cursor, long timestampMs, long startOffset)
            throws IOException {
        var batch = cursor.batch();
        if (batch.lastOffset() < startOffset || batch.maxTimestamp() < timestampMs) {
            return null;
        }
        if (cursor.sizeBytes() <= OpenedBatch.LIMIT_BYTES) {
            try {
                var whole = cursor.whole();
                return OpenedBatch.read(whole, opened -> firstIn(whole, opened, timestampMs, startOffset));
            } catch (CorruptBatchException unreadable) {
                // Told by its header, as one that is too large to be opened.
            }
        }
        return new PartitionLog.Found(Math.max(batch.baseOffset(), startOffset), batch.maxTimestamp(),
                batch.leaderEpoch());
    }

    private static PartitionLog.Found firstIn(RecordBatch batch, ByteBuffer opened, long timestampMs,
            long startOffset) {
        for (var record : batch.recordsIn(opened)) {
            if (record.offset() >= startOffset && record.timestampMs() >= timestampMs) {
                return new PartitionLog.Found(record.offset(), record.timestampMs(), batch.leaderEpoch());
            }
        }
        return null;
    }

    private static int limit(Segment segment, End until) {
        return segment == until.segment ? until.position : segment.sizeBytes();
    }

    static void lease(Segment segment) throws IOException {
        if (!segment.lease()) {
            throw new ClosedChannelException();
        }
    }
}
