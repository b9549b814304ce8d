package daybook.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.record.RecordBatch;
import daybook.record.TransactionMarker;
import daybook.wire.ErrorCode;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Transactions on a real broker, with either version of their protocol. */
final class ProducerTransactionsTest {
    @TempDir
    Path directory;

    private TestCluster cluster;

    @BeforeEach
    void start() throws IOException {
        cluster = new TestCluster(directory, "message.max.bytes", "100000");
        cluster.topic("a", 2);
        cluster.topic("b", 1, "cleanup.policy", "compact");
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    private Producer open(String id) {
        return Producer.builder(cluster.address()).transactionalId(id).lingerMs(1).open();
    }

    private static OutgoingRecord record(String topic, int partition, String value) {
        var bytes = TestCluster.bytes(value);
        return new OutgoingRecord(topic, partition, OutgoingRecord.NOW, bytes, bytes, List.of());
    }

    private static ErrorCode error(Runnable action) {
        return assertThrows(ClientException.class, action::run).error();
    }

    /**
     * The values of a partition that belong to transactions which were committed. A transaction has ended for
     * its producer before its markers are written: they are waited for.
     */
    private List<String> committed(String topic, int partition) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        var open = new ArrayList<String>();
        var committed = committed(topic, partition, open);
        while (!open.isEmpty() && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            open.clear();
            committed = committed(topic, partition, open);
        }
        return committed;
    }

