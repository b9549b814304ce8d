package daybook;

import static org.junit.jupiter.api.Assertions.assertEquals;

import daybook.log.FaultyDisk;
import daybook.wire.ErrorCode;
import daybook.wire.Writer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Offsets that were acknowledged are there after the process was killed, and after the power was cut. */
final class CommittedOffsetsTest {
    private static final int OFFSET_COMMIT = 8;
    private static final int OFFSET_FETCH = 9;
    private static final int FIND_COORDINATOR = 10;
    private static final int OFFSET_DELETE = 47;
    private static final int GROUPS = 4;
    private static final int PARTITIONS = 3;

    @TempDir
    Path directory;

    private FaultyDisk disk;
    private Broker broker;
    /** What must be there, by group and partition. */
    private final Map<String, Long> acknowledged = new TreeMap<>();

    @Test
    void whatWasAcknowledgedOutlivesKillsAndPowerCuts() throws IOException {
        long seed = System.nanoTime();
        var random = new Random(seed);
        var root = directory.resolve("disk");
        disk = FaultyDisk.empty(root, seed);
        start(root);
        BrokerTest.create(address(), "orders");
        for (int life = 0; life < 8; life++) {
            for (int i = 0; i < 20; i++) {
                act(random);
            }
            disk.die();
            broker.close();
            disk = life % 2 == 0 ? disk.afterPowerCut(random.nextLong()) : disk.afterKill(random.nextLong());
            start(root);
            for (int group = 0; group < GROUPS; group++) {
                for (int index = 0; index < PARTITIONS; index++) {
                    long expected = acknowledged.getOrDefault(group + "-" + index, -1L);
                    assertEquals(expected, fetched("g" + group, index), "Seed " + seed + ", life " + life);
                }
            }
        }
        broker.close();
    }

    private void act(Random random) throws IOException {
        int group = random.nextInt(GROUPS);
        int index = random.nextInt(PARTITIONS);
        if (random.nextInt(4) == 0) {
            delete("g" + group, index);
            acknowledged.remove(group + "-" + index);
        } else {
            long offset = random.nextInt(1_000_000);
            commit("g" + group, index, offset);
            acknowledged.put(group + "-" + index, offset);
        }
    }

    private void start(Path root) throws IOException {
        broker = Broker.start(Config.of(Map.of("listeners", "PLAINTEXT://127.0.0.1:0", "log.dirs",
                root.toString(), "offsets.topic.num.partitions", "3", "log.cleaner.enable", "false",
                "daybook.disk.reserve.bytes", "0")), disk, InstantSource.system());
        while (BrokerTest.ask(address(), FIND_COORDINATOR, 0, new Writer(0, false).string("g")).int16() != 0) {
            Thread.onSpinWait();
        }
        for (int group = 0; group < GROUPS; group++) {
            fetched("g" + group, 0);
        }
    }

    private String address() {
        return broker.addresses().getFirst();
    }

    private void commit(String group, int index, long offset) throws IOException {
        var in = BrokerTest.ask(address(), OFFSET_COMMIT, 2, new Writer(2, false).string(group).int32(-1)
                .string("").int64(-1).int32(1).string("orders").int32(1).int32(index).int64(offset)
                .string("why"));
        var errors = in.array(topic -> {
            topic.string();
            return topic.array(each -> each.int32() + " " + ErrorCode.of(each.int16()));
        });
        assertEquals("[[" + index + " NONE]]", errors.toString());
    }

    private void delete(String group, int index) throws IOException {
        var in = BrokerTest.ask(address(), OFFSET_DELETE, 0, new Writer(0, false).string(group).int32(1)
                .string("orders").int32(1).int32(index));
        var error = ErrorCode.of(in.int16());
        var expected = error == ErrorCode.GROUP_ID_NOT_FOUND ? error : ErrorCode.NONE;
        assertEquals(expected, error);
    }

    /** The offset, once the log is replayed; -1 where there is none. */
    private long fetched(String group, int index) throws IOException {
        while (true) {
            var in = BrokerTest.ask(address(), OFFSET_FETCH, 2, new Writer(2, false).string(group).int32(1)
                    .string("orders").int32(1).int32(index));
            var offsets = in.array(topic -> {
                topic.string();
                return topic.array(each -> {
                    each.int32();
                    long offset = each.int64();
                    each.nullableString();
                    assertEquals(0, each.int16());
                    return offset;
                });
            });
            var error = ErrorCode.of(in.int16());
            if (error == ErrorCode.NONE) {
                return offsets.getFirst().getFirst();
            }
            assertEquals(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, error);
        }
    }
}
