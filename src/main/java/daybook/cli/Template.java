package daybook.cli;

import daybook.client.TopicPartition;
import daybook.record.Record;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** How a record is written: text with fields of it, and with escapes for bytes that are hard to type. */
final class Template {
    static final String HELP = """
            In a FORMAT, %t is the topic, %p the partition, %o the offset, %T the timestamp in ms, %k
            the key, %v the value, %K and %V how many bytes they have (-1: null), %h the headers
            (NAME=VALUE, comma-separated), %% a percent sign; escapes are \\n, \\r, \\t, \\0, \\\\, \\xHH.
            """;
    private static final String FIELDS = "tpoTkvKVh";
    private static final Pattern FIELD = Pattern.compile("%(.?)|[^%]+", Pattern.DOTALL);
    private static final Pattern ESCAPE = Pattern.compile("\\\\(?:x.{0,2}|.?)|[^\\\\]+", Pattern.DOTALL);

    /** A field by its letter, or text as it is where that is %. */
    private record Piece(char field, byte[] text) { }

    private final List<Piece> pieces = new ArrayList<>();

    private Template() { }

    static Template of(String format) {
        var template = new Template();
        for (var piece = FIELD.matcher(format); piece.find(); ) {
            var text = piece.group(1) == null ? piece.group() : "%";
            var field = piece.group(1) == null ? "%" : piece.group(1).isEmpty() ? " " : piece.group(1);
            if (!field.equals("%") && !FIELDS.contains(field)) {
                throw CommandException.usage("The format has %" + field + ", but fields are %"
                        + String.join(", %", FIELDS.split("")) + " and %%");
            }
            template.pieces.add(new Piece(field.charAt(0), bytes(text)));
        }
        return template;
    }

    /** Text in UTF-8, with the escapes \n, \r, \t, \0, \\ and \xHH. */
    static byte[] bytes(String text) {
        var bytes = new ByteArrayOutputStream();
        for (var piece = ESCAPE.matcher(text); piece.find(); ) {
            if (piece.group().startsWith("\\")) {
                bytes.write(escaped(piece.group()));
            } else {
                bytes.writeBytes(piece.group().getBytes(StandardCharsets.UTF_8));
            }
        }
        return bytes.toByteArray();
    }

    private static int escaped(String escape) {
        return switch (escape) {
            case "\\n" -> '\n';
            case "\\r" -> '\r';
            case "\\t" -> '\t';
            case "\\0" -> 0;
            case "\\\\" -> '\\';
            default -> {
                if (!escape.matches("\\\\x[0-9a-fA-F]{2}")) {
                    throw CommandException.usage("There is no escape " + escape
                            + ", but \\n, \\r, \\t, \\0, \\\\ and \\xHH");
                }
                yield Integer.parseInt(escape.substring(2), 16);
            }
        };
    }

    /** @param none what is written for a key or a value that is null */
    void write(Output out, byte[] none, TopicPartition partition, Record record) {
        for (var piece : pieces) {
            switch (piece.field) {
                case 't' -> out.text(partition.topic());
                case 'p' -> out.text(Integer.toString(partition.partition()));
                case 'o' -> out.text(Long.toString(record.offset()));
                case 'T' -> out.text(Long.toString(record.timestampMs()));
                case 'k' -> bytes(out, none, record.key());
                case 'v' -> bytes(out, none, record.value());
                case 'K' -> out.text(Integer.toString(length(record.key())));
                case 'V' -> out.text(Integer.toString(length(record.value())));
                case 'h' -> headers(out, none, record.headers());
                default -> out.bytes(piece.text);
            }
        }
    }

    private static void headers(Output out, byte[] none, List<Record.Header> headers) {
        var before = "";
        for (var header : headers) {
            out.text(before + header.key() + "=");
            bytes(out, none, header.value());
            before = ",";
        }
    }

    private static void bytes(Output out, byte[] none, ByteBuffer bytes) {
        if (bytes == null) {
            out.bytes(none);
        } else {
            out.bytes(bytes);
        }
    }

    private static int length(ByteBuffer bytes) {
        return bytes == null ? -1 : bytes.remaining();
    }
}
