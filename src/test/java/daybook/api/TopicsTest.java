package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.catalog.ConfigResource;
import daybook.log.Appended;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * CreateTopics, DeleteTopics, CreatePartitions and DeleteRecords over a socket. The errors and sentences are
 * those that Apache Kafka 4.3.1 answered to the same requests.
 */
final class TopicsTest {
    private static final int NO_TIME = 0;

    @TempDir
    Path directory;
    private TestBroker broker;
    private TestClient client;

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(directory);
        client = broker.client();
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        broker.close();
    }

    /** A topic as CreateTopics asks for it: an index and brokers for each assignment, in this order. */
    private record Asked(String name, int partitions, int factor, List<Integer> indexes,
            List<List<Integer>> brokers, List<String> configs) {
        static Asked of(String name, int partitions, int factor) {
            return new Asked(name, partitions, factor, List.of(), List.of(), List.of());
        }

        /** Configs are NAME=VALUE; without the sign, null. */
        Asked with(String... entries) {
            return new Asked(name, partitions, factor, indexes, brokers, List.of(entries));
        }

        @SafeVarargs
        @SuppressWarnings("varargs")
        static Asked assigned(String name, List<Integer> indexes, List<Integer>... brokers) {
            return new Asked(name, -1, -1, indexes, List.of(brokers), List.of());
        }

        void write(Writer out) {
            out.string(name).int32(partitions).int16(factor).length(indexes.size());
            for (int i = 0; i < indexes.size(); i++) {
                out.int32(indexes.get(i)).int32s(brokers.get(i)).tags();
            }
            out.structs(configs, (each, config) -> {
                int sign = config.indexOf('=');
                each.string(sign < 0 ? config : config.substring(0, sign));
                each.string(sign < 0 ? null : config.substring(sign + 1));
            });
        }
    }

    private record Made(String name, Uuid id, ErrorCode error, String message, int partitions, int factor,
            Map<String, String> configs) {
        static Made read(Reader in) {
            var name = in.string();
            var id = in.since(7) ? in.uuid() : Uuid.ZERO;
            var error = ErrorCode.of(in.int16());
            var message = in.nullableString();
            var configs = new LinkedHashMap<String, String>();
            int partitions = in.since(5) ? in.int32() : -1;
            int factor = in.since(5) ? in.int16() : -1;
            if (in.since(5)) {
                in.structs(each -> {
                    var key = each.string();
                    var value = each.nullableString();
                    each.bool();
                    int source = each.int8();
                    each.bool();
                    return configs.put(key, value + "/" + source);
                });
            }
            return new Made(name, id, error, message, partitions, factor, configs);
        }

        String verdict() {
            return error.code() + " " + message;
        }
    }

    private List<Made> create(int version, int timeoutMs, boolean validateOnly,
            Asked... topics) throws IOException {
        var reply = client.ask("CreateTopics", version, out -> out.structs(List.of(topics), (each, topic) ->
                topic.write(each)).int32(timeoutMs).bool(validateOnly).tags());
        assertEquals(0, reply.int32());
        var made = reply.structs(Made::read);
        reply.tags();
        return Replies.whole(reply, made);
    }

    private String verdict(Asked topic) throws IOException {
        return create(7, 5000, true, topic).getFirst().verdict();
    }

    @Test
    void everyVersionMakesATopicThatCanBeWrittenTo() throws IOException {
        for (int version = 2; version <= 7; version++) {
            var name = "v" + version;
            var made = create(version, 5000, false, Asked.of(name, 2, 1).with("retention.ms=12345"))
                    .getFirst();
            assertEquals("0 null", made.verdict());
            assertEquals(version >= 5 ? 2 : -1, made.partitions);
            assertEquals(version >= 5 ? 1 : -1, made.factor);
            assertNotNull(broker.log(name, 1), "the log is there when the reply is");
            var topic = broker.catalog.image().topic(name);
            assertEquals(version >= 7 ? topic.id() : Uuid.ZERO, made.id);
            assertEquals(Map.of("retention.ms", "12345"),
                    broker.catalog.image().config(ConfigResource.topic(name)));
            if (version >= 5) {
                assertEquals("12345/1", made.configs.get("retention.ms"));
                assertEquals("delete/5", made.configs.get("cleanup.policy"));
                assertEquals("1/3", made.configs.get("min.insync.replicas"));
                assertEquals(33, made.configs.size());
            }
        }
    }

    @Test
    void refusesNames() throws IOException {
        broker.topic("c_b", 1);
        assertEquals("17 Topic name is invalid: the empty string is not allowed",
                verdict(Asked.of("", 1, 1)));
        assertEquals("17 Topic name is invalid: '.' is not allowed", verdict(Asked.of(".", 1, 1)));
        assertEquals("17 Topic name is invalid: 'a b' contains one or more characters other than ASCII"
                + " alphanumerics, '.', '_' and '-'", verdict(Asked.of("a b", 1, 1)));
        assertEquals("0 null", verdict(Asked.of("a".repeat(249), 1, 1)));
        assertEquals("17 Topic name is invalid: the length of '" + "a".repeat(250)
                + "' is longer than the max allowed length 249", verdict(Asked.of("a".repeat(250), 1, 1)));
        assertEquals("42 Creation of internal topic __cluster_metadata is prohibited.",
                verdict(Asked.of("__cluster_metadata", 1, 1)));
        assertEquals("17 Topic 'c.b' collides with existing topic: c_b", verdict(Asked.of("c.b", 1, 1)));
        assertEquals("36 Topic 'c_b' already exists.", verdict(Asked.of("c_b", 1, 1).with("no.such=1")));
    }

    @Test
    void refusesNumbers() throws IOException {
        assertEquals("37 Number of partitions was set to an invalid non-positive value.",
                verdict(Asked.of("n", 0, 1)));
        assertEquals("37 Number of partitions was set to an invalid non-positive value.",
                verdict(Asked.of("n", -2, 1)));
        assertEquals("0 null", verdict(Asked.of("n", -1, -1)));
        assertEquals("38 Replication factor must be larger than 0, or -1 to use the default value.",
                verdict(Asked.of("n", 1, 0)));
        assertEquals("38 Unable to replicate the partition 2 time(s): The target replication factor of 2"
                + " cannot be reached because only 1 broker(s) are registered or some brokers have all"
                + " their log directories cordoned.", verdict(Asked.of("n", 1, 2)));
        assertEquals("0 null", verdict(Asked.of("n", 9999, 1)));
        assertEquals("44 Unable to perform excessively large batch operation.",
                verdict(Asked.of("n", 10_000, 1)));
        assertEquals("44 Excessively large number of partitions per request.",
                verdict(Asked.of("n", Integer.MAX_VALUE, 1)));
        var two = create(7, 5000, false, Asked.of("n1", 6000, 1), Asked.of("a b", 6000, 1));
        assertEquals("44 Excessively large number of partitions per request.", two.get(0).verdict());
        assertEquals("44 Excessively large number of partitions per request.", two.get(1).verdict());
        assertNull(broker.catalog.image().topic("n1"));
    }

    @Test
    void takesAssignments() throws IOException {
        assertEquals("0 null", verdict(Asked.assigned("m", List.of(1, 0), List.of(1), List.of(1))));
        assertEquals("39 The manual partition assignment includes broker 5, but no such broker is"
                + " registered.",
                verdict(Asked.assigned("m", List.of(0), List.of(1, 5))));
        assertEquals("39 The manual partition assignment includes the broker 1 more than once.",
                verdict(Asked.assigned("m", List.of(0), List.of(1, 1))));
        assertEquals("39 The manual partition assignment includes an empty replica list.",
                verdict(Asked.assigned("m", List.of(0), List.of())));
        assertEquals("39 Found multiple manual partition assignments for partition 0",
                verdict(Asked.assigned("m", List.of(0, 0), List.of(1), List.of(1))));
        assertEquals("39 partitions should be a consecutive 0-based integer sequence",
                verdict(Asked.assigned("m", List.of(0, 2), List.of(1), List.of(1))));
        assertEquals("39 partitions should be a consecutive 0-based integer sequence",
                verdict(Asked.assigned("m", List.of(-1), List.of(1))));
        assertEquals("42 A manual partition assignment was specified, but numPartitions was not set to -1.",
                verdict(new Asked("m", 1, -1, List.of(0), List.of(List.of(1)), List.of())));
        assertEquals("42 A manual partition assignment was specified, but replication factor was not set"
                + " to -1.",
                verdict(new Asked("m", -1, 1, List.of(0), List.of(List.of(1)), List.of())));
        var made = create(7, 5000, false, Asked.assigned("m", List.of(1, 0), List.of(1), List.of(1)))
                .getFirst();
        assertEquals(2, made.partitions);
        assertNotNull(broker.log("m", 1));
    }

    @Test
    void refusesConfigs() throws IOException {
        assertEquals("40 Unknown topic config name: no.such", verdict(Asked.of("k", 1, 1).with("no.such=1")));
        assertEquals("40 Null value not supported for topic configs: retention.ms,segment.ms",
                verdict(Asked.of("k", 1, 1).with("retention.ms", "segment.ms", "x=1")));
        assertEquals("40 Invalid value abc for configuration retention.ms: Not a number of type LONG",
                verdict(Asked.of("k", 1, 1).with("retention.ms=abc")));
        assertEquals("40 conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms"
                + " (5)",
                verdict(Asked.of("k", 1, 1).with("min.compaction.lag.ms=10", "max.compaction.lag.ms=5")));
        assertEquals("6/1", create(7, 5000, true,
                Asked.of("k", 1, 1).with("retention.ms=5", "retention.ms=6"))
                .getFirst().configs.get("retention.ms"), "the last one wins");
        assertNull(broker.catalog.image().topic("k"));
    }

    @Test
    void oneTopicDoesNotHinderAnother() throws IOException {
        var made = create(7, 5000, false, Asked.of("d", 1, 1), Asked.of("t0", 1, 1), Asked.of("d", 2, 1),
                Asked.of("a b", 1, 1), Asked.of("t1", 3, 1), Asked.of("d", 1, 1));
        assertEquals(List.of("t0", "a b", "t1", "d"), made.stream().map(Made::name).toList());
        assertEquals("42 Duplicate topic name.", made.getLast().verdict());
        assertEquals(List.of(ErrorCode.NONE, ErrorCode.INVALID_TOPIC_EXCEPTION, ErrorCode.NONE,
                ErrorCode.INVALID_REQUEST), made.stream().map(Made::error).toList());
        assertEquals(List.of(), made.get(1).configs.keySet().stream().toList());
        assertEquals(-1, made.get(1).partitions);
        assertEquals(List.of("t0", "t1"), List.copyOf(broker.catalog.image().topics().keySet()));
        assertEquals(List.of(), create(5, 5000, false));
    }

    @Test
    void withoutTimeNothingHappens() throws IOException {
        assertEquals("7 null", create(7, NO_TIME, false, Asked.of("t", 1, 1)).getFirst().verdict());
        assertNull(broker.catalog.image().topic("t"));
        broker.topic("t", 1);
        assertEquals(List.of("t 7 null"), grow(3, NO_TIME, false, Growth.to("t", 2)));
        assertEquals(List.of("t 7 null"), deleteByName(5, NO_TIME, "t"));
        assertEquals(1, broker.catalog.image().topic("t").partitions().size());
    }

    private record Growth(String name, int count, List<List<Integer>> brokers) {
        static Growth to(String name, int count) {
            return new Growth(name, count, null);
        }

        @SafeVarargs
        @SuppressWarnings("varargs")
        static Growth to(String name, int count, List<Integer>... brokers) {
            return new Growth(name, count, List.of(brokers));
        }
    }

    private List<String> grow(int version, int timeoutMs, boolean validateOnly,
            Growth... topics) throws IOException {
        var reply = client.ask("CreatePartitions", version, out ->
                out.structs(List.of(topics), (each, topic) -> {
            each.string(topic.name).int32(topic.count);
            each.structs(topic.brokers, Writer::int32s);
        }).int32(timeoutMs).bool(validateOnly).tags());
        assertEquals(0, reply.int32());
        var lines = reply.structs(each -> each.string() + " " + each.int16() + " " + each.nullableString());
        reply.tags();
        return Replies.whole(reply, lines);
    }

    @Test
    void partitionsAreAdded() throws IOException {
        broker.topic("p", 1);
        for (int version = 0; version <= 3; version++) {
            assertEquals(List.of("p 0 null"), grow(version, 5000, false, Growth.to("p", version + 2)));
            assertNotNull(broker.log("p", version + 1));
        }
        assertEquals(List.of("p 0 null"), grow(3, 5000, true, Growth.to("p", 9)));
        assertEquals(5, broker.catalog.image().topic("p").partitions().size());
        assertEquals(List.of("p 0 null"), grow(3, 5000, false, Growth.to("p", 6, List.of(1))));
        assertEquals(6, broker.catalog.image().topic("p").partitions().size());
    }

    @Test
    void partitionsAreRefused() throws IOException {
        broker.topic("p", 5);
        assertEquals(List.of("p 37 The topic p currently has 5 partition(s); 4 would not be an increase."),
                grow(3, 5000, false, Growth.to("p", 4)));
        assertEquals(List.of("p 37 Topic already has 5 partition(s)."),
                grow(3, 5000, false, Growth.to("p", 5)));
        assertEquals(List.of("p 39 Attempted to add 3 additional partition(s), but only 1 assignment(s)"
                + " were specified."),
                grow(3, 5000, false, Growth.to("p", 8, List.of(1))));
        assertEquals(List.of("p 39 The manual partition assignment includes broker 7, but no such broker"
                + " is registered."), grow(3, 5000, false, Growth.to("p", 7, List.of(1), List.of(7))));
        assertEquals(List.of("p 44 Unable to perform excessively large batch operation."),
                grow(3, 5000, false, Growth.to("p", Integer.MAX_VALUE)));
        assertEquals(List.of("no 3 null", "p 42 Duplicate topic name.", "a b 3 null"), grow(3, 5000, false,
                Growth.to("no", 2), Growth.to("p", 8), Growth.to("p", 9), Growth.to("a b", 9)));
        assertEquals(5, broker.catalog.image().topic("p").partitions().size());
    }

    private List<String> deleteByName(int version, int timeoutMs, String... names) throws IOException {
        var reply = client.ask("DeleteTopics", version, out ->
                out.strings(List.of(names)).int32(timeoutMs).tags());
        assertEquals(0, reply.int32());
        var lines = reply.structs(each -> each.string() + " " + each.int16()
                + (each.since(5) ? " " + each.nullableString() : ""));
        reply.tags();
        return Replies.whole(reply, lines);
    }

    private List<String> delete(Object... namesAndIds) throws IOException {
        var asked = new ArrayList<TopicRef>();
        for (var each : namesAndIds) {
            asked.add(switch (each) {
                case TopicRef ref -> ref;
                case Uuid id -> new TopicRef(null, id);
                default -> TopicRef.of((String) each);
            });
        }
        var reply = client.ask("DeleteTopics", 6, out -> out.structs(asked, (each, ref) ->
                each.string(ref.name()).uuid(ref.id())).int32(5000).tags());
        assertEquals(0, reply.int32());
        var lines = reply.structs(each -> each.nullableString() + " " + each.uuid() + " " + each.int16() + " "
                + each.nullableString());
        reply.tags();
        return Replies.whole(reply, lines);
    }

    @Test
    void topicsAreDeletedByName() throws IOException {
        for (int version = 1; version <= 5; version++) {
            broker.topic("t", 2, Map.of("retention.ms", "5"));
            assertEquals(List.of("t 0" + (version >= 5 ? " null" : "")), deleteByName(version, 5000, "t"));
            assertNull(broker.catalog.image().topic("t"));
            assertNull(broker.log("t", 1));
            assertEquals(Map.of(), broker.catalog.image().config(ConfigResource.topic("t")));
        }
        assertEquals(List.of("t 3"), deleteByName(4, 5000, "t"));
        broker.topic("t", 1);
        assertEquals(List.of("t 42 Duplicate topic name.",
                "x 3 This server does not host this topic-partition."),
                deleteByName(5, 5000, "t", "x", "t"));
        assertNotNull(broker.log("t", 0));
    }

    @Test
    void topicsAreDeletedById() throws IOException {
        var zero = Uuid.ZERO;
        var first = broker.topic("t1", 1);
        var second = broker.topic("t2", 1);
        var third = broker.topic("t3", 1);
        var unknown = new Uuid(0, 4711);
        assertEquals(List.of("t1 " + first + " 0 null", "t2 " + second + " 0 null",
                        "null " + unknown + " 100 This server does not host this topic ID."),
                delete(first, "t2", unknown));
        assertEquals(List.of("t3 " + third
                + " 42 The provided topic name maps to an ID that was already supplied."),
                delete("t3", third));
        assertEquals(List.of("null " + third + " 42 Duplicate topic id."), delete(third, third));
        assertEquals(List.of("null " + zero + " 42 Neither topic name nor id were specified.",
                        "t3 " + third + " 42 You may not specify both topic name and topic id.",
                        "a b " + zero + " 3 This server does not host this topic-partition."),
                delete(zero, new TopicRef("t3", third), "a b"));
        assertNotNull(broker.log("t3", 0));
        assertNull(broker.log("t1", 0));
    }

    @Test
    void deletionCanBeForbidden() throws IOException {
        stop();
        broker = new TestBroker(directory, Map.of("delete.topic.enable", "false"));
        client = broker.client();
        broker.topic("t", 1);
        assertEquals(List.of("t 42"), deleteByName(1, 5000, "t"));
        assertEquals(List.of("t 73 null"), deleteByName(5, 5000, "t"));
        assertNotNull(broker.log("t", 0));
    }

    /** Partitions with the offset before which their records are to go. */
    private List<String> cut(int version, String topic, long... partitionsAndOffsets) throws IOException {
        var reply = client.ask("DeleteRecords", version, out -> {
            out.length(1).string(topic).length(partitionsAndOffsets.length / 2);
            for (int i = 0; i < partitionsAndOffsets.length; i += 2) {
                out.int32((int) partitionsAndOffsets[i]).int64(partitionsAndOffsets[i + 1]).tags();
            }
            out.tags().int32(5000).tags();
        });
        assertEquals(0, reply.int32());
        var lines = new ArrayList<String>();
        reply.structs(each -> {
            assertEquals(topic, each.string());
            return each.structs(place ->
                    lines.add(place.int32() + ": " + place.int64() + " " + place.int16()));
        });
        reply.tags();
        return Replies.whole(reply, lines);
    }

    @Test
    void recordsOfACompactedTopicAreNotDeleted() throws IOException {
        broker.topic("r", 1, Map.of("cleanup.policy", "compact"));
        broker.topic("both", 1, Map.of("cleanup.policy", "delete,compact"));
        assertEquals(List.of("0: -1 44"), cut(2, "r", 0, 0));
        assertEquals(List.of("0: 0 0"), cut(2, "both", 0, 0));
    }

    @Test
    void recordsAreDeleted() throws IOException {
        broker.topic("r", 2);
        for (int i = 0; i < 3; i++) {
            assertTrue(broker.log("r", 0).append(Batches.of("one", "two", "three"))
                    instanceof Appended.Done);
        }
        for (int version = 0; version <= 2; version++) {
            assertEquals(List.of("0: " + version + " 0"), cut(version, "r", 0, version));
        }
        assertEquals(List.of("0: 4 0"), cut(2, "r", 0, 4), "inside of a batch");
        assertEquals(4, broker.log("r", 0).startOffset());
        assertEquals(List.of("0: 4 0"), cut(2, "r", 0, 2), "never back");
        assertEquals(List.of("0: -1 1"), cut(2, "r", 0, 10));
        assertEquals(List.of("0: -1 1"), cut(2, "r", 0, -2));
        assertEquals(List.of("0: 9 0"), cut(2, "r", 0, 5, 0, -1), "the last of a partition wins");
        assertEquals(List.of("1: 0 0", "9: -1 3"), cut(2, "r", 1, -1, 9, 0));
        assertEquals(List.of("0: -1 3"), cut(2, "no", 0, 0));
        assertEquals(List.of("0: -1 3"), cut(2, "__cluster_metadata", 0, 0));
    }
}
