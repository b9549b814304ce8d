package daybook.client;

import daybook.record.Record;
import daybook.record.RecordBatch;

import java.nio.ByteBuffer;
import java.util.Iterator;

/**
 * The records of one batch, from the consumer's position on. Each is decoded when the iterator comes to it,
 * and its key and value are views of the bytes that came from the broker: who keeps one keeps those. It may
 * be read by any thread, and more than once.
 */
public final class Fetched implements Iterable<Record> {
    private final TopicPartition partition;
    private final RecordBatch batch;
    /**
     * The records' bytes; null where the batch is only passed: of a transaction that was aborted, a marker.
     */
    private final ByteBuffer opened;
    private final long from;
    private final long highWatermark;

    Fetched(TopicPartition partition, RecordBatch batch, ByteBuffer opened, long from, long highWatermark) {
        this.partition = partition;
        this.batch = batch;
        this.opened = opened;
        this.from = from;
        this.highWatermark = highWatermark;
    }

    public TopicPartition partition() {
        return partition;
    }

    /** The end of the partition when this was fetched: no record that may be read has this offset yet. */
    public long highWatermark() {
        return highWatermark;
    }

    /** The consumer's position after these records, also where compaction left none at the end. */
    public long nextOffset() {
        return batch.nextOffset();
    }

    /** How many records the batch has; fewer are read where the position was in the midst of it. */
    int recordCount() {
        return opened == null ? 0 : batch.recordCount();
    }

    int sizeBytes() {
        return opened == null ? 0 : opened.remaining();
    }

    /**
     * Its records, in order.
     *
     * <p>The iterator throws a {@link daybook.record.CorruptBatchException} where the bytes are no records,
     * though the checksum says that they are what the producer wrote.
     */
    @Override
    public Iterator<Record> iterator() {
        var records = batch.recordsIn(opened);
        int passed = 0;
        for (var all = records.iterator(); from > batch.baseOffset() && all.hasNext()
                && all.next().offset() < from; ) {
            passed++;
        }
        var left = records.iterator();
        while (passed-- > 0) {
            left.next();
        }
        return left;
    }
}
