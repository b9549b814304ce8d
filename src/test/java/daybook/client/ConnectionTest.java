package daybook.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** What a connection does with a broker that answers, answers late, answers nonsense or goes away. */
class ConnectionTest {
    private static Settings settings(String bootstrap, int timeoutMs) {
        return new Settings(bootstrap, "test", timeoutMs, timeoutMs);
    }

    private static Connection open(ScriptedBroker broker, int timeoutMs) {
        var settings = settings(broker.address(), timeoutMs);
        return Connection.open(settings.addresses().getFirst(), settings, begun -> { });
    }

    private static int coordinator(Connection connection, String key) {
        return connection.ask(Call.FIND_COORDINATOR, out -> out.int8(0).strings(List.of(key)).tags(),
                Reader::int32);
    }

    @Test
    void answersComeInOrder() throws Exception {
        var count = new AtomicInteger();
        try (var broker = new ScriptedBroker().on(Call.FIND_COORDINATOR, in -> {
            int answer = count.getAndIncrement();
            return out -> out.int32(answer).tags();
        }); var connection = open(broker, 10_000)) {
            for (int i = 0; i < 100; i++) {
                assertEquals(i, coordinator(connection, "group"));
            }
        }
    }

    @Test
    void takesTheNewestVersionThatBothKnow() throws Exception {
        try (var broker = new ScriptedBroker().knows(Call.PRODUCE, 10).knows(Call.FETCH, 99)
                .knows(Call.LIST_OFFSETS, 2); var connection = open(broker, 10_000)) {
            assertEquals(10, connection.version(Call.PRODUCE));
            assertEquals(Call.FETCH.most(), connection.version(Call.FETCH));
            var refused = assertThrows(ClientException.class, () -> connection.version(Call.LIST_OFFSETS));
            assertEquals(ErrorCode.UNSUPPORTED_VERSION, refused.error());
        }
    }

    @Test
    void learnsTheLevelsOfFeatures() throws Exception {
        try (var broker = new ScriptedBroker().feature("transaction.version", 2);
                var connection = open(broker, 10_000)) {
            assertEquals(Map.of("transaction.version", 2), connection.features());
        }
    }

    @Test
    void failsAllThatWasAskedWhenTheBrokerGoes() throws Exception {
        try (var broker = new ScriptedBroker().on(Call.FIND_COORDINATOR, in -> ScriptedBroker.SILENCE);
                var connection = open(broker, 60_000)) {
            var first = connection.send(Call.FIND_COORDINATOR, 4,
                    out -> out.int8(0).strings(List.of("a")).tags(), Reader::int32);
            var second = connection.send(Call.FIND_COORDINATOR, 4,
                    out -> out.int8(0).strings(List.of("b")).tags(), Reader::int32);
            broker.disconnect();
            for (var each : List.of(first, second)) {
                var lost = assertThrows(ClientException.class, () -> Connection.await(each));
                assertEquals(ErrorCode.NETWORK_EXCEPTION, lost.error());
                assertTrue(lost.retriable());
            }
            assertFalse(connection.isOpen());
            assertThrows(ClientException.class, () -> coordinator(connection, "c"));
        }
    }

    @Test
    void givesUpABrokerThatDoesNotAnswerInTime() throws Exception {
        try (var broker = new ScriptedBroker().on(Call.FIND_COORDINATOR, in -> ScriptedBroker.SILENCE);
                var connection = open(broker, 2_000)) {
            var lost = assertThrows(ClientException.class, () -> coordinator(connection, "a"));
            assertEquals(ErrorCode.NETWORK_EXCEPTION, lost.error());
        }
    }

    @Test
    void anAnswerThatCannotBeReadClosesIt() throws Exception {
        try (var broker = new ScriptedBroker().on(Call.FIND_COORDINATOR, in -> out -> out.int8(1));
                var connection = open(broker, 10_000)) {
            var failed = assertThrows(ClientException.class, () -> coordinator(connection, "a"));
            assertEquals(ErrorCode.UNKNOWN_SERVER_ERROR, failed.error());
            assertThrows(ClientException.class, () -> coordinator(connection, "b"));
        }
    }

    @Test
    void anAnswerForWhichThereIsNoMemoryIsNone() throws Exception {
        try (var broker = new ScriptedBroker().on(Call.FIND_COORDINATOR, in -> out -> out.int32(7).tags());
                var connection = open(broker, 10_000)) {
            var answer = connection.send(Call.FIND_COORDINATOR, 4,
                    out -> out.int8(0).strings(List.of("a")).tags(), in -> {
                        throw new OutOfMemoryError("of a test");
                    });
            assertThrows(ExecutionException.class, () -> answer.get(20, TimeUnit.SECONDS));
            assertEquals(7, coordinator(connection, "b"));
        }
    }

