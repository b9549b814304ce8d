package daybook.record;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Supplier;

/** Kinds of bytes that encoders are tried with. */
enum Samples {
    NOISE, RUN, RUNS, TEXT, JSON, SKEWED, RARE_BYTES, FAR_REPEATS, RISING;

    private static final String[] WORDS = ("the of a day book entry order broker partition offset leader "
            + "epoch segment write read force disk power cut answer client über größe").split(" ");

    byte[] bytes(Random random, int length) {
        var bytes = new byte[length];
        switch (this) {
            case NOISE -> random.nextBytes(bytes);
            case RUN -> Arrays.fill(bytes, (byte) random.nextInt());
            case RUNS -> {
                for (int at = 0; at < length;) {
                    byte value = (byte) random.nextInt(4);
                    int to = Math.min(length, at + 1 + (int) Math.exp(random.nextDouble(12)));
                    Arrays.fill(bytes, at, to, value);
                    at = to;
                }
            }
            case TEXT -> write(bytes, () -> WORDS[random.nextInt(WORDS.length)] + " ");
            case JSON -> write(bytes, () -> "{\"user\":" + random.nextInt(10_000) + ",\"action\":\""
                    + WORDS[random.nextInt(WORDS.length)] + "\",\"amount\":" + random.nextInt(1_000)
                    + ".25}\n");
            case SKEWED -> {
                for (int at = 0; at < length; at++) {
                    bytes[at] = (byte) (random.nextInt(256) * random.nextInt(256) >>> 8);
                }
            }
            // Nothing repeats in four bytes, but some bytes are rarer than any code of 11 bits can tell.
            case RARE_BYTES -> {
                for (int at = 0; at < length; at++) {
                    int zeros = Integer.numberOfTrailingZeros(random.nextInt() | 1 << 30);
                    bytes[at] = (byte) (zeros * 7 + random.nextInt(3));
                }
            }
            case FAR_REPEATS -> {
                random.nextBytes(bytes);
                for (int distance : new int[] {65_535, 65_536, 32_768, 1 << 20}) {
                    for (int round = 0; round < 200 && distance + 1_000 < length; round++) {
                        int to = random.nextInt(distance, length - 300);
                        System.arraycopy(bytes, to - distance, bytes, to, random.nextInt(4, 300));
                    }
                }
            }
            case RISING -> {
                for (int at = 0; at + 4 <= length; at += 4) {
                    bytes[at + 2] = (byte) (at >>> 10);
                    bytes[at + 3] = (byte) (at >>> 2);
                }
            }
        }
        return bytes;
    }

    /** Pieces of all kinds, one behind the other. */
    static byte[] mixture(Random random, int length) {
        var bytes = new byte[length];
        for (int at = 0; at < length;) {
            int piece = Math.min(length - at, 1 << random.nextInt(18));
            var kind = values()[random.nextInt(values().length)];
            System.arraycopy(kind.bytes(random, piece), 0, bytes, at, piece);
            at += piece;
        }
        return bytes;
    }

    private static void write(byte[] bytes, Supplier<String> next) {
        for (int at = 0; at < bytes.length;) {
            var piece = next.get().getBytes(StandardCharsets.UTF_8);
            int count = Math.min(piece.length, bytes.length - at);
            System.arraycopy(piece, 0, bytes, at, count);
            at += count;
        }
    }
}
