package daybook.client;

import daybook.Broker;
import daybook.Config;
import daybook.client.Topics.NewTopic;
import daybook.record.BatchBuilder;
import daybook.record.BatchHeader;
import daybook.record.Codec;
import daybook.record.Record;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A real broker whose topics a test fills batch by batch; and what consumers' tests have in common. */
final class TestTopics implements AutoCloseable {
    static final long TIME_MS = 1_700_000_000_000L;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Map<String, String> settings = new HashMap<>();
    private final Cluster cluster;
    private Broker broker;
    final String address;
    final Admin admin;

    TestTopics(Path directory, String... more) throws IOException {
        settings.putAll(Map.of("listeners", "PLAINTEXT://127.0.0.1:0", "log.dirs", directory.toString(),
                "daybook.durability", "page-cache", "group.consumer.min.heartbeat.interval.ms", "50",
                "group.consumer.heartbeat.interval.ms", "50"));
        for (int i = 0; i < more.length; i += 2) {
            settings.put(more[i], more[i + 1]);
        }
        start();
        address = broker.addresses().getFirst();
        settings.put("listeners", "PLAINTEXT://" + address);
        admin = Admin.builder(address).open();
        cluster = new Cluster(new Settings(address, "filler", 10_000, 10_000));
    }

    /** Starts the broker, at the same address where it was stopped. */
    void start() throws IOException {
        broker = Broker.start(Config.of(settings));
    }

    void stop() {
        broker.close();
    }

    TestTopics topic(String name, int partitions) {
        admin.topics().create(List.of(new NewTopic(name, partitions, 1, Map.of()))).all();
        return this;
    }

    // Batches.

    /** Records with these values from {@code baseOffset} on, a millisecond apart, with a key and a header. */
    static ByteBuffer batch(Codec codec, long baseOffset, String... values) {
        var batch = new BatchBuilder(new BatchHeader(baseOffset, values.length - 1, 0, 0, TIME_MS, TIME_MS,
                -1, (short) -1, -1).codec(codec));
        for (int i = 0; i < values.length; i++) {
            if (values[i] != null) {
                var headers = Record.headerBytes(List.of(new Record.Header("h", bytes("v" + i))));
                batch.add(new Record(baseOffset + i, TIME_MS + i, bytes("k" + i), bytes(values[i]), headers));
            }
        }
        return batch.build(codec.defaultLevel());
    }

    static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    static String text(ByteBuffer bytes) {
        return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
    }

    TestTopics fill(TopicPartition partition, String... values) {
        return fill(partition, batch(Codec.NONE, 0, values));
    }

    TestTopics fill(TopicPartition partition, ByteBuffer batch) {
        cluster.retried(() -> {
            cluster.forget(partition.topic());
            return cluster.to(cluster.leader(partition), Cluster.Lane.DATA).ask(Call.PRODUCE, 9, out ->
                    out.string(null).int16(1).int32(10_000).structs(List.of(partition), (topic, each) ->
                            topic.string(each.topic()).structs(List.of(each.partition()), (one, number) ->
                                    one.int32(number).bytes(batch))).tags(), TestTopics::produced);
        });
        return this;
    }

    private static Reader produced(Reader in) {
        in.array(topic -> {
            topic.string();
            return topic.array(partition -> {
                partition.int32();
                ClientException.check(ErrorCode.of(partition.int16()), "filling");
                return partition.view(partition.remaining());
            });
        });
        return in;
    }

    // Reading.

    /** Polls until there are so many records, and takes their values. */
    static List<String> read(Consumer consumer, int count) {
        var values = new ArrayList<String>();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (values.size() < count && System.nanoTime() < deadline) {
            take(consumer, values);
        }
        return values;
    }

    static void take(Consumer consumer, List<String> values) {
        for (var fetched : consumer.poll(Duration.ofMillis(100))) {
            for (var record : fetched) {
                values.add(text(record.value()));
            }
        }
    }

    @Override
    public void close() {
        admin.close();
        cluster.close();
        broker.close();
    }
}
