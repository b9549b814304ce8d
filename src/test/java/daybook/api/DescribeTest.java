package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the broker says of itself: ApiVersions, DescribeCluster, topics page by page, producers. */
class DescribeTest {
    @TempDir
    static Path directory;
    private static TestBroker broker;
    private TestClient client;

    @BeforeAll
    static void start() throws IOException {
        broker = new TestBroker(directory);
        broker.topic("d", 3);
        broker.topic("e", 2);
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

    private record Versions(ErrorCode error, List<String> ranges, List<String> supported,
            List<String> finalized) {
        static Versions read(Reader in) {
            var error = ErrorCode.of(in.int16());
            var ranges = in.structs(each -> each.int16() + ":" + each.int16() + "-" + each.int16());
            if (in.since(1)) {
                assertEquals(0, in.int32());
            }
            var supported = new ArrayList<String>();
            var finalized = new ArrayList<String>();
            in.tags(tag -> {
                switch (tag) {
                    case 0 -> supported.addAll(in.structs(each ->
                            each.string() + " " + each.int16() + "-" + each.int16()));
                    case 1 -> assertTrue(in.int64() > 0);
                    case 2 -> finalized.addAll(in.structs(each ->
                            each.string() + " " + each.int16() + "-" + each.int16()));
                    default -> throw new AssertionError("tag " + tag);
                }
            });
            return Replies.whole(in, new Versions(error, ranges, supported, finalized));
        }
    }

    private Versions versions(int version, String name, String number) throws IOException {
        return Versions.read(client.ask("ApiVersions", version, out -> {
            if (out.since(3)) {
                out.string(name).string(number);
            }
            out.tags();
        }));
    }

    @Test
    void everyVersionTellsTheTable() throws IOException {
        for (int version = 0; version <= 4; version++) {
            var told = versions(version, "a.b-c", "1.0-x");
            assertEquals(ErrorCode.NONE, told.error());
            assertEquals(broker.apis.table().size(), told.ranges().size());
            assertEquals("0:0-13", told.ranges().getFirst());
            assertTrue(told.ranges().containsAll(List.of("1:4-18", "18:0-4", "3:0-13")));
            assertEquals(version >= 3, told.finalized().contains("metadata.version 30-30"), told::toString);
            assertEquals(version >= 4, told.supported().contains("eligible.leader.replicas.version 0-1"));
        }
    }

    @Test
    void aVersionThatIsNotServedIsAnsweredInTheOldestForm() throws IOException {
        for (int version : new int[] {5, 99, -1}) {
            client.send("ApiVersions", version, out -> out.string("x").string("y").tags());
            var in = client.receive();
            assertEquals(ErrorCode.UNSUPPORTED_VERSION.code(), in.int16());
            assertEquals(1, in.int32());
            assertEquals("18 0 4", in.int16() + " " + in.int16() + " " + in.int16());
            assertEquals(0, in.remaining());
        }
        assertEquals(ErrorCode.NONE, versions(0, "", "").error());
    }

    @Test
    void softwareMustHaveAName() throws IOException {
        for (var name : List.of("", "-a", "a b", "a_b", ".a", "a.", "é")) {
            var refused = versions(3, name, "1");
            assertEquals(ErrorCode.INVALID_REQUEST, refused.error());
            assertEquals(List.of(), refused.ranges());
            assertEquals(ErrorCode.INVALID_REQUEST, versions(4, "a", name).error());
        }
        assertEquals(ErrorCode.NONE, versions(4, "a".repeat(20_000), "9").error());
    }

    @Test
    void whatIsNotServedClosesTheConnection() throws IOException {
        client.send("Metadata", 14, out -> out.length(0).bool(true).bool(true).tags());
        assertTrue(client.isClosed());
    }

    private String cluster(int version, int endpoints, boolean operations) throws IOException {
        var in = client.ask("DescribeCluster", version, out -> {
            out.bool(operations);
            if (out.since(1)) {
                out.int8(endpoints);
            }
            if (out.since(2)) {
                out.bool(true);
            }
            out.tags();
        });
        var text = in.int32() + " " + in.int16() + " " + in.nullableString()
                + (in.since(1) ? " " + in.int8() : "")
                + " " + in.string() + " " + in.int32() + " "
                + in.structs(each -> each.int32() + "@" + each.string()
                + ":" + each.int32() + "/" + each.nullableString() + (each.since(2) ? each.bool() : ""))
                + " " + in.int32();
        in.tags();
        return Replies.whole(in, text);
    }

    @Test
    void theCluster() throws IOException {
        int port = broker.server.bound().getFirst().port();
        var rest = broker.logs.clusterId() + " 1 [1@127.0.0.1:" + port + "/null";
        assertEquals("0 0 null " + rest + "] -2147483648", cluster(0, 1, false));
        assertEquals("0 0 null 1 " + rest + "] 8096", cluster(1, 1, true));
        assertEquals("0 0 null 1 " + rest + "false] 8096", cluster(2, 1, true));
        assertEquals("0 114 The request was sent to an endpoint of type BROKER, but we wanted an endpoint of"
                + " type CONTROLLER 1  -1 [] -2147483648", cluster(1, 2, true));
        assertEquals("0 115 Unsupported endpoint type 3 1  -1 [] -2147483648", cluster(2, 3, true));
    }

    /** The topics of a page as NAME ERROR [partitions], then the cursor. */
    private List<String> page(int limit, String cursorTopic, int cursorPartition,
            String... topics) throws IOException {
        var in = client.ask("DescribeTopicPartitions", 0, out -> {
            out.structs(List.of(topics), Writer::string).int32(limit);
            if (cursorTopic == null) {
                out.int8(-1).tags();
            } else {
                out.int8(1).string(cursorTopic).int32(cursorPartition).tags().tags();
            }
        });
        assertEquals(0, in.int32());
        var page = new ArrayList<String>(in.structs(DescribeTest::topic));
        page.add(in.int8() < 0 ? "end" : in.string() + "@" + in.int32());
        if (!page.getLast().equals("end")) {
            in.tags();
        }
        in.tags();
        return Replies.whole(in, page);
    }

    private static String topic(Reader in) {
        int error = in.int16();
        var name = in.string();
        in.uuid();
        in.bool();
        var partitions = in.structs(each -> {
            assertEquals("0", "" + each.int16());
            int index = each.int32();
            assertEquals("1 0 [1][1][][][]", each.int32() + " " + each.int32() + " "
                    + each.array(Reader::int32)
                    + each.array(Reader::int32) + each.array(Reader::int32) + each.array(Reader::int32)
                    + each.array(Reader::int32));
            return index;
        });
        assertEquals(error == 42 ? AuthorizedOperations.NOT_ASKED : 3576, in.int32());
        return name + " " + error + " " + partitions;
    }

    @Test
    void pagesOfTopics() throws IOException {
        assertEquals(List.of("d 0 [0, 1, 2]", "e 0 [0, 1]", "end"), page(2000, null, 0));
        assertEquals(List.of("d 0 [0, 1]", "d@2"), page(2, null, 0));
        assertEquals(List.of("d 0 [0, 1, 2]", "e@0"), page(3, null, 0));
        assertEquals(List.of("d 0 [0]", "d@1"), page(0, null, 0));
        assertEquals(List.of("d 0 [2]", "e 0 [0]", "e@1"), page(2, "d", 2));
        assertEquals(List.of("e 0 [0, 1]", "end"), page(9, "e", 0, "e", "d"));
        assertEquals(List.of("d 0 []", "e 0 [0, 1]", "end"), page(9, "d", 9));
        assertEquals(List.of("a b 17 []", "e 0 [0, 1]", "z 3 []", "end"),
                page(9, null, 0, "z", "e", "a b", "e"));
        assertEquals(List.of("d 42 []", "end"), page(9, "d", -1, "d"));
        assertEquals(List.of("d 42 []", "end"), page(9, "e", 0, "d"));
    }

    private String initProducer(int version, String transactionalId, long id, int epoch) throws IOException {
        var in = client.ask("InitProducerId", version, out -> {
            out.string(transactionalId).int32(1000);
            if (out.since(3)) {
                out.int64(id).int16(epoch);
            }
            out.tags();
        });
        assertEquals(0, in.int32());
        var answer = in.int16() + " " + in.int64() + " " + in.int16();
        in.tags();
        return Replies.whole(in, answer);
    }

    @Test
    void producersGetFreshIdentities() throws IOException {
        var first = initProducer(0, null, -1, -1).split(" ");
        long next = Long.parseLong(first[1]) + 1;
        for (int version = 0; version <= 5; version++) {
            assertEquals("0 " + next++ + " 0", initProducer(version, null, -1, -1));
        }
        assertEquals("0 " + next + " 0", initProducer(4, null, 5, 3));
        assertEquals("42 -1 -1", initProducer(4, null, 5, -1));
        assertEquals("42 -1 -1", initProducer(4, null, -1, 5));
        assertEquals("42 -1 -1", initProducer(4, "", -1, -1));
        assertEquals("16 -1 -1", initProducer(4, "mine", -1, -1));
    }

    private String producers(String topic, int partition) throws IOException {
        var in = client.ask("DescribeProducers", 0, out -> out.structs(List.of(topic), (topics, name) ->
                topics.string(name).int32s(List.of(partition))).tags());
        assertEquals(0, in.int32());
        var answer = in.structs(topics -> topics.string()
                + topics.structs(each -> each.int32() + " " + each.int16()
                + " " + each.nullableString() + " " + each.structs(one ->
                one.int64() + " " + one.int32() + " "
                + one.int32() + " " + (one.int64() > 0) + " " + one.int32() + " " + one.int64())));
        in.tags();
        return Replies.whole(in, answer.getFirst());
    }

    @Test
    void producersOfAPartition() throws IOException {
        broker.log("d", 1).append(Batches.from(9, 0, 0, "x", "y"));
        assertEquals("d[1 0 null [9 0 1 true -1 -1]]", producers("d", 1));
        assertEquals("d[0 0 null []]", producers("d", 0));
        broker.log("d", 1).appendOwn(Batches.transactional(9, "z"), 0);
        assertEquals("d[1 0 null [9 0 0 true -1 2]]", producers("d", 1));
        Batches.end(broker.log("d", 1), 9, true);
        assertEquals("d[1 0 null [9 0 0 true 5 -1]]", producers("d", 1));
        assertEquals("d[9 3 null []]", producers("d", 9));
        assertEquals("no[0 3 This server does not host this topic-partition. []]", producers("no", 0));
        assertEquals("a b[0 17 Topic name is invalid: 'a b' contains one or more characters other than ASCII"
                + " alphanumerics, '.', '_' and '-' []]", producers("a b", 0));
    }
}
