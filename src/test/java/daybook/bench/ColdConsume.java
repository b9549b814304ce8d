package daybook.bench;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * One thread reads a topic once, in fetches of 1 MB, of which nothing is in the page cache. It has to be root
 * who runs it, for only root may empty that.
 */
final class ColdConsume implements Load {
    private static final int FETCH_BYTES = 1 << 20;
    private static final Path DROP_CACHES = Path.of("/proc/sys/vm/drop_caches");

    @Override
    public void run(Subject broker, Figures figures) throws Exception {
        if (!Files.isWritable(DROP_CACHES)) {
            System.err.println("Nothing is read cold: only root may empty the page cache.");
            return;
        }
        Consume.fill(broker, "warm-up", 1);
        Consume.fill(broker, "cold", 1);
        read(broker, "warm-up");
        Load.sync();
        Files.writeString(DROP_CACHES, "1");
        Load.rates(broker, figures, "1 MB fetches from the disk", () -> read(broker, "cold"));
    }

    private static Done read(Subject broker, String topic) throws Exception {
        long bytes = 0;
        long requests = 0;
        try (var consumer = new LeanConsumer(broker.address())) {
            var fetch = new LeanConsumer.Fetch(topic, 0, 1, FETCH_BYTES, 0);
            long came;
            do {
                consumer.send(fetch);
                came = consumer.receive(fetch, LeanConsumer.UNWATCHED);
                bytes += came;
                requests++;
            } while (came > 0);
        }
        return new Done(bytes, requests);
    }
}
