package daybook.cli;

import daybook.client.Producer;
import daybook.record.Codec;

import java.time.InstantSource;
import java.util.Locale;
import java.util.Random;

/** What the commands that measure have in common: flags, values to send, and how the result is told. */
final class Perf {
    static final Flag SIZE = Flag.of("size", "BYTES", "bytes of a record's value").otherwise("100");
    static final Flag ACKS = Flag.of("acks", "0|1|all", "what a record waits for: nothing, the leader, the disk")
            .otherwise("all");
    static final Flag WARM_UP = Flag.of("warm-up", "N", "records before those that are measured").otherwise("0");
    static final Flag COMPRESSION = Flag.of("compression", "none|gzip|snappy|lz4|zstd", "how batches are packed")
            .otherwise("none");
    static final Flag BATCH_SIZE = Flag.of("batch-size", "BYTES", "a batch is sent when it has so many")
            .otherwise("16384");
    static final int SIZE_MOST = 1 << 30;
    private static final int VALUES = 1_000;
    private static final int VALUES_BYTES = 16 << 20;

    private Perf() { }

    /** A producer as the flags say, which is not open yet. */
    static Producer.Builder producer(Arguments arguments, Flag linger) {
        return Producer.builder(Bootstrap.reached(arguments))
                .acks(acks(arguments))
                .codec(Codec.valueOf(arguments.text(COMPRESSION).toUpperCase(Locale.ROOT)))
                .batchSizeBytes((int) arguments.number(BATCH_SIZE, 1, SIZE_MOST))
                .lingerMs((int) arguments.number(linger, 0, Integer.MAX_VALUE));
    }

    private static int acks(Arguments arguments) {
        var acks = arguments.text(ACKS);
        return acks.equals("all") ? -1 : Integer.parseInt(acks);
    }

    /**
     * Values of random capital letters, to be sent one after the other: as many as a batch hardly has, so
     * that a codec does not find one of them again in it.
     */
    static byte[][] values(int sizeBytes) {
        var random = new Random(sizeBytes);
        var values = new byte[Math.clamp(VALUES_BYTES / Math.max(1, sizeBytes), 1, VALUES)][sizeBytes];
        for (var value : values) {
            for (int at = 0; at < sizeBytes; at++) {
                value[at] = (byte) random.nextInt('A', 'Z' + 1);
            }
        }
        return values;
    }

    /** A tally that begins now, and writes its lines to standard error, on a terminal one over the other. */
    static Tally tally(Streams streams, Progress progress) {
        return new Tally(System::nanoTime, streams.errTerminal() ? progress::line : streams.err()::println);
    }

    /** One that nobody hears of. */
    static Tally warmUp() {
        return new Tally(System::nanoTime, line -> { });
    }

    static Progress progress(Streams streams) {
        return new Progress(streams, InstantSource.system());
    }

    /** Ends the tally and writes what it was. */
    static void tell(Arguments arguments, Streams streams, Tally tally) {
        if (arguments.has(Flag.JSON)) {
            streams.out().json(tally.json());
        } else {
            streams.out().text(tally.text());
        }
    }
}
