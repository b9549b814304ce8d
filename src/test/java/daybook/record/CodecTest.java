package daybook.record;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import daybook.record.CodecFixtures.Fixture;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The decoders against what reference encoders wrote, against rules of the formats, and against noise. */
class CodecTest {
    private static final int LIMIT_BYTES = 1 << 20;
    private static final int FUZZ_ROUNDS = 20_000;

    @Test
    void decodesWhatReferenceEncodersWrote() {
        for (Fixture fixture : CodecFixtures.ALL) {
            byte[] compressed = fixture.compressed();
            for (ByteBuffer in : inEveryKindOfBuffer(compressed)) {
                ByteBuffer out = fixture.codec().decompress(in, fixture.content().length);
                assertFalse(out.isDirect());
                byte[] bytes = new byte[out.remaining()];
                out.get(bytes);
                assertArrayEquals(fixture.content(), bytes, fixture::toString);
            }
        }
    }

    private static List<ByteBuffer> inEveryKindOfBuffer(byte[] bytes) {
        var heap = ByteBuffer.allocate(bytes.length + 7).position(3).put(bytes).flip().position(3);
        var direct = ByteBuffer.allocateDirect(bytes.length + 7).position(5).put(bytes).flip().position(5);
        return List.of(ByteBuffer.wrap(bytes), heap, heap.asReadOnlyBuffer(), direct,
                direct.duplicate().order(ByteOrder.LITTLE_ENDIAN));
    }

    @Test
    void refusesWhatIsLargerThanTheLimit() {
        for (Fixture fixture : CodecFixtures.ALL) {
            if (fixture.content().length > 0) {
                int oneLess = fixture.content().length - 1;
                assertRefused(fixture.codec(), fixture.compressed(), oneLess, "larger than");
                assertRefused(fixture.codec(), fixture.compressed(), 0, "larger than");
            }
        }
    }

    /**
     * A cut may fall between two members, blocks or frames; then what is before it comes out whole. (The
     * JDK also passes over the bytes behind a gzip member that make no whole header.)
     */
    @Test
    void refusesWhatIsCutShort() {
        for (Fixture fixture : CodecFixtures.ALL) {
            byte[] compressed = fixture.compressed();
            int accepted = 0;
            for (int length = 0; length < compressed.length; length++) {
                var in = ByteBuffer.wrap(compressed, 0, length);
                try {
                    ByteBuffer out = fixture.codec().decompress(in, LIMIT_BYTES);
                    accepted++;
                    ByteBuffer whole = ByteBuffer.wrap(fixture.content(), 0, out.remaining());
                    assertEquals(whole, out, fixture::toString);
                } catch (CorruptBatchException expected) {
                    assertTrue(expected.getMessage().startsWith(fixture.codec().name().toLowerCase()));
                }
            }
            int cuts = fixture.codec() == Codec.GZIP ? 10 : 2;
            assertTrue(accepted <= cuts, fixture + " cut short was accepted " + accepted + " times");
        }
    }

    @Test
    void everyCodecHasTheNumberOfTheBatchAttributes() {
        for (int id = 0; id < 5; id++) {
            assertEquals(id, Codec.of(id).id());
        }
        assertEquals(Codec.LZ4, Codec.of(3));
        assertThrows(CorruptBatchException.class, () -> Codec.of(5));
        assertThrows(CorruptBatchException.class, () -> Codec.of(-1));
    }

    @Test
    void withoutCompressionTheBytesAreTheirOwn() {
        byte[] bytes = CodecFixtures.words(100);
        assertEquals(ByteBuffer.wrap(bytes), Codec.NONE.decompress(ByteBuffer.wrap(bytes), 100));
        assertRefused(Codec.NONE, bytes, 99, "larger than 99 bytes");
    }

