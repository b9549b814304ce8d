package daybook.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.Channel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Listens, accepts within the limits, and deals connections to its loops in turn. A thread a listener
 * accepts, in plain blocking code, so that waiting for a place or for a file descriptor never holds up a
 * loop.
 */
public final class Server implements AutoCloseable {
    /** The most memory kept in unused buffers. */
    private static final long KEPT_BYTES = 64L << 20;
    private static final long RETRY_NANOS = 100_000_000;
    /** How often a raised {@code max.connections} is noticed by a listener that waits for a place. */
    private static final long LOOK_NANOS = 1_000_000_000;
    private static final System.Logger LOG = System.getLogger("daybook.net");

    /** A listener and its socket. */
    private record Bound(Listener listener, ServerSocketChannel socket) { }

    final Supplier<Limits> limits;
    final Handler handler;
    final InstantSource clock;
    final RateLimitedLog refusals;
    final Buffers buffers;
    final RequestMemory memory;
    private final List<Bound> bound = new ArrayList<>();
    private final List<EventLoop> loops = new ArrayList<>();
    private final List<Thread> acceptors = new ArrayList<>();
    private final AtomicLong accepted = new AtomicLong();

    private final ReentrantLock lock = new ReentrantLock();
    /** A connection left, or the server stops. */
    private final Condition changed = lock.newCondition();
    /** Connections there are; guarded by the lock. */
    private int connections;
    /** The same, by the address of the client; guarded by the lock. */
    private final Map<InetAddress, Integer> perIp = new HashMap<>();
    /** Guarded by the lock. */
    private boolean stopping;

    /**
     * Binds all listeners, and accepts nothing yet.
     *
     * @param limits asked whenever one of those that change at run time counts
     * @param clock for idle connections and the rate of warnings
     * @throws IOException naming the listener that could not be bound
     */
    public Server(List<Listener> listeners, Supplier<Limits> limits, Handler handler, InstantSource clock)
            throws IOException {
        this.limits = limits;
        this.handler = handler;
        this.clock = clock;
        refusals = new RateLimitedLog(LOG, clock);
        var first = limits.get();
        long memoryBytes = first.memoryBytes();
        buffers = new Buffers(Math.min(KEPT_BYTES, memoryBytes));
        memory = new RequestMemory(buffers, memoryBytes);
        try {
            for (var listener : listeners) {
                bound.add(bind(listener, first));
            }
            for (int i = 0; i < first.loops(); i++) {
                loops.add(new EventLoop(this, i));
            }
        } catch (IOException failed) {
            close();
            throw failed;
        }
    }

    /** The listeners with the ports that they have. */
    public List<Listener> bound() {
        return bound.stream().map(Bound::listener).toList();
    }

    /** Begins to accept; once. */
    public void start() {
        loops.forEach(EventLoop::start);
        for (var each : bound) {
            acceptors.add(Thread.ofPlatform().daemon().name("daybook-accept-" + each.listener.name())
                    .start(() -> accept(each)));
        }
    }

