package daybook.bench;

import daybook.wire.ErrorCode;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * From the moment the broker's program is started until the first record is acknowledged (acks=all): by who
 * tries to connect and to send every 2 ms. First in an empty directory, with nothing of any program in the
 * page cache (where the system lets it be emptied); then again; then with data, after a clean stop and after
 * a kill. Apache Kafka's directory is formatted before, and its start has no launcher before it.
 */
final class Start implements Load {
    private static final String TOPIC = "first";
    private static final String DATA = "data";
    private static final int PARTITIONS = 100;
    private static final int CONNECTIONS = 4;
    /** Of 1 MB, in each partition. */
    private static final int BATCHES = 10;
    private static final int BATCH_RECORDS = 1_000;
    private static final int PAUSE_MS = 2;
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(100);
    private static final Path DROP_CACHES = Path.of("/proc/sys/vm/drop_caches");

    @Override
    public boolean starts() {
        return true;
    }

    @Override
    public void run(Subject broker, Figures figures) throws Exception {
        if (Files.isWritable(DROP_CACHES)) {
            Load.sync();
            Files.writeString(DROP_CACHES, "3");
            measure(broker, figures, "nothing cached, empty directory");
            broker.server().stop();
        }
        measure(broker, figures, "hardly any data");
        if (broker.mode() == Mode.SHORT) {
            return;
        }
        fill(broker);
        var data = BATCHES * PARTITIONS / 1_000 + " GB in " + PARTITIONS + " partitions, ";
        broker.server().stop();
        measure(broker, figures, data + "after a clean stop");
        broker.server().kill();
        measure(broker, figures, data + "after kill -9");
    }

    private static void measure(Subject broker, Figures figures, String name) throws Exception {
        var batch = Topics.batch(1);
        Load.sync();
        long beganNanos = System.nanoTime();
        broker.server().begin();
        for (boolean acknowledged = false; !acknowledged;) {
            if (System.nanoTime() - beganNanos > LIMIT_NANOS) {
                throw new IllegalStateException(broker.name() + " did not start");
            }
            acknowledged = acknowledged(broker, batch);
            if (!acknowledged) {
                TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
            }
        }
        figures.add(name + ", s", (System.nanoTime() - beganNanos) / 1e9);
        figures.add(name + ", CPU s", broker.processorSeconds());
        figures.add(name + ", memory MiB", broker.memoryMiB());
    }

    /** Whether a first record is acknowledged; false also when nobody listens, or the connection breaks. */
    private static boolean acknowledged(Subject broker, ByteBuffer batch) throws Exception {
        try (var connection = broker.connect()) {
            var error = Topics.produce(connection, TOPIC, 0, batch);
            // What follows costs a broker that has the topic nothing.
            while (error == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) {
                Topics.create(connection, List.of(TOPIC), 1);
                error = Topics.produce(connection, TOPIC, 0, batch);
                if (error != ErrorCode.NONE) {
                    TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
                }
            }
            return error == ErrorCode.NONE;
        } catch (IOException notYet) {
            return false;
        }
    }

    private static void fill(Subject broker) throws Exception {
        var batch = Topics.batch(BATCH_RECORDS);
        try (var connection = broker.connect()) {
            Connection.expectNone(Topics.create(connection, List.of(DATA), PARTITIONS), "making a topic");
        }
        Load.each(IntStream.range(0, CONNECTIONS).boxed().toList(), number -> {
            try (var connection = broker.connect()) {
                for (int partition = number; partition < PARTITIONS; partition += CONNECTIONS) {
                    for (int sent = 0; sent < BATCHES; sent++) {
                        Topics.insist(connection, DATA, partition, batch);
                    }
                }
            }
        });
    }
}
