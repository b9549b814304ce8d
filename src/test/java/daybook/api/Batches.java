package daybook.api;

import daybook.log.PartitionLog;
import daybook.record.BatchBuilder;
import daybook.record.TransactionMarker;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32C;

/** Batches as producers send them. */
final class Batches {
    private Batches() { }

    static ByteBuffer of(String... values) {
        return at(System.currentTimeMillis(), values);
    }

    static ByteBuffer at(long timestampMs, String... values) {
        var entries = Arrays.stream(values).map(value -> new BatchBuilder.Entry(null,
                ByteBuffer.wrap(value.getBytes(StandardCharsets.UTF_8)))).toList();
        return BatchBuilder.plain(timestampMs, entries);
    }

    /** A batch of an idempotent producer. */
    static ByteBuffer from(long producerId, int epoch, int sequence, String... values) {
        var batch = of(values);
        return sealed(batch.putLong(43, producerId).putShort(51, (short) epoch).putInt(53, sequence));
    }

    /** A batch with these attributes: bits 0 to 2 codec, 4 transactional. */
    static ByteBuffer marked(int attributes) {
        return sealed(of("value").putShort(21, (short) attributes));
    }

    /** A batch that is a part of a transaction. */
    static ByteBuffer transactional(long producerId, String... values) {
        return transactional(producerId, 0, values);
    }

    /** A batch that may begin a transaction. */
    static ByteBuffer transactional(long producerId, int epoch, String... values) {
        return transactional(producerId, epoch, 0, values);
    }

    static ByteBuffer transactional(long producerId, int epoch, int sequence, String... values) {
        return sealed(from(producerId, epoch, sequence, values).putShort(21, (short) 0x10));
    }

    /** Ends the producer's transaction, as a coordinator of epoch 5 does. */
    static void end(PartitionLog log, long producerId, boolean commit) {
        log.appendMarker(producerId, (short) 0, new TransactionMarker(commit, 5), 1);
        log.awaitForced(log.endOffset());
    }

    private static ByteBuffer sealed(ByteBuffer batch) {
        var checksum = new CRC32C();
        checksum.update(batch.slice(21, batch.limit() - 21));
        return batch.putInt(17, (int) checksum.getValue());
    }
}
