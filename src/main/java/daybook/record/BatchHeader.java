package daybook.record;

/**
 * What a batch says of its records as a whole: the header that {@link RecordBatch} draws, as values, without
 * what {@link BatchBuilder} counts out itself (length, checksum, count). It is either taken from a batch that
 * is to be written anew, or made for one of the broker's own.
 *
 * @param lastOffsetDelta the last offset less the base, also where the record there is gone
 * @param attributes the bits of {@link RecordBatch}, with the codec in which the records are to be
 * @param baseTimestamp what the records' times are counted from, in milliseconds since 1970; a delete horizon
 *     where the attributes say so
 * @param maxTimestamp the time of all records where the attributes say log-append time; otherwise the builder
 *     finds the newest, and this one stands only where there are no records
 */
public record BatchHeader(long baseOffset, int lastOffsetDelta, int leaderEpoch, int attributes,
        long baseTimestamp, long maxTimestamp, long producerId, short producerEpoch, int baseSequence) {

    /** Of a batch without a producer and with offsets from 0, which the log stamps anew. */
    public static BatchHeader plain(int recordCount, long timestampMs) {
        return new BatchHeader(0, recordCount - 1, 0, 0, timestampMs, timestampMs,
                RecordBatch.NO_PRODUCER_ID, (short) -1, RecordBatch.NO_SEQUENCE);
    }

    /** The header of {@code batch} as it is. */
    public static BatchHeader of(RecordBatch batch) {
        return new BatchHeader(batch.baseOffset(), batch.lastOffsetDelta(), batch.leaderEpoch(),
                batch.attributes(), batch.baseTimestamp(), batch.maxTimestamp(), batch.producerId(),
                batch.producerEpoch(), batch.baseSequence());
    }

    public Codec codec() {
        return Codec.of(attributes & RecordBatch.CODEC_MASK);
    }

    public BatchHeader codec(Codec codec) {
        return attributes(attributes & ~RecordBatch.CODEC_MASK | codec.id());
    }

    public BatchHeader attributes(int bits) {
        return new BatchHeader(baseOffset, lastOffsetDelta, leaderEpoch, bits, baseTimestamp, maxTimestamp,
                producerId, producerEpoch, baseSequence);
    }

    /** From this time on the batch's tombstones and markers may go (KIP-534). */
    public BatchHeader deleteHorizon(long atMs) {
        return attributes(attributes | RecordBatch.DELETE_HORIZON).baseTimestamp(atMs);
    }

    /** Gives all records this time, the broker's. */
    public BatchHeader logAppendTime(long atMs) {
        return attributes(attributes | RecordBatch.LOG_APPEND_TIME).maxTimestamp(atMs);
    }

    public BatchHeader baseTimestamp(long fromMs) {
        return new BatchHeader(baseOffset, lastOffsetDelta, leaderEpoch, attributes, fromMs, maxTimestamp,
                producerId, producerEpoch, baseSequence);
    }

    public BatchHeader maxTimestamp(long newestMs) {
        return new BatchHeader(baseOffset, lastOffsetDelta, leaderEpoch, attributes, baseTimestamp, newestMs,
                producerId, producerEpoch, baseSequence);
    }

    /** For a batch of a producer that counts what it sends. */
    public BatchHeader producer(long id, short epoch, int sequence) {
        return new BatchHeader(baseOffset, lastOffsetDelta, leaderEpoch, attributes, baseTimestamp,
                maxTimestamp, id, epoch, sequence);
    }
}