    /** @param open is given the values of the transaction that is open at the end */
    private List<String> committed(String topic, int partition, List<String> open) throws IOException {
        var committed = new ArrayList<String>();
        for (var batch : cluster.batches(topic, partition)) {
            var records = new ArrayList<daybook.record.Record>();
            batch.records(1 << 20).forEach(records::add);
            if (batch.control()) {
                if (TransactionMarker.of(batch).commit()) {
                    committed.addAll(open);
                }
                open.clear();
            } else {
                assertTrue(batch.transactional());
                records.forEach(record -> open.add(TestCluster.text(record.value())));
            }
        }
        return committed;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void whatIsCommittedIsThereAndWhatIsAbortedIsNot(int version) throws IOException {
        cluster.transactionVersion(version);
        var expected = new ArrayList<String>();
        try (var producer = open("t")) {
            for (int i = 0; i < 12; i++) {
                producer.beginTransaction();
                for (int j = 0; j < 5; j++) {
                    producer.send(record("a", 0, i + ":" + j));
                    producer.send(record("b", 0, i + ":" + j));
                    if (i % 3 != 1) {
                        expected.add(i + ":" + j);
                    }
                }
                if (i % 3 == 1) {
                    producer.flush();
                    producer.abortTransaction();
                } else {
                    producer.commitTransaction();
                }
            }
            producer.beginTransaction();
            producer.commitTransaction();
            producer.beginTransaction();
            producer.abortTransaction();
            producer.beginTransaction();
            producer.send(record("a", 0, "left open")).join();
        }
        assertEquals(expected, committed("a", 0));
        assertEquals(expected, committed("b", 0));
        var epochs = new HashSet<Short>();
        cluster.batches("a", 0).stream().filter(batch -> !batch.control())
                .map(RecordBatch::producerEpoch).forEach(epochs::add);
        assertEquals(version == 1 ? 5 : 13, epochs.size());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aFailedRecordFailsItsTransactionUntilItIsAborted(int version) throws IOException {
        cluster.transactionVersion(version);
        try (var producer = open("t")) {
            producer.beginTransaction();
            producer.send(record("a", 0, "fine"));
            var noKey = new OutgoingRecord("b", 0, OutgoingRecord.NOW, null, new byte[1], List.of());
            var refused = producer.send(noKey);
            assertEquals(ErrorCode.INVALID_RECORD, error(refused::join));
            assertEquals(ErrorCode.INVALID_RECORD, error(() -> producer.send(record("a", 0, "no more"))));
            assertEquals(ErrorCode.INVALID_RECORD, error(producer::commitTransaction));
            assertEquals(ErrorCode.INVALID_RECORD, error(producer::beginTransaction));
            producer.abortTransaction();
            producer.beginTransaction();
            producer.send(record("a", 0, "anew"));
            producer.send(record("b", 0, "anew"));
            producer.commitTransaction();
        }
        assertEquals(List.of("anew"), committed("a", 0));
        assertEquals(List.of("anew"), committed("b", 0));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void whatWasNotSentYetIsDroppedByAnAbort(int version) throws IOException {
        cluster.transactionVersion(version);
        var builder = Producer.builder(cluster.address()).transactionalId("t").lingerMs(3_600_000);
        try (var producer = builder.open()) {
            producer.beginTransaction();
            var dropped = producer.send(record("a", 0, "dropped"));
            producer.abortTransaction();
            assertEquals(ErrorCode.OPERATION_NOT_ATTEMPTED, error(dropped::join));
            producer.beginTransaction();
            producer.send(record("a", 0, "kept"));
            producer.commitTransaction();
        }
        assertEquals(List.of("kept"), cluster.values("a", 0));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void anotherOfTheSameIdPutsItOut(int version) throws IOException {
        cluster.transactionVersion(version);
        try (var old = open("t")) {
            old.beginTransaction();
            old.send(record("a", 0, "lost")).join();
            try (var other = open("t")) {
                other.beginTransaction();
                other.send(record("a", 0, "other"));
                other.commitTransaction();
                var late = old.send(record("a", 0, "late"));
                assertEquals(ErrorCode.INVALID_PRODUCER_EPOCH, error(late::join));
                assertEquals(ErrorCode.INVALID_PRODUCER_EPOCH, error(old::commitTransaction));
                assertEquals(ErrorCode.PRODUCER_FENCED, error(old::abortTransaction));
                assertEquals(ErrorCode.PRODUCER_FENCED, error(old::beginTransaction));
            }
        }
        assertEquals(List.of("other"), committed("a", 0));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void offsetsAreCommittedWithTheTransaction(int version) throws IOException {
        cluster.transactionVersion(version);
        var group = new Membership("g", "", -1, null);
        try (var producer = open("t")) {
            producer.beginTransaction();
            producer.send(record("a", 0, "made of"));
            producer.sendOffsets(Map.of(new TopicPartition("a", 1), 7L, new TopicPartition("b", 0), 9L), group);
            producer.commitTransaction();
            producer.beginTransaction();
            producer.sendOffsets(Map.of(new TopicPartition("a", 1), 8L), group);
            producer.abortTransaction();
            producer.beginTransaction();
            var stranger = new Membership("g", "nobody", 3, null);
            var next = Map.of(new TopicPartition("a", 1), 8L);
            assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, error(() -> producer.sendOffsets(next, stranger)));
            assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, error(producer::commitTransaction));
            producer.abortTransaction();
        }
        int commits = 0;
        int aborts = 0;
        for (int i = 0; i < 2; i++) {
            for (var batch : cluster.batches("__consumer_offsets", i)) {
                commits += batch.control() && TransactionMarker.of(batch).commit() ? 1 : 0;
                aborts += batch.control() && !TransactionMarker.of(batch).commit() ? 1 : 0;
            }
        }
        assertEquals(1, commits);
        assertTrue(aborts >= 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void outsideOfATransactionNothingGoes(int version) throws IOException {
        cluster.transactionVersion(version);
        try (var producer = open("t")) {
            assertEquals(ErrorCode.INVALID_TXN_STATE, error(() -> producer.send("a", null, null)));
            assertEquals(ErrorCode.INVALID_TXN_STATE, error(producer::commitTransaction));
            assertEquals(ErrorCode.INVALID_TXN_STATE, error(producer::abortTransaction));
            producer.beginTransaction();
            assertEquals(ErrorCode.INVALID_TXN_STATE, error(producer::beginTransaction));
        }
        var builder = Producer.builder(cluster.address()).transactionalId("t");
        assertThrows(IllegalArgumentException.class, () -> builder.acks(Acks.NONE).open());
        assertFalse(cluster.batches("a", 0).iterator().hasNext());
    }
}
