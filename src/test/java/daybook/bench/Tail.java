package daybook.bench;

import java.io.IOException;
import java.util.stream.IntStream;

/**
 * A producer sends batches of 64 KB as fast as it can while one consumer, or ten, read them; what is measured
 * ends when all have read all. The bytes are those that were produced.
 */
final class Tail implements Load {
    private static final int RECORD_BYTES = 1_000;
    private static final int BATCH_BYTES = 64 << 10;
    private static final int AT_ONCE = 8;
    private static final int FETCH_BYTES = 1 << 20;
    /** A consumer that waits looks so often whether all has been sent. */
    private static final int WAIT_MS = 10;

    /** The offset behind all that is sent; unknown at first. */
    private volatile long end;

    @Override
    public void run(Subject broker, Figures figures) throws Exception {
        measure(broker, figures, "produce and tail", 1);
        measure(broker, figures, "produce and ten tail", 10);
    }

    private void measure(Subject broker, Figures figures, String name, int consumers) throws Exception {
        tail(broker, "warm-up-" + consumers, consumers, broker.mode().warmUpNanos);
        Load.rates(broker, figures, name, () ->
                tail(broker, "tail-" + consumers, consumers, broker.mode().measuredNanos));
    }

    private Done tail(Subject broker, String topic, int consumers, long nanos) throws Exception {
        Topics.make(broker, topic, 1);
        end = Long.MAX_VALUE;
        var requests = ProduceRequests.of(topic, 1, 1, RECORD_BYTES, BATCH_BYTES, AT_ONCE);
        var sent = new long[1];
        Load.few(IntStream.rangeClosed(0, consumers).boxed().toList(), number -> {
            if (number > 0) {
                read(broker, topic);
                return;
            }
            try (var producer = new LeanProducer(broker.address(), requests, 1, AT_ONCE)) {
                sent[0] = producer.send(nanos, Long.MAX_VALUE);
            }
            end = 1 + sent[0] * requests.records();
        });
        return new Done(sent[0] * requests.batchBytes(), sent[0]);
    }

    private void read(Subject broker, String topic) throws IOException {
        try (var consumer = new LeanConsumer(broker.address())) {
            var fetch = new LeanConsumer.Fetch(topic, 0, 1, FETCH_BYTES, WAIT_MS);
            while (fetch.next(0) < end) {
                consumer.send(fetch);
                consumer.receive(fetch, LeanConsumer.UNWATCHED);
            }
        }
    }
}
