package daybook.group;

import daybook.group.ClassicProtocol.Join;
import daybook.group.ClassicProtocol.Joined;
import daybook.group.ClassicProtocol.Leaving;
import daybook.group.ClassicProtocol.Sync;
import daybook.group.ClassicProtocol.Synced;
import daybook.group.ClassicProtocol.Terms;
import daybook.group.GroupRecord.ConsumerGroupMemberMetadata.Protocol;
import daybook.group.TestGroups.Outcome;
import daybook.wire.ErrorCode;
import daybook.wire.Writer;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A consumer with the classic protocol: what it sends are subscriptions, what it is given are assignments.
 */
final class TestClassicConsumer {
    final TestGroups groups;
    final String groupId;
    final List<String> topics;
    String id = "";
    String instanceId;
    int generation = -1;
    int version = 3;
    String protocol = "range";
    Assignment owned = Assignment.EMPTY;
    Outcome<Joined> joining;

    TestClassicConsumer(TestGroups groups, String groupId, String... topics) {
        this.groups = groups;
        this.groupId = groupId;
        this.topics = List.of(topics);
    }

    Asker asker() {
        return new Asker(id, instanceId, generation);
    }

    ByteBuffer subscription() {
        var out = new Writer(version, false).int16(version).strings(topics).bytes(null);
        out.since(1, more -> more.structs(owned.topics().entrySet(), (each, topic) ->
                each.string(groups.image.topic(topic.getKey()).name()).int32s(topic.getValue())));
        out.since(2, more -> more.int32(generation)).since(3, more -> more.string(null));
        return out.toBuffer();
    }

    /** Asks to join; who is answered at once takes that. */
    TestClassicConsumer join() {
        var asked = new Join(groupId, id, instanceId, "consumer", new Terms("classic", "/127.0.0.1", 60_000,
                10_000, List.of(new Protocol(protocol, subscription()))), null, false, true);
        joining = groups.run((all, nowMs) -> all.classic().join(asked, nowMs));
        return this;
    }

    /** Takes the answer, which must be there. */
    Joined joined() {
        var answer = joining.answer();
        if (answer.error() == ErrorCode.NONE) {
            id = answer.memberId();
            generation = answer.generation();
        }
        return answer;
    }

    /** Syncs; the leader brings what each is given. */
    Outcome<Synced> sync(Map<String, Assignment> assignments) {
        var bytes = new HashMap<String, ByteBuffer>();
        assignments.forEach((member, assignment) ->
                bytes.put(member, EmbeddedProtocol.bytes(assignment, version, groups.image)));
        var asked = new Sync(groupId, asker(), "consumer", protocol, bytes);
        return groups.run((all, nowMs) -> all.classic().sync(asked, nowMs));
    }

    /** Takes what it is given. */
    ErrorCode synced(Outcome<Synced> sync) {
        var answer = sync.answer();
        if (answer.error() == ErrorCode.NONE) {
            var assigned = EmbeddedProtocol.Assigned.read(answer.assignment());
            owned = EmbeddedProtocol.assignment(assigned.partitions(), groups.image);
        }
        return answer.error();
    }

    /** Syncs where that is answered at once, and takes what it is given. */
    ErrorCode sync() {
        return synced(sync(Map.of()));
    }

    /** Syncs as the leader and only member. */
    ErrorCode lead(Assignment assignment) {
        return synced(sync(Map.of(id, assignment)));
    }

    ErrorCode beat() {
        return groups.run((all, nowMs) ->
                all.classic().heartbeat(groupId, asker(), nowMs)).answer();
    }

    ErrorCode leave() {
        return groups.run((all, nowMs) -> all.classic().leave(groupId,
                List.of(new Leaving(id, instanceId, null)), nowMs)).answer().errors().getFirst();
    }
}
