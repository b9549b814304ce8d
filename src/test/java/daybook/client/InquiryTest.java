package daybook.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What an admin does where brokers answer some things, late, wrongly or not at all. */
class InquiryTest {
    private static final TopicPartition FIRST = new TopicPartition("orders", 0);
    private static final TopicPartition SECOND = new TopicPartition("orders", 1);

    private static Admin admin(ScriptedBroker broker, int apiTimeoutMs) {
        return Admin.builder(broker.address()).apiTimeoutMs(apiTimeoutMs).requestTimeoutMs(20_000).open();
    }

    private static Topic topic(String name, int partitions) {
        var list = new ArrayList<Topic.Partition>();
        for (int index = 0; index < partitions; index++) {
            list.add(new Topic.Partition(ErrorCode.NONE, index, 1, 0, List.of(1), List.of(1), List.of()));
        }
        return new Topic(name, new Uuid(1, name.hashCode()), false, list);
    }

    /** Which partitions a ListOffsets asks for. */
    private static List<TopicPartition> asked(Reader in) {
        in.int32();
        in.bool();
        return ByTopic.read(in, (partition, each) -> {
            each.int32();
            each.int64();
            return partition;
        });
    }

    private static Consumer<Writer> offsets(Map<TopicPartition, ErrorCode> errors) {
        return out -> ByTopic.write(out.int32(0), errors.keySet(), (each, partition) -> each
                .error(errors.get(partition)).int64(-1).int64(7 + partition.partition()).int32(-1)).tags();
    }

    private static Outcomes<TopicPartition, Offsets.Found> latest(Admin admin, TopicPartition... partitions) {
        return admin.offsets().list(Offsets.all(List.of(partitions), Offsets.LATEST), false);
    }

    @Test
    void asksAgainOnlyForWhatIsOpen() throws Exception {
        var requests = new ConcurrentLinkedQueue<List<TopicPartition>>();
        try (var broker = new ScriptedBroker().topic(topic("orders", 2)).on(Call.LIST_OFFSETS, in -> {
            var asked = asked(in);
            requests.add(asked);
            return offsets(asked.size() == 2
                    ? Map.of(FIRST, ErrorCode.NONE, SECOND, ErrorCode.NOT_LEADER_OR_FOLLOWER)
                    : Map.of(SECOND, ErrorCode.NONE));
        }); var admin = admin(broker, 20_000)) {
            var found = latest(admin, FIRST, SECOND);
            assertEquals(List.of(FIRST, SECOND), List.copyOf(found.all().keySet()));
            assertEquals(8, found.of(SECOND).offset());
            assertEquals(List.of(List.of(FIRST, SECOND), List.of(SECOND)), List.copyOf(requests));
        }
    }

    @Test
    void givesUpWhatStaysRetriableAndKeepsTheRest() throws Exception {
        try (var broker = new ScriptedBroker().topic(topic("orders", 2)).on(Call.LIST_OFFSETS, in -> {
            var asked = asked(in);
            return offsets(asked.size() == 2
                    ? Map.of(FIRST, ErrorCode.OFFSET_NOT_AVAILABLE, SECOND, ErrorCode.NONE)
                    : Map.of(FIRST, ErrorCode.OFFSET_NOT_AVAILABLE));
        }); var admin = admin(broker, 2_000)) {
            var found = latest(admin, FIRST, SECOND);
            assertEquals(8, found.of(SECOND).offset());
            assertEquals(ErrorCode.OFFSET_NOT_AVAILABLE, found.errors().get(FIRST).error());
        }
    }

    @Test
    void aThingTheAnswerSaysNothingOfHasFailed() throws Exception {
        try (var broker = new ScriptedBroker().topic(topic("orders", 2)).on(Call.LIST_OFFSETS, in ->
                offsets(Map.of(FIRST, ErrorCode.NONE))); var admin = admin(broker, 20_000)) {
            var found = latest(admin, FIRST, SECOND);
            assertEquals(7, found.of(FIRST).offset());
            assertEquals(ErrorCode.UNKNOWN_SERVER_ERROR, found.errors().get(SECOND).error());
        }
    }

