package daybook.bench;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** What a broker is asked to do, and what is measured meanwhile. */
interface Load {
    double BYTES_A_MB = 1e6;
    double BYTES_A_GB = 1e9;
    /** More than a step writes, and less than what makes the system begin to write it to the disk. */
    long ROOM_BYTES = 1_500_000_000;

    void run(Subject broker, Figures figures) throws Exception;

    /**
     * Options of Daybook's besides its defaults, as its command takes them:
     * "--daybook.durability=page-cache".
     */
    default List<String> daybookOptions() {
        return List.of();
    }

    /** Settings of Apache Kafka's besides those that one node needs: "flush.messages" and "1". */
    default Map<String, String> kafkaSettings() {
        return Map.of();
    }

    /**
     * Whether the load starts the broker itself; its directory is ready for that. What runs then is killed.
     */
    default boolean starts() {
        return false;
    }

    /** What is compared: what was measured of one broker and of the other. */
    default List<Figures> sides(Figures ofDaybook, Figures ofKafka) {
        return List.of(ofDaybook, ofKafka);
    }

    /** Something done with one of many. */
    interface Action<T> {
        void run(T one) throws Exception;
    }

    /** A step that is measured. */
    interface Step {
        void run() throws Exception;
    }

    /** How much was done; 0 for what does not count. */
    record Done(long bytes, long requests) { }

    /** A step that is measured, and says how much it did. */
    interface Work {
        Done run() throws Exception;
    }

    /** Does it with all of them at once, each in a thread of its own, and waits for the end. */
    static <T> void each(Collection<T> all, Action<T> action) throws Exception {
        each(Executors.newVirtualThreadPerTaskExecutor(), all, action);
    }

    /** As {@link #each}, of a few, each in a thread of the system, which begins to run sooner. */
    static <T> void few(Collection<T> all, Action<T> action) throws Exception {
        each(Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory()), all, action);
    }

    private static <T> void each(ExecutorService executor, Collection<T> all, Action<T> action)
            throws Exception {
        try (var threads = executor) {
            var running = all.stream().map(one -> threads.submit(() -> {
                action.run(one);
                return one;
            })).toList();
            for (var thread : running) {
                thread.get();
            }
        }
    }

    /**
     * Writes what the page cache has to write, so that no step pays for the one before it. Then it fills
     * memory and frees it again: a virtual machine gives free memory back to its host, and whoever first
     * writes to what it gets anew pays for that, six times as much for a byte as otherwise.
     */
    static void sync() throws Exception {
        Child.output(List.of("sync"));
        var file = Files.createTempFile("daybook-bench", ".room");
        try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            var piece = ByteBuffer.allocate(1 << 18);
            for (long written = 0; written < ROOM_BYTES; written += piece.capacity()) {
                channel.write(piece.clear());
            }
        } finally {
            Files.delete(file);
        }
    }

    /** Seconds of time and of the broker's processor that this takes, as two figures. */
    static void measure(Subject broker, Figures figures, String name, Step step) throws Exception {
        sync();
        double processorSeconds = broker.processorSeconds();
        long beganNanos = System.nanoTime();
        step.run();
        figures.add(name + ", s", (System.nanoTime() - beganNanos) / 1e9);
        figures.add(name + ", CPU s", broker.processorSeconds() - processorSeconds);
    }

    /** Throughput, and what of the broker's processor it costs: two figures for bytes, two for requests. */
    static void rates(Subject broker, Figures figures, String name, Work work) throws Exception {
        sync();
        double processorSeconds = broker.processorSeconds();
        long beganNanos = System.nanoTime();
        var done = work.run();
        double seconds = (System.nanoTime() - beganNanos) / 1e9;
        processorSeconds = broker.processorSeconds() - processorSeconds;
        if (done.bytes > 0) {
            figures.add(name + ", MB/s", done.bytes / BYTES_A_MB / seconds);
            figures.add(name + ", CPU s/GB", processorSeconds / done.bytes * BYTES_A_GB);
        }
        if (done.requests > 0) {
            figures.add(name + ", requests/s", done.requests / seconds);
            figures.add(name + ", CPU µs/request", processorSeconds / done.requests * 1e6);
        }
    }
}
