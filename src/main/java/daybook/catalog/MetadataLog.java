package daybook.catalog;

import daybook.log.PartitionLog;
import daybook.log.ReadResult;
import daybook.record.BatchBuilder;
import daybook.record.CorruptBatchException;
import daybook.record.RecordBatch;
import daybook.wire.MalformedException;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.List;

/** From the bytes of the metadata log to an image, and from records to the entries of a batch. */
final class MetadataLog {
    private static final int READ_BYTES = 1 << 20;
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
        long offset = from.offset();
        int epoch = from.epoch();
        long sizeBytes = 0;
        while (offset < log.endOffset()) {
            for (var batch : batches(log, offset)) {
                if (batch.baseOffset() != offset || !batch.checksumHolds()) {
                    throw damaged(offset);
                }
                apply(batch, replay, "The metadata log");
                offset = batch.nextOffset();
                epoch = batch.leaderEpoch();
                sizeBytes += batch.sizeBytes();
            }
        }
        return new Replayed(replay.done(offset, epoch), sizeBytes);
    }

    /** Some whole batches from an offset on, at least one. */
    private static List<RecordBatch> batches(PartitionLog log, long offset) throws IOException {
        var batches = wholeBatches(read(log, offset));
        if (batches.isEmpty()) {
            throw damaged(offset);
        }
        return batches;
    }

    /** The batches that these bytes begin with; what follows the last whole one is left out. */
    static List<RecordBatch> wholeBatches(ByteBuffer bytes) {
        var batches = new ArrayList<RecordBatch>();
        int at = 0;
        while (bytes.limit() - at >= RecordBatch.HEADER_BYTES) {
            var batch = new RecordBatch(bytes, at);
            if (batch.sizeBytes() < RecordBatch.HEADER_BYTES || batch.sizeBytes() > bytes.limit() - at) {
                break;
            }
            batches.add(batch);
            at += batch.sizeBytes();
        }
        return batches;
    }

    private static IOException damaged(long offset) {
        return new IOException("The metadata log is damaged at offset " + offset);
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

    private static ByteBuffer read(PartitionLog log, long offset) throws IOException {
        var result = log.read(offset, READ_BYTES, true, false);
        if (result instanceof ReadResult.Data data && data.region() != null) {
            try (var region = data.region()) {
                var bytes = new ByteArrayOutputStream(region.lengthBytes());
                var into = Channels.newChannel(bytes);
                while (bytes.size() < region.lengthBytes()) {
                    region.transferTo(bytes.size(), into);
                }
                return ByteBuffer.wrap(bytes.toByteArray());
            }
        }
        throw new IOException("The metadata log cannot be read at offset " + offset);
    }
}
