package daybook.record;

import daybook.wire.Reader;
import daybook.wire.Writer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * One record of a batch.
 *
 * @param offset its place in the partition
 * @param timestampMs milliseconds since 1970
 * @param key a view of its bytes, or null
 * @param value a view of its bytes, or null
 * @param headerBytes the headers as {@link RecordIterator} draws them, sealed until someone asks for them
 */
public record Record(long offset, long timestampMs, ByteBuffer key, ByteBuffer value,
        ByteBuffer headerBytes) {
    /** The bytes of no headers: a count of 0. */
    public static final ByteBuffer NO_HEADERS = ByteBuffer.wrap(new byte[1]).asReadOnlyBuffer();

    /** A header of a record; the value may be null. */
    public record Header(String key, ByteBuffer value) { }

    /** The bytes of these headers. */
    public static ByteBuffer headerBytes(List<Header> headers) {
        var out = new Writer(0, false).varint(headers.size());
        for (var header : headers) {
            var key = StandardCharsets.UTF_8.encode(header.key);
            out.varint(key.remaining()).raw(key);
            if (header.value == null) {
                out.varint(-1);
            } else {
                out.varint(header.value.remaining()).raw(header.value);
            }
        }
        return out.toBuffer();
    }

    public List<Header> headers() {
        var in = new Reader(headerBytes.duplicate(), 0, false);
        int count = in.varint();
        var headers = new ArrayList<Header>(Math.min(count, 16));
        for (int i = 0; i < count; i++) {
            var key = StandardCharsets.UTF_8.decode(in.view(in.varint())).toString();
            int length = in.varint();
            headers.add(new Header(key, length < 0 ? null : in.view(length)));
        }
        return headers;
    }
}
