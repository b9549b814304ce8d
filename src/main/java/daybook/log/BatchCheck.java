package daybook.log;

import daybook.record.BatchBuilder;
import daybook.record.BatchHeader;
import daybook.record.Codec;
import daybook.record.CorruptBatchException;
import daybook.record.Record;
import daybook.record.RecordBatch;
import daybook.wire.ErrorCode;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What a batch from a client must be before the log's lock is taken, in Apache Kafka's order and with its
 * answers; and what it becomes. The batch stays sealed, and is written as it came, unless the times of its
 * records must be looked at one by one, or the newest that its header tells is older than the first, as some
 * clients leave it; or the log is compacted, so that all must have keys; or the topic has a codec that is not
 * the batch's. Then it is opened, once for all of that. Belongs to the thread that appends, for one batch.
 */
final class BatchCheck {
    /** Base offset, length and the smallest magic 0 message: below it Kafka calls a length corrupt. */
    private static final int LENGTH_LEAST = 14;
    /** A compressed batch stays sealed, so its count is believed, as far as there can be so many records. */
    private static final int COMPRESSED_MOST = OpenedBatch.LIMIT_BYTES / RecordBatch.RECORD_LEAST_BYTES;
    /**
     * No codec packs more records than this into a byte: zstd comes near it with records that are all alike,
     * but with offsets that rise by one, as they must, to two or three. So a few bytes cannot use up offsets
     * by the million.
     */
    private static final long COMPRESSED_PER_BYTE_MOST = 2_000;
    private static final int RECORD_ERRORS_MOST = 1_000;
    private static final int CODECS = Codec.values().length;

    private final LogConfig config;
    private final TopicPartition partition;
    private final long startOffset;
    private final long nowMs;
    private ByteBuffer accepted;

    BatchCheck(LogConfig config, TopicPartition partition, long startOffset, long nowMs) {
        this.config = config;
        this.partition = partition;
        this.startOffset = startOffset;
        this.nowMs = nowMs;
    }

    /**
     * Why these bytes are refused; null where they are one good batch (and perhaps a rest too short to be
     * another).
     */
    Appended.Refused refusal(ByteBuffer bytes) {
        var framing = framing(bytes);
        if (framing != null) {
            return framing;
        }
        var batch = new RecordBatch(bytes, bytes.position());
        if (batch.baseOffset() != 0) {
            return refused(ErrorCode.INVALID_RECORD, startOffset);
        }
        if (batch.sizeBytes() > config.maxMessageBytes()) {
            return refused(ErrorCode.MESSAGE_TOO_LARGE, -1);
        }
        if (batch.sizeBytes() < RecordBatch.HEADER_BYTES || !batch.checksumHolds()) {
            return refused(ErrorCode.CORRUPT_MESSAGE, -1);
        }
        int count = batch.recordCount();
        boolean counted = count > 0 && batch.lastOffsetDelta() == count - 1
                && (batch.codecId() == Codec.NONE.id() ? batch.countHolds() : count <= compressedMost(batch));
        boolean sequenced = batch.producerId() < 0 || batch.baseSequence() >= 0;
        if (!counted || !sequenced || batch.control()) {
            return refused(ErrorCode.INVALID_RECORD, startOffset);
        }
        if (batch.codecId() >= CODECS) {
            return refused(ErrorCode.UNKNOWN_SERVER_ERROR, startOffset);
        }
        if (batch.logAppendTime() && config.logAppendTime()) {
            return new Appended.Refused(ErrorCode.INVALID_TIMESTAMP,
                    "Producer should not set timestamp type to LogAppendTime", List.of(), startOffset);
        }
        if (batch.logAppendTime()) {
            batch.stampCreateTime();
        }
        accepted = bytes.limit(bytes.position() + batch.sizeBytes());
        var compression = config.compression();
        boolean encodes = compression != null && compression.codec().id() != batch.codecId();
        boolean anyPast = config.timestampBeforeMaxMs() == Long.MAX_VALUE;
        boolean timely = config.logAppendTime() || anyPast && inTime(batch.maxTimestamp());
        boolean sealed = timely && newestTold(batch) && !encodes && config.compaction() == null;
        var refused = sealed ? null : records(batch, encodes);
        boolean tooLarge = accepted.remaining() > config.segmentBytes();
        return refused == null && tooLarge ? refused(ErrorCode.RECORD_LIST_TOO_LARGE, -1) : refused;
    }

