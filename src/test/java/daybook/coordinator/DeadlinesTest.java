package daybook.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;

import java.util.Collections;
import java.util.HashMap;
import java.util.Random;

final class DeadlinesTest {
    private final Deadlines<String> deadlines = new Deadlines<>();

    @Test
    void whatIsDueComesInOrder() {
        deadlines.set("b", 20);
        deadlines.set("a", 10);
        assertEquals(10, deadlines.nextMs());
        assertNull(deadlines.poll(9));
        assertEquals("a", deadlines.poll(30));
        assertEquals("b", deadlines.poll(30));
        assertNull(deadlines.poll(30));
        assertEquals(Long.MAX_VALUE, deadlines.nextMs());
    }

    @Test
    void aKeyIsDueWhenItWasSetToLast() {
        deadlines.set("a", 10);
        deadlines.set("a", 30);
        assertNull(deadlines.poll(29));
        deadlines.set("a", 20);
        assertEquals("a", deadlines.poll(20));
        assertNull(deadlines.poll(100));
    }

    @Test
    void aCancelledKeyIsNeverDue() {
        deadlines.set("a", 10);
        deadlines.cancel("a");
        assertNull(deadlines.poll(100));
        deadlines.set("a", 15);
        assertEquals(15, deadlines.nextMs());
        assertEquals("a", deadlines.poll(100));
    }

    @Test
    void theyAreThoseOfAPlainMap() {
        long seed = System.nanoTime();
        var random = new Random(seed);
        var model = new HashMap<String, Long>();
        for (int step = 0; step < 20_000; step++) {
            var key = "k" + random.nextInt(20);
            switch (random.nextInt(4)) {
                case 0, 1 -> {
                    long atMs = random.nextInt(1000);
                    deadlines.set(key, atMs);
                    model.put(key, atMs);
                }
                case 2 -> {
                    deadlines.cancel(key);
                    model.remove(key);
                }
                default -> {
                    long nowMs = random.nextInt(1000);
                    long nextMs = model.isEmpty() ? Long.MAX_VALUE : Collections.min(model.values());
                    assertEquals(nextMs, deadlines.nextMs(), "seed " + seed + " step " + step);
                    var due = deadlines.poll(nowMs);
                    assertEquals(nextMs <= nowMs ? nextMs : null, due == null ? null : model.remove(due),
                            "seed " + seed + " step " + step);
                }
            }
        }
    }
}
