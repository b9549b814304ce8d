package daybook.txn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.log.TopicPartition;
import daybook.wire.MalformedException;
import daybook.wire.Writer;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Records of transactions against bytes that Apache Kafka 4.3.1 wrote, and against broken ones. */
class TransactionRecordTest {
    private static final String KEY = "000000057469642d31";
    private static final SortedSet<TopicPartition> TWO_TOPICS = partitions(new TopicPartition("orders", 0),
            new TopicPartition("orders", 1), new TopicPartition("__consumer_offsets", 17));
    private static final SortedSet<TopicPartition> T_2 = partitions(new TopicPartition("t", 2));
    private static final long STARTED = 1_700_000_000_200L;
    private static final long UPDATED = 1_700_000_000_300L;

    /** Nothing begun; a commit decided, of which the next producer id is told; that one, done. */
    private static final List<String> KAFKA = List.of(
            "00010000000000000fa000000000ea6000000000018bcfe5687bffffffffffffffff00",
            "00010000000000000fa07fff0000ea60020202740200000002000000018bcfe5692c0000018bcfe568c8"
                    + "0300080000000000000fa001080000000000000fa102020002",
            "00010000000000000fa100000000ea6004010000018bcfe5692c0000018bcfe568c8"
                    + "0200080000000000000fa002020002");
    /** The next producer's epoch too, which belongs to transactions in two phases (KIP-939). */
    private static final String TWO_PHASES = "00010000000000000fa00005000003e803020274020000000200000000"
            + "00000000070000000000000006" + "0301080000000000000fa10202000203020000";
    /** Two topics, of which Apache Kafka writes the later one first, in version 1 and in version 0. */
    private static final String ONGOING = "00010000000000000fa000010000ea600103076f7264657273030000000000000001"
            + "00135f5f636f6e73756d65725f6f6666736574730200000011000000018bcfe5692c0000018bcfe568c80102020002";
    private static final String OLD_ONGOING = "00000000000000000fa000010000ea6001" + "00000002"
            + "00066f726465727300000002000000000000000100125f5f636f6e73756d65725f6f6666736574730000000100000011"
            + "0000018bcfe5692c0000018bcfe568c8";

    @Test
    void whatKafkaWroteIsWrittenAgainByteForByte() {
        for (var value : KAFKA) {
            var record = decode(value);
            var entry = TransactionRecord.FORMAT.encode(record);
            assertEquals("tid-1", record.transactionalId());
            assertEquals(KEY, hex(entry.key()), record.toString());
            assertEquals(value, hex(entry.value()), record.toString());
            assertEquals(record, TransactionRecord.FORMAT.decode(entry.key(), entry.value()));
        }
    }

    @Test
    void whatKafkaWroteSaysWhatItSays() {
        assertEquals(new Transaction(4000, -1, -1, 0, 60_000, TransactionStatus.EMPTY, partitions(),
                1_700_000_000_123L, -1, 0), decode(KAFKA.get(0)).transaction());
        assertEquals(new Transaction(4000, 4000, 4001, Short.MAX_VALUE, 60_000,
                TransactionStatus.PREPARE_COMMIT, T_2, UPDATED, STARTED, 2),
                decode(KAFKA.get(1)).transaction());
        assertEquals(new Transaction(4001, 4000, -1, 0, 60_000, TransactionStatus.COMPLETE_COMMIT,
                partitions(), UPDATED, STARTED, 2), decode(KAFKA.get(2)).transaction());
        assertEquals(ongoing(2), decode(ONGOING).transaction());
        assertEquals(new Transaction(4000, -1, 4001, 5, 1000, TransactionStatus.PREPARE_ABORT, T_2, 7, 6, 2),
                decode(TWO_PHASES).transaction());
    }

    @Test
    void partitionsComeInTheirOrder() {
        assertEquals(List.of(new TopicPartition("__consumer_offsets", 17), new TopicPartition("orders", 0),
                new TopicPartition("orders", 1)), List.copyOf(decode(ONGOING).transaction().partitions()));
        var written = TransactionRecord.FORMAT.encode(decode(ONGOING)).value();
        assertEquals(ONGOING.length() / 2, written.remaining());
        assertEquals(decode(ONGOING), decode(hex(written)));
    }

