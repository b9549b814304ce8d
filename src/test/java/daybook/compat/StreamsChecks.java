package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.CheckFailed.expectSame;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.IsolationLevel;

/**
 * Apache Kafka Streams counts words exactly once, by {@link WordCount}, while it and the broker are killed:
 * the counts of a word must be 1, 2, 3 and so on, each once.
 */
final class StreamsChecks {
    private static final int PARTITIONS = 3;
    private static final List<String> WORDS = List.of("log", "batch", "record", "offset", "producer", "epoch",
            "marker", "partition", "leader", "topic", "broker", "transaction");
    private static final int LINES = 60;
    private static final int WORDS_A_LINE = 4;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private final Report report;
    private final Broker broker;
    private final Tools tools;
    private final Clients clients;

    StreamsChecks(Report report, Broker broker, Tools tools) {
        this.report = report;
        this.broker = broker;
        this.tools = tools;
        this.clients = new Clients(broker::address);
    }

    void run() {
        report.check("streams: words are counted exactly once; it and the broker are killed", () -> {
            try (var input = TransactedTopic.create(clients, "streams-input", PARTITIONS);
                    var output = TransactedTopic.create(clients, "streams-output", PARTITIONS);
                    var producer = clients.producer(Feed.SETTINGS)) {
                new Count(input, output, producer).run();
            }
        });
    }

    /** One count; used by the check's thread. */
    private final class Count {
        private final TransactedTopic input;
        private final TransactedTopic output;
        private final KafkaProducer<byte[], byte[]> producer;
        private final TransactedTopic changelog;
        private final Map<String, Long> expected = new TreeMap<>();
        private final Random random = new Random();
        private Path directory = Files.createTempDirectory(tools.directory(), "streams");
        private Program.Running streams;

        Count(TransactedTopic input, TransactedTopic output, KafkaProducer<byte[], byte[]> producer)
                throws IOException {
            this.input = input;
            this.output = output;
            this.producer = producer;
            this.changelog = new TransactedTopic(clients, input.admin(), application() + "-" + WordCount.STORE
                    + "-changelog", PARTITIONS);
        }

        private static String application() {
            return "streams-words";
        }

        void run() throws Exception {
            try {
                begin();
                feed();
                // With what it keeps on its disk, then without, and then the broker under it.
                killed();
                begin();
                feed();
                killed();
                directory = Files.createTempDirectory(tools.directory(), "streams");
                begin();
                feed();
                feedUnderWay();
                broker.kill();
                broker.start();
                feed();
                expectCounts();
            } finally {
                streams.process().destroyForcibly().waitFor();
            }
        }

        private void begin() throws Exception {
            streams = Program.start(tools.directory(), tools.own(WordCount.class, broker.address(),
                    application(), input.name(), output.name(), directory.toString()), Path.of("/dev/null"));
        }

        /** Kills it in the midst of work. */
        private void killed() throws Exception {
            feedUnderWay();
            streams.process().destroyForcibly().waitFor();
        }

        /** Feeds lines, and waits until the counts of all words fed so far are there. */
        private void feed() throws Exception {
            lines();
            Until.holds("all words are counted", this::said, () -> {
                expect(streams.process().isAlive(), "streams ended: " + said());
                return last(output).equals(expected);
            });
        }

        /** Feeds lines, and returns when some but not all of their words are counted. */
        private void feedUnderWay() throws Exception {
            var before = output.ends(IsolationLevel.READ_COMMITTED);
            lines();
            Until.holds("words are counted", this::said, () ->
                    !output.ends(IsolationLevel.READ_COMMITTED).equals(before));
        }

        private void lines() {
            for (int line = 0; line < LINES; line++) {
                var words = new ArrayList<String>();
                for (int number = 0; number < WORDS_A_LINE; number++) {
                    var word = WORDS.get(random.nextInt(WORDS.size()));
                    words.add(word);
                    expected.merge(word, 1L, Long::sum);
                }
                input.send(producer, line % PARTITIONS, String.join(" ", words));
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            producer.flush();
        }

        private String said() {
            try {
                return Program.shortened(Files.readString(streams.err()).replaceAll("(?m)^SLF4J.*\n", ""))
                        + "; counted " + last(output) + ", fed " + expected;
            } catch (IOException gone) {
                return gone.toString();
            }
        }

        /** The last committed count of each word. */
        private static Map<String, Long> last(TransactedTopic topic) {
            var last = new TreeMap<String, Long>();
            topic.committedByKey().forEach(partition -> partition.forEach((word, counts) ->
                    last.put(word, Long.valueOf(counts.getLast()))));
            return last;
        }

        private void expectCounts() throws Exception {
            output.settles();
            changelog.settles();
            var counts = new HashMap<String, List<String>>();
            output.committedByKey().forEach(counts::putAll);
            expectEqual(expected.keySet(), counts.keySet(), "words");
            expected.forEach((word, count) -> expectSame(LongStream.rangeClosed(1, count)
                    .mapToObj(String::valueOf).toList(), counts.get(word), "counts of " + word));
            var kept = new TreeMap<String, Long>();
            for (var partition : changelog.records(IsolationLevel.READ_COMMITTED)) {
                // The store's value is a timestamp and the count.
                partition.forEach(record -> kept.put(new String(record.key()),
                        ByteBuffer.wrap(record.value()).getLong()));
            }
            expectEqual(expected, kept, "counts in the changelog");
        }
    }
}
