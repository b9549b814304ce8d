package daybook.cli;

import java.util.function.LongFunction;

/** {@code bin/daybook perf produce}: how many records a second are taken, and how long each of them takes. */
final class PerfProduce {
    private static final Flag<Long> RECORDS = Flag.of("records", "N", "how many").otherwise("1000000")
            .number(1, Long.MAX_VALUE);
    private static final Flag<Long> RATE = Flag.of("rate", "N", "records a second; without it as many as go")
            .number(1, Long.MAX_VALUE);
    private static final Flag<Long> LINGER = Perf.LINGER.otherwise("5");
    private static final Flag<Long> WARM_UP = Perf.WARM_UP.otherwise("0");
    static final Command COMMAND = Command.of("perf produce", "TOPIC", "send records and measure it",
            PerfProduce::run)
            .about("""
                    Sends records of random letters, with a line a second on how it goes, and tells the rate
                    of all, and how long they took: from being handed over, or with a --rate from the time
                    at which they were due, until they were acknowledged. One that is late because those
                    before it were is late. As kafka-producer-perf-test does, which leaves that out.
                    """)
            .flags(RECORDS, Perf.SIZE, RATE, Produce.ACKS, Produce.COMPRESSION, Perf.BATCH_SIZE, LINGER,
                    Perf.BUFFER_MEMORY, WARM_UP, Flag.JSON, Flag.BOOTSTRAP)
            .examples("bin/daybook perf produce orders --records 5_000_000 --size 100",
                    "bin/daybook perf produce orders --rate 20_000 --acks 1 --warm-up 50_000");

    private PerfProduce() { }

    private static int run(Arguments arguments, Streams streams) throws Exception {
        var topic = arguments.operand(0);
        var values = Perf.values(arguments.value(Perf.SIZE).intValue());
        long records = arguments.value(RECORDS);
        long warmUp = arguments.value(WARM_UP);
        double rate = arguments.has(RATE) ? arguments.value(RATE)
                : Double.POSITIVE_INFINITY;
        try (var stop = new Stop(() -> { }); var producer = Perf.producer(arguments, LINGER).open();
                var progress = Perf.progress(streams)) {
            LongFunction<byte[]> each = number -> values[(int) (number % values.length)];
            var unmeasured = new Sending(producer, topic, each, Perf.silent());
            unmeasured.send(warmUp, Pace.begin(rate), stop);
            unmeasured.check();
            var tally = Perf.tally(streams, progress);
            var measured = new Sending(producer, topic, each, tally);
            measured.send(records, Pace.begin(rate), stop);
            Perf.tell(arguments, streams, progress, tally);
            measured.check();
        }
        return 0;
    }
}
