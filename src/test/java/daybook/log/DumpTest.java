package daybook.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.record.BatchBuilder;
import daybook.record.RecordBatch;
import daybook.wire.Writer;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/** Files as text, and each kind of damage told with its place. */
class DumpTest {
    private static final String FIRST = "00000000000000000000";
    private static final int BATCHES = 6;
    private static final Dump.OwnRecords NONE = (topic, key, value) -> null;

    @TempDir
    Path temp;
    private Path words;
    /** Of each batch in the first segment: where it begins. */
    private final List<Integer> positions = new ArrayList<>();

    /** One segment of six batches of three records, each but the first in the index; closed properly. */
    @BeforeEach
    void write() throws IOException {
        var config = new TestLogs.Config();
        config.intervalBytes = 100;
        try (var logs = TestLogs.open(temp.resolve("data"), config)) {
            int position = 0;
            for (int i = 0; i < BATCHES; i++) {
                var batch = TestBatch.at(500 + 10 * (i ^ 1), 400, 450).producer(7, 1, 3 * i).seed(i);
                var bytes = (i == 2 ? batch.gzip() : batch).valueBytes(40).build();
                positions.add(position);
                position += bytes.remaining();
                TestLogs.done(logs.words().append(bytes));
            }
            positions.add(position);
        }
        words = temp.resolve("data/words-0");
    }

    private Path file(String suffix) {
        return words.resolve(FIRST + suffix);
    }

    private static List<String> dump(Path file, boolean deep) throws IOException {
        var lines = new ArrayList<String>();
        assertTrue(Dump.show(Disk.local(), file, deep, NONE, lines::add), file::toString);
        assertEquals(file + ":", lines.removeFirst());
        return lines;
    }

    /** What is told to be wrong with a file, without its name; an empty text where nothing is. */
    private static String wrong(Path file, boolean deep) {
        try {
            dump(file, deep);
            return "";
        } catch (IOException wrong) {
            assertTrue(wrong.getMessage().startsWith(file.toString()), wrong.getMessage());
            return wrong.getMessage().substring(file.toString().length() + 2);
        }
    }

    private static String place(String wrong) {
        return wrong.replaceFirst(":.*", "");
    }

    private String wrongAfter(String suffix, boolean deep, Consumer<ByteBuffer> damage) throws IOException {
        var sound = Files.readAllBytes(file(suffix));
        var damaged = sound.clone();
        damage.accept(ByteBuffer.wrap(damaged));
        // In place: some file systems wait for the disk where a file is cut and written anew.
        Files.write(file(suffix), damaged, StandardOpenOption.WRITE);
        var wrong = wrong(file(suffix), deep);
        Files.write(file(suffix), sound, StandardOpenOption.WRITE);
        return wrong;
    }

    private String wrongAfterCut(String suffix, int length) throws IOException {
        var sound = Files.readAllBytes(file(suffix));
        Files.write(file(suffix), Arrays.copyOf(sound, length));
        var wrong = wrong(file(suffix), false);
        Files.write(file(suffix), sound);
        return wrong;
    }

    /** A log file of these batches, in a directory of its own. */
    private Path log(ByteBuffer... batches) throws IOException {
        var bytes = new ByteArrayOutputStream();
        for (var batch : batches) {
            bytes.write(batch.array(), 0, batch.limit());
        }
        return Files.write(Files.createTempDirectory(temp, "log").resolve(FIRST + ".log"), bytes.toByteArray());
    }

    // What is sound.

