package daybook.log;

import daybook.record.RecordBatch;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The offset index and the time index of one segment. Whoever holds the log's lock adds batches; any thread
 * looks up. A search begins where an index says and goes on from batch to batch, so an entry too few only
 * makes it longer.
 */
final class SegmentIndexes {
    private final long baseOffset;
    private final SparseIndex offsets;
    private final SparseIndex times;
    /** Written by the one that adds. */
    private volatile long newestMs = RecordBatch.NO_TIMESTAMP;
    /** The last offset of the first batch that has the newest time. Used only by the one that adds. */
    private long newestOffset;
    /** Used only by the one that adds. */
    private int bytesSinceEntry;

    private SegmentIndexes(Disk disk, Path directory, long baseOffset, String stage) throws IOException {
        this.baseOffset = baseOffset;
        this.offsets = SparseIndex.offsets(disk, Segment.path(directory, baseOffset, Segment.INDEX + stage));
        this.times = SparseIndex.times(disk, Segment.path(directory, baseOffset, Segment.TIME_INDEX + stage));
    }

    /**
     * The indexes that are on the disk; null where they cannot be those of a segment of {@code segmentBytes}.
     */
    static SegmentIndexes open(Disk disk, Path directory, long baseOffset, int segmentBytes)
            throws IOException {
        var found = new SegmentIndexes(disk, directory, baseOffset, Segment.IN_PLACE);
        int entries = found.offsets.entries();
        boolean plausible = found.offsets.plausible() && found.times.plausible()
                && (entries == 0 || found.offsets.value(entries - 1) < segmentBytes);
        if (!plausible) {
            return null;
        }
        int last = found.times.entries() - 1;
        if (last >= 0) {
            found.newestMs = found.times.key(last);
            found.newestOffset = baseOffset + found.times.value(last);
        }
        return found;
    }

    /** Indexes without an entry, in new files: a mapping of the old ones may be in a reader's hands. */
    static SegmentIndexes create(Disk disk, Path directory, long baseOffset) throws IOException {
        for (var suffix : new String[] {Segment.INDEX, Segment.TIME_INDEX}) {
            var file = Segment.path(directory, baseOffset, suffix);
            disk.delete(file);
            disk.open(file).close();
        }
        return new SegmentIndexes(disk, directory, baseOffset, Segment.IN_PLACE);
    }

    /** The size of the larger one of both. */
    int sizeBytes() {
        return Math.max(offsets.sizeBytes(), times.sizeBytes());
    }

    /** The newest time of the segment's batches, in milliseconds since 1970; -1 where they have none. */
    long newestMs() {
        return newestMs;
    }

    /**
     * Indexes made anew in memory, which {@link #seal} writes.
     *
     * @param stage the end of their files' names
     */
    static SegmentIndexes gather(Disk disk, Path directory, long baseOffset, String stage, int indexBytes)
            throws IOException {
        var gathered = new SegmentIndexes(disk, directory, baseOffset, stage);
        gathered.offsets.gather(indexBytes);
        gathered.times.gather(indexBytes);
        return gathered;
    }

    /** Makes room to add a batch and to seal. */
    void grow(int indexBytes) throws IOException {
        offsets.grow(indexBytes);
        times.grow(indexBytes);
    }

    /** Whether the next entry might not fit, with one time entry kept for the end. */
    boolean full() {
        return offsets.full(1) || times.full(2);
    }

    /**
     * Adds a batch, by Kafka's rule: an entry stands after more than the interval, for the batch that
     * follows.
     */
    void add(int position, RecordBatch batch, int intervalBytes) throws IOException {
        if (batch.maxTimestamp() > newestMs) {
            newestMs = batch.maxTimestamp();
            newestOffset = batch.lastOffset();
        }
        if (bytesSinceEntry > intervalBytes && !full()) {
            offsets.append(batch.lastOffset() - baseOffset, position);
            addNewest();
            bytesSinceEntry = 0;
        }
        bytesSinceEntry += batch.sizeBytes();
    }

    /**
     * Notes the newest time and has both files hold their entries, no less and no more.
     *
     * @param force whether that is so after a power cut too
     */
    void seal(boolean force) throws IOException {
        if (offsets.grows()) {
            addNewest();
        }
        offsets.seal(force);
        times.seal(force);
    }

    /** Has both on the disk as they were sealed. */
    void force() throws IOException {
        offsets.force();
        times.force();
    }

    /** Has both readable without their files' names. */
    void hold() throws IOException {
        offsets.hold();
        times.hold();
    }

    private void addNewest() throws IOException {
        int last = times.entries() - 1;
        long indexed = last < 0 ? RecordBatch.NO_TIMESTAMP : times.key(last);
        if (newestMs > indexed) {
            times.append(newestMs, (int) (newestOffset - baseOffset));
        }
    }

    /** Where the last indexed batch lies that ends at or before {@code offset}; 0 where none is indexed. */
    int positionOf(long offset) throws IOException {
        int entry = offsets.floor(offset - baseOffset);
        return entry < 0 ? 0 : Math.max(0, offsets.value(entry));
    }

    /**
     * Where the first indexed batch lies that ends behind {@code offset}, if it is more than {@code
     * apartBytes} behind the indexed one before it; else -1.
     */
    int positionBehind(long offset, int apartBytes) throws IOException {
        int entry = offsets.floor(offset - baseOffset);
        if (entry + 1 >= offsets.entries()) {
            return -1;
        }
        int from = entry < 0 ? 0 : offsets.value(entry);
        int behind = offsets.value(entry + 1);
        return behind - from > apartBytes ? behind : -1;
    }

    /**
     * A position before which no record is as new as {@code timestampMs}, or only ones before {@code offset}.
     */
    int positionOf(long timestampMs, long offset) throws IOException {
        int entry = times.floor(timestampMs);
        long from = entry < 0 ? baseOffset : baseOffset + times.value(entry);
        return positionOf(Math.max(from, offset));
    }

    /** The first indexed beginning of a batch that is not before {@code position}; -1 where there is none. */
    int borderFrom(int position) throws IOException {
        int entry = offsets.floorOfValue(position - 1) + 1;
        return entry < offsets.entries() ? offsets.value(entry) : -1;
    }

    /** The last indexed beginning of a batch that is not behind {@code position}; 0 where none is indexed. */
    int borderAt(int position) throws IOException {
        int entry = offsets.floorOfValue(position);
        return entry < 0 ? 0 : Math.max(0, offsets.value(entry));
    }
}
