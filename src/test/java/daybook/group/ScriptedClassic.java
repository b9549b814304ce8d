package daybook.group;

import daybook.group.ClassicProtocol.Join;
import daybook.group.ClassicProtocol.Joined;
import daybook.group.ClassicProtocol.Leaving;
import daybook.group.ClassicProtocol.Left;
import daybook.group.ClassicProtocol.Sync;
import daybook.group.ClassicProtocol.Synced;
import daybook.group.ClassicProtocol.Terms;
import daybook.group.GroupRecord.ConsumerGroupMemberMetadata.Protocol;
import daybook.group.TestGroups.Outcome;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A consumer with the classic protocol: it remembers its id, its generation and what it has. */
final class ScriptedClassic {
    final String name;
    final String groupId;
    String instanceId;
    String memberId = "";
    int generation = -1;
    int sessionMs = 10_000;
    int rebalanceMs = 60_000;
    /** Whether it first asks for an id (KIP-394). */
    boolean idFirst = true;
    String type = "consumer";
    List<String> protocols = List.of("range");
    List<String> topics = List.of();
    /** The numbers of the partitions that it has, by topic. */
    TreeMap<String, List<Integer>> owned = new TreeMap<>();
    private final TestGroups groups;

    ScriptedClassic(TestGroups groups, String groupId, String name) {
        this.groups = groups;
        this.groupId = groupId;
        this.name = name;
    }

    Outcome<Joined> join() {
        var offered = new ArrayList<Protocol>();
        protocols.forEach(each -> offered.add(new Protocol(each, subscription())));
        var asked = new Join(groupId, memberId, instanceId, type,
                new Terms(name, "/127.0.0.1", rebalanceMs, sessionMs, offered), "a test", idFirst, idFirst);
        return groups.run((all, nowMs) -> all.classic().join(asked, nowMs));
    }

    /** Takes what the answer to a join says of this member. */
    void take(Joined joined) {
        if (joined.error() == ErrorCode.NONE || joined.error() == ErrorCode.MEMBER_ID_REQUIRED) {
            memberId = joined.memberId();
            generation = joined.generation();
        } else if (joined.error() == ErrorCode.UNKNOWN_MEMBER_ID) {
            memberId = "";
        }
    }

    /** @param assignments by member id; empty for one that does not lead */
    Outcome<Synced> sync(Map<String, TreeMap<String, List<Integer>>> assignments) {
        var bytes = new HashMap<String, ByteBuffer>();
        assignments.forEach((id, partitions) -> bytes.put(id, assignment(partitions)));
        var asked = new Sync(groupId, asker(), type, null, bytes);
        return groups.run((all, nowMs) -> all.classic().sync(asked, nowMs));
    }

    void take(Synced synced) {
        if (synced.error() == ErrorCode.NONE) {
            owned = partitions(synced.assignment());
        }
    }

    ErrorCode heartbeat() {
        var outcome = groups.run((all, nowMs) -> all.classic().heartbeat(groupId, asker(), nowMs));
        return outcome.error() == ErrorCode.NONE ? outcome.answer() : outcome.error();
    }

    Outcome<Left> leave() {
        var leaving = List.of(new Leaving(instanceId == null ? memberId : "", instanceId, "a test"));
        return groups.run((all, nowMs) -> all.classic().leave(groupId, leaving, nowMs));
    }

    Asker asker() {
        return new Asker(memberId, instanceId, generation);
    }

    /** ConsumerProtocolSubscription.json, version 2. */
    private ByteBuffer subscription() {
        var out = new Writer(0, false).int16(2).strings(topics).bytes(null);
        write(out, owned);
        return out.int32(generation).toBuffer();
    }

    /** ConsumerProtocolAssignment.json, version 2. */
    private static ByteBuffer assignment(TreeMap<String, List<Integer>> partitions) {
        var out = new Writer(0, false).int16(2);
        write(out, partitions);
        return out.bytes(null).toBuffer();
    }

    private static void write(Writer out, TreeMap<String, List<Integer>> partitions) {
        out.array(partitions.entrySet(), (each, topic) ->
                each.string(topic.getKey()).int32s(topic.getValue()));
    }

    /** What the bytes of an assignment say; nothing where there are none. */
    static TreeMap<String, List<Integer>> partitions(ByteBuffer assignment) {
        var partitions = new TreeMap<String, List<Integer>>();
        if (assignment.hasRemaining()) {
            var in = new Reader(assignment.duplicate(), 0, false);
            in.int16();
            in.array(each -> partitions.put(each.string(), each.array(Reader::int32)));
        }
        return partitions;
    }
}