    @Test
    void batchesAndRecords() throws IOException {
        var headers = new Writer(0, false).int8(0).varlong(5).varint(0).varint(1).raw(utf8("k")).varint(5)
                .raw(utf8("a\"\n\u00e9")).varint(1).varint(1).raw(utf8("h")).varint(-1);
        var records = new Writer(0, false).varint(headers.size()).raw(headers.toBuffer());
        var entry = new BatchBuilder.Entry(null, ByteBuffer.allocate(200));
        var marker = new Writer(0, false).int16(0).int16(1).toBuffer();
        var epoch = new Writer(0, false).int16(0).int32(9).toBuffer();
        var control = BatchBuilder.control(1_000, marker, epoch);
        new RecordBatch(control, 0).stamp(5, 3);
        TestBatch.seal(control.putShort(21, (short) 0x30).putLong(43, 7));
        var plain = BatchBuilder.plain(1_000, List.of(entry));
        new RecordBatch(plain, 0).stamp(9, 3);
        var file = log(batch(0, 0, 1, records.toBuffer()), control, plain);
        var crcs = new ArrayList<String>();
        for (var batch : TestLogs.batches(Files.readAllBytes(file))) {
            crcs.add("  crc " + String.format("%08x", batch.checksum()));
        }
        assertEquals(List.of(
                "0..0  position 0  size 77  count 1  none  CreateTime 100  leader epoch 0" + crcs.get(0),
                "    0  105  key \"k\"  value \"a\\\"\\n\u00e9\"  header \"h\" null",
                "5..5  position 77  size 78  count 1  none  CreateTime 1000  leader epoch 3  producer 7 epoch -1"
                + " sequence -1..-1  transactional  control"
                        + crcs.get(1),
                "    5  1000  COMMIT  coordinator epoch 9",
                "9..9  position 155  size 270  count 1  none  CreateTime 1000  leader epoch 3" + crcs.get(2),
                "    9  1000  key null  value 0x" + "00".repeat(100) + "... (200 bytes)",
                "3 batches in 425 bytes, the next offset is 10"), dump(file, true));
    }

    @Test
    void everyFileOfADirectory() throws IOException {
        var batch = dump(file(".log"), false).get(2);
        assertTrue(batch.startsWith("6..8  position " + positions.get(2) + "  size "), batch);
        assertTrue(batch.contains("  count 3  gzip  CreateTime 530  leader epoch 0  producer 7 epoch 1"
                + " sequence 6..8  crc "), batch);
        assertEquals("0  offset 5  position " + positions.get(1), dump(file(".index"), false).getFirst());
        assertEquals(List.of("0  time 510  offset 2", "12  time 530  offset 8", "24  time 550  offset 14"),
                dump(file(".timeindex"), false));
        assertEquals(List.of("producer 7  epoch 1  last sequence 17  last offset 17  offset delta 2  time 540"
                + "  coordinator epoch -1  transaction from -1"),
                dump(words.resolve("00000000000000000018.snapshot"), false));
        assertEquals(List.of("epoch 0 from offset 0"), dump(words.resolve(LeaderEpochs.FILE), false));
        assertEquals(List.of("version: 0", "topic_id: " + TestLogs.TOPIC),
                dump(words.resolve("partition.metadata"), false));
        var data = words.getParent();
        assertEquals(List.of("__cluster_metadata 0 1", "words 0 18"),
                dump(data.resolve("recovery-point-offset-checkpoint"), false));
        dump(data.resolve("meta.properties"), false);
        assertFalse(Dump.show(Disk.local(), data.resolve(".kafka_cleanshutdown"), false, NONE, line -> { }));
    }

    @Test
    void aBrokerAtWorkIsNotDisturbed() throws IOException {
        var config = new TestLogs.Config();
        config.intervalBytes = 1;
        config.segmentBytes = 1_000;
        try (var logs = TestLogs.open(temp.resolve("live"), config)) {
            for (int i = 0; i < 20; i++) {
                logs.words().append(TestBatch.of(2, 100 - i).seed(i).build());
            }
            var before = contents(temp.resolve("live"));
            int known = 0;
            for (var file : before.keySet()) {
                known += Dump.show(Disk.local(), file, true, NONE, line -> { }) ? 1 : 0;
            }
            assertTrue(known > 10, known + " files");
            var after = contents(temp.resolve("live"));
            assertEquals(before.keySet(), after.keySet());
            before.forEach((file, bytes) -> assertTrue(Arrays.equals(bytes, after.get(file)),
                    file.toString()));
            var active = before.keySet().stream().filter(file -> file.toString().matches(".*/words-0/.*[.]index"))
                    .max(Comparator.naturalOrder()).orElseThrow();
            var lines = dump(active, false);
            assertTrue(lines.getLast().startsWith("room for entries from byte "), lines::toString);
        }
    }

