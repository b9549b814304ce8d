package daybook.client;

import daybook.wire.Reader;
import daybook.wire.Writer;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * A server of bytes for what a broker does only rarely: it answers what a test tells it to. ApiVersions it
 * answers by itself, from {@link Call}, and Metadata with itself as node 1 that leads all partitions of the
 * topics it is told of.
 */
final class ScriptedBroker implements AutoCloseable {
    /** Answers a request of one API: reads its fields, and writes those of the answer. */
    interface Script {
        /**
         * What the answer is written by, with its tagged fields; null to close the connection without an
         * answer, {@link #SILENCE} to leave it without one.
         */
        Consumer<Writer> answer(Reader request) throws IOException;
    }

    static final Consumer<Writer> SILENCE = out -> { };

    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final Map<Integer, Script> scripts = new ConcurrentHashMap<>();
    private final Map<Integer, Integer> most = new ConcurrentHashMap<>();
    private final Map<String, Integer> features = new ConcurrentHashMap<>();
    private final Queue<Socket> sockets = new ConcurrentLinkedQueue<>();
    private final Map<String, Topic> topics = new ConcurrentHashMap<>();
    /** Of the nodes that Metadata names. */
    private final Map<Integer, Integer> ports = new ConcurrentHashMap<>();

    private volatile int skew;
    /** How many connections are closed at once from now on. */
    private final AtomicInteger refused = new AtomicInteger();

    ScriptedBroker() throws IOException {
        for (var call : Call.values()) {
            most.put(call.key(), call.most());
        }
        ports.put(1, server.getLocalPort());
        on(Call.API_VERSIONS, in -> this::apiVersions);
        on(Call.METADATA, in -> this::metadata);
        Thread.ofVirtual().start(this::accept);
    }

    String address() {
        return "127.0.0.1:" + server.getLocalPort();
    }

    ScriptedBroker on(Call call, Script script) {
        scripts.put(call.key(), script);
        return this;
    }

    /** The newest version that this broker says it knows; -1: it says that it does not know the API. */
    ScriptedBroker knows(Call call, int version) {
        most.put(call.key(), version);
        return this;
    }

    ScriptedBroker feature(String name, int level) {
        features.put(name, level);
        return this;
    }

    /** Names another broker as a node of the same cluster. */
    ScriptedBroker beside(int id, ScriptedBroker other) {
        return beside(id, other.server.getLocalPort());
    }

    ScriptedBroker beside(int id, int port) {
        ports.put(id, port);
        return this;
    }

    /** From now on each answer bears the number of another request than its own. */
    ScriptedBroker misnumbers() {
        skew = 1;
        return this;
    }

    ScriptedBroker topic(Topic topic) {
        topics.put(topic.name(), topic);
        return this;
    }

    ScriptedBroker refuse(int connections) {
        refused.set(connections);
        return this;
    }

    /** Closes all connections that there are; new ones are accepted. */
    void disconnect() throws IOException {
        for (var socket = sockets.poll(); socket != null; socket = sockets.poll()) {
            socket.close();
        }
    }

    private void accept() {
        try {
            while (true) {
                var socket = server.accept();
                if (refused.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                    socket.close();
                    continue;
                }
                sockets.add(socket);
                Thread.ofVirtual().start(() -> serve(socket));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            var in = new DataInputStream(socket.getInputStream());
            while (true) {
                var frame = ByteBuffer.wrap(in.readNBytes(in.readInt()));
                int key = frame.getShort();
                int version = frame.getShort();
                int correlationId = frame.getInt();
                var request = new Reader(frame, version, true);
                request.oldNullableString();
                request.tags();
                var answer = scripts.get(key).answer(request);
                if (answer == null) {
                    return;
                }
                if (answer != SILENCE) {
                    send(socket, key, version, correlationId + skew, answer);
                }
            }
        } catch (IOException | UncheckedIOException closed) {
            // By either side.
        }
    }

    private static void send(Socket socket, int key, int version, int correlationId, Consumer<Writer> answer)
            throws IOException {
        try (var out = new Writer(version, true)) {
            out.int32(0).int32(correlationId);
            if (key != Call.API_VERSIONS.key()) {
                out.tags();
            }
            answer.accept(out);
            var bytes = ByteBuffer.allocate(out.size()).put(out.toBuffer());
            socket.getOutputStream().write(bytes.putInt(0, out.size() - 4).array());
        }
    }

    private void apiVersions(Writer out) {
        out.int16(0).structs(List.of(Call.values()), (each, call) ->
                each.int16(call.key()).int16(0).int16(most.get(call.key())));
        out.int32(0).tags(new Writer.Tagged(2, tag -> tag.structs(features.entrySet(), (each, feature) ->
                each.string(feature.getKey()).int16(feature.getValue()).int16(0))));
    }

    void metadata(Writer out) {
        out.int32(0);
        out.structs(ports.entrySet(), (each, node) ->
                each.int32(node.getKey()).string("127.0.0.1").int32(node.getValue()).string(null));
        out.string("scripted").int32(1);
        out.structs(topics.values(), (each, topic) -> each.int16(0).string(topic.name()).uuid(topic.id())
                .bool(false).structs(topic.partitions(), (inner, partition) -> inner.int16(0)
                        .int32(partition.index()).int32(partition.leader()).int32(partition.leaderEpoch())
                        .int32s(partition.replicas()).int32s(partition.inSyncReplicas())
                        .int32s(partition.offlineReplicas())).int32(0));
        out.tags();
    }

    @Override
    public void close() throws IOException {
        server.close();
        disconnect();
    }
}
