package daybook.client;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The brokers as one client sees them: who they are, which topics they have, who leads a partition or
 * coordinates a group, and the connections to them. What it knows is asked for when it is needed, and again
 * after {@link #FRESH_NANOS} or when it proved wrong ({@link #forget}).
 */
final class Cluster implements AutoCloseable {
    /** What a connection is for: a fetch that waits must not hold up a heartbeat behind it. */
    enum Lane { DATA, CONTROL }

    /**
     * What a coordinator coordinates; the number in FindCoordinatorRequest.json is the place in this list.
     */
    enum Coordinated { GROUP, TRANSACTION }

    /** What the brokers said of all of themselves, and of the topics that they were asked for. */
    record Metadata(Map<Integer, Node> nodes, String clusterId, int controller, Map<String, Topic> topics,
            Map<String, ErrorCode> errors) { }

    private record Line(int node, Lane lane) { }

    private record Coordinator(Coordinated kind, String key) { }

    private record Known(Topic topic, long atNanos) { }

    /** To any of the addresses that the client was told. */
    private static final Line BOOTSTRAP = new Line(Integer.MIN_VALUE, Lane.CONTROL);
    /** As Kafka's metadata.max.age.ms. */
    private static final long FRESH_NANOS = TimeUnit.MINUTES.toNanos(5);
    private static final int BACKOFF_MS = 50;
    private static final int BACKOFF_MOST_MS = 1_000;

    private final Settings settings;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Map<String, Known> topics = new ConcurrentHashMap<>();
    private final Map<Uuid, String> names = new ConcurrentHashMap<>();
    private final Map<Coordinator, Integer> coordinators = new ConcurrentHashMap<>();
    /** As the last metadata had them, without those that could not be reached since. */
    private volatile Map<Integer, Node> nodes = Map.of();
    private final Map<Line, Connection> connections = new ConcurrentHashMap<>();
    /** All that are open, also while they are being made. */
    private final Set<Connection> begun = ConcurrentHashMap.newKeySet();
    /** By line, held while its connection is made: a broker that does not answer holds up no other. */
    private final Map<Line, Guarded> connecting = new ConcurrentHashMap<>();

    Cluster(Settings settings) {
        this.settings = settings;
    }

    Settings settings() {
        return settings;
    }

    // Trying again.

    /**
     * Does it, and does it again while what it fails with is retriable, the API's time-out has not passed and
     * the client is open.
     *
     * @throws ClientException what it failed with last, or that the thread was interrupted
     */
    <T> T retried(Supplier<T> attempt) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(settings.apiTimeoutMs());
        int backoffMs = BACKOFF_MS;
        while (true) {
            try {
                return attempt.get();
            } catch (ClientException failed) {
                boolean late = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(backoffMs) > deadline;
                try {
                    if (!failed.retriable() || late || closed.await(backoffMs, TimeUnit.MILLISECONDS)) {
                        throw failed;
                    }
                } catch (InterruptedException stop) {
                    throw ClientException.interrupted(stop);
                }
                backoffMs = Math.min(backoffMs * 2, BACKOFF_MOST_MS);
            }
        }
    }

    // Connections.

    /** A connection to any broker, on which nothing waits for data. */
    Connection any() {
        for (var each : connections.entrySet()) {
            if (each.getKey().lane == Lane.CONTROL && each.getValue().isOpen()) {
                return each.getValue();
            }
        }
        return line(BOOTSTRAP, this::first);
    }

    /** To the first of the addresses at which a broker answers: those told first, then those learned. */
    private Connection first() {
        var addresses = new ArrayList<>(settings.addresses());
        nodes.values().forEach(node -> addresses.add(address(node)));
        ClientException last = null;
        for (var address : addresses) {
            try {
                return open(address);
            } catch (ClientException failed) {
                last = failed;
            }
        }
        throw last;
    }

    private Connection open(InetSocketAddress address) {
        return Connection.open(address, settings, connection -> {
            begun.removeIf(each -> !each.isOpen());
            begun.add(connection);
            if (closed.getCount() == 0) {
                connection.close();
            }
        });
    }

    private static InetSocketAddress address(Node node) {
        return InetSocketAddress.createUnresolved(node.host(), node.port());
    }

    /**
     * The connection of this lane to a node, made where there is none.
     *
     * @throws ClientException BROKER_NOT_AVAILABLE where the metadata has no such node; NETWORK_EXCEPTION
     *     where it cannot be reached
     */
    Connection to(int node, Lane lane) {
        return line(new Line(node, lane), () -> {
            var before = nodes.get(node);
            var known = before != null ? before : metadata(List.of(), false).nodes.get(node);
            if (known == null) {
                throw new ClientException(ErrorCode.BROKER_NOT_AVAILABLE, "there is no broker " + node);
            }
            try {
                return open(address(known));
            } catch (ClientException failed) {
                // It may have another address by now: the next who wants it asks.
                nodes.remove(node, known);
                throw failed;
            }
        });
    }

    /** The connection of this lane to a node; null where there is none now. */
    Connection ready(int node, Lane lane) {
        var connection = connections.get(new Line(node, lane));
        return connection != null && connection.isOpen() ? connection : null;
    }

    /** The connection of a line; where there is none who comes first makes it, and others wait for him. */
    private Connection line(Line line, Supplier<Connection> maker) {
        var connection = connections.get(line);
        if (connection != null && connection.isOpen()) {
            return connection;
        }
        return connecting.computeIfAbsent(line, each -> new Guarded()).read(() -> {
            var made = connections.get(line);
            if (made == null || !made.isOpen()) {
                made = maker.get();
                connections.put(line, made);
            }
            return made;
        });
    }

    // Topics.

    /**
     * Asks a broker for metadata, and remembers it.
     *
     * @param names the topics; null for all
     * @param create whether the broker may make those that do not exist, if it is configured to
     */
    Metadata metadata(Collection<String> names, boolean create) {
        return metadata(out -> out.structs(names,
                (topic, name) -> topic.uuid(Uuid.ZERO).string(name)), create);
    }

    /** Asks a broker for the topics with these ids; what is none of its topics is not among the answers. */
    void learn(Collection<Uuid> ids) {
        metadata(out -> out.structs(ids, (topic, id) -> topic.uuid(id).string(null)), false);
    }

    private Metadata metadata(Consumer<Writer> topicsAsked, boolean create) {
        var metadata = any().ask(Call.METADATA, out -> {
            topicsAsked.accept(out);
            out.bool(create).bool(false).tags();
        }, Cluster::metadata);
        nodes = metadata.nodes;
        long now = System.nanoTime();
        metadata.topics.values().forEach(topic -> {
            topics.put(topic.name(), new Known(topic, now));
            this.names.put(topic.id(), topic.name());
        });
        metadata.errors.keySet().forEach(topics::remove);
        return metadata;
    }

    private static Metadata metadata(Reader in) {
        in.int32();
        var nodes = new ConcurrentHashMap<Integer, Node>();
        in.structs(each -> new Node(each.int32(), each.string(), each.int32(), each.nullableString()))
                .forEach(node -> nodes.put(node.id(), node));
        var clusterId = in.nullableString();
        int controller = in.int32();
        var topics = new ConcurrentHashMap<String, Topic>();
        var errors = new ConcurrentHashMap<String, ErrorCode>();
        in.structs(each -> {
            var error = ErrorCode.of(each.int16());
            var name = each.nullableString();
            var topic = new Topic(name, each.uuid(), each.bool(), each.structs(Cluster::partition).stream()
                    .sorted((one, other) -> Integer.compare(one.index(), other.index())).toList());
            each.int32();
            if (error == ErrorCode.NONE) {
                topics.put(name, topic);
            } else if (name != null) {
                errors.put(name, error);
            }
            return topic;
        });
        return new Metadata(nodes, clusterId, controller, topics, errors);
    }

    private static Topic.Partition partition(Reader in) {
        return new Topic.Partition(ErrorCode.of(in.int16()), in.int32(), in.int32(), in.int32(),
                in.array(Reader::int32), in.array(Reader::int32), in.array(Reader::int32));
    }

    /** What is known of a topic without asking, however old; null where that is nothing. */
    Topic known(String name) {
        var known = topics.get(name);
        return known == null ? null : known.topic;
    }

    /**
     * A topic, asked for where it is not known or was learned too long ago; tried once.
     *
     * @throws ClientException UNKNOWN_TOPIC_OR_PARTITION and others, retriable where it may still come
     */
    Topic topic(String name, boolean create) {
        var known = topics.get(name);
        if (known != null && System.nanoTime() - known.atNanos < FRESH_NANOS) {
            return known.topic;
        }
        var metadata = metadata(List.of(name), create);
        var topic = metadata.topics.get(name);
        if (topic == null) {
            var error = metadata.errors.getOrDefault(name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
            throw new ClientException(error, "topic " + name);
        }
        return topic;
    }

    /** The name of a topic by its id; null where no metadata had it. */
    String name(Uuid id) {
        return names.get(id);
    }

    /**
     * The node that leads a partition; tried once.
     *
     * @throws ClientException UNKNOWN_TOPIC_OR_PARTITION, or LEADER_NOT_AVAILABLE; both retriable
     */
    int leader(TopicPartition partition) {
        var topic = topic(partition.topic(), false);
        if (partition.partition() < 0 || partition.partition() >= topic.partitions().size()) {
            forget(partition.topic());
            throw new ClientException(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "partition " + partition);
        }
        int leader = topic.partitions().get(partition.partition()).leader();
        if (leader == Topic.NO_LEADER) {
            forget(partition.topic());
            throw new ClientException(ErrorCode.LEADER_NOT_AVAILABLE, "partition " + partition);
        }
        return leader;
    }

    /** What was known of the topic proved wrong: the next who needs it asks. */
    void forget(String topic) {
        topics.remove(topic);
    }

    // Coordinators.

    /**
     * Does it with the coordinator of a group or a transactional id, and again with the coordinator found
     * anew while it fails with what is retriable.
     *
     * @param attempt throws a {@link ClientException} for an error in the answer
     */
    <T> T coordinated(Coordinated kind, String key, Function<Connection, T> attempt) {
        return retried(() -> coordinatedOnce(kind, key, attempt));
    }

    /** As {@link #coordinated}, but tried once. */
    <T> T coordinatedOnce(Coordinated kind, String key, Function<Connection, T> attempt) {
        try {
            return attempt.apply(to(coordinator(kind, key), Lane.CONTROL));
        } catch (ClientException failed) {
            if (failed.retriable()) {
                forget(kind, key);
            }
            throw failed;
        }
    }

    /**
     * The node that coordinates a group or a transactional id, asked for where it is not known; tried once.
     *
     * @throws ClientException COORDINATOR_NOT_AVAILABLE and others
     */
    int coordinator(Coordinated kind, String key) {
        var known = coordinators.get(new Coordinator(kind, key));
        if (known != null) {
            return known;
        }
        int node = any().ask(Call.FIND_COORDINATOR,
                out -> out.int8(kind.ordinal()).strings(List.of(key)).tags(), in -> {
                    in.int32();
                    return in.structs(Cluster::found).stream().findFirst().orElseThrow(() ->
                            new ClientException(ErrorCode.COORDINATOR_NOT_AVAILABLE, key));
                });
        if (!nodes.containsKey(node)) {
            metadata(List.of(), false);
        }
        coordinators.put(new Coordinator(kind, key), node);
        return node;
    }

    /** The coordinator proved wrong: the next who needs it asks. */
    void forget(Coordinated kind, String key) {
        coordinators.remove(new Coordinator(kind, key));
    }

    private static int found(Reader in) {
        var key = in.string();
        int node = in.int32();
        in.string();
        in.int32();
        var error = ErrorCode.of(in.int16());
        var message = in.nullableString();
        ClientException.check(error, "the coordinator of " + key + (message == null ? "" : ": " + message));
        return node;
    }

    /** Asks every broker there is for what it has, and again all that there are then while one fails. */
    <T> List<T> everywhere(Call call, Consumer<Writer> body, Function<Reader, List<T>> answer) {
        return retried(() -> {
            var all = new ArrayList<T>();
            for (int node : metadata(List.of(), false).nodes.keySet()) {
                all.addAll(to(node, Lane.CONTROL).ask(call, body, answer));
            }
            return all;
        });
    }

    @Override
    public void close() {
        closed.countDown();
        begun.forEach(Connection::close);
    }
}
