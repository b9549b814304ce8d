package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;

import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;

/**
 * A compacted topic that is written to in transactions: what was aborted takes no place of what was
 * committed, neither before compaction nor after it, nor once the broker was killed.
 */
final class TransactionCompactionChecks {
    private static final int KEYS = 60;
    private static final int TRANSACTIONS = 120;
    private static final int RECORDS = 20;
    private static final int VALUE_BYTES = 2_000;

    private final Report report;
    private final Broker broker;
    private final Clients clients;

    TransactionCompactionChecks(Report report, Broker broker) {
        this.report = report;
        this.broker = broker;
        this.clients = new Clients(broker::address);
    }

    void run() {
        report.check("transaction: a topic with aborted ones is compacted", () -> {
            var configs = Map.of("cleanup.policy", "compact", "segment.bytes", "1048576",
                    "min.cleanable.dirty.ratio", "0.01");
            try (var topic = TransactedTopic.create(clients, "transaction-compacted", 1, configs)) {
                CompactionChecks.setBackoff(topic.admin(), "100");
                new Compacted(topic).run();
            }
        });
    }

    /** What was written. */
    private final class Compacted {
        private final TransactedTopic topic;
        private final Map<String, String> newest = new TreeMap<>();
        private final Set<String> aborted = new HashSet<>();
        private final Random random = new Random(17);
        private int written;

        Compacted(TransactedTopic topic) {
            this.topic = topic;
        }

        void run() throws Exception {
            try (var producer = topic.transactional("compacted");
                    var other = topic.transactional("compacted-other")) {
                transactions(producer);
                other.beginTransaction();
                other.send(record("open", "open")).get();
                var before = Map.copyOf(newest);
                transactions(producer);
                // Whatever is compacted behind it, what is open and what came after it stays.
                expectNewest(before);
                other.commitTransaction();
                newest.put("open", "open");
                topic.settles();
                // What must be there: the newest value of each key, and the last segment, of 1 MiB.
                long most = 2 << 20;
                Until.holds("it is compacted", () -> "", () ->
                        CompactionChecks.bytes(topic.admin(), topic.partition(0)) < most);
            }
            expectNewest(newest);
            broker.kill();
            broker.start();
            topic.settles();
            expectNewest(newest);
        }

        private void transactions(KafkaProducer<byte[], byte[]> producer) {
            for (int number = 0; number < TRANSACTIONS; number++) {
                boolean commit = random.nextBoolean();
                producer.beginTransaction();
                for (int count = 0; count < RECORDS; count++) {
                    var key = "key " + random.nextInt(KEYS);
                    var value = "value " + written++;
                    producer.send(record(key, value));
                    if (commit) {
                        newest.put(key, value);
                    } else {
                        aborted.add(value);
                    }
                }
                TransactedTopic.end(producer, commit);
            }
        }

        private ProducerRecord<byte[], byte[]> record(String key, String value) {
            var filled = new byte[VALUE_BYTES];
            random.nextBytes(filled);
            var text = (value + "|").getBytes();
            System.arraycopy(text, 0, filled, 0, text.length);
            return new ProducerRecord<>(topic.name(), 0, key.getBytes(), filled);
        }

        private void expectNewest(Map<String, String> expected) {
            var read = new TreeMap<String, String>();
            long next = 0;
            for (var record : topic.records(IsolationLevel.READ_COMMITTED).getFirst()) {
                expect(record.offset() >= next, "offset " + record.offset() + " comes before " + next);
                next = record.offset() + 1;
                var value = new String(record.value()).split("\\|", 2)[0];
                expect(!aborted.contains(value), value + " was aborted and is given at " + record.offset());
                read.put(new String(record.key()), value);
            }
            expectEqual(expected, read, "newest values");
        }
    }
}
