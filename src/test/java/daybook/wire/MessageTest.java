package daybook.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;

/** Reader and Writer: exact bytes, both forms of length, and what hostile bytes end in. */
class MessageTest {
    private record Point(int x, String name) {
        static Point read(Reader in) {
            return new Point(in.int32(), in.string());
        }
    }

    private static Reader reader(String hex, boolean flexible) {
        return new Reader(ByteBuffer.wrap(HexFormat.of().parseHex(hex.replace(" ", ""))), 0, flexible);
    }

    private static String hex(Writer written) {
        var bytes = new byte[written.size()];
        written.toBuffer().get(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    @Test
    void stringsCarryTheLengthOfTheirVersion() {
        assertEquals("0002" + "6869", hex(new Writer(0, false).string("hi")));
        assertEquals("ffff", hex(new Writer(0, false).string(null)));
        assertEquals("03" + "6869", hex(new Writer(0, true).string("hi")));
        assertEquals("00", hex(new Writer(0, true).string(null)));
        assertEquals("hi", reader("00026869", false).string());
        assertEquals("hi", reader("036869", true).string());
        assertNull(reader("ffff", false).nullableString());
        assertNull(reader("00", true).nullableString());
    }

    @Test
    void varintsAreThoseOfProtocolBuffers() {
        assertEquals("ac02", hex(new Writer(0, true).unsignedVarint(300)));
        assertEquals("ffffffff0f", hex(new Writer(0, true).unsignedVarint(-1)));
        assertEquals("01", hex(new Writer(0, true).varint(-1)));
        assertEquals("feffffff0f", hex(new Writer(0, true).varint(Integer.MAX_VALUE)));
        assertEquals("ffffffffffffffffff01", hex(new Writer(0, true).varlong(Long.MIN_VALUE)));
        assertThrows(MalformedException.class, () -> reader("ffffffffff01", true).unsignedVarint());
        assertThrows(MalformedException.class, () -> reader("80", true).unsignedVarint());
    }

    @Test
    void randomValuesComeBack() {
        long seed = System.nanoTime();
        System.out.println("MessageTest seed " + seed);
        var random = new Random(seed);
        for (int round = 0; round < 2_000; round++) {
            boolean flexible = random.nextBoolean();
            int varint = random.nextInt() >> random.nextInt(32);
            long varlong = random.nextLong() >> random.nextInt(64);
            var text = "x".repeat(random.nextInt(300));
            var points = List.of(new Point(random.nextInt(), text), new Point(0, ""));
            var out = new Writer(1, flexible).varint(varint).varlong(varlong).bool(true).float64(0.25)
                    .uuid(new Uuid(varlong, varint))
                    .structs(points, (w, p) -> w.int32(p.x).string(p.name)).int16(-7);
            out.tags(new Writer.Tagged(3, w -> w.int64(varlong)));
            var in = new Reader(out.toBuffer(), 1, flexible);
            assertEquals(varint, in.varint());
            assertEquals(varlong, in.varlong());
            assertTrue(in.bool());
            assertEquals(0.25, in.float64());
            assertEquals(new Uuid(varlong, varint), in.uuid());
            assertEquals(points, in.structs(Point::read));
            assertEquals(-7, in.int16());
            var seen = new ArrayList<Long>();
            in.tags(tag -> seen.add(tag + in.int64()));
            assertEquals(flexible ? List.of(3 + varlong) : List.of(), seen);
            assertEquals(0, in.remaining());
        }
    }

    @Test
    void lengthsBeyondWhatRemainsAreMalformed() {
        assertThrows(MalformedException.class, () -> reader("00036869", false).string());
        assertThrows(MalformedException.class, () -> reader("7fffffff00", false).bytes());
        assertThrows(MalformedException.class, () -> reader("7fffffff 00000000", false).array(Reader::int32));
        assertThrows(MalformedException.class, () -> reader("ffffffff07 00", true).array(Reader::int8));
        assertThrows(MalformedException.class, () -> reader("01 05 09 00", true).tags());
        assertThrows(MalformedException.class, () -> reader("000000", false).int32());
    }

    @Test
    void nullWhereItIsNotAllowedIsMalformed() {
        assertThrows(MalformedException.class, () -> reader("ffff", false).string());
        assertThrows(MalformedException.class, () -> reader("fffffffe", false).array(Reader::int8));
        assertNull(reader("fffffffe", false).nullableArray(Reader::int8));
        assertThrows(MalformedException.class, () -> reader("00", true).bytes());
    }

    @Test
    void theElementsOfAllArraysAreBoundedTogether() {
        int half = Reader.ELEMENTS_LIMIT / 2 + 1;
        var bytes = ByteBuffer.allocate(2 * (4 + half));
        bytes.putInt(half).position(4 + half).putInt(half).rewind();
        var in = new Reader(bytes, 0, false);
        in.array(Reader::int8);
        assertThrows(MalformedException.class, () -> in.array(Reader::int8));
    }

    @Test
    void aFrameIsDrainedInOrderWithItsRegions() throws IOException {
        var closed = new ArrayList<Integer>();
        var frame = Writer.frame(0, false).int16(7).region(new Bytes(new byte[] {1, 2, 3}, closed)).int8(9)
                .region(new Bytes(new byte[] {4}, closed));
        var sent = new ByteArrayOutputStream();
        frame.drain(new Writer.Sink() {
            @Override
            public void bytes(ByteBuffer piece) {
                sent.write(piece.array(), piece.arrayOffset() + piece.position(), piece.remaining());
            }

            @Override
            public void region(Region piece) {
                sent.writeBytes(((Bytes) piece).content);
            }
        });
        frame.close();
        assertEquals("0000000f" + "0007" + "00000003" + "010203" + "09" + "00000001" + "04",
                HexFormat.of().formatHex(sent.toByteArray()));
        assertEquals(List.of(3, 1), closed);
    }

    @Test
    void aFrameIsGatheredFromAnyByteOnUpToALargeRegion() throws IOException {
        var closed = new ArrayList<Integer>();
        var frame = Writer.frame(0, false).int16(7).region(new Bytes(new byte[] {1, 2, 3}, closed))
                .region(new Bytes(new byte[0], closed)).int8(9)
                .region(new Bytes(new byte[] {4, 5, 6, 7}, closed)).int8(8);
        frame.complete();
        var whole = HexFormat.of().parseHex("00000017" + "0007" + "00000003" + "010203" + "00000000" + "09"
                + "00000004" + "04050607" + "08");
        assertEquals(whole.length, frame.lengthBytes());
        int large = whole.length - 5;
        for (int from = 0; from <= whole.length; from++) {
            for (int room = 0; room <= whole.length; room++) {
                var into = ByteBuffer.allocate(room);
                int end = Math.min(from + room, whole.length);
                assertEquals(end, frame.gather(from, into, 4));
                assertEquals(ByteBuffer.wrap(whole, from, end - from), into.flip());
                end = from == whole.length - 1 ? end : Math.max(from, Math.min(end, large));
                assertEquals(end, frame.gather(from, into.clear(), 3));
            }
            var placed = frame.regionAt(from);
            assertEquals(from >= 10 && from < 13 || from >= large && from < large + 4, placed != null);
            long begin = from < large ? 10 : large;
            assertEquals(begin, placed == null ? begin : placed.begin());
        }
    }

    @Test
    void uuidsHaveKafkasText() {
        assertEquals("AAAAAAAAAAAAAAAAAAAAAQ", Uuid.METADATA_TOPIC.toString());
        var uuid = Uuid.random();
        assertEquals(uuid, Uuid.parse(uuid.toString()));
        assertThrows(IllegalArgumentException.class, () -> Uuid.parse("AAAA"));
    }

    @Test
    void errorCodesAreThePlacesInTheList() {
        assertEquals(-1, ErrorCode.UNKNOWN_SERVER_ERROR.code());
        assertEquals(35, ErrorCode.UNSUPPORTED_VERSION.code());
        assertEquals(56, ErrorCode.KAFKA_STORAGE_ERROR.code());
        assertEquals(100, ErrorCode.UNKNOWN_TOPIC_ID.code());
        assertEquals(133, ErrorCode.SHARE_SESSION_LIMIT_REACHED.code());
        assertEquals(ErrorCode.UNKNOWN_SERVER_ERROR, ErrorCode.of(4_000));
    }

    private record Bytes(byte[] content, List<Integer> closed) implements Region {
        @Override
        public int lengthBytes() {
            return content.length;
        }

        @Override
        public long transferTo(int from, WritableByteChannel target) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void read(int from, ByteBuffer into) {
            into.put(content, from, Math.min(into.remaining(), content.length - from));
        }

        @Override
        public void close() {
            closed.add(content.length);
        }
    }
}
