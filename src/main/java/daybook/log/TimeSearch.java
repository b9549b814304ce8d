package daybook.log;

import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * Finds records of a log by their times. It waits for no writer but the one of the newest time: where
 * segments were deleted or replaced meanwhile it looks again, at those that the log has now.
 *
 * @throws UncheckedIOException from each search, if the disk fails
 */
record TimeSearch(PartitionLog log) {
    private interface Search {
        PartitionLog.Found in(Segments seen, long startOffset) throws IOException;
    }

    /** The first record whose time is {@code timestampMs} or later. */
    PartitionLog.Found first(long timestampMs) {
        return search((seen, from) -> seen.firstFrom(timestampMs, from, log.horizon().highWatermark()));
    }

    /** The first record that has the newest time of all. */
    PartitionLog.Found newest() {
        return search((seen, from) -> {
            long newestMs = seen.newestMs(from);
            // The indexes tell the time of a record a moment before readers see it.
            log.awaitAppend();
            return newestMs < 0 ? PartitionLog.Found.NONE
                    : seen.firstFrom(newestMs, from, log.horizon().highWatermark());
        });
    }

    private PartitionLog.Found search(Search search) {
        while (true) {
            long from = log.startOffset();
            var seen = log.segments();
            try {
                var found = search.in(seen, from);
                if (found != PartitionLog.Found.NONE || log.startOffset() == from) {
                    return found;
                }
            } catch (IOException failure) {
                if (log.closed() || log.startOffset() == from && seen == log.segments()) {
                    throw new UncheckedIOException(failure);
                }
            }
        }
    }
}
