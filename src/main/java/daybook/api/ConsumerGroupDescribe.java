package daybook.api;

import daybook.catalog.Features;
import daybook.catalog.Image;
import daybook.coordinator.Reply;
import daybook.group.Assignment;
import daybook.group.ConsumerProtocol.Described;
import daybook.group.ConsumerProtocol.DescribedMember;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.LinkedHashSet;

/**
 * ConsumerGroupDescribe (69): consumer groups with their members, what those have and what they are to have
 * (KIP-848).
 *
 * <pre>
 *   v0  flexible
 *   v1  whether a member speaks the classic protocol (KIP-1099)
 * </pre>
 * A classic group is answered GROUP_ID_NOT_FOUND: clients then ask DescribeGroups. Partitions of topics that
 * are gone are left out. A group that is named twice is answered once.
 */
record ConsumerGroupDescribe(Services services) {
    private static final int CLASSIC = 0;
    private static final int CONSUMER = 1;

    void serve(Request request, Reader in, Writer out) {
        var ids = new LinkedHashSet<>(in.array(Reader::string));
        boolean operations = in.bool();
        in.tags();
        var image = services.catalog().image();
        var replies = new ArrayList<Reply<Described>>();
        if (Features.consumerProtocol(image)) {
            ids.forEach(id -> replies.add(services.groups().ask(id,
                    error -> Described.refused(id, error, null),
                    (groups, nowMs) -> groups.consumer().describe(id))));
        }
        var groups = Features.consumerProtocol(image) ? replies.stream().map(Reply::await).toList()
                : ids.stream().map(id -> Described.refused(id, ErrorCode.UNSUPPORTED_VERSION, null)).toList();
        out.int32(0).structs(groups, (each, group) -> each.error(group.error()).string(group.message())
                .string(group.id()).string(group.error() == ErrorCode.NONE ? group.state().toString() : "")
                .int32(group.epoch()).int32(group.targetEpoch()).string(group.assignor())
                .structs(group.members(), (one, member) -> write(one, member, image))
                .int32(AuthorizedOperations.group(operations && group.error() == ErrorCode.NONE))).tags();
    }

    private static void write(Writer out, DescribedMember member, Image image) {
        out.string(member.id()).string(member.instanceId()).string(member.rackId()).int32(member.epoch())
                .string(member.clientId()).string(member.clientHost()).strings(member.topicNames())
                .string(member.topicRegex());
        write(out, member.assigned(), image);
        write(out, member.target(), image);
        out.since(1, more -> more.int8(member.classic() ? CLASSIC : CONSUMER));
    }

    private static void write(Writer out, Assignment assignment, Image image) {
        var known = new ArrayList<>(assignment.topics().entrySet());
        known.removeIf(topic -> image.topic(topic.getKey()) == null);
        out.structs(known, (each, topic) -> each.uuid(topic.getKey())
                .string(image.topic(topic.getKey()).name()).int32s(topic.getValue())).tags();
    }
}
