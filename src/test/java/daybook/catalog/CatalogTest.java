package daybook.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.catalog.BrokerRegistration.Endpoint;
import daybook.catalog.MetadataRecord.AbortTransactionRecord;
import daybook.catalog.MetadataRecord.BeginTransactionRecord;
import daybook.catalog.MetadataRecord.EndTransactionRecord;
import daybook.catalog.MetadataRecord.FeatureLevelRecord;
import daybook.catalog.MetadataRecord.PartitionChangeRecord;
import daybook.catalog.MetadataRecord.PartitionRecord;
import daybook.catalog.MetadataRecord.RegisterBrokerRecord;
import daybook.catalog.MetadataRecord.RemoveTopicRecord;
import daybook.catalog.MetadataRecord.TopicRecord;
import daybook.log.Appended;
import daybook.log.Deleted;
import daybook.log.Disk;
import daybook.log.LogSettings;
import daybook.log.Logs;
import daybook.record.BatchBuilder;
import daybook.record.RecordBatch;
import daybook.wire.MalformedException;
import daybook.wire.ProcessorTime;
import daybook.wire.Uuid;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** The catalog over a real metadata log in a real directory. */
class CatalogTest {
    private static final InstantSource CLOCK = InstantSource.system();

    /** An access control entry, as in Apache Kafka's log. */
    private static final String ENTRY_ID = "000102030405060708090a0b0c0d0e0f";
    private static final String ENTRY = "011200" + ENTRY_ID + "02" + "0274" + "03" + "0261" + "022a" + "03"
            + "03" + "00";

    @TempDir
    Path directory;

    private long snapshotEachBytes = 20 << 20;

    /** A catalog with the logs it stands on. */
    private record Started(Logs logs, Catalog catalog) implements AutoCloseable {
        Image image() {
            return catalog.image();
        }

        @Override
        public void close() {
            logs.close();
        }
    }

    private Started start() throws IOException {
        var logs = logs();
        try {
            var catalog = Catalog.open(logs.metadataLog(), Disk.local(), identity(logs), CLOCK,
                    snapshotEachBytes);
            catalog.begin(false);
            return new Started(logs, catalog);
        } catch (IOException failed) {
            logs.close();
            throw failed;
        }
    }

    private Logs logs() throws IOException {
        var settings = new LogSettings(List.of(directory), directory, true, 300_000, 60_000, 86_400_000, 0, 1);
        return Logs.open(settings, -1, Disk.local(), CLOCK);
    }

    private static Identity identity(Logs logs) {
        var directories = logs.directories().stream().map(Logs.LogDirectory::id).toList();
        return new Identity(logs.nodeId(), "rack-1", Uuid.random(),
                List.of(new Endpoint("PLAINTEXT", "127.0.0.1", 9092, 0)), directories);
    }

    @Test
    void aFirstStartWritesWhatAClusterBeginsWith() throws IOException {
        try (var started = start()) {
            var image = started.image();
            assertEquals(Map.of("metadata.version", (short) 30, "eligible.leader.replicas.version",
                    (short) 1, "group.version", (short) 1, "transaction.version", (short) 2),
                    image.features());
            assertEquals(Map.of("min.insync.replicas", "1"), image.config(ConfigResource.allBrokers()));
            assertEquals(1, image.epoch());
            // Leader change, four features, a configuration, the broker, and the change that lifts its fence.
            assertEquals(8, image.offset());
            var broker = image.broker();
            assertEquals(6, broker.epoch());
            assertEquals("rack-1", broker.rack());
            assertEquals(1, broker.nodeId());
            assertEquals(List.of(new Endpoint("PLAINTEXT", "127.0.0.1", 9092, 0)), broker.endpoints());
        }
        var metadata = directory.resolve("__cluster_metadata-0");
        assertEquals("{\"leaderId\":1,\"leaderEpoch\":1,\"votedId\":-1,"
                + "\"votedDirectoryId\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"data_version\":1}",
                Files.readString(metadata.resolve("quorum-state")));
        assertTrue(Files.exists(metadata.resolve("00000000000000000000-0000000000.checkpoint")));
    }