    private static Map<Path, byte[]> contents(Path directory) throws IOException {
        var contents = new HashMap<Path, byte[]>();
        try (var files = Files.walk(directory)) {
            for (var file : files.filter(Files::isRegularFile).toList()) {
                contents.put(file, Files.readAllBytes(file));
            }
        }
        return contents;
    }

    @Test
    void renamedFilesAreKnownAndFindTheirLog() throws IOException {
        for (var suffix : List.of(".deleted", ".swap", ".cleaned")) {
            var entries = dump(file(".index"), false);
            Files.move(file(".index"), file(".index" + suffix));
            assertEquals(entries, dump(file(".index" + suffix), false), "its log has its name");
            Files.move(file(".log"), file(".log" + suffix));
            assertEquals(entries, dump(file(".index" + suffix), false));
            dump(file(".log" + suffix), true);
            Files.move(file(".log" + suffix), file(".log"));
            Files.move(file(".index" + suffix), file(".index"));
        }
        Files.delete(file(".log"));
        assertTrue(dump(file(".index"), false).getFirst().startsWith("there is no log beside it"));
    }

    // Damage to batches.

    @Test
    void eachFlippedBitOfALogIsToldAtItsBatch() throws IOException {
        for (int i = 0; i < BATCHES; i++) {
            for (int at = positions.get(i); at < positions.get(i + 1); at++) {
                int within = at - positions.get(i);
                int flipped = at;
                int bit = 1 << at % 8;
                var wrong = wrongAfter(".log", false,
                        bytes -> bytes.put(flipped, (byte) (bytes.get(flipped) ^ bit)));
                if (within >= 12 && within < 16) {
                    assertEquals("", wrong, "the leader epoch is not covered");
                } else if (within >= 8) {
                    assertEquals("byte " + positions.get(i), place(wrong), () -> "byte " + flipped + ": " + wrong);
                } else {
                    boolean beforeItsTurn = wrong.startsWith("byte " + positions.get(i) + ": ");
                    boolean behind = wrong.startsWith("byte " + positions.get(i + 1) + ": ");
                    assertTrue(beforeItsTurn || behind || i == BATCHES - 1, "byte " + flipped + ": " + wrong);
                }
            }
        }
    }

    @Test
    void tornTailsAndHoles() throws IOException {
        int end = positions.getLast();
        int last = positions.get(BATCHES - 1);
        assertEquals("", wrongAfterCut(".log", last));
        assertEquals("byte " + last + ": expected a batch of 61 bytes or more, found 10; here the whole batches end",
                wrongAfterCut(".log", last + 10));
        assertEquals("byte " + last + ": expected a size of 61 to " + (end - last - 1) + " bytes, found "
                + (end - last) + "; here the whole batches end",
                wrongAfterCut(".log", end - 1));
        assertEquals("byte " + end + ": expected a batch, found zeros to byte " + (end + 3_000_000) + " of "
                + (end + 3_000_000), wrongAfterCut(".log", end + 3_000_000));
        assertEquals("byte " + end + ": expected a batch, found zeros to byte " + (end + 5) + " of " + (end + 5),
                wrongAfterCut(".log", end + 5));
        int hole = positions.get(3);
        assertEquals("byte " + hole + ": expected a batch, found zeros to byte " + (hole + 70) + " of " + end,
                wrongAfter(".log", false, bytes -> bytes.put(hole, new byte[70]).put(hole + 70, (byte) 1)));
        assertEquals("byte " + hole, place(wrongAfter(".log", false,
                bytes -> bytes.put(hole + 70, new byte[40]))));
    }

