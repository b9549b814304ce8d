package daybook.api;

import static daybook.wire.ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;
import static daybook.wire.ErrorCode.GROUP_ID_NOT_FOUND;
import static daybook.wire.ErrorCode.ILLEGAL_GENERATION;
import static daybook.wire.ErrorCode.INVALID_GROUP_ID;
import static daybook.wire.ErrorCode.NONE;
import static daybook.wire.ErrorCode.NOT_COORDINATOR;
import static daybook.wire.ErrorCode.OFFSET_METADATA_TOO_LARGE;
import static daybook.wire.ErrorCode.UNKNOWN_SERVER_ERROR;
import static daybook.wire.ErrorCode.UNKNOWN_TOPIC_ID;
import static daybook.wire.ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
import static daybook.wire.ErrorCode.UNSTABLE_OFFSET_COMMIT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.coordinator.Decision;
import daybook.group.GroupRecord;
import daybook.log.TestDisk;
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
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** OffsetCommit, OffsetFetch and OffsetDelete, byte by byte. */
class GroupOffsetsTest {
    /** A topic of a request, by the name or by the id. */
    private record Topic(String name, Uuid id, List<Item> items) { }

    private record Item(int index, long offset, int leaderEpoch, String metadata) { }

    private record Committed(String topic, int index, ErrorCode error) { }

    private record Fetched(String topic, int index, long offset, int leaderEpoch, String metadata,
            ErrorCode error) { }

    private record Group(String id, ErrorCode error, List<Fetched> places) { }

    @TempDir
    Path directory;