    /** The bytes that Apache Kafka 4.3.1 wrote for the same leader, but for offset, time and checksum. */
    @Test
    void anEpochBeginsWithKafkasLeaderChange() throws IOException {
        start().close();
        var log = ByteBuffer.wrap(Files.readAllBytes(
                directory.resolve("__cluster_metadata-0/00000000000000000000.log")));
        var first = new RecordBatch(log, 0);
        assertTrue(first.control());
        assertEquals(1, first.leaderEpoch());
        var record = first.records(1000).iterator().next();
        assertEquals("00000002", hex(record.key()));
        assertEquals("00000000000102000000010002000000010000", hex(record.value()));
    }

    @Test
    void eachStartBeginsAnEpochAndRegistersAgain() throws IOException {
        BrokerRegistration before;
        try (var started = start()) {
            before = started.image().broker();
        }
        try (var started = start()) {
            var image = started.image();
            assertEquals(2, image.epoch());
            assertEquals(11, image.offset());
            assertEquals(9, image.broker().epoch());
            assertNotEquals(before.incarnation(), image.broker().incarnation());
            assertEquals(2, new RecordBatch(lastBatch(), 0).leaderEpoch());
        }
    }

    @Test
    void anEpochThatOnlyTheQuorumStateKnowsIsPassed() throws IOException {
        start().close();
        Files.writeString(directory.resolve("__cluster_metadata-0/quorum-state"),
                "{\"clusterId\":\"\",\"leaderId\":-1,\"leaderEpoch\":17,\"votedId\":1,\"data_version\":0}");
        try (var started = start()) {
            assertEquals(18, started.image().epoch());
        }
    }

    @Test
    void topicsComeAndGo() throws IOException {
        var id = Uuid.random();
        try (var started = start()) {
            var catalog = started.catalog;
            var made = catalog.change(image ->
                    catalog.changes().createTopic(id, "orders", 2, Map.of("retention.ms", "5")));
            var topic = made.topic("orders");
            assertSame(topic, made.topic(id));
            assertEquals(Map.of("retention.ms", "5"), made.config(ConfigResource.topic("orders")));
            var directories = started.logs.directories().stream().map(Logs.LogDirectory::id).toList();
            assertEquals(new Partition(1, List.of(1), List.of(1), 1, 0, 0, directories), topic.partitions()
                    .get(1));
            assertEquals(1, made.partition(topic, 1).index());
            assertNull(made.partition(topic, 2));
            assertNull(made.partition(topic, -1));

            var grown = catalog.change(image -> catalog.changes().createPartitions(image.topic(id), 4));
            assertEquals(List.of(0, 1, 2, 3), grown.topic(id).partitions().stream().map(Partition::index)
                    .toList());
            assertEquals(2, made.topic(id).partitions().size());

            var renewed = catalog.change(catalog.changes()::renewLeaders).topic(id).partitions().get(3);
            assertEquals(1, renewed.leaderEpoch());
            assertEquals(1, renewed.partitionEpoch());
            assertEquals(List.of(1), renewed.isr());

            var gone = catalog.change(image -> delete(image.topic(id)));
            assertNull(gone.topic("orders"));
            assertNull(gone.topic(id));
            assertEquals(Map.of(), gone.config(ConfigResource.topic("orders")));
        }
    }

    @Test
    void whatIsUnsetLeavesNothingBehind() throws IOException {
        var resource = ConfigResource.broker(1);
        var unset = new HashMap<String, String>();
        unset.put("log.retention.ms", null);
        try (var started = start()) {
            var changes = started.catalog.changes();
            started.catalog.change(image -> changes.configure(resource, Map.of("log.retention.ms", "5")));
            var image = started.catalog.change(before -> changes.configure(resource, unset));
            assertFalse(image.configs().containsKey(resource));
            var again = started.catalog.change(before -> changes.configure(resource, unset));
            assertFalse(again.configs().containsKey(resource));
        }
    }

    @Test
    void aTopicMadeAgainIsAnotherOne() throws IOException {
        var second = Uuid.random();
        try (var started = start()) {
            var changes = started.catalog.changes();
            started.catalog.change(image ->
                    changes.createTopic(Uuid.random(), "t", 3, Map.of("retention.ms", "5")));
            var image = started.catalog.change(before -> {
                var records = new ArrayList<>(delete(before.topic("t")));
                records.addAll(changes.createTopic(second, "t", 1, Map.of()));
                return records;
            });
            assertEquals(second, image.topic("t").id());
            assertEquals(1, image.topic("t").partitions().size());
            assertEquals(1, image.topicsById().size());
            assertEquals(Map.of(), image.config(ConfigResource.topic("t")));
        }
        try (var started = start()) {
            assertEquals(second, started.image().topic("t").id());
            assertEquals(1, started.image().topics().size());
        }
    }

