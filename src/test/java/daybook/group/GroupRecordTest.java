package daybook.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.wire.MalformedException;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Records of groups against bytes that Apache Kafka 4.3.1 wrote, and against broken ones. */
class GroupRecordTest {
    private static final Uuid ORDERS = Uuid.parse("KboNek6LRaOFdbLAqFri-A");

    /** Key and value of each kind, as Apache Kafka 4.3.1 had them in its log. */
    private static final List<List<String>> KAFKA = List.of(
            // An empty classic group, and one with a static member.
            List.of("0002000867636c6173736963", "0003000000000000ffffffff000001a1ff2fc45f00000000"),
            List.of("0002000867636c6173736963", "00030008636f6e73756d657200000001000572616e6765002b"
                    + "696e73742d312d65656537313065642d396130352d343565372d613839622d353531616162373931383565"
                    + "000001a1ff2fc46700000001002b"
                    + "696e73742d312d65656537313065642d396130352d343565372d613839622d353531616162373931383565"
                    + "0006696e73742d310002636c000a2f3132372e302e302e31000493e00000afc80000001c0003000000010006"
                    + "6f7264657273ffffffff00000000ffffffffffff0000001e00030000000100066f726465727300000002"
                    + "0000000000000001ffffffff"),
            // Committed offsets, with and without a leader epoch.
            List.of("0001000867636c617373696300066f726465727300000000",
                    "000400000000000000060000000001000001a1ff2fd81e01001029ba0d7a4e8b45a38575b2c0a85ae2f8"),
            List.of("0001000867636c617373696300066f726465727300000001",
                    "00040000000000000000ffffffff01000001a1ff2fd81e01001029ba0d7a4e8b45a38575b2c0a85ae2f8"),
            // A consumer group: its epoch with a hash and without.
            List.of("00030006677265676578", "0000000000020100082462e2f5707ef89e"),
            List.of("0003000967636f6e73756d6572", "00000000000300"),
            // A static member with a regular expression; one with the classic protocol.
            List.of("0005000667726567657800036d2d31", "00000369310372310670726f62650b2f3132372e302e302e31"
                    + "01066f72642e2a000013880001000100"),
            List.of("00050004676d697800163971496678686c5453782d7656303132646375796567",
                    "0000000011636f6e736f6c652d636f6e73756d65720b2f3132372e302e302e3102076f7264657273010004"
                    + "93e000010060010000afc8030672616e67651d00030000000100066f7264657273ffffffff00000000ffff"
                    + "ffffffff0013636f6f70657261746976652d737469636b792100030000000100066f726465727300000004"
                    + "ffffffff00000000ffffffffffff0000"),
            List.of("00060006677265676578", "000000000002010008000001a1ff3169bc"),
            List.of("0007000667726567657800036d2d31",
                    "00000229ba0d7a4e8b45a38575b2c0a85ae2f80300000000000000010000"),
            // A member that has nothing, one that owns two partitions, one that gives one of them back.
            List.of("0008000667726567657800036d2d31", "0000000000010000000000010100"),
            List.of("0008000667726567657800036d2d31", "00000000000200000001000229ba0d7a4e8b45a38575b2c0a85a"
                    + "e2f80300000000000000010100090300000002000000020100"),
            List.of("00080004676d69780016682d726c466d416f52472d696a6444455f4f47737267",
                    "00000000000200000002010229ba0d7a4e8b45a38575b2c0a85ae2f80200000000010005020000000202"
                    + "29ba0d7a4e8b45a38575b2c0a85ae2f80200000001010005020000000200"),
            List.of("0010000667726567657800056f72642e2a",
                    "000002076f7264657273000000000000010b000001a1ff3163d500"));

    @Test
    void whatKafkaWroteIsWrittenAgainByteForByte() {
        for (var pair : KAFKA) {
            var record = GroupRecord.decode(bytes(pair.get(0)), bytes(pair.get(1)));
            assertEquals(pair.get(0), hex(record.encode().key()), record.toString());
            assertEquals(pair.get(1), hex(record.encode().value()), record.toString());
            assertEquals(record, GroupRecord.decode(record.encode().key(), record.encode().value()));
        }
    }

