package daybook;

import daybook.log.FaultyDisk;
import daybook.log.FaultyDisk.Fault;
import daybook.log.Logs;
import daybook.log.TopicPartition;
import daybook.record.BatchBuilder;
import daybook.record.RecordBatch;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Asks a whole broker by its socket to make, change and delete topics and to take records, at random and on a
 * disk that breaks; ends it by a stop, a kill or a power cut; and holds what is there after each start against
 * what it had answered. What it refused, or did not answer, is there wholly or not at all. The seed says what
 * is asked and what breaks; the broker's threads may do things in another order when it is run again.
 */
final class BrokerModel {
    private static final int PRODUCE = 0;
    private static final int FETCH = 1;
    private static final int METADATA = 3;
    private static final int CREATE_TOPICS = 19;
    private static final int DELETE_TOPICS = 20;
    private static final int DESCRIBE_CONFIGS = 32;
    private static final int CREATE_PARTITIONS = 37;
    private static final int ALTER_CONFIGS = 44;
    private static final byte OF_TOPIC = 2;
    private static final byte SET_FOR_TOPIC = 1;
    /** So many kinds of acts, from the first to change a topic on. */
    private static final int ACTS = 20;
    private static final int CHANGES_FROM = 8;
    private static final int TIMEOUT_MS = 30_000;
    private static final int FLEXIBLE_METADATA = 10;
    private static final List<String> NAMES = List.of("ants", "bees", "cats");
    private static final List<String> KEYS = List.of("retention.ms", "retention.bytes", "flush.messages");

    /** A topic as it is known to be. */
    private record Topic(Uuid id, int partitions, Map<String, String> configs) { }

    /** What was sent to a partition, and what of it was acknowledged, by offset. */
    private record Sent(Set<String> all, Map<Long, String> acknowledged) {
        Sent() {
            this(new HashSet<>(), new TreeMap<>());
        }
    }

    private final long seed;
    private final Random random;
    /** The log directories. */
    private final List<Path> paths;
    /** How long records last; what is known of topics always outlives a power cut. */
    private final String durability;
    /** Whether the disk never fails, so that nothing may be left. */
    private final boolean sound;
    private final Deque<String> trace = new ArrayDeque<>();
    private final Map<String, Topic> topics = new TreeMap<>();
    private final Map<Uuid, List<Sent>> sent = new TreeMap<>();
    private final Set<Uuid> deleted = new HashSet<>();
    private FaultyDisk disk;
    private Broker broker;
    private Socket socket;
    private String clusterId;
    private volatile long nowMs = 1_700_000_000_000L;
    private int values;
    /** What a topic is after a change that was not acknowledged, if it was made; null: gone. */
    private String doubtfulName;
    private Topic doubtful;

    BrokerModel(Path directory, long seed) throws IOException {
        this.seed = seed;
        this.random = new Random(seed);
        var root = directory.resolve("data");
        this.disk = FaultyDisk.empty(root, random.nextLong());
        this.durability = random.nextInt(4) == 0 ? "page-cache" : "fsync";
        this.sound = random.nextBoolean();
        this.paths = random.nextBoolean() ? List.of(root) : List.of(root.resolve("one"), root.resolve("two"));
    }

    /** Lives through so many points. */
    void run(int points) throws IOException {
        try {
            for (int point = 0; point < points; point++) {
                say("point " + point);
                startThatMayFail();
                require(open(), "a start failed without cause");
                check();
                live();
                end();
            }
        } catch (IOException | RuntimeException fault) {
            throw new IllegalStateException("seed " + seed + ": " + fault.getMessage() + "\n  "
                    + String.join("\n  ", trace), fault);
        } finally {
            disk.die();
            close();
        }
    }

