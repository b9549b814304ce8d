package daybook.wire;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntConsumer;

/**
 * Reads one message, field by field in wire order. Every length is checked against what remains before
 * memory is taken for it, and the elements of all arrays of a message are bounded together; what does not
 * fit is a {@link MalformedException}. Any negative length is null, as in Apache Kafka. Byte strings are
 * views of the buffer, not copies.
 */
public final class Reader {
    /** The most array elements one message may hold: it bounds the heap that a request can take. */
    public static final int ELEMENTS_LIMIT = 1 << 16;

    private final ByteBuffer in;
    private final int version;
    private final boolean flexible;
    private final int elementsLimit;
    private int elements;

    /**
     * @param in big-endian bytes from position to limit; the position moves as fields are read
     * @param version the version of the message
     * @param flexible whether that version is a flexible one
     */
    public Reader(ByteBuffer in, int version, boolean flexible) {
        this(in, version, flexible, ELEMENTS_LIMIT);
    }

    private Reader(ByteBuffer in, int version, boolean flexible, int elementsLimit) {
        this.in = in;
        this.version = version;
        this.flexible = flexible;
        this.elementsLimit = elementsLimit;
    }

    /**
     * Reads a message of one whose bytes are trusted to be few enough: its elements are bounded by them
     * alone.
     */
    public static Reader boundedByBytes(ByteBuffer in, int version, boolean flexible) {
        return new Reader(in, version, flexible, Integer.MAX_VALUE);
    }

    /** Whether the message has the fields that {@code first} brought. */
    public boolean since(int first) {
        return version >= first;
    }

    public int version() {
        return version;
    }

    /** Bytes not read yet. */
    public int remaining() {
        return in.remaining();
    }

    public byte int8() {
        return need(1).get();
    }

    public boolean bool() {
        return int8() != 0;
    }

    public short int16() {
        return need(2).getShort();
    }

    public int uint16() {
        return int16() & 0xFFFF;
    }

    public int int32() {
        return need(4).getInt();
    }

    public long int64() {
        return need(8).getLong();
    }

    public double float64() {
        return need(8).getDouble();
    }

    public Uuid uuid() {
        return new Uuid(int64(), int64());
    }

    /** An unsigned varint of at most five bytes; what does not fit in 31 bits comes out negative. */
    public int unsignedVarint() {
        int value = 0;
        for (int shift = 0; shift < 35; shift += 7) {
            int piece = int8();
            value |= (piece & 0x7F) << shift;
            if (piece >= 0) {
                return value;
            }
        }
        throw new MalformedException("A varint is longer than 5 bytes");
    }

    /** A zigzag varint, as in records. */
    public int varint() {
        int raw = unsignedVarint();
        return (raw >>> 1) ^ -(raw & 1);
    }

    /** A zigzag varlong of at most ten bytes, as in records. */
    public long varlong() {
        long value = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            long piece = int8();
            value |= (piece & 0x7F) << shift;
            if (piece >= 0) {
                return (value >>> 1) ^ -(value & 1);
            }
        }
        throw new MalformedException("A varlong is longer than 10 bytes");
    }

    public String string() {
        return present(nullableString(), "string");
    }

    /** A string of at most 32,767 bytes in any version, as in Apache Kafka, or null. */
    public String nullableString() {
        return text(flexible ? unsignedVarint() - 1 : int16());
    }

    /** A string with a length of two bytes, also in flexible versions: the client id of a request header. */
    public String oldNullableString() {
        return text(int16());
    }

    /** A view of a byte string. */
    public ByteBuffer bytes() {
        return present(nullableBytes(), "byte string");
    }

    /** A view of a byte string, or null. Record batches come this way too. */
    public ByteBuffer nullableBytes() {
        int length = flexible ? unsignedVarint() - 1 : int32();
        return length < 0 ? null : view(length);
    }

    /** A view of the next {@code length} bytes. */
    public ByteBuffer view(int length) {
        need(length);
        var view = in.slice(in.position(), length);
        in.position(in.position() + length);
        return view;
    }

    /** An array whose elements are plain values, or structures that read their tagged fields themselves. */
    public <T> List<T> array(Function<Reader, T> element) {
        return present(nullableArray(element), "array");
    }

    /** As {@link #array}, or null. */
    public <T> List<T> nullableArray(Function<Reader, T> element) {
        int count = flexible ? unsignedVarint() - 1 : int32();
        if (count < 0) {
            return null;
        }
        if (count > in.remaining() || count > elementsLimit - elements) {
            throw new MalformedException("An array of " + count + " where " + remaining() + " bytes remain");
        }
        elements += count;
        var list = new ArrayList<T>(Math.min(count, 64));
        for (int i = 0; i < count; i++) {
            list.add(element.apply(this));
        }
        return list;
    }

    /** An array of structures; the tagged fields at the end of each are skipped. */
    public <T> List<T> structs(Function<Reader, T> element) {
        return present(nullableStructs(element), "array");
    }

    /** As {@link #structs}, or null. */
    public <T> List<T> nullableStructs(Function<Reader, T> element) {
        return nullableArray(in -> {
            T read = element.apply(in);
            in.tags();
            return read;
        });
    }

    /** Skips the tagged fields that end a structure of a flexible version; nothing in others. */
    public void tags() {
        tags(tag -> { });
    }

    /**
     * Reads the tagged fields that end a structure of a flexible version; nothing in others.
     *
     * @param field is given each tag and may read its value from this reader; what it leaves unread is
     *     skipped
     */
    public void tags(IntConsumer field) {
        if (!flexible) {
            return;
        }
        int count = unsignedVarint();
        for (int i = 0; i != count; i++) {
            int tag = unsignedVarint();
            int length = unsignedVarint();
            need(length);
            int end = in.position() + length;
            field.accept(tag);
            if (in.position() > end) {
                throw new MalformedException("Tagged field " + tag + " passes its " + length + " bytes");
            }
            in.position(end);
        }
    }

    private String text(int length) {
        if (length < 0) {
            return null;
        }
        if (length > Short.MAX_VALUE) {
            throw new MalformedException("A string of " + length + " bytes");
        }
        need(length);
        var bytes = new byte[length];
        in.get(bytes);
        var text = new String(bytes, StandardCharsets.UTF_8);
        // What is no UTF-8 becomes up to three times as many bytes, and has to be written again some day.
        if (length > Short.MAX_VALUE / 3 && text.getBytes(StandardCharsets.UTF_8).length > Short.MAX_VALUE) {
            throw new MalformedException("A string that is not UTF-8, and would be too long if it were");
        }
        return text;
    }

    private ByteBuffer need(int length) {
        if (length < 0 || length > in.remaining()) {
            throw new MalformedException("A field of " + length + " bytes where " + remaining() + " remain");
        }
        return in;
    }

    private static <T> T present(T value, String what) {
        if (value == null) {
            throw new MalformedException("A null " + what + " where null is not allowed");
        }
        return value;
    }
}
