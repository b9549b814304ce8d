package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.wire.ErrorCode;
import daybook.wire.ProcessorTime;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** A client of groups that asks for as much as it can: the others are served all the same. */
class GreedyClientsTest {
    private static final int MANY = 30_000;
    private static final Duration CHEAP = Duration.ofSeconds(5);

    @TempDir
    Path directory;
    private TestBroker broker;
    private TestClient client;

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(directory, Map.of("offsets.topic.num.partitions", "1"));
        client = broker.client();
        client.ask("FindCoordinator", 4, out -> out.int8(0).strings(List.of("g")).tags());
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        broker.close();
    }

    private static void join(Writer out, String group, String memberId, List<String> protocols) {
        out.string(group).int32(300_000).int32(300_000).string(memberId).string("consumer")
                .structs(protocols, (each, name) -> each.string(name).bytes(ByteBuffer.allocate(0)));
    }

    private static List<String> names(String prefix) {
        return IntStream.range(0, MANY).mapToObj(i -> prefix + i).toList();
    }

    @Test
    void protocolsAreComparedInTimeThatGrowsAsTheyDo() throws Throwable {
        ProcessorTime.assertWithin(CHEAP, () -> {
            var first = client.ask("JoinGroup", 3, out -> join(out, "g", "", names("p")));
            first.int32();
            assertEquals(ErrorCode.NONE, ErrorCode.of(first.int16()));
            var second = client.ask("JoinGroup", 3, out -> join(out, "g", "", names("q")));
            second.int32();
            assertEquals(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, ErrorCode.of(second.int16()));
        });
    }

    @Test
    void partitionsThatAMemberOwnsAreReadInTimeThatGrowsAsTheyDo() throws Throwable {
        var topics = IntStream.range(0, MANY).mapToObj(i -> new Uuid(1, i + 1)).toList();
        ProcessorTime.assertWithin(CHEAP, () -> {
            var answer = client.ask("ConsumerGroupHeartbeat", 0, out -> out.string("g").string("m").int32(5)
                    .string(null).string(null).int32(-1).length(-1).string(null)
                    .structs(topics, (each, topic) -> each.uuid(topic).int32s(List.of(0))).tags());
            answer.int32();
            assertEquals(ErrorCode.GROUP_ID_NOT_FOUND, ErrorCode.of(answer.int16()));
        });
    }

    @Test
    void whoWaitsForOthersToJoinGivesTheMemoryBackThatIsNeeded() throws Exception {
        client.ask("JoinGroup", 3, out -> join(out, "g", "", List.of("range")));
        var waiting = new ArrayList<TestClient>();
        var sending = new ArrayList<Thread>();
        try {
            for (int i = 0; i < 5; i++) {
                var other = broker.client();
                waiting.add(other);
                other.send("JoinGroup", 3, out -> join(out, "g", "", List.of("range")));
                sending.add(Thread.ofVirtual().start(() -> sendMuch(other)));
            }
            for (var thread : sending) {
                thread.join(10_000);
            }
            var answer = client.ask("Heartbeat", 0, out -> out.string("none").int32(1).string("m"));
            assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.of(answer.int16()));
        } finally {
            for (var each : waiting) {
                each.close();
            }
        }
    }

    @Test
    void whatGrowsWhenItIsWrittenIsNotTaken() throws IOException {
        // Not UTF-8: each byte is read as a character of three.
        var name = new byte[20_000];
        Arrays.fill(name, (byte) 0xff);
        client.send("JoinGroup", 3, out -> {
            out.int16(name.length).raw(ByteBuffer.wrap(name));
            out.int32(300_000).int32(300_000).string("").string("consumer")
                    .structs(List.of("range"), (each, one) -> each.string(one).bytes(ByteBuffer.allocate(0)));
        });
        assertTrue(client.isClosed());
    }

    @Test
    void aGroupThatIsNamedOftenIsToldOnce() throws IOException {
        var often = Collections.nCopies(1_000, "g");
        var described = client.ask("DescribeGroups", 0, out -> out.strings(often));
        assertEquals(1, described.int32());
        var ofConsumers = client.ask("ConsumerGroupDescribe", 0, out ->
                out.strings(often).bool(false).tags());
        ofConsumers.int32();
        assertEquals(1, ofConsumers.unsignedVarint() - 1);
        var fetched = client.ask("OffsetFetch", 8, out -> out.structs(often, (each, id) ->
                each.string(id).length(-1)).bool(false).tags());
        fetched.int32();
        assertEquals(1, fetched.unsignedVarint() - 1);
    }

    private static void sendMuch(TestClient client) {
        try {
            client.send("Heartbeat", 0, out -> out.string("g").int32(1).string("m")
                    .raw(ByteBuffer.allocate(15 << 20)));
        } catch (IOException closed) {
            // The test is over.
        }
    }
}
