package daybook.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.Broker;
import daybook.Config;

import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PerfTest {
    @TempDir
    private Path directory;
    private Broker broker;

    @BeforeEach
    void start() throws Exception {
        broker = Broker.start(Config.of(Map.of("listeners", "PLAINTEXT://127.0.0.1:0", "log.dirs",
                directory.toString(), "num.partitions", "2", "offsets.topic.num.partitions", "1",
                "message.max.bytes", "100000")));
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    @Test
    void allThatIsProducedIsConsumed() {
        var produced = perf("produce orders --records 2_000 --size 50 --warm-up 500 --json");
        assertEquals(0, produced.exit(), produced.errors());
        assertEquals(2_000, member(produced, "records"));
        assertEquals(100_000, member(produced, "bytes"));
        assertTrue(member(produced, "max") >= member(produced, "50"), produced.out());

        var consumed = perf("consume orders --json");
        assertEquals(0, consumed.exit(), consumed.errors());
        assertEquals(2_500, member(consumed, "records"));
        assertEquals(125_000, member(consumed, "bytes"));
    }

    @Test
    void aGroupEndsAfterItsRecords() {
        perf("produce orders --records 1_000 --size 1000");
        var consumed = perf("consume orders --group g --records 1_000");
        assertEquals(0, consumed.exit(), consumed.errors());
        assertTrue(consumed.out().startsWith("1,000 records, 0.95 MiB in "), consumed.out());
        var fewer = perf("consume orders --group h --records 1_001 --timeout 300");
        assertEquals("daybook: Nothing has come for 300 ms\n", fewer.errors());
        assertEquals(1, fewer.exit());
    }

    @Test
    void recordsAreOnTheirWayAtTheRate() {
        long beganNanos = System.nanoTime();
        var latency = perf("latency through --records 300 --rate 1000 --warm-up 100 --json");
        double seconds = (System.nanoTime() - beganNanos) / 1e9;
        assertEquals(0, latency.exit(), latency.errors());
        assertEquals(300, member(latency, "records"));
        assertTrue(seconds > 0.299, "the last is due after 0.299 s, and all took " + seconds);
        // What another wrote is not taken for its own.
        assertEquals(0, perf("produce through --records 10").exit());
        assertEquals(300, member(perf("latency through --records 300 --rate 10_000 --json"), "records"));
    }

    @Test
    void everyWayToSendIsOneThatReads() {
        for (var codec : new String[]{"gzip", "snappy", "lz4", "zstd"}) {
            assertEquals(0, perf("produce " + codec + " --records 500 --compression " + codec).exit());
            assertEquals(500, member(perf("consume " + codec + " --json"), "records"));
        }
        assertEquals(0, perf("produce leader --records 500 --acks 1 --linger 0 --batch-size 200").exit());
        assertEquals(500, member(perf("consume leader --json"), "records"));
    }

    @Test
    void aMistakeIsOneLine() {
        var missing = perf("consume nothing");
        assertEquals(1, missing.exit());
        assertEquals(1, missing.errors().lines().count(), missing.errors());
        var large = perf("produce orders --records 3 --size 2_000_000");
        assertEquals(1, large.exit());
        assertEquals(1, large.errors().lines().count(), large.errors());
        assertTrue(large.errors().contains("MESSAGE_TOO_LARGE"), large.errors());
        assertEquals(2, perf("latency orders --size 15").exit());
        assertEquals(2, perf("consume orders --group g").exit());
    }

    @Test
    void whatIsRefusedIsToldBehindWhatIsMeasured() {
        var refused = perf("produce orders --records 3 --size 200_000");
        assertTrue(refused.out().startsWith("0 records, "), refused.out());
        assertTrue(refused.errors().startsWith("daybook: 3 records were refused: MESSAGE_TOO_LARGE"),
                refused.errors());
        assertEquals(1, refused.exit());
        var latency = perf("latency orders --records 3 --warm-up 0 --size 200_000");
        assertEquals(1, latency.exit());
        assertTrue(latency.errors().contains("MESSAGE_TOO_LARGE"), latency.errors());
    }

    private Ran perf(String words) {
        return Ran.of("perf " + words, "--bootstrap", broker.addresses().getFirst());
    }

    private static double member(Ran ran, String name) {
        var found = Pattern.compile("\"" + name + "\":([0-9.E-]+)").matcher(ran.out());
        assertTrue(found.find(), () -> "no " + name + " in " + ran.out() + ran.errors());
        return Double.parseDouble(found.group(1));
    }
}