    /** After any changes, an image replayed from the disk is the image there was. */
    @Test
    void replayGivesTheSameImage() throws IOException {
        long seed = System.nanoTime();
        var random = new Random(seed);
        for (int restart = 0; restart < 3; restart++) {
            Image before;
            try (var started = start()) {
                for (int i = 0; i < 120; i++) {
                    step(started.catalog, random);
                }
                before = started.image();
            }
            try (var started = start()) {
                var after = started.image();
                var seeded = "seed " + seed;
                assertEquals(before.topics(), after.topics(), seeded);
                assertEquals(before.topicsById(), after.topicsById(), seeded);
                assertEquals(List.copyOf(before.topics().keySet()), List.copyOf(after.topics().keySet()),
                        seeded);
                assertEquals(before.configs(), after.configs(), seeded);
                assertEquals(before.features(), after.features(), seeded);
                assertEquals(before.nextProducerId(), after.nextProducerId(), seeded);
            }
        }
    }

    private static void step(Catalog catalog, Random random) throws IOException {
        var changes = catalog.changes();
        var name = "topic-" + random.nextInt(12);
        int dice = random.nextInt(6);
        if (dice == 5) {
            catalog.producerId();
            return;
        }
        catalog.change(image -> {
            var topic = image.topic(name);
            if (topic == null) {
                return changes.createTopic(Uuid.random(), name, 1
                        + random.nextInt(4), Map.of("flush.ms", "" + dice));
            }
            return switch (dice) {
                case 0 -> delete(topic);
                case 1 -> changes.createPartitions(topic, topic.partitions().size() + random.nextInt(3));
                case 2 -> changes.renewLeaders(image);
                default -> {
                    var values = new HashMap<String, String>();
                    values.put("retention.ms", random.nextBoolean() ? null : "" + random.nextInt(1000));
                    yield changes.configure(random.nextBoolean() ? ConfigResource.topic(name)
                            : ConfigResource.broker(1), values);
                }
            };
        });
    }

    @Test
    void listenersSeeEachChangeOnceAndInOrder() throws IOException {
        try (var started = start()) {
            var catalog = started.catalog;
            var seen = new ArrayList<Image>();
            seen.add(catalog.image());
            catalog.onChange((before, after) -> {
                assertSame(seen.getLast(), before);
                assertSame(after, catalog.image());
                seen.add(after);
            });
            catalog.change(image -> catalog.changes().createTopic(Uuid.random(), "a", 1, Map.of()));
            catalog.change(image -> List.of());
            catalog.change(image -> catalog.changes().createTopic(Uuid.random(), "b", 1, Map.of()));
            assertEquals(3, seen.size());
        }
    }

    @Test
    void whatAChangeDoesNotTouchIsShared() throws IOException {
        try (var started = start()) {
            var catalog = started.catalog;
            var before = catalog.change(image ->
                    catalog.changes().createTopic(Uuid.random(), "a", 1, Map.of()));
            var after = catalog.change(image ->
                    catalog.changes().createTopic(Uuid.random(), "b", 1, Map.of()));
            assertSame(before.topic("a"), after.topic("a"));
            var configured = catalog.change(image -> catalog.changes().configure(ConfigResource.broker(1),
                    Map.of("log.retention.ms", "5")));
            assertSame(after.topic("b"), configured.topic("b"));
            assertSame(after.config(ConfigResource.allBrokers()),
                    configured.config(ConfigResource.allBrokers()));
        }
    }

    @Test
    void aProducerIdIsNeverGivenOutTwice() throws IOException {
        var seen = new HashSet<Long>();
        for (int restart = 0; restart < 3; restart++) {
            try (var started = start()) {
                for (int i = 0; i < 1500; i++) {
                    assertTrue(seen.add(started.catalog.producerId()));
                }
                assertEquals(2000L * (restart + 1), started.image().nextProducerId());
            }
        }
    }

    @Test
    void aFailedWriteEndsAllChanges() throws IOException {
        try (var started = start()) {
            var catalog = started.catalog;
            var before = catalog.image();
            started.logs.close();
            var failure = assertThrows(IOException.class, () -> create(catalog, "a"));
            assertTrue(failure.getMessage()
                    .startsWith("The metadata log cannot be written"), failure.getMessage());
            assertSame(before, catalog.image());
        }
    }

