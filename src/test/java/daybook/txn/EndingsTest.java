package daybook.txn;

import static daybook.wire.ErrorCode.CONCURRENT_TRANSACTIONS;
import static daybook.wire.ErrorCode.NONE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import daybook.catalog.BrokerConfig;
import daybook.catalog.BrokerRegistration;
import daybook.catalog.Catalog;
import daybook.catalog.Image;
import daybook.catalog.MetadataRecord.RemoveTopicRecord;
import daybook.catalog.TopicConfigs;
import daybook.coordinator.Coordinator;
import daybook.coordinator.Format;
import daybook.group.GroupRecord;
import daybook.group.Groups;
import daybook.group.Surroundings;
import daybook.log.Appended;
import daybook.log.LogReader;
import daybook.log.LogSettings;
import daybook.log.Logs;
import daybook.log.PartitionLog;
import daybook.log.TestDisk;
import daybook.log.TopicPartition;
import daybook.record.BatchBuilder;
import daybook.record.TransactionMarker;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** How transactions are ended in real logs, and what holds it up. */
class EndingsTest {
    private static final TopicPartition FIRST = new TopicPartition("orders", 0);
    private static final TopicPartition SECOND = new TopicPartition("orders", 1);
    private static final TopicPartition OFFSETS = new TopicPartition(Groups.TOPIC, 0);
    private static final TransactionMarker COMMIT = new TransactionMarker(true, 0);
    private static final TransactionMarker ABORT = new TransactionMarker(false, 0);

    @TempDir
    Path directory;

    private final TestDisk disk = new TestDisk();
    /** Partitions whose logs are away. */
    private final Set<TopicPartition> away = ConcurrentHashMap.newKeySet();
    /** Of the clock that never jumps; the time of day runs with it. */
    private volatile long nowMs = 1_700_000_000_000L;
    private volatile int patienceMs = 20;
    private Logs logs;
    private Catalog catalog;
    private Coordinator<Groups, GroupRecord> groups;
    private TransactionCoordinator transactions;

    /** Until then the records of groups are not replayed. */
    private CompletableFuture<Void> replayed = CompletableFuture.completedFuture(null);

    @BeforeEach
    void open() throws IOException {
        InstantSource clock = () -> Instant.ofEpochMilli(nowMs);
        var settings = new LogSettings(List.of(directory), directory, true, 300_000, 60_000, 86_400_000,
                0, 1);
        logs = Logs.open(settings, -1, disk, clock);
        var ids = logs.directories().stream().map(Logs.LogDirectory::id).toList();
        var endpoint = new BrokerRegistration.Endpoint("PLAINTEXT", "127.0.0.1", 9092, 0);
        catalog = Catalog.open(logs.metadataLog(), disk, new daybook.catalog.Identity(logs.nodeId(), null,
                Uuid.random(), List.of(endpoint), ids), clock, 20 << 20);
        catalog.begin(false);
        logs.load(expected(catalog.image()).stream().filter(each -> !away.contains(each.partition()))
                .toList(), Map.of());
        catalog.onChange((before, after) -> follow(after));
        var surroundings = new Surroundings(catalog::image, this::config, clock);
        groups = new Coordinator<>(Groups.TOPIC, replays(), () -> new Groups(surroundings), logs, catalog,
                clock, clock);
        groups.start();
        transactions = new TransactionCoordinator(logs, catalog, groups, this::config, clock, clock);
        transactions.start();
        for (var topic : List.of("orders", Groups.TOPIC, Transactions.TOPIC)) {
            create(topic);
        }
    }

    /** Of records that mean nothing to groups. */
    private Format<GroupRecord> replays() {
        return new Format<>() {
            @Override
            public BatchBuilder.Entry encode(GroupRecord record) {
                return record.encode();
            }

            @Override
            public GroupRecord decode(ByteBuffer key, ByteBuffer value) {
                replayed.join();
                return null;
            }
        };
    }

    private BrokerConfig config() {
        return BrokerConfig.of(Map.of("add.partitions.to.txn.retry.backoff.max.ms",
                Integer.toString(patienceMs)));
    }

    private void create(String topic) throws IOException {
        if (catalog.image().topic(topic) == null) {
            catalog.change(image -> catalog.changes().createTopic(Uuid.random(), topic, 2, Map.of()));
        }
    }

    @AfterEach
    void close() {
        transactions.close();
        groups.close();
        logs.close();
    }

    private static List<Logs.Expected> expected(Image image) {
        var expected = new ArrayList<Logs.Expected>();
        for (var topic : image.topics().values()) {
            for (var partition : topic.partitions()) {
                var place = new TopicPartition(topic.name(), partition.index());
                expected.add(new Logs.Expected(topic.id(), place, 0, Uuid.ZERO,
                        TopicConfigs.log(Map.of(), BrokerConfig.of(Map.of()))));
            }
        }
        return expected;
    }