    @Test
    void whatABatchPromisesIsExpected() throws IOException {
        int second = positions.get(1);
        var first = "byte " + second + ": ";
        assertEquals(first + "expected magic 2, found 1; here the whole batches end",
                wrongAfter(".log", false, bytes -> bytes.put(second + 16, (byte) 1)));
        assertEquals(first + "expected a size of 61 to " + (positions.getLast() - second)
                + " bytes, found 60; here the whole batches end",
                wrongAfter(".log", false, bytes -> bytes.putInt(second + 8, 48)));
        assertEquals(first + "expected a base offset from 3 on, found 2",
                wrongAfter(".log", false, bytes -> bytes.putLong(second, 2)));
        assertEquals(first + "expected a last offset of at most 2147483647 more than 0, found " + Long.MIN_VALUE,
                wrongAfter(".log", false, bytes -> bytes.putLong(second, Long.MAX_VALUE - 1)));
        assertEquals(first + "expected a base offset and a last offset delta of 0 or more, found -1 and 2;"
                + " here the whole batches end",
                wrongAfter(".log", false, bytes -> bytes.putLong(second, -1)));
        var later = words.resolve("00000000000000000001.log");
        Files.copy(file(".log"), later);
        assertEquals("byte 0: expected a base offset from 1 on, found 0", wrong(later, false));
        assertEquals("byte 0: expected a count of at most one more than the last offset delta 0, found 2",
                wrong(log(batch(0, 0, 2, records(0, 1))), false));
        assertEquals("byte 0: expected a count of at most one more than the last offset delta 0, found -1",
                wrong(log(batch(0, 0, -1, records())), false));
        assertEquals("byte 0: expected a codec of 0 to 4, found 5",
                wrong(log(batch(5, 0, 1, records(0))), false));
    }

    @Test
    void recordsAreCheckedWhenABatchIsOpened() throws IOException {
        assertEquals("", wrong(log(batch(0, 9, 3, records(0, 4, 9))), true), "gaps are left by compaction");
        assertEquals("", wrong(log(batch(0, 9, 0, records())), true), "so are empty batches");
        for (var wrong : List.of(records(0, 4), records(0, 4, 9, 9), records(0, 4, 4), records(4, 0, 9),
                records(0, 4, 10), records(-1, 4, 9))) {
            var file = log(batch(0, 0, 1, records(0)), batch(0, 1, 9, 3, wrong));
            assertEquals("", wrong(file, false));
            assertEquals("byte 68", place(wrong(file, true)), () -> wrong(file, true));
        }
        var longer = records(0, 1, 2);
        longer.put(0, (byte) (longer.get(0) + 2));
        assertEquals("byte 0", place(wrong(log(batch(0, 2, 3, longer)), true)));
        for (int codec = 1; codec <= 4; codec++) {
            assertEquals("byte 0", place(wrong(log(batch(codec, 2, 3, records(0, 1, 2))), true)), "codec " + codec);
        }
        assertEquals("byte 0", place(wrong(log(TestBatch.seal(batch(0x30, 0, 1, records(0)).putLong(43, 7))), true)), "a marker without a key");
    }

    // Damage to indexes.

    @Test
    void eachFlippedBitOfAnIndexIsToldAtItsEntry() throws IOException {
        for (var suffix : List.of(".index", ".timeindex")) {
            int entryBytes = suffix.equals(".index") ? 8 : 12;
            for (int bit = 0; bit < 8 * Files.size(file(suffix)); bit++) {
                int at = bit / 8;
                byte mask = (byte) (1 << bit % 8);
                var wrong = wrongAfter(suffix, false, bytes -> bytes.put(at, (byte) (bytes.get(at) ^ mask)));
                var name = suffix + ", byte " + at + ", " + mask + ": " + wrong;
                // Another offset of the same batch has the same time.
                boolean sameBatch = entryBytes == 12 && at % 12 == 11 && (mask & 3) != 0 && wrong.isEmpty();
                assertTrue(sameBatch || place(wrong).equals("byte " + at / entryBytes * entryBytes), name);
            }
        }
    }

