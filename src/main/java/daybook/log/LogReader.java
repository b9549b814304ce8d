package daybook.log;

import daybook.record.RecordBatch;
import daybook.wire.Region;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.Iterator;

/**
 * Reads a log batch by batch, from an offset to its high watermark. It is for the broker's own logs, from
 * which what is kept in memory is made. Belongs to the thread that made it.
 */
public final class LogReader {
    /** What one read takes at most, unless a single batch is larger. */
    private static final int READ_BYTES = 1 << 20;

    private final PartitionLog log;
    private long offset;
    /** Of the last read, those that follow. */
    private Iterator<RecordBatch> batches = Collections.emptyIterator();

    /** @param from the first batch is the one that holds this offset, or the first one after it */
    public LogReader(PartitionLog log, long from) {
        this.log = log;
        this.offset = from;
    }

    /** The offset from which the next batch is looked for: behind the one before. */
    public long offset() {
        return offset;
    }

    /**
     * The next batch, whole, its checksum checked, in memory that is not used again; null at the high
     * watermark, where it can be called again later. In a log that is compacted it may begin behind {@link
     * #offset}, and the first one of a reader may begin before it.
     *
     * @throws IOException if the disk fails, or the bytes are no batch or one too large to be opened
     */
    public RecordBatch next() throws IOException {
        if (!batches.hasNext()) {
            var bytes = read();
            if (bytes == null) {
                return null;
            }
            batches = RecordBatch.wholeIn(bytes).iterator();
        }
        var batch = batches.hasNext() ? batches.next() : null;
        if (batch == null || batch.nextOffset() <= offset || !batch.checksumHolds()) {
            throw new IOException(log.partition() + " is damaged at offset " + offset);
        }
        offset = batch.nextOffset();
        return batch;
    }

    /** Whole batches from the offset on, though the last may be cut; null where there are none. */
    private ByteBuffer read() throws IOException {
        if (!(log.read(offset, READ_BYTES, true, false) instanceof ReadResult.Data data)) {
            throw new IOException(log.partition() + " cannot be read at offset " + offset);
        }
        if (data.region() == null) {
            return null;
        }
        try (var region = data.region()) {
            return bytes(region);
        }
    }

    private ByteBuffer bytes(Region region) throws IOException {
        if (region.lengthBytes() > OpenedBatch.LIMIT_BYTES) {
            throw new IOException("The batch of " + log.partition() + " at offset " + offset + " has "
                    + region.lengthBytes() + " bytes, more than can be opened");
        }
        var bytes = ByteBuffer.allocate(region.lengthBytes());
        region.read(0, bytes);
        return bytes.flip();
    }
}
