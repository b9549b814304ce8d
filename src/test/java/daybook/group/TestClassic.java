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
import java.util.List;
import java.util.Map;

/** A consumer with the classic protocol and the cooperative strategy: it goes on with what it has. */
final class TestClassic {
    static final int SESSION_MS = 10_000;
    static final int REBALANCE_MS = 60_000;

    final String groupId;
    String id = "";
    String instanceId;
    int generation = -1;
    List<String> topics;
    Assignment owned = Assignment.EMPTY;
    String protocol = "range";
    private final TestGroups groups;

    TestClassic(TestGroups groups, String groupId, String... topics) {
        this.groups = groups;
        this.groupId = groupId;
        this.topics = List.of(topics);
    }

    /** What it wants and has, as version 1 of a subscription. */
    ByteBuffer subscription() {
        var image = groups.image;
        return new Writer(1, false).int16(1).strings(topics).bytes(null)
                .array(List.copyOf(owned.topics().entrySet()), (out, each) -> {
                    out.string(image.topic(each.getKey()).name()).length(each.getValue().length);
                    for (int partition : each.getValue()) {
                        out.int32(partition);
                    }
                }).toBuffer();
    }

    /** Asks to join, in both rounds where it has no id yet. */
    Outcome<Joined> join() {
        var joining = ask();
        if (joining.future().isDone() && joining.answer().error() == ErrorCode.MEMBER_ID_REQUIRED) {
            id = joining.answer().memberId();
            joining = ask();
        }
        return joining;
    }

    private Outcome<Joined> ask() {
        var terms = new Terms("client", "/127.0.0.1", REBALANCE_MS, SESSION_MS,
                List.of(new Protocol(protocol, subscription())));
        var join = new Join(groupId, id, instanceId, "consumer", terms, null, true, true);
        return groups.run((all, nowMs) -> all.classic().join(join, nowMs));
    }

    /** Joins where that is answered at once. */
    Joined joinAtOnce() {
        return take(join().answer());
    }

    Joined take(Joined joined) {
        if (joined.error() == ErrorCode.NONE) {
            id = joined.memberId();
            generation = joined.generation();
        }
        return joined;
    }

    Asker asker() {
        return new Asker(id, instanceId, generation);
    }

    /** Syncs, giving these assignments where it leads. */
    Outcome<Synced> sync(Map<String, ByteBuffer> assignments) {
        var sync = new Sync(groupId, asker(), "consumer", protocol, assignments);
        return groups.run((all, nowMs) -> all.classic().sync(sync, nowMs));
    }

    /** Syncs where that is answered at once, and takes what it is given. */
    ErrorCode sync() {
        return take(sync(Map.of()).answer());
    }

    /** Syncs as the leader and the only member. */
    ErrorCode lead(Assignment assignment) {
        return take(sync(Map.of(id, bytes(assignment))).answer());
    }

    ErrorCode take(Synced synced) {
        if (synced.error() == ErrorCode.NONE) {
            owned = read(synced.assignment());
        }
        return synced.error();
    }

    Assignment read(ByteBuffer assignment) {
        return EmbeddedProtocol.assignment(EmbeddedProtocol.Assigned.read(assignment).partitions(),
                groups.image);
    }

    ByteBuffer bytes(Assignment assignment) {
        return EmbeddedProtocol.bytes(assignment, 1, groups.image);
    }

    ErrorCode beat() {
        return groups.run((all, nowMs) -> all.classic().heartbeat(groupId, asker(), nowMs)).answer();
    }

    ErrorCode leave() {
        var leaving = List.of(new Leaving(id, instanceId, "done"));
        return groups.run((all, nowMs) -> all.classic().leave(groupId, leaving, nowMs)).answer().errors()
                .getFirst();
    }
}
