package daybook.net;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Cuts the bytes of one connection into frames. Everything here runs on the connection's loop.
 *
 * <p>Between frames the socket is read into the loop's scratch buffer; the whole frames found there leave as
 * one buffer, so that many small ones cost one read and one copy. A frame of which a part is there gets a
 * buffer of its own, and the rest of it is read straight into that. The buffer grows with what has arrived,
 * sixteenfold at most, never with what the client announced: announcing is free, so it must cost nothing
 * here.
 *
 * <pre>
 *   what leaves:  | int32 N | N bytes | int32 M | M bytes | ...      one frame or more, always whole
 * </pre>
 */
final class FrameReader {
    /**
     * With less than this to come, the rest of a frame is read through the scratch, along with what follows
     * it.
     */
    private static final int STRAIGHT_BYTES = 32 << 10;
    private static final int GROWTH = 16;
    private static final int LENGTH_BYTES = 4;

    private final Connection connection;
    private final RequestMemory memory;
    private final ByteBuffer scratch;
    private final int frameLimitBytes;
    /** The frame under way with its length in front, filled up to its position; null when there is none. */
    private ByteBuffer frame;
    /** How long that will be, with its length. */
    private int frameBytes;
    /** Up to four bytes of a length: what has arrived of a frame that has no buffer yet. */
    private final byte[] carried = new byte[LENGTH_BYTES];
    private int carriedBytes;
    /** A read between frames has been granted. */
    private boolean granted;
    private boolean filled;

    FrameReader(Connection connection, RequestMemory memory, ByteBuffer scratch, int frameLimitBytes) {
        this.connection = connection;
        this.memory = memory;
        this.scratch = scratch;
        this.frameLimitBytes = Math.min(frameLimitBytes, Integer.MAX_VALUE - LENGTH_BYTES);
    }

    /** Whether there is memory to {@link #read}; if not, {@link #granted} will be called. */
    boolean ready() {
        if (granted || frame != null && frame.hasRemaining()) {
            granted = false;
            return true;
        }
        boolean admitted = memory.admit(connection, frame == null ? 0 : Buffers.capacity(grownBytes()));
        if (admitted && frame != null) {
            grow();
        }
        return admitted;
    }

    /** The memory that {@link #ready} asked for is there. */
    void granted() {
        if (frame == null) {
            granted = true;
        } else {
            grow();
        }
    }

    /**
     * Reads once, and gives the whole frames to the connection.
     *
     * @return how many bytes came, or -1 when no more will
     * @throws ConnectionClosedException after a length that is not allowed; the frames before it have been
     *     given
     */
    int read(Transport transport) throws IOException {
        boolean straight = frame != null
                && (frame.remaining() >= STRAIGHT_BYTES || frame.limit() < frameBytes || memory.contended());
        var into = straight ? frame : scratch.clear().put(carried, 0, carriedBytes);
        int bytes = transport.read(into);
        filled = !into.hasRemaining();
        if (straight) {
            giveFrameWhenWhole();
        } else if (bytes > 0) {
            carriedBytes = 0;
            cut(scratch.flip());
        }
        return bytes;
    }

    /** Whether the last read took all it had room for, so that more may be there. */
    boolean filled() {
        return filled;
    }

    /** Whether a part of a frame holds memory here. */
    boolean underWay() {
        return frame != null;
    }

    /** Gives up the frame under way. */
    void drop() {
        if (frame != null) {
            memory.release(connection, frame);
            frame = null;
        }
    }

    private void cut(ByteBuffer in) {
        if (frame != null) {
            int part = Math.min(frame.remaining(), in.remaining());
            frame.put(in.slice(in.position(), part));
            in.position(in.position() + part);
            giveFrameWhenWhole();
        }
        int end = in.position();
        int length = 1;
        while (in.limit() - end >= LENGTH_BYTES) {
            length = in.getInt(end);
            if (!allowed(length) || length > in.limit() - end - LENGTH_BYTES) {
                break;
            }
            end += LENGTH_BYTES + length;
        }
        if (end > in.position()) {
            int bytes = end - in.position();
            var whole = memory.take(connection, bytes).put(in.slice(in.position(), bytes));
            in.position(end);
            connection.arrived(whole.flip());
        }
        if (!allowed(length)) {
            throw new ConnectionClosedException("it announced a frame of " + length + " bytes, where 1 to "
                    + frameLimitBytes + " are allowed");
        }
        keep(in);
    }

    private boolean allowed(int length) {
        return length > 0 && length <= frameLimitBytes;
    }

    private void keep(ByteBuffer in) {
        int bytes = in.remaining();
        if (bytes <= LENGTH_BYTES) {
            in.get(carried, 0, bytes);
            carriedBytes = bytes;
            return;
        }
        frameBytes = LENGTH_BYTES + in.getInt(in.position());
        int room = memory.fits(bytes * GROWTH) ? bytes * GROWTH : bytes;
        int most = Math.min(frameBytes, Math.max(Buffers.LEAST_BYTES, room));
        frame = memory.take(connection, most);
        frame.limit(Math.min(frameBytes, frame.capacity())).put(in);
    }

    private int grownBytes() {
        return (int) Math.min(frameBytes, (long) frame.capacity() * GROWTH);
    }

    private void grow() {
        var grown = memory.takeReserved(grownBytes());
        grown.limit(Math.min(frameBytes, grown.capacity())).put(frame.flip());
        memory.release(connection, frame);
        frame = grown;
    }

    private void giveFrameWhenWhole() {
        if (frame.position() == frameBytes) {
            var whole = frame.flip();
            frame = null;
            connection.arrived(whole);
        }
    }
}
