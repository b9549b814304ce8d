package daybook.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import daybook.client.TopicPartition;
import daybook.record.Record;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

class TemplateTest {
    private static final byte[] NONE = "null".getBytes(StandardCharsets.UTF_8);

    private static byte[] written(String format, Record record) {
        var bytes = new ByteArrayOutputStream();
        var out = new Output(bytes);
        Template.of(format).write(out, NONE, new TopicPartition("orders", 3), record);
        out.flush();
        return bytes.toByteArray();
    }

    private static String text(String format, Record record) {
        return new String(written(format, record), StandardCharsets.UTF_8);
    }

    private static ByteBuffer utf8(String text) {
        return StandardCharsets.UTF_8.encode(text);
    }

    private static String mistake(String format) {
        return assertThrows(CommandException.class, () -> Template.of(format)).getMessage();
    }

    @Test
    void fieldsAndEscapes() {
        var headers = Record.headerBytes(List.of(new Record.Header("a", utf8("1")), new Record.Header("b", null)));
        var record = new Record(17, 1_000, utf8("\u00fc"), utf8("value"), headers);
        assertEquals("orders 3 17 1000 \u00fc value 2 5 a=1,b=null", text("%t %p %o %T %k %v %K %V %h", record));
        assertEquals("%t100%\\n\n\r\tA", text("%%t100%%\\\\n\\n\\r\\t\\x41", record));
        assertEquals("", text("", record));
        var empty = new Record(0, 0, null, utf8(""), Record.NO_HEADERS);
        assertEquals("null[-1]=[0] ", text("%k[%K]=%v[%V] %h", empty));
    }

    @Test
    void bytesStayAsTheyAre() {
        var binary = ByteBuffer.wrap(new byte[] {9, -1, 0, 10, -128, 9}, 1, 4).asReadOnlyBuffer();
        var record = new Record(0, 0, null, binary, Record.NO_HEADERS);
        assertArrayEquals(new byte[] {-1, -1, 0, 10, -128, 0}, written("\\xfF%v\\0", record));
        assertEquals(4, binary.remaining());
    }

    @Test
    void mistakesSayWhatThereIs() {
        assertEquals("The format has %s, but fields are %t, %p, %o, %T, %k, %v, %K, %V, %h and %%", mistake("%s"));
        assertEquals("The format has % , but fields are %t, %p, %o, %T, %k, %v, %K, %V, %h and %%", mistake("100%"));
        for (var escape : List.of("\\q", "\\", "\\x", "\\x1", "\\xg0")) {
            assertEquals("There is no escape " + escape + ", but \\n, \\r, \\t, \\0, \\\\ and \\xHH",
                    mistake("%v" + escape));
        }
    }
}
