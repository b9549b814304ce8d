package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.group.Groups;
import daybook.log.Appended;
import daybook.log.Disk;
import daybook.log.PartitionLog;
import daybook.log.TopicPartition;
import daybook.record.TransactionMarker;
import daybook.txn.Identity;
import daybook.txn.Transaction;
import daybook.txn.Transactions;
import daybook.wire.ErrorCode;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** What is decided of a transaction comes to pass in each of its partitions, whatever stands in the way. */
class TransactionEndsTest {
    private static final String ID = "t";
    private static final int LARGEST_RECORD_BYTES = 400;

    @TempDir
    Path directory;

    /** How often the threads that end transactions lack memory from now on. */
    private final AtomicInteger failures = new AtomicInteger();
    private TestBroker broker;

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(directory, Map.of(), Disk.local(), this::now);
        broker.topic(Transactions.TOPIC, 1,
                Map.of("max.message.bytes", Integer.toString(LARGEST_RECORD_BYTES), "cleanup.policy", "compact"));
    }

    @AfterEach
    void stop() throws IOException {
        broker.close();
    }

    private Instant now() {
        boolean ends = Thread.currentThread().getName().startsWith("daybook-end-");
        if (ends && failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new OutOfMemoryError("of a test");
        }
        return Instant.now();
    }

    private Identity begin() {
        var producer = broker.transactions.identify(ID, 60_000, Identity.refused(ErrorCode.NONE));
        assertEquals(ErrorCode.NONE, producer.error());
        return producer;
    }

    private ErrorCode add(Identity producer, String topic, int partition) {
        while (true) {
            var error = broker.transactions.add(ID, producer, List.of(new TopicPartition(topic, partition)),
                    0, () -> { });
            if (error != ErrorCode.CONCURRENT_TRANSACTIONS) {
                return error;
            }
        }
    }

    private void write(PartitionLog log, Identity producer) {
        var batch = Batches.transactional(producer.producerId(), producer.producerEpoch(), 0, "v");
        var appended = log.append(batch, log.endOffset(), true);
        assertTrue(appended instanceof Appended.Done, appended.toString());
    }

    private Identity end(Identity producer, boolean commit) {
        var next = broker.transactions.end(ID, producer, commit, Transaction.EPOCH_EACH);
        assertEquals(ErrorCode.NONE, next.error());
        return next;
    }

    private void awaitStable(PartitionLog log) {
        long untilMs = System.currentTimeMillis() + 5_000;
        while (log.lastStableOffset() != log.endOffset()) {
            assertTrue(System.currentTimeMillis() < untilMs, "open for ever: " + log.producers());
            Thread.onSpinWait();
        }
    }

    /** The record that says how it ends is larger than those before, and may be larger than is taken. */
    @Test
    void theLargestTransactionThatThereMayBe() throws IOException {
        broker.topic("orders", 128);
        var producer = begin();
        int added = 0;
        while (add(producer, "orders", added) == ErrorCode.NONE) {
            added++;
        }
        assertTrue(added > 10 && added < 128, added + " partitions");
        write(broker.log("orders", 0), producer);
        end(producer, true);
        awaitStable(broker.log("orders", 0));
    }

    /** Somebody has ended a transaction in the name of a coordinator that is further on than this one. */
    @Test
    void whereAnotherCoordinatorIsKnown() throws IOException {
        broker.topic("orders", 1);
        broker.topic(Groups.TOPIC, 1);
        var producer = begin();
        for (var topic : List.of("orders", Groups.TOPIC)) {
            broker.log(topic, 0).appendMarker(producer.producerId(), (short) 0, new TransactionMarker(false, 9), 0);
        }
        for (int i = 0; i < 3; i++) {
            assertEquals(ErrorCode.NONE, add(producer, "orders", 0));
            assertEquals(ErrorCode.NONE, add(producer, Groups.TOPIC, 0));
            write(broker.log("orders", 0), producer);
            write(broker.log(Groups.TOPIC, 0), producer);
            producer = end(producer, true);
            awaitStable(broker.log("orders", 0));
            awaitStable(broker.log(Groups.TOPIC, 0));
        }
    }

    @Test
    void whereMemoryLacksForAMoment() throws IOException {
        broker.topic("orders", 1);
        var producer = begin();
        assertEquals(ErrorCode.NONE, add(producer, "orders", 0));
        write(broker.log("orders", 0), producer);
        failures.set(2);
        end(producer, true);
        awaitStable(broker.log("orders", 0));
        assertEquals(0, failures.get());
    }

    /**
     * Where the producer keeps its epoch, a log without its marker yet still has the transaction open that is
     * over: a batch of the next one is not to be taken for one of it.
     */
    @Test
    void theNextTransactionBeginsBehindTheMarkers() throws IOException {
        broker.topic("orders", 1);
        var log = broker.log("orders", 0);
        var producer = begin();
        assertEquals(ErrorCode.NONE, add(producer, "orders", 0));
        write(log, producer);
        failures.set(1);
        assertEquals(producer, broker.transactions.end(ID, producer, true, 0));
        var early = Verification.of(broker.services, ID, producer, true, List.of(log));
        assertEquals(ErrorCode.CONCURRENT_TRANSACTIONS, early.error(log, true));
        awaitStable(log);
        var next = early;
        while (next.error(log, true) == ErrorCode.CONCURRENT_TRANSACTIONS) {
            next = Verification.of(broker.services, ID, producer, true, List.of(log));
        }
        assertEquals(ErrorCode.NONE, next.error(log, true));
        assertEquals(log.endOffset(), next.from(log));
    }
}
