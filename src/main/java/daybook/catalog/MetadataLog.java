package daybook.catalog;

import daybook.log.PartitionLog;
import daybook.log.ReadResult;
import daybook.record.BatchBuilder;
import daybook.record.CorruptBatchException;
import daybook.record.RecordBatch;
import daybook.wire.MalformedException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
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

    /** The image after all records of the log, which {@code replay} is given from an empty one on. */
    static Image replay(PartitionLog log, Replay replay) throws IOException {
        if (log.startOffset() > 0) {
            throw new IOException("The metadata log begins at offset " + log.startOffset()
                    + ": what was before is in a snapshot, which this version of Daybook does not read");
        }
        long offset = 0;
        int epoch = 0;
        while (offset < log.endOffset()) {
            var bytes = read(log, offset);
            int at = 0;
            while (wholeBatch(bytes, at)) {
                var batch = new RecordBatch(bytes, at);
                if (batch.sizeBytes() < RecordBatch.HEADER_BYTES || batch.baseOffset() != offset
                        || !batch.checksumHolds()) {
                    throw new IOException("The metadata log is damaged at offset " + offset);
                }
                apply(batch, replay);
                offset = batch.nextOffset();
                epoch = batch.leaderEpoch();
                at += batch.sizeBytes();
            }
            if (at == 0) {
                throw new IOException("The metadata log is damaged at offset " + offset);
            }
        }
        try {
            return replay.done(offset, epoch);
        } catch (MalformedException malformed) {
            throw new IOException("The metadata log cannot be used: " + malformed.getMessage());
        }
    }

    private static boolean wholeBatch(ByteBuffer bytes, int at) {
        int left = bytes.limit() - at;
        return left >= RecordBatch.HEADER_BYTES && new RecordBatch(bytes, at).sizeBytes() <= left;
    }

    private static void apply(RecordBatch batch, Replay replay) throws IOException {
        if (batch.control()) {
            return;
        }
        long offset = batch.baseOffset();
        try {
            for (var record : batch.records(BATCH_LIMIT_BYTES)) {
                offset = record.offset();
                replay.apply(MetadataRecord.read(record.value()));
            }
        } catch (UnknownRecordException unknown) {
            throw new IOException("The metadata log has at offset " + offset
                    + " a record that this version of Daybook does not know: " + unknown.getMessage());
        } catch (MalformedException | CorruptBatchException malformed) {
            throw new IOException("The metadata log cannot be read at offset " + offset + ": "
                    + malformed.getMessage());
        }
    }

    private static ByteBuffer read(PartitionLog log, long offset) throws IOException {
        var result = log.read(offset, READ_BYTES, true, false);
        if (result instanceof ReadResult.Data data && data.region() != null) {
            try (var region = data.region()) {
                var into = new Into(ByteBuffer.allocate(region.lengthBytes()));
                while (into.buffer.hasRemaining() && region.transferTo(into.buffer.position(), into) > 0) {
                    // The next piece.
                }
                return into.buffer.flip();
            }
        }
        throw new IOException("The metadata log cannot be read at offset " + offset);
    }

    /** Takes what a region gives into memory. */
    private record Into(ByteBuffer buffer) implements WritableByteChannel {
        @Override
        public int write(ByteBuffer piece) {
            int count = Math.min(piece.remaining(), buffer.remaining());
            buffer.put(buffer.position(), piece, piece.position(), count);
            buffer.position(buffer.position() + count);
            piece.position(piece.position() + count);
            return count;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() { }
    }
}
