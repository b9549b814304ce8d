package daybook.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.ResourceBundle;

class BuffersTest {
    @Test
    void classesAreFourToAPowerOfTwo() {
        int kb = 1 << 10;
        for (int size : new int[] {4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40}) {
            assertEquals(size * kb, Buffers.capacity(size * kb));
            assertEquals(size * kb, Buffers.capacity(size * kb - 1));
            assertTrue(Buffers.capacity(size * kb + 1) > size * kb);
        }
        assertEquals(4 * kb, Buffers.capacity(1));
        assertEquals(Integer.MAX_VALUE, Buffers.capacity(Integer.MAX_VALUE));
        for (int bytes = 4 * kb; bytes < 1 << 30; bytes += bytes / 7) {
            int capacity = Buffers.capacity(bytes);
            assertTrue(capacity >= bytes && capacity <= bytes + bytes / 4, bytes + " gives " + capacity);
            assertEquals(capacity, Buffers.capacity(capacity));
        }
    }

    @Test
    void whatIsGivenBackIsUsedAgain() {
        var buffers = new Buffers(1 << 20);
        for (int bytes = 1; bytes <= 200_000; bytes += 1 + bytes / 3) {
            var first = buffers.take(bytes);
            first.position(1).limit(1);
            buffers.give(first);
            assertEquals(first.capacity(), buffers.keptBytes());
            var second = buffers.take(bytes);
            assertSame(first, second);
            assertEquals(second.capacity(), second.remaining());
            assertTrue(second.isDirect());
            assertEquals(0, buffers.keptBytes());
        }
    }

    @Test
    void whatIsKeptIsBoundedAndSizesOutOfUseMakeRoom() {
        int bound = 1 << 20;
        var buffers = new Buffers(bound);
        var small = new ArrayList<ByteBuffer>();
        for (int i = 0; i < 400; i++) {
            small.add(buffers.take(4_096));
        }
        small.forEach(buffers::give);
        assertTrue(buffers.keptBytes() <= bound);
        var large = buffers.take(200_000);
        buffers.give(large);
        assertTrue(buffers.keptBytes() <= bound);
        var huge = buffers.take(bound);
        buffers.give(huge);
        assertNotSame(huge, buffers.take(bound));
        assertTrue(buffers.keptBytes() <= bound);
        for (int i = 0; i < 10; i++) {
            buffers.give(buffers.take(200_000));
        }
        var kept = buffers.take(200_000);
        buffers.give(kept);
        assertSame(kept, buffers.take(200_000));
    }

    @Test
    void oneWarningAKindInTenSeconds() {
        var lines = new ArrayList<String>();
        var clock = new Echo.Clock();
        var log = new RateLimitedLog(logger(lines), clock);
        for (int i = 0; i < 5; i++) {
            log.warn("a", "a" + i);
            log.warn("b", "b" + i);
            clock.ms.addAndGet(1_999);
        }
        clock.ms.addAndGet(5);
        log.warn("a", "late");
        log.warn("a", "later");
        assertEquals(List.of("a0", "b0", "late (4 more of this kind before)"), lines);
    }

    private static System.Logger logger(List<String> lines) {
        return new System.Logger() {
            @Override
            public String getName() {
                return "test";
            }

            @Override
            public boolean isLoggable(Level level) {
                return true;
            }

            @Override
            public void log(Level level, ResourceBundle bundle, String line, Throwable thrown) {
                lines.add(line);
            }

            @Override
            public void log(Level level, ResourceBundle bundle, String format, Object... values) {
                lines.add(format);
            }
        };
    }

    @Test
    void whatIsDroppedGoesBackToTheSystem() {
        var buffers = new Buffers(1 << 20);
        var dropped = new WeakReference<>(buffers.take(600_000));
        buffers.give(dropped.get());
        buffers.collect();
        assertNotNull(dropped.get(), "more may be dropped yet");
        buffers.collect();
        assertNull(dropped.get());
    }
}
