package daybook.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.record.RecordBatch;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** What a producer does with answers that a healthy broker gives rarely, or never. */
class ProducerScriptTest {
    private static final Uuid ID = new Uuid(1, 2);

    /** A batch that the broker was asked to append: its producer's epoch and first sequence number. */
    private record Asked(int epoch, int sequence) { }

    private ScriptedBroker broker;
    /** The partition that was asked for last. */
    private volatile int index;
    private final LinkedBlockingQueue<Asked> asked = new LinkedBlockingQueue<>();

    @BeforeEach
    void start() throws IOException {
        broker = new ScriptedBroker().on(Call.INIT_PRODUCER_ID, in -> out -> identity(out, 0))
                .on(Call.FIND_COORDINATOR, in -> out -> out.int32(0).structs(List.of("id"), (each, key) ->
                        each.string(key).int32(1).string("127.0.0.1").int32(1).int16(0).string(null)).tags());
        topic(1);
    }

    @AfterEach
    void stop() throws IOException {
        broker.close();
    }

    private void topic(int partitions) {
        topic(ID, partitions);
    }

    private void topic(Uuid id, int partitions) {
        var all = new ArrayList<Topic.Partition>();
        for (int i = 0; i < partitions; i++) {
            all.add(new Topic.Partition(ErrorCode.NONE, i, 1, 0, List.of(1), List.of(1), List.of()));
        }
        broker.topic(new Topic("orders", id, false, all));
    }

    private static void identity(Writer out, int epoch) {
        out.int32(0).int16(0).int64(7).int16(epoch).tags();
    }

    private Producer.Builder builder() {
        return Producer.builder(broker.address()).lingerMs(0).requestTimeoutMs(30_000).maxBlockMs(30_000);
    }

    /** Reads a Produce of one batch, and remembers it. */
    private Asked asked(Reader in) {
        in.nullableString();
        in.int16();
        in.int32();
        var batch = new RecordBatch[1];
        in.structs(topic -> {
            topic.string();
            return topic.structs(partition -> {
                index = partition.int32();
                var bytes = partition.bytes();
                batch[0] = new RecordBatch(ByteBuffer.allocate(bytes.remaining()).put(bytes).flip(), 0);
                return batch;
            });
        });
        var one = new Asked(batch[0].producerEpoch(), batch[0].baseSequence());
        asked.add(one);
        return one;
    }

    private Consumer<Writer> answer(ErrorCode error, long offset) {
        return out -> out.structs(List.of("orders"), (topic, name) -> topic.string(name)
                .structs(List.of(index), (each, partition) -> each.int32(partition).error(error).int64(offset)
                        .int64(-1).int64(0).structs(List.of(), (none, nothing) -> { }).string(null)))
                .int32(0).tags();
    }

    private Asked next() throws InterruptedException {
        return asked.poll(30, TimeUnit.SECONDS);
    }

    private static byte[] bytes(int length) {
        return new byte[length];
    }

    private static ErrorCode failure(Delivery delivery) {
        var failed = assertThrows(ExecutionException.class, () -> delivery.get(20, TimeUnit.SECONDS));
        return ((ClientException) failed.getCause()).error();
    }

    @Test
    void aRecordDoesNotWaitForTheAnswerToTheOneBefore() throws Exception {
        broker.on(Call.PRODUCE,
                in -> asked(in).sequence == 0 ? answer(ErrorCode.NONE, 0) : ScriptedBroker.SILENCE);
        try (var producer = builder().open()) {
            producer.send("orders", null, bytes(10)).join();
            assertEquals(new Asked(0, 0), next());
            for (int i = 1; i < 5; i++) {
                producer.send("orders", null, bytes(10));
                assertEquals(new Asked(0, i), next());
            }
            broker.close();
            producer.close(Duration.ofMillis(100));
        }
    }

    @Test
    void whatIsNotUnderstoodIsSentAgainAsItWas() throws Exception {
        var count = new AtomicInteger();
        broker.on(Call.PRODUCE, in -> {
            asked(in);
            return switch (count.getAndIncrement()) {
                case 0 -> out -> out.int32(-1);
                case 1 -> out -> out.structs(List.of(), (none, nothing) -> { }).int32(0).tags();
                default -> answer(ErrorCode.NONE, 3);
            };
        });
        try (var producer = builder().open()) {
            assertEquals(3, producer.send("orders", null, bytes(10)).join().offset());
            for (int i = 0; i < 3; i++) {
                assertEquals(new Asked(0, 0), next());
            }
        }
    }

