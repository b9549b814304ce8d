package daybook.group;

import daybook.group.ClassicProtocol.JoinedMember;
import daybook.group.GroupRecord.ConsumerGroupMemberMetadata.Protocol;
import daybook.wire.ErrorCode;
import daybook.wire.MalformedException;
import daybook.wire.Reader;

import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The members of a classic group, in the order in which they came; the first of them leads. */
final class ClassicMembers {
    private final Map<String, ClassicMember> byId = new LinkedHashMap<>();
    /** The ids of the static members, by instance id. */
    private final Map<String, String> instances = new HashMap<>();
    private String leader;

    /** All of them, as they are now: they may be removed while they are gone through. */
    List<ClassicMember> all() {
        return List.copyOf(byId.values());
    }

    int count() {
        return byId.size();
    }

    boolean none() {
        return byId.isEmpty();
    }

    /** The member, or null. */
    ClassicMember find(String memberId) {
        return byId.get(memberId);
    }

    /** The static member, or null. */
    ClassicMember instance(String instanceId) {
        return byId.get(instances.get(instanceId));
    }

    /** The id of the member that assigns; null where there is none. */
    String leader() {
        return leader;
    }

    /** Whether this is none of the members: unknown, or fenced by the one that has its instance id now. */
    ErrorCode error(String memberId, String instanceId) {
        var holder = instanceId == null ? memberId : instances.get(instanceId);
        if (holder != null && !holder.equals(memberId)) {
            return ErrorCode.FENCED_INSTANCE_ID;
        }
        return byId.containsKey(holder) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
    }

    void put(ClassicMember member) {
        byId.put(member.id, member);
        if (member.instanceId != null) {
            instances.put(member.instanceId, member.id);
        }
        leader = leader == null ? member.id : leader;
    }

    void remove(ClassicMember member) {
        byId.remove(member.id);
        instances.remove(member.instanceId);
        if (member.id.equals(leader)) {
            leader = none() ? null : byId.keySet().iterator().next();
        }
    }

    /** Puts a member in the place of another. */
    void exchange(ClassicMember before, ClassicMember after) {
        var leads = before.id.equals(leader) ? after.id : leader;
        remove(before);
        put(after);
        leader = leads;
    }

    /** These instead of those there are. */
    void replace(String leads, List<ClassicMember> members) {
        byId.clear();
        instances.clear();
        leader = leads;
        members.forEach(this::put);
    }

    /** Has one lead that waits to join; false where none does. */
    boolean elect() {
        var former = byId.get(leader);
        var elected = former != null && former.join != null ? former
                : byId.values().stream().filter(each -> each.join != null).findFirst().orElse(null);
        leader = elected == null ? leader : elected.id;
        return elected != null;
    }

    /** Whether so many wait to join. */
    boolean leastWait(int count) {
        return count() >= count && byId.values().stream().filter(each -> each.join != null).count() >= count;
    }

    boolean allWait() {
        return byId.values().stream().allMatch(each -> each.join != null);
    }

    /** The longest of all. */
    int rebalanceTimeoutMs() {
        return byId.values().stream().mapToInt(each -> each.terms.rebalanceTimeoutMs()).max().orElse(0);
    }

    /** Whether all support one of these. */
    boolean support(List<Protocol> protocols) {
        var common = common();
        return protocols.stream().anyMatch(each -> byId.isEmpty() || common.contains(each.name()));
    }

    /** The protocols that all support, in a time that grows as all lists of them together do. */
    private Set<String> common() {
        var common = new HashSet<String>();
        for (var member : byId.values()) {
            var names = new HashSet<String>();
            member.terms.protocols().forEach(each -> names.add(each.name()));
            if (common.isEmpty()) {
                common.addAll(names);
            } else {
                common.retainAll(names);
            }
            if (common.isEmpty()) {
                return common;
            }
        }
        return common;
    }

    /**
     * Of the protocols that all support the one that most like best; where there are more such, the one that
     * the first member likes better.
     */
    String selected() {
        var votes = new LinkedHashMap<String, Integer>();
        var common = common();
        byId.values().iterator().next().terms.protocols().stream()
                .filter(each -> common.contains(each.name())).forEach(each -> votes.put(each.name(), 0));
        for (var member : byId.values()) {
            member.terms.protocols().stream().map(Protocol::name).filter(votes::containsKey).findFirst()
                    .ifPresent(name -> votes.merge(name, 1, Integer::sum));
        }
        return Collections.max(votes.entrySet(), Map.Entry.comparingByValue()).getKey();
    }

    /** As the leader is told of them. */
    List<JoinedMember> told(String protocol) {
        return byId.values().stream().map(each -> each.told(protocol)).toList();
    }

    /** The topics that consumers subscribe to; null where that cannot be read of all. */
    Set<String> topics(String protocol) {
        var topics = new HashSet<String>();
        try {
            for (var member : byId.values()) {
                // The fields of version 0, which all versions begin with.
                var in = new Reader(member.metadata(protocol).duplicate(), 0, false);
                in.int16();
                topics.addAll(in.array(Reader::string));
            }
            return topics;
        } catch (MalformedException unreadable) {
            return null;
        }
    }
}
