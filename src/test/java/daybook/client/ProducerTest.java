package daybook.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.record.Codec;
import daybook.record.Record;
import daybook.wire.ErrorCode;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What is sent lies on a real broker's disk, once and in order, and everybody learns what became of it. */
final class ProducerTest {
    private static final long LONG_AGO_MS = 1_000_000_000_000L;

    @TempDir
    Path directory;

    private TestCluster cluster;

    @BeforeEach
    void start() throws IOException {
        cluster = new TestCluster(directory, "auto.create.topics.enable", "false", "message.max.bytes", "200000");
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    private Producer.Builder builder() {
        return Producer.builder(cluster.address()).lingerMs(1);
    }

    private static ErrorCode failure(Delivery delivery) {
        return assertThrows(ClientException.class, delivery::join).error();
    }

    @Test
    void aReceiptTellsWhereARecordLies() throws Exception {
        cluster.topic("orders", 2);
        try (var producer = builder().open()) {
            var headers = List.of(new Record.Header("trace", ByteBuffer.wrap(TestCluster.bytes("t1"))),
                    new Record.Header("none", null));
            var key = TestCluster.bytes("k");
            var first = producer.send(new OutgoingRecord("orders", 1, LONG_AGO_MS, key, TestCluster.bytes("v"),
                    headers));
            var second = producer.send(new OutgoingRecord("orders", 1, LONG_AGO_MS - 7, null, null, List.of()));
            assertEquals(new Receipt(new TopicPartition("orders", 1), 0, LONG_AGO_MS), first.get());
            assertEquals(new Receipt(new TopicPartition("orders", 1), 1, LONG_AGO_MS - 7),
                    second.get(10, TimeUnit.SECONDS));
            assertTrue(second.isDone());
        }
        var records = cluster.records("orders", 1);
        assertEquals("k", TestCluster.text(records.get(0).key()));
        assertEquals("v", TestCluster.text(records.get(0).value()));
        assertEquals("t1", TestCluster.text(records.get(0).headers().get(0).value()));
        assertEquals("none", records.get(0).headers().get(1).key());
        assertNull(records.get(0).headers().get(1).value());
        assertEquals(LONG_AGO_MS, records.get(0).timestampMs());
        assertNull(records.get(1).key());
        assertNull(records.get(1).value());
        assertEquals(LONG_AGO_MS - 7, records.get(1).timestampMs());
        assertEquals(LONG_AGO_MS, cluster.batches("orders", 1).getFirst().maxTimestamp());
    }

    @ParameterizedTest
    @EnumSource(Codec.class)
    void everyCodecAndEverySizeArrives(Codec codec) throws IOException {
        cluster.topic("sizes", 1);
        var sent = new ArrayList<String>();
        try (var producer = builder().codec(codec).lingerMs(3_600_000).open()) {
            for (int i = 0; i < 400; i++) {
                sent.add((i + "-").repeat(1 + i * i / 20));
                producer.send("sizes", null, TestCluster.bytes(sent.getLast()));
            }
        }
        assertEquals(sent, cluster.values("sizes", 0));
        var first = cluster.batches("sizes", 0).getFirst();
        assertEquals(codec.id(), first.codecId());
        assertTrue(first.recordCount() > 1);
        assertTrue(first.hasProducerId());
    }

    @Test
    void aKeyStaysInKafkasPartitionAndTheOthersGoRound() throws IOException {
        cluster.topic("keyed", 10);
        cluster.topic("loose", 4);
        // Batches are to be full when they go, however long their making takes.
        try (var producer = builder().lingerMs(3_600_000).open()) {
            for (int i = 0; i < 50; i++) {
                producer.send("keyed", TestCluster.bytes("foobar"), TestCluster.bytes("" + i));
                // What is 21 modulo 10 of murmur2 without its sign, and so on, was asked of Kafka itself.
                producer.send("keyed", TestCluster.bytes("21"), TestCluster.bytes("" + i));
            }
            for (int i = 0; i < 3_000; i++) {
                producer.send("loose", null, new byte[100]);
            }
        }
        int foobar = (-790332482 & Integer.MAX_VALUE) % 10;
        int number = (-973932308 & Integer.MAX_VALUE) % 10;
        assertEquals(50, cluster.values("keyed", foobar).size());
        assertEquals(50, cluster.values("keyed", number).size());
        var used = new HashSet<Integer>();
        int batches = 0;
        for (int i = 0; i < 4; i++) {
            if (!cluster.batches("loose", i).isEmpty()) {
                used.add(i);
            }
            batches += cluster.batches("loose", i).size();
        }
        assertTrue(used.size() > 1, "only " + used);
        assertTrue(batches < 60, batches + " batches of 300,000 bytes");
    }

    /** The hashes are those that org.apache.kafka.common.utils.Utils of Apache Kafka 4.3.1 gave. */
    @Test
    void hashesAreKafkas() {
        var hashes = Map.of("", 275646681, "a", -1563381124, "ab", 316155434, "abc", 479470107,
                "abcd", -1323649548, "abcde", 461995741, "21", -973932308, "foobar", -790332482,
                "a-little-bit-long-string", -985981536,
                "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971);
        hashes.forEach((key, hash) -> assertEquals(hash, Destination.murmur2(TestCluster.bytes(key)), key));
        // Bytes have no sign there.
        var all = new byte[256];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) i;
        }
        assertEquals(-1948347274, Destination.murmur2(all));
        var ofOnes = List.of(275646681, -311467685, -1642832928, 1548199422, 644171429, -363838622, 28450676,
                -71293549);
        for (int length = 0; length < ofOnes.size(); length++) {
            var key = new byte[length];
            Arrays.fill(key, (byte) -1);
            assertEquals(ofOnes.get(length), Destination.murmur2(key));
        }
    }

