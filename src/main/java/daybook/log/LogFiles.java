package daybook.log;

import daybook.record.RecordBatch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;

/** The files of one log, as they are changed: every call is under the log's lock. */
final class LogFiles {
    /** Of one producer five requests are in flight at most, of a megabyte each by default. */
    private static final int LAST_BATCHES_BYTES = 8 << 20;

    private final Disk disk;
    private final Path directory;
    /** By base offset, never empty; read by any thread. */
    private final NavigableMap<Long, Segment> segments;
    private final ProducerStates producers;
    private final LeaderEpochs epochs;

    LogFiles(Disk disk, Path directory, Recovery recovered) {
        this.disk = disk;
        this.directory = directory;
        this.segments = recovered.segments();
        this.producers = recovered.producers();
        this.epochs = recovered.epochs();
    }

    /** The segment that batches are added to. */
    Segment active() {
        return segments.lastEntry().getValue();
    }

    /** Writes a stamped batch at the log's end; returns the new end. */
    Segments.End append(ByteBuffer bytes, RecordBatch batch, LogConfig config, long nowMs)
            throws IOException {
        var segment = active();
        if (segment.full(config, bytes.remaining(), batch.maxTimestamp(), batch.lastOffset(), nowMs)) {
            segment = roll(batch.baseOffset(), config, nowMs);
        }
        epochs.write();
        segment.append(bytes, batch);
        producers.note(batch);
        return new Segments.End(batch.nextOffset(), segment, segment.sizeBytes());
    }

    /** A cursor over the last batches of the log, some megabytes of them. */
    BatchCursor lastBatches() throws IOException {
        var last = segments.lastEntry();
        var before = segments.lowerEntry(last.getKey());
        boolean begun = last.getValue().sizeBytes() > 0 || before == null;
        return (begun ? last : before).getValue().lastBatches(LAST_BATCHES_BYTES);
    }

    /** Ends the active segment and begins one at the log's end. */
    Segment roll(long endOffset, LogConfig config, long nowMs) throws IOException {
        finish(endOffset);
        var segment = Segment.create(disk, directory, endOffset, config, nowMs);
        disk.forceDirectory(directory);
        segments.put(endOffset, segment);
        return segment;
    }

    /** Ends the active segment, with a snapshot of the producers behind it. */
    void finish(long endOffset) throws IOException {
        active().seal();
        producers.snapshot(endOffset, segments.keySet());
    }

    /**
     * Takes segments out of the log, which now begins at {@code startOffset}; returns the files to delete
     * later.
     */
    List<Path> remove(List<Segment> expendable, long startOffset) throws IOException {
        var doomed = new ArrayList<Path>();
        for (var segment : expendable) {
            segments.remove(segment.baseOffset());
            producers.forgetSnapshot(segment.baseOffset());
            doomed.addAll(segment.delete());
        }
        disk.forceDirectory(directory);
        epochs.keep(startOffset, Long.MAX_VALUE);
        epochs.write();
        return doomed;
    }

    /** Gives all segments back; a file is closed when its last reader is done. */
    void release() {
        segments.values().forEach(Segment::release);
    }
}
