package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import daybook.catalog.ConfigResource;
import daybook.wire.ErrorCode;
import daybook.wire.Writer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who coordinates, and the topics that are made for it. */
class FindCoordinatorTest {
    private static final byte GROUP = 0;
    private static final byte TRANSACTION = 1;
    private static final byte SHARE = 2;

    @TempDir
    Path directory;

    private TestBroker broker;
    private TestClient client;

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(directory, Map.of("offsets.topic.num.partitions", "2",
                "offsets.topic.segment.bytes", "2000000", "transaction.state.log.num.partitions", "3",
                "transaction.state.log.segment.bytes", "3000000", "transaction.state.log.min.isr", "2",
                "transaction.state.log.replication.factor", "3"));
        client = broker.client();
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        broker.close();
    }

    /** For each key its name, the error and the node. */
    private List<String> find(int version, byte type, String... keys) throws IOException {
        var in = client.ask("FindCoordinator", version, out -> {
            if (!out.since(4)) {
                out.string(keys[0]);
            }
            out.since(1, more -> more.int8(type)).since(4, more -> more.array(List.of(keys), Writer::string))
                    .tags();
        });
        if (in.since(1)) {
            assertEquals(0, in.int32());
        }
        var found = new ArrayList<String>();
        if (in.since(4)) {
            found.addAll(in.structs(each -> {
                var key = each.string();
                var node = each.int32() + " " + each.string() + ":" + (each.int32() > 0);
                return key + " " + ErrorCode.of(each.int16()) + " " + node + each.string();
            }));
        } else {
            var error = ErrorCode.of(in.int16());
            var message = in.since(1) ? in.nullableString() + " " : "";
            found.add(keys[0] + " " + error + " " + message + in.int32() + " " + in.string() + ":"
                    + (in.int32() > 0));
        }
        in.tags();
        return Replies.whole(in, found);
    }

    @Test
    void transactionsAreCoordinatedHere() throws IOException {
        assertNull(broker.catalog.image().topic("__transaction_state"));
        assertEquals(List.of("t NONE NONE 1 127.0.0.1:true"), find(1, TRANSACTION, "t"));
        for (int version = 1; version <= 3; version++) {
            assertEquals(List.of("t NONE NONE 1 127.0.0.1:true"), find(version, TRANSACTION, "t"));
        }
        for (int version = 4; version <= 6; version++) {
            assertEquals(List.of("t NONE 1 127.0.0.1:true", "u NONE 1 127.0.0.1:true"),
                    find(version, TRANSACTION, "t", "u"));
            assertEquals(List.of(), find(version, TRANSACTION));
        }
        assertNull(broker.catalog.image().topic("__consumer_offsets"));
    }

    /** As Apache Kafka 4.3.1 sets them, but for what one broker cannot have. */
    @Test
    void theTopicOfTransactionsIsMadeAsKafkaMakesIt() throws IOException {
        find(4, TRANSACTION);
        assertNull(broker.catalog.image().topic("__transaction_state"), "nobody was asked for");
        find(4, TRANSACTION, "t");
        var topic = broker.catalog.image().topic("__transaction_state");
        assertEquals(3, topic.partitions().size());
        assertEquals(List.of(1), topic.partitions().getFirst().replicas());
        assertEquals(Map.of("cleanup.policy", "compact", "compression.type", "uncompressed",
                "min.insync.replicas", "1", "segment.bytes", "3000000", "unclean.leader.election.enable", "false"),
                broker.catalog.image().config(ConfigResource.topic("__transaction_state")));
    }

    @Test
    void theTopicOfOffsetsIsMadeAsKafkaMakesIt() throws IOException {
        assertEquals(List.of("g NONE 1 127.0.0.1:true"), find(0, GROUP, "g"));
        assertEquals(2, broker.catalog.image().topic("__consumer_offsets").partitions().size());
        assertEquals(Map.of("cleanup.policy", "compact", "compression.type", "producer", "segment.bytes",
                "2000000"), broker.catalog.image().config(ConfigResource.topic("__consumer_offsets")));
        assertNull(broker.catalog.image().topic("__transaction_state"));
    }

    @Test
    void nobodyCoordinatesShareGroups() throws IOException {
        assertEquals(List.of("s INVALID_REQUEST -1 :false"), find(6, SHARE, "s"));
        assertEquals(List.of("s INVALID_REQUEST There is no coordinator for keys of this type. -1 :false"),
                find(3, (byte) 7, "s"));
    }

    /** The number of partitions says where each transactional id is. */
    @Test
    void thePartitionsOfTransactionsStayAsManyAsTheyAre() throws IOException {
        find(4, TRANSACTION, "t");
        var in = client.ask("CreatePartitions", 0, out -> out.structs(List.of("__transaction_state"),
                (each, topic) -> each.string(topic).int32(7).length(-1)).int32(30_000).bool(false));
        assertEquals(0, in.int32());
        assertEquals(List.of("__transaction_state INVALID_REQUEST"), in.structs(each -> {
            var line = each.string() + " " + ErrorCode.of(each.int16());
            each.nullableString();
            return line;
        }));
        assertEquals(3, broker.catalog.image().topic("__transaction_state").partitions().size());
    }
}
