package daybook.log;

import java.io.IOException;

/**
 * How far a log goes, and how far its readers see. Whoever holds the log's lock moves it; any thread looks,
 * without a lock: so each part is written before those that rest on it.
 */
final class Horizon {
    /** Behind the last batch. Written after the batch. */
    private volatile Segments.End end;
    /**
     * What readers may see: with one replica, all that was written, or, once a force failed, that was forced.
     */
    private volatile Segments.End highWatermark;
    /**
     * Where the oldest transaction begins that has not ended for good; null where there is none. Written
     * before a high watermark that is behind it.
     */
    private volatile Segments.End firstUnstable;

    Horizon(Segments.End end, Segments.End firstUnstable) {
        this.end = end;
        this.highWatermark = end;
        this.firstUnstable = firstUnstable;
    }

    long endOffset() {
        return end.offset();
    }

    Segments.End highWatermark() {
        return highWatermark;
    }

    /**
     * What those may see who want committed records only. The watermark was read before: so the oldest
     * transaction of all that it covers is known here, or has ended.
     */
    Segments.End stable(Segments.End watermark) {
        var unstable = firstUnstable;
        return unstable == null || unstable.offset() >= watermark.offset() ? watermark : unstable;
    }

    /**
     * A batch was written: the log ends behind it, and its oldest transaction may be another. Only where that
     * is one that began before, after the end of the one that was, a file may have to be read; where that
     * fails readers who want committed records stop where they did.
     *
     * @param oldest where the oldest transaction begins that has not ended, -1 where there is none
     * @throws IOException if that place cannot be found; all else is as it is to be
     */
    void advance(Segments.End to, long oldest, Segments segments) throws IOException {
        try {
            settle(oldest, segments);
        } finally {
            end = to;
            highWatermark = to;
        }
    }

    /** The oldest transaction may be another; the log ends where it did. As {@link #advance} otherwise. */
    void settle(long oldest, Segments segments) throws IOException {
        if (oldest != (firstUnstable == null ? -1 : firstUnstable.offset())) {
            firstUnstable = oldest < 0 ? null : segments.endAt(oldest);
        }
    }

    /** Lets readers see no further than this. */
    void hideFrom(Segments.End forced) {
        highWatermark = forced;
    }
}
