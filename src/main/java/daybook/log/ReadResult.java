package daybook.log;

import daybook.wire.Region;

import java.util.List;

/** What a read of a log found. */
public sealed interface ReadResult {
    /**
     * The offset is in the log, or at its end.
     *
     * @param region whole batches, though the last may be cut; null where there is nothing to read; to be
     *     closed
     * @param aborted the aborted transactions that have records in it; null where the reader did not ask for
     *     committed records only
     */
    record Data(Region region, long highWatermark, long lastStableOffset, long startOffset,
            List<AbortedTransactions.Entry> aborted) implements ReadResult { }

    /** The offset is before the log's start or after its end. */
    record OutOfRange(long highWatermark, long lastStableOffset, long startOffset) implements ReadResult { }

    /** The disk failed; the reason is in the broker's own log. */
    record Failed() implements ReadResult { }
}
