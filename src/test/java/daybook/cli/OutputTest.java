package daybook.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** What commands write: text, tables, JSON, and the line that shows how far they are. */
class OutputTest {
    private static String table(List<List<String>> rows) {
        var bytes = new ByteArrayOutputStream();
        var out = new Output(bytes);
        out.table(rows);
        out.flush();
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void columnsAreAligned() {
        assertEquals("", table(List.of()));
        assertEquals("""
                TOPIC    LAG  NOTE
                gr\u00fc\u00dfe      7
                b?\ud83d\ude00    1,000  x
                """, table(List.of(List.of("TOPIC", "LAG", "NOTE"), List.of("gr\u00fc\u00dfe", "7", ""),
                List.of("b\u001b\ud83d\ude00", "1,000", "x"))));
        assertEquals("N\n", table(List.of(List.of("N"))));
    }

    @Test
    void jsonIsWhatItShouldBe() {
        assertEquals("{\"name\":\"a\\\"\\\\\\n\\r\\t\\u0001\\u007f\\u009b/\u00fc\ud83d\ude00\","
                + "\"n\":-3,\"d\":0.5,\"none\":null,\"yes\":true,\"list\":[1,[],{}]}",
                Json.text(Json.object("name", "a\"\\\n\r\t\u0001\u007f\u009b/\u00fc\ud83d\ude00", "n", -3L, "d", 0.5,
                        "none", null, "yes", true, "list", List.of(1, List.of(), Map.of()))));
        assertEquals("[null,null,null]", Json.text(Arrays.asList(Double.NaN, Double.NEGATIVE_INFINITY, null)));
    }

    @Test
    void bytesThatAreNotTextBecomeBase64() {
        assertEquals("\"gr\u00fc\u00dfe\"", Json.text("gr\u00fc\u00dfe".getBytes(StandardCharsets.UTF_8)));
        assertEquals("{\"base64\":\"/wA=\"}", Json.text(new byte[] {-1, 0}));
        var buffer = ByteBuffer.wrap(new byte[] {65, -61, 40, 66}, 1, 2);
        assertEquals("{\"base64\":\"wyg=\"}", Json.text(buffer));
        assertEquals(2, buffer.remaining());
        assertEquals("{\"base64\":\"7aC9\"}", Json.text(new byte[] {-19, -96, -67}), "a surrogate is not UTF-8");
    }

    @Test
    void aLineThatIsWrittenOverIsForTerminalsOnly() {
        var now = new AtomicLong();
        for (boolean terminal : new boolean[] {true, false}) {
            var err = new ByteArrayOutputStream();
            var streams = new Streams(InputStream.nullInputStream(), new Output(new ByteArrayOutputStream()),
                    new PrintStream(err, true, StandardCharsets.UTF_8), false, terminal);
            try (var progress = new Progress(streams, () -> Instant.ofEpochMilli(now.get()))) {
                now.addAndGet(1_000);
                progress.bar(31, 100, "31 records");
                progress.bar(50, 100, "too soon");
                now.addAndGet(100);
                progress.line("done");
            }
            var erase = "\r\u001b[K";
            assertEquals(terminal ? erase + "[#########.....................]  31%  31 records" + erase + "done"
                    + erase : "", err.toString(StandardCharsets.UTF_8));
        }
    }
}