    /** Makes and deletes logs as the catalog has them, but for those that are away. */
    private void follow(Image image) {
        var expected = expected(image);
        for (var log : List.copyOf(logs.all())) {
            if (!log.partition().equals(Logs.METADATA)
                    && expected.stream().noneMatch(each -> each.topicId().equals(log.topicId()))) {
                logs.delete(List.of(log.partition()));
            }
        }
        for (var each : expected) {
            if (log(each.partition()) == null && !away.contains(each.partition())) {
                try {
                    logs.create(each);
                } catch (IOException failed) {
                    throw new UncheckedIOException(failed);
                }
            }
        }
    }

    private PartitionLog log(TopicPartition partition) {
        return logs.find(partition.topic(), partition.partition());
    }

    /** The logs that were away are there. */
    private void comeBack() {
        away.clear();
        follow(catalog.image());
    }

    private Identity identify(String id) {
        var identity = transactions.identify(id, 60_000, Identity.WANTS_ID);
        while (identity.error() == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) {
            identity = transactions.identify(id, 60_000, Identity.WANTS_ID);
        }
        assertEquals(NONE, identity.error());
        return identity;
    }

    private ErrorCode add(String id, Identity producer, TopicPartition... partitions) {
        return transactions.add(id, producer, List.of(partitions), Transaction.EPOCH_EACH, () -> { });
    }

    /** Adds the partitions, and writes to those that are here. */
    private void write(String id, Identity producer, TopicPartition... partitions) {
        assertEquals(NONE, add(id, producer, partitions));
        for (var partition : partitions) {
            var log = log(partition);
            if (log != null) {
                var entry = new BatchBuilder.Entry(ByteBuffer.wrap(new byte[] {1}), null);
                assertInstanceOf(Appended.Done.class, log.appendOwn(BatchBuilder.transactional(nowMs,
                        producer.producerId(), (short) producer.producerEpoch(), List.of(entry)),
                        log.endOffset()));
            }
        }
    }

    private Identity end(String id, Identity producer, boolean commit) {
        return transactions.end(id, producer, commit, Transaction.EPOCH_EACH);
    }

    private TransactionStatus status(String id) {
        var found = transactions.find(id);
        return found.error() == NONE ? found.transaction().status() : null;
    }

    private void until(TransactionStatus status, String id) {
        while (status(id) != status) {
            Thread.onSpinWait();
        }
    }

    /** The markers of a log, with the epoch of their producer. */
    private List<String> markers(TopicPartition partition) throws IOException {
        var reader = new LogReader(log(partition), 0);
        var markers = new ArrayList<String>();
        for (var batch = reader.next(); batch != null; batch = reader.next()) {
            var marker = TransactionMarker.of(batch);
            if (marker != null) {
                markers.add(marker + " " + batch.producerEpoch());
            }
        }
        return markers;
    }

    private void assertStable(TopicPartition partition) {
        assertEquals(log(partition).endOffset(), log(partition).lastStableOffset(), partition.toString());
    }

    @Test
    void aMarkerStandsInEachPartition() throws IOException {
        var first = identify("pay");
        write("pay", first, FIRST, SECOND, OFFSETS);
        assertEquals(0, log(SECOND).lastStableOffset());
        var second = end("pay", first, true);
        assertEquals(Identity.of(first.producerId(), 1), second);
        until(TransactionStatus.COMPLETE_COMMIT, "pay");
        for (var partition : List.of(FIRST, SECOND, OFFSETS)) {
            assertEquals(List.of(COMMIT + " 1"), markers(partition));
            assertStable(partition);
        }
        write("pay", second, FIRST);
        end("pay", second, false);
        until(TransactionStatus.COMPLETE_ABORT, "pay");
        assertEquals(List.of(COMMIT + " 1", ABORT + " 2"), markers(FIRST));
        assertEquals(List.of(COMMIT + " 1"), markers(SECOND));
    }

    @Test
    void inTheFirstVersionOfTheProtocolTheMarkersHaveTheEpochOfTheRecords() throws IOException {
        var producer = identify("pay");
        write("pay", producer, FIRST);
        assertEquals(producer, transactions.end("pay", producer, true, 0));
        until(TransactionStatus.COMPLETE_COMMIT, "pay");
        assertEquals(List.of(COMMIT + " 0"), markers(FIRST));
        assertStable(FIRST);
    }

