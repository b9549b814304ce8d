package daybook.record;

import java.io.IOException;
import java.io.InputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import java.util.zip.GZIPInputStream;

/**
 * How the records of a batch are compressed: bits 0 to 2 of the batch's attributes. Only the way back is
 * here. The broker never compresses; it opens a batch to find an offset by time and to check the times of
 * records.
 *
 * <p>The decoders trust nothing. They read through a buffer that knows its bounds, and this class alone
 * turns a read past them into a {@link CorruptBatchException}; they write through {@link
 * DecompressedBytes}, which knows the limit. Each round of each loop takes input or gives output, so both
 * ends bound the time as well.
 */
public enum Codec {
    NONE(0), GZIP(1), SNAPPY(2), LZ4(3), ZSTD(4);

    private static final int GZIP_BUFFER_BYTES = 8 * 1024;
    private static final Codec[] BY_ID = values();

    private final int id;

    Codec(int id) {
        this.id = id;
    }

    /** The number that stands for this codec in a batch's attributes. */
    public int id() {
        return id;
    }

    /** The codec of that number; a {@link CorruptBatchException} where there is none. */
    public static Codec of(int id) {
        if (id < 0 || id >= BY_ID.length) {
            throw new CorruptBatchException("compression codec " + id + " is none of 0 to " + ZSTD.id);
        }
        return BY_ID[id];
    }

    /**
     * The decompressed bytes of {@code in} (from position to limit, in any byte order, direct or not), at
     * most {@code limitBytes} of them, as a heap buffer ready to read.
     *
     * @throws CorruptBatchException when the input is malformed, or larger than the limit once decompressed
     */
    public ByteBuffer decompress(ByteBuffer in, int limitBytes) {
        ByteBuffer source = in.slice().order(ByteOrder.LITTLE_ENDIAN);
        var out = new DecompressedBytes(source.remaining(), limitBytes);
        try {
            switch (this) {
                case NONE -> out.append(source, source.remaining());
                case GZIP -> gunzip(source, out);
                case SNAPPY -> Snappy.decompress(source, out);
                case LZ4 -> Lz4.decompress(source, out);
                case ZSTD -> Zstd.decompress(source, out);
            }
        } catch (CorruptBatchException | BufferUnderflowException | IndexOutOfBoundsException e) {
            String reason = e instanceof CorruptBatchException ? e.getMessage()
                    : "the data ends too early, near byte " + source.position();
            throw new CorruptBatchException(name().toLowerCase(Locale.ROOT) + ": " + reason, e);
        }
        return out.buffer();
    }

    /** The next 0 to 8 bytes of {@code in} as an integer, the lowest first. */
    static long littleEndian(ByteBuffer in, int bytes) {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (in.get() & 0xFFL) << 8 * i;
        }
        return value;
    }

    /** RFC 1952, by the JDK: header, CRC-32 and length are checked, members may follow one another. */
    private static void gunzip(ByteBuffer source, DecompressedBytes out) {
        try (var members = new GZIPInputStream(new BufferInput(source), GZIP_BUFFER_BYTES)) {
            out.appendAll(members);
        } catch (IOException e) {
            throw new CorruptBatchException(e.getMessage() + ", near byte " + source.position(), e);
        }
    }

    /** A buffer as the stream that the JDK's decoder wants. */
    private static final class BufferInput extends InputStream {
        private final ByteBuffer source;

        BufferInput(ByteBuffer source) {
            this.source = source;
        }

        @Override
        public int available() {
            return source.remaining();
        }

        @Override
        public int read() {
            return source.hasRemaining() ? source.get() & 0xFF : -1;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) {
            if (!source.hasRemaining()) {
                return -1;
            }
            int count = Math.min(length, source.remaining());
            source.get(bytes, offset, count);
            return count;
        }
    }
}