    @Test
    void aDecisionThatThrowsChangesNothing() throws IOException {
        try (var started = start()) {
            var catalog = started.catalog;
            assertThrows(IllegalStateException.class, () -> catalog.change(image -> {
                throw new IllegalStateException();
            }));
            create(catalog, "a");
        }
    }

    @Test
    void leadersThatKafkaTookAwayAreElectedAgain() throws IOException {
        var id = Uuid.random();
        try (var started = start()) {
            var catalog = started.catalog;
            catalog.change(image -> catalog.changes().createTopic(id, "t", 2, Map.of()));
            var none = catalog.change(image ->
                    List.of(new PartitionChangeRecord(1, id, List.of(), -1, null, null)));
            assertEquals(-1, none.topic(id).partitions().get(1).leader());
        }
        try (var started = start()) {
            var partitions = started.image().topic(id).partitions();
            assertEquals(0, partitions.get(0).leaderEpoch());
            assertEquals(1, partitions.get(1).leader());
            assertEquals(List.of(1), partitions.get(1).isr());
            assertEquals(2, partitions.get(1).leaderEpoch());
        }
    }

    @Test
    void transactionsCountWhenTheyEnd() throws IOException {
        var id = Uuid.random();
        try (var started = start()) {
            write(started, new BeginTransactionRecord(), new TopicRecord("ended", id));
            write(started, partition(id, 0));
            write(started, new EndTransactionRecord());
        }
        try (var started = start()) {
            assertEquals(1, started.image().topic("ended").partitions().size());
        }
    }

    @Test
    void anAbortedTransactionDoesNotCount() throws IOException {
        try (var started = start()) {
            write(started, new BeginTransactionRecord(), new TopicRecord("never", Uuid.random()));
            write(started, new AbortTransactionRecord());
        }
        try (var started = start()) {
            assertEquals(0, started.image().topics().size());
        }
    }

    @Test
    void aTransactionThatWasCutIsAborted() throws IOException {
        try (var started = start()) {
            write(started, new BeginTransactionRecord(), new TopicRecord("never", Uuid.random()));
        }
        try (var started = start()) {
            assertEquals(0, started.image().topics().size());
            create(started.catalog, "after");
        }
        try (var started = start()) {
            assertEquals(List.of("after"), List.copyOf(started.image().topics().keySet()));
        }
    }

    @Test
    void whatIsNotKnownStopsTheStart() throws IOException {
        try (var started = start()) {
            started.logs.metadataLog().appendOwn(BatchBuilder.plain(0, List.of(new BatchBuilder.Entry(null,
                    ByteBuffer.wrap(HexFormat.of().parseHex("01060000"))))));
        }
        assertStops("The metadata log cannot be read at offset 8: This version of Daybook does not know the "
                + "record of type 6 version 0 in a frame of version 1");
    }

    @Test
    void aFeatureThatIsNotKnownStopsTheStart() throws IOException {
        try (var started = start()) {
            write(started, new FeatureLevelRecord("some.version", 1));
        }
        assertStops("The metadata log cannot be read at offset 8: The feature some.version is finalized at "
                + "level 1, but this version of Daybook does not have it");
    }

    @Test
    void aLevelThatIsNotKnownStopsTheStart() throws IOException {
        try (var started = start()) {
            write(started, new FeatureLevelRecord("transaction.version", 3));
        }
        assertStops("The metadata log cannot be read at offset 8: The feature transaction.version is "
                + "finalized at level 3, but this version of Daybook works with 0 to 2");
    }

    /** Clients would switch to protocols that nobody serves here. */
    @Test
    void whatOnlyKafkaHasIsKeptAndToldToNobody() throws IOException {
        try (var started = start()) {
            for (var feature : List.of("share.version", "streams.version")) {
                write(started, new FeatureLevelRecord(feature, 1));
            }
        }
        try (var started = start()) {
            assertEquals(1, started.image().features().get("streams.version").intValue());
            assertEquals(6, started.image().features().size());
            assertEquals(List.of("eligible.leader.replicas.version", "group.version", "kraft.version",
                    "metadata.version", "transaction.version"),
                    List.copyOf(Features.finalized(started.image()).keySet()));
        }
    }