    /** A cluster of two: what each of them is asked, as it says it. */
    private static ScriptedBroker node(String name, Queue<String> asked) throws Exception {
        return new ScriptedBroker().on(Call.LIST_OFFSETS, in -> {
            var partitions = asked(in);
            asked.add(name + " " + partitions);
            return offsets(partitions.stream()
                    .collect(Collectors.toMap(each -> each, each -> ErrorCode.NONE)));
        }).on(Call.LIST_GROUPS, in -> out -> out.int32(0).int16(0)
                .structs(List.of(name, "both"), (each, id) ->
                        each.string(id).string("consumer").string("Stable").string("consumer")).tags()
        ).on(Call.DESCRIBE_CONFIGS, in -> {
            asked.add(name + " configs");
            return out -> out.int32(0).structs(List.of(name), (each, key) -> each
                    .int16(0).string(null).int8(4).string("2")
                    .structs(List.of(key), (entry, value) -> entry.string(value).string(value).bool(false)
                            .int8(5).bool(false).length(0).int8(2).string(null))).tags();
        });
    }

    private static Topic led(int first, int second) {
        var leaders = List.of(first, second);
        return new Topic("orders", new Uuid(1, 2), false, IntStream.range(0, 2)
                .mapToObj(index -> new Topic.Partition(ErrorCode.NONE, index, leaders.get(index), 0,
                        List.of(1), List.of(1), List.of())).toList());
    }

    @Test
    void eachBrokerIsAskedForWhatItHas() throws Exception {
        var asked = new ConcurrentLinkedQueue<String>();
        try (var second = node("two", asked);
                var first = node("one", asked).beside(2, second).topic(led(1, 2));
                var admin = admin(first, 20_000)) {
            second.beside(2, second).beside(1, first).topic(led(1, 2));
            assertEquals(List.of(7L, 8L), latest(admin, FIRST, SECOND).all().values().stream()
                    .map(Offsets.Found::offset).toList());
            assertEquals(Set.of("one [orders-0]", "two [orders-1]"), Set.copyOf(asked));
            assertEquals(List.of("both", "one", "two"), List.copyOf(admin.groups().list().keySet()));
            asked.clear();
            assertEquals("two", admin.configs().describe(List.of(Configs.Resource.broker(2)))
                    .of(Configs.Resource.broker(2)).getFirst().value());
            assertEquals(List.of("two configs"), List.copyOf(asked));
        }
    }

    @Test
    void aLeaderThatMovedIsLookedForAnew() throws Exception {
        var asked = new ConcurrentLinkedQueue<String>();
        try (var second = node("two", asked);
                var first = node("one", asked).beside(2, second).topic(led(1, 1));
                var admin = admin(first, 20_000)) {
            second.beside(2, second).beside(1, first).topic(led(2, 2));
            first.on(Call.LIST_OFFSETS, in -> {
                first.topic(led(2, 2));
                return offsets(Map.of(FIRST, ErrorCode.NOT_LEADER_OR_FOLLOWER));
            });
            assertEquals(7, latest(admin, FIRST).of(FIRST).offset());
            assertEquals(List.of("two [orders-0]"), List.copyOf(asked));
        }
    }

