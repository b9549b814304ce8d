package daybook.group;

import daybook.group.ClassicProtocol.Joined;
import daybook.group.ClassicProtocol.Left;
import daybook.group.ClassicProtocol.Synced;
import daybook.group.GroupRecord.TopicPartitions;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** Words for answers and records, the same in each run: names stand for ids, numbers for hashes. */
final class Trace {
    private final TestGroups test;
    private final Map<String, String> members = new HashMap<>();
    private final Map<Uuid, String> topics = new HashMap<>();
    private final Map<Long, Integer> hashes = new HashMap<>();

    Trace(TestGroups test) {
        this.test = test;
    }

    void name(String memberId, String name) {
        members.put(memberId, name);
    }

    void name(Uuid topic, String name) {
        topics.put(topic, name);
    }

    private String member(String id) {
        return id == null ? "nobody" : members.getOrDefault(id, id);
    }

    private static String partitions(TreeMap<String, List<Integer>> partitions) {
        var text = new ArrayList<String>();
        partitions.forEach((topic, numbers) -> text.add(topic + numbers));
        return text.isEmpty() ? "nothing" : String.join(" ", text);
    }

    private String partitions(Assignment assignment) {
        var byName = new TreeMap<String, List<Integer>>();
        assignment.topics().forEach((topic, numbers) -> byName.put(topics.get(topic), numbers));
        return partitions(byName);
    }

    private String partitions(List<TopicPartitions> list) {
        var byName = new TreeMap<String, List<Integer>>();
        list.forEach(topic -> byName.put(topics.get(topic.topicId()), topic.partitions()));
        return partitions(byName);
    }

    private static String partitions(ByteBuffer assignment) {
        return partitions(ScriptedClassic.partitions(assignment));
    }

    // ---- answers ----

    String joined(Joined joined) {
        if (joined.error() != ErrorCode.NONE) {
            return joined.error().toString();
        }
        var ids = new TreeSet<String>();
        joined.members().forEach(each -> ids.add(member(each.memberId())));
        return "joined generation " + joined.generation() + ", " + joined.protocol() + ", leader "
                + member(joined.leader()) + (ids.isEmpty() ? "" : ", members " + ids)
                + (joined.skipAssignment() ? ", assigns nothing" : "");
    }

    String synced(Synced synced) {
        return synced.error() != ErrorCode.NONE ? synced.error().toString()
                : "synced " + synced.protocol() + ", " + partitions(synced.assignment());
    }

    String left(Left left) {
        return left.error() != ErrorCode.NONE ? left.error().toString()
                : "left " + String.join(" ", left.errors().stream().map(Object::toString).toList());
    }

    String answer(ConsumerProtocol.Answer answer, Assignment had) {
        if (answer.error() != ErrorCode.NONE) {
            return answer.error() + (answer.message() == null ? "" : ": " + answer.message());
        }
        if (answer.assignment() == null) {
            return "epoch " + answer.epoch();
        }
        var gone = had.minus(answer.assignment());
        return "epoch " + answer.epoch() + ", " + partitions(answer.assignment())
                + (gone.isEmpty() ? "" : ", gives " + partitions(gone));
    }

    List<String> describe(String groupId) {
        var lines = new ArrayList<String>();
        if (test.groups.find(groupId) instanceof ConsumerGroup group) {
            lines.add(group.state() + ", epoch " + group.epoch() + ", target " + group.targetEpoch());
            var told = test.run((groups, nowMs) -> groups.consumer().describe(groupId)).answer();
            var sorted = new TreeSet<String>();
            told.members().forEach(each -> sorted.add(member(each.id()) + ": epoch " + each.epoch() + ", "
                    + partitions(each.assigned()) + ", target " + partitions(each.target())
                    + (each.classic() ? ", classic" : "")));
            lines.addAll(sorted);
            return lines;
        }
        var told = test.run((groups, nowMs) -> groups.classic().describe(groupId)).answer();
        lines.add(told.error() != ErrorCode.NONE ? told.error() + ": " + told.message()
                : told.state() + " " + told.protocolType() + " " + told.protocol());
        var members = new TreeSet<String>();
        told.members().forEach(each -> members.add(member(each.memberId()) + ": "
                + partitions(each.assignment())));
        lines.addAll(members);
        return lines;
    }