    /** As in Apache Kafka, which raises no level by itself. */
    @Test
    void aDirectoryWithoutTheConsumerProtocolStaysWithoutIt() throws IOException {
        try (var started = start()) {
            assertTrue(Features.consumerProtocol(started.image()));
            write(started, new FeatureLevelRecord("group.version", 0));
        }
        try (var started = start()) {
            assertFalse(Features.consumerProtocol(started.image()));
            assertEquals(null, Features.finalized(started.image()).get("group.version"));
        }
    }

    /** Among them those that Daybook made before it had transactions: they have no level at all. */
    @Test
    void aDirectoryKeepsItsLevelOfTransactions() throws IOException {
        try (var started = start()) {
            assertEquals(2, Features.transactionVersion(started.image()));
            write(started, new FeatureLevelRecord("transaction.version", 1));
        }
        try (var started = start()) {
            assertEquals(1, Features.transactionVersion(started.image()));
            write(started, new FeatureLevelRecord("transaction.version", 0));
        }
        try (var started = start()) {
            assertEquals(0, Features.transactionVersion(started.image()));
            assertEquals(null, Features.finalized(started.image()).get("transaction.version"));
        }
    }

    @Test
    void whatIsNotServedIsKeptUntilItIsRemoved() throws IOException {
        try (var started = start()) {
            write(started, record(ENTRY), record("010b00" + "0261" + "01" + "0273" + "026b" + "026b"
                    + "00001000" + "00"));
            write(started, record("010e00" + "02" + "0575736572" + "0261" + "00" + "0271"
                    + "3ff0000000000000" + "00" + "00"));
        }
        try (var started = start()) {
            assertEquals(3, started.image().kept().size());
            assertTrue(started.image().kept().values().contains(record(ENTRY)));
            write(started, record("011300" + ENTRY_ID + "00"), record("011600" + "0261" + "01" + "00"));
        }
        try (var started = start()) {
            assertEquals(List.of("client quotas"), started.image().kept().values().stream()
                    .map(kept -> kept.kind().toString()).toList());
        }
    }

    private static MetadataRecord record(String hex) {
        return MetadataRecord.read(ByteBuffer.wrap(HexFormat.of().parseHex(hex)));
    }

    /** The log's beginning is gone, the newest snapshot is damaged: the one before it has what is missing. */
    @Test
    void aLogGoesOnFromTheNewestWholeSnapshot() throws IOException {
        Uuid id;
        try (var started = start()) {
            id = create(started.catalog, "old").topic("old").id();
            snapshot(started.image(), new TopicRecord("snapped", id), partition(id, 0));
            create(started.catalog, "between");
            var newest = snapshot(started.image(), new TopicRecord("newer", id));
            var bytes = Files.readAllBytes(newest);
            Files.write(newest, Arrays.copyOf(bytes, bytes.length - 1));
            create(started.catalog, "after");
            trim(started, 8);
        }
        try (var started = start()) {
            assertEquals(List.of("after", "between", "snapped"),
                    List.copyOf(started.image().topics().keySet()));
            assertEquals(2, started.image().epoch());
            assertEquals(id, started.image().topic("snapped").id());
        }
    }

    /** What is left of a deleted topic can be told from what is nobody's, until all of it was put away. */
    @Test
    void aStartKnowsWhatWasDeletedLast() throws IOException {
        Map<Uuid, String> orders;
        try (var started = start()) {
            var id = create(started.catalog, "orders").topic("orders").id();
            started.catalog.change(image -> delete(image.topic(id)));
            create(started.catalog, "orders");
            orders = Map.of(id, "orders");
        }
        snapshotEachBytes = 1;
        for (int i = 0; i < 2; i++) {
            try (var started = start()) {
                assertEquals(orders, started.catalog.removed(), "as long as nothing else is changed");
            }
        }
        try (var started = start()) {
            create(started.catalog, "others");
        }
        try (var started = start()) {
            assertEquals(Map.of(), started.catalog.removed());
        }
    }

