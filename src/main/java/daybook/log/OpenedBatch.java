package daybook.log;

import daybook.record.Codec;
import daybook.record.CorruptBatchException;
import daybook.record.RecordBatch;

import java.nio.ByteBuffer;
import java.util.concurrent.Semaphore;
import java.util.function.Function;

/**
 * Opens batches that clients made or ask for, within memory that has one bound however many clients there
 * are: a few kilobytes may decompress to the limit. All of it may be taken by one large batch, or by some
 * hundreds of usual ones side by side; who finds too little left waits in line.
 */
final class OpenedBatch {
    /** The most that is decompressed of one batch: it, what it grows from and what is made of it must fit. */
    static final int LIMIT_BYTES = (int) Math.min(64 << 20, Runtime.getRuntime().maxMemory() / 8);

    /** Text comes to a fifth or so; a batch with more than this is opened again, as a large one. */
    private static final int LIKELY_RATIO = 8;
    private static final int LIKELY_LEAST_BYTES = 64 << 10;
    /** The opened bytes, the array that they grew from or are compressed into, and one that grows from it. */
    private static final int TIMES_HELD = 3;
    private static final int UNIT_BYTES = 1 << 10;
    private static final int ALL_UNITS = TIMES_HELD * (LIMIT_BYTES / UNIT_BYTES);
    /** Fair, so that a large batch has its turn among many small ones. */
    private static final Semaphore UNITS = new Semaphore(ALL_UNITS, true);

    private OpenedBatch() { }

    /**
     * What {@code use} makes of the records' bytes, which it must not keep. Nothing else that opens batches
     * may be called in it.
     *
     * @throws CorruptBatchException if the bytes are more than {@link #LIMIT_BYTES} or not of the codec
     */
    static <T> T read(RecordBatch batch, Function<ByteBuffer, T> use) {
        boolean plain = batch.codecId() == Codec.NONE.id();
        long guess = plain ? batch.sizeBytes() : (long) LIKELY_RATIO * batch.sizeBytes();
        int likelyBytes = Math.clamp(guess, Math.min(LIKELY_LEAST_BYTES, LIMIT_BYTES), LIMIT_BYTES);
        int units = take(likelyBytes);
        try {
            var opened = likelyBytes < LIMIT_BYTES ? openedWithin(likelyBytes, batch) : null;
            if (opened == null) {
                UNITS.release(units);
                units = 0;
                units = take(LIMIT_BYTES);
                opened = batch.open(LIMIT_BYTES);
            }
            return use.apply(opened);
        } finally {
            UNITS.release(units);
        }
    }

    private static int take(int bytes) {
        int units = TIMES_HELD * (bytes / UNIT_BYTES);
        UNITS.acquireUninterruptibly(units);
        return units;
    }

    /** Null where it is larger, or cannot be opened at all. */
    private static ByteBuffer openedWithin(int bytes, RecordBatch batch) {
        try {
            return batch.open(bytes);
        } catch (CorruptBatchException tooLarge) {
            return null;
        }
    }
}
