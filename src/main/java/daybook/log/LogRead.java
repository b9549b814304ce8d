package daybook.log;

import java.io.IOException;

/**
 * One read of a log at an offset. It takes no lock: where segments were deleted or replaced meanwhile it
 * looks again, at those that the log has now.
 *
 * @param maxBytes at most so many, but all of the first batch where {@code wholeBatch}
 * @param committedOnly not past the last stable offset
 */
record LogRead(PartitionLog log, long offset, int maxBytes, boolean wholeBatch, boolean committedOnly) {
    ReadResult result() {
        while (true) {
            var watermark = log.horizon().highWatermark();
            var stable = log.horizon().stable(watermark);
            var until = committedOnly ? stable : watermark;
            long from = log.startOffset();
            long stableOffset = Math.max(stable.offset(), from);
            var seen = log.segments();
            if (offset < from || offset > log.endOffset()) {
                return new ReadResult.OutOfRange(watermark.offset(), stableOffset, from);
            }
            try {
                var region = offset >= until.offset() ? null
                        : seen.region(offset, maxBytes, wholeBatch, until);
                if (region != null || offset >= log.startOffset()) {
                    var aborted = committedOnly ? seen.aborted(offset, region, until) : null;
                    return new ReadResult.Data(region, watermark.offset(), stableOffset, from, aborted);
                }
            } catch (IOException failure) {
                if (log.closed()) {
                    return new ReadResult.Failed();
                }
                if (offset >= log.startOffset() && seen == log.segments()) {
                    log.tellUnreadable(offset, failure);
                    return new ReadResult.Failed();
                }
            }
            // The segment was deleted meanwhile: the offset is now out of range; or it was replaced.
        }
    }
}
