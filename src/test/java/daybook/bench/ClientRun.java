package daybook.bench;

import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * One client at work in a process of its own: {@code ClientRun CLIENT produce|consume ADDRESS}. Prints what
 * it measured, a figure a line: its name, a tab, its value.
 */
final class ClientRun {
    private static final int MOST_BEYOND_TIME = 1_000;
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final double BYTES_A_MIB = 1 << 20;

    private ClientRun() { }

    /** What is done over and over; how many records it was once. */
    private interface Work {
        long once();
    }

    public static void main(String[] arguments) {
        var client = Client.valueOf(arguments[0]);
        for (var size : ClientLoad.SIZES) {
            switch (arguments[1]) {
                case "produce" -> produce(client, arguments[2], size);
                case "consume" -> consume(client, arguments[2], size);
                default -> throw new IllegalArgumentException(arguments[1]);
            }
        }
    }

    private static void produce(Client client, String address, ClientLoad.Size size) {
        var value = new byte[size.bytes()];
        new Random(size.bytes()).nextBytes(value);
        try (var sender = client.sender.apply(address)) {
            long sent = measure(size, sender::flush, () -> {
                for (int number = 0; number < MOST_BEYOND_TIME; number++) {
                    sender.send(size.topic(), value);
                }
                return MOST_BEYOND_TIME;
            });
            System.out.println(size.topic() + "\t" + sent);
        }
    }

    private static void consume(Client client, String address, ClientLoad.Size size) {
        try (var reader = client.reader.open(address, size.topic())) {
            measure(size, () -> { }, () -> {
                var count = new Client.Count();
                long beganNanos = System.nanoTime();
                for (reader.rewind(); count.records < size.records();) {
                    reader.poll(count);
                    if (System.nanoTime() - beganNanos > LIMIT_NANOS) {
                        throw new IllegalStateException(count.records + " records came");
                    }
                }
                if (count.bytes != count.records * size.bytes()) {
                    throw new IllegalStateException(count.records + " records, " + count.bytes + " bytes");
                }
                return count.records;
            });
        }
    }

    /**
     * Works unmeasured at first, for a JVM is slow at its beginning. Returns how many records it was in all.
     */
    private static long measure(ClientLoad.Size size, Runnable end, Work work) {
        long warmUp = work(work, size.warmUpMs());
        end.run();
        double processorSeconds = processorSeconds();
        long beganNanos = System.nanoTime();
        long records = work(work, ClientLoad.MEASURED_MS);
        end.run();
        double seconds = (System.nanoTime() - beganNanos) / 1e9;
        processorSeconds = processorSeconds() - processorSeconds;
        print(size, "records a second", records / seconds);
        print(size, "MiB a second", records * size.bytes() / BYTES_A_MIB / seconds);
        print(size, "CPU s of the client, a million records", processorSeconds / records * 1e6);
        return warmUp + records;
    }

    private static long work(Work work, long durationMs) {
        long durationNanos = TimeUnit.MILLISECONDS.toNanos(durationMs);
        long beganNanos = System.nanoTime();
        long records = 0;
        do {
            records += work.once();
        } while (System.nanoTime() - beganNanos < durationNanos);
        return records;
    }

    /** Of this process, as /proc tells: in hundredths. */
    private static double processorSeconds() {
        return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toMillis() / 1e3;
    }

    private static void print(ClientLoad.Size size, String name, double value) {
        System.out.println(String.join("\t", List.of(size.title() + ", " + name,
                String.format(Locale.ROOT, "%f", value))));
    }
}
