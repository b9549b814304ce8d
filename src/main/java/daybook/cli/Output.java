package daybook.cli;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Standard output: bytes as they are, text in UTF-8, all of it buffered until {@link #flush} or the command's
 * end. Where whoever reads it is gone, writing throws {@link Closed}, and the command ends without a word.
 */
final class Output {
    private static final int BUFFER_BYTES = 1 << 16;
    private static final Pattern NUMBER = Pattern.compile("-?[0-9][0-9.,]*%?|-|");

    private final BufferedOutputStream out;

    Output(OutputStream out) {
        this.out = new BufferedOutputStream(out, BUFFER_BYTES);
    }

    /** Nobody reads on: the pipe is broken. */
    static final class Closed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Closed(IOException cause) {
            super(cause);
        }
    }

    void bytes(byte[] bytes) {
        bytes(bytes, 0, bytes.length);
    }

    void bytes(byte[] bytes, int from, int length) {
        try {
            out.write(bytes, from, length);
        } catch (IOException failed) {
            throw failure(failed);
        }
    }

    /** What remains in the buffer, which stays as it is. */
    void bytes(ByteBuffer bytes) {
        if (bytes.hasArray()) {
            bytes(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
        } else {
            var copy = new byte[bytes.remaining()];
            bytes.duplicate().get(copy);
            bytes(copy);
        }
    }

    void text(String text) {
        bytes(text.getBytes(StandardCharsets.UTF_8));
    }

    /** The text and a line's end. */
    void line(String text) {
        text(text + "\n");
    }

    /** {@link Json#text} on a line of its own. */
    void json(Object value) {
        line(Json.text(value));
    }

    /**
     * Rows in aligned columns, the first of them the heads; columns of nothing but numbers stand to the
     * right. Unprintable characters become question marks. No row means nothing is written.
     */
    void table(List<List<String>> rows) {
        int columns = rows.isEmpty() ? 0 : rows.get(0).size();
        var widths = new int[columns];
        var numbers = new boolean[columns];
        for (int column = 0; column < columns; column++) {
            int at = column;
            widths[at] = rows.stream().mapToInt(row -> width(row.get(at))).max().orElse(0);
            numbers[at] = rows.stream().skip(1).allMatch(row -> NUMBER.matcher(row.get(at)).matches());
        }
        for (var row : rows) {
            var line = new StringBuilder();
            for (int column = 0; column < columns; column++) {
                var cell = Streams.printable(row.get(column));
                var pad = " ".repeat(widths[column] - width(cell));
                line.append(column == 0 ? "" : "  ").append(numbers[column] ? pad + cell : cell + pad);
            }
            line(line.toString().stripTrailing());
        }
    }

    private static int width(String text) {
        return text.codePointCount(0, text.length());
    }

    /** Writes out what was buffered. */
    void flush() {
        try {
            out.flush();
        } catch (IOException failed) {
            throw failure(failed);
        }
    }

    private static RuntimeException failure(IOException failed) {
        var why = String.valueOf(failed.getMessage());
        return why.toLowerCase(Locale.ROOT).contains("broken pipe") ? new Closed(failed)
                : CommandException.failed("Standard output cannot be written: " + why);
    }
}
