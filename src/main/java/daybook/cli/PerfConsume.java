package daybook.cli;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** {@code bin/daybook perf consume}: how many records a second are read. */
final class PerfConsume {
    private static final Flag<Long> RECORDS = Flag.of("records", "N", "end after so many")
            .number(1, Long.MAX_VALUE);
    static final Command COMMAND = Command.of("perf consume", "TOPIC", "read records and measure it",
            PerfConsume::run)
            .about("""
                    Reads a topic from its beginning to what was its end at the start, with a line a second
                    on how it goes, and tells the rate of all. Each key and value is looked at for its
                    length. A member of a --group reads what the group gives it, from where the group has
                    come, until so many --records have come; its time begins before it joins. As
                    kafka-consumer-perf-test does.
                    """)
            .flags(RECORDS, Consume.GROUP, Consume.COMMITTED, Perf.TIMEOUT, Flag.JSON, Flag.BOOTSTRAP)
            .examples("bin/daybook perf consume orders",
                    "bin/daybook perf consume orders --group billing --records 1_000_000 --json");

    private PerfConsume() { }

    private static int run(Arguments arguments, Streams streams) throws Exception {
        boolean grouped = arguments.has(Consume.GROUP);
        long records = grouped ? arguments.required(RECORDS) : arguments.value(RECORDS, Long.MAX_VALUE);
        long timeoutMs = arguments.value(Perf.TIMEOUT);
        var topic = arguments.operand(0);
        try (var stop = new Stop(() -> { }); var consumer = Consume.builder(arguments).open();
                var progress = Perf.progress(streams)) {
            if (grouped) {
                consumer.subscribe(List.of(topic));
            } else {
                consumer.assign(consumer.partitions(topic));
            }
            var tally = Perf.tally(streams, progress);
            var consume = new Consume(consumer, grouped, records, (partition, record) ->
                    tally.count(1, lengthBytes(record.key()) + lengthBytes(record.value())));
            boolean came = consume.read(stop, !grouped, () -> {
                tally.tellIfDue();
                return consume.idleNanos() <= TimeUnit.MILLISECONDS.toNanos(timeoutMs);
            });
            Perf.tell(arguments, streams, progress, tally);
            if (!came) {
                throw CommandException.failed("Nothing has come for " + timeoutMs + " ms");
            }
        }
        return 0;
    }

    private static long lengthBytes(ByteBuffer bytes) {
        return bytes == null ? 0 : bytes.remaining();
    }
}
