package daybook.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.record.BatchBuilder;
import daybook.record.BatchHeader;
import daybook.record.Codec;
import daybook.record.CorruptBatchException;
import daybook.record.Record;
import daybook.record.RecordBatch;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** However many clients have batches opened, the memory for that has one bound. */
final class OpenedBatchTest {
    private static RecordBatch batch(int valueBytes) {
        var header = BatchHeader.plain(1, 0).codec(Codec.ZSTD);
        var record = new Record(0, 0, null, ByteBuffer.allocate(valueBytes), Record.NO_HEADERS);
        return new RecordBatch(new BatchBuilder(header).add(record).build(3), 0);
    }

    @Test
    void manyUsualBatchesAreOpenedSideBySide() {
        var batch = batch(1_000);
        var allInside = new CountDownLatch(16);
        var opened = new CompletableFuture<?>[16];
        for (int i = 0; i < opened.length; i++) {
            opened[i] = started(() -> OpenedBatch.read(batch, bytes -> {
                allInside.countDown();
                await(allInside);
                return null;
            }));
        }
        CompletableFuture.allOf(opened).join();
    }

    @Test
    void batchesThatAreLargeOnceOpenedWaitForEachOther() {
        var batch = batch(OpenedBatch.LIMIT_BYTES - 1_000);
        assertTrue(batch.sizeBytes() < 100_000, "a few kilobytes open to the limit");
        var inside = new AtomicInteger();
        var most = new AtomicInteger();
        var opened = new CompletableFuture<?>[8];
        for (int i = 0; i < opened.length; i++) {
            opened[i] = started(() -> OpenedBatch.read(batch, bytes -> {
                most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                // Long enough that another would get in, if it could.
                for (int at = 0; at < bytes.limit(); at += 64) {
                    Thread.onSpinWait();
                }
                return inside.decrementAndGet();
            }));
        }
        CompletableFuture.allOf(opened).join();
        assertEquals(1, most.get());
    }

    @Test
    void whatCannotBeOpenedGivesItsMemoryBack() {
        var tooLarge = batch(OpenedBatch.LIMIT_BYTES);
        for (int i = 0; i < 4; i++) {
            assertThrows(CorruptBatchException.class, () -> OpenedBatch.read(tooLarge, bytes -> null));
        }
        assertTrue(OpenedBatch.read(batch(1_000), ByteBuffer::remaining) > 1_000);
    }

    private static CompletableFuture<?> started(Runnable work) {
        var done = new CompletableFuture<Void>();
        Thread.ofPlatform().start(() -> {
            try {
                work.run();
                done.complete(null);
            } catch (Throwable failed) {
                done.completeExceptionally(failed);
            }
        });
        return done;
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException never) {
            throw new IllegalStateException(never);
        }
    }
}