    /** Whether the newest time in the header may be that of a record. */
    private boolean newestTold(RecordBatch batch) {
        return config.logAppendTime() || batch.maxTimestamp() >= batch.baseTimestamp();
    }

    /** The one batch to append, from position to limit, where nothing was refused. */
    ByteBuffer accepted() {
        return accepted;
    }

    private static long compressedMost(RecordBatch batch) {
        long payloadBytes = batch.sizeBytes() - RecordBatch.HEADER_BYTES;
        return Math.min(COMPRESSED_MOST, payloadBytes * COMPRESSED_PER_BYTE_MOST);
    }

    /** Whether the bytes begin with one batch of magic 2 and hold no second one. */
    private Appended.Refused framing(ByteBuffer bytes) {
        int at = bytes.position();
        int remaining = bytes.remaining();
        if (remaining < RecordBatch.OVERHEAD_BYTES) {
            return refused(ErrorCode.INVALID_RECORD, -1);
        }
        int length = bytes.getInt(at + RecordBatch.LENGTH_AT);
        if (length < LENGTH_LEAST) {
            return new Appended.Refused(ErrorCode.CORRUPT_MESSAGE, "Record size " + length
                    + " is less than the minimum record overhead (" + LENGTH_LEAST + ")", List.of(), -1);
        }
        if (remaining <= RecordBatch.MAGIC_AT) {
            return refused(ErrorCode.INVALID_RECORD, -1);
        }
        int magic = bytes.get(at + RecordBatch.MAGIC_AT);
        if (magic < 0 || magic > RecordBatch.MAGIC) {
            var message = "Invalid magic found in record: " + magic;
            return new Appended.Refused(ErrorCode.CORRUPT_MESSAGE, message, List.of(), -1);
        }
        long rest = remaining - (long) RecordBatch.OVERHEAD_BYTES - length;
        if (magic != RecordBatch.MAGIC || rest < 0) {
            return refused(ErrorCode.INVALID_RECORD, -1);
        }
        return rest < RecordBatch.OVERHEAD_BYTES ? null : second(bytes, (int) (bytes.limit() - rest));
    }

    /** What Kafka answers to bytes behind the batch that are long enough to begin another. */
    private static Appended.Refused second(ByteBuffer bytes, int at) {
        int length = bytes.getInt(at + RecordBatch.LENGTH_AT);
        if (length < LENGTH_LEAST) {
            return refused(ErrorCode.CORRUPT_MESSAGE, -1);
        }
        boolean whole = bytes.limit() - at > RecordBatch.MAGIC_AT
                && bytes.limit() - at - RecordBatch.OVERHEAD_BYTES >= length;
        return whole ? refused(ErrorCode.INVALID_RECORD, -1) : null;
    }

    /** Opens the batch for all that has to do with its records. */
    private Appended.Refused records(RecordBatch batch, boolean encodes) {
        try {
            return OpenedBatch.read(batch, opened -> records(batch, opened, encodes));
        } catch (CorruptBatchException corrupt) {
            return new Appended.Refused(ErrorCode.UNKNOWN_SERVER_ERROR, corrupt.getMessage(), List.of(),
                    startOffset);
        }
    }

