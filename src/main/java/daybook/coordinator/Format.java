package daybook.coordinator;

import daybook.record.BatchBuilder;

import java.nio.ByteBuffer;

/**
 * How the records of an internal topic look as bytes.
 *
 * @param <R> the records
 */
public interface Format<R> {
    /** A record's key and value; a tombstone has a null value. */
    BatchBuilder.Entry encode(R record);

    /**
     * The record of these bytes, of which it keeps no views; null for a kind that is passed over.
     *
     * @param value null for a tombstone
     * @throws daybook.wire.MalformedException if the bytes are none of a record
     */
    R decode(ByteBuffer key, ByteBuffer value);
}
