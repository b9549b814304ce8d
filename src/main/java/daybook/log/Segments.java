package daybook.log;

import daybook.record.RecordBatch;
import daybook.wire.Region;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.NavigableMap;

/**
 * The segments of a log as its readers use them, without a lock: they take a lease on the one they look at. A
 * segment that goes is first passed by the log's start offset; so whoever asks for what is not before the
 * start, and finds a segment closed, had an old start, and asks again.
 */
final class Segments {
    /** An offset, and the place of its record: in this segment, behind this many bytes. */
    record End(long offset, Segment segment, int position) { }

    /** What to look for in a segment's first bytes; null where it is not there. */
    interface Sought {
        PartitionLog.Found in(Segment segment, int limit) throws IOException;
    }

    private final NavigableMap<Long, Segment> byBase;

    /** @param byBase safe for many threads; the log changes it under its lock, and it is never empty */
    Segments(NavigableMap<Long, Segment> byBase) {
        this.byBase = byBase;
    }

    /**
     * Bytes of the batch that holds {@code offset} and of those behind it; null where none are before {@code
     * until}.
     */
    Region region(long offset, int maxBytes, boolean wholeBatch, End until) throws IOException {
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
        }
        return null;
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

    /** The first record from {@code startOffset} on whose time is {@code timestampMs} or later. */
    PartitionLog.Found firstFrom(long timestampMs, long startOffset, End until) throws IOException {
        var search = new TimeSearch(startOffset);
        return first(startOffset, until, (segment, limit) -> segment.indexes().newestMs() < timestampMs ? null
                : search.firstFrom(segment, limit, timestampMs));
    }

    /** The first record from {@code startOffset} on that has the newest time of all segments. */
    PartitionLog.Found firstNewest(long startOffset, End until) throws IOException {
        var newestMs = new long[] {RecordBatch.NO_TIMESTAMP};
        first(startOffset, until, (segment, limit) -> {
            newestMs[0] = Math.max(newestMs[0], segment.indexes().newestMs());
            return null;
        });
        var search = new TimeSearch(startOffset);
        return newestMs[0] < 0 ? PartitionLog.Found.NONE : first(startOffset, until, (segment, limit) ->
                segment.indexes().newestMs() < newestMs[0] ? null : search.firstNewest(segment, limit));
    }

    private PartitionLog.Found first(long startOffset, End until, Sought sought) throws IOException {
        var from = byBase.floorKey(startOffset);
        for (var segment : byBase.subMap(from == null ? 0 : from, true, until.offset, false).values()) {
            lease(segment);
            try {
                var found = sought.in(segment, limit(segment, until));
                if (found != null) {
                    return found;
                }
            } finally {
                segment.release();
            }
        }
        return PartitionLog.Found.NONE;
    }

    private static int limit(Segment segment, End until) {
        return segment == until.segment ? until.position : segment.sizeBytes();
    }

    private static void lease(Segment segment) throws IOException {
        if (!segment.lease()) {
            throw new ClosedChannelException();
        }
    }
}
