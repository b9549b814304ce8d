package daybook.log;

import daybook.record.RecordBatch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * Walks over the batches of a segment by their headers, with one read for as many as lie in its window. It
 * stops at the limit, or where what it finds cannot be a batch. Belongs to the thread that made it.
 */
final class BatchCursor {
    /** To find a place among batches of usual size. */
    static final int SMALL_WINDOW_BYTES = 4096;
    /** To read all of a segment. */
    static final int LARGE_WINDOW_BYTES = 1 << 20;

    private static final int CHECKSUM_FROM = 21;

    private final FileChannel file;
    private final int limit;
    private final ByteBuffer window;
    /** Where in the file the window begins; its limit says how much of it is filled. */
    private long windowAt;
    private int position;
    private int sizeBytes;
    private RecordBatch batch;

    /**
     * @param from where the first batch begins
     * @param limit where the last one ends
     */
    BatchCursor(FileChannel file, int from, int limit, int windowBytes) {
        this.file = file;
        this.limit = limit;
        this.position = from;
        this.window = ByteBuffer.allocate(Math.clamp((long) limit - from, 0, windowBytes)).limit(0);
    }

    /** Goes to the next batch; false at the limit, and where no whole batch of magic 2 lies. */
    boolean next() throws IOException {
        position += sizeBytes;
        sizeBytes = 0;
        batch = null;
        if (position == limit || headerFlaw() != null) {
            return false;
        }
        batch = header();
        sizeBytes = batch.sizeBytes();
        return true;
    }

    /** Where the batch begins; after {@link #next} was false, where it stopped. */
    int position() {
        return position;
    }

    int sizeBytes() {
        return sizeBytes;
    }

    /** The header of the batch, valid until the next call to this cursor. */
    RecordBatch batch() {
        return batch;
    }

    /** Whether the cursor has come to its limit rather than to something that is no batch. */
    boolean atLimit() {
        return position == limit;
    }

    /** Fails unless the cursor has come to its limit, in the file of this name. */
    void requireLimit(Path path) throws IOException {
        if (position != limit) {
            throw new IOException("No batch at byte " + position + " of " + path);
        }
    }

    /** Whether the checksum is that of the bytes, read through the window however large the batch is. */
    boolean checksumHolds() throws IOException {
        if (inWindow(position, Math.min(sizeBytes, window.capacity())) < 0) {
            return false;
        }
        int expected = header().checksum();
        long found = checksum();
        batch = found < 0 ? null : header();
        return found == Integer.toUnsignedLong(expected);
    }

    /** The checksum of the batch's bytes; -1 where the file ends before. */
    private long checksum() throws IOException {
        var checksum = new CRC32C();
        int done = CHECKSUM_FROM;
        while (done < sizeBytes) {
            int at = inWindow(position + (long) done, 1);
            if (at < 0) {
                return -1;
            }
            int count = Math.min(window.limit() - at, sizeBytes - done);
            checksum.update(window.slice(at, count));
            done += count;
        }
        return checksum.getValue();
    }

    /**
     * What is wrong with the bytes at the cursor, as {@code expected …, found …}; null where nothing is. For
     * after {@link #next} or {@link #checksumHolds} was false.
     */
    String flaw() throws IOException {
        var inHeader = headerFlaw();
        if (inHeader != null) {
            return inHeader;
        }
        sizeBytes = header().sizeBytes();
        long stored = Integer.toUnsignedLong(header().checksum());
        long computed = checksum();
        return computed == stored ? null
                : expected("checksum " + Long.toHexString(stored), Long.toHexString(computed));
    }

    /** As {@link #flaw}, of the header alone, which is in the window after that unless the file ends. */
    private String headerFlaw() throws IOException {
        int rest = limit - position;
        int at = rest < RecordBatch.HEADER_BYTES ? -1 : inWindow(position, RecordBatch.HEADER_BYTES);
        if (at < 0) {
            return expected("a batch of " + RecordBatch.HEADER_BYTES + " bytes or more", rest);
        }
        var found = new RecordBatch(window, at);
        long size = (long) window.getInt(at + RecordBatch.LENGTH_AT) + RecordBatch.OVERHEAD_BYTES;
        if (found.magic() != RecordBatch.MAGIC) {
            return expected("magic " + RecordBatch.MAGIC, found.magic());
        }
        if (size < RecordBatch.HEADER_BYTES || size > rest) {
            return expected("a size of " + RecordBatch.HEADER_BYTES + " to " + rest + " bytes", size);
        }
        if (found.baseOffset() < 0 || found.lastOffsetDelta() < 0) {
            return expected("a base offset and a last offset delta of 0 or more",
                    found.baseOffset() + " and " + found.lastOffsetDelta());
        }
        return null;
    }

    private static String expected(String what, Object found) {
        return "expected " + what + ", found " + found;
    }

    /** A copy of the whole batch; the caller has seen to it that {@link #sizeBytes} is not too much. */
    RecordBatch whole() throws IOException {
        var bytes = ByteBuffer.allocate(sizeBytes);
        if (position >= windowAt && position + sizeBytes <= windowAt + window.limit()) {
            bytes.put(0, window, (int) (position - windowAt), sizeBytes);
        } else if (read(bytes, position) < sizeBytes) {
            throw new IOException("The file ends inside the batch at byte " + position);
        }
        return new RecordBatch(bytes, 0);
    }

    private RecordBatch header() throws IOException {
        return new RecordBatch(window, inWindow(position, RecordBatch.HEADER_BYTES));
    }

    /**
     * Where in the window these bytes of the file lie, after reading them if need be; -1 where the file ends
     * before.
     */
    private int inWindow(long from, int count) throws IOException {
        if (from < windowAt || from + count > windowAt + window.limit()) {
            window.clear().limit((int) Math.min(window.capacity(), limit - from));
            window.limit(read(window, from));
            windowAt = from;
        }
        return count > window.limit() ? -1 : (int) (from - windowAt);
    }

    /** Reads until the buffer is full or the file ends; returns how many bytes. */
    private int read(ByteBuffer into, long from) throws IOException {
        int count = 0;
        while (into.hasRemaining() && count >= 0) {
            count = file.read(into, from + into.position());
        }
        return into.position();
    }
}
