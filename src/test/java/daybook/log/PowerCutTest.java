package daybook.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.log.FaultyDisk.Fault;
import daybook.record.BatchBuilder;
import daybook.record.TransactionMarker;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** What the model found, step by step; and that the disk it runs on loses what a disk may lose. */
class PowerCutTest {
    /** So many draws of what a power cut leaves. */
    private static final int DRAWS = 60;

    private Path temp;
    private final TestLogs.Config config = new TestLogs.Config().segmentBytes(600);
    private Logs.Expected words = TestLogs.expected(TestLogs.WORDS, config);
    private Path path;
    private FaultyDisk disk;
    private long nowMs = TestLogs.NOW;
    private int sequence;

    @BeforeEach
    void empty() throws IOException {
        temp = ModelTorture.directory();
        path = temp.resolve("data");
        disk = FaultyDisk.empty(path, 1);
    }

    @AfterEach
    void delete() throws IOException {
        ModelTorture.delete(temp);
    }

    private Logs open() throws IOException {
        var settings = new LogSettings(List.of(path), path, true, 1_000, 1_000, 86_400_000L, 0, 1);
        var logs = Logs.open(settings, 1, disk, () -> Instant.ofEpochMilli(nowMs));
        var entry = new BatchBuilder.Entry(null, ByteBuffer.allocate(3));
        TestLogs.done(logs.metadataLog().appendOwn(BatchBuilder.plain(nowMs, List.of(entry))));
        assertTrue(logs.metadataLog().awaitForced(logs.metadataLog().endOffset()));
        return logs;
    }

    private Logs openWords() throws IOException {
        var logs = open();
        logs.load(List.of(words), Map.of());
        return logs;
    }

    private static PartitionLog words(Logs logs) {
        return logs.find(TestLogs.WORDS.topic(), TestLogs.WORDS.partition());
    }

    private long send(PartitionLog log, long timeMs) {
        return TestLogs.done(log.append(TestBatch.at(timeMs).valueBytes(100).producer(7, 0, sequence++).build()))
                .nextOffset();
    }

    /** Records with these offsets, of rising times, some to a segment, all forced. */
    private void fill(PartitionLog log, int until) {
        while (log.endOffset() < until) {
            send(log, nowMs + log.endOffset());
        }
        assertTrue(log.awaitForced(until));
    }

    private void kill(Logs logs) throws IOException {
        disk.die();
        logs.close();
        disk = disk.afterKill(2);
    }

    private void cut(Logs logs, long seed) throws IOException {
        disk.die();
        logs.close();
        disk = disk.afterPowerCut(seed);
    }

    @Test
    void unforcedSectorsAreOldOrNewAndLengthsBetween() throws IOException {
        var file = path.resolve("file");
        boolean mixed = false;
        boolean shorter = false;
        for (int draw = 0; draw < DRAWS; draw++) {
            var channel = disk.open(file);
            disk.forceDirectory(path);
            var old = new byte[2_048];
            Arrays.fill(old, (byte) 1);
            channel.write(ByteBuffer.wrap(old), 0);
            channel.force(false);
            var fresh = new byte[4_096];
            Arrays.fill(fresh, (byte) 2);
            channel.write(ByteBuffer.wrap(fresh), 0);
            disk = disk.afterPowerCut(draw);
            var left = Files.readAllBytes(file);
            for (int at = 0; at < left.length; at++) {
                assertEquals(left[at / 512 * 512], left[at]);
                assertTrue(left[at] == 2 || left[at] == (at < 2_048 ? 1 : 0));
            }
            mixed |= left[0] != left[512];
            shorter |= left.length > 2_048 && left.length < 4_096;
            disk.put(file, null);
        }
        assertTrue(mixed && shorter);
    }

    @Test
    void unforcedNamesComeAndGo() throws IOException {
        int gone = 0;
        for (int draw = 0; draw < DRAWS; draw++) {
            var file = path.resolve("file");
            var renamed = path.resolve("renamed");
            disk.open(file).close();
            disk.forceDirectory(path);
            disk.rename(file, renamed);
            disk = disk.afterPowerCut(draw);
            assertTrue(disk.exists(file) != disk.exists(renamed), "one name or the other");
            gone += disk.exists(file) ? 0 : 1;
            disk.put(renamed, null);
            disk.put(file, null);
        }
        assertTrue(gone > 0 && gone < DRAWS);
    }

