package daybook.cli;

import daybook.client.TopicPartition;
import daybook.record.Record;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** How a record is written: text with fields of it, and with escapes for bytes that are hard to type. */
final class Template {
    static final String HELP = """
            In a FORMAT, %t is the topic, %p the partition, %o the offset, %T the timestamp in ms, %k
            the key, %v the value, %K and %V how many bytes they have (-1: null), %h the headers
            (NAME=VALUE, comma-separated), %% a percent sign; escapes are \\n, \\r, \\t, \\0, \\\\, \\xHH.
            """;
    private static final String FIELDS = "tpoTkvKVh";

    /** A field by its letter, or text as it is where that is 0. */
    private record Piece(char field, byte[] text) { }

    private final List<Piece> pieces = new ArrayList<>();
    /** What is written for a key or a value that is null. */
    private final byte[] none;

    private Template(byte[] none) {
        this.none = none;
    }

    /** @param none what is written for a key or a value that is null */
    static Template of(String format, byte[] none) {
        var template = new Template(none);
        int from = 0;
        for (int at = format.indexOf('%'); at >= 0; at = format.indexOf('%', from)) {
            char field = at + 1 < format.length() ? format.charAt(at + 1) : ' ';
            if (field != '%' && FIELDS.indexOf(field) < 0) {
                throw CommandException.usage("The format has %" + field + ", but fields are %"
                        + String.join(", %", FIELDS.split("")) + " and %%");
            }
            template.text(format.substring(from, field == '%' ? at + 1 : at));
            if (field != '%') {
                template.pieces.add(new Piece(field, null));
            }
            from = at + 2;
        }
        template.text(format.substring(from));
        return template;
    }

    private void text(String text) {
        pieces.add(new Piece((char) 0, bytes(text)));
    }

    /** Text in UTF-8, with the escapes \n, \r, \t, \0, \\ and \xHH. */
    static byte[] bytes(String text) {
        var bytes = new ByteArrayOutputStream();
        int from = 0;
        for (int at = text.indexOf('\\'); at >= 0; at = text.indexOf('\\', from)) {
            bytes.writeBytes(text.substring(from, at).getBytes(StandardCharsets.UTF_8));
            from = at + (text.startsWith("\\x", at) ? 4 : 2);
            bytes.write(escaped(text.substring(at, Math.min(from, text.length()))));
        }
        bytes.writeBytes(text.substring(from).getBytes(StandardCharsets.UTF_8));
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

    void write(Output out, TopicPartition partition, Record record) {
        for (var piece : pieces) {
            switch (piece.field) {
                case 't' -> out.text(partition.topic());
                case 'p' -> out.text(Integer.toString(partition.partition()));
                case 'o' -> out.text(Long.toString(record.offset()));
                case 'T' -> out.text(Long.toString(record.timestampMs()));
                case 'k' -> bytes(out, record.key());
                case 'v' -> bytes(out, record.value());
                case 'K' -> out.text(Integer.toString(length(record.key())));
                case 'V' -> out.text(Integer.toString(length(record.value())));
                case 'h' -> headers(out, record.headers());
                default -> out.bytes(piece.text);
            }
        }
    }

    private void headers(Output out, List<Record.Header> headers) {
        var before = "";
        for (var header : headers) {
            out.text(before + header.key() + "=");
            bytes(out, header.value());
            before = ",";
        }
    }

    private void bytes(Output out, ByteBuffer bytes) {
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
