package daybook.cli;

import daybook.client.Producer;

import java.time.Duration;
import java.time.InstantSource;
import java.util.Random;

/** What the commands that measure have in common: flags, values to send, and how it is told. */
final class Perf {
    static final Flag SIZE = Flag.of("size", "BYTES", "bytes of a record's value").otherwise("100");
    static final Flag BATCH_SIZE = Flag.of("batch-size", "BYTES", "a batch with so many is sent")
            .otherwise("16384");
    static final Flag LINGER = Flag.of("linger", "MS", "a batch with fewer waits so long for more");
    static final Flag BUFFER_MEMORY = Flag.of("buffer-memory", "BYTES", "for all that waits to be sent")
            .otherwise("33554432");
    static final Flag WARM_UP = Flag.of("warm-up", "N", "records before those that are measured");
    static final Flag TIMEOUT = Flag.of("timeout", "MS", "give up when nothing has come for so long")
            .otherwise("10000");
    static final int SIZE_MOST = 1 << 30;
    static final Duration POLL = Duration.ofMillis(100);
    private static final int VALUES = 1_000;
    private static final int VALUES_BYTES = 16 << 20;

    private Perf() { }

    /** A producer as the flags say, to be opened. */
    static Producer.Builder producer(Arguments arguments, Flag linger) {
        int batchBytes = (int) arguments.number(BATCH_SIZE, 1, SIZE_MOST);
        return Produce.builder(arguments)
                .idempotence(arguments.text(Produce.ACKS).equals("all"))
                .batchSizeBytes(batchBytes)
                .lingerMs((int) arguments.number(linger, 0, Integer.MAX_VALUE))
                .bufferMemoryBytes((int) arguments.number(BUFFER_MEMORY, batchBytes, Integer.MAX_VALUE));
    }

    /**
     * Values of random capital letters, to be sent one after the other: more than a batch usually has, so
     * that no codec finds one of them again in it.
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

    static Progress progress(Streams streams) {
        return new Progress(streams, InstantSource.system());
    }

    /** A tally that begins now, with its lines on standard error: on a terminal one over the other. */
    static Tally tally(Streams streams, Progress progress) {
        return new Tally(System::nanoTime, streams.errTerminal() ? progress::line : streams.err()::println);
    }

    /** A tally that nobody hears of. */
    static Tally silent() {
        return new Tally(System::nanoTime, line -> { });
    }

    /** Ends the tally, and in place of its lines writes what it was. */
    static void tell(Arguments arguments, Streams streams, Progress progress, Tally tally) {
        tally.end();
        progress.close();
        if (arguments.has(Flag.JSON)) {
            streams.out().json(tally.json());
        } else {
            streams.out().text(tally.text());
        }
        streams.out().flush();
    }
}
