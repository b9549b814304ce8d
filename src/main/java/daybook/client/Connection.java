package daybook.client;

import daybook.wire.ErrorCode;
import daybook.wire.MalformedException;
import daybook.wire.Reader;
import daybook.wire.Region;
import daybook.wire.Writer;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A connection to one broker. Any thread sends; a thread of its own reads what is answered, in the
 * order in which it was asked, and a virtual one gives the connection up when an answer takes too long.
 * After a failure it stays closed, and all that was not answered fails with NETWORK_EXCEPTION.
 *
 * <p>Nobody may interrupt a thread that sends: that would close the connection.
 */
final class Connection implements AutoCloseable {
    /** The largest answer that memory is taken for. */
    static final int ANSWER_MOST_BYTES = 256 << 20;
    private static final int CONNECT_MOST_MS = 10_000;
    private static final int BUFFER_BYTES = 16 * 1024;

    /** The versions of an API that the broker knows. */
    private record Versions(int least, int most) { }

    /** What a broker says that it can do: versions by the API's number, levels of features by name. */
    private record Abilities(ErrorCode error, Map<Integer, Versions> versions,
            Map<String, Integer> features) { }

    private static final Abilities UNKNOWN = new Abilities(ErrorCode.NONE, Map.of(), Map.of());

    /** A request that was sent, until it is answered. */
    private record Asked<T>(int correlationId, Call call, int version, long sentNanos,
            Function<Reader, T> answer, CompletableFuture<T> future) {
        void answered(ByteBuffer frame) {
            try {
                // All that an answer holds is bounded by its bytes.
                var in = Reader.boundedByBytes(frame, version, call.flexible());
                if (call != Call.API_VERSIONS) {
                    in.tags();
                }
                future.complete(answer.apply(in));
            } catch (MalformedException malformed) {
                future.completeExceptionally(new ClientException(ErrorCode.UNKNOWN_SERVER_ERROR,
                        "the answer to " + call + " cannot be read", malformed));
                throw malformed;
            } catch (ClientException refused) {
                future.completeExceptionally(refused);
            } catch (RuntimeException | OutOfMemoryError unlike) {
                // It can be read, but is not what was asked for, nothing where one thing must be, another
                // one; or is too much.
                future.completeExceptionally(new ClientException(ErrorCode.UNKNOWN_SERVER_ERROR,
                        "the answer to " + call + " is none", unlike));
            }
        }
    }

    private final String address;
    private final byte[] clientId;
    private final long timeoutNanos;
    private final SocketChannel channel;
    private final CountDownLatch closed = new CountDownLatch(1);
    /** Held while a request is written; what is asked is queued under it, so in the order of the bytes. */
    private final ReentrantLock writing = new ReentrantLock();
    private final Queue<Asked<?>> asked = new ConcurrentLinkedQueue<>();
    /** Guarded by {@link #writing}. */
    private int correlationId;
    /** When the request was begun that is being written; 0 for none. Written under {@link #writing}. */
    private volatile long writingSinceNanos;
    private volatile Abilities abilities = UNKNOWN;
    /** Why this side gave it up; null where it did not. Written before it is closed. */
    private volatile ClientException reason;

    private Connection(InetSocketAddress address, Settings settings, SocketChannel channel) {
        this.address = address.getHostString() + ":" + address.getPort();
        this.clientId = settings.clientId().getBytes(StandardCharsets.UTF_8);
        this.timeoutNanos = TimeUnit.MILLISECONDS.toNanos(settings.requestTimeoutMs());
        this.channel = channel;
    }

    /**
     * Connects, and learns which versions the broker knows.
     *
     * @param address looked up here
     * @param begun is given the connection before anything is waited for, so that it can be closed meanwhile
     * @throws ClientException NETWORK_EXCEPTION where it cannot be reached; UNSUPPORTED_VERSION where it is
     *     no broker that this client can speak to
     */
    static Connection open(InetSocketAddress address, Settings settings, Consumer<Connection> begun) {
        try {
            var connection = new Connection(address, settings, SocketChannel.open());
            begun.accept(connection);
            connection.connect(address, settings);
            return connection;
        } catch (IOException failed) {
            throw new ClientException(ErrorCode.NETWORK_EXCEPTION,
                    "cannot connect to " + address.getHostString() + ":" + address.getPort() + ": "
                            + failed.getMessage(), failed);
        }
    }

