package daybook.group;

import daybook.catalog.Image;
import daybook.coordinator.Deadlines;
import daybook.coordinator.Decision;
import daybook.coordinator.State;
import daybook.wire.ErrorCode;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The state of one shard: the groups whose ids belong there, and their offsets. */
public final class Groups implements State<GroupRecord> {
    /** How long is waited before what was due, and could not be written, is tried again. */
    private static final long RETRY_MS = 1_000;

    private final Surroundings surroundings;
    private final Map<String, Group> groups = new HashMap<>();
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

    void remove(String id) {
        groups.remove(id);
    }
}