    @Test
    void theFirstVersionIsReadAndTheSecondWritten() {
        assertEquals(ongoing(0), decode(OLD_ONGOING).transaction());
        var emptyOne = "00000000000000000fa000000000ea6000ffffffff0000018bcfe5687bffffffffffffffff";
        assertEquals(decode(KAFKA.get(0)), decode(emptyOne));
        assertEquals(KAFKA.get(0), hex(TransactionRecord.FORMAT.encode(decode(emptyOne)).value()));
    }

    @Test
    void nobodyChangesThePartitions() {
        var partitions = decode(ONGOING).transaction().partitions();
        assertThrows(UnsupportedOperationException.class, partitions::clear);
    }

    @Test
    void tombstonesHaveNoValue() {
        var gone = TransactionRecord.FORMAT.decode(bytes(KEY), null);
        assertEquals(new TransactionRecord("tid-1", null), gone);
        assertEquals(KEY, hex(TransactionRecord.FORMAT.encode(gone).key()));
        assertNull(TransactionRecord.FORMAT.encode(gone).value());
    }

    @Test
    void whatIsNotKnownIsPassedOver() {
        assertNull(TransactionRecord.FORMAT.decode(bytes("0001" + KEY.substring(4)), bytes(KAFKA.get(0))));
        var tagged = KAFKA.get(0).substring(0, KAFKA.get(0).length() - 2) + "01" + "09" + "03" + "aabbcc";
        assertEquals(decode(KAFKA.get(0)), decode(tagged));
    }

    @Test
    void everyStatusHasItsNumberAndItsName() {
        for (var status : TransactionStatus.values()) {
            assertEquals(status, TransactionStatus.of(status.ordinal()));
            assertEquals(status, TransactionStatus.named(status.toString()));
        }
        assertEquals("PrepareEpochFence", TransactionStatus.of(7).toString());
        assertNull(TransactionStatus.named("ongoing"));
        var unknown = KAFKA.get(0).substring(0, 32) + "08" + KAFKA.get(0).substring(34);
        assertEquals("A transaction with status 8, which is not known",
                assertThrows(MalformedException.class, () -> decode(unknown)).getMessage());
    }

    @Test
    void brokenBytesAreMalformedAndNothingElse() {
        assertThrows(MalformedException.class, () -> decode("0002" + KAFKA.get(0).substring(4)));
        assertThrows(MalformedException.class, () -> decode("ffff" + KAFKA.get(0).substring(4)));
        long seed = System.nanoTime();
        var random = new Random(seed);
        var values = new ArrayList<>(KAFKA);
        values.addAll(List.of(ONGOING, OLD_ONGOING));
        int malformed = 0;
        for (int round = 0; round < 20_000; round++) {
            boolean ofKey = random.nextInt(4) == 0;
            var whole = bytes(ofKey ? KEY : values.get(random.nextInt(values.size()))).array();
            if (random.nextBoolean()) {
                whole = Arrays.copyOf(whole, random.nextInt(whole.length));
            } else {
                whole[random.nextInt(whole.length)] ^= (byte) (1 << random.nextInt(8));
            }
            var broken = ByteBuffer.wrap(whole);
            try {
                TransactionRecord.FORMAT.decode(ofKey ? broken : bytes(KEY), ofKey ? null : broken);
            } catch (MalformedException expected) {
                malformed++;
            } catch (RuntimeException | Error other) {
                throw new AssertionError("Seed " + seed + ", round " + round, other);
            }
        }
        assertTrue(malformed > 5_000, malformed + " with seed " + seed);
    }

    @Test
    void aListLongerThanItsBytesIsRefused() {
        var out = new Writer(1, true).int16(1).int64(1).int16(0).int32(1).int8(1);
        var value = out.length(Integer.MAX_VALUE - 1).int64(0).int64(0).toBuffer();
        assertThrows(MalformedException.class, () -> TransactionRecord.FORMAT.decode(bytes(KEY), value));
    }

    private static Transaction ongoing(int clientVersion) {
        return new Transaction(4000, -1, -1, 1, 60_000, TransactionStatus.ONGOING, TWO_TOPICS, UPDATED,
                STARTED, clientVersion);
    }

    private static SortedSet<TopicPartition> partitions(TopicPartition... partitions) {
        return new TreeSet<>(List.of(partitions));
    }

    private static TransactionRecord decode(String value) {
        return TransactionRecord.FORMAT.decode(bytes(KEY), bytes(value));
    }

    private static ByteBuffer bytes(String hex) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(hex));
    }

    private static String hex(ByteBuffer bytes) {
        var copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return HexFormat.of().formatHex(copy);
    }
}
