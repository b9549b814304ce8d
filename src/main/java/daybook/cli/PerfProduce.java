package daybook.cli;

import daybook.client.Delivery;
import daybook.client.Producer;

import java.util.ArrayDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * {@code bin/daybook perf produce}: how many records a second are taken, and how long each of them takes. All
 * in one thread: between two records it looks which of those before are answered. When that was, a delivery
 * knows itself.
 */
final class PerfProduce {
    private static final Flag RECORDS = Flag.of("records", "N", "how many").otherwise("1000000");
    private static final Flag RATE = Flag.of("rate", "N", "records a second; without it as many as go");
    private static final Flag LINGER = Flag.of("linger", "MS", "a batch that is not full waits so long")
            .otherwise("5");
    private static final Flag MEMORY = Flag.of("buffer-memory", "BYTES", "records that wait take so many")
            .otherwise("33554432");
    static final Command COMMAND = Command.of("perf produce", "TOPIC", "send records and measure it",
            PerfProduce::run)
            .about("""
                    Sends records of random letters, a line a second telling how it goes; then the rate of
                    all, and how long they took from being handed to the producer until they were
                    acknowledged, with a --rate from when they were due: what is late because others were
                    counts as late. As kafka-producer-perf-test does, but that there is no such rate.
                    """)
            .flags(RECORDS, Perf.SIZE, RATE, Perf.ACKS, Perf.COMPRESSION, Perf.BATCH_SIZE, LINGER, MEMORY,
                    Perf.WARM_UP, Flag.JSON, Flag.BOOTSTRAP)
            .examples("bin/daybook perf produce orders --records 5_000_000 --size 100",
                    "bin/daybook perf produce orders --rate 20_000 --acks 1 --warm-up 50_000");

    /** One that may not be answered yet, and since when it is measured. */
    private record Sent(Delivery delivery, long dueNanos) { }

    private final Producer producer;
    private final String topic;
    private final byte[][] values;
    private final Tally tally;
    /** In the order in which they were sent. */
    private final ArrayDeque<Sent> waiting = new ArrayDeque<>();
    private long refused;
    /** Why the first one was; null where none was. */
    private Throwable why;

    private PerfProduce(Producer producer, String topic, byte[][] values, Tally tally) {
        this.producer = producer;
        this.topic = topic;
        this.values = values;
        this.tally = tally;
    }

    private static int run(Arguments arguments, Streams streams) throws Exception {
        var topic = arguments.operand(0);
        var values = Perf.values((int) arguments.number(Perf.SIZE, 0, Perf.SIZE_MOST));
        long records = arguments.number(RECORDS, 1, Long.MAX_VALUE);
        long warmUp = arguments.number(Perf.WARM_UP, 0, Long.MAX_VALUE);
        double rate = arguments.has(RATE) ? arguments.number(RATE, 1, Long.MAX_VALUE) : Double.POSITIVE_INFINITY;
        var builder = Perf.producer(arguments, LINGER)
                .bufferMemoryBytes(arguments.number(MEMORY, 1, Long.MAX_VALUE));
        PerfProduce run;
        try (var stop = new Stop(() -> { }); var producer = builder.open();
                var progress = Perf.progress(streams)) {
            new PerfProduce(producer, topic, values, Perf.warmUp()).send(warmUp, rate, stop);
            run = new PerfProduce(producer, topic, values, Perf.tally(streams, progress));
            run.send(records, rate, stop);
            run.tally.end();
            progress.close();
            Perf.tell(arguments, streams, run.tally);
            streams.out().flush();
        }
        if (run.refused > 0) {
            throw CommandException.failed(run.refused + " records were refused: " + run.why.getMessage());
        }
        return 0;
    }

    private void send(long records, double rate, Stop stop) throws InterruptedException {
        var pace = Pace.begin(rate);
        for (long number = 0; number < records && !stop.wanted(); number++) {
            long dueNanos = pace.await(number);
            waiting.add(new Sent(producer.send(topic, null, values[(int) (number % values.length)]), dueNanos));
            while (!waiting.isEmpty() && waiting.getFirst().delivery.isDone()) {
                count(waiting.removeFirst());
            }
            tally.tellIfDue();
        }
        // What is not full need not linger; this thread waits below, where it can tell of it.
        Thread.startVirtualThread(producer::flush);
        while (!waiting.isEmpty()) {
            if (settled(waiting.getFirst().delivery)) {
                count(waiting.removeFirst());
            }
            tally.tellIfDue();
        }
    }

    /** Waits until it is, but no longer than to the next line. */
    private boolean settled(Delivery delivery) throws InterruptedException {
        try {
            delivery.get(Math.max(1, tally.untilLineNanos()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException | ExecutionException told) {
            return delivery.isDone();
        }
        return true;
    }

    private void count(Sent one) {
        if (one.delivery.state() == Future.State.SUCCESS) {
            tally.count(1, values[0].length);
            tally.took(one.delivery.settledNanos() - one.dueNanos);
        } else {
            why = refused++ == 0 ? one.delivery.exceptionNow() : why;
        }
    }
}
