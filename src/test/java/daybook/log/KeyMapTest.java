package daybook.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Random;

class KeyMapTest {
    private static final long SEED = Long.getLong("seed", System.nanoTime());

    @Test
    void itKnowsTheNewestOffsetOfEachKey() {
        var random = new Random(SEED);
        var map = new KeyMap(1 << 20, 0.9, 5_000);
        var expected = new HashMap<Integer, Long>();
        for (long offset = 0; offset < 20_000; offset++) {
            int key = random.nextInt(5_000);
            assertTrue(map.put(key(key), offset), () -> "seed " + SEED);
            expected.put(key, offset);
        }
        assertEquals(expected.size(), map.size());
        for (int key = 0; key < 6_000; key++) {
            assertEquals(expected.getOrDefault(key, -1L), map.get(key(key)), "seed " + SEED);
        }
    }

    @Test
    void aFullMapTakesNewOffsetsOfItsKeysOnly() {
        var map = new KeyMap(100L * KeyMap.SLOT_BYTES, 0.5, Integer.MAX_VALUE);
        for (int key = 0; key < 50; key++) {
            assertTrue(map.put(key(key), key));
        }
        assertFalse(map.put(key(50), 50));
        assertEquals(-1, map.get(key(50)));
        assertTrue(map.put(key(7), 51));
        assertEquals(51, map.get(key(7)));
    }

    @Test
    void anyKeyAndAnySettingWillDo() {
        for (double load : new double[] {-1, 0, 0.9, 1, 7, Double.NaN}) {
            var map = new KeyMap(0, load, 10);
            assertTrue(map.put(ByteBuffer.allocate(0), 0));
            assertEquals(0, map.get(ByteBuffer.allocate(0)));
            assertEquals(-1, map.get(ByteBuffer.allocate(1)));
            assertFalse(map.put(ByteBuffer.allocate(100_000), 1));
        }
        var direct = ByteBuffer.allocateDirect(9).putLong(1, 4711).position(1);
        var map = new KeyMap(1_000, 0.9, 10);
        assertTrue(map.put(direct, 3));
        assertEquals(3, map.get(key(4711)));
        assertEquals(8, direct.remaining());
    }

    private static ByteBuffer key(int number) {
        return ByteBuffer.allocate(Long.BYTES).putLong(0, number);
    }
}
