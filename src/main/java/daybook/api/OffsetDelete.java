package daybook.api;

import daybook.group.Offsets.Deletion;
import daybook.log.TopicPartition;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.List;

/**
 * OffsetDelete (47): forgets offsets of a group, for topics that its members do not subscribe to (KIP-496).
 * An error of the group is answered without topics.
 *
 * <pre>
 *   v0  the only one
 * </pre>
 */
record OffsetDelete(Services services) {
    void serve(Request request, Reader in, Writer out) {
        var groupId = in.string();
        var topics = ByTopic.read(in, ByTopic.NO_IDS, Reader::int32);
        in.tags();
        var image = services.catalog().image();
        var asked = new ArrayList<TopicPartition>();
        // In the order of the request: whether the group is asked.
        var known = new ArrayList<Boolean>();
        ByTopic.each(topics, (ref, index) -> {
            var topic = ref.in(image);
            known.add(topic != null && image.partition(topic, index) != null);
            if (known.getLast()) {
                asked.add(new TopicPartition(topic.name(), index));
            }
        });
        var deletion = services.groups().ask(groupId, Deletion::refused,
                (groups, nowMs) -> groups.offsets().delete(groupId, asked)).await();
        boolean refused = deletion.error() != ErrorCode.NONE;
        var isKnown = known.iterator();
        var decided = deletion.errors().iterator();
        ByTopic.write(out.error(deletion.error()).int32(0), refused ? List.of() : topics, ByTopic.NO_IDS,
                (each, topic, index) -> each.int32(index).error(
                        isKnown.next() ? decided.next() : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)).tags();
    }
}