    private void connect(InetSocketAddress at, Settings settings) throws IOException {
        try {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            var resolved = new InetSocketAddress(at.getHostString(), at.getPort());
            if (resolved.isUnresolved()) {
                throw new IOException("the name is unknown");
            }
            channel.socket().connect(resolved, Math.min(settings.requestTimeoutMs(), CONNECT_MOST_MS));
            start();
            abilities = ask(Call.API_VERSIONS, Call.API_VERSIONS.most(),
                    out -> out.string("daybook").string("1").tags(), Connection::abilities);
            ClientException.check(abilities.error, "asking " + this + " what it can do");
        } catch (IOException | ClientException failed) {
            close();
            throw failed;
        }
    }

    private void start() {
        // A platform thread: what comes in wakes it by itself, and at the end of the process the JVM need not
        // wait 300 ms for the thread that polls sockets for virtual ones, which a short command would feel.
        Thread.ofPlatform().daemon().name("daybook-client-" + address).start(this::receive);
        Thread.ofVirtual().name("daybook-client-watch-" + address).start(this::watch);
    }

    boolean isOpen() {
        return closed.getCount() > 0;
    }

    /**
     * How many bytes it takes without waiting, those counted that the broker may not have read yet: half of
     * the system's buffer, which holds more than bytes.
     */
    int takesBytes() {
        try {
            return channel.getOption(StandardSocketOptions.SO_SNDBUF) / 2;
        } catch (IOException gone) {
            return 0;
        }
    }

    /**
     * The newest version of an API that both sides know.
     *
     * @throws ClientException UNSUPPORTED_VERSION where there is none
     */
    int version(Call call) {
        var known = abilities.versions.get(call.key());
        int version = known == null ? -1 : Math.min(known.most, call.most());
        if (known == null || version < Math.max(known.least, call.least())) {
            throw new ClientException(ErrorCode.UNSUPPORTED_VERSION, this + " does not know " + call
                    + " in a version from " + call.least() + " to " + call.most());
        }
        return version;
    }

    /** The levels of the features that the cluster has agreed on (KIP-584). */
    Map<String, Integer> features() {
        return Map.copyOf(abilities.features);
    }

    /**
     * Sends a request of the newest version and waits for what it is answered.
     *
     * @param body writes the fields, also the tagged ones at the end
     * @param answer reads the fields, on this connection's thread: it must not wait
     * @throws ClientException NETWORK_EXCEPTION where no answer came
     */
    <T> T ask(Call call, Consumer<Writer> body, Function<Reader, T> answer) {
        return ask(call, version(call), body, answer);
    }

    /** As {@link #ask(Call, Consumer, Function)}, in this version. */
    <T> T ask(Call call, int version, Consumer<Writer> body, Function<Reader, T> answer) {
        return await(send(call, version, body, answer));
    }

    /**
     * Waits for a future's value.
     *
     * @throws ClientException what it failed with, or that the thread was interrupted
     */
    static <T> T await(CompletableFuture<T> future) {
        try {
            return future.get();
        } catch (InterruptedException stop) {
            throw ClientException.interrupted(stop);
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof ClientException refused ? new ClientException(refused)
                    : new IllegalStateException(failed.getCause());
        }
    }

    /**
     * Sends a request; the future is completed on this connection's thread. It does not throw for a failure.
     *
     * @param answer null for a request that is not answered (Produce with acks=0): it is done when it is
     *     written
     */
    <T> CompletableFuture<T> send(Call call, int version, Consumer<Writer> body, Function<Reader, T> answer) {
        var future = new CompletableFuture<T>();
        writing.lock();
        try (var frame = Writer.frame(version, call.flexible())) {
            int id = correlationId++;
            frame.int16(call.key()).int16(version).int32(id);
            frame.int16(clientId.length).raw(ByteBuffer.wrap(clientId)).tags();
            body.accept(frame);
            if (answer != null) {
                asked.add(new Asked<>(id, call, version, System.nanoTime(), answer, future));
            }
            if (!isOpen()) {
                throw new IOException("the connection is closed");
            }
            write(frame);
            if (answer == null) {
                future.complete(null);
            }
        } catch (IOException failed) {
            close();
            future.completeExceptionally(lost());
        } finally {
            writing.unlock();
        }
        return future;
    }

