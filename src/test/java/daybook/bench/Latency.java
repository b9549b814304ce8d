package daybook.bench;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * From end to end in open loop: a producer is to send a batch of 64 KB each so many microseconds, whether or
 * not the broker keeps up, and a consumer waits for them. A batch's latency is counted from the time at which
 * it is to be sent, which follows from its offset, to that at which its last byte has come; so what a pause
 * holds up counts in full.
 */
final class Latency implements Load {
    private static final int[] RATES = {10, 50, 100, 200};
    private static final int[] SHORT_RATES = {50};
    private static final int RECORD_BYTES = 1_000;
    private static final int BATCH_BYTES = 64 << 10;
    /** More than are ever on their way. */
    private static final int TRAIN = 16;
    private static final int FETCH_BYTES = 1 << 20;
    private static final int WAIT_MS = 500;
    private static final int ANSWERS_BYTES = 64 << 10;
    /** Between the moment when all is connected and that when the first batch is to be sent. */
    private static final long AHEAD_NANOS = 10_000_000;
    private static final long PAUSE_NANOS = 20_000;

    @Override
    public void run(Subject broker, Figures figures) throws Exception {
        // As many batches as let the compilers come to rest, which otherwise take a processor for milliseconds.
        measure(broker, "warm-up", 200, 2 * broker.mode().measuredNanos);
        for (int rate : broker.mode() == Mode.SHORT ? SHORT_RATES : RATES) {
            measure(broker, "warm-up-" + rate, rate, broker.mode().warmUpNanos);
            Load.sync();
            double processorSeconds = broker.processorSeconds();
            long[] nanos = measure(broker, "at-" + rate, rate, 2 * broker.mode().measuredNanos);
            processorSeconds = broker.processorSeconds() - processorSeconds;
            Arrays.sort(nanos);
            var name = rate + " MB/s, ";
            figures.add(name + "CPU µs/batch", processorSeconds / nanos.length * 1e6);
            figures.add(name + "ms 50 %", percentile(nanos, 5_000));
            figures.add(name + "ms 99 %", percentile(nanos, 9_900));
            figures.add(name + "ms 99.9 %", percentile(nanos, 9_990));
            figures.add(name + "ms 99.99 %", percentile(nanos, 9_999));
        }
    }

    /** In milliseconds, what so many of 10,000 are not above. */
    private static double percentile(long[] sortedNanos, long ofTenThousand) {
        return sortedNanos[(int) ((sortedNanos.length - 1) * ofTenThousand / 10_000)] / 1e6;
    }

    /** The latency of each batch. */
    private static long[] measure(Subject broker, String topic, int megabytesPerSecond, long nanos)
            throws Exception {
        Topics.make(broker, topic, 1);
        var requests = ProduceRequests.of(topic, 1, 1, RECORD_BYTES, BATCH_BYTES, TRAIN);
        long intervalNanos = (long) (requests.batchBytes() * 1e3 / megabytesPerSecond);
        var latencies = new long[(int) (nanos / intervalNanos)];
        long beginNanos = System.nanoTime() + AHEAD_NANOS;
        Load.few(List.of(true, false), producer -> {
            if (producer) {
                produce(broker.address(), requests, latencies.length, beginNanos, intervalNanos);
            } else {
                consume(broker.address(), topic, requests.records(), latencies, beginNanos, intervalNanos);
            }
        });
        return latencies;
    }

    private static void consume(String address, String topic, int records, long[] latencies, long beginNanos,
            long intervalNanos) throws IOException {
        try (var consumer = new LeanConsumer(address)) {
            // Behind the one record that the topic was made with.
            var fetch = new LeanConsumer.Fetch(topic, 0, 1, FETCH_BYTES, WAIT_MS).seek(1);
            LeanConsumer.Watch watch = (baseOffset, nextOffset, sizeBytes) -> {
                int number = (int) ((baseOffset - 1) / records);
                latencies[number] = System.nanoTime() - beginNanos - number * intervalNanos;
            };
            while (fetch.next(0) < 1 + (long) latencies.length * records) {
                consumer.send(fetch);
                consumer.receive(fetch, watch);
            }
        }
    }

    /** Sends each batch when its time has come, or as soon after that as the socket takes it. */
    private static void produce(String address, ProduceRequests requests, int count, long beginNanos,
            long intervalNanos) throws IOException {
        try (var channel = LeanConsumer.connect(address)) {
            channel.configureBlocking(false);
            var train = requests.train().duplicate();
            var answers = ByteBuffer.allocateDirect(ANSWERS_BYTES);
            int answered = 0;
            for (int number = 0; number < count; number++) {
                int place = number % (train.capacity() / requests.frameBytes());
                train.limit((place + 1) * requests.frameBytes()).position(place * requests.frameBytes());
                long dueNanos = beginNanos + number * intervalNanos;
                for (long leftNanos = dueNanos - System.nanoTime(); leftNanos > 0;
                        leftNanos = dueNanos - System.nanoTime()) {
                    LockSupport.parkNanos(leftNanos);
                }
                for (channel.write(train); train.hasRemaining(); channel.write(train)) {
                    answered += take(channel, answers, requests);
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
                answered += take(channel, answers, requests);
            }
            while (answered < count) {
                LockSupport.parkNanos(PAUSE_NANOS);
                answered += take(channel, answers, requests);
            }
        }
    }

    /** Reads the answers that are there; returns how many. */
    private static int take(SocketChannel channel, ByteBuffer answers, ProduceRequests requests)
            throws IOException {
        if (channel.read(answers) < 0) {
            throw new EOFException("the broker closed the connection");
        }
        int count = 0;
        answers.flip();
        while (answers.remaining() >= Integer.BYTES
                && answers.remaining() >= Integer.BYTES + answers.getInt(answers.position())) {
            int error = answers.getShort(answers.position() + requests.errorAt());
            if (error != 0) {
                throw new IOException("A batch was answered with error " + error);
            }
            answers.position(answers.position() + Integer.BYTES + answers.getInt(answers.position()));
            count++;
        }
        answers.compact();
        return count;
    }
}