    /** The sums over all lengths were made by lz4-java's XXHash. */
    @Test
    void checksumsOfEveryLength() {
        var nothing = ByteBuffer.allocate(0).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(0x02CC5D05, XxHash.hash32(nothing, 0, 0));
        assertEquals(0xEF46DB3751D8E999L, XxHash.hash64(nothing));
        byte[] bytes = new byte[100];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (7 * i);
        }
        var in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int sum32 = 0;
        long sum64 = 0;
        for (int length = 0; length <= bytes.length; length++) {
            sum32 = 31 * sum32 + XxHash.hash32(in, 0, length);
            sum64 = 31 * sum64 + XxHash.hash64(in.limit(length));
            in.clear();
        }
        assertEquals(0xEDE06E34, sum32);
        assertEquals(0xA560D572470576F9L, sum64);
    }

    @Test
    void noFlippedBitUnderAChecksumChangesTheContent() {
        for (Fixture fixture : CodecFixtures.ALL) {
            if (fixture.name().contains("checksum")) {
                byte[] compressed = fixture.compressed();
                for (int at = 0; at < compressed.length; at++) {
                    byte[] flipped = compressed.clone();
                    flipped[at] ^= (byte) (1 << at % 8);
                    assertSameOrRefused(fixture, flipped);
                }
            }
        }
    }

    /** In zstd a bit may change nothing: an unused one, a larger window, a match one period farther back. */
    private static void assertSameOrRefused(Fixture fixture, byte[] flipped) {
        try {
            ByteBuffer out = fixture.codec().decompress(ByteBuffer.wrap(flipped), LIMIT_BYTES);
            assertEquals(Codec.ZSTD, fixture.codec());
            assertEquals(ByteBuffer.wrap(fixture.content()), out);
        } catch (CorruptBatchException expected) {
            assertTrue(expected.getMessage().contains(" "));
        }
    }

    @Test
    void gzipRules() {
        byte[] compressed = gzipOfWords();
        compressed[compressed.length - 6] ^= 1;
        assertRefused(Codec.GZIP, compressed, LIMIT_BYTES, "trailer");
        assertRefused(Codec.GZIP, "1f8c", "gzip");
    }

    private static byte[] gzipOfWords() {
        return CodecFixtures.ALL.getFirst().compressed();
    }

    @Test
    void snappyRules() {
        assertDecodes(Codec.SNAPPY, "05 00 61 01 01", "6161616161");
        assertDecodes(Codec.SNAPPY, "05 00 61 0E 0100", "6161616161");
        assertDecodes(Codec.SNAPPY, "05 00 61 0F 01000000", "6161616161");
        assertDecodes(Codec.SNAPPY, "01 F0 00 61", "61");
        assertDecodes(Codec.SNAPPY, "01 FC 00000000 61", "61");
        assertRefused(Codec.SNAPPY, "05 00 61 01 00", "a match reaches back");
        assertRefused(Codec.SNAPPY, "05 00 61 01 02", "a match reaches back");
        assertRefused(Codec.SNAPPY, "05 00 61 0F FFFFFFFF", "a match reaches back");
        assertRefused(Codec.SNAPPY, "01 FC FFFFFFFF 61", "literal");
        assertRefused(Codec.SNAPPY, "02 FC FFFFFF7F 61", "literal");
        assertRefused(Codec.SNAPPY, "02 00 61", "declared length");
        assertRefused(Codec.SNAPPY, "00 00 61", "declared length");
        assertRefused(Codec.SNAPPY, "FFFFFFFF 0F 00 61", "larger than");
        assertRefused(Codec.SNAPPY, "FFFFFFFF FF FF", "has no end");
        assertRefused(Codec.SNAPPY, "", "ends too early");
        String magic = "82534E4150505900 00000001 00000001";
        assertDecodes(Codec.SNAPPY, magic, "");
        assertDecodes(Codec.SNAPPY, magic + "00000003 01 00 61" + magic + "00000003 01 00 62", "6162");
        assertRefused(Codec.SNAPPY, magic + "00000003 01 00 61 00000004 02 00 62 02", "ends too early");
        String twoBlocks = magic + "00000003 01 00 61 00000005 05 00 62 01 02";
        assertRefused(Codec.SNAPPY, twoBlocks, "a match reaches back");
        assertRefused(Codec.SNAPPY, magic + "FFFFFFFF 01 00 61", "runs past");
        assertRefused(Codec.SNAPPY, magic + "00000004 01 00 61", "runs past");
        assertRefused(Codec.SNAPPY, "82534E4150505900 00000000 00000001", "version");
    }

    /** The frame's header is FLG 0x60 (version 1, independent blocks), BD 0x40 (64 KiB), HC 0x82. */
    @Test
    void lz4Rules() {
        String header = "04224D18 60 40 82 ";
        String end = " 00000000";
        assertDecodes(Codec.LZ4, header + "02000080 6162" + end, "6162");
        assertDecodes(Codec.LZ4, header + "05000000 10 61 0100 00" + end, "6161616161");
        assertDecodes(Codec.LZ4, header + "06000000 1F 61 0100 01 00" + end, "61".repeat(21));
        assertRefused(Codec.LZ4, header + "05000000 10 61 0000 00" + end, "a match reaches back");
        assertRefused(Codec.LZ4, header + "05000000 10 61 0200 00" + end, "a match reaches back");
        assertRefused(Codec.LZ4, header + "04000000 10 61 0100" + end, "ends too early");
        assertRefused(Codec.LZ4, header + "02000000 20 61" + end, "literal");
        String twoBlocks = "02000080 6162 05000000 10 61 0200 00";
        assertRefused(Codec.LZ4, header + twoBlocks + end, "a match reaches back");
        assertRefused(Codec.LZ4, header + "01000100" + "00".repeat(65_537) + end, "a block too long");
        String endless = header + "03010000 1F 61 0100" + "FF".repeat(255) + end;
        assertRefused(Codec.LZ4, endless, "ends too early");
        String large = header + "07010000 1F 61 0100" + "FF".repeat(257) + "00 00" + end;
        assertRefused(Codec.LZ4, large, "frame allows");
        assertDecodes(Codec.LZ4, header + "02000080 6162" + end + "00", "6162");
        assertRefused(Codec.LZ4, "04224D18 60 40 83" + end, "checksum of the frame's header");
        assertRefused(Codec.LZ4, "04224D18 61 40 82" + end, "dictionary");
        assertRefused(Codec.LZ4, "04224D18 A0 40 82" + end, "version");
        assertRefused(Codec.LZ4, "04224D18 62 40 82" + end, "reserved");
        assertRefused(Codec.LZ4, "04224D18 60 30 82" + end, "size of blocks");
        assertRefused(Codec.LZ4, "04224D19 60 40 82" + end, "magic");
    }

    /** Without more said, a frame of one segment whose content has the size given in its one byte. */
    @Test
    void zstdRules() {
        String frame = "28B52FFD 20 05 ";
        assertDecodes(Codec.ZSTD, frame + "290000 6162636465", "6162636465");
        assertDecodes(Codec.ZSTD, frame + "2B0000 61", "6161616161");
        assertDecodes(Codec.ZSTD, frame + "100000 6162 190000 636465", "6162636465");
        assertRefused(Codec.ZSTD, frame + "210000 61626364", "declared size");
        assertRefused(Codec.ZSTD, frame + "310000 616263646566", "a block too long");
        assertRefused(Codec.ZSTD, frame + "2F0000 61", "reserved type");
        assertRefused(Codec.ZSTD, frame + "2B0000 61 00", "ends too early");
        assertRefused(Codec.ZSTD, frame + "2B0000 61 00000000", "magic");
        assertRefused(Codec.ZSTD, "28B52FFD 28 05 2B0000 61", "reserved bit");
        assertRefused(Codec.ZSTD, "28B52FFD 21 01 05 2B0000 61", "dictionary");
        assertDecodes(Codec.ZSTD, "28B52FFD 21 00 05 2B0000 61", "6161616161");
        assertRefused(Codec.ZSTD, "28B52FFD 24 05 2B0000 61 00000000", "checksum");
        assertRefused(Codec.ZSTD, "28B52FFD 00 90 2B0000 61", "window too large");
        assertRefused(Codec.ZSTD, "28B52FFD E0 FFFFFFFFFFFFFFFF 2B0000 61", "larger than");
        assertRefused(Codec.ZSTD, "502A4D18 FFFFFFFF 00", "skippable");
        assertDecodes(Codec.ZSTD, "5F2A4D18 02000000 0000", "");
        assertRefused(Codec.ZSTD, "", "ends too early");
        String block = "28B52FFD 00 00 ";
        assertDecodes(Codec.ZSTD, block + "3D0000 28 6162636465 00", "6162636465");
        assertRefused(Codec.ZSTD, block + "450000 28 6162636465 0000", "bytes behind");
        assertRefused(Codec.ZSTD, block + "250000 43 40 00 01", "before there is one");
        assertRefused(Codec.ZSTD, block + "2D0000 08 61 01 03 01", "reserved bit");
        assertRefused(Codec.ZSTD, block + "2D0000 08 61 01 FC 01", "before there is one");
        assertRefused(Codec.ZSTD, block + "2D0000 08 61 01 00 00", "end mark");
        assertRefused(Codec.ZSTD, block + "250000 08 61 01 00", "without bytes");
    }

    /** Blocks made by hand. Their tables have one symbol each, so that the stream holds extra bits only. */
    @Test
    void zstdSequenceRules() {
        String smallWindow = "28B52FFD 00 00 022000 61 022000 61 ";
        assertDecodes(Codec.ZSTD, smallWindow + "450000 00 01 54 00 0A 00 0304", "61".repeat(2_051));
        assertRefused(Codec.ZSTD, smallWindow + "450000 00 01 54 00 0A 00 0404", "behind the window");
        assertRefused(Codec.ZSTD, smallWindow + "450000 00 01 54 00 09 00 0304", "a bit stream has not");
        assertRefused(Codec.ZSTD, smallWindow + "3D0000 00 01 54 00 01 00 03", "a match reaches back");
        assertRefused(Codec.ZSTD, smallWindow + "450000 00 01 54 24 0A 00 0304", "a symbol too large");
        assertRefused(Codec.ZSTD, smallWindow + "450000 00 01 54 01 0A 00 0304", "too few literals");
        String digits = "28B52FFD 00 00 500000 30313233343536373839 ";
        String threeLastDistances = digits + "3D0000 00 02 54 00 01 00 04";
        assertDecodes(Codec.ZSTD, threeLastDistances, "30313233343536373839 323334 393233");
        String largeWindow = "28B52FFD 00 58 420000 61 ";
        String manySequences = largeWindow + "4D0000 00 FF6400 54 00 00 00 01";
        assertDecodes(Codec.ZSTD, manySequences, "61".repeat(8 + 3 * (0x7F00 + 100)));
        assertRefused(Codec.ZSTD, manySequences.replace("FF6400", "FFFFFF"), "too large once decompressed");
    }

    /** A kilobyte that would unfold to 40 MB is refused at the limit. */
    @Test
    void aBombIsRefusedAtTheLimit() {
        var bomb = new StringBuilder("28B52FFD 00 58");
        for (int block = 0; block < 320; block++) {
            bomb.append("020010 00");
        }
        assertRefused(Codec.ZSTD, bomb.toString(), "larger than " + LIMIT_BYTES);
    }

    @Test
    void nothingButCorruptBatchEscapesFromNoise() {
        long seed = new Random().nextLong();
        System.out.println("CodecTest fuzz seed " + seed);
        var random = new Random(seed);
        for (int round = 0; round < FUZZ_ROUNDS; round++) {
            Fixture fixture = CodecFixtures.ALL.get(random.nextInt(CodecFixtures.ALL.size()));
            byte[] bytes = mutated(fixture.compressed(), random);
            int limitBytes = random.nextInt(20_000);
            var in = random.nextBoolean() ? ByteBuffer.wrap(bytes)
                    : ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
            try {
                ByteBuffer out = fixture.codec().decompress(in, limitBytes);
                assertTrue(out.remaining() <= limitBytes);
            } catch (CorruptBatchException expected) {
                assertTrue(expected.getMessage().length() > 0);
            } catch (Throwable escaped) {
                fail("seed " + seed + " round " + round + " " + fixture, escaped);
            }
        }
    }

    private static byte[] mutated(byte[] bytes, Random random) {
        byte[] result = bytes.clone();
        if (random.nextInt(4) == 0) {
            result = Arrays.copyOf(bytes, random.nextInt(bytes.length + 20));
        }
        int changes = 1 + random.nextInt(4);
        for (int i = 0; i < changes && result.length > 0; i++) {
            int at = random.nextInt(random.nextBoolean() ? Math.min(40, result.length) : result.length);
            switch (random.nextInt(4)) {
                case 0 -> result[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> result[at] = (byte) random.nextInt();
                case 2 -> result[at] = (byte) -random.nextInt(2);
                default -> System.arraycopy(result, at, result, random.nextInt(at + 1),
                        random.nextInt(result.length - at));
            }
        }
        return result;
    }

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text.replace(" ", ""));
    }

    private static void assertDecodes(Codec codec, String compressed, String content) {
        ByteBuffer out = codec.decompress(ByteBuffer.wrap(hex(compressed)), LIMIT_BYTES);
        assertEquals(ByteBuffer.wrap(hex(content)), out, compressed);
    }

    private static void assertRefused(Codec codec, String compressed, String reason) {
        assertRefused(codec, hex(compressed), LIMIT_BYTES, reason);
    }

    private static void assertRefused(Codec codec, byte[] compressed, int limitBytes, String reason) {
        var in = ByteBuffer.wrap(compressed);
        var refused = assertThrows(CorruptBatchException.class, () -> codec.decompress(in, limitBytes),
                () -> codec + " took what should be refused: " + reason);
        assertTrue(refused.getMessage().toLowerCase().contains(reason.toLowerCase()), refused.getMessage());
    }
}
