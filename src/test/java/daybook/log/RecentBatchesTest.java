package daybook.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** The ring of the newest batches, while it grows and while it is overwritten. */
class RecentBatchesTest {
    @Test
    void knowsTheNewest() {
        var recent = new RecentBatches();
        assertEquals(-1, recent.positionOf(5));
        for (int i = 0; i < 1_000; i++) {
            recent.add(100 + i * 10, i * 7);
            assertEquals(i * 7, recent.positionOf(100 + i * 10));
            assertEquals(i * 7, recent.positionOf(109 + i * 10));
            assertEquals(i * 7, recent.borderAt(i * 7 + 6));
            assertEquals(-1, recent.positionOf(99));
        }
        assertEquals((999 - 254) * 7, recent.positionOf(100 + (999 - 254) * 10));
        assertEquals(-1, recent.positionOf(100 + (999 - 255) * 10), "might be overwritten at any moment");
    }

    @Test
    void neverGivesAWrongPlace() throws InterruptedException, ExecutionException {
        var recent = new RecentBatches();
        var added = new AtomicLong();
        var done = new AtomicBoolean();
        try (var threads = Executors.newCachedThreadPool()) {
            var readers = java.util.stream.IntStream.range(0, 2).mapToObj(reader -> threads.submit(() -> {
                long found = 0;
                for (long i = 0; !done.get(); i++) {
                    long offset = Math.max(0, added.get() - i % 300);
                    int position = recent.positionOf(offset);
                    assertTrue(position < 0 || position == (int) offset * 3, position + " for " + offset);
                    found += position < 0 ? 0 : 1;
                }
                return found;
            })).toList();
            for (int i = 0; i < 5_000_000; i++) {
                recent.add(i, i * 3);
                added.lazySet(i);
            }
            done.set(true);
            for (var reader : readers) {
                assertTrue(reader.get() > 0);
            }
        }
    }
}