    @Test
    void indexesSayWhatIsExpected() throws IOException {
        int third = positions.get(2);
        assertEquals("byte 8: expected 7 as the last offset of the batch at byte " + third + " of "
                + file(".log") + ", found 8", wrongAfter(".index", false, bytes -> bytes.putInt(8, 7)));
        assertEquals("byte 8: expected a batch at byte " + (third + 1) + " of " + file(".log") + ", found none",
                wrongAfter(".index", false, bytes -> bytes.putInt(12, third + 1)));
        assertEquals("byte 12: expected 531 as the newest time of the batch with offset 8 and of those before it"
                + " in " + file(".log") + ", found 530 and 530",
                wrongAfter(".timeindex", false, bytes -> bytes.putLong(12, 531)));
        assertEquals("byte 0: expected 500 as the newest time of the batch with offset 5 and of those before it"
                + " in " + file(".log") + ", found 500 and 510",
                wrongAfter(".timeindex", false, bytes -> bytes.putLong(0, 500).putInt(8, 5)));
        assertEquals("byte 12: expected a batch with offset 99 in " + file(".log") + ", found none",
                wrongAfter(".timeindex", false, bytes -> bytes.putInt(20, 99)));
        assertEquals("byte 8: expected an entry above 5 and " + positions.get(1) + ", found 5 and " + third,
                wrongAfter(".index", false, bytes -> bytes.putInt(8, 5)));
        assertEquals("byte 8: expected an entry, found zeros to byte 19",
                wrongAfter(".index", false, bytes -> bytes.putLong(8, 0)));
        assertEquals("byte 32: expected an entry of 8 bytes, found 3", wrongAfterCut(".index", 35));
        assertEquals("", wrongAfterCut(".index", 16), "fewer entries are slower, not wrong");
        assertEquals("", wrongAfterCut(".index", 1_003), "room");
        assertEquals("", wrongAfterCut(".timeindex", 0));
    }

    @Test
    void abortedTransactions() throws IOException {
        var index = words.resolve("00000000000000000010.txnindex");
        Files.write(index, aborted(0, 7, 3, 12, 4, 0, 7, 13, 20, 21));
        assertEquals(List.of("0  producer 7  offsets 3..12  last stable offset 4",
                "34  producer 7  offsets 13..20  last stable offset 21"), dump(index, false));
        for (var second : List.of(List.of(1L, 7L, 13L, 20L, 21L), List.of(0L, -1L, 13L, 20L, 21L),
                List.of(0L, 7L, 21L, 20L, 21L), List.of(0L, 7L, 3L, 12L, 4L), List.of(0L, 7L, 13L, 20L, 22L))) {
            var entries = new ArrayList<>(List.of(0L, 7L, 3L, 12L, 4L));
            entries.addAll(second);
            Files.write(index, aborted(entries.stream().mapToLong(Long::longValue).toArray()));
            assertEquals("byte 34", place(wrong(index, false)), second::toString);
        }
        Files.write(index, aborted(0, 7, 3, 9, 4));
        assertEquals("byte 0", place(wrong(index, false)), "the segment begins with offset 10");
        Files.write(index, new byte[33]);
        assertEquals("byte 0: expected an entry of 34 bytes, found 33", wrong(index, false));
    }

    private static byte[] aborted(long... fields) {
        var bytes = ByteBuffer.allocate(fields.length / 5 * 34);
        for (int i = 0; i < fields.length; i++) {
            if (i % 5 == 0) {
                bytes.putShort((short) fields[i]);
            } else {
                bytes.putLong(fields[i]);
            }
        }
        return bytes.array();
    }

    // Damage to the small files.

    @Test
    void eachFlippedBitOfASnapshotIsTold() throws IOException {
        var file = words.resolve("00000000000000000018.snapshot");
        var sound = Files.readAllBytes(file);
        for (int at = 0; at < sound.length; at++) {
            var damaged = sound.clone();
            damaged[at] ^= (byte) (1 << at % 8);
            Files.write(file, damaged);
            assertEquals("byte " + (at < 2 ? 0 : at < 6 || at >= 10 ? 2 : 6), place(wrong(file, false)));
        }
        Files.write(file, Arrays.copyOf(sound, 9));
        assertEquals("byte 0: expected 10 bytes or more, found 9", wrong(file, false));
        Files.write(file, Arrays.copyOf(sound, 55));
        assertEquals("byte 6: expected 56 bytes for 1 producers, found 55", wrong(file, false));
    }