    /**
     * Accepting stops at once, connections with nothing to answer close; requests received whole are
     * answered, for which handlers that wait see {@link Connection#open} turn false.
     *
     * @param graceMs how long that may take; what is left then is closed
     */
    public void stop(long graceMs) {
        lock.lock();
        try {
            stopping = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        bound.forEach(each -> closeQuietly(each.socket));
        acceptors.forEach(Server::join);
        loops.forEach(EventLoop::end);
        awaitNoConnections(graceMs);
        loops.forEach(EventLoop::stop);
    }

    /** Stops without grace. */
    @Override
    public void close() {
        stop(0);
    }

    private static Bound bind(Listener listener, Limits limits) throws IOException {
        boolean all = listener.host() == null || listener.host().isEmpty();
        var address = all ? new InetSocketAddress(listener.port())
                : new InetSocketAddress(listener.host(), listener.port());
        var socket = ServerSocketChannel.open();
        try {
            if (address.isUnresolved()) {
                throw new IOException("the host is not known");
            }
            if (limits.receiveBufferBytes() > 0) {
                socket.setOption(StandardSocketOptions.SO_RCVBUF, limits.receiveBufferBytes());
            }
            socket.bind(address, limits.backlog());
            int port = ((InetSocketAddress) socket.getLocalAddress()).getPort();
            return new Bound(new Listener(listener.name(), listener.host(), port), socket);
        } catch (IOException failed) {
            closeQuietly(socket);
            throw new IOException("Cannot listen on " + listener + ": " + failed.getMessage(), failed);
        }
    }

    private void accept(Bound at) {
        while (at.socket.isOpen()) {
            try {
                welcome(at.listener, at.socket.accept());
            } catch (ClosedChannelException stopped) {
                LOG.log(System.Logger.Level.DEBUG, "No longer listening on {0}", at.listener);
            } catch (IOException failed) {
                LockSupport.parkNanos(RETRY_NANOS);
                warnOfAccept(at.listener, failed);
            } catch (Throwable unexpected) {
                LockSupport.parkNanos(RETRY_NANOS);
                EventLoop.tell("Accepting on " + at.listener + " is tried again", unexpected);
            }
        }
    }

    private void warnOfAccept(Listener listener, IOException failed) {
        try {
            refusals.warn("accept", "Accepting on " + listener + " is tried again: " + failed.getMessage());
        } catch (Throwable untold) {
            EventLoop.tell("Accepting on " + listener + " is tried again", untold);
        }
    }

    private void welcome(Listener listener, SocketChannel channel) throws IOException {
        var ip = ((InetSocketAddress) channel.getRemoteAddress()).getAddress();
        if (!enter(ip)) {
            closeQuietly(channel);
            return;
        }
        try {
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
            int sendBufferBytes = limits.get().sendBufferBytes();
            if (sendBufferBytes > 0) {
                channel.setOption(StandardSocketOptions.SO_SNDBUF, sendBufferBytes);
            }
            long number = accepted.getAndIncrement();
            var loop = loops.get((int) (number % loops.size()));
            var connection = new Connection(this, loop, channel, listener.name(), number);
            loop.execute(connection::register);
        } catch (Throwable failed) {
            closeQuietly(channel);
            leave(ip);
            throw failed;
        }
    }

    /** Takes a place for a client, waiting for one to be free; false when the client is turned away. */
    private boolean enter(InetAddress ip) {
        lock.lock();
        try {
            boolean warned = false;
            while (!stopping) {
                var now = limits.get();
                if (perIp.getOrDefault(ip, 0) >= now.connectionsPerIp()) {
                    refusals.warn("per ip", "A connection from " + ip.getHostAddress()
                            + " is closed: max.connections.per.ip=" + now.connectionsPerIp() + " is reached");
                    return false;
                }
                if (connections < now.connections()) {
                    connections++;
                    perIp.merge(ip, 1, Integer::sum);
                    return true;
                }
                if (!warned) {
                    refusals.warn("connections", "Accepting pauses until a connection closes: "
                            + "max.connections=" + now.connections() + " is reached");
                    warned = true;
                }
                await(LOOK_NANOS);
            }
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** A connection from there has closed. */
    void leave(InetAddress ip) {
        lock.lock();
        try {
            connections--;
            perIp.computeIfPresent(ip, (key, count) -> count == 1 ? null : count - 1);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void awaitNoConnections(long graceMs) {
        lock.lock();
        try {
            long left = TimeUnit.MILLISECONDS.toNanos(graceMs);
            while (connections > 0 && left > 0) {
                left = await(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits for a change, with the lock held; gives what is left of the time. */
    private long await(long nanos) {
        try {
            return changed.awaitNanos(nanos);
        } catch (InterruptedException hurry) {
            return 0;
        }
    }

    static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException hurry) {
            LOG.log(System.Logger.Level.DEBUG, "{0} is left to end by itself", thread.getName());
        }
    }

    private static void closeQuietly(Channel channel) {
        try {
            channel.close();
        } catch (IOException failed) {
            LOG.log(System.Logger.Level.DEBUG, "Closing a socket", failed);
        }
    }
}