    @Test
    void aPartitionThatTakesNoMarkerHoldsNoOtherUp() throws IOException {
        away.add(new TopicPartition("late", 1));
        create("late");
        var producer = identify("pay");
        write("pay", producer, FIRST, new TopicPartition("late", 1));
        end("pay", producer, true);
        while (log(FIRST).lastStableOffset() == 0) {
            Thread.onSpinWait();
        }
        assertEquals(CONCURRENT_TRANSACTIONS, add("pay", Identity.of(producer.producerId(), 1), FIRST));
        assertEquals(TransactionStatus.PREPARE_COMMIT, status("pay"));
        comeBack();
        until(TransactionStatus.COMPLETE_COMMIT, "pay");
        assertEquals(List.of(COMMIT + " 1"), markers(new TopicPartition("late", 1)));
        assertEquals(List.of(COMMIT + " 1"), markers(FIRST), "none is written twice");
    }

    @Test
    void whatWasDecidedIsEndedByTheNextStart() throws IOException {
        var late = new TopicPartition("late", 0);
        away.add(late);
        create("late");
        var producers = List.of(identify("pay"), identify("bill"));
        write("pay", producers.get(0), SECOND, late);
        write("bill", producers.get(1), late, OFFSETS);
        end("pay", producers.get(0), true);
        end("bill", producers.get(1), false);
        assertEquals(TransactionStatus.PREPARE_COMMIT, status("pay"));
        close();
        away.clear();
        open();
        until(TransactionStatus.COMPLETE_COMMIT, "pay");
        until(TransactionStatus.COMPLETE_ABORT, "bill");
        assertStable(SECOND);
        assertStable(OFFSETS);
        assertEquals(Set.of(COMMIT + " 1", ABORT + " 1"), Set.copyOf(markers(late)));
        assertEquals(Identity.of(producers.get(0).producerId(), 1), end("pay", producers.get(0), true),
                "the answer holds");
    }

    @Test
    void whatIsOpenGoesOnAfterTheNextStart() throws IOException {
        var producer = identify("pay");
        write("pay", producer, FIRST, SECOND);
        close();
        open();
        while (status("pay") == null) {
            Thread.onSpinWait();
        }
        assertEquals(TransactionStatus.ONGOING, status("pay"));
        assertTrue(log(FIRST).inTransaction(producer.producerId(), 0));
        write("pay", producer, SECOND, OFFSETS);
        end("pay", producer, true);
        until(TransactionStatus.COMPLETE_COMMIT, "pay");
        for (var partition : List.of(FIRST, SECOND, OFFSETS)) {
            assertStable(partition);
        }
    }

