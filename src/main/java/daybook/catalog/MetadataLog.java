package daybook.catalog;

import daybook.log.LogReader;
import daybook.log.PartitionLog;
import daybook.record.BatchBuilder;
import daybook.record.CorruptBatchException;
import daybook.record.RecordBatch;
import daybook.wire.MalformedException;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** From the bytes of the metadata log to an image, and from records to the entries of a batch. */
final class MetadataLog {
    /** The most memory that opening one batch may take. */
    private static final int BATCH_LIMIT_BYTES = 1 << 26;

    private MetadataLog() { }

    static List<BatchBuilder.Entry> entries(List<MetadataRecord> records) {
        var entries = new ArrayList<BatchBuilder.Entry>(records.size());
        for (var record : records) {
            entries.add(new BatchBuilder.Entry(null, record.toValue()));
        }
        return entries;
    }

    /** The image after a replay, and the size of the batches that were replayed. */
    record Replayed(Image image, long sizeBytes) { }

    /** The image after all records of the log, those behind {@code from} given to {@code replay}. */
    static Replayed replay(PartitionLog log, Replay replay, Image from) throws IOException {
        var reader = new LogReader(log, from.offset());
        int epoch = from.epoch();
        long sizeBytes = 0;
        while (reader.offset() < log.endOffset()) {
            long offset = reader.offset();
            var batch = reader.next();
            if (batch == null || batch.baseOffset() != offset) {
                throw new IOException("The metadata log lacks the record at offset " + offset);
            }
            apply(batch, replay, "The metadata log");
            epoch = batch.leaderEpoch();
            sizeBytes += batch.sizeBytes();
        }
        return new Replayed(replay.done(reader.offset(), epoch), sizeBytes);
    }

    /** Gives the records of a batch to {@code replay}; {@code place} is where the batch is. */
    static void apply(RecordBatch batch, Replay replay, String place) throws IOException {
        long offset = batch.baseOffset();
        try {
            for (var record : batch.records(BATCH_LIMIT_BYTES)) {
                offset = record.offset();
                if (batch.control()) {
                    replay.applyControl(record);
                } else {
                    replay.apply(MetadataRecord.read(record.value()));
                }
            }
        } catch (MalformedException | CorruptBatchException malformed) {
            throw new IOException(place + " cannot be read at offset " + offset + ": "
                    + malformed.getMessage());
        }
    }
}
