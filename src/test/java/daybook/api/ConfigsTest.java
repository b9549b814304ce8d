package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.catalog.ConfigResource;
import daybook.catalog.MetadataRecord.FeatureLevelRecord;
import daybook.catalog.TopicConfigs;
import daybook.wire.Reader;
import daybook.wire.Writer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * DescribeConfigs, AlterConfigs, IncrementalAlterConfigs and ListConfigResources over a socket. The errors
 * and sentences are those that Apache Kafka 4.3.1 answered to the same requests.
 */
final class ConfigsTest {
    private static final int TOPIC = 2;
    private static final int BROKER = 4;
    private static final int LOGGER = 8;
    private static final int CLIENT_METRICS = 16;
    private static final int GROUP = 32;
    private static final int SET = 0;
    private static final int DELETE = 1;
    private static final int APPEND = 2;
    private static final int SUBTRACT = 3;

    @TempDir
    Path directory;
    private TestBroker broker;
    private TestClient client;

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(directory);
        client = broker.client();
        broker.topic("t", 1);
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        broker.close();
    }

    /** What is set for topic {@code t}. */
    private Map<String, String> set() {
        return broker.catalog.image().config(ConfigResource.topic("t"));
    }

    private record Op(String key, int operation, String value) { }

    private static Op set(String key, String value) {
        return new Op(key, SET, value);
    }

    /** A resource and what is to be done to it. */
    private record Asked(int type, String name, Op... ops) {
        static Asked topic(Op... ops) {
            return new Asked(TOPIC, "t", ops);
        }
    }

    private List<String> alter(String api, int version, boolean validateOnly,
            Asked... resources) throws IOException {
        boolean incremental = api.equals("IncrementalAlterConfigs");
        var reply = client.ask(api, version, out -> out.structs(List.of(resources), (each, resource) ->
                each.int8(resource.type).string(resource.name).structs(List.of(resource.ops), (entry, op) -> {
                    entry.string(op.key);
                    if (incremental) {
                        entry.int8(op.operation);
                    }
                    entry.string(op.value);
                })).bool(validateOnly).tags());
        assertEquals(0, reply.int32());
        var lines = reply.structs(each -> {
            int error = each.int16();
            var message = each.nullableString();
            return each.int8() + ":" + each.string() + " " + error + " " + message;
        });
        reply.tags();
        return Replies.whole(reply, lines);
    }

    private String incremental(Op... ops) throws IOException {
        return alter("IncrementalAlterConfigs", 1, false, Asked.topic(ops)).getFirst()
                .substring("2:t ".length());
    }

    private String broker(String name, Op... ops) throws IOException {
        return alter("IncrementalAlterConfigs", 1, false, new Asked(BROKER, name, ops)).getFirst()
                .substring(("4:" + name + " ").length());
    }

    @Test
    void incrementalChangesAreMade() throws IOException {
        for (int version = 0; version <= 1; version++) {
            assertEquals(List.of("2:t 0 null"), alter("IncrementalAlterConfigs", version, false,
                    Asked.topic(set("retention.ms", "5" + version), set("segment.ms", "7"))));
            assertEquals(Map.of("retention.ms", "5" + version, "segment.ms", "7"), set());
        }
        assertEquals("0 null", incremental(new Op("retention.ms", DELETE, null), new Op("x", DELETE, "y")));
        assertEquals(Map.of("segment.ms", "7"), set());
        long offset = broker.catalog.image().offset();
        assertEquals("0 null", incremental(set("segment.ms", "7")));
        assertEquals(offset, broker.catalog.image().offset(), "nothing changed, nothing is written");
        assertEquals(List.of("2:t 0 null"),
                alter("IncrementalAlterConfigs", 1, true, Asked.topic(set("segment.ms", "8"))));
        assertEquals(Map.of("segment.ms", "7"), set());
        assertEquals("0 null", incremental());
    }

    @Test
    void listsGrowAndShrink() throws IOException {
        var key = "leader.replication.throttled.replicas";
        assertEquals("0 null", incremental(new Op(key, APPEND, "0:1,1:1")));
        assertEquals("0 null", incremental(new Op(key, APPEND, "2:1, 0:1")));
        assertEquals(Map.of(key, "0:1,1:1,2:1"), set());
        assertEquals("0 null", incremental(new Op(key, SUBTRACT, "1:1,9:1")));
        assertEquals(Map.of(key, "0:1,2:1"), set());
        assertEquals("0 null",
                incremental(new Op(key, DELETE, null), new Op("cleanup.policy", APPEND, "delete")));
        assertEquals(Map.of("cleanup.policy", "delete"), set(), "the default is there already");
        assertEquals("0 null", incremental(new Op("cleanup.policy", SUBTRACT, "delete")));
        assertEquals(Map.of("cleanup.policy", ""), set());
        assertEquals("40 Can't APPEND to key retention.ms because its type is not LIST.",
                incremental(new Op("retention.ms", APPEND, "5")));
        assertEquals("40 Can't SUBTRACT to key no.such because its type is not LIST.",
                incremental(new Op("no.such", SUBTRACT, "5")));
        assertEquals("40 Invalid value x for configuration cleanup.policy: String must be one of:"
                + " compact, delete",
                incremental(new Op("cleanup.policy", APPEND, "x")));
        assertEquals("40 Configuration 'cleanup.policy' values must not be empty.",
                incremental(new Op("cleanup.policy", APPEND, "")));
    }

    @Test
    void changesAreRefusedWhole() throws IOException {
        assertEquals("42 Error due to duplicate config keys",
                incremental(set("retention.ms", "5"), new Op("retention.ms", DELETE, null)));
        assertEquals("42 Null value not supported for : retention.ms, segment.ms",
                incremental(set("retention.ms", null), set("segment.ms", null)));
        assertEquals("40 Invalid value  for configuration retention.ms: Not a number of type LONG",
                incremental(set("retention.ms", "")));
        assertEquals("40 Invalid value x for configuration segment.ms: Not a number of type LONG",
                incremental(set("retention.ms", "5"), set("segment.ms", "x")));
        assertEquals("40 Unknown topic config name: no.such", incremental(set("no.such", "1")));
        assertEquals("42 Unknown operations type 4", incremental(new Op("retention.ms", 4, "5")));
        assertEquals(Map.of(), set());
        var twice = Asked.topic(set("retention.ms", "5"));
        assertEquals(List.of("2:t 42 Each resource must appear at most once.",
                        "2:t 42 Each resource must appear at most once."),
                alter("IncrementalAlterConfigs", 1, false, twice, twice));
        assertEquals(Map.of(), set());
    }

    @Test
    void oneResourceDoesNotHinderAnother() throws IOException {
        var op = set("retention.ms", "5");
        assertEquals(List.of(
                "2:no 3 The topic 'no' does not exist.",
                "2: 42 Default topic resources are not allowed.",
                "2:a b 17 Topic name is invalid: 'a b' contains one or more characters other than ASCII"
                        + " alphanumerics, '.', '_' and '-'",
                "2:t 0 null",
                "8:1 42 Unknown resource type 8",
                "64:x 42 Unknown resource type 64",
                "0:x 42 Unknown resource type 0"), alter("IncrementalAlterConfigs", 1, false,
                new Asked(TOPIC, "no", op), new Asked(TOPIC, "", op), new Asked(TOPIC, "a b", op),
                Asked.topic(op),
                new Asked(LOGGER, "1", op), new Asked(64, "x", op), new Asked(0, "x", op)));
        assertEquals(Map.of("retention.ms", "5"), set());
        assertEquals(List.of(), alter("IncrementalAlterConfigs", 0, false));
    }

    @Test
    void alterConfigsReplacesAll() throws IOException {
        for (int version = 0; version <= 2; version++) {
            assertEquals(List.of("2:t 0 null"), alter("AlterConfigs", version, false,
                    Asked.topic(set("retention.ms", "5" + version), set("flush.ms", "9"))));
            assertEquals(Map.of("retention.ms", "5" + version, "flush.ms", "9"), set());
        }
        assertEquals(List.of("2:t 0 null"),
                alter("AlterConfigs", 2, false, Asked.topic(set("segment.ms", "9"))));
        assertEquals(Map.of("segment.ms", "9"), set());
        assertEquals(List.of("2:t 42 Null value not supported for : segment.ms"),
                alter("AlterConfigs", 2, false, Asked.topic(set("segment.ms", null))));
        assertEquals(List.of("2:t 42 Error due to duplicate config keys"),
                alter("AlterConfigs", 2, false, Asked.topic(set("segment.ms", "1"), set("segment.ms", "2"))));
        assertEquals(List.of("2:t 0 null"), alter("AlterConfigs", 2, true, Asked.topic()));
        assertEquals(Map.of("segment.ms", "9"), set());
        assertEquals(List.of("2:t 0 null"), alter("AlterConfigs", 2, false, Asked.topic()));
        assertEquals(Map.of(), set());
    }

    @Test
    void brokerConfigsChangeAtRunTime() throws IOException {
        assertEquals("0 null", broker("", set("message.max.bytes", "3000")));
        assertEquals(3000, broker.services.config().get().integer("message.max.bytes"));
        assertEquals("0 null", broker("1", set("message.max.bytes", "4000")));
        assertEquals(4000, broker.services.config().get().integer("message.max.bytes"));
        assertEquals(List.of("max.message.bytes=4000/2 [message.max.bytes=4000/2,"
                + " message.max.bytes=3000/3, message.max.bytes=1048588/5]"),
                describe(4, true, TOPIC, "t", "max.message.bytes").entries);
        assertEquals(List.of("message.max.bytes=4000/2 [message.max.bytes=4000/2,"
                + " message.max.bytes=3000/3, message.max.bytes=1048588/5]"),
                describe(4, true, BROKER, "1", "message.max.bytes").entries);
        assertEquals(List.of("message.max.bytes=3000/3 [message.max.bytes=3000/3]"),
                describe(4, true, BROKER, "", "message.max.bytes").entries);
        assertEquals("0 null", broker("1", new Op("message.max.bytes", DELETE, null)));
        assertEquals("0 null", broker("", new Op("message.max.bytes", DELETE, null)));
        assertEquals(1048588, broker.services.config().get().integer("message.max.bytes"));
    }

    @Test
    void brokerConfigsAreRefused() throws IOException {
        assertEquals("42 Cannot update these configs dynamically: [log.dirs, node.id]",
                broker("1", set("node.id", "5"), set("log.dirs", "/x")));
        assertEquals("42 Invalid value x for configuration message.max.bytes: Not a number of type INT",
                broker("", set("message.max.bytes", "x")));
        assertEquals("42 Unexpected broker id, expected 1, but received 5",
                broker("5", set("message.max.bytes", "5")));
        assertEquals("42 Node id must be an integer, but it is: abc",
                broker("abc", set("message.max.bytes", "5")));
        assertEquals("42 Null value not supported for : message.max.bytes",
                broker("1", set("message.max.bytes", null)));
        assertEquals("0 null", broker("1", new Op("node.id", DELETE, null)));
    }

    @Test
    void eligibleLeadersPinTheInSyncSet() throws IOException {
        var key = "min.insync.replicas";
        assertEquals("40 Broker-level min.insync.replicas cannot be altered while ELR is enabled.",
                broker("1", set(key, "2")));
        assertEquals("40 Cluster-level min.insync.replicas cannot be removed while ELR is enabled.",
                broker("", new Op(key, DELETE, null)));
        assertEquals(List.of("4: 40 Cluster-level min.insync.replicas cannot be removed while ELR is"
                + " enabled."),
                alter("AlterConfigs", 2, false, new Asked(BROKER, "", set("message.max.bytes", "5"))));
        assertEquals("0 null", broker("", set(key, "2")));
        broker.catalog.change(image ->
                List.of(new FeatureLevelRecord("eligible.leader.replicas.version", 0)));
        assertEquals("0 null", broker("1", set(key, "3")));
        assertEquals("0 null", broker("", new Op(key, DELETE, null)));
    }

    private record Described(int error, String message, int type, String name, List<String> entries) {
        static Described read(Reader in) {
            int error = in.int16();
            return new Described(error, in.nullableString(), in.int8(), in.string(),
                    in.structs(Described::entry));
        }

        /** NAME=VALUE/SOURCE, then "ro" and "sensitive", synonyms, type and documentation where they are. */
        private static String entry(Reader in) {
            var text = new StringBuilder(in.string() + "=" + in.nullableString());
            boolean readOnly = in.bool();
            text.append("/" + in.int8()).append(readOnly ? " ro" : "").append(in.bool() ? " sensitive" : "");
            var synonyms = in.structs(each -> each.string() + "=" + each.nullableString() + "/"
                    + each.int8());
            text.append(synonyms.isEmpty() ? "" : " " + synonyms);
            if (in.since(3)) {
                assertTrue(in.int8() > 0, "a type");
                var documentation = in.nullableString();
                text.append(documentation == null ? "" : " documented");
            }
            return text.toString();
        }
    }

    private Described describe(int version, boolean all, int type, String name,
            String... keys) throws IOException {
        var reply = client.ask("DescribeConfigs", version, out -> {
            out.length(1).int8(type).string(name).strings(keys.length == 0 ? null : List.of(keys)).tags()
                    .bool(all);
            if (out.since(3)) {
                out.bool(false);
            }
            out.tags();
        });
        assertEquals(0, reply.int32());
        var described = reply.structs(Described::read).getFirst();
        reply.tags();
        return Replies.whole(reply, described);
    }

    @Test
    void topicsAreDescribed() throws IOException {
        assertEquals("0 null", incremental(set("retention.ms", " 777 ")));
        for (int version = 1; version <= 4; version++) {
            assertEquals(new Described(0, "", TOPIC, "t", List.of(
                    "retention.ms=777/1 [retention.ms=777/1]",
                    "segment.ms=604800000/5")),
                    describe(version, true, TOPIC, "t", "segment.ms", "retention.ms", "no"));
            assertEquals(List.of("min.insync.replicas=1/3"),
                    describe(version, false, TOPIC, "t", "min.insync.replicas").entries);
            assertEquals(33, describe(version, false, TOPIC, "t").entries.size());
        }
        assertEquals(new Described(3, "", TOPIC, "no", List.of()), describe(4, false, TOPIC, "no"));
        assertEquals(new Described(17, "Topic name is invalid: the empty string is not allowed", TOPIC, "",
                List.of()),
                describe(4, false, TOPIC, ""));
    }

    @Test
    void theBrokerIsDescribed() throws IOException {
        assertEquals(List.of("num.partitions=1/5 ro"),
                describe(4, false, BROKER, "1", "num.partitions").entries);
        assertEquals(List.of("min.insync.replicas=1/3"), describe(4, false, BROKER, "").entries);
        assertEquals("Unexpected broker id, expected 1 or empty string, but received 5",
                describe(4, false, BROKER, "5").message);
        assertEquals("Broker id must be an integer, but it is: x", describe(4, false, BROKER, "x").message);
        for (int type : List.of(0, 1, LOGGER, CLIENT_METRICS, 64)) {
            assertEquals(new Described(42, "Unknown resource type " + type, type, "1", List.of()),
                    describe(4, false, type, "1"));
        }
    }

    private String group(String id, Op... ops) throws IOException {
        return alter("IncrementalAlterConfigs", 1, false, new Asked(GROUP, id, ops)).getFirst()
                .substring(("32:" + id + " ").length());
    }

    @Test
    void groupsHaveAConfiguration() throws IOException {
        var session = "consumer.session.timeout.ms";
        assertEquals("0 null", group("a b", set(session, "50000")));
        assertEquals(List.of(session + "=50000/8 [" + session + "=50000/8, group." + session + "=45000/5]",
                "consumer.heartbeat.interval.ms=5000/5 [group.consumer.heartbeat.interval.ms=5000/5]"),
                describe(4, true, GROUP, "a b").entries);
        assertEquals(List.of(session + "=45000/5"), describe(1, false, GROUP, "b", session).entries,
                "it need not be there");
        assertEquals(List.of("a b:32"), list(1, GROUP));
        assertEquals(List.of("32:b 0 null"), alter("AlterConfigs", 2, false,
                new Asked(GROUP, "b", set(session, "46000"), set("consumer.heartbeat.interval.ms", "6000"))));
        assertEquals(List.of(session + "=46000/8", "consumer.heartbeat.interval.ms=6000/8"),
                describe(4, false, GROUP, "b").entries);
        assertEquals(List.of("32:b 0 null"), alter("AlterConfigs", 2, false, new Asked(GROUP, "b")));
        assertEquals("0 null", group("a b", new Op(session, DELETE, null), new Op("no", DELETE, null)));
        assertEquals(List.of(), list(1, GROUP));
        assertEquals("Group name must not be empty", describe(4, false, GROUP, "").message);
        assertEquals("42 Default group resources are not allowed.", group("", set(session, "50000")));
        assertEquals("40 Unknown group config name: share.session.timeout.ms",
                group("b", set("share.session.timeout.ms", "50000")));
        assertEquals("40 Can't APPEND to key " + session + " because its type is not LIST.",
                group("b", new Op(session, APPEND, "1")));
        assertEquals("40 " + session + " must be less than or equal to group.consumer.max.session.timeout.ms",
                group("b", set(session, "60001")));
    }

    /** Apache Kafka set it; here it has no effect, and is in nobody's way. */
    @Test
    void anotherBrokersGroupKeysStay() throws IOException {
        var foreign = Map.of("share.session.timeout.ms", "50000");
        broker.catalog.change(image ->
                broker.catalog.changes().configure(ConfigResource.group("g"), foreign));
        assertEquals("0 null", group("g", set("consumer.session.timeout.ms", "50000")));
        assertEquals("0 null", group("g", new Op("consumer.session.timeout.ms", DELETE, null)));
        assertEquals(foreign, broker.catalog.image().config(ConfigResource.group("g")));
        assertEquals("0 null", group("g", new Op("share.session.timeout.ms", DELETE, null)));
    }

    @Test
    void whatIsAskedTwiceIsToldOnce() throws IOException {
        var reply = client.ask("DescribeConfigs", 1, out ->
                out.structs(List.of("t", "t", "no", "t"), (each, name) ->
                each.int8(TOPIC).string(name).strings(List.of("segment.ms"))).bool(false));
        reply.int32();
        assertEquals(List.of("t", "no"),
                reply.structs(Described::read).stream().map(Described::name).toList());
    }

    @Test
    void sentencesDoNotGrowWithWhatTheyQuote() throws IOException {
        var name = "x".repeat(32_767);
        var refused = alter("IncrementalAlterConfigs", 0, false,
                new Asked(TOPIC, name, set("retention.ms", "5")));
        assertTrue(refused.getFirst()
                .startsWith("2:" + name + " 17 Topic name is invalid: the length of 'xxx"));
        assertTrue(refused.getFirst().length() < 34_000, "cut");
    }

    @Test
    void valuesAreNoLongerThanOldRepliesCanHold() throws IOException {
        var key = "follower.replication.throttled.replicas";
        var longest = "1".repeat(32_765) + ":1";
        assertEquals("0 null", incremental(set(key, longest)));
        assertEquals(List.of(key + "=" + longest + "/1"), describe(1, false, TOPIC, "t", key).entries);
        assertEquals("40 Invalid value of 32771 bytes for configuration " + key
                + ": Value must have no more than 32767", incremental(new Op(key, APPEND, "2:1")));
        assertEquals(Map.of(key, longest), set());
    }

    @Test
    void oneRequestChangesTheCatalogOnlySoFar() throws IOException {
        var ops = TopicConfigs.KEYS.values().stream().map(key -> set(key.name(), key.defaultValue()))
                .toArray(Op[]::new);
        int fewEnough = 10_000 / ops.length;
        var all = new Asked[fewEnough + 1];
        var wanted = new ArrayList<CreateTopics.Wanted>();
        for (int i = 0; i < all.length; i++) {
            all[i] = new Asked(TOPIC, "many" + i, ops);
            wanted.add(CreateTopics.Wanted.byDefault("many" + i));
        }
        new CreateTopics(broker.services).create(wanted, false);
        var refused = alter("IncrementalAlterConfigs", 1, false, all);
        assertEquals("2:many0 44 Unable to perform excessively large batch operation.", refused.getFirst());
        assertEquals(Map.of(), broker.catalog.image().config(ConfigResource.topic("many0")));
        var fewer = Arrays.copyOf(all, fewEnough);
        assertEquals("2:many0 0 null", alter("IncrementalAlterConfigs", 1, false, fewer).getFirst());
        assertEquals(ops.length, broker.catalog.image().config(ConfigResource.topic("many0")).size());
    }

    @Test
    void documentationIsGivenWhenAskedFor() throws IOException {
        var reply = client.ask("DescribeConfigs", 3, out -> out.length(1).int8(TOPIC).string("t")
                .strings(List.of("retention.ms")).tags().bool(false).bool(true).tags());
        reply.int32();
        assertEquals(List.of("retention.ms=604800000/5 documented"),
                reply.structs(Described::read).getFirst().entries);
    }

    private List<String> list(int version, Integer... types) throws IOException {
        var reply = client.ask("ListConfigResources", version, out -> {
            if (out.since(1)) {
                out.array(List.of(types), Writer::int8);
            }
            out.tags();
        });
        assertEquals(0, reply.int32());
        int error = reply.int16();
        var resources = reply.structs(each -> each.string() + (each.since(1) ? ":" + each.int8() : ""));
        reply.tags();
        assertEquals(0, reply.remaining());
        return error == 0 ? resources : List.of("error " + error);
    }

    @Test
    void resourcesAreListed() throws IOException {
        broker.topic("s", 1);
        assertEquals(List.of(), list(0));
        assertEquals(List.of("1:4", "s:2", "t:2"), list(1));
        assertEquals(List.of("s:2", "t:2"), list(1, TOPIC, TOPIC));
        assertEquals(List.of("1:4"), list(1, BROKER));
        assertEquals(List.of(), list(1, CLIENT_METRICS, GROUP));
        assertEquals(List.of("error 35"), list(1, TOPIC, 1));
        assertEquals(List.of("error 35"), list(1, LOGGER));
    }
}
