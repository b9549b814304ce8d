package daybook.group;

import daybook.catalog.Image;
import daybook.group.ClassicProtocol.Terms;
import daybook.group.GroupRecord.ConsumerGroupMemberMetadata;
import daybook.wire.MalformedException;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.TreeSet;

/**
 * What consumers with the classic protocol put into the bytes that the broker carries between them. It is
 * read and written only where such a member is in a consumer group (ConsumerProtocolSubscription.json,
 * ConsumerProtocolAssignment.json). A version that is newer than those known has more fields at its end.
 */
final class EmbeddedProtocol {
    private static final int NEWEST = 3;

    /** Partitions of a topic, by its name. */
    record Partitions(String topic, List<Integer> indexes) {
        static Partitions read(Reader in) {
            return new Partitions(in.string(), in.array(Reader::int32));
        }
    }

    /**
     * What a consumer wants.
     *
     * @param owned what it has; null where the version does not tell
     * @param generation that of what it has, or -1
     * @param rackId or null
     */
    record Subscription(List<String> topics, ByteBuffer userData, List<Partitions> owned, int generation,
            String rackId) {
        /** @throws daybook.wire.MalformedException if the bytes are none */
        static Subscription read(ByteBuffer bytes) {
            var in = begin(bytes);
            return new Subscription(in.array(Reader::string), in.nullableBytes(),
                    in.since(1) ? in.array(Partitions::read) : null, in.since(2) ? in.int32() : -1,
                    in.since(3) ? in.nullableString() : null);
        }

        /** What a member that wants this, on these terms, tells of itself in a consumer group. */
        ConsumerGroupMemberMetadata.Value told(String instanceId, Terms terms) {
            return new ConsumerGroupMemberMetadata.Value(instanceId, rackId, terms.clientId(),
                    terms.clientHost(), List.copyOf(new TreeSet<>(topics)), "", terms.rebalanceTimeoutMs(),
                    null, new ConsumerGroupMemberMetadata.Classic(terms.sessionTimeoutMs(),
                            terms.protocols()));
        }
    }

    /** @param userData what a custom assignor adds, or null */
    record Assigned(List<Partitions> partitions, ByteBuffer userData) {
        /**
         * Reads what the leader gave a member; of one that it gave nothing the bytes may be empty.
         *
         * @throws daybook.wire.MalformedException if the bytes are none
         */
        static Assigned read(ByteBuffer bytes) {
            if (!bytes.hasRemaining()) {
                return new Assigned(List.of(), null);
            }
            var in = begin(bytes);
            return new Assigned(in.array(Partitions::read), in.nullableBytes());
        }

        /** Whether there is more to it than the partitions. */
        boolean custom() {
            return userData != null && userData.hasRemaining();
        }
    }

    private EmbeddedProtocol() { }

    /**
     * Whether a consumer that joined with this and was given that has to give something back, and to join
     * again when it has; only then others get it. False where the bytes are none.
     */
    static boolean givesBack(ByteBuffer subscription, ByteBuffer assignment) {
        try {
            var owned = Subscription.read(subscription).owned();
            var given = new HashMap<String, List<Integer>>();
            Assigned.read(assignment).partitions().forEach(each -> given.put(each.topic, each.indexes));
            return owned != null && owned.stream().anyMatch(each ->
                    !given.getOrDefault(each.topic, List.of()).containsAll(each.indexes));
        } catch (MalformedException none) {
            return false;
        }
    }

    private static Reader begin(ByteBuffer bytes) {
        int version = version(bytes);
        var fields = bytes.slice(bytes.position() + Short.BYTES, bytes.remaining() - Short.BYTES);
        return new Reader(fields, version, false);
    }

    /** The version that a member writes, and so can read, as far as it is known here. */
    static int version(ByteBuffer bytes) {
        return Math.clamp(new Reader(bytes.duplicate(), 0, false).int16(), 0, NEWEST);
    }

    /** The partitions by the ids of their topics; topics that are gone are left out. */
    static Assignment assignment(List<Partitions> partitions, Image image) {
        var ids = new HashMap<Uuid, List<Integer>>();
        for (var topic : partitions) {
            var known = image.topic(topic.topic);
            if (known != null) {
                ids.put(known.id(), topic.indexes);
            }
        }
        return Assignment.of(ids);
    }

    /** An assignment as a member of this version reads it; topics that are gone are left out. */
    static ByteBuffer bytes(Assignment assignment, int version, Image image) {
        var topics = new ArrayList<>(assignment.topics().entrySet());
        topics.removeIf(topic -> image.topic(topic.getKey()) == null);
        return new Writer(version, false).int16(version).structs(topics, (out, topic) ->
                out.string(image.topic(topic.getKey()).name()).int32s(topic.getValue()))
                .bytes(null).toBuffer();
    }
}
