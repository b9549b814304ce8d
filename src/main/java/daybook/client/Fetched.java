package daybook.client;

import daybook.record.Record;
import daybook.record.RecordBatch;

import java.nio.ByteBuffer;
import java.util.Iterator;

/**
 * The records of one batch, from the consumer's position on. Each is decoded when the iterator comes to it,
 * and its key and value are views of the bytes that came from the broker: who keeps one keeps those.
 */
public final class Fetched implements Iterable<Record> {
    private final TopicPartition partition;
    private final RecordBatch batch;
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

    @Override
    public Iterator<Record> iterator() {
        return batch.recordsIn(opened).iterator();
    }
}
