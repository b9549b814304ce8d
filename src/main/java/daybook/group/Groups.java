package daybook.group;

import daybook.coordinator.Deadlines;
import daybook.coordinator.Decision;
import daybook.coordinator.Format;
import daybook.coordinator.State;
import daybook.record.BatchBuilder;
import daybook.wire.ErrorCode;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The state of one shard: the groups whose ids belong there, and their offsets. */
public final class Groups implements State<GroupRecord> {
    /** The topic whose partitions are the shards. */
    public static final String TOPIC = "__consumer_offsets";

    /** How the records look as bytes: as Apache Kafka's. */
    public static final Format<GroupRecord> FORMAT = new Format<>() {
        @Override
        public BatchBuilder.Entry encode(GroupRecord record) {
            return record.encode();
        }

        @Override
        public GroupRecord decode(ByteBuffer key, ByteBuffer value) {
            return GroupRecord.decode(key, value);
        }
    };

    /** A group in a list. */
    public record Listed(String id, String protocolType, GroupState state, String type) { }

    /** How long is waited before what was due, and could not be written, is tried again. */
    private static final long RETRY_MS = 1_000;

    private final Surroundings surroundings;
    private final Map<String, Group> groups = new HashMap<>();
    /** The names of groups that another broker keeps in this log, and that are not served here. */
    private final Set<String> others = new HashSet<>();
    private final Deadlines<Timer> deadlines = new Deadlines<>();
    private final Offsets offsets;
    private final ClassicProtocol classic;
    private final ConsumerProtocol consumer;

    public Groups(Surroundings surroundings) {
        this.surroundings = surroundings;
        this.offsets = new Offsets(this);
        this.classic = new ClassicProtocol(this);
        this.consumer = new ConsumerProtocol(this);
    }

    /** The events of offsets. */
    public Offsets offsets() {
        return offsets;
    }

    /** The events of the classic protocol. */
    public ClassicProtocol classic() {
        return classic;
    }

    /** The events of the consumer protocol. */
    public ConsumerProtocol consumer() {
        return consumer;
    }

    Surroundings surroundings() {
        return surroundings;
    }

    Deadlines<Timer> deadlines() {
        return deadlines;
    }

    /** The group, or null. */
    Group find(String id) {
        return groups.get(id);
    }

    Collection<Group> all() {
        return groups.values();
    }

    void put(Group group) {
        groups.put(group.id(), group);
    }

    /** Ends the group; where it has left offsets behind they are an empty group's. */
    void remove(String id) {
        groups.remove(id);
        offsets.keepGroup(id);
    }

    /** All groups of the shard. */
    public List<Listed> list() {
        return groups.values().stream().map(group ->
                new Listed(group.id(), group.protocolType(), group.state(), group.type())).toList();
    }

    /** Ends a group that has no members, with its offsets. */
    public Decision<GroupRecord, ErrorCode> delete(String id) {
        var group = groups.get(id);
        if (group == null) {
            return Decision.answer(ErrorCode.GROUP_ID_NOT_FOUND);
        }
        if (group.state() != GroupState.EMPTY) {
            return Decision.answer(ErrorCode.NON_EMPTY_GROUP);
        }
        var records = new ArrayList<>(offsets.tombstones(id));
        records.addAll(group.tombstones());
        return Decision.answer(records, ErrorCode.NONE);
    }

    @Override
    public void replay(GroupRecord record) {
        switch (record) {
            case GroupRecord.OffsetCommit commit -> offsets.replay(commit);
            case GroupRecord.GroupMetadata metadata -> classic.replay(metadata);
            case GroupRecord.OtherGroup other -> replay(other);
            default -> consumer.replay(record);
        }
    }

    /** What offsets the group has are its own, and not those of an empty classic one. */
    private void replay(GroupRecord.OtherGroup other) {
        if (other.value() == null) {
            others.remove(other.groupId());
            offsets.keepGroup(other.groupId());
        } else {
            others.add(other.groupId());
            if (groups.get(other.groupId()) instanceof ClassicGroup group && !group.used()) {
                groups.remove(other.groupId());
            }
        }
    }

    /** Whether the name is that of a group of another kind, of those that are not served here. */
    boolean taken(String id) {
        return others.contains(id);
    }

    /** Only offsets are committed in transactions. */
    @Override
    public void replay(long producerId, GroupRecord record) {
        if (record instanceof GroupRecord.OffsetCommit commit) {
            offsets.replay(producerId, commit);
        }
    }

    @Override
    public void ended(long producerId, boolean committed) {
        offsets.ended(producerId, committed);
    }

    @Override
    public void loaded(long nowMs) {
        groups.values().forEach(group -> group.loaded(nowMs));
        offsets.loaded(nowMs);
    }

    @Override
    public long dueMs() {
        return Math.min(deadlines.nextMs(), offsets.dueMs());
    }

    @Override
    public Decision<GroupRecord, ?> due(long nowMs) {
        var timer = deadlines.poll(nowMs);
        if (timer == null) {
            return offsets.due(nowMs);
        }
        var group = groups.get(timer.groupId());
        return group == null ? Decision.write(List.of())
                : group.due(timer, nowMs).orElse(error -> deadlines.set(timer, nowMs + RETRY_MS));
    }
}
