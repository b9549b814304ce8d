package daybook.cli;

import daybook.client.Consumer;
import daybook.client.TopicPartition;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** {@code bin/daybook perf consume}: how many records a second are read. */
final class PerfConsume {
    private static final Flag RECORDS = Flag.of("records", "N", "end after so many; without it at the end of the topic");
    private static final Flag GROUP = Flag.of("group", "GROUP", "share the topic with the group's other members");
    private static final Flag TIMEOUT = Flag.of("timeout", "MS", "give up when nothing came for so long")
            .otherwise("10000");
    private static final Flag COMMITTED = Flag.of("read-committed", "nothing of open or aborted transactions");
    static final Command COMMAND = Command.of("perf consume", "TOPIC", "read records and measure it",
            PerfConsume::run)
            .about("""
                    Reads a topic from its beginning to where its end was at first, a line a second telling
                    how it goes, then the rate of all. Keys and values are looked at, and their bytes
                    counted. A member of a --group begins where the group is, and with its assignment the
                    time; it needs --records, or ends when nothing came for the --timeout.
                    """)
            .flags(RECORDS, GROUP, TIMEOUT, COMMITTED, Flag.JSON, Flag.BOOTSTRAP)
            .examples("bin/daybook perf consume orders", "bin/daybook perf consume orders --group g --records 1_000_000");
    private static final Duration POLL = Duration.ofMillis(100);

    private final Consumer consumer;
    private final Tally tally;
    /** Where to end, by partition: empty in a group, whose members do not know what the others read. */
    private final Map<TopicPartition, Long> ends;

    private PerfConsume(Consumer consumer, Map<TopicPartition, Long> ends, Tally tally) {
        this.consumer = consumer;
        this.ends = ends;
        this.tally = tally;
    }

    private static int run(Arguments arguments, Streams streams) throws Exception {
        long records = arguments.has(RECORDS) ? arguments.number(RECORDS, 1, Long.MAX_VALUE) : Long.MAX_VALUE;
        long timeoutMs = arguments.number(TIMEOUT, 1, Long.MAX_VALUE);
        var builder = Consumer.builder(Bootstrap.reached(arguments)).reset(Reset.EARLIEST);
        if (arguments.has(COMMITTED)) {
            builder.readCommitted();
        }
        if (arguments.has(GROUP)) {
            builder.group(arguments.text(GROUP));
        }
        try (var stop = new Stop(() -> { }); var consumer = builder.open();
                var progress = Perf.progress(streams)) {
            var ends = arguments.has(GROUP) ? join() : Perf.assignAll(consumer, arguments.operand(0));
            var run = new PerfConsume(consumer, ends, Perf.tally(streams, progress));
            boolean whole = run.read(records, timeoutMs, stop);
        }
    }
}
