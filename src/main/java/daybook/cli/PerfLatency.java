package daybook.cli;

import daybook.client.Consumer;
import daybook.client.Offsets;
import daybook.client.Producer;

import java.nio.ByteBuffer;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * {@code bin/daybook perf latency}: how long a record is on its way from a producer to a consumer. One thread
 * sends, at times that are set beforehand, this one reads, and neither waits for the other.
 *
 * <pre>
 *   value of a record: int64 run, so that only its own are counted | int64 number | zeros up to --size
 * </pre>
 */
final class PerfLatency {
    private static final Flag<Long> RECORDS = Flag.of("records", "N", "how many").otherwise("10000")
            .number(1, Integer.MAX_VALUE);
    private static final Flag<Long> RATE = Flag.of("rate", "N", "records a second").otherwise("1000")
            .number(1, Long.MAX_VALUE);
    private static final int LEAST_BYTES = 2 * Long.BYTES;
    private static final Flag<Long> SIZE = Perf.SIZE.number(LEAST_BYTES, Perf.SIZE_MOST);
    private static final Flag<Long> LINGER = Perf.LINGER.otherwise("0");
    private static final Flag<Long> WARM_UP = Perf.WARM_UP.otherwise("1000");
    static final Command COMMAND = Command.of("perf latency", "TOPIC",
            "send and read records and measure how long they are on their way", PerfLatency::run)
            .about("""
                    Sends records at a steady rate and reads them, in one process, and tells how long each
                    took from when it was due to be sent until it was read. The rate is kept however slow
                    the broker is at times, so that its pauses count for all the records that they hold up.
                    Where one record is sent after the other, as Kafka's end-to-end tool does, a pause
                    counts once, and most of it is omitted.
                    """)
            .flags(RECORDS, RATE, SIZE, Produce.ACKS, Produce.COMPRESSION, Perf.BATCH_SIZE, LINGER,
                    Perf.BUFFER_MEMORY, WARM_UP, Perf.TIMEOUT, Flag.JSON, Flag.BOOTSTRAP)
            .examples("bin/daybook perf latency orders",
                    "bin/daybook perf latency orders --rate 5_000 --records 100_000 --acks 1 --json");
    /** The number of a record that is not measured, but makes the topic where there is none. */
    private static final long FIRST = -1;

    private final long run = ThreadLocalRandom.current().nextLong();
    private final int sizeBytes;
    private final long warmUp;
    private final long all;
    private final long timeoutMs;
    private final Supplier<Tally> begin;
    /** Of the records that are measured; silent before the first of them. */
    private Tally tally = Perf.silent();
    private long came;

    /** @param begin makes the tally when the first record comes that is measured */
    private PerfLatency(Arguments arguments, Supplier<Tally> begin) {
        this.sizeBytes = arguments.value(SIZE).intValue();
        this.warmUp = arguments.value(WARM_UP);
        this.all = warmUp + arguments.value(RECORDS);
        this.timeoutMs = arguments.value(Perf.TIMEOUT);
        this.begin = begin;
    }

    private static int run(Arguments arguments, Streams streams) throws Exception {
        var topic = arguments.operand(0);
        long rate = arguments.value(RATE);
        try (var stop = new Stop(() -> { }); var progress = Perf.progress(streams);
                var producer = Perf.producer(arguments, LINGER).open();
                var consumer = Consumer.builder(arguments.value(Flag.BOOTSTRAP)).open()) {
            var latency = new PerfLatency(arguments, () -> Perf.tally(streams, progress));
            latency.prepare(producer, consumer, topic);
            var sending = new Sending(producer, topic, latency::value, Perf.silent());
            var pace = Pace.begin(rate);
            var sender = new FutureTask<Void>(() -> {
                sending.send(latency.all, pace, stop);
                sending.check();
                return null;
            });
            Thread.ofPlatform().daemon().name("daybook-perf").start(sender);
            latency.read(consumer, pace, sender, stop);
            Perf.tell(arguments, streams, progress, latency.tally);
        }
        return 0;
    }

    /** Has the topic made where there is none, and the consumer at its end. */
    private void prepare(Producer producer, Consumer consumer, String topic) {
        producer.send(topic, null, value(FIRST)).join();
        var ends = consumer.offsetsAt(Offsets.all(consumer.partitions(topic), Offsets.LATEST));
        consumer.assign(ends.keySet());
        ends.forEach(consumer::seek);
    }

    private byte[] value(long number) {
        var value = new byte[sizeBytes];
        ByteBuffer.wrap(value).putLong(run).putLong(number);
        return value;
    }

    private void read(Consumer consumer, Pace pace, Future<Void> sender, Stop stop) {
        var consume = new Consume(consumer, false, Long.MAX_VALUE, (partition, record) ->
                count(record.value(), pace));
        consume.read(stop, false, () -> {
            tally.tellIfDue();
            if (sender.state() == Future.State.FAILED) {
                throw CommandException.failed(sender.exceptionNow().getMessage());
            }
            boolean late = consume.idleNanos() > TimeUnit.MILLISECONDS.toNanos(timeoutMs);
            if (late && sender.isDone() && came < all) {
                throw CommandException.failed(all - came + " records were acknowledged and do not come");
            }
            return came < all;
        });
    }

    private void count(ByteBuffer value, Pace pace) {
        if (value == null || value.remaining() < LEAST_BYTES || value.getLong(value.position()) != run) {
            return;
        }
        long number = value.getLong(value.position() + Long.BYTES);
        came += number == FIRST ? 0 : 1;
        if (number >= warmUp) {
            tally = tally.records() == 0 ? begin.get() : tally;
            tally.count(1, sizeBytes);
            tally.took(System.nanoTime() - pace.dueNanos(number));
        }
    }
}
