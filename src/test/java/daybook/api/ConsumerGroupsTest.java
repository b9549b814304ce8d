package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** The consumer protocol over a socket, byte by byte, in all versions. */
class ConsumerGroupsTest {
    private static final int ALL_OF_GROUPS = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11;

    private record Partitions(Uuid topic, List<Integer> indexes) { }

    private record Beat(ErrorCode error, String message, String memberId, int epoch, int intervalMs,
            List<Partitions> assignment) { }

    private record Named(Uuid topic, String name, List<Integer> indexes) { }

    private record Member(String id, String instanceId, String rackId, int epoch, String clientId,
            String clientHost, List<String> topics, String regex, List<Named> assigned, List<Named> target,
            int type) { }

    private record Group(ErrorCode error, String message, String id, String state, int epoch,
            int assignmentEpoch, String assignor, List<Member> members, int operations) { }

    @TempDir
    Path directory;
    private TestBroker broker;
    private TestClient client;

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(directory, Map.of("offsets.topic.num.partitions", "3"));
        client = broker.client();
        client.ask("FindCoordinator", 4, out -> out.int8(0).strings(List.of("g")).tags());
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        broker.close();
    }

    private Beat join(int version, String memberId, String instanceId, String regex, List<String> topics)
            throws IOException {
        return beat(version, out -> {
            out.string("g").string(memberId).int32(0).string(instanceId).string("rack").int32(30_000);
            out.strings(topics).since(1, more -> more.string(regex)).string("range").length(0).tags();
        });
    }

    private Beat beat(int version, String memberId, int epoch, List<Partitions> owned) throws IOException {
        return beat(version, out -> {
            out.string("g").string(memberId).int32(epoch).string(null).string(null).int32(-1).strings(null);
            out.since(1, more -> more.string(null)).string(null);
            if (owned == null) {
                out.length(-1);
            } else {
                out.structs(owned, (each, topic) -> each.uuid(topic.topic).int32s(topic.indexes));
            }
            out.tags();
        });
    }

    private Beat beat(int version, Consumer<Writer> body) throws IOException {
        var in = client.ask("ConsumerGroupHeartbeat", version, body);
        assertEquals(0, in.int32());
        var beat = new Beat(ErrorCode.of(in.int16()), in.nullableString(), in.nullableString(), in.int32(),
                in.int32(), in.int8() < 0 ? null : assignment(in));
        in.tags();
        assertEquals(0, in.remaining());
        return beat;
    }

    private static List<Partitions> assignment(Reader in) {
        var partitions = in.structs(each -> new Partitions(each.uuid(), each.array(Reader::int32)));
        in.tags();
        return partitions;
    }

    private List<Group> describe(int version, String... ids) throws IOException {
        var in = client.ask("ConsumerGroupDescribe", version,
                out -> out.strings(List.of(ids)).bool(true).tags());
        assertEquals(0, in.int32());
        var groups = in.structs(each -> new Group(ErrorCode.of(each.int16()), each.nullableString(),
                each.string(), each.string(), each.int32(), each.int32(), each.string(),
                each.structs(ConsumerGroupsTest::member), each.int32()));
        in.tags();
        assertEquals(0, in.remaining());
        return groups;
    }

    private static Member member(Reader in) {
        return new Member(in.string(), in.nullableString(), in.nullableString(), in.int32(), in.string(),
                in.string(), in.array(Reader::string), in.nullableString(), named(in), named(in),
                in.since(1) ? in.int8() : -1);
    }

    private static List<Named> named(Reader in) {
        var partitions = in.structs(each -> new Named(each.uuid(), each.string(), each.array(Reader::int32)));
        in.tags();
        return partitions;
    }

    @Test
    void aMemberInEachVersion() throws IOException {
        for (int version = 0; version <= 1; version++) {
            var name = "t" + version;
            broker.topic(name, 2);
            var topic = broker.catalog.image().topic(name).id();
            var memberId = "m" + version;
            int epoch = version * 2 + 1;
            var all = List.of(new Partitions(topic, List.of(0, 1)));
            assertEquals(new Beat(ErrorCode.NONE, null, memberId, epoch, 5_000, all),
                    join(version, memberId, null, version == 0 ? null : "", List.of(name)));
            assertEquals(new Beat(ErrorCode.NONE, null, memberId, epoch, 5_000, null),
                    beat(version, memberId, epoch, all));
            assertEquals(new Beat(ErrorCode.NONE, null, memberId, epoch, 5_000, null),
                    beat(version, memberId, epoch, null));
            assertEquals(ErrorCode.FENCED_MEMBER_EPOCH, beat(version, memberId, epoch + 1, all).error());
            assertEquals(new Beat(ErrorCode.NONE, null, memberId, -1, 0, null),
                    beat(version, memberId, -1, null));
            assertEquals(new Beat(ErrorCode.UNKNOWN_MEMBER_ID,
                    "Member " + memberId + " is not a member of group g.", null, 0, 0, null),
                    beat(version, memberId, -1, null));
        }
    }

    @Test
    void groupsAreDescribedInEachVersion() throws IOException {
        broker.topic("orders", 2);
        var topic = broker.catalog.image().topic("orders").id();
        join(1, "m", "i", "ord.*", List.of());
        var partitions = List.of(new Named(topic, "orders", List.of(0, 1)));
        for (int version = 0; version <= 1; version++) {
            var member = new Member("m", "i", "rack", 1, "test", "/127.0.0.1", List.of(), "ord.*", partitions,
                    partitions, version == 0 ? -1 : 1);
            assertEquals(List.of(
                    new Group(ErrorCode.NONE, null, "g", "Stable", 1, 1, "range", List.of(member), ALL_OF_GROUPS),
                    new Group(ErrorCode.GROUP_ID_NOT_FOUND, "Group x not found.", "x", "", 0, 0, "", List.of(),
                            Integer.MIN_VALUE)), describe(version, "g", "x"));
        }
    }

    @Test
    void withoutTheFeatureThereIsNoConsumerProtocol() throws IOException {
        var in = client.ask("UpdateFeatures", 1, out -> out.int32(10_000).structs(List.of("group.version"),
                (each, name) -> each.string(name).int16(0).int8(2)).bool(false).tags());
        in.int32();
        assertEquals(0, in.int16());
        assertEquals(new Beat(ErrorCode.UNSUPPORTED_VERSION, null, null, 0, 0, null),
                join(1, "m", null, null, List.of("orders")));
        assertEquals(List.of(new Group(ErrorCode.UNSUPPORTED_VERSION, null, "g", "", 0, 0, "", List.of(),
                Integer.MIN_VALUE)), describe(1, "g", "g"), "each once");
    }
}