    @Test
    void whatKafkaWroteSaysWhatItSays() {
        var commit = assertInstanceOf(GroupRecord.OffsetCommit.class, kafka(2));
        assertEquals(new GroupRecord.OffsetCommit("gclassic", "orders", 0,
                new GroupRecord.OffsetCommit.Value(6, 0, "", 0x01a1ff2fd81eL, -1, ORDERS)), commit);
        var classic = assertInstanceOf(GroupRecord.GroupMetadata.class, kafka(1)).value();
        assertEquals("range", classic.protocol());
        assertEquals("inst-1", classic.members().getFirst().instanceId());
        assertEquals(45_000, classic.members().getFirst().sessionTimeoutMs());
        assertEquals(300_000, classic.members().getFirst().rebalanceTimeoutMs());
        assertEquals(28, classic.members().getFirst().subscription().remaining());
        var member = assertInstanceOf(GroupRecord.ConsumerGroupMemberMetadata.class, kafka(7)).value();
        assertEquals(45_000, member.classic().sessionTimeoutMs());
        assertEquals("cooperative-sticky", member.classic().protocols().get(1).name());
        assertEquals(new GroupRecord.CurrentMemberAssignment("gregex", "m-1",
                new GroupRecord.CurrentMemberAssignment.Value(2, 1, 0, List.of(
                        new GroupRecord.TopicPartitions(ORDERS, List.of(0, 1), List.of(2, 2))), List.of())),
                kafka(11));
        assertEquals(new GroupRecord.RegularExpression("gregex", "ord.*",
                new GroupRecord.RegularExpression.Value(List.of("orders"), 0x10b, 0x01a1ff3163d5L)),
                kafka(13));
    }

    @Test
    void tombstonesHaveNoValue() {
        for (var pair : KAFKA) {
            var record = GroupRecord.decode(bytes(pair.get(0)), null);
            assertNull(record.value());
            assertNull(record.encode().value());
            assertEquals(pair.get(0), hex(record.encode().key()));
        }
    }

    @Test
    void olderOffsetsAreRead() {
        assertEquals(commit(new GroupRecord.OffsetCommit.Value(7, -1, "m", 11, -1, Uuid.ZERO)),
                decode(1, 0, out -> out.int64(7).string("m").int64(11)));
        assertEquals(commit(new GroupRecord.OffsetCommit.Value(7, -1, "m", 11, 12, Uuid.ZERO)),
                decode(1, 1, out -> out.int64(7).string("m").int64(11).int64(12)));
        assertEquals(commit(new GroupRecord.OffsetCommit.Value(7, -1, "m", 11, -1, Uuid.ZERO)),
                decode(1, 2, out -> out.int64(7).string("m").int64(11)));
        assertEquals(commit(new GroupRecord.OffsetCommit.Value(7, 3, "m", 11, -1, Uuid.ZERO)),
                decode(1, 3, out -> out.int64(7).int32(3).string("m").int64(11)));
        assertEquals(commit(new GroupRecord.OffsetCommit.Value(7, -1, "m", 11, -1, Uuid.ZERO)),
                decode(0, 0, out -> out.int64(7).string("m").int64(11)));
        assertThrows(MalformedException.class,
                () -> decode(0, 3, out -> out.int64(7).int32(3).string("m").int64(11)));
        assertThrows(MalformedException.class, () -> decode(1, 5, out -> out.int64(7)));
    }

    @Test
    void anOffsetThatExpiresHasTheVersionThatCanSayIt() {
        var record = commit(new GroupRecord.OffsetCommit.Value(7, -1, "", 11, 12, Uuid.ZERO));
        assertEquals(1, record.encode().value().getShort());
        assertEquals(record, GroupRecord.decode(record.encode().key(), record.encode().value()));
    }