    @Test
    void threadsThatShareAProducerKeepTheirOrder() throws Exception {
        cluster.topic("shared", 3);
        var threads = new ArrayList<Thread>();
        // So little memory that they have to wait for each other.
        try (var producer = builder().batchSizeBytes(1_000).bufferMemoryBytes(8_000).open()) {
            for (int i = 0; i < 6; i++) {
                int number = i;
                threads.add(Thread.ofVirtual().start(() -> {
                    for (int count = 0; count < 2_000; count++) {
                        producer.send(new OutgoingRecord("shared", number % 3, OutgoingRecord.NOW, null,
                                TestCluster.bytes(number + ":" + count), List.of()));
                    }
                }));
            }
            for (var thread : threads) {
                thread.join();
            }
        }
        for (int partition = 0; partition < 3; partition++) {
            var next = new int[6];
            for (var value : cluster.values("shared", partition)) {
                var words = value.split(":");
                assertEquals(next[Integer.parseInt(words[0])]++, Integer.parseInt(words[1]));
            }
            assertEquals(2_000, next[partition]);
            assertEquals(2_000, next[partition + 3]);
        }
    }

    @Test
    void flushDoesNotLinger() throws IOException {
        cluster.topic("slow", 1);
        try (var producer = builder().lingerMs(3_600_000).open()) {
            var delivery = producer.send("slow", null, new byte[10]);
            assertThrows(TimeoutException.class, () -> delivery.get(20, TimeUnit.MILLISECONDS));
            producer.flush();
            assertTrue(delivery.isDone());
            assertEquals(0, delivery.join().offset());
            producer.send("slow", null, new byte[10]);
        }
        assertEquals(2, cluster.values("slow", 0).size());
    }

    @Test
    void whoWaitsForMemoryDoesNotWaitForLinger() throws IOException {
        cluster.topic("tight", 1);
        try (var producer = builder().lingerMs(3_600_000).batchSizeBytes(100).bufferMemoryBytes(300).open()) {
            for (int i = 0; i < 50; i++) {
                producer.send("tight", null, new byte[150]);
            }
        }
        assertEquals(50, cluster.values("tight", 0).size());
    }

    @Test
    void withoutAcknowledgementsThereAreNoOffsets() throws Exception {
        cluster.topic("quiet", 1);
        try (var producer = builder().acks(Acks.NONE).open()) {
            for (int i = 0; i < 100; i++) {
                assertEquals(-1, producer.send("quiet", null, TestCluster.bytes("" + i)).get().offset());
            }
        }
        try (var producer = builder().acks(Acks.LEADER).idempotence(false).open()) {
            assertEquals(100, producer.send("quiet", null, TestCluster.bytes("100")).join().offset());
        }
        assertEquals(101, cluster.values("quiet", 0).size());
        assertFalse(cluster.batches("quiet", 0).getLast().hasProducerId());
    }

    @Test
    void theTimeIsTheBrokersWhereTheTopicSaysSo() throws IOException {
        cluster.topic("stamped", 1, "message.timestamp.type", "LogAppendTime");
        try (var producer = builder().open()) {
            var record = new OutgoingRecord("stamped", 0, LONG_AGO_MS, null, new byte[1], List.of());
            assertTrue(producer.send(record).join().timestampMs() > LONG_AGO_MS);
        }
    }

    @Test
    void errorsReachTheRecordThatTheyConcern() throws IOException {
        cluster.topic("compacted", 1, "cleanup.policy", "compact");
        try (var producer = builder().lingerMs(3_600_000).open()) {
            var good = producer.send("compacted", TestCluster.bytes("k"), TestCluster.bytes("v"));
            var bad = producer.send("compacted", null, TestCluster.bytes("v"));
            producer.flush();
            assertEquals(ErrorCode.INVALID_RECORD, failure(bad));
            var other = assertThrows(ExecutionException.class, good::get);
            var cause = assertInstanceOf(ClientException.class, other.getCause());
            assertEquals(ErrorCode.INVALID_RECORD, cause.error());
            assertTrue(cause.getMessage().contains("another record"), cause.getMessage());
            // What comes after it goes on as if nothing had been.
            for (int i = 0; i < 3; i++) {
                var key = TestCluster.bytes("k" + i);
                var next = producer.send("compacted", key, new byte[1]);
                producer.flush();
                assertEquals(i, next.join().offset());
            }
        }
    }

