package daybook.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import daybook.record.RecordBatch;
import daybook.record.TransactionMarker;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.Consumer;

/** Reads a log as a consumer does that wants committed records only, by the rules of Kafka's. */
final class CommittedReader {
    private CommittedReader() { }

    /**
     * The base offsets of the batches with records that a consumer gives out which reads so many bytes at a
     * time; it comes as far as the last stable offset.
     */
    static List<Long> all(PartitionLog log, int maxBytes) throws IOException {
        var seen = new ArrayList<Long>();
        long offset = log.startOffset();
        while (offset < log.lastStableOffset()) {
            offset = read(log, offset, maxBytes, batch -> seen.add(batch.baseOffset()));
        }
        assertEquals(log.lastStableOffset(), offset);
        return seen;
    }

    /** Reads once, and gives out the batches; returns the offset behind what it read. */
    static long read(PartitionLog log, long offset, int maxBytes, Consumer<RecordBatch> given)
            throws IOException {
        var data = assertInstanceOf(ReadResult.Data.class, log.read(offset, maxBytes, true, true));
        var coming = new PriorityQueue<AbortedTransactions.Entry>(
                Comparator.comparingLong(AbortedTransactions.Entry::firstOffset));
        coming.addAll(data.aborted());
        var aborted = new HashSet<Long>();
        long next = offset;
        for (var batch : TestLogs.batches(TestLogs.bytes(data.region()))) {
            while (!coming.isEmpty() && coming.peek().firstOffset() <= batch.lastOffset()) {
                aborted.add(coming.poll().producerId());
            }
            // Of a marker that was compacted only the header is left.
            var marker = TransactionMarker.of(batch);
            if (marker != null && !marker.commit()) {
                aborted.remove(batch.producerId());
            }
            boolean passedOver = batch.transactional() && aborted.contains(batch.producerId());
            if (!passedOver && !batch.control() && batch.recordCount() > 0) {
                given.accept(batch);
            }
            next = batch.nextOffset();
        }
        return next;
    }
}
