package daybook.record;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.GZIPInputStream;

/**
 * How the records of a batch are compressed, in the order of the numbers in bits 0 to 2 of its attributes.
 * Batches go through the
 * broker sealed; it decompresses one where it must look at its records, and compresses one that it writes
 * anew, with fewer records or in another codec.
 *
 * <p>The decoders trust nothing. They read through a buffer that knows its bounds, and this class alone
 * turns a read past them into a {@link CorruptBatchException}; they write through {@link
 * CodecBytes}, which knows the limit. Each round of each loop takes input or gives output, so both
 * ends bound the time as well.
 */
public enum Codec {
    NONE(0), GZIP(Deflater.DEFAULT_COMPRESSION), SNAPPY(0), LZ4(Lz4.FAST_LEVEL), ZSTD(3);

    private static final int GZIP_BUFFER_BYTES = 8 * 1024;
    /** Magic, method deflate, no flags, no time, no hint of the level, an unknown system. */
    private static final byte[] GZIP_HEADER = {0x1F, (byte) 0x8B, 8, 0, 0, 0, 0, 0, 0, (byte) 0xFF};
    private static final Codec[] BY_ID = values();

    private final int defaultLevel;

    Codec(int defaultLevel) {
        this.defaultLevel = defaultLevel;
    }

    /** The number that stands for this codec in a batch's attributes. */
    public int id() {
        return ordinal();
    }

    /** The level of {@link #compress} where nobody asks for another, Kafka's. */
    public int defaultLevel() {
        return defaultLevel;
    }

    /** The codec of that number; a {@link CorruptBatchException} where there is none. */
    public static Codec of(int id) {
        if (id < 0 || id >= BY_ID.length) {
            throw new CorruptBatchException("compression codec " + id + " is none of 0 to " + ZSTD.id());
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
        var out = CodecBytes.decoded(source.remaining(), limitBytes);
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

    /**
     * The bytes of {@code in} from position to limit (in any byte order, direct or not; its position stays),
     * compressed as Kafka's clients frame them, in a heap buffer ready to read; for {@link #NONE} a view of
     * them.
     *
     * @param level of gzip -1 to 9 (-1 is the JDK's default), of lz4 1 to 17, of zstd -131,072 to 22: what
     *     they choose stands at {@link Lz4} and {@link ZstdEncoder}; not used by the others
     */
    public ByteBuffer compress(ByteBuffer in, int level) {
        if (this == NONE) {
            return in.slice();
        }
        if (this == GZIP) {
            return gzip(in, level);
        }
        var plain = in.hasArray() ? in : ByteBuffer.allocate(in.remaining()).put(in.duplicate()).flip();
        int from = plain.arrayOffset() + plain.position();
        int to = from + plain.remaining();
        var out = CodecBytes.encoded(to - from);
        switch (this) {
            case SNAPPY -> Snappy.compress(plain.array(), from, to, out);
            case LZ4 -> Lz4.compress(plain.array(), from, to, level, out);
            default -> ZstdEncoder.compress(plain.array(), from, to, level, out);
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
    private static void gunzip(ByteBuffer source, CodecBytes out) {
        var bytes = new byte[source.remaining()];
        source.get(bytes);
        var in = new ByteArrayInputStream(bytes);
        try (var members = new GZIPInputStream(in, GZIP_BUFFER_BYTES)) {
            out.appendAll(members);
        } catch (IOException e) {
            int at = bytes.length - in.available();
            throw new CorruptBatchException(e.getMessage() + ", near byte " + at, e);
        }
    }

    /** One member without a name or a time, as the JDK's own stream writes it. */
    private static ByteBuffer gzip(ByteBuffer in, int level) {
        var checksum = new CRC32();
        checksum.update(in.duplicate());
        int length = in.remaining();
        var out = CodecBytes.encoded(length);
        out.append(GZIP_HEADER, 0, GZIP_HEADER.length);
        var deflater = new Deflater(level, true);
        try {
            deflater.setInput(in.duplicate());
            deflater.finish();
            while (!deflater.finished()) {
                out.deflate(deflater);
            }
        } finally {
            deflater.end();
        }
        return out.int32((int) checksum.getValue()).int32(length).buffer();
    }
}
