package daybook.record;

import daybook.wire.MalformedException;
import daybook.wire.Reader;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
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
        var record = new Record(offset, timestampMs, bytes(), bytes(), headers());
        if (in.remaining() != end) {
            throw corrupt("the record at offset " + offset + " is not " + length + " bytes long");
        }
        return record;
    }

    private List<Record.Header> headers() {
        int count = in.varint();
        if (count < 0 || count > in.remaining()) {
            throw corrupt("a record has " + count + " headers in " + in.remaining() + " bytes");
        }
        if (count == 0) {
            return List.of();
        }
        var headers = new ArrayList<Record.Header>(Math.min(count, 16));
        for (int i = 0; i < count; i++) {
            var key = bytes();
            if (key == null) {
                throw corrupt("a header has no key");
            }
            headers.add(new Record.Header(StandardCharsets.UTF_8.decode(key).toString(), bytes()));
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
