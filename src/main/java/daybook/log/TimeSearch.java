package daybook.log;

import daybook.record.CorruptBatchException;
import daybook.record.RecordBatch;

import java.io.IOException;
import java.util.function.LongPredicate;

/**
 * Finds a record by its time in one segment: the time index gives a place to begin, batches are told by the
 * newest time in their headers, and only the one batch that must hold the record is opened.
 */
final class TimeSearch {
    private final long startOffset;

    /** @param startOffset records before it are not found */
    TimeSearch(long startOffset) {
        this.startOffset = startOffset;
    }

    /**
     * The first record at or after {@code timestampMs} in the segment's first {@code limit} bytes; null for
     * none.
     */
    PartitionLog.Found firstFrom(Segment segment, int limit, long timestampMs) throws IOException {
        int from = segment.indexes().positionOf(timestampMs, startOffset);
        return first(segment, from, limit, ms -> ms >= timestampMs);
    }

    /** The first record that has the newest time of the segment; null where none has a time. */
    PartitionLog.Found firstNewest(Segment segment, int limit) throws IOException {
        var indexes = segment.indexes();
        int from = indexes.positionOf(indexes.newestOffset());
        long newestMs = indexes.newestMs();
        return first(segment, from, limit, ms -> ms == newestMs);
    }

    private PartitionLog.Found first(Segment segment, int from, int limit, LongPredicate sought)
            throws IOException {
        var cursor = segment.cursor(from, limit, BatchCursor.SMALL_WINDOW_BYTES);
        while (cursor.next()) {
            var batch = cursor.batch();
            if (batch.lastOffset() >= startOffset && sought.test(batch.maxTimestamp())) {
                var found = inside(cursor, sought);
                if (found != null) {
                    return found;
                }
            }
        }
        return null;
    }

    /** The record in the cursor's batch; the batch's first one where it cannot be opened. */
    private PartitionLog.Found inside(BatchCursor cursor, LongPredicate sought) throws IOException {
        int epoch = cursor.batch().leaderEpoch();
        if (cursor.sizeBytes() <= BatchCheck.OPENED_LIMIT_BYTES) {
            var batch = cursor.whole();
            try {
                for (var record : batch.records(BatchCheck.OPENED_LIMIT_BYTES)) {
                    if (record.offset() >= startOffset && sought.test(record.timestampMs())) {
                        return new PartitionLog.Found(record.offset(), record.timestampMs(), epoch);
                    }
                }
                return null;
            } catch (CorruptBatchException unreadable) {
                return unopened(batch, epoch);
            }
        }
        return unopened(cursor.batch(), epoch);
    }

    private PartitionLog.Found unopened(RecordBatch batch, int epoch) {
        return new PartitionLog.Found(Math.max(batch.baseOffset(), startOffset), batch.maxTimestamp(), epoch);
    }
}
