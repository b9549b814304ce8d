package daybook.group;

import daybook.catalog.Image;
import daybook.record.XxHash;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a consumer group's last assignment was computed from, in 64 bits (KIP-1101): where it is another one
 * than in {@code ConsumerGroupMetadataValue.MetadataHash}, the topics have changed. It covers the ids of the
 * topics, which stand for their names, and the numbers of their partitions; not racks, which no {@link
 * Assignor} looks at.
 *
 * <p>Apache Kafka computes another number of the same things. So a group that was with the one broker and is
 * now with the other has its epoch bumped once, and its assignment computed again, to the same end.
 */
final class MetadataHash {
    private static final int TOPIC_BYTES = 3 * Long.BYTES;

    private MetadataHash() { }

    /** The hash for these names of topics, those that exist; 0 for none, as with Kafka. */
    static long of(Set<String> names, Image image) {
        var bytes = ByteBuffer.allocate(names.size() * TOPIC_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (var name : new TreeSet<>(names)) {
            var topic = image.topic(name);
            if (topic != null) {
                bytes.putLong(topic.id().high()).putLong(topic.id().low()).putLong(topic.partitions().size());
            }
        }
        return bytes.position() == 0 ? 0 : XxHash.hash64(bytes.flip());
    }
}