    @Test
    void whatAFailedForceLostIsNotWrittenByTheNext() throws IOException {
        boolean lost = false;
        for (int draw = 0; draw < DRAWS; draw++) {
            var file = path.resolve("file");
            var channel = disk.open(file);
            disk.forceDirectory(path);
            channel.write(ByteBuffer.wrap(new byte[] {1}), 0);
            disk.plan(Fault.FORCE, 1);
            try {
                channel.force(false);
            } catch (IOException planned) {
                channel.force(false);
            }
            disk = disk.afterPowerCut(draw);
            lost |= Files.readAllBytes(file)[0] == 0;
            disk.put(file, null);
        }
        assertTrue(lost);
    }

    /** A process that dies between making a directory and forcing its name leaves that to the next one. */
    @Test
    void namesThatAKilledProcessMadeAreForced() throws IOException {
        for (int dies = 1; dies < 30; dies++) {
            path = temp.resolve("killed-" + dies);
            disk = FaultyDisk.empty(path, dies);
            sequence = 0;
            var logs = open();
            disk.dieAt(dies);
            logs.load(List.of(words), Map.of());
            kill(logs);
            assertKeepsWhatItIsGiven(dies);
        }
    }

    @Test
    void aBatchOfAnEarlierSegmentIsKnownAgain() throws IOException {
        var logs = openWords();
        fill(words(logs), 10);
        nowMs += 10_000;
        logs.tick(nowMs);
        kill(logs);
        logs = openWords();
        var again = TestBatch.at(TestLogs.NOW + 6).valueBytes(100).producer(7, 0, 6).build();
        var done = TestLogs.done(words(logs).append(again));
        assertTrue(done.duplicate());
        assertEquals(6, done.baseOffset());
        logs.close();
    }

    @Test
    void aCheckpointWhoseNameCouldNotBeForcedIsWrittenAgain() throws IOException {
        var logs = openWords();
        fill(words(logs), 10);
        disk.plan(Fault.NAME, 3);
        assertEquals(new Deleted.Failed(), words(logs).deleteRecordsBefore(9));
        logs.delete(List.of(TestLogs.WORDS));
        sequence = 0;
        fill(logs.create(words), 10);
        logs.close();
        disk = disk.afterKill(3);
        logs = openWords();
        assertEquals(0, words(logs).startOffset());
        logs.close();
    }

    @Test
    void aSegmentWhoseDeletionFailedIsStillThere() throws IOException {
        var logs = openWords();
        fill(words(logs), 10);
        disk.plan(Fault.NAME, 4);
        words(logs).deleteRecordsBefore(10);
        var refused = TestLogs.refused(words(logs).append(TestBatch.of(1, nowMs).build()));
        assertEquals(daybook.wire.ErrorCode.KAFKA_STORAGE_ERROR, refused.error());
        cut(logs, 4);
        logs = openWords();
        assertEquals(10, words(logs).endOffset());
        logs.close();
    }

    @Test
    void aDeletedTopicWhoseStopWasCutIsForgotten() throws IOException {
        for (int dies = 1; dies < 12; dies++) {
            path = temp.resolve("deleted-" + dies);
            disk = FaultyDisk.empty(path, dies);
            sequence = 0;
            var logs = openWords();
            fill(words(logs), 10);
            nowMs += 10_000;
            logs.tick(nowMs);
            disk.dieAt(dies);
            logs.delete(List.of(TestLogs.WORDS));
            kill(logs);
            logs = open();
            logs.load(List.of(), Map.of());
            kill(logs);
            logs = openWords();
            assertFalse(logs.offline(TestLogs.WORDS.topic(), 0), "died at " + dies);
            logs.close();
        }
    }

    /** A process that is killed may have made the directory and not forced its name. */
    @Test
    void aDirectoryThatAKilledProcessMadeIsForced() throws IOException {
        var root = path;
        for (int dies = 1; dies < 8; dies++) {
            path = root.resolve("one-" + dies).resolve("two");
            disk.dieAt(dies);
            try {
                open().close();
            } catch (IOException died) {
                assertTrue(disk.dead());
            }
            disk = disk.afterKill(dies);
            sequence = 0;
            assertKeepsWhatItIsGiven(dies);
        }
    }

    /** What is acknowledged after a death survives a power cut. */
    private void assertKeepsWhatItIsGiven(int dies) throws IOException {
        var logs = openWords();
        fill(words(logs), 10);
        cut(logs, dies);
        logs = openWords();
        assertEquals(10, words(logs).endOffset(), "died at " + dies);
        logs.close();
    }

