package daybook.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.record.RecordBatch;
import daybook.wire.Uuid;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** The files that are not batches, byte for byte as Apache Kafka writes them. */
class FormatsTest {
    /** What Apache Kafka 4.3.1 wrote for 20 records of producer 0. */
    private static final String KAFKAS_SNAPSHOT = "00017093ef1d00000001"
            + "0000000000000000" + "0000" + "00000013" + "0000000000000013" + "00000013" + "000001a1fdfd2346"
            + "ffffffff" + "ffffffffffffffff";

    @TempDir
    Path temp;

    @Test
    void aSnapshot() throws IOException {
        var disk = Disk.local();
        var states = new ProducerStates(disk, temp, new TreeSet<>(), 0);
        var times = new long[20];
        java.util.Arrays.fill(times, 0x1a1fdfd2346L);
        states.note(new RecordBatch(TestBatch.at(times).producer(0, 0, 0).build(), 0), 0);
        states.snapshot(20, new TreeSet<>());
        var file = temp.resolve("00000000000000000020.snapshot");
        assertEquals(KAFKAS_SNAPSHOT, HexFormat.of().formatHex(Files.readAllBytes(file)));
        var read = new ProducerStates(disk, temp, new TreeSet<>(List.of(20L)), 0);
        assertEquals(20, read.load(0, 30));
        assertEquals(states.views(), read.views());
        Files.write(file, flipped(Files.readAllBytes(file), 9));
        var wrong = new ProducerStates(disk, temp, new TreeSet<>(List.of(20L)), 0);
        assertEquals(0, wrong.load(0, 30));
        assertEquals(List.of(), wrong.views());
        assertTrue(Files.notExists(file));
    }

    private static byte[] flipped(byte[] bytes, int at) {
        bytes[at] ^= 1;
        return bytes;
    }

    @Test
    void checkpoints() throws IOException {
        var disk = Disk.local();
        var file = temp.resolve(Checkpoints.RECOVERY_POINTS);
        var offsets = Map.of(new TopicPartition("a.b-c", 10), 4711L);
        Checkpoints.writeOffsets(disk, file, offsets);
        assertEquals("0\n1\na.b-c 10 4711\n", Files.readString(file));
        assertEquals(offsets, Checkpoints.offsets(disk, file));
        for (var wrong : List.of("", "0", "0\n1\n", "1\n1\na 0 1\n", "0\n2\na 0 1\n", "0\n1\na 0\n",
                "0\n1\na x 1\n", "0\n1\na 0 99999999999999999999\n", "0\n-1\n", "\0\0\0\0\0")) {
            Files.writeString(file, wrong);
            assertEquals(Map.of(), Checkpoints.offsets(disk, file), wrong);
        }
        assertEquals(Map.of(), Checkpoints.offsets(disk, temp.resolve("missing")));
        Files.writeString(temp.resolve(LeaderEpochs.FILE), "0\n2\n3 0\n5 17\n");
        var epochs = LeaderEpochs.open(disk, temp);
        assertEquals(3, epochs.epochOf(16));
        assertEquals(5, epochs.epochOf(17));
        Files.writeString(temp.resolve(LeaderEpochs.FILE), "0\n2\n5 0\n3 17\n");
        assertEquals(-1, LeaderEpochs.open(disk, temp).latest(), "epochs must rise");
    }

    @Test
    void theFilesOfAPartition() throws IOException {
        var config = new TestLogs.Config();
        config.intervalBytes = 100;
        config.indexBytes = 1_003;
        int size = TestBatch.of(2, 0).valueBytes(20).build().remaining();
        try (var logs = TestLogs.open(temp, config)) {
            var directory = temp.resolve("words-0");
            assertEquals("version: 0\ntopic_id: " + TestLogs.TOPIC,
                    Files.readString(directory.resolve("partition.metadata")));
            assertEquals(0, Files.size(directory.resolve("00000000000000000000.index")));
            for (long time : new long[] {500, 400, 700, 600, 650}) {
                logs.words().append(TestBatch.of(2, time).valueBytes(20).build());
            }
            assertEquals(1_000, Files.size(directory.resolve("00000000000000000000.index")), "rounded");
            assertEquals(996, Files.size(directory.resolve("00000000000000000000.timeindex")));
        }
        var index = ByteBuffer.allocate(32).putInt(3).putInt(size).putInt(5).putInt(2 * size)
                .putInt(7).putInt(3 * size).putInt(9).putInt(4 * size);
        assertTrue(size > 100, "each batch has an entry, but the first");
        var directory = temp.resolve("words-0");
        assertArrayEquals(index.array(), Files.readAllBytes(directory.resolve("00000000000000000000.index")));
        var times = ByteBuffer.allocate(24).putLong(500).putInt(1).putLong(700).putInt(5);
        var timeIndex = directory.resolve("00000000000000000000.timeindex");
        assertArrayEquals(times.array(), Files.readAllBytes(timeIndex));
        assertEquals(10, Files.size(directory.resolve("00000000000000000010.snapshot")));
        assertEquals("0\n1\n0 0\n", Files.readString(directory.resolve("leader-epoch-checkpoint")));
        assertEquals("0\n2\n__cluster_metadata 0 1\nwords 0 10\n",
                Files.readString(temp.resolve("recovery-point-offset-checkpoint")));
        assertEquals("0\n2\n__cluster_metadata 0 1\nwords 0 10\n",
                Files.readString(temp.resolve("replication-offset-checkpoint")));
        assertEquals("{\"version\":0,\"brokerEpoch\":-1}",
                Files.readString(temp.resolve(".kafka_cleanshutdown")));
    }

    @Test
    void namesOfDirectories() {
        assertEquals(new TopicPartition("a-b.c_d", 12), TopicPartition.parse("a-b.c_d-12"));
        assertEquals("a-b.c_d-12", new TopicPartition("a-b.c_d", 12).toString());
        for (var other : List.of("a", "-1", "a-", "a-x", "a--", "a-2147483648", "a-99999999999",
                "a-0.12ab-delete", "")) {
            assertNull(TopicPartition.parse(other), other);
        }
        assertEquals(22, new Uuid(1, 2).toString().length());
    }
}
