package daybook.bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;

/**
 * Daybook's client beside Apache Kafka's Java client, one after the other with the same broker, each in a
 * process of its own with the same options; which one begins changes from round to round. The table is of
 * clients, where those of the other loads are of brokers.
 */
final class ClientLoad implements Load {
    /**
     * Records of one size, in a topic of their own. So many are read at once, and as many more are there: at
     * the end of a topic a fetch waits for new records, and who reads again from the beginning waits for it.
     */
    record Size(String title, int bytes, long records, long warmUpMs) {
        private static final String TOPIC = "records-of-";

        String topic() {
            return TOPIC + bytes;
        }
    }

    /** The first warms up what the second uses too. */
    static final List<Size> SIZES = List.of(new Size("100 bytes", 100, 1_000_000, 3_000),
            new Size("1 KB", 1_000, 200_000, 1_500));
    static final long MEASURED_MS = 2_000;
    private static final int PARTITIONS = 4;
    private static final long LIMIT_SECONDS = 60;

    private final boolean produce;
    private final Map<Client, Figures> figures = new HashMap<>();
    private int runs;

    /** @param produce otherwise it consumes */
    ClientLoad(boolean produce) {
        this.produce = produce;
        for (var client : Client.values()) {
            figures.put(client, new Figures(client.title));
        }
    }

    @Override
    public void run(Subject broker, Figures ofBrokers) throws Exception {
        var clients = new ArrayList<>(List.of(Client.values()));
        // Each broker is the subject once a round.
        if (runs++ / 2 % 2 == 1) {
            clients = new ArrayList<>(clients.reversed());
        }
        try (var admin = Admin.create(Map.of("bootstrap.servers", broker.address()))) {
            if (!produce) {
                fill(admin, broker);
            }
            for (var client : clients) {
                if (produce) {
                    makeTopics(admin);
                }
                var sent = run(broker, client);
                for (var size : produce ? SIZES : List.<Size>of()) {
                    expect(admin, size.topic(), sent.get(size.topic()));
                    admin.deleteTopics(List.of(size.topic())).all().get(LIMIT_SECONDS, TimeUnit.SECONDS);
                }
            }
        }
    }

    @Override
    public List<Figures> sides(Figures ofDaybook, Figures ofKafka) {
        return List.of(figures.get(Client.DAYBOOK), figures.get(Client.KAFKA));
    }

    /** Runs the client; returns how many records it sent, by topic. */
    private Map<String, Long> run(Subject broker, Client client) throws Exception {
        var lines = Child.output(Child.java(ClientRun.class.getName(), client.name(),
                produce ? "produce" : "consume", broker.address())).lines().toList();
        var sent = new HashMap<String, Long>();
        for (var line : lines) {
            var words = line.split("\t");
            if (words[0].startsWith(Size.TOPIC)) {
                sent.put(words[0], Long.valueOf(words[1]));
            } else {
                figures.get(client).add(broker.name() + ": " + words[0], Double.parseDouble(words[1]));
            }
        }
        return sent;
    }

    private static void makeTopics(Admin admin) throws Exception {
        var settings = Map.of("file.delete.delay.ms", "0");
        admin.createTopics(SIZES.stream().map(size -> new NewTopic(size.topic(), PARTITIONS, (short) 1)
                .configs(settings)).toList()).all().get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    private static void fill(Admin admin, Subject broker) throws Exception {
        makeTopics(admin);
        try (var sender = DaybookClient.sender(broker.address())) {
            for (var size : SIZES) {
                var value = new byte[size.bytes];
                for (long left = 2 * size.records; left > 0; left--) {
                    sender.send(size.topic(), value);
                }
                sender.flush();
                expect(admin, size.topic(), 2 * size.records);
            }
        }
    }

    /** Fails where the topic does not have so many records. */
    private static void expect(Admin admin, String topic, long records) throws Exception {
        var asked = new HashMap<TopicPartition, OffsetSpec>();
        IntStream.range(0, PARTITIONS).forEach(partition ->
                asked.put(new TopicPartition(topic, partition), OffsetSpec.latest()));
        long there = admin.listOffsets(asked).all().get(LIMIT_SECONDS, TimeUnit.SECONDS).values().stream()
                .mapToLong(ListOffsetsResultInfo::offset).sum();
        if (there != records) {
            throw new IllegalStateException(there + " records of " + records + " are in " + topic);
        }
    }
}