    /** Some of a topic's directories had other names by then, or a power cut gave them back the old ones. */
    @Test
    void aTopicWhoseDeletionWasCutGoesWholly() throws IOException {
        var partitions = IntStream.range(0, 4).mapToObj(i -> new TopicPartition("words", i)).toList();
        for (int dies = 1; dies < 12; dies++) {
            path = temp.resolve("deletion-" + dies);
            disk = FaultyDisk.empty(path, dies);
            var logs = open();
            logs.load(partitions.stream().map(each -> TestLogs.expected(each, config)).toList(), Map.of());
            assertTrue(words(logs).force(send(words(logs), nowMs)));
            disk.dieAt(dies);
            logs.delete(partitions);
            if (dies % 2 == 0) {
                kill(logs);
            } else {
                cut(logs, dies);
            }
            logs = open();
            logs.load(List.of(), Map.of(TestLogs.TOPIC, "words"));
            logs.tick(nowMs);
            logs.close();
            var left = disk.list(path).stream().filter(name -> name.startsWith("words")).toList();
            assertEquals(List.of(), left, "died at " + dies);
        }
    }

    /** What a power cut takes first of a log whose records were never forced. */
    @Test
    void aPartitionWhoseIdIsEmptyGetsItAgain() throws IOException {
        var logs = openWords();
        var id = words(logs).directory().resolve(Directory.PARTITION_METADATA);
        send(words(logs), nowMs);
        kill(logs);
        disk.put(id, new byte[0]);
        logs = openWords();
        assertEquals(1, words(logs).endOffset());
        kill(logs);
        assertEquals(TestLogs.TOPIC.toString(), disk.properties(id).getProperty("topic_id"));
        disk.put(id, new byte[0]);
        logs = open();
        logs.load(List.of(), Map.of(TestLogs.TOPIC, "words"));
        logs.tick(nowMs);
        assertFalse(disk.exists(id.getParent()));
        logs.close();
        assertEquals(List.of(), disk.list(path).stream().filter(name -> name.startsWith("words")).toList());
    }

    @Test
    void aLogThatWasNeverForcedBeginsWhereRetentionLeftIt() throws IOException {
        config.retentionMs = 1_000;
        for (int draw = 0; draw < DRAWS; draw++) {
            path = temp.resolve("retained-" + draw);
            disk = FaultyDisk.empty(path, draw);
            sequence = 0;
            var logs = open();
            logs.load(List.of(), Map.of());
            var log = logs.create(TestLogs.expected(TestLogs.WORDS, config));
            send(log, nowMs);
            log.retain(nowMs + 100_000, Long.MAX_VALUE);
            assertEquals(1, log.startOffset());
            cut(logs, draw);
            logs = open();
            logs.load(List.of(TestLogs.expected(TestLogs.WORDS, config)), Map.of());
            assertEquals(1, words(logs).startOffset());
            assertEquals(1, words(logs).endOffset());
            logs.close();
        }
    }

    @Test
    void aFlippedOffsetDeltaIsDamageAndNothingIsCut() throws IOException {
        for (boolean clean : new boolean[] {true, false}) {
            for (int hit : new int[] {1, 9}) {
                path = temp.resolve("flipped-" + clean + hit);
                disk = FaultyDisk.empty(path, 5);
                sequence = 0;
                var logs = openWords();
                fill(words(logs), 10);
                nowMs += 10_000;
                logs.tick(nowMs);
                logs.close();
                disk = disk.afterKill(5);
                if (!clean) {
                    disk.put(path.resolve(Directory.CLEAN_MARK), null);
                }
                var directory = path.resolve(TestLogs.WORDS.toString());
                var names = disk.list(directory).stream().filter(name -> name.endsWith(Segment.LOG)).toList();
                var file = directory.resolve(names.get(hit == 1 ? 0 : names.size() - 1));
                int batchBytes = (int) Files.size(file) / (int) (hit == 1 ? 3 : 10 - Long.parseLong(
                        file.getFileName().toString().substring(0, 20)));
                disk.flip(file, (int) Files.size(file) - batchBytes + 24, 16);
                logs = openWords();
                if (!clean || hit == 9) {
                    assertTrue(words(logs).endOffset() < 10);
                    TestLogs.refused(words(logs).append(TestBatch.of(1, nowMs).build()));
                }
                logs.close();
                assertEquals(names, disk.list(directory).stream().filter(name -> name.endsWith(Segment.LOG))
                        .toList());
            }
        }
    }