    /** Snapshots are written all the time: at each start all is as it was, though the log begins late. */
    @Test
    void whatTheLogNoLongerHasIsInTheSnapshots() throws IOException {
        long seed = System.nanoTime();
        var random = new Random(seed);
        snapshotEachBytes = 1500;
        long begins = 0;
        for (int restart = 0; restart < 4; restart++) {
            Image before;
            try (var started = start()) {
                write(started, record(ENTRY));
            }
            try (var started = start()) {
                for (int i = 0; i < 100; i++) {
                    step(started.catalog, random);
                }
                before = started.image();
                assertTrue(started.logs.metadataLog().startOffset() > begins, "the log's beginning goes");
                begins = started.logs.metadataLog().startOffset();
            }
            assertEquals(2, snapshots().size());
            // The newest is damaged every other time: the one before it and the log have all.
            if (restart % 2 == 1) {
                Files.write(directory.resolve("__cluster_metadata-0").resolve(snapshots().getLast()),
                        new byte[] {1, 2, 3});
            }
            try (var started = start()) {
                var after = started.image();
                assertEquals(before.topics(), after.topics(), "seed " + seed);
                assertEquals(before.topicsById(), after.topicsById(), "seed " + seed);
                assertEquals(before.configs(), after.configs(), "seed " + seed);
                assertEquals(before.features(), after.features(), "seed " + seed);
                assertEquals(before.nextProducerId(), after.nextProducerId(), "seed " + seed);
                assertEquals(before.kept(), after.kept(), "seed " + seed);
                assertEquals(Set.of(Quorum.LEVEL, Quorum.VOTERS), after.quorum().keySet(), "seed " + seed);
            }
        }
    }

    @Test
    void aSnapshotThatCannotBeWrittenHindersNothing() throws IOException {
        try (var started = start()) {
            var image = create(started.catalog, "a");
            // A directory stands where the file would be written.
            Files.createDirectory(directory.resolve("__cluster_metadata-0/%020d-%010d.checkpoint.tmp"
                    .formatted(image.offset(), image.epoch())));
            started.catalog.snapshot();
            assertEquals(1, snapshots().size());
            create(started.catalog, "b");
            started.catalog.snapshot();
            assertEquals(2, snapshots().size());
        }
        try (var started = start()) {
            assertEquals(List.of("a", "b"), List.copyOf(started.image().topics().keySet()));
        }
    }

    private List<String> snapshots() throws IOException {
        return Disk.local().list(directory.resolve("__cluster_metadata-0")).stream()
                .filter(name -> name.endsWith(".checkpoint")).sorted().toList();
    }

    @Test
    void aDamagedSnapshotIsNotNeededWhileTheLogIsWhole() throws IOException {
        try (var started = start()) {
            create(started.catalog, "t");
            Files.write(snapshot(started.image()), new byte[70]);
        }
        try (var started = start()) {
            assertEquals(1, started.image().topics().size());
        }
    }

    @Test
    void aLogWithoutItsSnapshotStopsTheStart() throws IOException {
        try (var started = start()) {
            create(started.catalog, "t");
            trim(started, 4);
        }
        assertStops("The metadata log begins at offset 4, and there is no whole snapshot of what was before");
    }

    @Test
    void aLogThatIsShorterThanItsSnapshotStopsTheStart() throws IOException {
        Path file;
        try (var started = start()) {
            var image = create(started.catalog, "t");
            file = snapshot(new Replay(image).done(image.offset() + 100, 1));
        }
        assertStops("The metadata log ends at offset 10, so it lost records that were there for the snapshot "
                + file);
    }

    /** A snapshot as Apache Kafka writes it, of an image at this offset, with these records. */
    private Path snapshot(Image image, MetadataRecord... records) throws IOException {
        var none = ByteBuffer.allocate(0);
        var batches = new ArrayList<ByteBuffer>();
        batches.add(BatchBuilder.control(5, ByteBuffer.wrap(new byte[] {0, 0, 0, 3}), none));
        if (records.length > 0) {
            batches.add(BatchBuilder.plain(5, MetadataRecord.entries(List.of(records))));
        }
        batches.add(BatchBuilder.control(5, ByteBuffer.wrap(new byte[] {0, 0, 0, 4}), none));
        var file = new ByteArrayOutputStream();
        long offset = 0;
        for (var bytes : batches) {
            var batch = new RecordBatch(bytes, 0);
            batch.stamp(offset, image.epoch());
            offset = batch.nextOffset();
            file.writeBytes(bytes.array());
        }
        var name = "%020d-%010d.checkpoint".formatted(image.offset(), image.epoch());
        return Files.write(directory.resolve("__cluster_metadata-0").resolve(name), file.toByteArray());
    }