    @Test
    void aBatchTooLargeForTheBrokerIsSplit() throws IOException {
        cluster.topic("small", 1, "max.message.bytes", "1000");
        var sent = new ArrayList<String>();
        try (var producer = builder().lingerMs(200).open()) {
            var deliveries = new ArrayList<Delivery>();
            for (int i = 0; i < 100; i++) {
                sent.add("0".repeat(50 + i) + i);
                deliveries.add(producer.send("small", TestCluster.bytes("" + i), TestCluster.bytes(sent.getLast())));
            }
            var large = producer.send("small", null, new byte[1_000]);
            assertEquals(ErrorCode.MESSAGE_TOO_LARGE, failure(large));
            for (int i = 0; i < 100; i++) {
                assertEquals(i, deliveries.get(i).join().offset());
            }
            assertEquals(100, producer.send("small", null, new byte[0]).join().offset());
        }
        sent.add("");
        assertEquals(sent, cluster.values("small", 0));
    }

    @Test
    void whatCannotBeSentIsRefusedAtOnce() throws IOException {
        cluster.topic("some", 1);
        var closed = builder().open();
        try (var producer = builder().maxBlockMs(2_000).open()) {
            var tooLarge = assertThrows(ClientException.class,
                    () -> producer.send("some", null, new byte[2_000_000]));
            assertEquals(ErrorCode.MESSAGE_TOO_LARGE, tooLarge.error());
            var unknown = assertThrows(ClientException.class, () -> producer.send("none", null, new byte[1]));
            assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, unknown.error());
            var wrong = assertThrows(ClientException.class, () -> producer.send("a b", null, new byte[1]));
            assertEquals(ErrorCode.INVALID_TOPIC_EXCEPTION, wrong.error());
            var beyond = new OutgoingRecord("some", 1, OutgoingRecord.NOW, null, null, List.of());
            var noPartition = assertThrows(ClientException.class, () -> producer.send(beyond));
            assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, noPartition.error());
            assertTrue(noPartition.getMessage().contains("has 1 partitions, but no 1"));
            var wild = new OutgoingRecord("some", -5, OutgoingRecord.NOW, null, null, List.of());
            assertThrows(IllegalArgumentException.class, () -> producer.send(wild));
            assertThrows(NullPointerException.class, () -> producer.send(null, null, new byte[1]));
            assertThrows(IllegalStateException.class, producer::beginTransaction);
            closed.close();
            closed.close();
            assertThrows(IllegalStateException.class, () -> closed.send("some", null, new byte[1]));
            assertEquals(0, producer.send("some", null, new byte[1]).join().offset());
        }
        assertThrows(IllegalArgumentException.class, () -> builder().batchSizeBytes(0).open());
        assertThrows(IllegalArgumentException.class, () -> Producer.builder("here:there").open());
    }

    @Test
    void aTopicThatIsMadeMeanwhileIsFound() throws Exception {
        try (var producer = builder().open()) {
            var sending = new Delivery[1];
            var thread = Thread.ofVirtual().start(() -> sending[0] = producer.send("late", null, new byte[1]));
            cluster.topic("late", 1);
            thread.join();
            assertEquals(0, sending[0].join().offset());
        }
    }

    @Test
    void whatNobodyTakesFailsInTime() throws IOException {
        String nobody;
        try (var socket = new ServerSocket(0)) {
            nobody = "127.0.0.1:" + socket.getLocalPort();
        }
        try (var producer = Producer.builder(nobody).maxBlockMs(200).open()) {
            var unreachable = assertThrows(ClientException.class, () -> producer.send("any", null, new byte[1]));
            assertEquals(ErrorCode.NETWORK_EXCEPTION, unreachable.error());
        }
        cluster.topic("gone", 1);
        var producer = builder().deliveryTimeoutMs(3_000).open();
        producer.send("gone", null, new byte[1]).join();
        cluster.close();
        var late = producer.send("gone", null, new byte[1]);
        assertEquals(ErrorCode.REQUEST_TIMED_OUT, failure(late));
        producer.close();
    }

    @Test
    void closingDoesNotWaitLongerThanItMay() throws IOException {
        cluster.topic("left", 1);
        var producer = builder().open();
        producer.send("left", null, new byte[1]).join();
        cluster.close();
        var left = producer.send("left", null, new byte[1]);
        producer.close(Duration.ofMillis(50));
        assertEquals(ErrorCode.REQUEST_TIMED_OUT, failure(left));
    }
}