    @Test
    void aPartitionThatIsMadeMeanwhileIsFound() throws Exception {
        broker.on(Call.PRODUCE, in -> {
            asked(in);
            return answer(ErrorCode.NONE, 0);
        });
        try (var producer = builder().open()) {
            producer.send("orders", null, bytes(1)).join();
            var asking = new CountDownLatch(2);
            broker.on(Call.METADATA, in -> {
                if (asking.getCount() == 1) {
                    topic(2);
                }
                asking.countDown();
                return broker::metadata;
            });
            var second = new OutgoingRecord("orders", 1, OutgoingRecord.NOW, null, bytes(1), List.of());
            producer.send(second);
        }
    }

    /** What has a key goes where all others send it that know the topic as it is now. */
    @Test
    void aTopicThatIsMadeAnewMayHaveFewerPartitions() throws Exception {
        var key = IntStream.range(0, 20).mapToObj(ProducerScriptTest::bytes)
                .filter(each -> (Destination.murmur2(each) & 1) == 1).findFirst().orElseThrow();
        topic(2);
        var count = new AtomicInteger(2);
        broker.on(Call.PRODUCE, in -> {
            asked(in);
            return answer(index < count.get() ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, index);
        });
        try (var producer = builder().deliveryTimeoutMs(1_000).maxBlockMs(200).open()) {
            assertEquals(1, producer.send("orders", key, bytes(1)).join().partition().partition());
            topic(new Uuid(1, 3), 1);
            count.set(1);
            assertEquals(ErrorCode.REQUEST_TIMED_OUT, failure(producer.send("orders", key, bytes(1))));
            assertEquals(0, producer.send("orders", key, bytes(1)).join().partition().partition());
            assertEquals(0, producer.send("orders", null, bytes(1)).join().partition().partition());
            var nowhere = assertThrows(ClientException.class, () -> producer.send(to(1, bytes(1))));
            assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, nowhere.error());
        }
    }

    /** The log of a topic that was made anew takes any sequence number, and so the second before the first. */
    @Test
    void aTopicThatIsMadeAnewIsSentOneBatchAtATime() throws Exception {
        var firsts = new AtomicInteger();
        broker.on(Call.PRODUCE, in -> switch (asked(in).sequence()) {
            case 0 -> answer(ErrorCode.NONE, 0);
            case 1 -> switch (firsts.getAndIncrement()) {
                case 0 -> answer(ErrorCode.MESSAGE_TOO_LARGE, -1);
                case 1 -> answer(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1);
                default -> ScriptedBroker.SILENCE;
            };
            // Sent behind the first half before that was refused, or not.
            default -> answer(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1);
        });
        var producer = builder().lingerMs(60_000).open();
        producer.send("orders", null, bytes(1));
        producer.flush();
        producer.send("orders", null, bytes(1));
        producer.send("orders", null, bytes(1));
        Thread.startVirtualThread(producer::flush);
        while (firsts.get() < 3) {
            Thread.onSpinWait();
        }
        asked.clear();
        assertEquals(null, asked.poll(500, TimeUnit.MILLISECONDS));
        producer.close(Duration.ofMillis(100));
    }

    @Test
    void closingWakesWhoWaitsForATopic() throws Exception {
        var producer = builder().maxBlockMs(60_000).open();
        var failed = new CompletableFuture<Throwable>();
        var thread = Thread.ofVirtual().start(() -> {
            try {
                producer.send("nowhere", null, bytes(1));
                failed.complete(null);
            } catch (RuntimeException refused) {
                failed.complete(refused);
            }
        });
        while (thread.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        producer.close();
        assertInstanceOf(IllegalStateException.class, failed.get(30, TimeUnit.SECONDS));
    }

    @Test
    void aTransactionOfNoOffsetsIsNothing() throws Exception {
        broker.feature("transaction.version", 2).on(Call.END_TXN, in -> out -> out.int32(0)
                .error(ErrorCode.INVALID_TXN_STATE).int64(7).int16(0).tags());
        try (var producer = builder().transactionalId("id").open()) {
            producer.beginTransaction();
            producer.sendOffsets(Map.of(), new Membership("g", "", -1, null));
            producer.commitTransaction();
        }
    }

    @Test
    void anInterruptedCommitMayBeTriedAgain() throws Exception {
        broker.feature("transaction.version", 2);
        broker.on(Call.PRODUCE, in -> {
            asked(in);
            return answer(ErrorCode.NONE, 0);
        });
        broker.on(Call.END_TXN, in -> out -> identity(out, 1));
        try (var producer = builder().transactionalId("id").open()) {
            producer.beginTransaction();
            producer.send("orders", null, bytes(1));
            producer.flush();
            Thread.currentThread().interrupt();
            assertThrows(ClientException.class, producer::commitTransaction);
            assertFalse(Thread.interrupted());
            producer.commitTransaction();
            producer.beginTransaction();
        }
    }

    @Test
    void theCauseOfARefusalIsTold() throws Exception {
        var count = new AtomicInteger();
        broker.on(Call.PRODUCE, in -> {
            asked(in);
            return answer(ErrorCode.NONE, 0);
        });
        broker.on(Call.ADD_PARTITIONS_TO_TXN, in -> {
            boolean first = count.getAndIncrement() == 0;
            var errors = first
                    ? List.of(ErrorCode.OPERATION_NOT_ATTEMPTED, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
                    : List.of(ErrorCode.NONE, ErrorCode.NONE);
            return out -> out.int32(0).structs(List.of("orders"), (topic, name) -> topic.string(name)
                    .structs(List.of(0, 1), (each, at) -> each.int32(at).error(errors.get(at)))).tags();
        });
        broker.on(Call.END_TXN, in -> out -> out.int32(0).int16(0).tags());
        try (var producer = builder().transactionalId("id").open()) {
            producer.beginTransaction();
            producer.send("orders", null, bytes(1)).join();
            producer.commitTransaction();
            assertEquals(2, count.get());
        }
    }

    @Test
    void closingDoesNotThrowWhereItCannotAbort() throws Exception {
        broker.feature("transaction.version", 2);
        broker.on(Call.PRODUCE, in -> {
            asked(in);
            return answer(ErrorCode.NONE, 0);
        });
        broker.on(Call.END_TXN, in -> out -> out.int32(0)
                .error(ErrorCode.PRODUCER_FENCED).int64(7).int16(0).tags());
        try (var producer = builder().transactionalId("id").open()) {
            producer.beginTransaction();
            producer.send("orders", null, bytes(1)).join();
        }
    }

    @Test
    void closingInTimeDoesNotWaitForTheCoordinator() throws Exception {
        broker.feature("transaction.version", 2);
        broker.on(Call.PRODUCE, in -> {
            asked(in);
            return answer(ErrorCode.NONE, 0);
        });
        broker.on(Call.END_TXN, in -> ScriptedBroker.SILENCE);
        var producer = builder().transactionalId("id").open();
        producer.beginTransaction();
        producer.send("orders", null, bytes(1)).join();
        long began = System.nanoTime();
        producer.close(Duration.ofMillis(200));
        assertTrue(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(20));
    }

    @Test
    void deliveriesEndWhereClosingIsInterrupted() throws Exception {
        broker.on(Call.PRODUCE, in -> {
            asked(in);
            return ScriptedBroker.SILENCE;
        });
        var producer = builder().open();
        var left = producer.send("orders", null, bytes(1));
        next();
        Thread.currentThread().interrupt();
        assertThrows(ClientException.class, producer::close);
        assertThrows(ExecutionException.class, () -> left.get(30, TimeUnit.SECONDS));
    }

    /** Has the broker stop at its first batch, until the latch that is returned is counted down. */
    private CountDownLatch readsNoMore() {
        var over = new CountDownLatch(1);
        broker.on(Call.PRODUCE, in -> {
            try {
                over.await();
            } catch (InterruptedException never) {
                throw new IllegalStateException(never);
            }
            return null;
        });
        return over;
    }

    @Test
    void aBrokerThatDoesNotReadIsGivenUp() throws Exception {
        var over = readsNoMore();
        var settings = builder().acks(Acks.NONE).requestTimeoutMs(300).deliveryTimeoutMs(600);
        try (var producer = settings.open()) {
            var sent = new ArrayList<Delivery>();
            for (int i = 0; i < 20; i++) {
                sent.add(producer.send("orders", null, bytes(1_000_000)));
            }
            var late = assertThrows(ExecutionException.class, () -> {
                for (var each : sent) {
                    each.get(20, TimeUnit.SECONDS);
                }
            });
            // It is late, or failed last when it was.
            assertTrue(((ClientException) late.getCause()).retriable());
        } finally {
            over.countDown();
        }
    }

    /** Two brokers, each the leader of a partition; the first reads no more once it is sent a batch. */
    @Test
    void aBrokerThatDoesNotReadHoldsUpNoOther() throws Exception {
        var over = readsNoMore();
        try (var other = new ScriptedBroker().on(Call.PRODUCE, in -> ScriptedBroker.SILENCE)) {
            broker.beside(2, other).topic(new Topic("orders", ID, false, List.of(led(0, 1), led(1, 2))));
            var producer = builder().acks(Acks.NONE).requestTimeoutMs(60_000).open();
            var stuck = new ArrayList<Delivery>();
            for (int i = 0; i < 20; i++) {
                stuck.add(producer.send(to(0, bytes(1_000_000))));
            }
            for (int i = 0; i < 10; i++) {
                producer.send(to(1, bytes(1))).get(5, TimeUnit.SECONDS);
            }
            assertFalse(stuck.getLast().isDone());
            producer.close(Duration.ofMillis(100));
            assertTrue(stuck.getLast().isDone());
        } finally {
            over.countDown();
        }
    }

    private static Topic.Partition led(int index, int leader) {
        return new Topic.Partition(ErrorCode.NONE, index, leader, 0, List.of(1), List.of(1), List.of());
    }

    @Test
    void aBrokerWithAnAddressThatIsNoneEndsNoProducer() throws Exception {
        broker.on(Call.PRODUCE, in -> {
            asked(in);
            return answer(ErrorCode.NONE, 0);
        });
        broker.beside(2, 70_000).topic(new Topic("orders", ID, false, List.of(led(0, 2))));
        try (var producer = builder().maxBlockMs(500).deliveryTimeoutMs(500).open()) {
            assertThrows(ClientException.class, () -> producer.send("orders", null, bytes(1)).join());
            broker.beside(2, 1).topic(new Topic("orders", ID, false, List.of(led(0, 1))));
            assertEquals(0, producer.send("orders", null, bytes(1)).join().offset());
        }
    }

    @Test
    void whatWaitsForABusyBrokerFailsInTime() throws Exception {
        topic(6);
        broker.on(Call.PRODUCE, in -> {
            asked(in);
            return ScriptedBroker.SILENCE;
        });
        var producer = builder().requestTimeoutMs(60_000).deliveryTimeoutMs(300).open();
        for (int partition = 0; partition < 6; partition++) {
            var late = producer.send(to(partition, bytes(1)));
            if (partition < Sender.REQUESTS_MOST) {
                next();
            }
            assertEquals(ErrorCode.REQUEST_TIMED_OUT, failure(late));
        }
        producer.close(Duration.ofMillis(100));
    }

    private static OutgoingRecord to(int partition, byte[] value) {
        return new OutgoingRecord("orders", partition, OutgoingRecord.NOW, null, value, List.of());
    }

    @Test
    void whatWaitsForABrokerThatDoesNotAnswerFailsInTime() throws Exception {
        var answer = new CountDownLatch(1);
        broker.on(Call.PRODUCE, in -> {
            var batch = asked(in);
            try {
                answer.await();
            } catch (InterruptedException never) {
                throw new IllegalStateException(never);
            }
            return answer(ErrorCode.NONE, batch.sequence());
        });
        try (var producer = builder().requestTimeoutMs(60_000).deliveryTimeoutMs(300).open()) {
            var asked = producer.send("orders", null, bytes(1));
            next();
            var waits = producer.send("orders", null, bytes(1));
            assertEquals(ErrorCode.REQUEST_TIMED_OUT, failure(asked));
            assertEquals(ErrorCode.REQUEST_TIMED_OUT, failure(waits));
            producer.flush();
            // It came late, and what comes behind it has its place behind it.
            answer.countDown();
            assertEquals(1, producer.send("orders", null, bytes(1)).join().offset());
            assertEquals(ErrorCode.REQUEST_TIMED_OUT, failure(asked));
        }
    }
}