    // ---- records ----

    /** Alike for records that differ in their member only. */
    String kind(GroupRecord record) {
        return record.getClass().getSimpleName() + (record.value() == null);
    }

    String of(GroupRecord record) {
        var sign = record.value() == null ? "- " : "+ ";
        return sign + record.groupId() + " " + switch (record) {
            case GroupRecord.OtherGroup other -> "of type " + other.type();
            case GroupRecord.OffsetCommit commit -> "offset " + commit.topic() + "-" + commit.partition()
                    + (commit.value() == null ? "" : " " + commit.value().offset());
            case GroupRecord.GroupMetadata group -> "group" + text(group.value());
            case GroupRecord.ConsumerGroupMetadata group -> "group" + text(group.value());
            case GroupRecord.ConsumerGroupPartitionMetadata group -> "partitions";
            case GroupRecord.ConsumerGroupMemberMetadata member -> "member " + member(member.memberId())
                    + text(member.value());
            case GroupRecord.TargetAssignmentMetadata target -> "target"
                    + (target.value() == null ? "" : " epoch " + target.value().assignmentEpoch());
            case GroupRecord.TargetAssignmentMember target -> "target " + member(target.memberId())
                    + (target.value() == null ? "" : " " + partitions(target.value().topics()));
            case GroupRecord.CurrentMemberAssignment current -> "current " + member(current.memberId())
                    + text(current.value());
            case GroupRecord.RegularExpression regex -> "regex " + regex.expression()
                    + (regex.value() == null ? "" : " " + regex.value().topics());
        };
    }

    private String text(GroupRecord.GroupMetadata.Value value) {
        if (value == null) {
            return "";
        }
        var text = new TreeSet<String>();
        value.members().forEach(each -> text.add(member(each.memberId())
                + (each.instanceId() == null ? "" : "=" + each.instanceId()) + " "
                + partitions(each.assignment())));
        return " generation " + value.generation() + ", " + value.protocol() + ", leader "
                + member(value.leader()) + ", " + text;
    }

    private String text(GroupRecord.ConsumerGroupMetadata.Value value) {
        if (value == null) {
            return "";
        }
        int number = hashes.computeIfAbsent(value.metadataHash(), hash -> hashes.size() + 1);
        return " epoch " + value.epoch() + ", hash " + (value.metadataHash() == 0 ? "0" : "#" + number);
    }

    private static String text(GroupRecord.ConsumerGroupMemberMetadata.Value value) {
        if (value == null) {
            return "";
        }
        return (value.topicNames().isEmpty() ? "" : " topics " + value.topicNames())
                + (value.topicRegex() == null || value.topicRegex().isEmpty() ? ""
                        : " regex " + value.topicRegex())
                + (value.instanceId() == null ? "" : " instance " + value.instanceId())
                + (value.serverAssignor() == null ? "" : " assignor " + value.serverAssignor())
                + " rebalance " + value.rebalanceTimeoutMs() / 1_000 + "s"
                + (value.classic() == null ? "" : " classic "
                        + value.classic().protocols().stream().map(each -> each.name()).toList());
    }

    private String text(GroupRecord.CurrentMemberAssignment.Value value) {
        if (value == null) {
            return "";
        }
        return " epoch " + value.memberEpoch() + " after " + value.previousMemberEpoch() + ", "
                + ConsumerMember.State.values()[value.state()] + ", " + partitions(value.assigned())
                + (value.pendingRevocation().isEmpty() ? ""
                        : ", gives " + partitions(value.pendingRevocation()));
    }
}