    @Test
    void groupsThatAreNotLoadedYetAreWaitedFor() throws IOException {
        assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "one processor loads one log after another");
        var producer = identify("pay");
        write("pay", producer, FIRST, OFFSETS);
        close();
        replayed = new CompletableFuture<>();
        open();
        while (status("pay") == null) {
            Thread.onSpinWait();
        }
        var next = end("pay", producer, true);
        while (log(FIRST).lastStableOffset() == 0) {
            Thread.onSpinWait();
        }
        assertEquals(CONCURRENT_TRANSACTIONS, add("pay", next, FIRST), "after some time");
        assertEquals(List.of(), markers(OFFSETS));
        assertEquals(TransactionStatus.PREPARE_COMMIT, status("pay"));
        replayed.complete(null);
        until(TransactionStatus.COMPLETE_COMMIT, "pay");
        assertStable(OFFSETS);
    }

    @Test
    void aTopicThatIsGoneNeedsNoMarker() throws IOException {
        create("short");
        var producer = identify("pay");
        write("pay", producer, new TopicPartition("short", 0), FIRST);
        catalog.change(image -> List.of(new RemoveTopicRecord(image.topic("short").id())));
        end("pay", producer, true);
        until(TransactionStatus.COMPLETE_COMMIT, "pay");
        assertEquals(List.of(COMMIT + " 1"), markers(FIRST));
    }

    /** Somebody ended it by hand, and with an epoch that the coordinator has not come to. */
    @Test
    void aPartitionThatKnowsANewerEpochIsPassedOver() throws IOException {
        var producer = identify("pay");
        write("pay", producer, FIRST, SECOND);
        log(FIRST).appendMarker(producer.producerId(), (short) 9, ABORT, 2);
        end("pay", producer, true);
        until(TransactionStatus.COMPLETE_COMMIT, "pay");
        assertEquals(List.of(ABORT + " 9"), markers(FIRST));
        assertEquals(List.of(COMMIT + " 1"), markers(SECOND));
    }

    /** Somebody ended a transaction by hand before, and made up a coordinator of a later epoch for it. */
    @Test
    void aCoordinatorThatWasMadeUpHoldsNothingOpen() throws IOException {
        var producer = identify("pay");
        var madeUp = new TransactionMarker(false, 9);
        for (var partition : List.of(FIRST, OFFSETS)) {
            log(partition).appendMarker(producer.producerId(), (short) 0, madeUp, 1);
        }
        for (int i = 0; i < 2; i++) {
            write("pay", producer, FIRST, SECOND, OFFSETS);
            producer = end("pay", producer, true);
            until(TransactionStatus.COMPLETE_COMMIT, "pay");
            for (var partition : List.of(FIRST, SECOND, OFFSETS)) {
                assertStable(partition);
            }
        }
    }

    @Test
    void whoGoesOnAtOnceWaitsForTheMarkers() throws Exception {
        patienceMs = 60_000;
        var late = new TopicPartition("late", 0);
        away.add(late);
        create("late");
        var producer = identify("pay");
        write("pay", producer, late);
        var next = end("pay", producer, true);
        var added = new CompletableFuture<ErrorCode>();
        var asks = Thread.ofVirtual().start(() -> added.complete(add("pay", next, FIRST)));
        while (asks.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        assertFalse(added.isDone());
        comeBack();
        assertEquals(NONE, added.get());
        assertEquals(TransactionStatus.ONGOING, status("pay"));
    }

    /**
     * Each marker ends its own transaction: one that came late would end the next, and shut its epoch out.
     */
    @Test
    void manyTransactionsFollowOneAnother() throws IOException {
        patienceMs = 60_000;
        var producer = identify("pay");
        for (int i = 0; i < 100; i++) {
            write("pay", producer, FIRST, i % 2 == 0 ? SECOND : OFFSETS);
            producer = end("pay", producer, i % 3 == 0);
            assertEquals(NONE, producer.error());
            assertEquals(i + 1, producer.producerEpoch());
        }
        until(TransactionStatus.COMPLETE_COMMIT, "pay");
        var markers = markers(FIRST);
        for (int i = 0; i < 100; i++) {
            assertEquals((i % 3 == 0 ? COMMIT : ABORT) + " " + (i + 1), markers.get(i));
        }
        assertEquals(100, markers.size());
        assertEquals(50, markers(OFFSETS).size());
        assertStable(FIRST);
        assertStable(SECOND);
        assertStable(OFFSETS);
    }

    @Test
    void whatTakesTooLongIsAborted() throws IOException {
        var producer = identify("pay");
        write("pay", producer, FIRST);
        nowMs += 59_999;
        assertEquals(NONE, add("pay", producer, SECOND));
        nowMs += 1;
        until(TransactionStatus.COMPLETE_ABORT, "pay");
        assertEquals(List.of(ABORT + " 1"), markers(FIRST));
        assertEquals(List.of(ABORT + " 1"), markers(SECOND));
        assertEquals(ErrorCode.PRODUCER_FENCED, add("pay", producer, FIRST));
        assertEquals(Identity.of(producer.producerId(), 1), end("pay", producer, false));
    }

    /** The newer one finds the older one's transaction open, and who asks first has to ask again. */
    @Test
    void whoTakesOverAbortsWhatIsOpen() throws IOException {
        var zombie = identify("pay");
        write("pay", zombie, FIRST);
        patienceMs = 60_000;
        assertEquals(CONCURRENT_TRANSACTIONS,
                transactions.identify("pay", 60_000, Identity.WANTS_ID).error());
        assertEquals(Identity.of(zombie.producerId(), 2), identify("pay"));
        assertEquals(List.of(ABORT + " 1"), markers(FIRST));
        assertEquals(ErrorCode.PRODUCER_FENCED, add("pay", zombie, FIRST));
        assertEquals(ErrorCode.PRODUCER_FENCED, end("pay", zombie, true).error());
    }

    @Test
    void aTimeoutIsFromOneMillisecondToTheLargestAllowed() {
        var refused = List.of(Integer.MIN_VALUE, -1, 0, 900_001, Integer.MAX_VALUE);
        for (int timeoutMs : refused) {
            assertEquals(ErrorCode.INVALID_TRANSACTION_TIMEOUT,
                    transactions.identify("pay", timeoutMs, Identity.WANTS_ID).error());
        }
        identify("warm");
        assertEquals(NONE, transactions.identify("pay", 900_000, Identity.WANTS_ID).error());
        assertEquals(NONE, transactions.identify("pay", 1, Identity.WANTS_ID).error());
        assertEquals(1, transactions.find("pay").transaction().timeoutMs());
    }

    /** Where the disk fails, nothing is answered that may be lost; and nothing is appended unseen. */
    @Test
    void whatTheDiskDidNotTakeIsNotAnswered() {
        var producer = identify("pay");
        disk.failForces = true;
        assertEquals(ErrorCode.NOT_COORDINATOR, add("pay", producer, FIRST));
        assertEquals(Identity.refused(ErrorCode.COORDINATOR_NOT_AVAILABLE), end("pay", producer, true));
    }

    /** All transactions are listed, from every partition of the state. */
    @Test
    void allAreListed() {
        var ids = List.of("a", "b", "c", "d");
        ids.forEach(this::identify);
        assertEquals(ids, transactions.list().transactions().stream()
                .map(TransactionRecord::transactionalId).sorted().toList());
    }
}
