package daybook.bench;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * What a broker costs that has nothing to do: just started, with 5,000 idle connections, and after a load.
 */
final class Idle implements Load {
    private static final String TOPIC = "before";
    private static final int PARTITIONS = 16;
    private static final int BATCH_RECORDS = 1_000;
    private static final int CONNECTIONS = 5_000;
    private static final int ASKED = 200;
    /** A broker is idle so long after its last work. */
    private static final int SETTLE_MS = 2_000;

    @Override
    public void run(Subject broker, Figures figures) throws Exception {
        idle(broker, figures, "just started");
        if (broker.mode() == Mode.SHORT) {
            return;
        }
        long beganNanos = System.nanoTime();
        try (var connections = new Connections(broker, CONNECTIONS)) {
            figures.add("5,000 connections opened, s", (System.nanoTime() - beganNanos) / 1e9);
            idle(broker, figures, "5,000 idle connections");
            var nanos = new long[ASKED];
            for (int number = 0; number < ASKED; number++) {
                beganNanos = System.nanoTime();
                GroupTopic.findCoordinators(connections.at(number * (CONNECTIONS / ASKED)), List.of("any"));
                nanos[number] = System.nanoTime() - beganNanos;
            }
            Arrays.sort(nanos);
            figures.add("one of 5,000 asks, ms median", nanos[ASKED / 2] / 1e6);
            figures.add("one of 5,000 asks, ms 99 %", nanos[ASKED * 99 / 100] / 1e6);
        }
        load(broker);
        figures.add("under 16 producers of 1 MB batches, peak memory MiB", broker.peakMemoryMiB());
        idle(broker, figures, "after 16 producers of 1 MB batches");
    }

    private static void idle(Subject broker, Figures figures, String name) throws Exception {
        int forMs = broker.mode().of(2_000, 5_000);
        Load.sync();
        TimeUnit.MILLISECONDS.sleep(SETTLE_MS);
        double processorSeconds = broker.processorSeconds();
        TimeUnit.MILLISECONDS.sleep(forMs);
        processorSeconds = broker.processorSeconds() - processorSeconds;
        figures.add(name + ", memory MiB", broker.memoryMiB());
        figures.add(name + ", CPU ms a second", processorSeconds / forMs * 1e6);
    }

    private static void load(Subject broker) throws Exception {
        var batch = Topics.batch(BATCH_RECORDS);
        try (var connection = broker.connect()) {
            Connection.expectNone(Topics.create(connection, List.of(TOPIC), PARTITIONS), "making a topic");
        }
        int count = 100;
        Load.each(IntStream.range(0, PARTITIONS).boxed().toList(), partition -> {
            try (var connection = broker.connect()) {
                for (int sent = 0; sent < count; sent++) {
                    Topics.insist(connection, TOPIC, partition, batch);
                }
            }
        });
    }
}