    /** The directory's own name is on the disk with another log's: so the second segment may stay alone. */
    @Test
    void theFirstSegmentsNameIsForcedAtTheFirstRoll() throws IOException {
        for (int draw = 0; draw < DRAWS; draw++) {
            path = temp.resolve("rolled-" + draw);
            disk = FaultyDisk.empty(path, draw);
            sequence = 0;
            var logs = openWords();
            while (words(logs).segments().active().baseOffset() == 0) {
                send(words(logs), nowMs);
            }
            disk.forceDirectory(path);
            cut(logs, draw);
            logs = openWords();
            assertEquals(0, words(logs).startOffset(), "draw " + draw);
            logs.close();
        }
    }

    /** Nothing in an index tells whether a power cut left all of it. */
    @Test
    void indexesAreOnTheDiskWhereNoStartLooks() throws IOException {
        config.intervalBytes = 0;
        words = TestLogs.expected(TestLogs.WORDS, config);
        var logs = openWords();
        fill(words(logs), 10);
        nowMs += 10_000;
        logs.tick(nowMs);
        for (var segment : words(logs).segments().passed(words(logs).recoveryPoint() - 1)) {
            for (var suffix : List.of(Segment.INDEX, Segment.TIME_INDEX)) {
                var directory = path.resolve(TestLogs.WORDS.toString());
                assertTrue(disk.forced(Segment.path(directory, segment.baseOffset(), suffix)));
            }
        }
        logs.close();
    }

    @Test
    void aSegmentThatEndedAtTheRecoveryPointIsChecked() throws IOException {
        config.intervalBytes = 0;
        words = TestLogs.expected(TestLogs.WORDS, config);
        var logs = openWords();
        fill(words(logs), 1);
        while (words(logs).segments().active().baseOffset() < words(logs).recoveryPoint()) {
            words(logs).awaitForced(words(logs).endOffset());
            send(words(logs), nowMs + words(logs).endOffset());
        }
        int rolledAt = (int) words(logs).recoveryPoint();
        nowMs += 10_000;
        logs.tick(nowMs);
        kill(logs);
        var index = Segment.path(path.resolve(TestLogs.WORDS.toString()), 0, Segment.TIME_INDEX);
        disk.put(index, Arrays.copyOf(Files.readAllBytes(index), 12));
        logs = openWords();
        var found = words(logs).offsetForTime(nowMs - 10_000 + rolledAt - 1);
        assertEquals(rolledAt - 1, found.offset());
        logs.close();
    }

    @Test
    void anAbortedTransactionWhoseForceFailedIsWrittenAgain() throws IOException {
        for (int draw = 0; draw < DRAWS; draw++) {
            path = temp.resolve("aborted-" + draw);
            disk = FaultyDisk.empty(path, draw);
            var logs = openWords();
            words(logs).awaitForced(TestLogs.done(words(logs).append(
                    TestBatch.at(nowMs).producer(7, 0, 0).transactional().build(), 1, false)).nextOffset());
            TestLogs.done(words(logs).appendMarker(7, (short) 0, new TransactionMarker(false, 0), 0));
            disk.plan(Fault.FORCE, 2);
            assertFalse(words(logs).awaitForced(2));
            disk.die();
            logs.close();
            disk = disk.afterKill(draw);
            logs = openWords();
            while (words(logs).endOffset() < 10) {
                TestLogs.done(words(logs).append(TestBatch.of(1, nowMs).valueBytes(100).build()));
            }
            assertTrue(words(logs).awaitForced(10));
            nowMs += 10_000;
            logs.tick(nowMs);
            cut(logs, draw);
            logs = openWords();
            var data = (ReadResult.Data) words(logs).read(0, 10_000, true, true);
            data.region().close();
            assertEquals(7, data.aborted().getFirst().producerId(), "draw " + draw);
            logs.close();
        }
    }

    @Test
    void whatAFailedForceLeftIsHiddenThoughItsBeginningCannotBeRead() throws IOException {
        var logs = openWords();
        fill(words(logs), 1);
        while (words(logs).segments().active().baseOffset() == 0) {
            send(words(logs), nowMs);
        }
        disk.plan(Fault.FORCE, 1);
        disk.plan(Fault.READ, 1);
        assertFalse(words(logs).awaitForced(words(logs).endOffset()));
        assertEquals(1, disk.happened(Fault.READ));
        assertTrue(words(logs).highWatermark() <= 1);
        logs.close();
    }
}