    private void write(Writer frame) throws IOException {
        writingSinceNanos = System.nanoTime();
        var pieces = new ArrayList<ByteBuffer>();
        frame.drain(new Writer.Sink() {
            @Override
            public void bytes(ByteBuffer piece) {
                pieces.add(piece);
            }

            @Override
            public void region(Region piece) {
                pieces.add(((Bytes) piece).buffer().duplicate());
            }
        });
        var buffers = pieces.toArray(ByteBuffer[]::new);
        int written = 0;
        while (written < buffers.length) {
            channel.write(buffers, written, buffers.length - written);
            while (written < buffers.length && !buffers[written].hasRemaining()) {
                written++;
            }
        }
        writingSinceNanos = 0;
    }

    /** The thread that reads: until the connection is closed, by either side. */
    private void receive() {
        var in = new DataInputStream(new BufferedInputStream(Channels.newInputStream(channel), BUFFER_BYTES));
        try {
            while (true) {
                int length = in.readInt();
                if (length < Integer.BYTES || length > ANSWER_MOST_BYTES) {
                    throw new MalformedException("an answer of " + length + " bytes");
                }
                var frame = new byte[length];
                in.readFully(frame);
                answered(ByteBuffer.wrap(frame));
            }
        } catch (MalformedException malformed) {
            boolean first = abilities == UNKNOWN;
            giveUp(first ? ErrorCode.UNSUPPORTED_VERSION : ErrorCode.NETWORK_EXCEPTION,
                    (first ? " is no Kafka broker: " : " answered what cannot be read: ")
                            + malformed.getMessage());
        } catch (OutOfMemoryError full) {
            giveUp(ErrorCode.NETWORK_EXCEPTION, " answered more than there is memory for");
        } catch (IOException gone) {
            // Either side closed it: told to those who wait.
        } finally {
            close();
        }
    }

    private void answered(ByteBuffer frame) {
        int id = frame.getInt();
        var first = asked.poll();
        if (first == null || first.correlationId != id) {
            if (first != null) {
                first.future.completeExceptionally(lost());
            }
            throw new MalformedException("an answer to request " + id + ", which is not the next");
        }
        first.answered(frame);
    }

    /** The thread that gives the connection up when an answer is overdue. */
    private void watch() {
        try {
            while (!closed.await(1, TimeUnit.SECONDS)) {
                var first = asked.peek();
                if (first != null && System.nanoTime() - first.sentNanos > timeoutNanos) {
                    giveUp(ErrorCode.NETWORK_EXCEPTION, " did not answer " + first.call + " in time");
                }
                long sinceNanos = writingSinceNanos;
                if (sinceNanos != 0 && System.nanoTime() - sinceNanos > timeoutNanos) {
                    giveUp(ErrorCode.NETWORK_EXCEPTION, " does not read what it is sent");
                }
            }
        } catch (InterruptedException never) {
            throw new IllegalStateException(never);
        }
    }

    private static Abilities abilities(Reader in) {
        var error = ErrorCode.of(in.int16());
        var versions = new HashMap<Integer, Versions>();
        var features = new HashMap<String, Integer>();
        if (error == ErrorCode.UNSUPPORTED_VERSION) {
            return new Abilities(error, versions, features);
        }
        in.structs(api -> versions.put((int) api.int16(), new Versions(api.int16(), api.int16())));
        in.int32();
        in.tags(tag -> {
            if (tag == 2) {
                in.structs(feature -> {
                    features.put(feature.string(), (int) feature.int16());
                    return feature.int16();
                });
            }
        });
        return new Abilities(error, versions, features);
    }

    /** Closes it for a reason, which those are told who wait for an answer. */
    private void giveUp(ErrorCode error, String why) {
        if (isOpen()) {
            reason = new ClientException(error, this + why);
            close();
        }
    }

    private ClientException lost() {
        return reason != null ? new ClientException(reason)
                : new ClientException(ErrorCode.NETWORK_EXCEPTION, "the connection to " + this + " was lost");
    }

    /** Closes it; all that was asked and not answered fails. */
    @Override
    public void close() {
        closed.countDown();
        try {
            channel.close();
        } catch (IOException ignored) {
            // Nothing is lost with it that was not lost before.
        }
        // Whoever adds one after this has seen that it is closed, and comes here too.
        for (var each = asked.poll(); each != null; each = asked.poll()) {
            each.future.completeExceptionally(lost());
        }
    }

    /** The address, as it was given. */
    @Override
    public String toString() {
        return address;
    }
}