    private static void trim(Started started, long offset) {
        var log = started.logs.metadataLog();
        assertTrue(log.deleteRecordsBefore(offset) instanceof Deleted.Done);
    }

    @Test
    void anotherBrokerStopsTheStart() throws IOException {
        try (var started = start()) {
            write(started, new RegisterBrokerRecord(new BrokerRegistration(2, 6, Uuid.random(), List.of(),
                    null, List.of())));
        }
        assertStops("The metadata log cannot be read at offset 8: The brokers 1 and 2 are registered, "
                + "but Daybook stands alone");
    }

    @Test
    void aDamagedLogStopsTheStart() throws IOException {
        start().close();
        var file = directory.resolve("__cluster_metadata-0/00000000000000000000.log");
        var bytes = Files.readAllBytes(file);
        bytes[RecordBatch.HEADER_BYTES + 5] ^= 1;
        Files.write(file, bytes);
        assertThrows(IOException.class, this::start);
    }

    @Test
    void aTopicIsNotChangedAfterItsEnd() throws IOException {
        try (var started = start()) {
            var topic = create(started.catalog, "t").topic("t");
            var replay = new Replay(started.image());
            var changes = started.catalog.changes();
            delete(topic).forEach(replay::apply);
            assertThrows(MalformedException.class, () ->
                    changes.createPartitions(topic, 2).forEach(replay::apply));
            assertThrows(MalformedException.class, () -> delete(topic).forEach(replay::apply));
        }
    }

    @Test
    void partitionsHaveNoGaps() {
        var replay = new Replay(Image.EMPTY);
        var id = Uuid.random();
        replay.apply(new TopicRecord("t", id));
        assertThrows(MalformedException.class, () -> replay.apply(partition(id, 1)));
        assertThrows(MalformedException.class, () -> replay.apply(partition(id, -1)));
        replay.apply(partition(id, 0));
        assertThrows(MalformedException.class, () ->
                replay.apply(new PartitionChangeRecord(1, id, null, 1, null, null)));
    }

    /** 5,000 topics made one by one: copying what an image shares must not grow into seconds. */
    @Test
    void manyTopicsAreMadeQuickly() throws Throwable {
        var changes = new Changes(new Identity(1, null, Uuid.ZERO, List.of(),
                List.of(Uuid.METADATA_TOPIC)));
        ProcessorTime.assertWithin(Duration.ofSeconds(20), () -> {
            var image = Image.EMPTY;
            for (int i = 0; i < 5000; i++) {
                var replay = new Replay(image);
                changes.createTopic(Uuid.random(), "topic." + i, 1, Map.of("retention.ms", "5"))
                        .forEach(replay::apply);
                assertNull(TopicNames.collision(image, "topic." + i));
                image = replay.done(i, 1);
            }
            assertEquals(5000, image.topics().size());
            assertEquals(5000, image.topicsById().size());
        });
    }

    private static List<MetadataRecord> delete(Topic topic) {
        return List.of(new RemoveTopicRecord(topic.id()));
    }

    private static PartitionRecord partition(Uuid topic, int index) {
        return new PartitionRecord(topic, new Partition(index, List.of(1), List.of(1), 1, 0, 0, List.of()));
    }

    private void assertStops(String sentence) {
        assertEquals(sentence, assertThrows(IOException.class, this::start).getMessage());
    }

    private static Image create(Catalog catalog, String name) throws IOException {
        return catalog.change(image -> catalog.changes().createTopic(Uuid.random(), name, 1, Map.of()));
    }

    /** Writes past the catalog, as another controller would have. */
    private static void write(Started started, MetadataRecord... records) {
        var batch = BatchBuilder.plain(CLOCK.millis(), MetadataRecord.entries(List.of(records)));
        assertTrue(started.logs.metadataLog().appendOwn(batch) instanceof Appended.Done);
    }

    private ByteBuffer lastBatch() throws IOException {
        var file = directory.resolve("__cluster_metadata-0/00000000000000000000.log");
        var log = ByteBuffer.wrap(Files.readAllBytes(file));
        int at = 0;
        while (at + new RecordBatch(log, at).sizeBytes() < log.limit()) {
            at += new RecordBatch(log, at).sizeBytes();
        }
        return log.slice(at, log.limit() - at);
    }

    private static String hex(ByteBuffer bytes) {
        var array = new byte[bytes.remaining()];
        bytes.duplicate().get(array);
        return HexFormat.of().formatHex(array);
    }
}
