package daybook.net;

import daybook.wire.Region;
import daybook.wire.Writer;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A server on a free port whose handler looks at the first byte of a frame: {@code e} sends the frame back,
 * {@code r} the file's bytes (twice, with a byte before each), {@code w} waits until the connection is no
 * longer open and sends a byte, {@code s} says nothing, {@code b} breaks, {@code c} closes, and any other
 * byte is sent back alone.
 */
final class Echo implements AutoCloseable {
    /** A clock that is turned by hand. */
    static final class Clock implements InstantSource {
        final AtomicLong ms = new AtomicLong(1_700_000_000_000L);

        @Override
        public Instant instant() {
            return Instant.ofEpochMilli(ms.get());
        }
    }

    static final Limits LIMITS = new Limits(2, 8 << 20, 64L << 20, 10_000, 10_000, 600_000, -1, -1, 200);

    final Clock clock = new Clock();
    final Server server;
    final FileChannel file;
    final AtomicInteger leases = new AtomicInteger();
    final AtomicInteger handled = new AtomicInteger();
    final CountDownLatch waits = new CountDownLatch(1);
    /** What replies to 'l' wait for. */
    final CountDownLatch disk = new CountDownLatch(1);
    final CountDownLatch gone = new CountDownLatch(1);
    volatile Limits limits;

    Echo(Limits limits, FileChannel file) throws IOException {
        this.limits = limits;
        this.file = file;
        var listeners = List.of(new Listener("PLAINTEXT", "127.0.0.1", 0));
        server = new Server(listeners, () -> this.limits, this::handle, clock);
        server.start();
    }

    Echo() throws IOException {
        this(LIMITS, null);
    }

    private Writer handle(Connection connection, ByteBuffer frame) {
        handled.incrementAndGet();
        var reply = Writer.frame(0, false);
        switch (frame.get(0)) {
            case 'e' -> reply.raw(frame);
            case 'r' -> reply.int8(1).region(region()).int8(2).region(region());
            case 'w' -> {
                waits.countDown();
                while (connection.open()) {
                    LockSupport.park(this);
                }
                gone.countDown();
                reply.int8('w');
            }
            case 's' -> {
                return null;
            }
            case 'l' -> {
                byte number = frame.get(1);
                reply.later(() -> reply.int8(await(disk) ? number : -1));
            }
            case 'f' -> {
                connection.frameRead();
                reply.int8(await(disk) ? 1 : -1);
            }
            case 'b' -> throw new IllegalStateException("broken on purpose");
            case 'c' -> throw new ConnectionClosedException("it asked for it");
            default -> reply.int8(frame.get(0));
        }
        return reply;
    }

    private static boolean await(CountDownLatch latch) {
        try {
            return latch.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException hurry) {
            return false;
        }
    }

    private Region region() {
        leases.incrementAndGet();
        return new Region() {
            @Override
            public int lengthBytes() {
                try {
                    return (int) file.size();
                } catch (IOException failed) {
                    throw new UncheckedIOException(failed);
                }
            }

            @Override
            public long transferTo(int from, WritableByteChannel target) throws IOException {
                return file.transferTo(from, file.size() - from, target);
            }

            @Override
            public void read(int from, ByteBuffer into) throws IOException {
                file.read(into, from);
            }

            @Override
            public void close() {
                leases.decrementAndGet();
            }
        };
    }

    Client client() throws IOException {
        return new Client(server.bound().get(0).port());
    }

    @Override
    public void close() {
        server.close();
    }

    /** A blocking client, whose reads fail after thirty seconds. */
    static final class Client implements AutoCloseable {
        final Socket socket = new Socket();
        final DataInputStream in;

        Client(int port) throws IOException {
            this(port, 0);
        }

        Client(int port, int receiveBufferBytes) throws IOException {
            if (receiveBufferBytes > 0) {
                socket.setReceiveBufferSize(receiveBufferBytes);
            }
            socket.setTcpNoDelay(true);
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 30_000);
            socket.setSoTimeout(30_000);
            in = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream(), 1 << 16));
        }

        void send(byte[] bytes) throws IOException {
            socket.getOutputStream().write(bytes);
        }

        void sendFrame(byte[] body) throws IOException {
            send(frame(body));
        }

        byte[] reply() throws IOException {
            return in.readNBytes(in.readInt());
        }

        byte[] ask(byte[] body) throws IOException {
            sendFrame(body);
            return reply();
        }

        /** Whether the server has closed: an end, or a reset where it left bytes unread. */
        boolean closed() throws IOException {
            try {
                return in.read() < 0;
            } catch (java.net.SocketException reset) {
                return true;
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    static byte[] frame(byte[] body) {
        return ByteBuffer.allocate(4 + body.length).putInt(body.length).put(body).array();
    }

    static byte[] announce(int length) {
        return ByteBuffer.allocate(4).putInt(length).array();
    }

    /** A frame's body that comes back whole. */
    static byte[] body(int bytes, int seed) {
        var body = new byte[bytes];
        new java.util.Random(seed).nextBytes(body);
        body[0] = 'e';
        return body;
    }
}
