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
        var asked = new ArrayList<TopicPartition>();
        var errors = ByTopic.known(services.catalog().image(), topics, index -> index,
                (topic, index) -> asked.add(new TopicPartition(topic.name(), index)));
        var deletion = services.groups().ask(groupId, Deletion::refused,
                (groups, nowMs) -> groups.offsets().delete(groupId, asked)).await();
        boolean refused = deletion.error() != ErrorCode.NONE;
        ByTopic.writeErrors(out.error(deletion.error()).int32(0), refused ? List.of() : topics,
                ByTopic.NO_IDS, index -> index, errors, deletion.errors().iterator()).tags();
    }
}
