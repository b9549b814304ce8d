package daybook.client;

import daybook.record.RecordBatch;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A broker in a bad mood: it speaks the protocol byte by byte, keeps one topic in memory, checks sequence
 * numbers as Apache Kafka does, and for each request asks a {@link Mood} what to do to it.
 */
final class MoodyBroker implements AutoCloseable {
    /** What a broker may do to a request. */
    enum Whim {
        /** As it should be. */
        SERVE,
        /** Answers with the error, and has not appended. */
        REFUSE,
        /** Has appended, and answers with the error. */
        DENY,
        /** Closes the connection, and has not appended. */
        DROP,
        /** Closes the connection, and has appended. */
        VANISH,
        /** Closes the connection, and appends much later, with all that came behind it. */
        HAUNT,
        /** Has not appended: another node leads all partitions from now on, where there is one. */
        MOVE
    }

    record Act(Whim whim, ErrorCode error) { }

    interface Mood {
        /** What to do to these batches; called under the broker's lock. */
        Act to(int partition, RecordBatch batch);
    }

    static final String TOPIC = "moody";
    private static final int REMEMBERED = 5;
    private static final int PRODUCE = 0;
    private static final int METADATA = 3;
    private static final int API_VERSIONS = 18;
    private static final int INIT_PRODUCER_ID = 22;

    private record Appended(int first, int last, long offset) { }

    /** What a partition knows of a producer. */
    private static final class Known {
        short epoch = -1;
        int next;
        final ArrayDeque<Appended> batches = new ArrayDeque<>();
    }

    private record Answer(ErrorCode error, long offset) { }

    /** Of each node, from 1 on; all have the same partitions, and only the leader of one appends to it. */
    private final List<ServerSocket> nodes = new ArrayList<>();
    private final int partitions;
    private final Mood mood;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final ReentrantLock lock = new ReentrantLock();
    // All below is guarded by the lock.
    private final List<List<String>> logs = new ArrayList<>();
    private final List<Map<Long, Known>> producers = new ArrayList<>();
    private final ArrayDeque<byte[]> ghosts = new ArrayDeque<>();
    private long nextProducerId = 1;
    private int moves;

    MoodyBroker(int partitions, Mood mood) throws IOException {
        this(1, partitions, mood);
    }

    MoodyBroker(int nodes, int partitions, Mood mood) throws IOException {
        this.partitions = partitions;
        this.mood = mood;
        for (int i = 0; i < partitions; i++) {
            logs.add(new ArrayList<>());
            producers.add(new HashMap<>());
        }
        for (int i = 0; i < nodes; i++) {
            var server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            int node = i + 1;
            this.nodes.add(server);
            Thread.ofVirtual().start(() -> accept(server, node));
        }
    }

    String address() {
        return "127.0.0.1:" + nodes.getFirst().getLocalPort();
    }

    /** Under the lock. */
    private int leader(int partition) {
        return 1 + (moves + partition) % nodes.size();
    }

    /** The values that were appended. */
    List<String> log(int partition) {
        lock.lock();
        try {
            return List.copyOf(logs.get(partition));
        } finally {
            lock.unlock();
        }
    }

    private void accept(ServerSocket server, int node) {
        try {
            while (true) {
                var socket = server.accept();
                sockets.add(socket);
                Thread.ofVirtual().start(() -> serve(socket, node));
            }
        } catch (IOException closed) {
            // That is how it ends.
        }
    }

    private void serve(Socket socket, int node) {
        try (socket) {
            var in = new DataInputStream(socket.getInputStream());
            while (true) {
                var frame = in.readNBytes(in.readInt());
                var answer = answer(frame, node);
                if (answer == null) {
                    break;
                }
                var bytes = new byte[answer.size()];
                answer.toBuffer().get(bytes);
                socket.getOutputStream().write(ByteBuffer.allocate(4 + bytes.length).putInt(bytes.length)
                        .put(bytes).array());
            }
            haunt(in);
        } catch (IOException closed) {
            // By the client, or at the end.
        }
    }

    /** What the connection still brings is appended later, if its first request was. */
    private void haunt(DataInputStream in) throws IOException {
        lock.lock();
        try {
            while (!ghosts.isEmpty() && in.available() > 4) {
                int length = in.readInt();
                if (in.available() < length) {
                    return;
                }
                ghosts.add(in.readNBytes(length));
            }
        } finally {
            lock.unlock();
        }
    }

    /** Null where there is to be none. */
    private Writer answer(byte[] frame, int node) {
        var header = ByteBuffer.wrap(frame);
        int key = header.getShort();
        int version = header.getShort();
        int id = header.getInt();
        var out = new Writer(version, true).int32(id);
        if (key != API_VERSIONS) {
            out.tags();
        }
        return switch (key) {
            case API_VERSIONS -> {
                out.int16(0).structs(List.of(PRODUCE, METADATA, API_VERSIONS, INIT_PRODUCER_ID), (api, which) ->
                        api.int16(which).int16(0).int16(which == PRODUCE || which == METADATA ? 12 : 3));
                yield out.int32(0).tags();
            }
            case METADATA -> metadata(out);
            case INIT_PRODUCER_ID -> out.int32(0).int16(0).int64(nextProducerId()).int16(0).tags();
            default -> produce(frame, node, out);
        };
    }