    private void say(String what) {
        if (trace.size() == 100) {
            trace.removeFirst();
        }
        trace.add(disk.operations() + " " + what);
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalStateException(otherwise);
        }
    }

    // Processes.

    private void startThatMayFail() throws IOException {
        for (int attempt = random.nextInt(3); attempt > 0; attempt--) {
            switch (sound ? 5 : random.nextInt(8)) {
                case 0 -> disk.plan(Fault.READ, 1 + random.nextInt(40));
                case 1 -> disk.plan(Fault.WRITE, 1 + random.nextInt(12));
                case 2 -> disk.plan(Fault.NAME, 1 + random.nextInt(30));
                case 3 -> disk.plan(Fault.FORCE, 1 + random.nextInt(10));
                case 4 -> disk.room(random.nextInt(2) * random.nextInt(2_000));
                default -> disk.dieAt(1 + random.nextInt(100));
            }
            say("a start that may fail: " + open());
            nextProcess();
        }
    }

    private boolean open() throws IOException {
        var settings = Map.of("listeners", "PLAINTEXT://127.0.0.1:0", "log.dirs",
                paths.stream().map(Path::toString).collect(Collectors.joining(",")),
                "log.cleaner.enable", "false", "auto.create.topics.enable", "false",
                "daybook.disk.reserve.bytes", "0", "daybook.durability", durability,
                "metadata.log.max.record.bytes.between.snapshots", "" + (200 + random.nextInt(2_000)));
        try {
            broker = Broker.start(Config.of(settings), disk, () -> Instant.ofEpochMilli(nowMs));
            var address = broker.addresses().getFirst().split(":");
            socket = new Socket(address[0], Integer.parseInt(address[1]));
            socket.setSoTimeout(TIMEOUT_MS);
            return true;
        } catch (IOException | UncheckedIOException | AssertionError failure) {
            if (disk.failures() == 0 && !disk.dead()) {
                throw failure;
            }
            return false;
        }
    }

    private void close() throws IOException {
        if (broker != null) {
            socket.close();
            broker.close();
            broker = null;
        }
    }

    private void end() throws IOException {
        if (!disk.dead() && random.nextInt(4) == 0) {
            say("stop");
            close();
        }
        nextProcess();
    }

    private void nextProcess() throws IOException {
        boolean cut = random.nextInt(3) > 0;
        say(cut ? "power cut" : "kill");
        disk.die();
        close();
        if (cut && durability.equals("page-cache")) {
            sent.values().forEach(logs -> logs.forEach(log -> log.acknowledged.clear()));
        }
        disk = cut ? disk.afterPowerCut(random.nextLong()) : disk.afterKill(random.nextLong());
        nowMs += random.nextInt(100_000);
    }

    private void live() throws IOException {
        int nth = 1 + random.nextInt(1 + random.nextInt(120));
        int acts = 1 + random.nextInt(25);
        switch (random.nextInt(sound ? 10 : 20)) {
            case 0, 1, 2, 3, 4 -> {
                // A single change, and the process dies in it.
                acts = 1;
                disk.dieAt(1 + random.nextInt(45));
            }
            case 10 -> disk.plan(Fault.WRITE, 1 + nth / 4);
            case 11 -> disk.plan(Fault.FORCE, 1 + nth / 6);
            case 12 -> disk.plan(Fault.NAME, 1 + nth / 4);
            case 13 -> disk.plan(Fault.FULL, 1 + nth / 4);
            case 14 -> disk.plan(Fault.SHORT_WRITE, 1 + nth / 4);
            default -> disk.dieAt(nth);
        }
        boolean once = acts == 1;
        for (; acts > 0 && !disk.dead(); acts--) {
            try {
                act(once ? CHANGES_FROM + random.nextInt(ACTS - CHANGES_FROM) : random.nextInt(ACTS));
            } catch (IOException failure) {
                require(disk.dead() || disk.failures() > 0, "no answer: " + failure);
                socket.close();
                return;
            }
        }
    }

    private void act(int what) throws IOException {
        var name = NAMES.get(random.nextInt(NAMES.size()));
        var topic = topics.get(name);
        if (what == 0) {
            disk.empty();
        } else if (topic != null && what < CHANGES_FROM) {
            produce(name, topic);
        } else if (doubtfulName == null) {
            // Where one change is in doubt, the catalog takes no others, or what it is could not be told.
            change(name, topic, what);
        }
    }

    // Changes.

    private void change(String name, Topic topic, int what) throws IOException {
        Topic after;
        Reader answer;
        if (topic == null) {
            after = new Topic(null, 1 + random.nextInt(3), random.nextBoolean() ? Map.of() : configs());
            var body = new Writer(2, false).int32(1).string(name).int32(after.partitions).int16(1).int32(0)
                    .structs(after.configs.entrySet(), (each, one) ->
                            each.string(one.getKey()).string(one.getValue())).int32(TIMEOUT_MS).bool(false);
            answer = begin(name, after, CREATE_TOPICS, 2, body);
        } else if (what < 11) {
            after = null;
            var body = new Writer(1, false).strings(List.of(name)).int32(TIMEOUT_MS);
            answer = begin(name, after, DELETE_TOPICS, 1, body);
        } else if (what < 14) {
            after = new Topic(topic.id, topic.partitions + 1 + random.nextInt(2), topic.configs);
            var body = new Writer(0, false).int32(1).string(name).int32(after.partitions).int32(-1)
                    .int32(TIMEOUT_MS).bool(false);
            answer = begin(name, after, CREATE_PARTITIONS, 0, body);
        } else {
            after = new Topic(topic.id, topic.partitions, new TreeMap<>(topic.configs));
            var key = KEYS.get(random.nextInt(KEYS.size()));
            var value = random.nextBoolean() ? null : configs().get(KEYS.getFirst());
            if (value == null) {
                after.configs.remove(key);
            } else {
                after.configs.put(key, value);
            }
            var body = new Writer(0, false).int32(1).int8(OF_TOPIC).string(name).int32(1).string(key)
                    .int8(value == null ? 1 : 0).string(value).bool(false);
            answer = begin(name, after, ALTER_CONFIGS, 0, body);
            answer.int32();
            answer.int32();
            done(name, after, answer.int16());
            return;
        }
        answer.int32();
        answer.int32();
        answer.string();
        done(name, after, answer.int16());
    }

    private Map<String, String> configs() {
        return new TreeMap<>(Map.of(KEYS.getFirst(), "" + (1L << 40) + random.nextInt(100)));
    }

    /** Asks for a change, which is in doubt until it is answered. */
    private Reader begin(String name, Topic after, int key, int version, Writer body) throws IOException {
        say("change " + name + " to " + after);
        doubtfulName = name;
        doubtful = after;
        return ask(key, version, body);
    }

    private void done(String name, Topic after, int error) throws IOException {
        say("answered " + error);
        require(error == 0 || disk.failures() > 0 || disk.full() || disk.dead(), "refused with " + error);
        if (error != 0) {
            return;
        }
        doubtfulName = null;
        if (after == null) {
            deleted.add(topics.remove(name).id);
        } else {
            topics.put(name, after);
        }
    }

    // Records.

    private void produce(String name, Topic topic) throws IOException {
        if (topic.id == null) {
            // Of a topic made in this process; its id is asked for after the next start.
            return;
        }
        int partition = random.nextInt(sent.get(topic.id).size());
        var value = topic.id + " " + values++;
        var batch = BatchBuilder.plain(nowMs, List.of(new BatchBuilder.Entry(null,
                ByteBuffer.wrap(value.getBytes(StandardCharsets.UTF_8)))));
        sent.get(topic.id).get(partition).all.add(value);
        var answer = ask(PRODUCE, 3, new Writer(3, false).string(null).int16(-1).int32(TIMEOUT_MS).int32(1)
                .string(name).int32(1).int32(partition).bytes(batch));
        answer.int32();
        answer.string();
        answer.int32();
        answer.int32();
        int error = answer.int16();
        long offset = answer.int64();
        say(name + "-" + partition + ": " + value + ": " + error + ", " + offset);
        require(error == 0 || disk.failures() > 0 || disk.full() || disk.dead(), "refused with " + error);
        if (error == 0) {
            sent.get(topic.id).get(partition).acknowledged.put(offset, value);
        }
    }

    // Checks.

    private void check() throws IOException {
        require(clusterId == null || clusterId.equals(broker.clusterId()), "another cluster id");
        clusterId = broker.clusterId();
        var found = found();
        say("found " + found);
        var expected = new TreeMap<>(topics);
        if (doubtfulName != null && !same(topics.get(doubtfulName), found.get(doubtfulName))) {
            expected.remove(doubtfulName);
            if (doubtful != null) {
                expected.put(doubtfulName, doubtful);
            } else {
                deleted.add(topics.get(doubtfulName).id);
            }
        }
        doubtfulName = null;
        require(found.keySet().equals(expected.keySet()), "topics are " + found + ", not " + expected);
        for (var entry : found.entrySet()) {
            var id = entry.getValue().id;
            require(same(expected.get(entry.getKey()), entry.getValue()), "a topic is " + entry.getValue()
                    + ", not " + expected.get(entry.getKey()));
            require(!deleted.contains(id), "a deleted topic is there again");
            var logs = sent.computeIfAbsent(id, any -> new ArrayList<>());
            while (logs.size() < entry.getValue().partitions) {
                logs.add(new Sent());
            }
            for (int partition = 0; partition < logs.size(); partition++) {
                checkRecords(entry.getKey(), partition, logs.get(partition));
            }
        }
        topics.clear();
        topics.putAll(found);
        checkNothingIsLeft();
    }

    /** No directory of a partition that is none of the topics', nor one put aside for that. */
    private void checkNothingIsLeft() throws IOException {
        var left = new HashSet<String>();
        for (var name : names()) {
            var partition = TopicPartition.parse(name);
            var topic = partition == null ? null : topics.get(partition.topic());
            boolean known = topic != null && partition.partition() < topic.partitions
                    || partition != null && partition.equals(Logs.METADATA);
            if (name.endsWith("-stray") || partition != null && !known) {
                left.add(name);
            }
        }
        require(left.isEmpty() || !sound, "there are left " + left);
    }

    private List<String> names() throws IOException {
        var names = new ArrayList<String>();
        for (var path : paths) {
            names.addAll(disk.list(path));
        }
        return names;
    }

    private static boolean same(Topic expected, Topic found) {
        if (expected == null || found == null) {
            return expected == found;
        }
        return (expected.id == null || expected.id.equals(found.id))
                && expected.partitions == found.partitions && expected.configs.equals(found.configs);
    }

    private Map<String, Topic> found() throws IOException {
        var answer = ask(METADATA, FLEXIBLE_METADATA, new Writer(FLEXIBLE_METADATA, true).unsignedVarint(0)
                .bool(false).bool(false).bool(false).tags());
        answer.int32();
        answer.structs(in -> in.int32() + in.string() + in.int32() + in.nullableString());
        answer.nullableString();
        answer.int32();
        var partitions = new TreeMap<String, Integer>();
        var ids = new TreeMap<String, Uuid>();
        answer.structs(in -> {
            require(in.int16() == 0, "a topic has an error");
            var name = in.string();
            ids.put(name, in.uuid());
            in.bool();
            partitions.put(name, in.structs(each -> {
                require(each.int16() == 0, "a partition of " + name + " has an error");
                return each.int32() + each.int32() + each.int32() + each.array(Reader::int32).size()
                        + each.array(Reader::int32).size() + each.array(Reader::int32).size();
            }).size());
            return in.int32();
        });
        var found = new TreeMap<String, Topic>();
        for (var name : ids.keySet()) {
            found.put(name, new Topic(ids.get(name), partitions.get(name), describe(name)));
        }
        return found;
    }

    private Map<String, String> describe(String topic) throws IOException {
        var answer = ask(DESCRIBE_CONFIGS, 1, new Writer(1, false).int32(1).int8(OF_TOPIC).string(topic)
                .int32(-1).bool(false));
        answer.int32();
        var set = new TreeMap<String, String>();
        answer.array(resource -> {
            require(resource.int16() == 0, "no configuration of " + topic);
            resource.nullableString();
            resource.int8();
            resource.string();
            return resource.array(in -> {
                var key = in.string();
                var value = in.nullableString();
                in.bool();
                if (in.int8() == SET_FOR_TOPIC) {
                    set.put(key, value);
                }
                in.bool();
                return in.array(each -> each.string() + each.nullableString() + each.int8());
            });
        });
        return set;
    }

    private void checkRecords(String topic, int partition, Sent log) throws IOException {
        var answer = ask(FETCH, 4, new Writer(4, false).int32(-1).int32(0).int32(0).int32(1 << 24).int8(0)
                .int32(1).string(topic).int32(1).int32(partition).int64(0).int32(1 << 24));
        answer.int32();
        answer.int32();
        answer.string();
        answer.int32();
        answer.int32();
        int error = answer.int16();
        require(error == 0, topic + "-" + partition + " cannot be read: " + error);
        long end = answer.int64();
        answer.int64();
        answer.nullableArray(in -> in.int64() + in.int64());
        var bytes = answer.nullableBytes();
        var once = new HashSet<String>();
        long next = 0;
        for (int at = 0; bytes != null && at < bytes.remaining();) {
            var batch = new RecordBatch(bytes, bytes.position() + at);
            require(batch.baseOffset() == next && batch.checksumHolds(), "batch " + batch.baseOffset());
            for (var record : batch.records(1 << 20)) {
                var value = StandardCharsets.UTF_8.decode(record.value().duplicate()).toString();
                require(log.all.contains(value) && once.add(value), value + " was not sent, or only once");
                var known = log.acknowledged.get(record.offset());
                require(known == null || known.equals(value), record.offset() + " is " + value + " now");
            }
            next = batch.nextOffset();
            at += batch.sizeBytes();
        }
        require(next == end && once.containsAll(log.acknowledged.values()), "of " + topic + "-" + partition
                + " there is " + once + " before " + end + ", but acknowledged were " + log.acknowledged);
        // What is there now was forced by the start, or is by the next acknowledgement; only then it counts.
    }

    /** Sends a request and returns the body of the answer. */
    private Reader ask(int key, int version, Writer body) throws IOException {
        boolean flexible = version == FLEXIBLE_METADATA;
        var header = new Writer(0, false).int16(key).int16(version).int32(7).string("model");
        if (flexible) {
            header.int8(0);
        }
        var out = new Writer(0, false).int32(header.size() + body.size()).raw(header.toBuffer())
                .raw(body.toBuffer());
        var request = new byte[out.size()];
        out.toBuffer().get(request);
        socket.getOutputStream().write(request);
        var in = new DataInputStream(socket.getInputStream());
        var reader = new Reader(ByteBuffer.wrap(in.readNBytes(in.readInt())), version, flexible);
        reader.int32();
        if (flexible) {
            reader.tags();
        }
        return reader;
    }
}