    /**
     * Compaction and those who read go by the offset of each record, so where they are looked at these must
     * be as they are counted.
     */
    private Appended.Refused records(RecordBatch batch, ByteBuffer opened, boolean encodes) {
        boolean compacted = config.compaction() != null;
        boolean timed = !config.logAppendTime();
        var errors = new ArrayList<Appended.RecordError>();
        // Indexes go by the header: unless it is written anew, its time must be in range too.
        boolean outOfTime = timed && !encodes && newestTold(batch) && !inTime(batch.maxTimestamp());
        long newestMs = Long.MIN_VALUE;
        int index = 0;
        int count = 0;
        try {
            for (var record : batch.recordsIn(opened)) {
                if (record.offset() != index) {
                    return refused(ErrorCode.INVALID_RECORD, startOffset);
                }
                boolean keyMissing = compacted && record.key() == null;
                boolean late = !keyMissing && timed && !inTime(record.timestampMs());
                if ((keyMissing || late) && ++count <= RECORD_ERRORS_MOST) {
                    errors.add(new Appended.RecordError(index, keyMissing ? withoutKey() : late(record)));
                }
                outOfTime |= late;
                newestMs = Math.max(newestMs, record.timestampMs());
                index++;
            }
        } catch (CorruptBatchException corrupt) {
            return refused(ErrorCode.INVALID_RECORD, startOffset);
        }
        if (outOfTime) {
            return new Appended.Refused(ErrorCode.INVALID_TIMESTAMP,
                    "One or more records have been rejected due to invalid timestamp", errors, startOffset);
        }
        if (count > 0) {
            var message = "One or more records have been rejected due to " + count
                    + " record errors in total, and only showing the first three errors at most: "
                    + firstThree(errors);
            return new Appended.Refused(ErrorCode.INVALID_RECORD, message, errors, startOffset);
        }
        if (encodes) {
            return encode(BatchHeader.of(batch).maxTimestamp(newestMs), index, opened);
        }
        if (!newestTold(batch)) {
            batch.stampMaxTimestamp(newestMs);
        }
        return null;
    }

    /** Puts the records in the topic's codec, as they are: only the broker's header is another. */
    private Appended.Refused encode(BatchHeader header, int count, ByteBuffer opened) {
        var compression = config.compression();
        var payload = compression.codec().compress(opened, compression.level());
        if (payload.remaining() > config.maxMessageBytes() - RecordBatch.HEADER_BYTES) {
            return refused(ErrorCode.MESSAGE_TOO_LARGE, -1);
        }
        // When tombstones may go is for compaction to say, not for a producer.
        var own = header.attributes(header.attributes() & ~RecordBatch.DELETE_HORIZON);
        accepted = BatchBuilder.seal(own.codec(compression.codec()), count, payload);
        return null;
    }

    private String withoutKey() {
        return "Compacted topic cannot accept message without key in topic partition " + partition;
    }

    private String late(Record record) {
        return "Timestamp " + record.timestampMs() + " of message with offset " + record.offset()
                + " is out of range. The timestamp should be within ["
                + (nowMs - config.timestampBeforeMaxMs()) + ", "
                + (nowMs + config.timestampAfterMaxMs()) + "]";
    }

    private static List<String> firstThree(List<Appended.RecordError> errors) {
        return errors.stream().limit(3).map(error -> "RecordError(batchIndex=" + error.index()
                + ", message='" + error.message() + "')").toList();
    }

    /** A record without a time is always in time; sums that pass the largest long count as the largest. */
    private boolean inTime(long timestampMs) {
        if (timestampMs == RecordBatch.NO_TIMESTAMP) {
            return true;
        }
        long latest = nowMs + config.timestampAfterMaxMs();
        return timestampMs >= nowMs - config.timestampBeforeMaxMs() && (timestampMs <= latest || latest < 0);
    }

    /** Nothing was written, and the same batch is taken when there is room again: clients try again. */
    static Appended.Refused refusedForWantOfRoom() {
        return new Appended.Refused(ErrorCode.KAFKA_STORAGE_ERROR,
                "The broker's disk is full; the batch was not written", List.of(), -1);
    }

    /** @param startOffset where the log begins, -1 where Kafka does not say */
    static Appended.Refused refused(ErrorCode error, long startOffset) {
        return new Appended.Refused(error, null, List.of(), startOffset);
    }
}
