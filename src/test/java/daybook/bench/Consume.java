package daybook.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One thread reads topics from beginning to end, over and over, from the page cache. A fetch asks for so much
 * of each partition at most, of all partitions at once; several are on their way on one connection or on
 * several.
 */
final class Consume implements Load {
    private static final int MB = 1 << 20;
    private static final int SMALL = 64 << 10;
    private static final int RECORD_BYTES = 1_000;
    private static final int BATCH_BYTES = 16 << 10;
    private static final int PRODUCED_AT_ONCE = 8;
    private static final long FILL_LIMIT_NANOS = TimeUnit.MINUTES.toNanos(1);

    @Override
    public void run(Subject broker, Figures figures) throws Exception {
        long records = fill(broker, "one", 1);
        fill(broker, "sixteen", 16);
        measure(broker, figures, "1 MB fetches, 16 partitions", 1, fetches("sixteen", 16, MB, 1, records));
        measure(broker, figures, "64 KB fetches, 4 at once", 1, fetches("one", 1, SMALL, 4, records));
        if (broker.mode() == Mode.SHORT) {
            return;
        }
        measure(broker, figures, "1 MB fetches, 1 partition", 1, fetches("one", 1, MB, 1, records));
        measure(broker, figures, "1 MB fetches, 4 at once", 1, fetches("one", 1, MB, 4, records));
        measure(broker, figures, "64 KB fetches, 1 partition", 1, fetches("one", 1, SMALL, 1, records));
        measure(broker, figures, "64 KB fetches, 16 partitions", 1, fetches("sixteen", 16, SMALL, 1, records));
        measure(broker, figures, "64 KB fetches, 4 connections", 4, fetches("one", 1, SMALL, 4, records));
    }

    /** Makes a topic and writes as much to it as is to be read; returns how many records. */
    static long fill(Subject broker, String topic, int partitions) throws Exception {
        Topics.make(broker, topic, partitions);
        var requests = ProduceRequests.of(topic, partitions, 1, RECORD_BYTES, BATCH_BYTES,
                PRODUCED_AT_ONCE);
        long batches = broker.mode().of(250_000_000, 1_000_000_000) / requests.batchBytes();
        try (var producer = new LeanProducer(broker.address(), requests, 1, PRODUCED_AT_ONCE)) {
            producer.send(FILL_LIMIT_NANOS, batches);
        }
        return batches * requests.records();
    }

    /** Several begin at different parts of the topic: no one reads what another has just read. */
    private static List<LeanConsumer.Fetch> fetches(String topic, int partitions, int partitionBytes,
            int count, long records) {
        var fetches = new ArrayList<LeanConsumer.Fetch>();
        for (int number = 0; number < count; number++) {
            fetches.add(new LeanConsumer.Fetch(topic, 0, partitions, partitionBytes, 0)
                    .seek(records / count * number));
        }
        return fetches;
    }

    private static void measure(Subject broker, Figures figures, String name, int connections,
            List<LeanConsumer.Fetch> fetches) throws Exception {
        var consumers = new ArrayList<LeanConsumer>();
        try {
            for (int number = 0; number < connections; number++) {
                consumers.add(new LeanConsumer(broker.address()));
            }
            read(consumers, fetches, broker.mode().warmUpNanos);
            Load.rates(broker, figures, name, () -> read(consumers, fetches, broker.mode().measuredNanos));
        } finally {
            for (var consumer : consumers) {
                consumer.close();
            }
        }
    }

    /** The fetches take turns on the connections. */
    private static Done read(List<LeanConsumer> consumers, List<LeanConsumer.Fetch> fetches, long nanos)
            throws IOException {
        for (int number = 0; number < fetches.size(); number++) {
            consumers.get(number % consumers.size()).send(fetches.get(number));
        }
        long untilNanos = System.nanoTime() + nanos;
        long requests = 0;
        long bytes = 0;
        boolean goesOn = true;
        while (goesOn) {
            goesOn = System.nanoTime() < untilNanos;
            for (int number = 0; number < fetches.size(); number++) {
                var consumer = consumers.get(number % consumers.size());
                var fetch = fetches.get(number);
                long came = consumer.receive(fetch, LeanConsumer.UNWATCHED);
                if (came == 0) {
                    fetch.seek(0);
                }
                if (goesOn) {
                    consumer.send(fetch);
                }
                requests++;
                bytes += came;
            }
        }
        return new Done(bytes, requests);
    }
}