    @Test
    void aTopicThatIsUnknownWhereTopicsAreMadeIsNotAskedForAgain() throws Exception {
        var count = new AtomicInteger();
        try (var broker = new ScriptedBroker().on(Call.DELETE_TOPICS, in -> {
            count.incrementAndGet();
            return out -> out.int32(0).structs(List.of("none"), (each, name) -> each
                    .string(name).uuid(Uuid.ZERO).error(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
                    .string("It is not here.")).tags();
        }); var admin = admin(broker, 20_000)) {
            assertEquals("UNKNOWN_TOPIC_OR_PARTITION: none: It is not here.",
                    admin.topics().delete(List.of("none")).errors().get("none").getMessage());
            assertEquals(1, count.get());
        }
    }

    @Test
    void aLostConnectionIsMadeAgain() throws Exception {
        var count = new AtomicInteger();
        try (var broker = new ScriptedBroker().topic(topic("orders", 1)).on(Call.LIST_OFFSETS, in ->
                count.incrementAndGet() < 3 ? null : offsets(Map.of(FIRST, ErrorCode.NONE)));
                var admin = admin(broker, 20_000)) {
            assertEquals(7, latest(admin, FIRST).of(FIRST).offset());
            assertEquals(3, count.get());
        }
    }

    @Test
    void anApiThatTheBrokerDoesNotKnowFailsForAll() throws Exception {
        try (var broker = new ScriptedBroker().topic(topic("orders", 1)).knows(Call.LIST_OFFSETS, 2);
                var admin = admin(broker, 20_000)) {
            assertEquals(ErrorCode.UNSUPPORTED_VERSION, latest(admin, FIRST).errors().get(FIRST).error());
        }
    }

    private static Consumer<Writer> coordinator(Reader in) {
        in.int8();
        var keys = in.array(Reader::string);
        return out -> out.int32(0).structs(keys, (each, key) -> each.string(key).int32(1).string("127.0.0.1")
                .int32(1).int16(0).string(null)).tags();
    }

    /** Brokers from before KIP-848 know of classic groups alone. */
    @Test
    void describesGroupsOfABrokerThatKnowsOnlyClassicOnes() throws Exception {
        try (var broker = new ScriptedBroker().knows(Call.CONSUMER_GROUP_DESCRIBE, -1)
                .on(Call.FIND_COORDINATOR, InquiryTest::coordinator).on(Call.DESCRIBE_GROUPS, in -> {
                    var ids = in.array(Reader::string);
                    return out -> out.int32(0).structs(ids, (each, id) -> each
                            .int16(0).string(null).string(id)
                            .string("Stable").string("consumer").string("range")
                            .structs(List.of("m"),
                                    (member, name) -> member.string(name).string(null).string("client")
                                            .string("/host").bytes(nulls(0)).bytes(nulls(3)))
                            .int32(Integer.MIN_VALUE)).tags();
                }); var admin = admin(broker, 20_000)) {
            var group = admin.groups().describe(List.of("readers")).of("readers");
            assertEquals("classic", group.type());
            assertEquals(List.of(), group.members().getFirst().assignment(), "what is no assignment is none");
        }
    }

    private static ByteBuffer nulls(int length) {
        return ByteBuffer.allocate(length);
    }

    private static ScriptedBroker.Script producers(long lastTimestampMs) {
        return in -> {
            var asked = ByTopic.numbers(in);
            return out -> ByTopic.write(out.int32(0), asked, (each, partition) -> each.int16(0).string(null)
                    .structs(List.of(10L, 11L, 12L), (producer, id) -> producer.int64(id).int32(0).int32(0)
                            .int64(lastTimestampMs).int32(0).int64(id == 12 ? -1 : id))).tags();
        };
    }

    private static ScriptedBroker withTransactions(ErrorCode described, Topic... topics) throws Exception {
        var broker = new ScriptedBroker().on(Call.FIND_COORDINATOR, InquiryTest::coordinator)
                .on(Call.DESCRIBE_PRODUCERS, producers(1_000))
                .on(Call.LIST_TRANSACTIONS, in -> out -> out.int32(0).int16(0).strings(List.of())
                        .structs(List.of("known"), (each, id) ->
                                each.string(id).int64(10).string("Ongoing")).tags())
                .on(Call.DESCRIBE_TRANSACTIONS, in -> out -> out.int32(0).structs(List.of("known"),
                        (each, id) -> ByTopic.numbers(each.error(described).string(id).string("PrepareCommit")
                                .int32(1).int64(1).int64(10).int16(0), List.of(FIRST))).tags());
        for (var topic : topics) {
            broker.topic(topic);
        }
        return broker;
    }

    /** Of two partitions, each with the open transactions of 10 and 11, only 10 in the first is known. */
    @Test
    void transactionsHangThatNoCoordinatorKnows() throws Exception {
        try (var broker = withTransactions(ErrorCode.NONE, topic("orders", 2));
                var admin = admin(broker, 20_000)) {
            var hanging = admin.transactions().hanging(List.of(FIRST, SECOND), 500, 2_000);
            assertEquals(List.of(11L), ids(hanging.get(FIRST)));
            assertEquals(List.of(10L, 11L), ids(hanging.get(SECOND)));
            assertEquals(Map.of(), admin.transactions().hanging(List.of(FIRST), 1_001, 2_000), "younger");
        }
    }

    /** Nothing is called hanging on the word of a coordinator that does not answer. */
    @Test
    void aCoordinatorThatCannotTellLetsTheSearchFail() throws Exception {
        var refusal = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
        try (var broker = withTransactions(refusal, topic("orders", 1));
                var admin = admin(broker, 20_000)) {
            var failed = assertThrows(ClientException.class,
                    () -> admin.transactions().hanging(List.of(FIRST), 500, 2_000));
            assertEquals(refusal, failed.error());
        }
        try (var broker = withTransactions(ErrorCode.TRANSACTIONAL_ID_NOT_FOUND, topic("orders", 1));
                var admin = admin(broker, 20_000)) {
            assertEquals(List.of(10L, 11L),
                    ids(admin.transactions().hanging(List.of(FIRST), 500, 2_000).get(FIRST)), "gone since");
        }
    }

    private static List<Long> ids(List<Transactions.ActiveProducer> producers) {
        return producers.stream().map(Transactions.ActiveProducer::producerId).toList();
    }
}