    private final TestDisk disk = new TestDisk();
    private TestBroker broker;
    private TestClient client;
    private Uuid orders;

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(directory, Map.of("offsets.topic.num.partitions", "2"), disk);
        client = broker.client();
        orders = broker.topic("orders", 2);
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        broker.close();
    }

    /** Has the topic of offsets made, and waits until it is loaded. */
    private void findCoordinator() throws IOException {
        client.ask("FindCoordinator", 0, out -> out.string("g"));
        for (var group : List.of("g", "h")) {
            while (fetch(8, false, group, null).error == COORDINATOR_LOAD_IN_PROGRESS) {
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void whatIsCommittedInEachVersionIsFetchedInEachVersion() throws IOException {
        findCoordinator();
        for (int version = 2; version <= 10; version++) {
            assertEquals(List.of(new Committed("orders", 0, NONE), new Committed("orders", 1, NONE)),
                    commit(version, "g", -1, "", topic("orders", new Item(0, version, 7, "why"),
                            new Item(1, 100, -1, null))));
            for (int fetched = 1; fetched <= 10; fetched++) {
                int epoch = version >= 6 && fetched >= 5 ? 7 : -1;
                var expected = List.of(new Fetched("orders", 0, version, epoch, "why", NONE),
                        new Fetched("orders", 1, 100, -1, "", NONE));
                assertEquals(new Group("g", NONE, expected),
                        fetch(fetched, false, "g", topic("orders", 0, 1)), version + " and " + fetched);
                if (fetched >= 2) {
                    assertEquals(new Group("g", NONE, expected), fetch(fetched, true, "g", null));
                }
            }
        }
    }

    @Test
    void whatNobodyCommittedIsNoError() throws IOException {
        findCoordinator();
        commit(8, "g", -1, "", topic("orders", new Item(0, 5, -1, "")));
        for (int version = 1; version <= 9; version++) {
            for (var group : List.of("g", "unknown")) {
                assertEquals(new Group(group, NONE, List.of(new Fetched("orders", 1, -1, -1, "", NONE),
                        new Fetched("orders", 9, -1, -1, "", NONE),
                        new Fetched("orders", -1, -1, -1, "", NONE))),
                        fetch(version, false, group, topic("orders", 1, 9, -1)));
            }
            assertEquals(new Group("g", NONE, List.of(new Fetched("nothing", 0, -1, -1, "", NONE))),
                    fetch(version, true, "g", topic("nothing", 0)));
        }
        assertEquals(new Group("unknown", NONE, List.of()), fetch(5, false, "unknown", null));
    }

    @Test
    void aPartitionThatIsNamedAgainIsToldOnce() throws IOException {
        findCoordinator();
        commit(8, "g", -1, "", topic("orders", new Item(0, 5, -1, "why")));
        for (int version = 1; version <= 10; version++) {
            assertEquals(new Group("g", NONE, List.of(new Fetched("orders", 0, 5, -1, "why", NONE),
                    new Fetched("orders", 1, -1, -1, "", NONE))),
                    fetch(version, false, "g", topic("orders", 0, 1, 0, 0, 1)));
        }
    }

    @Test
    void manyGroupsAreFetchedAtOnce() throws IOException {
        findCoordinator();
        commit(8, "g", -1, "", topic("orders", new Item(0, 5, -1, "")));
        commit(8, "h", -1, "", topic("orders", new Item(1, 6, -1, "")));
        var in = client.ask("OffsetFetch", 8, out -> out.structs(List.of("g", "unknown", "h", "g"),
                (each, id) -> writeIndexes(each.string(id), null)).bool(false).tags());
        assertEquals(0, in.int32());
        var groups = in.structs(this::readGroup);
        in.tags();
        assertEquals(List.of(new Group("g", NONE, List.of(new Fetched("orders", 0, 5, -1, "", NONE))),
                new Group("unknown", NONE, List.of()),
                new Group("h", NONE, List.of(new Fetched("orders", 1, 6, -1, "", NONE)))),
                Replies.whole(in, groups));
    }

    @Test
    void onlyPartitionsThatThereAreAreCommitted() throws IOException {
        findCoordinator();
        var unknown = new Item(0, 1, -1, "");
        assertEquals(List.of(new Committed("nothing", 0, UNKNOWN_TOPIC_OR_PARTITION),
                new Committed("orders", 2, UNKNOWN_TOPIC_OR_PARTITION),
                new Committed("orders", 1, NONE),
                new Committed("orders", -1, UNKNOWN_TOPIC_OR_PARTITION)),
                commit(9, "g", -1, "", topic("nothing", unknown), topic("orders", new Item(2, 1, -1, ""),
                        new Item(1, -5, -1, ""), new Item(-1, 1, -1, ""))));
        assertEquals(new Group("g", NONE, List.of(new Fetched("orders", 1, -5, -1, "", NONE))),
                fetch(9, false, "g", null));
        assertEquals(List.of(new Committed("nothing", 0, UNKNOWN_TOPIC_OR_PARTITION)),
                commit(9, "nobody", 3, "m", topic("nothing", unknown)));
        assertEquals(List.of(), commit(9, "nobody", 3, "m"));
        assertEquals(List.of(new Committed(null, 0, UNKNOWN_TOPIC_ID), new Committed("orders", 0, NONE)),
                commit(10, "g", -1, "", new Topic(null, new Uuid(1, 2), List.of(unknown)),
                        topic("orders", new Item(0, 4, -1, ""))));
        assertEquals(new Group("g", NONE, List.of(new Fetched(null, 0, -1, -1, "", UNKNOWN_TOPIC_ID))),
                fetch(10, false, "g", new Topic(null, new Uuid(1, 2), List.of(unknown))));
    }

    @Test
    void aGenerationOfNoGroupIsToldInTheVersionsOwnWay() throws IOException {
        findCoordinator();
        var item = topic("orders", new Item(0, 5, -1, ""));
        assertEquals(List.of(new Committed("orders", 0, GROUP_ID_NOT_FOUND)), commit(9, "g", 3, "m", item));
        assertEquals(List.of(new Committed("orders", 0, ILLEGAL_GENERATION)), commit(8, "g", 3, "m", item));
    }

    @Test
    void whatIsTooLargeIsRefused() throws IOException {
        findCoordinator();
        assertEquals(List.of(new Committed("orders", 0, OFFSET_METADATA_TOO_LARGE),
                new Committed("orders", 1, NONE)), commit(8, "g", -1, "",
                topic("orders", new Item(0, 5, -1, "x".repeat(4097)), new Item(1, 6, -1, "x".repeat(4096)))));
        var items = IntStream.range(0, 300).mapToObj(i -> new Item(0, i, -1, "x".repeat(4000)))
                .toArray(Item[]::new);
        commit(8, "g", -1, "", topic("orders", items))
                .forEach(each -> assertEquals(UNKNOWN_SERVER_ERROR, each.error));
        assertEquals(new Group("g", NONE, List.of(
                new Fetched("orders", 1, 6, -1, "x".repeat(4096), NONE))), fetch(8, false, "g", null));
    }

    @Test
    void offsetsAreDeleted() throws IOException {
        findCoordinator();
        commit(8, "g", -1, "", topic("orders", new Item(0, 5, -1, ""), new Item(1, 6, -1, "")));
        assertEquals(List.of("NONE", "orders-0 NONE", "orders-7 UNKNOWN_TOPIC_OR_PARTITION",
                "nothing-0 UNKNOWN_TOPIC_OR_PARTITION"),
                delete("g", topic("orders", 0, 7), topic("nothing", 0)));
        assertEquals(new Group("g", NONE, List.of(new Fetched("orders", 1, 6, -1, "", NONE))),
                fetch(8, false, "g", null));
        assertEquals(List.of(GROUP_ID_NOT_FOUND.toString()), delete("unknown", topic("orders", 0)));
        assertEquals(List.of(INVALID_GROUP_ID.toString()), delete("", topic("orders", 0)));
        assertEquals(List.of("NONE"), delete("g"));
    }

    @Test
    void withoutTheTopicOfOffsetsThereIsNoCoordinator() throws IOException {
        assertEquals(List.of(new Committed("orders", 0, NOT_COORDINATOR)),
                commit(8, "g", -1, "", topic("orders", new Item(0, 5, -1, ""))));
        for (int version = 2; version <= 10; version++) {
            assertEquals(new Group("g", NOT_COORDINATOR, List.of()),
                    fetch(version, false, "g", topic("orders", 0)));
        }
        assertEquals(new Group("g", NONE, List.of(new Fetched("orders", 0, -1, -1, "", NOT_COORDINATOR))),
                fetch(1, false, "g", topic("orders", 0)));
        assertEquals(List.of(NOT_COORDINATOR.toString()), delete("g", topic("orders", 0)));
    }

    @Test
    void stableOffsetsAreThoseThatNoTransactionMayChange() throws IOException {
        findCoordinator();
        commit(8, "g", -1, "", topic("orders", new Item(0, 5, -1, "")));
        broker.groups.ask("g", error -> null, (groups, nowMs) -> {
            var key = new Writer(0, false).int16(1).string("g").string("orders").int32(0).toBuffer();
            var value = new Writer(3, false).int16(3).int64(9).int32(-1).string("").int64(0).toBuffer();
            groups.replay(7L, GroupRecord.decode(key, value));
            return Decision.answer("done");
        }).await();
        for (int version = 7; version <= 10; version++) {
            var unstable = new Fetched("orders", 0, -1, -1, "", UNSTABLE_OFFSET_COMMIT);
            assertEquals(List.of(unstable), fetch(version, true, "g", null).places);
            assertEquals(List.of(unstable), fetch(version, true, "g", topic("orders", 0)).places);
            assertEquals(5, fetch(version, false, "g", null).places.getFirst().offset);
        }
    }

    @Test
    void commitsThatFollowOneAnotherShareForces() throws IOException {
        findCoordinator();
        commit(8, "g", -1, "", topic("orders", new Item(0, 0, -1, "")));
        int before = disk.forces.get();
        for (int i = 1; i <= 500; i++) {
            send(8, "g", -1, "", topic("orders", new Item(0, i, -1, "")));
        }
        for (int i = 1; i <= 500; i++) {
            assertEquals(List.of(new Committed("orders", 0, NONE)), readCommitted(client.receive(500 - i)));
        }
        int forces = disk.forces.get() - before;
        assertTrue(forces < 450, forces + " forces for 500 commits");
        assertEquals(500, fetch(8, false, "g", null).places.getFirst().offset);
    }

    @Test
    void whatTheDiskDidNotTakeIsNotAcknowledged() throws IOException {
        findCoordinator();
        commit(8, "g", -1, "", topic("orders", new Item(0, 5, -1, "")));
        disk.failForces = true;
        assertEquals(List.of(new Committed("orders", 0, NOT_COORDINATOR)),
                commit(8, "g", -1, "", topic("orders", new Item(0, 6, -1, ""))));
    }

    private static Topic topic(String name, Item... items) {
        return new Topic(name, null, List.of(items));
    }

    private static Topic topic(String name, int... indexes) {
        return new Topic(name, null, IntStream.of(indexes)
                .mapToObj(index -> new Item(index, 0, -1, null)).toList());
    }

    private void name(Writer out, Topic topic) {
        if (out.since(10)) {
            out.uuid(topic.id != null ? topic.id : orders);
        } else {
            out.string(topic.name);
        }
    }

    private String name(Reader in) {
        if (!in.since(10)) {
            return in.string();
        }
        return in.uuid().equals(orders) ? "orders" : null;
    }

    private void send(int version, String group, int epoch, String member, Topic... topics)
            throws IOException {
        client.send("OffsetCommit", version, out -> {
            out.string(group).int32(epoch).string(member).since(7, more -> more.string(null));
            if (!out.since(5)) {
                out.int64(-1);
            }
            out.structs(List.of(topics), (each, topic) -> {
                name(each, topic);
                each.structs(topic.items, (inner, item) -> inner.int32(item.index).int64(item.offset)
                        .since(6, more -> more.int32(item.leaderEpoch)).string(item.metadata));
            }).tags();
        });
    }

    private List<Committed> commit(int version, String group, int epoch, String member, Topic... topics)
            throws IOException {
        send(version, group, epoch, member, topics);
        return readCommitted(client.receive());
    }

    private List<Committed> readCommitted(Reader in) {
        if (in.since(3)) {
            assertEquals(0, in.int32());
        }
        var all = new ArrayList<Committed>();
        in.structs(each -> {
            var name = name(each);
            return each.structs(inner ->
                    all.add(new Committed(name, inner.int32(), ErrorCode.of(inner.int16()))));
        });
        in.tags();
        return Replies.whole(in, all);
    }

    private void writeIndexes(Writer out, Topic topic) {
        out.structs(topic == null ? null : List.of(topic), (each, one) -> {
            name(each, one);
            each.array(one.items, (inner, item) -> inner.int32(item.index));
        });
    }

    private Group fetch(int version, boolean stable, String group, Topic topic) throws IOException {
        var in = client.ask("OffsetFetch", version, out -> {
            if (version < 8) {
                writeIndexes(out.string(group), topic);
            } else {
                out.structs(List.of(group), (each, id) -> {
                    each.string(id).since(9, more -> more.string(null).int32(-1));
                    writeIndexes(each, topic);
                });
            }
            out.since(7, more -> more.bool(stable)).tags();
        });
        if (version >= 3) {
            assertEquals(0, in.int32());
        }
        Group read;
        if (version < 8) {
            var places = readPlaces(in);
            read = new Group(group, version >= 2 ? ErrorCode.of(in.int16()) : NONE, places);
        } else {
            read = in.structs(this::readGroup).getFirst();
        }
        in.tags();
        return Replies.whole(in, read);
    }

    private Group readGroup(Reader in) {
        var id = in.string();
        var places = readPlaces(in);
        return new Group(id, ErrorCode.of(in.int16()), places);
    }

    private List<Fetched> readPlaces(Reader in) {
        var all = new ArrayList<Fetched>();
        in.structs(each -> {
            var name = name(each);
            return each.structs(inner -> all.add(new Fetched(name, inner.int32(), inner.int64(),
                    inner.since(5) ? inner.int32() : -1, inner.nullableString(),
                    ErrorCode.of(inner.int16()))));
        });
        return all;
    }

    private List<String> delete(String group, Topic... topics) throws IOException {
        var in = client.ask("OffsetDelete", 0, out -> out.string(group).structs(List.of(topics),
                (each, topic) -> each.string(topic.name).array(topic.items,
                (inner, item) -> inner.int32(item.index))));
        var all = new ArrayList<String>();
        all.add(ErrorCode.of(in.int16()).toString());
        assertEquals(0, in.int32());
        in.structs(each -> {
            var name = each.string();
            return each.structs(inner ->
                    all.add(name + "-" + inner.int32() + " " + ErrorCode.of(inner.int16())));
        });
        return Replies.whole(in, all);
    }

    /** The number of partitions says where each group is. */
    @Test
    void thePartitionsOfTheOffsetsThemselvesStayAsManyAsTheyAre() throws IOException {
        findCoordinator();
        var groups = IntStream.range(0, 10).mapToObj(i -> "g" + i).toList();
        var place = new Topic("orders", null, List.of(new Item(0, 5, -1, "")));
        for (var group : groups) {
            assertEquals(NONE, commit(2, group, -1, "", place).getFirst().error);
        }
        client.ask("CreatePartitions", 0, out -> out.structs(List.of("__consumer_offsets"), (each, topic) ->
                each.string(topic).int32(7).length(-1)).int32(30_000).bool(false));
        for (var group : groups) {
            assertEquals(5, fetch(2, false, group, place).places.getFirst().offset, group);
        }
    }
}
