package daybook.record;

import daybook.wire.MalformedException;
import daybook.wire.Reader;

import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * Reads the records of an opened batch one by one.
 *
 * <pre>
 *   varint length | int8 attributes | varlong timestamp delta | varint offset delta
 *   | varint key length, key | varint value length, value
 *   | varint header count { varint key length, key | varint value length, value }
 * </pre>
 */
final class RecordIterator implements Iterator<Record> {
    private final RecordBatch batch;
    private final Reader in;
    private int left;

    RecordIterator(RecordBatch batch, ByteBuffer records) {
        this.batch = batch;
        this.in = new Reader(records, 0, false);
        this.left = batch.recordCount();
        if (left < 0) {
            throw corrupt("it has " + left + " records");
        }
    }

    /** @throws CorruptBatchException if bytes are left after the last record */
    @Override
    public boolean hasNext() {
        if (left == 0 && in.remaining() > 0) {
            throw corrupt(in.remaining() + " bytes come after its last record");
        }
        return left > 0;
    }

    @Override
    public Record next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        left--;
        try {
            return record();
        } catch (MalformedException malformed) {
            throw corrupt(malformed.getMessage());
        }
    }

    private Record record() {
        int length = in.varint();
        int end = in.remaining() - length;
        if (length < 0 || end < 0) {
            throw corrupt("a record has " + length + " bytes, and " + in.remaining() + " remain");
        }
        in.int8();
        long createdMs = batch.baseTimestamp() + in.varlong();
        long timestampMs = batch.logAppendTime() ? batch.maxTimestamp() : createdMs;
        long offset = batch.baseOffset() + in.varint();
        var key = bytes();
        var value = bytes();
        return new Record(offset, timestampMs, key, value, headers(in.remaining() - end));
    }

    /** Looks at the lengths only: what is in headers is nearly never asked for. */
    private ByteBuffer headers(int lengthBytes) {
        var headers = in.view(lengthBytes);
        if (headers.equals(Record.NO_HEADERS)) {
            return Record.NO_HEADERS;
        }
        var fields = new Reader(headers.duplicate(), 0, false);
        int count = fields.varint();
        if (count < 0 || count > fields.remaining()) {
            throw corrupt("a record has " + count + " headers in " + fields.remaining() + " bytes");
        }
        for (int i = 0; i < count; i++) {
            fields.view(fields.varint());
            int valueLength = fields.varint();
            fields.view(valueLength == -1 ? 0 : valueLength);
        }
        if (fields.remaining() > 0) {
            throw corrupt(fields.remaining() + " bytes come after the headers of a record");
        }
        return headers;
    }

    private ByteBuffer bytes() {
        int length = in.varint();
        return length == -1 ? null : in.view(length);
    }

    private CorruptBatchException corrupt(String why) {
        return new CorruptBatchException("The batch at offset " + batch.baseOffset() + " is corrupt: " + why);
    }
}
