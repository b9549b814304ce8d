package daybook.net;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Cuts the bytes of one connection into frames. Everything here runs on the connection's loop.
 *
 * <p>Between frames the socket is read into the loop's scratch buffer; the whole frames found there leave as
 * one buffer, so that many small ones cost one read: those that fill most of the scratch leave in it, and the
 * loop takes another, fewer are copied. A frame of which a part is there gets a buffer of its own, and the
 * rest of it is read straight into that. The buffer grows with what has arrived, 32-fold at most, or is
 * as large as the frame before was, never what the client announced: announcing is free, so it must cost
 * nothing here. Who has sent a large frame is likely to send another, so of that only the beginning is read
 * into the scratch.
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
    /** The smallest buffer grows to one that is not {@linkplain RequestMemory#SMALL_BYTES small} any more. */
    private static final int GROWTH = 32;
    /** How much of a frame is read at first, where the one before was read straight, or memory is short. */
    private static final int BEGINNING_BYTES = 4 << 10;
    private static final int LENGTH_BYTES = 4;

    private final Connection connection;
    private final RequestMemory memory;
    private final EventLoop loop;
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
    /** How long the last frame was that had a buffer of its own; 0 where others came after it. */
    private int largeBytes;

    FrameReader(Connection connection, RequestMemory memory, EventLoop loop, int frameLimitBytes) {
        this.connection = connection;
        this.memory = memory;
        this.loop = loop;
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
        var into = straight ? frame : scratch();
        int bytes = transport.read(into);
        filled = !into.hasRemaining();
        if (straight) {
            giveFrameWhenWhole();
        } else if (bytes > 0) {
            carriedBytes = 0;
            cut(into.flip());
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

    /** How long the frame under way will be, or, where there is none, the last one of this kind was. */
    int frameBytes() {
        return frameBytes;
    }

    /** Gives up the frame under way. */
    void drop() {
        if (frame != null) {
            memory.release(connection, frame);
            frame = null;
        }
    }

    /** The loop's buffer, with what was carried at its beginning. */
    private ByteBuffer scratch() {
        var scratch = loop.scratch.clear();
        if (largeBytes > 0 || memory.contended()) {
            scratch.limit((frame == null ? 0 : frame.remaining()) + BEGINNING_BYTES);
        }
        return scratch.put(carried, 0, carriedBytes);
    }

    private void cut(ByteBuffer in) {
        if (frame != null) {
            int part = Math.min(frame.remaining(), in.remaining());
            frame.put(in.slice(in.position(), part));
            in.position(in.position() + part);
            giveFrameWhenWhole();
        }
        int begin = in.position();
        int end = begin;
        int length = 1;
        while (in.limit() - end >= LENGTH_BYTES) {
            length = in.getInt(end);
            if (!allowed(length) || length > in.limit() - end - LENGTH_BYTES) {
                break;
            }
            end += LENGTH_BYTES + length;
        }
        if (allowed(length)) {
            keep(in.position(end));
        }
        if (end > begin) {
            largeBytes = 0;
            connection.arrived(whole(in.limit(end).position(begin)));
        }
        if (!allowed(length)) {
            throw new ConnectionClosedException("it announced a frame of " + length + " bytes, where 1 to "
                    + frameLimitBytes + " are allowed");
        }
    }

    /** A buffer with just these frames: the scratch itself or another. */
    private ByteBuffer whole(ByteBuffer frames) {
        if (frames.remaining() < frames.capacity() / 2) {
            return memory.take(connection, frames.remaining()).put(frames).flip();
        }
        loop.scratch = memory.exchange(connection, frames);
        return frames;
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
        int likelyBytes = Math.min(frameBytes, Math.max(bytes * GROWTH, largeBytes));
        boolean sameShare = likelyBytes > RequestMemory.SMALL_BYTES
                || frameBytes <= RequestMemory.SMALL_BYTES;
        frame = sameShare ? memory.takeWithin(connection, likelyBytes) : null;
        if (frame == null) {
            frame = memory.take(connection, bytes);
        }
        frame.limit(Math.min(frameBytes, frame.capacity())).put(in);
    }

    private int grownBytes() {
        return (int) Math.min(frameBytes, (long) frame.capacity() * GROWTH);
    }

    private void grow() {
        var grown = memory.takeReserved(connection, grownBytes());
        grown.limit(Math.min(frameBytes, grown.capacity())).put(frame.flip());
        memory.release(connection, frame);
        frame = grown;
    }

    private void giveFrameWhenWhole() {
        if (frame.position() == frameBytes) {
            var whole = frame.flip();
            frame = null;
            largeBytes = frameBytes < STRAIGHT_BYTES ? 0 : frameBytes;
            connection.arrived(whole);
        }
    }
}
