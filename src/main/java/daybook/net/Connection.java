package daybook.net;

import daybook.wire.MalformedException;
import daybook.wire.Writer;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * One client's connection: its loop reads frames and queues them, its virtual thread answers them in order
 * and writes the replies straight to the socket.
 *
 * <p>It ends in one of two ways. <em>Ending</em>: no more is read (the client closed its side, sent a length
 * that is not allowed, or the server stops), and what was received whole is still answered. <em>Closed</em>:
 * nothing more is answered. Either way {@link #open} turns false, and the thread is unparked so that a
 * handler that waits sees it. The loop alone closes the socket, when the thread has ended.
 */
public final class Connection {
    /** How many bytes of frames may lie in the queue before reading pauses; the last one may pass it. */
    private static final int AHEAD_BYTES = 1 << 20;
    /** How much is read from one connection before the loop looks at the others. */
    private static final int TURN_BYTES = 1 << 20;
    /**
     * A frame under way must gain this much, or a sixth of all its bytes if that is more, in that time while
     * others wait for memory: after six times as long, 30 s, a client has given up its request anyway.
     */
    private static final int PACE_BYTES = 64 << 10;
    private static final int PACES = 6;
    private static final long PACE_MS = 5_000;
    /** How long a connection that is over waits for the client to close it too. */
    private static final long LINGER_MS = 1_000;
    /** How many replies may wait for the disk while the requests behind them are served. */
    private static final int UNSENT_MOST = 64;
    /** What is gathered for one write. */
    private static final int ROOM_BYTES = 64 << 10;
    /**
     * Regions of at most so many bytes are copied, for that is cheaper than a call of the system for what is
     * before them, one for them and one for what is behind, each of which may wake the client.
     */
    private static final int SMALL_BYTES = 16 << 10;
    private static final System.Logger LOG = System.getLogger("daybook.net");

    private final Server server;
    final EventLoop loop;
    private final SocketChannel channel;
    private final Transport transport;
    private final RequestMemory memory;
    private final String listener;
    private final InetSocketAddress localAddress;
    private final InetSocketAddress remoteAddress;
    private final String id;

    // Owned by the loop.
    private final FrameReader reader;
    private SelectionKey key;
    private Thread thread;
    private boolean waitsForMemory;
    private boolean finished;
    /** The client sends no more. */
    private boolean gone;
    /** All is answered; the client is yet to close. */
    private boolean lingering;
    private long pacedMs;
    private long pacedBytes;
    /** A frame has become whole since that was counted. */
    private boolean whole;

    // Between the loop and the thread; each is written by whom its comment names.
    /** Buffers of whole frames: the loop adds, the thread takes. */
    private final Queue<ByteBuffer> queue = new ConcurrentLinkedQueue<>();
    /** Bytes in the queue. */
    private final AtomicLong queuedBytes = new AtomicLong();
    /** Buffers queued or in work. */
    private final AtomicInteger unserved = new AtomicInteger();
    /** Capacity of all buffers of this connection; changed by {@link RequestMemory}. */
    final AtomicLong heldBytes = new AtomicLong();
    /** Milliseconds of the clock when a byte last came or went, or a request ended; both write. */
    private volatile long activeMs;
    /** The loop stopped reading because the queue is full; written by the loop. */
    private volatile boolean paused;
    /** Set by the loop. */
    private volatile boolean ending;
    /** Set by both. */
    private volatile boolean closed;
    /** The thread waits for a frame; written by the thread. */
    private volatile boolean parked;
    /** The thread is in the handler; written by the thread. */
    private volatile boolean handling;
    /** The thread waits for the socket; set by the thread, cleared by the loop. */
    private volatile boolean full;

    // Owned by the thread.
    /** Replies that are not sent yet, in the order of their requests. */
    private final Deque<Writer> unsent = new ArrayDeque<>();
    /** Bytes of the first of them that are. */
    private long goneBytes;
    /** The buffer of the frame in work, where that is the last one in it. */
    private ByteBuffer lastOf;
    /** The handler's. */
    private Object attachment;

    Connection(Server server, EventLoop loop, SocketChannel channel, String listener, long number)
            throws IOException {
        this.server = server;
        this.loop = loop;
        this.channel = channel;
        this.listener = listener;
        memory = server.memory;
        transport = new Transport.Plain(channel);
        localAddress = (InetSocketAddress) channel.getLocalAddress();
        remoteAddress = (InetSocketAddress) channel.getRemoteAddress();
        id = text(localAddress) + "-" + text(remoteAddress) + "-" + number;
        reader = new FrameReader(this, memory, loop, server.limits.get().frameBytes());
        activeMs = server.clock.millis();
    }

    /** The name of the listener that the client reached. */
    public String listener() {
        return listener;
    }

    /** The address that the client reached. */
    public InetSocketAddress localAddress() {
        return localAddress;
    }

    public InetSocketAddress remoteAddress() {
        return remoteAddress;
    }

    /** local:port-remote:port-number, for the log. */
    public String id() {
        return id;
    }

    /**
     * Whether it is worth waiting on the client's behalf: false once either side has closed, or the server
     * stops. The thread of a parked handler is unparked when that happens; permits of other origin occur too,
     * so park in a loop. A reply is sent all the same where the socket still takes it.
     */
    public boolean open() {
        return !ending && !closed;
    }

    /**
     * Whether a handler may wait (on): not for a connection that is over, and not while it holds memory that
     * others wait for. The thread of a parked handler is unparked in either case, within a second or two.
     */
    public boolean mayWait() {
        return open() && !(memory.contended() && heldBytes.get() > 0);
    }

    /**
     * Gives the frame's memory back before the handler returns, which has read all it needs of it; for one
     * that may wait long.
     */
    public void frameRead() {
        if (lastOf != null) {
            done(lastOf);
            lastOf = null;
        }
    }

    /** What the handler attached; null before. */
    @SuppressWarnings("unchecked")
    public <T> T attachment() {
        return (T) attachment;
    }

    /** Keeps the handler's own state of this connection; only the handler's thread looks at it. */
    public void attach(Object state) {
        attachment = state;
    }

    // ---- on the loop ----

    /** Begins to read. */
    void register() {
        try {
            key = channel.register(loop.selector, SelectionKey.OP_READ, this);
            if (loop.ending) {
                end();
            }
        } catch (IOException failed) {
            finish();
        }
    }

    void ready(int operations) {
        if (lingering) {
            passOver();
            return;
        }
        if ((operations & SelectionKey.OP_WRITE) != 0) {
            key.interestOpsAnd(~SelectionKey.OP_WRITE);
            full = false;
            LockSupport.unpark(thread);
        }
        if ((operations & SelectionKey.OP_READ) != 0) {
            read();
        }
    }

    /** Takes whole frames. */
    void arrived(ByteBuffer frames) {
        whole = true;
        queuedBytes.addAndGet(frames.limit());
        unserved.incrementAndGet();
        queue.add(frames);
        if (thread == null) {
            thread = Thread.ofVirtual().name(id).start(this::serve);
        } else if (parked) {
            LockSupport.unpark(thread);
        }
    }

    /** The memory waited for is there: {@code bytes} of it reserved. */
    void granted(int bytes) {
        try {
            waitsForMemory = false;
            if (open()) {
                reader.granted();
                resume();
            } else {
                memory.release(this, bytes);
            }
        } catch (Throwable unexpected) {
            close();
            throw unexpected;
        } finally {
            memory.turnEnded(this);
        }
    }

    /**
     * Closes what is idle past {@code idleMs}, and whoever is slow at the cost of others.
     *
     * @param contended whether others wait for memory
     */
    void sweep(long nowMs, long idleMs, boolean contended) {
        if (lingering) {
            if (nowMs - activeMs > LINGER_MS) {
                finish();
            }
        } else if (contended && reader.underWay() && !waitsForMemory && !paused
                && nowMs - pacedMs > PACE_MS) {
            server.refusals.warn("slow", "Connection " + id + " is closed: its frame has gained less than "
                    + paceBytes() + " bytes in " + PACE_MS + " ms while others wait for memory");
            close();
        } else if (idleMs > 0 && nowMs - activeMs > idleMs && !handling) {
            close();
        } else if (handling && !mayWait()) {
            LockSupport.unpark(thread);
        }
    }

    /** Reads no more; the connection closes when what was received is answered. */
    void end() {
        ending = true;
        if (finished || lingering) {
            return;
        }
        key.interestOpsAnd(~SelectionKey.OP_READ);
        reader.drop();
        if (thread == null) {
            part();
        } else {
            LockSupport.unpark(thread);
        }
    }

    /** Answers no more; the socket closes when the thread has ended. */
    void close() {
        closed = true;
        end();
    }

    /**
     * The thread has ended, or never was. A socket that is closed while the client still sends takes replies
     * that are under way down with it. So a connection that was in use a moment ago passes over what comes
     * until the client has closed too, for a moment more.
     */
    private void part() {
        if (finished || lingering) {
            return;
        }
        closed = true;
        dropFrames();
        long nowMs = server.clock.millis();
        if (gone || thread == null || nowMs - activeMs > LINGER_MS) {
            finish();
            return;
        }
        try {
            channel.shutdownOutput();
            key.interestOps(SelectionKey.OP_READ);
            lingering = true;
            activeMs = nowMs;
        } catch (IOException broken) {
            finish();
        }
    }

    private void passOver() {
        try {
            if (transport.read(loop.scratch.clear()) < 0) {
                finish();
            }
        } catch (IOException broken) {
            finish();
        }
    }

    /** Closes the socket. */
    void finish() {
        if (finished) {
            return;
        }
        finished = true;
        closed = true;
        try {
            channel.close();
        } catch (IOException failed) {
            LOG.log(System.Logger.Level.DEBUG, () -> "Closing " + id, failed);
        }
        dropFrames();
        LockSupport.unpark(thread);
        server.leave(remoteAddress.getAddress());
    }

    private void dropFrames() {
        reader.drop();
        for (var frames = queue.poll(); frames != null; frames = queue.poll()) {
            memory.release(this, frames);
        }
    }

    private void read() {
        try {
            int turn = 0;
            do {
                if (mustPause()) {
                    return;
                }
                if (!reader.ready()) {
                    waitsForMemory = true;
                    key.interestOpsAnd(~SelectionKey.OP_READ);
                    return;
                }
                boolean began = reader.underWay();
                int bytes = reader.read(transport);
                if (bytes < 0) {
                    gone = true;
                    end();
                    return;
                }
                turn += bytes;
                pace(began, bytes);
            } while (reader.filled() && turn < TURN_BYTES);
        } catch (ConnectionClosedException refused) {
            refuse(refused);
            end();
        } catch (IOException broken) {
            gone = true;
            close();
        }
    }

    private void pace(boolean began, int bytes) {
        activeMs = server.clock.millis();
        pacedBytes += bytes;
        if (!began || whole || pacedBytes >= paceBytes()) {
            whole = false;
            pacedBytes = 0;
            pacedMs = activeMs;
        }
    }

    private int paceBytes() {
        return Math.max(PACE_BYTES, reader.frameBytes() / PACES);
    }

    private boolean mustPause() {
        paused = !mayRead(AHEAD_BYTES);
        if (paused && mayRead(AHEAD_BYTES)) {
            paused = false; // The thread made room before it could see that we pause.
        }
        if (paused) {
            key.interestOpsAnd(~SelectionKey.OP_READ);
        }
        return paused;
    }

    private void resume() {
        if (open() && !finished && !waitsForMemory) {
            paused = false;
            pacedMs = server.clock.millis();
            pacedBytes = 0;
            key.interestOpsOr(SelectionKey.OP_READ);
            read();
        }
    }

    private void awaitWritable() {
        if (!finished) {
            key.interestOpsOr(SelectionKey.OP_WRITE);
        }
    }

    // ---- on either ----

    /** When memory is short, nothing is read ahead of what is in work: who waits holds little. */
    private boolean mayRead(int aheadBytes) {
        return memory.plentiful() ? queuedBytes.get() < aheadBytes : unserved.get() == 0;
    }

    private void refuse(RuntimeException refused) {
        server.refusals.warn("refused", "Connection " + id + " is closed: " + refused.getMessage());
    }

    // ---- on the connection's thread ----

    private void serve() {
        try {
            var frames = take();
            while (frames != null && serve(frames)) {
                frames = take();
            }
            if (!closed) {
                settle();
            }
        } catch (Throwable failed) {
            EventLoop.tell("Connection " + id + " is closed: a reply failed", failed);
        } finally {
            closed = true;
            unsent.forEach(Writer::close);
            loop.execute(this::part);
        }
    }

    private ByteBuffer take() {
        while (!closed) {
            boolean last = ending;
            var frames = queue.poll();
            if (frames != null) {
                queuedBytes.addAndGet(-frames.limit());
                resumeReading();
                return frames;
            }
            if (!unsent.isEmpty()) {
                settle();
                continue;
            }
            if (last) {
                return null;
            }
            parked = true;
            if (queue.isEmpty() && open()) {
                LockSupport.park(this);
            }
            parked = false;
        }
        return null;
    }

    private void resumeReading() {
        if (paused && mayRead(AHEAD_BYTES / 2)) {
            loop.execute(this::resume);
        }
    }

    /** Answers the frames of one buffer, which goes back before the last reply is written; false to close. */
    private boolean serve(ByteBuffer frames) {
        boolean goesOn = true;
        boolean last = false;
        try {
            while (goesOn && !last && !closed) {
                int length = frames.getInt();
                var frame = frames.slice(frames.position(), length);
                frames.position(frames.position() + length);
                last = !frames.hasRemaining();
                lastOf = last ? frames : null;
                goesOn = answer(frame, last);
            }
        } finally {
            if (!last) {
                done(frames);
            }
        }
        return goesOn;
    }

    /** Replies to what came together leave together, unless they become many. */
    private boolean answer(ByteBuffer frame, boolean last) {
        try {
            var reply = handle(frame);
            if (reply != null) {
                unsent.add(reply);
            }
            boolean stays = !last || reply != null && reply.waits();
            return stays && unsent.size() < UNSENT_MOST || settle();
        } catch (ConnectionClosedException | MalformedException refused) {
            refuse(refused);
        } catch (Throwable failed) {
            LOG.log(System.Logger.Level.ERROR, "Connection " + id + " is closed: its request failed", failed);
        }
        return false;
    }

    /**
     * Sends the replies that were left because they have to wait ({@link Writer#waits}); for a handler that
     * is about to wait for something else, on the connection's thread.
     *
     * @return false where the connection broke meanwhile
     */
    public boolean settle() {
        try {
            while (!unsent.isEmpty()) {
                unsent.peek().complete();
                went(send());
            }
            return true;
        } catch (IOException broken) {
            if (open()) {
                server.refusals.warn("reply", "Connection " + id + " is closed: its reply broke off: "
                        + broken);
            }
            closed = true;
            return false;
        } catch (RuntimeException | Error failed) {
            closed = true; // What is half written must not be sent.
            throw failed;
        }
    }

    /**
     * One call of the system: of a large region, which goes from file to socket inside the kernel, or of all
     * up to the next one, gathered in a buffer. No buffer is held while the socket is full.
     *
     * @return how many bytes the socket took
     */
    private long send() throws IOException {
        var room = server.buffers.take(ROOM_BYTES);
        try {
            gather(room);
            if (room.position() > 0) {
                return transport.write(room.flip());
            }
        } finally {
            server.buffers.give(room);
        }
        var placed = unsent.peek().regionAt(goneBytes);
        return transport.send(placed.region(), (int) (goneBytes - placed.begin()));
    }

    /** Copies from the replies as many bytes as can go now. */
    private void gather(ByteBuffer room) throws IOException {
        long from = goneBytes;
        for (var reply : unsent) {
            if (reply.waits()) {
                return;
            }
            reply.complete();
            if (reply.gather(from, room, SMALL_BYTES) < reply.lengthBytes()) {
                return;
            }
            from = 0;
        }
    }

    /** So many bytes went; where none did, waits until the socket takes more. */
    private void went(long bytes) throws ClosedChannelException {
        if (bytes == 0) {
            awaitRoom();
            return;
        }
        activeMs = server.clock.millis();
        goneBytes += bytes;
        while (!unsent.isEmpty() && goneBytes >= unsent.peek().lengthBytes()) {
            goneBytes -= unsent.peek().lengthBytes();
            unsent.poll().close();
        }
    }

    private void awaitRoom() throws ClosedChannelException {
        full = true;
        loop.execute(this::awaitWritable);
        while (full && !closed) {
            LockSupport.park(this);
        }
        if (closed) {
            throw new ClosedChannelException();
        }
    }

    private Writer handle(ByteBuffer frame) throws IOException {
        handling = true;
        try {
            return server.handler.handle(this, frame);
        } finally {
            activeMs = server.clock.millis();
            handling = false;
            frameRead();
        }
    }

    private void done(ByteBuffer frames) {
        memory.release(this, frames);
        unserved.decrementAndGet();
        resumeReading();
    }

    private static String text(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }
}
