package daybook.record;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * One record of a batch.
 *
 * @param offset its place in the partition; a builder counts it from the batch's base instead
 * @param timestampMs milliseconds since 1970
 * @param key a view of its bytes, or null
 * @param value a view of its bytes, or null
 */
public record Record(long offset, long timestampMs, ByteBuffer key, ByteBuffer value, List<Header> headers) {
    /** A header of a record; the value may be null. */
    public record Header(String key, ByteBuffer value) { }
}
