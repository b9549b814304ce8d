package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.catalog.ConfigResource;
import daybook.catalog.Features;
import daybook.catalog.MetadataRecord.FeatureLevelRecord;
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
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * DescribeLogDirs, ElectLeaders, AlterPartitionReassignments, ListPartitionReassignments, DescribeQuorum,
 * UpdateFeatures and UnregisterBroker over a socket. The errors and sentences are those that Apache Kafka
 * 4.3.1 answered to the same requests.
 */
final class ClusterAdminTest {
    private static final int NO_TIME = 0;

    @TempDir
    Path directory;
    private TestBroker broker;
    private TestClient client;

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(directory);
        client = broker.client();
        broker.topic("t", 2);
        broker.topic("u", 1);
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        broker.close();
    }

    private static ByTopic<Integer> of(String topic, Integer... partitions) {
        return new ByTopic<>(TopicRef.of(topic), List.of(partitions));
    }

    private static Writer write(Writer out, List<ByTopic<Integer>> topics) {
        return out.structs(topics, (each, topic) -> each.string(topic.topic().name()).int32s(topic.items()));
    }

    private List<String> directories(int version, List<ByTopic<Integer>> topics) throws IOException {
        var reply = client.ask("DescribeLogDirs", version, out -> write(out, topics).tags());
        assertEquals(0, reply.int32());
        if (reply.since(3)) {
            assertEquals(0, reply.int16());
        }
        var lines = new ArrayList<String>();
        reply.structs(each -> {
            assertEquals(0, each.int16());
            assertEquals(directory.toString(), each.string());
            each.structs(topic -> {
                var name = topic.string();
                return topic.structs(place -> lines.add(name + "-" + place.int32() + " " + place.int64() + " "
                        + place.int64() + " " + place.bool()));
            });
            if (each.since(4)) {
                long total = each.int64();
                long usable = each.int64();
                assertTrue(usable > 0 && usable <= total, usable + " of " + total);
            }
            return each.since(5) && each.bool();
        });
        reply.tags();
        lines.sort(null);
        return Replies.whole(reply, lines);
    }

    @Test
    void logDirectoriesAreDescribed() throws IOException {
        var batch = Batches.of("value");
        int size = batch.remaining();
        broker.log("t", 1).append(batch);
        for (int version = 1; version <= 5; version++) {
            assertEquals(List.of("t-0 0 0 false", "t-1 " + size + " 0 false", "u-0 0 0 false"),
                    directories(version, null));
            assertEquals(List.of("t-1 " + size + " 0 false"),
                    directories(version, List.of(of("t", 1, 7, 1), of("no", 0),
                    of("__cluster_metadata", 0))));
            assertEquals(List.of(), directories(version, List.of()));
        }
    }

    private String elect(int version, int type, int timeoutMs,
            List<ByTopic<Integer>> topics) throws IOException {
        var reply = client.ask("ElectLeaders", version, out -> {
            if (out.since(1)) {
                out.int8(type);
            }
            write(out, topics).int32(timeoutMs).tags();
        });
        assertEquals(0, reply.int32());
        var error = reply.since(1) ? reply.int16() + " " : "";
        var results = reply.structs(each -> each.string() + each.structs(place ->
                place.int32() + ": " + place.int16() + " " + place.nullableString()));
        reply.tags();
        return Replies.whole(reply, error + results);
    }

    @Test
    void noLeaderIsElected() throws IOException {
        var not = "84 Leader election not needed for topic partition.";
        for (int version = 0; version <= 2; version++) {
            var error = version >= 1 ? "0 " : "";
            assertEquals(error + "[t[0: " + not + ", 1: " + not + ", 9: 3 No such partition as t-9],"
                    + " no[0: 3 No such topic as no], t[0: " + not + "]]",
                    elect(version, 0, 5000, List.of(of("t", 0, 1, 9), of("no", 0), of("t", 0))));
            assertEquals(error + "[t[], u[]]", elect(version, 1, 5000, null));
            assertEquals(error + "[]", elect(version, 1, 5000, List.of()));
        }
        assertEquals("42 [t[0: 42 Unknown election type 2]]", elect(2, 2, 5000, List.of(of("t", 0))));
        assertEquals("42 []", elect(2, -1, 5000, null));
        assertEquals("7 [t[0: 7 null]]", elect(2, 0, NO_TIME, List.of(of("t", 0))));
    }

    private record Move(int partition, List<Integer> brokers) { }

    private static Move move(int partition, Integer... brokers) {
        return new Move(partition, List.of(brokers));
    }

    private String reassign(int version, int timeoutMs, String topic, Move... moves) throws IOException {
        var reply = client.ask("AlterPartitionReassignments", version, out -> {
            out.int32(timeoutMs);
            if (out.since(1)) {
                out.bool(false);
            }
            out.length(1).string(topic).structs(List.of(moves), (each, move) ->
                    each.int32(move.partition).int32s(move.brokers)).tags().tags();
        });
        assertEquals(0, reply.int32());
        if (reply.since(1)) {
            assertEquals(false, reply.bool());
        }
        var results = reply.int16() + " " + reply.nullableString() + " " + reply.structs(each -> each.string()
                + each.structs(place -> place.int32() + ": " + place.int16() + " " + place.nullableString()));
        reply.tags();
        return Replies.whole(reply, results);
    }

    @Test
    void partitionsStayWhereTheyAre() throws IOException {
        for (int version = 0; version <= 1; version++) {
            assertEquals("0 null [t[0: 0 null, 1: 0 null]]",
                    reassign(version, 5000, "t", move(0, 1), move(1, 1)));
        }
        assertEquals("0 null [t[0: 85 null, 0: 39 The manual partition assignment includes an empty"
                + " replica list., 9: 3 Unable to find partition t:9.]]",
                reassign(1, 5000, "t", new Move(0, null), move(0), move(9, 1)));
        assertEquals("0 null [t[0: 39 The manual partition assignment includes broker 5, but no such"
                + " broker is registered., 1: 39 The manual partition assignment includes the broker 1"
                + " more than once.]]",
                reassign(1, 5000, "t", move(0, 1, 5), move(1, 1, 1)));
        assertEquals("0 null [no[0: 3 Unable to find a topic named no.]]",
                reassign(1, 5000, "no", new Move(0, null)));
        assertEquals("7 null [t[0: 7 null]]", reassign(1, NO_TIME, "t", move(0, 1)));
    }

    @Test
    void noReassignmentIsUnderWay() throws IOException {
        for (var topics : Arrays.asList(null, List.<ByTopic<Integer>>of(),
                List.of(of("t", 0), of("no", 1)))) {
            var reply = client.ask("ListPartitionReassignments", 0, out ->
                    write(out.int32(5000), topics).tags());
            assertEquals("0 0 null []", reply.int32() + " " + reply.int16() + " " + reply.nullableString()
                    + " " + reply.structs(Reader::string));
            reply.tags();
            assertEquals(0, reply.remaining());
        }
    }

    private String quorum(int version, List<ByTopic<Integer>> topics) throws IOException {
        var reply = client.ask("DescribeQuorum", version, out -> out.structs(topics, (each, topic) ->
                each.string(topic.topic().name()).structs(topic.items(), Writer::int32)).tags());
        var text = new StringBuilder();
        text.append(reply.int16()).append(reply.since(2) ? reply.nullableString() : "");
        text.append(reply.structs(each -> each.string()
                + each.structs(place -> place.int32() + ": " + place.int16() + " "
                + (place.since(2) ? place.nullableString() : "") + " leader " + place.int32() + "/"
                + place.int32()
                + " to " + place.int64() + " voters " + place.structs(ClusterAdminTest::voter)
                + place.structs(ClusterAdminTest::voter))));
        if (reply.since(2)) {
            text.append(" nodes ").append(reply.structs(each -> each.int32() + " " + each.structs(endpoint ->
                    endpoint.string() + "://" + endpoint.string() + ":" + endpoint.uint16())));
        }
        reply.tags();
        return Replies.whole(reply, text.toString());
    }

    private static String voter(Reader in) {
        var text = in.int32() + (in.since(2) ? " in " + in.uuid() : "") + " to " + in.int64();
        if (in.since(1)) {
            long fetchedMs = in.int64();
            long caughtUpMs = in.int64();
            long nowMs = System.currentTimeMillis();
            assertTrue(fetchedMs == caughtUpMs && Math.abs(fetchedMs - nowMs) < 60_000, fetchedMs + " at "
                    + nowMs);
        }
        return text;
    }

    @Test
    void theQuorumIsDescribed() throws IOException {
        var log = broker.logs.metadataLog();
        var leader = " leader 1/" + broker.catalog.image().epoch() + " to " + log.endOffset() + " voters [1";
        var id = broker.logs.directories().getFirst().id();
        var metadata = of("__cluster_metadata", 0);
        for (int version = 0; version <= 1; version++) {
            assertEquals("0[__cluster_metadata[0: 0 " + leader + " to " + log.endOffset() + "][]]]",
                    quorum(version, List.of(metadata)));
        }
        var port = broker.server.bound().getFirst().port();
        assertTrue(!id.equals(Uuid.ZERO));
        assertEquals("0[__cluster_metadata[0: 0 " + leader + " in " + id + " to " + log.endOffset()
                + "][]]] nodes [1 [PLAINTEXT://127.0.0.1:" + port + "]]", quorum(2, List.of(metadata)));
        var unknown = "3 This server does not host this topic-partition. leader 0/0 to 0 voters [][]";
        assertEquals("0[t[0: " + unknown + "]] nodes []", quorum(2, List.of(of("t", 0))));
        assertEquals("0[__cluster_metadata[0: " + unknown + ", 1: " + unknown + "]] nodes []",
                quorum(2, List.of(of("__cluster_metadata", 0, 1))));
        assertEquals("0[] nodes []", quorum(2, List.of()));
    }

    private record Update(String feature, int level, int way) { }

    private String update(int version, boolean validateOnly, Update... updates) throws IOException {
        var reply = client.ask("UpdateFeatures", version, out -> {
            out.int32(5000).structs(List.of(updates), (each, update) ->
                    each.string(update.feature).int16(update.level).int8(update.way));
            if (out.since(1)) {
                out.bool(validateOnly);
            }
            out.tags();
        });
        assertEquals(0, reply.int32());
        var text = reply.int16() + " " + reply.nullableString();
        if (!reply.since(2)) {
            text += " " + reply.structs(each -> each.string() + " " + each.int16() + " "
                    + each.nullableString());
        }
        reply.tags();
        return Replies.whole(reply, text);
    }

    /** The error that an update of one feature is refused with. */
    private String refused(String feature, int level, int way) throws IOException {
        var answer = update(2, false, new Update("metadata.version", 30, 1), new Update(feature, level, way));
        var prefix = "95 The update failed for all features since the following feature had an error:"
                + " Invalid update version " + level + " for feature " + feature + ". ";
        assertTrue(answer.startsWith(prefix), answer);
        return answer.substring(prefix.length());
    }

    @Test
    void featuresStayAtTheirLevels() throws IOException {
        assertEquals("0 null [metadata.version 0 NONE]",
                update(0, false, new Update("metadata.version", 30, 0)));
        assertEquals("0 null [metadata.version 0 NONE]",
                update(1, false, new Update("metadata.version", 30, 3)));
        assertEquals("0 null",
                update(2, false, new Update("metadata.version", 30, 1), new Update("kraft.version", 1, 2)));
        assertEquals("0 null", update(2, false));
        assertEquals("Local controller 1 only supports versions 30-30", refused("metadata.version", 31, 1));
        assertEquals("Local controller 1 only supports versions 30-30", refused("metadata.version", 29, 3));
        assertEquals("A feature version cannot be less than 0.", refused("metadata.version", -1, 2));
        assertEquals("The controller does not support the given upgrade type.",
                refused("kraft.version", 1, 4));
        assertEquals("The controller does not support the given upgrade type.",
                refused("kraft.version", 1, 0));
        assertEquals("Local controller 1 does not support this feature.", refused("no.such", 1, 1));
        assertEquals("Feature no.such not found.", refused("no.such", 0, 2));
        assertTrue(update(1, false, new Update("no.such", 1, 1)).endsWith(" []"),
                "no results beside an error");
    }

    /** Apache Kafka finalized it in this directory, where it stays as it is. */
    @Test
    void aFeatureThatOnlyKafkaHasCannotBeChanged() throws IOException {
        var name = "streams.version";
        broker.catalog.change(image -> List.of(new FeatureLevelRecord(name, 1)));
        assertEquals("Local controller 1 does not support this feature.", refused(name, 2, 1));
        assertEquals("Feature streams.version not found.", refused(name, 0, 3));
        assertEquals(1, broker.catalog.image().features().get(name).intValue());
    }

    @Test
    void aFeatureSinksAndRises() throws IOException {
        var elr = Features.ELIGIBLE_LEADERS;
        assertEquals("Can't downgrade the version of this feature without setting the upgrade type to"
                + " either safe or unsafe downgrade.", refused(elr, 0, 1));
        assertEquals("0 null", update(2, true, new Update(elr, 0, 2)));
        assertEquals(1, Features.finalized(broker.catalog.image()).get(elr).intValue());
        assertEquals("0 null", update(2, false, new Update(elr, 0, 2)));
        assertEquals(0, Features.finalized(broker.catalog.image()).getOrDefault(elr, (short) 0).intValue());
        assertEquals("Can't downgrade to a newer version.", refused(elr, 1, 3));
        var changes = broker.catalog.changes();
        var all = ConfigResource.allBrokers();
        var own = ConfigResource.broker(1);
        var none = new HashMap<String, String>();
        none.put("min.insync.replicas", null);
        broker.catalog.change(image -> changes.configure(all, none));
        broker.catalog.change(image -> changes.configure(own, Map.of("min.insync.replicas", "4")));
        assertEquals("0 null", update(2, false, new Update(elr, 1, 1)));
        assertEquals("4", broker.catalog.image().config(all).get("min.insync.replicas"),
                "what held, for all brokers");
        assertEquals(Map.of(), broker.catalog.image().config(own));
    }

    @Test
    void theConsumerProtocolIsSwitchedOffAndOn() throws IOException {
        assertTrue(Features.consumerProtocol(broker.catalog.image()));
        assertEquals("Local controller 1 only supports versions 0-1", refused(Features.GROUP, 2, 1));
        assertEquals("0 null", update(2, false, new Update(Features.GROUP, 0, 2)));
        assertFalse(Features.consumerProtocol(broker.catalog.image()));
        assertEquals("0 null", update(2, false, new Update(Features.GROUP, 1, 1)));
        assertTrue(Features.consumerProtocol(broker.catalog.image()));
    }

    @Test
    void theProtocolOfTransactionsSinksAndRises() throws IOException {
        assertEquals(2, Features.transactionVersion(broker.catalog.image()));
        assertEquals("Local controller 1 only supports versions 0-2", refused(Features.TRANSACTION, 3, 1));
        for (int level : new int[] { 1, 0 }) {
            assertEquals("0 null", update(2, false, new Update(Features.TRANSACTION, level, 2)));
            assertEquals(level, Features.transactionVersion(broker.catalog.image()));
        }
        assertEquals("0 null", update(2, false, new Update(Features.TRANSACTION, 2, 1)));
        assertEquals(2, Features.transactionVersion(broker.catalog.image()));
    }

    private String unregister(int id) throws IOException {
        var reply = client.ask("UnregisterBroker", 0, out -> out.int32(id).tags());
        var text = reply.int32() + " " + reply.int16() + " " + reply.nullableString();
        reply.tags();
        return Replies.whole(reply, text);
    }

    @Test
    void theBrokerStaysRegistered() throws IOException {
        assertEquals("0 102 Broker ID 5 is not currently registered", unregister(5));
        assertEquals("0 42 Broker ID 1 is running and cannot be unregistered", unregister(1));
        assertEquals(1, broker.catalog.image().broker().nodeId());
    }
}
