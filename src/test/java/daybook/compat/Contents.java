package daybook.compat;

import static daybook.compat.CheckFailed.expectEqual;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/** All that clients can see of a broker's data, internal topics too, in a form that can be compared. */
record Contents(Map<String, Topic> topics) {
    private static final long LIMIT_SECONDS = 60;
    private static final Duration POLL = Duration.ofMillis(500);

    /** A topic; {@code configs} is what was set for it. */
    record Topic(String id, Map<String, String> configs, List<Partition> partitions) { }

    /**
     * A partition; the digest is of its records, with their offsets, times, epochs and headers. Where a topic
     * is compacted, it is of each key's last record only: cleaning goes on at any time.
     */
    record Partition(long startOffset, long endOffset, String digest) { }

    static Contents of(Clients clients) throws Exception {
        var topics = new TreeMap<String, Topic>();
        // The fetch of a partition that was left keeps that of the next one waiting.
        try (var admin = clients.admin(); var consumer = clients.consumer(Map.of("fetch.max.wait.ms", 5))) {
            var names = admin.listTopics(new ListTopicsOptions().listInternal(true)).names()
                    .get(LIMIT_SECONDS, TimeUnit.SECONDS);
            var described = admin.describeTopics(names).allTopicNames().get(LIMIT_SECONDS, TimeUnit.SECONDS);
            for (var topic : described.values()) {
                var configs = configs(admin, topic.name());
                boolean compacted = configs.getOrDefault("cleanup.policy", "").contains("compact");
                var partitions = new ArrayList<Partition>();
                for (int number = 0; number < topic.partitions().size(); number++) {
                    var partition = new TopicPartition(topic.name(), number);
                    partitions.add(partition(consumer, partition, compacted));
                }
                topics.put(topic.name(), new Topic(topic.topicId().toString(), configs, partitions));
            }
        }
        return new Contents(topics);
    }

    private static Map<String, String> configs(Admin admin, String topic) throws Exception {
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        var set = new TreeMap<String, String>();
        var described = admin.describeConfigs(List.of(resource)).all().get(LIMIT_SECONDS, TimeUnit.SECONDS);
        for (var entry : described.get(resource).entries()) {
            if (entry.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG) {
                set.put(entry.name(), entry.value());
            }
        }
        return set;
    }

    private static Partition partition(KafkaConsumer<byte[], byte[]> consumer, TopicPartition partition,
            boolean compacted) throws Exception {
        var one = List.of(partition);
        consumer.assign(one);
        consumer.seekToBeginning(one);
        long start = consumer.position(partition);
        long end = consumer.endOffsets(one).get(partition);
        var digest = MessageDigest.getInstance("SHA-256");
        var last = new LinkedHashMap<String, byte[]>();
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (consumer.position(partition) < end) {
            CheckFailed.expect(System.nanoTime() < limit, partition + " cannot be read beyond "
                    + consumer.position(partition) + " though it ends at " + end);
            for (var record : consumer.poll(POLL)) {
                var bytes = bytes(record);
                if (compacted) {
                    last.put(HexFormat.of().formatHex(record.key()), bytes);
                } else {
                    digest.update(bytes);
                }
            }
        }
        new TreeMap<>(last).values().forEach(digest::update);
        return new Partition(start, end, HexFormat.of().formatHex(digest.digest()));
    }

    private static byte[] bytes(ConsumerRecord<byte[], byte[]> record) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.writeLong(record.offset());
            out.writeLong(record.timestamp());
            out.writeUTF(record.timestampType() + " " + record.leaderEpoch());
            var parts = new ArrayList<byte[]>();
            parts.add(record.key());
            parts.add(record.value());
            for (var header : record.headers()) {
                parts.add(header.key().getBytes());
                parts.add(header.value());
            }
            for (var part : parts) {
                out.writeInt(part == null ? -1 : part.length);
                out.write(part == null ? new byte[0] : part);
            }
        }
        return bytes.toByteArray();
    }

    /** Fails, naming what differs, unless {@code now} is the same. */
    void expectSame(Contents now, String who) {
        expectEqual(topics.keySet(), now.topics.keySet(), "topics that " + who + " finds");
        var differing = new HashMap<>(topics);
        now.topics.forEach(differing::remove);
        differing.forEach((name, topic) -> expectEqual(topic, now.topics.get(name), name + " to " + who));
    }
}
