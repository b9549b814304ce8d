package daybook.bench;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * A topic of many partitions: made, until each has acknowledged a record; then one record at a time to each
 * of them in turn, by 8 connections.
 */
final class Partitions implements Load {
    private static final int CONNECTIONS = 8;

    @Override
    public void run(Subject broker, Figures figures) throws Exception {
        var batch = Topics.batch(1);
        measure(new Figures(broker.name()), broker, "warm-up", 100, batch);
        measure(figures, broker, "1,000 partitions", 1_000, batch);
        if (broker.mode() == Mode.FULL) {
            measure(figures, broker, "5,000 partitions", 5_000, batch);
        }
    }

    private static void measure(Figures figures, Subject broker, String name, int partitions,
            ByteBuffer batch) throws Exception {
        var topic = "of-" + partitions;
        Load.measure(broker, figures, name + " made and written to", () -> {
            try (var connection = broker.connect()) {
                Connection.expectNone(Topics.create(connection, List.of(topic), partitions), topic);
            }
            Load.each(IntStream.range(0, CONNECTIONS).boxed().toList(), number -> {
                try (var connection = broker.connect()) {
                    for (int partition = number; partition < partitions; partition += CONNECTIONS) {
                        Topics.insist(connection, topic, partition, batch);
                    }
                }
            });
        });
        var nanos = new long[CONNECTIONS][];
        Load.rates(broker, figures, name + ", one record each", () -> {
            long untilNanos = System.nanoTime() + broker.mode().measuredNanos;
            Load.each(IntStream.range(0, CONNECTIONS).boxed().toList(), number -> {
                try (var connection = broker.connect()) {
                    nanos[number] = write(connection, topic, number, partitions, batch, untilNanos);
                }
            });
            return new Done(0, Arrays.stream(nanos).mapToLong(each -> each.length).sum());
        });
        var sorted = Arrays.stream(nanos).flatMapToLong(Arrays::stream).sorted().toArray();
        figures.add(name + ", one record each, ms median", sorted[sorted.length / 2] / 1e6);
        figures.add(name + ", one record each, ms 99 %", sorted[(int) (sorted.length * 99L / 100)] / 1e6);
        figures.add(name + ", memory MiB", broker.memoryMiB());
    }

    /** Writes to every eighth partition in turn until then; returns how long each request took. */
    private static long[] write(Connection connection, String topic, int first, int partitions,
            ByteBuffer batch, long untilNanos) throws Exception {
        var nanos = LongStream.builder();
        int partition = first;
        for (long beganNanos = System.nanoTime(); beganNanos < untilNanos;) {
            Connection.expectNone(Topics.produce(connection, topic, partition, batch), "a record");
            long endedNanos = System.nanoTime();
            nanos.add(endedNanos - beganNanos);
            beganNanos = endedNanos;
            partition = partition + CONNECTIONS < partitions ? partition + CONNECTIONS : first;
        }
        return nanos.build().toArray();
    }
}