    @Test
    void anAnswerToAnotherRequestClosesIt() throws Exception {
        try (var broker = new ScriptedBroker().on(Call.FIND_COORDINATOR, in -> out -> out.int32(1).tags());
                var connection = open(broker, 10_000)) {
            broker.misnumbers();
            var answer = connection.send(Call.FIND_COORDINATOR, 4,
                    out -> out.int8(0).strings(List.of("a")).tags(), Reader::int32);
            var lost = assertThrows(ExecutionException.class, () -> answer.get(30, TimeUnit.SECONDS));
            assertEquals(ErrorCode.NETWORK_EXCEPTION, ((ClientException) lost.getCause()).error());
        }
    }

    @Test
    void aServerThatIsNoBrokerIsRefused() throws Exception {
        try (var server = new ServerSocket(0)) {
            Thread.ofVirtual().start(() -> {
                try (var socket = server.accept()) {
                    socket.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes());
                    socket.getInputStream().readAllBytes();
                } catch (IOException over) {
                    // The test is over.
                }
            });
            var settings = settings("127.0.0.1:" + server.getLocalPort(), 10_000);
            var refused = assertThrows(ClientException.class,
                    () -> Connection.open(settings.addresses().getFirst(), settings, begun -> { }));
            assertEquals(ErrorCode.UNSUPPORTED_VERSION, refused.error());
            assertTrue(refused.getMessage().contains("is no Kafka broker"), refused.getMessage());
        }
    }

    @Test
    void whoWaitsForAnAnswerMayBeInterrupted() throws Exception {
        try (var broker = new ScriptedBroker().on(Call.FIND_COORDINATOR, in -> ScriptedBroker.SILENCE);
                var connection = open(broker, 60_000)) {
            var answer = connection.send(Call.FIND_COORDINATOR, 4,
                    out -> out.int8(0).strings(List.of("a")).tags(), Reader::int32);
            Thread.currentThread().interrupt();
            var stopped = assertThrows(ClientException.class, () -> Connection.await(answer));
            assertTrue(stopped.interrupted());
            assertFalse(Thread.interrupted());
        }
    }

    @Test
    void nobodyThereIsToldWithTheAddress() {
        var settings = settings("127.0.0.1:1", 10_000);
        var failed = assertThrows(ClientException.class,
                () -> Connection.open(InetSocketAddress.createUnresolved("127.0.0.1", 1), settings,
                        begun -> { }));
        assertEquals(ErrorCode.NETWORK_EXCEPTION, failed.error());
        assertTrue(failed.getMessage().contains("127.0.0.1:1"), failed.getMessage());
    }

    @Test
    void readsAddresses() {
        var addresses = settings("a, b:9093,[::1]:9094,[::2]", 1).addresses();
        assertEquals(List.of("a:9092", "b:9093", "::1:9094", "::2:9092"), addresses.stream()
                .map(each -> each.getHostString() + ":" + each.getPort()).toList());
        for (var wrong : List.of("", "a:", "a:0", "a:65536", ":9092", "a:x")) {
            assertThrows(IllegalArgumentException.class, () -> settings(wrong, 1), wrong);
        }
    }

    @Test
    void aClusterFindsLeadersAndRemembersThem() throws Exception {
        var id = new Uuid(1, 2);
        var partition = new Topic.Partition(ErrorCode.NONE, 0, 1, 3, List.of(1), List.of(1), List.of());
        try (var broker = new ScriptedBroker().topic(new Topic("orders", id, false, List.of(partition)));
                var cluster = new Cluster(settings(broker.address(), 10_000))) {
            assertEquals(1, cluster.leader(new TopicPartition("orders", 0)));
            assertEquals("orders", cluster.name(id));
            assertEquals(3, cluster.known("orders").partitions().getFirst().leaderEpoch());
            var unknown = assertThrows(ClientException.class,
                    () -> cluster.leader(new TopicPartition("orders", 1)));
            assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, unknown.error());
            assertTrue(cluster.to(1, Cluster.Lane.DATA).isOpen());
        }
    }

    @Test
    void triesAgainWithACoordinatorThatMoved() throws Exception {
        var attempts = new AtomicInteger();
        try (var broker = new ScriptedBroker().on(Call.FIND_COORDINATOR, in -> out -> out.int32(0)
                .structs(List.of("group"), (each, key) -> each.string(key).int32(1).string("127.0.0.1")
                        .int32(1).int16(0).string(null)).tags());
                var cluster = new Cluster(settings(broker.address(), 10_000))) {
            int answer = cluster.coordinated(Cluster.Coordinated.GROUP, "group", connection -> {
                if (attempts.incrementAndGet() < 3) {
                    throw new ClientException(ErrorCode.NOT_COORDINATOR, "group");
                }
                return 7;
            });
            assertEquals(7, answer);
            assertEquals(3, attempts.get());
        }
    }
}
