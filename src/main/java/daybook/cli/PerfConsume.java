package daybook.cli;

import daybook.client.Consumer;
import daybook.client.TopicPartition;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** {@code bin/daybook perf consume}: how many records a second are read. */
final class PerfConsume {
    private static final Flag RECORDS = Flag.of("records", "N", "end after so many");
    private static final Flag GROUP = Flag.of("group", "GROUP", "share the topic with the group's other members");
    private static final Flag TIMEOUT = Flag.of("timeout", "MS", "give up when nothing has come for so long")
            .otherwise("10000");
    private static final Flag COMMITTED = Flag.of("read-committed", "of transactions only what was committed");
    static final Command COMMAND = Command.of("perf consume", "TOPIC", "read records and measure it",
            PerfConsume::run)
            .about("""
                    Reads a topic from its beginning to what was its end at the start, with a line a second
                    on how it goes, and tells the rate of all. Each key and value is looked at for its
                    length. A member of a --group reads what the group gives it, from where the group has
                    come, until so many --records have come; its time begins before it joins. As
                    kafka-consumer-perf-test does.
                    """)
            .flags(RECORDS, GROUP, TIMEOUT, COMMITTED, Flag.JSON, Flag.BOOTSTRAP)
            .examples("bin/daybook perf consume orders",
                    "bin/daybook perf consume orders --group billing --records 1_000_000 --json");
    private static final Duration POLL = Duration.ofMillis(100);

    private PerfConsume() { }

    private static int run(Arguments arguments, Streams streams) throws Exception {
        boolean grouped = arguments.has(GROUP);
        long records = grouped || arguments.has(RECORDS) ? arguments.number(RECORDS, 1, Long.MAX_VALUE)
                : Long.MAX_VALUE;
        long timeoutMs = arguments.number(TIMEOUT, 1, Integer.MAX_VALUE);
        var topic = arguments.operand(0);
        var builder = Consumer.builder(Bootstrap.reached(arguments)).reset(Consumer.Reset.EARLIEST);
        if (grouped) {
            builder.group(arguments.text(GROUP));
        }
        if (arguments.has(COMMITTED)) {
            builder.readCommitted();
        }
        try (var stop = new Stop(() -> { }); var consumer = builder.open();
                var progress = Perf.progress(streams)) {
            // Of a group others read a part, so that this one does not see the end.
            Map<TopicPartition, Long> ends = grouped ? Map.of() : ends(consumer, topic);
            if (grouped) {
                consumer.subscribe(List.of(topic));
            } else {
                consumer.assign(ends.keySet());
            }
            var tally = Perf.tally(streams, progress);
            boolean whole = true;
            while (whole && !stop.wanted() && tally.records() < records && (grouped || !atEnd(consumer, ends))) {
                whole = read(consumer, tally, timeoutMs);
            }
            tally.end();
            progress.close();
            Perf.tell(arguments, streams, tally);
            if (!whole) {
                throw CommandException.failed("Nothing has come for " + timeoutMs + " ms");
            }
        }
        return 0;
    }

    private static Map<TopicPartition, Long> ends(Consumer consumer, String topic) {
        return consumer.offsetsAt(consumer.partitions(topic).stream()
                .collect(Collectors.toMap(partition -> partition, partition -> Consumer.LATEST)));
    }

    private static boolean atEnd(Consumer consumer, Map<TopicPartition, Long> ends) {
        return ends.entrySet().stream().allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
    }

    /** Counts what comes next; false where that is nothing for so long. */
    private static boolean read(Consumer consumer, Tally tally, long timeoutMs) {
        long beganNanos = System.nanoTime();
        long before = tally.records();
        do {
            for (var fetched : consumer.poll(POLL)) {
                for (var record : fetched) {
                    tally.count(1, length(record.key()) + length(record.value()));
                }
            }
            tally.tellIfDue();
            if (tally.records() > before) {
                return true;
            }
        } while (System.nanoTime() - beganNanos < TimeUnit.MILLISECONDS.toNanos(timeoutMs));
        return false;
    }

    private static long length(ByteBuffer bytes) {
        return bytes == null ? 0 : bytes.remaining();
    }
}
