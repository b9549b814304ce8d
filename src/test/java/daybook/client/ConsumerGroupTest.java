package daybook.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.client.Consumer.Reset;
import daybook.wire.ErrorCode;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Consumers that are members of a group, and a whole broker. */
class ConsumerGroupTest {
    private static final Duration SHORT = Duration.ofMillis(20);
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    @TempDir
    Path directory;

    private TestTopics topics;

    @BeforeEach
    void start() throws IOException {
        topics = new TestTopics(directory, "group.consumer.regex.refresh.interval.ms", "10000")
                .topic("orders", 4);
    }

    @AfterEach
    void stop() {
        topics.close();
    }

    private Consumer.Builder builder() {
        return Consumer.builder(topics.address).group("g").reset(Reset.EARLIEST);
    }

    private static Consumer subscribed(Consumer.Builder builder) {
        var consumer = builder.open();
        consumer.subscribe(List.of("orders"));
        return consumer;
    }

    private static TopicPartition orders(int partition) {
        return new TopicPartition("orders", partition);
    }

    /** Polls with these consumers in turn until it holds; what they read is thrown away. */
    private static void until(BooleanSupplier holds, Consumer... consumers) {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (!holds.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, "it takes too long");
            for (var consumer : consumers) {
                consumer.poll(SHORT);
            }
        }
    }

    @Test
    void readsAllAloneAndLeavesItToTheNext() {
        for (int i = 0; i < 4; i++) {
            topics.fill(orders(i), "a" + i);
        }
        try (var consumer = subscribed(builder())) {
            assertEquals(Set.of("a0", "a1", "a2", "a3"), new HashSet<>(TestTopics.read(consumer, 4)));
            assertEquals(Set.of(orders(0), orders(1), orders(2), orders(3)), consumer.assignment());
            consumer.commit();
            var me = consumer.membership();
            assertEquals("g", me.group());
            assertTrue(me.epoch() > 0);
        }
        assertEquals("Empty", topics.admin.groups().describe(List.of("g")).of("g").state(), "it has left");
        topics.fill(orders(2), "b");
        try (var consumer = subscribed(builder())) {
            assertEquals(List.of("b"), TestTopics.read(consumer, 1), "from where the first had committed");
        }
    }

    @Test
    void givesUpAPartitionOnlyWhenItPolls() {
        try (var first = subscribed(builder().autoCommit(Duration.ofHours(1)));
                var second = builder().autoCommit(Duration.ofHours(1)).maxPollRecords(1).open()) {
            until(() -> first.assignment().size() == 4, first);
            for (int i = 0; i < 4; i++) {
                topics.fill(orders(i), "a" + i);
            }
            assertEquals(4, TestTopics.read(first, 4).size());
            second.subscribe(List.of("orders"));
            for (int i = 0; i < 5; i++) {
                assertEquals(List.of(), second.poll(Duration.ofMillis(100)));
            }
            assertEquals(Set.of(), second.assignment(), "the first has not polled");
            assertEquals(4, first.assignment().size());
            until(() -> first.assignment().size() == 2 && second.assignment().size() == 2, first, second);
            assertTrue(Collections.disjoint(first.assignment(), second.assignment()));
            for (int i = 0; i < 4; i++) {
                topics.fill(orders(i), "b" + i);
            }
            var values = new ArrayList<String>();
            until(() -> {
                TestTopics.take(first, values);
                TestTopics.take(second, values);
                return values.size() >= 4;
            });
            assertEquals(Set.of("b0", "b1", "b2", "b3"), new HashSet<>(values),
                    "the first committed what it gave up");
            assertEquals(4, values.size());
        }
    }

    @Test
    void dropsAllWhenItIsFencedAndJoinsAnew() {
        topics.fill(orders(0), "a");
        try (var consumer = subscribed(builder()); var cluster = cluster()) {
            assertEquals(List.of("a"), TestTopics.read(consumer, 1));
            var before = consumer.membership();
            leaveFor(cluster, before);
            long deadline = System.nanoTime() + PATIENCE_NANOS;
            ClientException refused = null;
            while (refused == null && System.nanoTime() < deadline) {
                try {
                    consumer.membership();
                } catch (ClientException out) {
                    refused = out;
                }
            }
            assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, refused.error());
            assertEquals(ErrorCode.UNKNOWN_MEMBER_ID,
                    assertThrows(ClientException.class, consumer::commit).error());
            assertEquals(List.of("a"), TestTopics.read(consumer, 1), "it was not committed");
            assertEquals(before.memberId(), consumer.membership().memberId());
            consumer.commit();
        }
    }

    private Cluster cluster() {
        return new Cluster(new Settings(topics.address, "other", 10_000, 10_000));
    }

    private static void leaveFor(Cluster cluster, Membership member) {
        cluster.coordinated(Cluster.Coordinated.GROUP, member.group(), connection ->
                connection.ask(Call.CONSUMER_GROUP_HEARTBEAT, out -> out.string(member.group())
                        .string(member.memberId()).int32(-1).string(null).string(null).int32(-1)
                        .strings(null).string(null).string(null).structs(null, null).tags(), in -> {
                    in.int32();
                    assertEquals(0, in.int16());
                    return in;
                }));
    }

    @Test
    void leavesWhenItDoesNotPoll() {
        try (var slow = subscribed(builder().maxPollIntervalMs(1500)); var other = subscribed(builder())) {
            until(() -> slow.assignment().size() == 2 && other.assignment().size() == 2, slow, other);
            until(() -> other.assignment().size() == 4, other);
            assertEquals(ErrorCode.UNKNOWN_MEMBER_ID,
                    assertThrows(ClientException.class, slow::membership).error());
            until(() -> slow.assignment().size() == 2 && other.assignment().size() == 2, slow, other);
        }
    }

    @Test
    void findsTopicsByAPattern() {
        topics.fill(orders(0), "a");
        try (var consumer = builder().open()) {
            consumer.subscribePattern("ord.*|bill.*");
            assertEquals(List.of("a"), TestTopics.read(consumer, 1));
            consumer.subscribe(List.of("other"));
            until(() -> consumer.assignment().isEmpty(), consumer);
            consumer.subscribePattern("o(.*");
            var refused = assertThrows(ClientException.class, () -> until(() -> false, consumer));
            assertEquals(ErrorCode.INVALID_REGULAR_EXPRESSION, refused.error());
        }
    }

    @Test
    void findsATopicThatIsMadeLater() {
        try (var consumer = builder().open()) {
            consumer.subscribe(List.of("later"));
            assertEquals(List.of(), consumer.poll(SHORT));
            topics.topic("later", 1).fill(new TopicPartition("later", 0), "a");
            assertEquals(List.of("a"), TestTopics.read(consumer, 1));
            consumer.commit();
            topics.admin.topics().delete(List.of("later")).all();
            topics.topic("later", 1).fill(new TopicPartition("later", 0), "b");
            assertEquals(List.of("b"), TestTopics.read(consumer, 1));
        }
    }

    @Test
    void keepsThePlaceOfAnInstance() {
        Set<TopicPartition> before;
        try (var other = subscribed(builder())) {
            int epoch;
            try (var fixed = subscribed(builder().instanceId("i"))) {
                until(() -> fixed.assignment().size() == 2 && other.assignment().size() == 2
                        && fixed.membership().epoch() == other.membership().epoch(), fixed, other);
                before = fixed.assignment();
                epoch = other.membership().epoch();
                assertEquals("i", fixed.membership().instanceId());
            }
            for (int i = 0; i < 10; i++) {
                other.poll(SHORT);
            }
            try (var again = subscribed(builder().instanceId("i"))) {
                until(() -> again.assignment().size() == 2, again, other);
                assertEquals(before, again.assignment());
                assertEquals(epoch, other.membership().epoch(), "nobody else noticed");
                try (var same = subscribed(builder().instanceId("i"))) {
                    var refused = assertThrows(ClientException.class, () -> until(() -> false, same));
                    assertEquals(ErrorCode.UNRELEASED_INSTANCE_ID, refused.error());
                }
            }
        }
    }

    @Test
    void asksForAnAssignor() {
        try (var consumer = subscribed(builder().assignor("range"))) {
            until(() -> consumer.assignment().size() == 4, consumer);
        }
        try (var consumer = subscribed(builder().assignor("fair"))) {
            var refused = assertThrows(ClientException.class, () -> until(() -> false, consumer));
            assertEquals(ErrorCode.UNSUPPORTED_ASSIGNOR, refused.error());
        }
    }

    @Test
    void staysInItsGroupWhenTheBrokerComesBack() throws IOException {
        topics.fill(orders(0), "a");
        try (var consumer = subscribed(builder())) {
            assertEquals(List.of("a"), TestTopics.read(consumer, 1));
            consumer.commit();
            var before = consumer.membership();
            topics.stop();
            assertEquals(List.of(), consumer.poll(SHORT));
            topics.start();
            topics.fill(orders(1), "b");
            assertEquals(List.of("b"), TestTopics.read(consumer, 1));
            consumer.commit();
            assertEquals(before.memberId(), consumer.membership().memberId());
            assertEquals(Map.of(orders(0), 1L, orders(1), 1L),
                    positive(consumer.committed(consumer.assignment())));
        }
    }

    private static Map<TopicPartition, Long> positive(Map<TopicPartition, Long> offsets) {
        offsets.values().removeIf(offset -> offset == 0);
        return offsets;
    }

    @Test
    void cannotBeAMemberAndAssigned() {
        try (var consumer = subscribed(builder())) {
            assertThrows(IllegalStateException.class, () -> consumer.assign(List.of(orders(0))));
        }
        try (var consumer = Consumer.builder(topics.address).open()) {
            assertThrows(IllegalStateException.class, () -> consumer.subscribe(List.of("orders")));
            assertThrows(IllegalStateException.class, consumer::commit);
        }
    }
}