    private long nextProducerId() {
        lock.lock();
        try {
            return nextProducerId++;
        } finally {
            lock.unlock();
        }
    }

    private Writer metadata(Writer out) {
        lock.lock();
        try {
            return metadataOf(out);
        } finally {
            lock.unlock();
        }
    }

    private Writer metadataOf(Writer out) {
        out.int32(0).structs(nodes, (node, server) -> node.int32(1 + nodes.indexOf(server))
                .string("127.0.0.1").int32(server.getLocalPort()).string(null));
        out.string("c").int32(1).structs(List.of(TOPIC), (topic, name) -> {
            var all = new ArrayList<Integer>();
            for (int i = 0; i < partitions; i++) {
                all.add(i);
            }
            topic.int16(0).string(name).uuid(new Uuid(1, 1)).bool(false);
            topic.structs(all, (each, index) -> each.int16(0).int32(index).int32(leader(index)).int32(0)
                    .int32s(List.of(1)).int32s(List.of(1)).int32s(List.of()));
            topic.int32(0);
        });
        return out.tags();
    }

    private Writer produce(byte[] frame, int node, Writer out) {
        lock.lock();
        try {
            var batches = batches(frame);
            var answers = new HashMap<Integer, Answer>();
            for (var each : batches.entrySet()) {
                if (leader(each.getKey()) != node) {
                    answers.put(each.getKey(), new Answer(ErrorCode.NOT_LEADER_OR_FOLLOWER, -1));
                    continue;
                }
                var act = mood.to(each.getKey(), each.getValue());
                switch (act.whim) {
                    case SERVE -> answers.put(each.getKey(), append(each.getKey(), each.getValue()));
                    case REFUSE -> answers.put(each.getKey(), new Answer(act.error, -1));
                    case DENY -> {
                        var answer = append(each.getKey(), each.getValue());
                        boolean lies = answer.error == ErrorCode.NONE;
                        answers.put(each.getKey(), lies ? new Answer(act.error, -1) : answer);
                    }
                    case DROP -> {
                        return null;
                    }
                    case VANISH -> {
                        append(each.getKey(), each.getValue());
                        return null;
                    }
                    case HAUNT -> {
                        ghosts.add(frame);
                        return null;
                    }
                    case MOVE -> {
                        moves++;
                        answers.put(each.getKey(), new Answer(ErrorCode.NOT_LEADER_OR_FOLLOWER, -1));
                    }
                }
            }
            // Much later, and in their order.
            if (ghosts.size() > 6 || batches.size() > 1) {
                while (!ghosts.isEmpty()) {
                    batches(ghosts.poll()).forEach(this::append);
                }
            }
            out.structs(List.of(TOPIC), (topic, name) -> topic.string(name)
                    .structs(List.copyOf(answers.entrySet()), (each, answer) -> each.int32(answer.getKey())
                            .error(answer.getValue().error).int64(answer.getValue().offset).int64(-1).int64(0)
                            .length(0).string(null)));
            return out.int32(0).tags();
        } finally {
            lock.unlock();
        }
    }

    private static Map<Integer, RecordBatch> batches(byte[] frame) {
        var in = new Reader(ByteBuffer.wrap(frame), 12, true);
        in.int32();
        in.int32();
        in.oldNullableString();
        in.tags();
        in.nullableString();
        in.int16();
        in.int32();
        var batches = new HashMap<Integer, RecordBatch>();
        in.structs(topic -> {
            topic.string();
            return topic.structs(each -> batches.put(each.int32(), new RecordBatch(each.bytes(), 0)));
        });
        return batches;
    }

    /** As Apache Kafka checks it: who is not known may begin with any sequence. */
    private Answer append(int partition, RecordBatch batch) {
        if (!batch.checksumHolds()) {
            return new Answer(ErrorCode.CORRUPT_MESSAGE, -1);
        }
        var log = logs.get(partition);
        long offset = log.size();
        if (batch.hasProducerId()) {
            var known = producers.get(partition).computeIfAbsent(batch.producerId(), id -> new Known());
            int first = batch.baseSequence();
            if (batch.producerEpoch() < known.epoch) {
                return new Answer(ErrorCode.INVALID_PRODUCER_EPOCH, -1);
            }
            if (batch.producerEpoch() > known.epoch) {
                if (known.epoch >= 0 && first != 0) {
                    return new Answer(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
                }
                known.epoch = batch.producerEpoch();
                known.batches.clear();
            } else {
                for (var before : known.batches) {
                    if (before.first == first && before.last == batch.lastSequence()) {
                        return new Answer(ErrorCode.NONE, before.offset);
                    }
                }
                if (first != known.next) {
                    return new Answer(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
                }
            }
            known.next = batch.lastSequence() + 1;
            known.batches.add(new Appended(first, batch.lastSequence(), offset));
            if (known.batches.size() > REMEMBERED) {
                known.batches.remove();
            }
        }
        batch.records(1 << 20).forEach(record -> log.add(TestCluster.text(record.value())));
        return new Answer(ErrorCode.NONE, offset);
    }

    @Override
    public void close() throws IOException {
        for (var server : nodes) {
            server.close();
        }
        for (var socket : sockets) {
            socket.close();
        }
    }
}
