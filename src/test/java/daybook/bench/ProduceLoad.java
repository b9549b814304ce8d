package daybook.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Batches sent as fast as the broker takes them. With acks=all Daybook has them on its disk when it answers,
 * Apache Kafka in the page cache, as with acks=1, unless it is told to force each of them.
 */
record ProduceLoad(List<Case> cases, Map<String, String> kafkaSettings) implements Load {
    /** What the page cache takes without making who writes wait for the disk. */
    private static final long MEASURED_BYTES = 1_000_000_000;
    private static final long WARM_UP_BYTES = MEASURED_BYTES / 4;
    private static final long FIRST_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final int KB = 1_024;
    /** From here on bytes count, below requests. */
    private static final int BULK_BYTES = 64 * KB;
    /** As many requests a connection has on its way as those of Kafka's Java producer. */
    private static final int IN_FLIGHT = 5;

    /** @param depth requests that a connection has on their way at once */
    record Case(String name, int partitions, int acks, int recordBytes, int batchBytes, int connections,
            int depth) {
        /** Whether the chart shows it, so that a short look is at it too. */
        boolean drawn() {
            return partitions == 16 && (connections == 8 && depth <= IN_FLIGHT
                    || connections == 64 && acks == ProduceRequests.ACKS_ALL || batchBytes == 256 * KB);
        }
    }

    /** Records of 1 KB in large batches, by one connection. */
    static Load bulk() {
        var cases = new ArrayList<Case>();
        for (int batch : List.of(64, 256, 1_024)) {
            for (int partitions : List.of(1, 16)) {
                for (int acks : List.of(1, ProduceRequests.ACKS_ALL)) {
                    var name = (batch == 1_024 ? "1 MB, " : batch + " KB, ")
                            + (partitions == 1 ? "1 partition, " : partitions + " partitions, ")
                            + (acks == 1 ? "acks 1" : "acks all");
                    cases.add(new Case(name, partitions, acks, 1_000, batch * KB, 1, IN_FLIGHT));
                }
            }
        }
        return new ProduceLoad(cases, Map.of());
    }

    /** What is on the disk of both when it is acknowledged. */
    static Load forced() {
        var cases = new ArrayList<Case>();
        for (int partitions : List.of(1, 16)) {
            var on = partitions == 1 ? "1 partition" : "16 partitions";
            cases.add(new Case("bulk, " + on, partitions, ProduceRequests.ACKS_ALL, 1_000, 256 * KB, 1, IN_FLIGHT));
            for (int connections : List.of(1, 64)) {
                cases.add(new Case("single records, " + on + (connections == 1 ? ", 1 connection"
                        : ", 64 connections"), partitions, ProduceRequests.ACKS_ALL, 100, 1, connections, 1));
            }
        }
        return new ProduceLoad(cases, Map.of("log.flush.interval.messages", "1"));
    }

    /** Records of 100 bytes in batches of 16 KB. */
    static Load small() {
        return new ProduceLoad(List.of(1, 8, 64).stream().map(connections -> new Case("16 KB, "
                + connections + (connections == 1 ? " connection" : " connections"), 16, 1, 100, 16 * KB,
                connections, IN_FLIGHT)).toList(), Map.of());
    }

    /** Batches of one record of 100 bytes. */
    static Load single() {
        var cases = new ArrayList<Case>();
        for (int connections : List.of(1, 8, 64)) {
            for (int depth : List.of(1, 64)) {
                cases.add(new Case(connections + (connections == 1 ? " connection, " : " connections, ")
                        + depth + " on its way", 16, 1, 100, 1, connections, depth));
            }
        }
        return new ProduceLoad(cases, Map.of());
    }

    @Override
    public void run(Subject broker, Figures figures) throws Exception {
        boolean first = true;
        for (int number = 0; number < cases.size(); number++) {
            if (broker.mode() == Mode.FULL || cases.get(number).drawn()) {
                measure(broker, figures, cases.get(number), "topic-" + number, first);
                first = false;
            }
        }
        figures.add("peak memory, MiB", broker.peakMemoryMiB());
    }

    private static void measure(Subject broker, Figures figures, Case one, String topic, boolean first)
            throws Exception {
        Topics.make(broker, topic, one.partitions);
        var requests = ProduceRequests.of(topic, one.partitions, one.acks, one.recordBytes, one.batchBytes,
                one.depth);
        try (var producer = new LeanProducer(broker.address(), requests, one.connections, one.depth)) {
            producer.send(first ? FIRST_NANOS : broker.mode().warmUpNanos,
                    WARM_UP_BYTES / requests.batchBytes());
            Load.rates(broker, figures, one.name, () -> {
                long answered = producer.send(broker.mode().measuredNanos,
                        MEASURED_BYTES / requests.batchBytes());
                return one.batchBytes < BULK_BYTES ? new Done(0, answered)
                        : new Done(answered * requests.batchBytes(), 0);
            });
        }
    }
}
