package daybook.wire;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Writes one message, field by field in wire order: bytes into one growing array, and file regions between
 * them, which are only noted here and go from file to socket when the message is sent. Methods return the
 * writer, so that the fields of a structure stand in a row. Whoever made the writer must {@link #close} it,
 * which closes its regions.
 *
 * <pre>
 *   array    | int32 length | header ... length of records | next partition ... length of records |
 *   regions                                                ^ region 0                              ^ region 1
 * </pre>
 */
public final class Writer implements AutoCloseable {
    /** Where a drained writer's pieces go, in order; each call takes the whole piece or throws. */
    public interface Sink {
        void bytes(ByteBuffer piece) throws IOException;

        void region(Region piece) throws IOException;
    }

    /** A tagged field: its number and what writes its value. */
    public record Tagged(int tag, Consumer<Writer> value) { }

    /**
     * A region in the message.
     *
     * @param at how many of the writer's own bytes are before it
     * @param begin how many bytes are before it in all
     */
    public record Placed(int at, long begin, Region region) {
        long end() {
            return begin + region.lengthBytes();
        }
    }

    /** Enough for most replies to produce and fetch, of which there are most. */
    private static final int FIRST_BYTES = 128;

    private final int version;
    private final boolean flexible;
    private final int frameStart;
    private final List<Placed> regions = new ArrayList<>(0);
    private byte[] array;
    private ByteBuffer out;
    private long regionBytes;
    private Runnable rest;

    /** A message of its own, without the length before it. */
    public Writer(int version, boolean flexible) {
        this(version, flexible, -1);
    }

    private Writer(int version, boolean flexible, int frameStart) {
        this.version = version;
        this.flexible = flexible;
        this.frameStart = frameStart;
        this.array = new byte[FIRST_BYTES];
        this.out = ByteBuffer.wrap(array);
    }

    /** A message that {@link #drain} sends as a frame: its length, then its bytes. */
    public static Writer frame(int version, boolean flexible) {
        return new Writer(version, flexible, 0).int32(0);
    }

    /** Whether the message has the fields that {@code first} brought. */
    public boolean since(int first) {
        return version >= first;
    }

    /** Writes the fields that version {@code first} brought; nothing in the versions before it. */
    public Writer since(int first, Consumer<Writer> fields) {
        if (version >= first) {
            fields.accept(this);
        }
        return this;
    }

    public int version() {
        return version;
    }

    public Writer int8(int value) {
        room(1).put((byte) value);
        return this;
    }

    public Writer bool(boolean value) {
        return int8(value ? 1 : 0);
    }

    public Writer int16(int value) {
        room(2).putShort((short) value);
        return this;
    }

    public Writer int32(int value) {
        room(4).putInt(value);
        return this;
    }

    public Writer int64(long value) {
        room(8).putLong(value);
        return this;
    }

    public Writer float64(double value) {
        room(8).putDouble(value);
        return this;
    }

    public Writer uuid(Uuid value) {
        return int64(value.high()).int64(value.low());
    }

    public Writer error(ErrorCode error) {
        return int16(error.code());
    }

    public Writer unsignedVarint(int value) {
        room(5);
        int rest = value;
        while ((rest & ~0x7F) != 0) {
            out.put((byte) (rest | 0x80));
            rest >>>= 7;
        }
        out.put((byte) rest);
        return this;
    }

    /** A zigzag varint, as in records. */
    public Writer varint(int value) {
        return unsignedVarint((value << 1) ^ (value >> 31));
    }

    /** A zigzag varlong, as in records. */
    public Writer varlong(long value) {
        room(10);
        long rest = (value << 1) ^ (value >> 63);
        while ((rest & ~0x7FL) != 0) {
            out.put((byte) (rest | 0x80));
            rest >>>= 7;
        }
        out.put((byte) rest);
        return this;
    }

    /**
     * A string, or null where the field allows it.
     *
     * @throws MalformedException if it is longer than 32,767 bytes in a version that is not flexible: text
     *     of a client
     *     whose bytes were no UTF-8 grows when it is given back
     */
    public Writer string(String value) {
        if (value == null) {
            return flexible ? unsignedVarint(0) : int16(-1);
        }
        var bytes = value.getBytes(StandardCharsets.UTF_8);
        if (flexible) {
            unsignedVarint(bytes.length + 1);
        } else if (bytes.length <= Short.MAX_VALUE) {
            int16(bytes.length);
        } else {
            throw new MalformedException(bytes.length + " bytes of string in version " + version);
        }
        room(bytes.length).put(bytes);
        return this;
    }

    /** A byte string copied from position to limit of {@code value}, or null where the field allows it. */
    public Writer bytes(ByteBuffer value) {
        if (value == null) {
            return lengthBytes(-1);
        }
        lengthBytes(value.remaining());
        return raw(value);
    }

    /** Bytes as they are, without a length. */
    public Writer raw(ByteBuffer value) {
        room(value.remaining()).put(value.duplicate());
        return this;
    }

    /** The bytes of a file, as a byte string; this writer closes the region. */
    public Writer region(Region region) {
        lengthBytes(region.lengthBytes());
        regions.add(new Placed(out.position(), out.position() + regionBytes, region));
        regionBytes += region.lengthBytes();
        return this;
    }

    /**
     * An array of plain values, or of structures that write their tagged fields themselves; null stays null.
     */
    public <T> Writer array(Collection<T> values, BiConsumer<Writer, T> element) {
        length(values == null ? -1 : values.size());
        if (values != null) {
            for (T value : values) {
                element.accept(this, value);
            }
        }
        return this;
    }

    /** An array of structures, each ended with no tagged fields; null is written as null. */
    public <T> Writer structs(Collection<T> values, BiConsumer<Writer, T> element) {
        return array(values, (out, value) -> {
            element.accept(out, value);
            out.tags();
        });
    }

    public Writer int32s(Collection<Integer> values) {
        return array(values, Writer::int32);
    }

    public Writer strings(Collection<String> values) {
        return array(values, Writer::string);
    }

    /** The length of an array whose elements the caller writes. */
    public Writer length(int count) {
        return flexible ? unsignedVarint(count + 1) : int32(count);
    }

    /**
     * Ends a structure with these tagged fields, in rising order; writes nothing in versions that are not
     * flexible.
     */
    public Writer tags(Tagged... fields) {
        if (!flexible) {
            return this;
        }
        unsignedVarint(fields.length);
        for (var field : fields) {
            var value = new Writer(version, true);
            field.value.accept(value);
            unsignedVarint(field.tag).unsignedVarint(value.size()).raw(value.toBuffer());
        }
        return this;
    }

    /**
     * Leaves the rest of the message to be written when it is drained: a reply that has to wait for the disk
     * need not hold up the requests behind it.
     *
     * @param rest waits for what must have happened, then writes the fields that are missing
     */
    public Writer later(Runnable rest) {
        this.rest = rest;
        return this;
    }

    /** Whether draining may have to wait. */
    public boolean waits() {
        return rest != null;
    }

    /** Bytes written so far, without those of regions. */
    public int size() {
        return out.position();
    }

    /** What was written, for a message that holds no region. */
    public ByteBuffer toBuffer() {
        return ByteBuffer.wrap(array, 0, out.position()).slice();
    }

    /**
     * Writes what was left for later, and the length in front of a frame; nothing is written behind that.
     *
     * @throws IllegalStateException if the frame would pass 2,147,483,647 bytes
     */
    public void complete() {
        if (rest != null) {
            rest.run();
            rest = null;
        }
        if (frameStart >= 0) {
            long length = lengthBytes() - 4;
            if (length > Integer.MAX_VALUE) {
                throw new IllegalStateException("A frame of " + length + " bytes");
            }
            out.putInt(frameStart, (int) length);
        }
    }

    /** Bytes written so far, with those of regions. */
    public long lengthBytes() {
        return size() + regionBytes;
    }

    /** Completes the message, and gives all its pieces to {@code sink} in order. */
    public void drain(Sink sink) throws IOException {
        complete();
        int from = 0;
        for (var placed : regions) {
            sink.bytes(ByteBuffer.wrap(array, from, placed.at - from));
            sink.region(placed.region);
            from = placed.at;
        }
        if (from < size()) {
            sink.bytes(ByteBuffer.wrap(array, from, size() - from));
        }
    }

    /**
     * Copies what follows the first {@code from} bytes of the completed message, with the regions that are
     * small, until {@code into} is full, the message ends, or a larger region begins.
     *
     * @param smallBytes regions of at most so many bytes are small
     * @return behind the last byte copied
     */
    public long gather(long from, ByteBuffer into, int smallBytes) throws IOException {
        long at = from;
        for (int index = firstBehind(from); index < regions.size(); index++) {
            var placed = regions.get(index);
            at += copy(at, placed.begin, placed.at, into);
            if (at < placed.begin || at < placed.end() && placed.region.lengthBytes() > smallBytes) {
                return at;
            }
            if (at < placed.end()) {
                int before = into.position();
                placed.region.read((int) (at - placed.begin), into);
                at += into.position() - before;
            }
            if (at < placed.end()) {
                return at;
            }
        }
        return at + copy(at, lengthBytes(), size(), into);
    }

    /**
     * Copies the writer's own bytes from {@code at} to {@code end} in the message, where those before {@code
     * index} end.
     */
    private int copy(long at, long end, int index, ByteBuffer into) {
        int count = (int) Math.max(0, Math.min(end - at, into.remaining()));
        if (count > 0) {
            into.put(array, index - (int) (end - at), count);
        }
        return count;
    }

    /** The region that has the byte behind the first {@code from} of the message; null where none has. */
    public Placed regionAt(long from) {
        int index = firstBehind(from);
        return index == regions.size() || from < regions.get(index).begin ? null : regions.get(index);
    }

    /**
     * The index of the first region that ends behind {@code from}, by halving: an answer may have thousands.
     */
    private int firstBehind(long from) {
        int least = 0;
        int most = regions.size();
        while (least < most) {
            int middle = (least + most) >>> 1;
            if (regions.get(middle).end() <= from) {
                least = middle + 1;
            } else {
                most = middle;
            }
        }
        return least;
    }

    /** Closes the regions. */
    @Override
    public void close() {
        for (var placed : regions) {
            placed.region.close();
        }
        regions.clear();
    }

    private Writer lengthBytes(int length) {
        return flexible ? unsignedVarint(length + 1) : int32(length);
    }

    private ByteBuffer room(int bytes) {
        if (out.remaining() < bytes) {
            int at = out.position();
            array = Arrays.copyOf(array, Math.max(array.length * 2, at + bytes));
            out = ByteBuffer.wrap(array).position(at);
        }
        return out;
    }
}
