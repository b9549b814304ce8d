package daybook.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

class SplitterTest {
    private static final int MOST = 1 << 20;

    private static List<byte[]> cut(InputStream in, byte[] delimiter, int most) throws IOException {
        var records = new ArrayList<byte[]>();
        var splitter = new Splitter(in, delimiter, most);
        for (var record = splitter.next(); record != null; record = splitter.next()) {
            records.add(record);
        }
        return records;
    }

    private static List<String> cut(String text, String delimiter) throws IOException {
        return cut(new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1)),
                delimiter.getBytes(StandardCharsets.ISO_8859_1), MOST).stream()
                .map(record -> new String(record, StandardCharsets.ISO_8859_1)).toList();
    }

    @Test
    void recordsEndAtDelimiters() throws IOException {
        assertEquals(List.of(), cut("", "\n"));
        assertEquals(List.of("a", "", "b\r"), cut("a\n\nb\r\n", "\n"));
        assertEquals(List.of("a", "b"), cut("a\nb", "\n"));
        assertEquals(List.of("", "a", "|b"), cut("|||a||||b", "|||"));
        assertEquals(List.of("a\nb\n"), cut("a\nb\n", ""));
        assertEquals(List.of("\u00ff\n", "b"), cut("\u00ff\n\0b\0", "\0"));
    }

    @Test
    void noRecordIsLongerThanAllowed() throws IOException {
        var long1 = new byte[200_000];
        assertEquals(1, cut(new ByteArrayInputStream(long1), new byte[] {1}, long1.length).size());
        assertEquals("A record has more than 100000 bytes; --delimiter says where records end",
                assertThrows(CommandException.class,
                        () -> cut(new ByteArrayInputStream(long1), new byte[] {1}, 100_000)).getMessage());
    }

    /** Bytes arrive in pieces of any size, and are put together again. */
    @Test
    void whateverThePiecesAre() throws IOException {
        long seed = System.nanoTime();
        var random = new Random(seed);
        for (int round = 0; round < 20; round++) {
            var delimiter = round % 2 == 0 ? new byte[] {7} : new byte[] {7, 7, 1};
            var all = new byte[random.nextInt(400_000)];
            for (int at = 0; at < all.length; at++) {
                all[at] = (byte) (random.nextInt(1_000) == 0 ? 7 : random.nextInt(3));
            }
            var records = cut(new Trickle(all, random), delimiter, MOST);
            var joined = new byte[all.length + delimiter.length];
            int to = 0;
            for (var record : records) {
                assertEquals(-1, Splitter.indexOf(record, 0, record.length, delimiter), "seed " + seed);
                System.arraycopy(record, 0, joined, to, record.length);
                to += record.length;
                System.arraycopy(delimiter, 0, joined, to, delimiter.length);
                to += delimiter.length;
            }
            assertArrayEquals(all, Arrays.copyOf(joined, all.length), "seed " + seed);
        }
    }

    /** Gives its bytes in small pieces. */
    private static final class Trickle extends InputStream {
        private final ByteArrayInputStream bytes;
        private final Random random;

        Trickle(byte[] bytes, Random random) {
            this.bytes = new ByteArrayInputStream(bytes);
            this.random = random;
        }

        @Override
        public int read() {
            return bytes.read();
        }

        @Override
        public int read(byte[] to, int from, int length) {
            return bytes.read(to, from, Math.min(length, 1 + random.nextInt(5_000)));
        }
    }
}
