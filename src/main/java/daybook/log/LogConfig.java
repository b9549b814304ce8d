package daybook.log;

import daybook.record.Codec;

import java.util.concurrent.ThreadLocalRandom;

/**
 * What one log is told by its topic's configuration; Kafka's keys and meanings.
 *
 * @param segmentBytes a segment that would pass this is rolled
 * @param segmentMs a segment whose first batch is older than this, by the times in the batches, is rolled
 * @param segmentJitterMs at most this much is taken off {@code segmentMs}, at random for each segment
 * @param segmentIndexBytes the size an index is given; a full one rolls the segment
 * @param indexIntervalBytes an index entry stands after more than this many bytes
 * @param retentionMs segments whose newest record is older go; negative: none
 * @param retentionBytes the oldest segments above this size go; negative: none
 * @param maxMessageBytes the largest batch that clients may send
 * @param logAppendTime whether the broker's time takes the place of the producer's
 * @param timestampBeforeMaxMs how far a record's time may lie in the past; {@code Long.MAX_VALUE}: any
 * @param timestampAfterMaxMs how far a record's time may lie in the future
 * @param fileDeleteDelayMs how long files stay after they were renamed to be deleted
 * @param flushMessages an append that leaves this many records unforced forces them first
 * @param flushMs records are forced when they have waited this long
 * @param preallocate whether a new segment takes its whole size at once
 * @param compaction how the log is compacted; null where it is not
 * @param compression what batches are compressed with; null: as their producer did
 */
public record LogConfig(int segmentBytes, long segmentMs, long segmentJitterMs, int segmentIndexBytes,
        int indexIntervalBytes, long retentionMs, long retentionBytes, int maxMessageBytes,
        boolean logAppendTime, long timestampBeforeMaxMs, long timestampAfterMaxMs, long fileDeleteDelayMs,
        long flushMessages, long flushMs, boolean preallocate, CompactionRules compaction,
        Compression compression) {

    /**
     * How a log is compacted.
     *
     * @param minDirtyRatio of the bytes that may be compacted, so many must not have been yet
     * @param minLagMs records younger than this are left alone
     * @param maxLagMs records older than this are compacted whatever the ratio, and keep no segment open
     * @param deleteRetentionMs how long tombstones and transaction markers stay
     * @param deletesToo whether old segments are deleted as well; if not, clients may not delete records
     */
    public record CompactionRules(double minDirtyRatio, long minLagMs, long maxLagMs, long deleteRetentionMs,
            boolean deletesToo) { }

    /**
     * How batches are compressed that came in another codec.
     *
     * @param level as {@link Codec#compress} knows it
     */
    public record Compression(Codec codec, int level) { }

    /** Of the metadata log: only a snapshot ends what it keeps, and it takes no client's batches. */
    static final LogConfig METADATA = new LogConfig(1 << 24, 604_800_000L, 0, 10 << 20, 4096, -1, -1,
            1 << 30, false, Long.MAX_VALUE, Long.MAX_VALUE, 60_000L, Long.MAX_VALUE, Long.MAX_VALUE, false,
            null, null);

    /** Whether records go by compaction only. */
    boolean onlyCompacted() {
        return compaction != null && !compaction.deletesToo;
    }

    /** The age at which a segment is rolled: what is in the last one is never compacted (KIP-354). */
    long rollMs() {
        return compaction == null ? segmentMs : Math.min(segmentMs, compaction.maxLagMs);
    }

    /** By how much sooner than {@code segmentMs} a new segment is rolled, in milliseconds. */
    long drawJitterMs() {
        long most = Math.min(segmentJitterMs, segmentMs);
        return most <= 0 ? 0 : ThreadLocalRandom.current().nextLong(most);
    }
}