    @Test
    void olderClassicGroupsAreRead() {
        for (int version = 0; version <= 4; version++) {
            var out = new Writer(version, version >= 4).int16(version);
            out.string("consumer").int32(5).string("range").string("m").since(2, more -> more.int64(99));
            out.structs(List.of("m"), (each, id) -> each.string(id)
                    .since(3, more -> more.string("i")).string("c").string("/h")
                    .since(1, more -> more.int32(30)).int32(20)
                    .bytes(bytes("0102")).bytes(bytes("03"))).tags();
            var key = new Writer(0, false).int16(2).string("g").toBuffer();
            assertEquals(new GroupRecord.GroupMetadata("g", new GroupRecord.GroupMetadata.Value("consumer", 5,
                    "range", "m", version >= 2 ? 99 : -1, List.of(new GroupRecord.GroupMetadata.Member("m",
                    version >= 3 ? "i" : null, "c", "/h", version >= 1 ? 30 : 20, 20, bytes("0102"),
                    bytes("03"))))), GroupRecord.decode(key, out.toBuffer()), "version " + version);
        }
    }

    @Test
    void whatIsNotServedIsPassedOver() {
        for (int type : new int[] { 9, 10, 12, 13, 14, 15, 18, 23, 24, 99, -1 }) {
            assertNull(GroupRecord.decode(new Writer(0, false).int16(type).toBuffer(), bytes("0000")));
        }
        var old = "000002" + "29ba0d7a4e8b45a38575b2c0a85ae2f8" + "076f7264657273" + "00000002" + "01" + "0000";
        var record = GroupRecord.decode(bytes("0004000167"), bytes(old));
        assertInstanceOf(GroupRecord.ConsumerGroupPartitionMetadata.class, record);
        assertEquals(old, hex(record.encode().value()));
    }

    @Test
    void byteStringsAreCopies() {
        var value = bytes(KAFKA.get(1).get(1));
        var record = (GroupRecord.GroupMetadata) GroupRecord.decode(bytes(KAFKA.get(1).get(0)), value);
        value.put(value.limit() - 1, (byte) 0x55);
        assertEquals(KAFKA.get(1).get(1), hex(record.encode().value()));
    }

    @Test
    void anAssignmentMayHaveMorePartitionsThanARequestMayHaveElements() {
        int count = Reader.ELEMENTS_LIMIT + 1;
        var topic = new GroupRecord.TopicPartitions(ORDERS, Collections.nCopies(count, 1),
                Collections.nCopies(count, 2));
        var record = new GroupRecord.CurrentMemberAssignment("g", "m",
                new GroupRecord.CurrentMemberAssignment.Value(2, 1, 0, List.of(topic), List.of()));
        assertEquals(record, GroupRecord.decode(record.encode().key(), record.encode().value()));
    }

    @Test
    void brokenBytesAreMalformedAndNothingElse() {
        long seed = System.nanoTime();
        var random = new Random(seed);
        int malformed = 0;
        for (int round = 0; round < 20_000; round++) {
            var pair = KAFKA.get(random.nextInt(KAFKA.size()));
            var parts = new ArrayList<>(List.of(bytes(pair.get(0)), bytes(pair.get(1))));
            int broken = random.nextInt(2);
            var bytes = parts.get(broken).array().clone();
            if (random.nextBoolean()) {
                bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
            } else {
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            }
            parts.set(broken, ByteBuffer.wrap(bytes));
            try {
                GroupRecord.decode(parts.get(0), parts.get(1));
            } catch (MalformedException expected) {
                malformed++;
            } catch (RuntimeException | Error other) {
                throw new AssertionError("Seed " + seed + ", round " + round, other);
            }
        }
        assertTrue(malformed > 5_000, malformed + " with seed " + seed);
        assertThrows(MalformedException.class, () -> GroupRecord.decode(null, bytes("0000")));
    }

    private static GroupRecord kafka(int place) {
        return GroupRecord.decode(bytes(KAFKA.get(place).get(0)), bytes(KAFKA.get(place).get(1)));
    }

    private static GroupRecord.OffsetCommit commit(GroupRecord.OffsetCommit.Value value) {
        return new GroupRecord.OffsetCommit("g", "t", 2, value);
    }

    private static GroupRecord decode(int type, int version, Consumer<Writer> fields) {
        var value = new Writer(version, false).int16(version);
        fields.accept(value);
        return GroupRecord.decode(new Writer(0, false).int16(type).string("g").string("t").int32(2).toBuffer(),
                value.toBuffer());
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
