package daybook.cli;

import daybook.client.Acks;
import daybook.client.Producer;

import java.time.InstantSource;
import java.util.Random;

/** What the commands that measure have in common: flags, values to send, and how it is told. */
final class Perf {
    static final int SIZE_MOST = 1 << 30;
    static final Flag<Long> SIZE = Flag.of("size", "BYTES", "bytes of a record's value").otherwise("100")
            .number(0, SIZE_MOST);
    static final Flag<Long> BATCH_SIZE = Flag.of("batch-size", "BYTES", "a batch with so many is sent")
            .otherwise("16384").number(1, SIZE_MOST);
    static final Flag<Long> LINGER = Flag.of("linger", "MS", "a batch with fewer waits so long for more")
            .number(0, Integer.MAX_VALUE);
    static final Flag<Long> BUFFER_MEMORY = Flag
            .of("buffer-memory", "BYTES", "for all that waits to be sent, a batch at least")
            .otherwise("33554432").number(1, Integer.MAX_VALUE);
    static final Flag<Long> WARM_UP = Flag.of("warm-up", "N", "records before those that are measured")
            .number(0, Integer.MAX_VALUE);
    static final Flag<Long> TIMEOUT = Flag
            .of("timeout", "MS", "give up when nothing has come for so long").otherwise("10000")
            .number(1, Integer.MAX_VALUE);
    private static final int VALUES = 1_000;
    private static final int VALUES_BYTES = 16 << 20;

    private Perf() { }

    /** A producer as the flags say, to be opened. */
    static Producer.Builder producer(Arguments arguments, Flag<Long> linger) {
        int batchBytes = arguments.value(BATCH_SIZE).intValue();
        int memoryBytes = arguments.value(BUFFER_MEMORY).intValue();
        if (memoryBytes < batchBytes) {
            throw CommandException.usage("The flag --buffer-memory is " + memoryBytes
                    + ", but must be as much as a batch at least, " + batchBytes);
        }
        return Produce.builder(arguments)
                .idempotence(arguments.value(Produce.ACKS) == Acks.ALL)
                .batchSizeBytes(batchBytes).bufferMemoryBytes(memoryBytes)
                .lingerMs(arguments.value(linger).intValue());
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
