package daybook.bench;

import daybook.record.BatchBuilder;
import daybook.wire.Writer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Random;

/**
 * Produce requests made beforehand, one behind the other in one direct buffer, all of one length: each has
 * one batch for one partition, the partitions taking turns. Whoever sends them from the first to the last and
 * again has nothing to make and nothing to copy.
 *
 * @param train from 0 to its capacity; a position in it belongs to a duplicate
 * @param frameBytes of each request, with its length in front
 * @param batchBytes of the batch in it
 * @param records in that batch
 * @param errorAt where the answer, with its length in front, has the partition's error
 */
record ProduceRequests(ByteBuffer train, int frameBytes, int batchBytes, int records, int errorAt) {
    static final int ACKS_ALL = -1;
    private static final byte[] CLIENT_ID = "bench".getBytes(StandardCharsets.US_ASCII);
    private static final int TIMEOUT_MS = 60_000;
    /** What a record takes besides its value; a little less for small ones. */
    private static final int RECORD_OVERHEAD_BYTES = 12;
    private static final int BATCH_OVERHEAD_BYTES = 61;

    /**
     * @param batchBytes at most so many a batch, but one record at least
     * @param atOnce how many requests are on their way at once: the train is not shorter
     */
    static ProduceRequests of(String topic, int partitions, int acks, int recordBytes, int batchBytes,
            int atOnce) {
        int records = Math.max(1, (batchBytes - BATCH_OVERHEAD_BYTES) / (recordBytes + RECORD_OVERHEAD_BYTES));
        var batch = batch(records, recordBytes);
        int frames = (atOnce + partitions - 1) / partitions * partitions;
        ByteBuffer train = null;
        int frameBytes = 0;
        for (int number = 0; number < frames; number++) {
            var frame = frame(topic, number % partitions, acks, number, batch);
            frameBytes = frame.remaining();
            train = train == null ? ByteBuffer.allocateDirect(frames * frameBytes) : train;
            train.put(frame);
        }
        int errorAt = 4 + 4 + 1 + 1 + 1 + topic.length() + 1 + 4;
        return new ProduceRequests(train.clear(), frameBytes, batch.remaining(), records, errorAt);
    }

    /** Random letters, which no two records share. */
    private static ByteBuffer batch(int records, int recordBytes) {
        var random = new Random(records);
        var entries = new ArrayList<BatchBuilder.Entry>();
        for (int record = 0; record < records; record++) {
            var value = new byte[recordBytes];
            for (int at = 0; at < recordBytes; at++) {
                value[at] = (byte) ('A' + random.nextInt(26));
            }
            entries.add(new BatchBuilder.Entry(null, ByteBuffer.wrap(value)));
        }
        return BatchBuilder.plain(InstantSource.system().millis(), entries);
    }

    private static ByteBuffer frame(String topic, int partition, int acks, int number, ByteBuffer batch) {
        try (var frame = Writer.frame(Call.PRODUCE.version, true)) {
            frame.int16(Call.PRODUCE.key).int16(Call.PRODUCE.version).int32(number);
            frame.int16(CLIENT_ID.length).raw(ByteBuffer.wrap(CLIENT_ID)).tags();
            frame.string(null).int16(acks).int32(TIMEOUT_MS);
            frame.length(1).string(topic).length(1).int32(partition).bytes(batch).tags().tags().tags();
            frame.complete();
            return frame.toBuffer();
        }
    }
}