    @Test
    void smallFilesAreCheckedLineByLine() throws IOException {
        var offsets = words.resolve("recovery-point-offset-checkpoint");
        var epochs = words.resolve(LeaderEpochs.FILE);
        for (var wrong : Map.of("", "", "1\n0\n", "line 1: expected version 0, found another",
                "0\n2\na 0 1\n", "line 3: expected 2 entries, found 1",
                "0", "line 1: expected a number of entries behind it, found none",
                "0\n1\na 0 47", "line 3: expected a line feed at the end, found none",
                "0\n1\na 0\n", "line 3: expected 3 words, found 2",
                "0\n1\na 0 0 0\n", "line 3: expected 3 words, found 4",
                "0\n2\na 0 0\na x 0\n", "line 4: For input string: \"x\"",
                "0\n1\na 0 -1\n", "line 3: expected a partition and an offset of 0 or more, found 0 and -1")
                .entrySet()) {
            Files.writeString(offsets, wrong.getKey());
            assertEquals(wrong.getValue(), wrong(offsets, false));
        }
        Files.writeString(offsets, "0\n1\n" + " ".repeat(1_025) + "\n");
        assertEquals("line 3: expected 1024 bytes at most, found 1025", wrong(offsets, false));
        Files.writeString(epochs, "0\n2\n3 0\n3 5\n");
        assertEquals("line 4: expected an epoch above Start[epoch=3, offset=0], found"
                + " Start[epoch=3, offset=5]", wrong(epochs, false));
        var metadata = words.resolve("partition.metadata");
        Files.writeString(metadata, "version: 0\ntopic_id: \u001b[31m");
        assertEquals("byte 0", place(wrong(metadata, false)));
        Files.writeString(metadata, "version: 0\ntopic_id: \u001b[31m" + "A".repeat(22));
        assertEquals("byte 0", place(wrong(metadata, false)));
        var state = words.resolve("quorum-state");
        Files.writeString(state, "{\"leaderId\":1,\"leaderEpoch\":1,\"votedId\":-1,\"data_version\":1}");
        dump(state, false);
        Files.writeString(state, "{\"leaderId\":1,\"leaderEp");
        assertEquals("byte 0", place(wrong(state, false)));
    }

    /** Whatever the bytes are, all that comes of it is a sentence that begins with the file. */
    @Test
    void garbageIsToldAsAnythingElse() throws IOException {
        long seed = System.nanoTime();
        System.out.println("DumpTest seed " + seed);
        var random = new Random(seed);
        var names = new ArrayList<>(List.of(".log", ".index", ".timeindex", ".txnindex", ".snapshot"));
        names.replaceAll(suffix -> FIRST + suffix);
        names.addAll(List.of("leader-epoch-checkpoint", "cleaner-offset-checkpoint", "partition.metadata",
                "meta.properties", "quorum-state", FIRST + "-0000000001.checkpoint"));
        for (int round = 0; round < 300; round++) {
            var file = words.resolve(names.get(round % names.size()));
            var bytes = new byte[random.nextInt(300)];
            random.nextBytes(bytes);
            Files.write(file, bytes);
            wrong(file, true);
            var whole = records(0, 1, 2, 3);
            for (int i = 0; i < 3; i++) {
                whole.put(random.nextInt(whole.limit()), (byte) random.nextInt());
            }
            wrong(log(batch(random.nextInt(64), 3, 4, whole)), true);
        }
    }

    // Batches that no broker would take.

    private static ByteBuffer batch(int attributes, int lastOffsetDelta, int count, ByteBuffer records) {
        return batch(attributes, 0, lastOffsetDelta, count, records);
    }

    private static ByteBuffer batch(int attributes, long baseOffset, int lastOffsetDelta, int count,
            ByteBuffer records) {
        int size = RecordBatch.HEADER_BYTES + records.remaining();
        var batch = ByteBuffer.allocate(size).putLong(baseOffset).putInt(size - 12).putInt(0).put((byte) 2)
                .putInt(0).putShort((short) attributes).putInt(lastOffsetDelta).putLong(100).putLong(100)
                .putLong(-1).putShort((short) -1).putInt(-1).putInt(count).put(records).flip();
        return TestBatch.seal(batch);
    }

    /** Records of nothing but their offsets. */
    private static ByteBuffer records(int... offsetDeltas) {
        var records = new Writer(0, false);
        for (int delta : offsetDeltas) {
            var body = new Writer(0, false).int8(0).varlong(0).varint(delta).varint(-1).varint(-1).varint(0);
            records.varint(body.size()).raw(body.toBuffer());
        }
        return records.toBuffer();
    }

    private static ByteBuffer utf8(String text) {
        return StandardCharsets.UTF_8.encode(text);
    }
}
