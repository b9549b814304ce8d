package daybook.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** What the encoders write is read again by the decoders, and is smaller where it can be. */
class EncoderTest {
    private static final List<Codec> CODECS = List.of(Codec.GZIP, Codec.SNAPPY, Codec.LZ4, Codec.ZSTD);
    /** Around the borders of blocks of all codecs, and of the forms of a zstd block's headers. */
    private static final int[] BORDERS = {0, 1, 2, 5, 11, 12, 13, 31, 32, 60, 61, 255, 256, 1_023, 1_024,
        4_096, 16_383, 16_384, 32_767, 32_768, 32_769, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073};

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);

    private void assertComesBack(Codec codec, byte[] plain, int level) {
        var packed = codec.compress(ByteBuffer.wrap(plain), level);
        String what = codec + " level " + level + ", " + plain.length + " bytes, seed " + seed;
        try {
            assertEquals(-1, codec.decompress(packed, plain.length).mismatch(ByteBuffer.wrap(plain)), what);
        } catch (CorruptBatchException corrupt) {
            throw new AssertionError(what, corrupt);
        }
        int most = plain.length + plain.length / 1_000 * 2 + 100;
        assertTrue(packed.remaining() <= most, () -> what + ": grew to " + packed.remaining());
    }

    private void assertComesBack(byte[] plain) {
        for (var codec : CODECS) {
            assertComesBack(codec, plain, codec.defaultLevel());
        }
    }

    @Test
    void everyKindOfBytesAtEveryBorder() {
        for (var kind : Samples.values()) {
            for (int border : BORDERS) {
                var plain = kind.bytes(random, border);
                for (var codec : CODECS.subList(1, CODECS.size())) {
                    assertComesBack(codec, plain, codec.defaultLevel());
                }
            }
        }
    }

    @Test
    void mixturesOfAllKinds() {
        for (int round = 0; round < 40; round++) {
            assertComesBack(Samples.mixture(random, random.nextInt(1, 1 << random.nextInt(1, 20))));
        }
        assertComesBack(Samples.mixture(random, 2_500_000));
    }

    @Test
    void everyLevel() {
        var plain = Samples.mixture(random, 200_000);
        for (int level = -1; level <= 9; level++) {
            assertComesBack(Codec.GZIP, plain, level);
        }
        for (int level = 1; level <= 17; level++) {
            assertComesBack(Codec.LZ4, plain, level);
        }
        for (int level = -10; level <= 22; level++) {
            assertComesBack(Codec.ZSTD, plain, level);
        }
        assertComesBack(Codec.ZSTD, plain, -131_072);
    }

    @Test
    void higherLevelsCompressBetter() {
        var plain = ByteBuffer.wrap(Samples.JSON.bytes(random, 300_000));
        int[][] rising = {{9, 1, 8, 17}, {-1_000, 1, 5, 19}};
        for (var codec : List.of(Codec.LZ4, Codec.ZSTD)) {
            int last = Integer.MAX_VALUE;
            for (int level : rising[codec.ordinal() - Codec.LZ4.ordinal()]) {
                int size = codec.compress(plain, level).remaining();
                assertTrue(size < last, codec + " level " + level + " gives " + size + " after " + last);
                last = size;
            }
        }
    }

    @Test
    void whatRepeatsBecomesSmall() {
        int[] most = {0, 2_500, 100_000, 12_000, 400};
        for (var codec : CODECS) {
            int size = codec.compress(ByteBuffer.wrap(new byte[2_000_000]), codec.defaultLevel()).remaining();
            assertTrue(size < most[codec.id()], codec + ": " + size);
        }
        int json = Codec.ZSTD.compress(ByteBuffer.wrap(Samples.JSON.bytes(random, 200_000)), 3).remaining();
        assertTrue(json < 60_000, "zstd makes " + json + " of 200000 bytes of JSON");
    }

    @Test
    void anyBufferAndOnlyItsPart() {
        var plain = Samples.TEXT.bytes(random, 70_000);
        for (var codec : CODECS) {
            var expected = codec.compress(ByteBuffer.wrap(plain), codec.defaultLevel());
            var direct = ByteBuffer.allocateDirect(plain.length + 20);
            direct.position(13).put(plain).flip().position(13);
            var inside = ByteBuffer.wrap(Arrays.copyOf(plain, plain.length + 9)).limit(plain.length).slice();
            var readOnly = ByteBuffer.wrap(plain).asReadOnlyBuffer();
            for (var in : List.of(direct, inside, readOnly)) {
                int position = in.position();
                var packed = codec.compress(in, codec.defaultLevel());
                assertEquals(ByteBuffer.wrap(plain), codec.decompress(packed, plain.length));
                assertEquals(position, in.position());
                assertEquals(expected, packed);
            }
        }
    }
}
