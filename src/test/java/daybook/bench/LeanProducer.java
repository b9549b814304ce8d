package daybook.bench;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * Sends requests that are made already over some connections, each with as many on their way as is said, and
 * counts the answers: one thread, that of the caller, and no object for a request. It is to cost a small part
 * of what the broker does.
 */
final class LeanProducer implements AutoCloseable {
    private static final int ANSWERS_BYTES = 64 << 10;
    private static final long STUCK_MS = 60_000;

    private final ProduceRequests requests;
    private final int depth;
    private final Selector selector = Selector.open();
    private final List<Line> lines = new ArrayList<>();
    /** Of answers; used within one read of one connection. */
    private final ByteBuffer answers = ByteBuffer.allocateDirect(ANSWERS_BYTES);
    private long untilNanos;
    private long sentMost;
    private long sent;
    private long answered;

    LeanProducer(String address, ProduceRequests requests, int connections, int depth) throws IOException {
        this.requests = requests;
        this.depth = depth;
        int colon = address.lastIndexOf(':');
        var to = new InetSocketAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
        for (int number = 0; number < connections; number++) {
            lines.add(new Line(to));
        }
    }

    /** Sends for so long, but at most so many; waits for all answers, and returns how many there were. */
    long send(long nanos, long most) throws IOException {
        untilNanos = System.nanoTime() + nanos;
        sentMost = most;
        sent = 0;
        answered = 0;
        for (var line : lines) {
            line.write();
        }
        while (answered < sent) {
            if (selector.select(this::ready, STUCK_MS) == 0) {
                throw new IOException("No answer in " + STUCK_MS + " ms");
            }
        }
        return answered;
    }

    private void ready(SelectionKey key) {
        var line = (Line) key.attachment();
        try {
            if (key.isReadable()) {
                line.read();
            }
            line.write();
        } catch (IOException broken) {
            throw new IllegalStateException(broken);
        }
    }

    @Override
    public void close() throws IOException {
        for (var line : lines) {
            line.channel.close();
        }
        selector.close();
    }

    /** One connection. */
    private final class Line {
        private final SocketChannel channel;
        private final SelectionKey key;
        private final ByteBuffer train = requests.train().duplicate();
        /** Bytes at the beginning of an answer whose rest has not come. */
        private final byte[] carried = new byte[ANSWERS_BYTES];
        private int carriedBytes;
        private int onTheirWay;
        /** What has gone of the request at the train's position. */
        private int partBytes;

        Line(InetSocketAddress to) throws IOException {
            channel = SocketChannel.open(to);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.configureBlocking(false);
            key = channel.register(selector, SelectionKey.OP_READ, this);
        }

        /** Sends what may be on its way, as far as the socket takes it. */
        void write() throws IOException {
            while (true) {
                int most = partBytes > 0 ? 1 : 0;
                if (System.nanoTime() < untilNanos) {
                    most = (int) Math.min(depth - onTheirWay, sentMost - sent);
                }
                if (most == 0) {
                    key.interestOps(SelectionKey.OP_READ);
                    return;
                }
                if (train.position() == train.capacity()) {
                    train.position(0);
                }
                int begin = train.position() - partBytes;
                train.limit(Math.min(train.capacity(), begin + most * requests.frameBytes()));
                channel.write(train);
                boolean full = train.hasRemaining();
                train.limit(train.capacity());
                int bytes = train.position() - begin;
                int whole = bytes / requests.frameBytes();
                partBytes = bytes - whole * requests.frameBytes();
                onTheirWay += whole;
                sent += whole;
                if (full) {
                    key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
                    return;
                }
            }
        }

        void read() throws IOException {
            answers.clear().put(carried, 0, carriedBytes);
            if (channel.read(answers) < 0) {
                throw new EOFException("The broker closed the connection");
            }
            answers.flip();
            while (answers.remaining() >= 4 && answers.remaining() >= 4 + answers.getInt(answers.position())) {
                int at = answers.position();
                int error = answers.getShort(at + requests.errorAt());
                if (error != 0) {
                    throw new IOException("A batch was answered with error " + error);
                }
                answers.position(at + 4 + answers.getInt(at));
                answered++;
                onTheirWay--;
            }
            carriedBytes = answers.remaining();
            answers.get(carried, 0, carriedBytes);
        }
    }
}
