package daybook.log;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableMap;

/** Which segments a log no longer has to keep, by Kafka's rules: always whole ones, from the oldest on. */
final class Retention {
    private Retention() { }

    /** The segments that end at or before {@code startOffset}; never the last one. */
    static List<Segment> passed(NavigableMap<Long, Segment> segments, long startOffset) {
        return List.copyOf(segments.headMap(segments.floorKey(startOffset), false).values());
    }

    /**
     * The oldest segments that may go. Where that is all of them, the last one is to be rolled first; an
     * empty last segment always stays.
     *
     * @param segments all of the log, oldest first
     * @param startOffset segments that end at or before it may go, whatever the configuration says
     */
    static List<Segment> expendable(Collection<Segment> segments, LogConfig config, long startOffset,
            long nowMs) throws IOException {
        var all = List.copyOf(segments);
        long excessBytes = config.retentionBytes() < 0 ? 0 : -config.retentionBytes();
        for (var segment : all) {
            excessBytes += config.retentionBytes() < 0 ? 0 : segment.sizeBytes();
        }
        var expendable = new ArrayList<Segment>();
        for (int i = 0; i < all.size(); i++) {
            var segment = all.get(i);
            boolean last = i == all.size() - 1;
            boolean passed = !last && all.get(i + 1).baseOffset() <= startOffset;
            boolean tooMuch = segment.sizeBytes() > 0 && config.retentionBytes() >= 0
                    && excessBytes >= segment.sizeBytes();
            boolean tooOld = config.retentionMs() >= 0 && !(last && segment.sizeBytes() == 0)
                    && nowMs - segment.newestOrWrittenMs() > config.retentionMs();
            if (!passed && !tooMuch && !tooOld) {
                break;
            }
            excessBytes -= segment.sizeBytes();
            expendable.add(segment);
        }
        return expendable;
    }
}
