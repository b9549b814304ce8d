package daybook.cli;

import daybook.client.Consumer;
import daybook.client.Fetched;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** {@code bin/daybook perf consume}: how many records a second are read. */
final class PerfConsume {
    private static final Flag RECORDS = Flag.of("records", "N", "end after so many");
    private static final Flag GROUP = Flag.of("group", "GROUP", "share the topic with the others in it");
    private static final Flag COMMITTED = Flag.of("read-committed", "no records of aborted transactions");
    static final Command COMMAND = Command.of("perf consume", "TOPIC", "read records and measure it",
            PerfConsume::run)
            .about("""
                    Reads a topic from its beginning to what was its end at the start, with a line a second
                    on how it goes, and tells the rate of all. Each key and value is looked at for its
                    length. A member of a --group reads what the group gives it, from where the group has
                    come, until so many --records have come; its time begins before it joins. As
                    kafka-consumer-perf-test does.
                    """)
            .flags(RECORDS, GROUP, COMMITTED, Perf.TIMEOUT, Flag.JSON, Flag.BOOTSTRAP)
            .examples("bin/daybook perf consume orders",
                    "bin/daybook perf consume orders --group billing --records 1_000_000 --json");

    private PerfConsume() { }

    private static int run(Arguments arguments, Streams streams) throws Exception {
        boolean grouped = arguments.has(GROUP);
        long records = grouped || arguments.has(RECORDS) ? arguments.number(RECORDS, 1, Long.MAX_VALUE)
                : Long.MAX_VALUE;
        long timeoutMs = arguments.number(Perf.TIMEOUT, 1, Integer.MAX_VALUE);
        var topic = arguments.operand(0);
        try (var stop = new Stop(() -> { }); var consumer = builder(arguments).open();
                var progress = Perf.progress(streams)) {
            BooleanSupplier ended = () -> false;
            if (grouped) {
                consumer.subscribe(List.of(topic));
            } else {
                var ends = Perf.ends(consumer, topic);
                consumer.assign(ends.keySet());
                ended = () -> ends.keySet().stream()
                        .allMatch(partition -> consumer.position(partition) >= ends.get(partition));
            }
            var tally = Perf.tally(streams, progress);
            long cameNanos = System.nanoTime();
            boolean comes = true;
            while (comes && tally.records() < records && !stop.wanted() && !ended.getAsBoolean()) {
                long before = tally.records();
                count(consumer.poll(Perf.POLL), tally);
                tally.tellIfDue();
                cameNanos = tally.records() > before ? System.nanoTime() : cameNanos;
                comes = System.nanoTime() - cameNanos <= TimeUnit.MILLISECONDS.toNanos(timeoutMs);
            }
            if (grouped) {
                consumer.commit();
            }
            Perf.tell(arguments, streams, progress, tally);
            if (!comes) {
                throw CommandException.failed("Nothing has come for " + timeoutMs + " ms");
            }
        }
        return 0;
    }

    private static Consumer.Builder builder(Arguments arguments) {
        var builder = Consumer.builder(Bootstrap.reached(arguments)).reset(Consumer.Reset.EARLIEST)
                .group(arguments.text(GROUP));
        return arguments.has(COMMITTED) ? builder.readCommitted() : builder;
    }

    private static void count(List<Fetched> batches, Tally tally) {
        for (var batch : batches) {
            for (var record : batch) {
                tally.count(1, lengthBytes(record.key()) + lengthBytes(record.value()));
            }
        }
    }

    private static long lengthBytes(ByteBuffer bytes) {
        return bytes == null ? 0 : bytes.remaining();
    }
}
