package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.api.Replies.Described;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetadataTest {
    @TempDir
    static Path directory;
    private static TestBroker broker;
    private static Uuid id;
    private TestClient client;

    @BeforeAll
    static void start() throws IOException {
        broker = new TestBroker(directory);
        id = broker.topic("m", 3);
        broker.topic("under_score", 1);
    }

    @AfterAll
    static void stop() {
        broker.close();
    }

    @BeforeEach
    void connect() throws IOException {
        client = broker.client();
    }

    @AfterEach
    void disconnect() throws IOException {
        client.close();
    }

    private static TopicRef named(String name) {
        return TopicRef.of(name);
    }

    private static TopicRef byId(Uuid id) {
        return new TopicRef(null, id);
    }

    private static Consumer<Writer> request(boolean create, boolean operations, List<TopicRef> topics) {
        return out -> {
            out.structs(topics, (each, topic) -> {
                if (each.since(10)) {
                    each.uuid(topic.id());
                }
                each.string(topic.name());
            });
            if (out.since(4)) {
                out.bool(create);
            }
            if (out.since(8) && !out.since(11)) {
                out.bool(operations);
            }
            if (out.since(8)) {
                out.bool(operations);
            }
            out.tags();
        };
    }

    private Described describe(int version, List<TopicRef> topics) throws IOException {
        return Described.read(client.ask("Metadata", version, request(false, false, topics)));
    }

    private Described.Topic create(int version, String name) throws IOException {
        return Described.read(client.ask("Metadata", version,
                request(true, false, List.of(named(name))))).only();
    }

    @Test
    void everyVersionDescribesATopic() throws IOException {
        int port = broker.server.bound().getFirst().port();
        for (int version = 0; version <= 13; version++) {
            var described = describe(version, List.of(named("m")));
            assertEquals(List.of("1@127.0.0.1:" + port + (version < 1 ? "" : "/null")), described.brokers());
            assertEquals(version < 2 ? null : broker.logs.clusterId(), described.clusterId());
            assertEquals(version < 1 ? -1 : 1, described.controller());
            var topic = described.only();
            assertEquals(ErrorCode.NONE, topic.error());
            assertEquals("m", topic.name());
            assertEquals(version < 10 ? Uuid.ZERO : id, topic.id());
            var rest = (version < 7 ? "" : " 0") + " [1][1]" + (version < 5 ? "" : "[]");
            assertEquals(List.of("0 0 1" + rest, "0 1 1" + rest, "0 2 1" + rest), topic.partitions());
            assertEquals(AuthorizedOperations.NOT_ASKED, topic.operations());
        }
    }

    @Test
    void allTopicsOrNone() throws IOException {
        assertTrue(describe(0, List.of()).topics().size() >= 2);
        for (int version : new int[] {1, 4, 9, 12, 13}) {
            assertEquals(0, describe(version, List.of()).topics().size());
            var all = describe(version, null).topics().stream().map(Described.Topic::name).toList();
            assertTrue(all.containsAll(List.of("m", "under_score")), all::toString);
        }
        client.send("Metadata", 0, request(true, false, null));
        assertTrue(client.isClosed());
    }

    @Test
    void whatIsThereComesFirstAndOnce() throws IOException {
        var asked = List.of(named("z"), named("m"), named("y"), named("m"), named("a b"));
        var topics = describe(9, asked).topics();
        assertEquals(List.of("m", "z", "y", "a b"), topics.stream().map(Described.Topic::name).toList());
        assertEquals(List.of(ErrorCode.NONE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.INVALID_TOPIC_EXCEPTION),
                topics.stream().map(Described.Topic::error).toList());
    }

    @Test
    void idsCountFromVersion12On() throws IOException {
        for (int version : new int[] {10, 11}) {
            var refused = describe(version, List.of(byId(id), named("m"))).topics();
            assertEquals(List.of("", "m"), refused.stream().map(Described.Topic::name).toList());
            refused.forEach(each -> assertEquals(ErrorCode.INVALID_REQUEST, each.error()));
            assertEquals(id, refused.getFirst().id());
        }
        for (int version : new int[] {12, 13}) {
            assertEquals("m", describe(version, List.of(byId(id))).only().name());
            assertEquals("m", describe(version, List.of(new TopicRef("other", id),
                    named("z"))).only().name());
            var unknown = describe(version, List.of(byId(new Uuid(1, 2)))).only();
            assertEquals(ErrorCode.UNKNOWN_TOPIC_ID, unknown.error());
            assertNull(unknown.name());
            assertEquals(new Uuid(1, 2), unknown.id());
            assertEquals(ErrorCode.UNKNOWN_SERVER_ERROR,
                    describe(version, List.of(byId(Uuid.ZERO))).only().error());
        }
        assertEquals(ErrorCode.UNKNOWN_TOPIC_ID, describe(12,
                List.of(byId(Uuid.METADATA_TOPIC))).only().error());
    }

    @Test
    void askingMakesATopic() throws IOException {
        for (int version : new int[] {0, 1, 4, 9, 13}) {
            var made = create(version, "made" + version);
            assertEquals(ErrorCode.NONE, made.error());
            assertEquals(1, made.partitions().size());
            assertEquals(ErrorCode.NONE, describe(9, List.of(named("made" + version))).only().error());
        }
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, create(9, "under.score").error());
        for (var name : List.of("", ".", "..", "a b", "é", "x".repeat(250))) {
            assertEquals(ErrorCode.INVALID_TOPIC_EXCEPTION, create(9, name).error());
        }
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, create(9, "__cluster_metadata").error());
        var internal = create(9, "__consumer_offsets");
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, internal.error());
        assertTrue(internal.internal());
    }

    @Test
    void makingTopicsCanBeForbidden(@TempDir Path another) throws IOException {
        var unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        assertEquals(unknown, describe(4, List.of(named("forbidden"))).only().error());
        assertEquals(unknown, describe(4, List.of(named("forbidden"))).only().error());
        try (var strict = new TestBroker(another, Map.of("auto.create.topics.enable", "false",
                "advertised.listeners", "OTHER://nowhere:1,PLAINTEXT://[::1]:4711"));
                var other = strict.client()) {
            var described = Described.read(other.ask("Metadata", 0,
                    request(true, false, List.of(named("x")))));
            assertEquals(unknown, described.only().error());
            assertEquals(List.of("1@::1:4711"), described.brokers());
        }
    }

    @Test
    void operationsAreToldToWhoAsks() throws IOException {
        for (int version = 8; version <= 13; version++) {
            var described = Described.read(client.ask("Metadata", version,
                    request(false, true, List.of(named("m"), named("z")))));
            assertEquals(version < 11 ? 8096 : AuthorizedOperations.NOT_ASKED, described.operations());
            described.topics().forEach(each -> assertEquals(3576, each.operations()));
        }
    }
}
