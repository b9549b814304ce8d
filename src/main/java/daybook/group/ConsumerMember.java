package daybook.group;

import daybook.group.GroupRecord.ConsumerGroupMemberMetadata.Value;

import java.util.List;

/**
 * A member of a consumer group, and how far it has come on the way to its target. Immutable.
 *
 * <pre>
 *   STABLE                 has its target of its epoch
 *   UNREVOKED_PARTITIONS   has to give partitions back, and says so by naming those that it still has; it
 *                          stays in its epoch until then
 *   UNRELEASED_PARTITIONS  is in the epoch of its target, and waits for partitions that others have to give
 *                          back
 * </pre>
 *
 * @param told what it told of itself
 * @param epoch the epoch that it is to name; 0 before its first, {@link #AWAY}
 * @param previousEpoch the one before, which it names where the last answer did not reach it
 * @param assigned what it may use
 * @param pending what it has to give back, and nobody else has until then
 */
record ConsumerMember(String id, Value told, int epoch, int previousEpoch, State state, Assignment assigned,
        Assignment pending) {
    /** In the request: the member leaves. */
    static final int LEAVES = -1;
    /** The static member has left, and comes again with another member id. */
    static final int AWAY = -2;

    private static final Value NOTHING = new Value(null, null, "", "", List.of(), "", -1, null, null);

    /** Apache Kafka counts them in this order. */
    enum State {
        STABLE, UNREVOKED_PARTITIONS, UNRELEASED_PARTITIONS;

        private static final State[] NUMBERED = values();

        /** The state of this number; of one that a later version has added, the most careful one. */
        static State of(int number) {
            return number >= 0 && number < NUMBERED.length ? NUMBERED[number] : UNREVOKED_PARTITIONS;
        }
    }

    ConsumerMember {
        if (told.topicRegex() == null) {
            told = new Value(told.instanceId(), told.rackId(), told.clientId(), told.clientHost(),
                    told.topicNames(), "", told.rebalanceTimeoutMs(), told.serverAssignor(), told.classic());
        }
    }

    /** A member of which nothing is known but its id. */
    static ConsumerMember blank(String id) {
        return new ConsumerMember(id, NOTHING, 0, -1, State.STABLE, Assignment.EMPTY, Assignment.EMPTY);
    }

    /** The member with what it tells now. */
    ConsumerMember telling(Value now) {
        return new ConsumerMember(id, now, epoch, previousEpoch, state, assigned, pending);
    }

    /** Whether it speaks the classic protocol (KIP-848, migration). */
    boolean classic() {
        return told.classic() != null;
    }

    /** Whether it has what it is to have in this epoch. */
    boolean settled(int targetEpoch) {
        return state == State.STABLE && epoch == targetEpoch;
    }

    /** Whether it subscribes as the other one does. */
    boolean subscribesAs(ConsumerMember other) {
        return told.topicNames().equals(other.told.topicNames())
                && told.topicRegex().equals(other.told.topicRegex());
    }

    /**
     * The next step towards a target: give back first, then take what is free.
     *
     * <p>Stricter than Apache Kafka: a heartbeat may leave partitions out that the member was given before
     * and is about to take, for the answer to the one before has just come. So it does not give back what it
     * is asked for only now; the next one does. Who joins is not about to take anything.
     *
     * @param target what it is to have in that epoch
     * @param owned what it says that it has; null where it says nothing
     * @param joins whether it has nothing but what it says
     * @param taken tells what some member has or has not given back yet
     * @return this very member where there is no step
     */
    ConsumerMember next(int targetEpoch, Assignment target, Assignment owned, boolean joins,
            Assignment.Choice taken) {
        if (settled(targetEpoch) || state == State.UNREVOKED_PARTITIONS && has(pending, owned)) {
            return this;
        }
        var kept = assigned.and(target);
        var revoked = assigned.minus(kept);
        if (!revoked.isEmpty() && (!joins || has(revoked, owned))) {
            return at(epoch, State.UNREVOKED_PARTITIONS, kept, revoked);
        }
        var missing = target.minus(kept);
        var free = missing.where((topic, partition) ->
                pending.contains(topic, partition) || !taken.takes(topic, partition));
        var reached = free.size() == missing.size() ? State.STABLE : State.UNRELEASED_PARTITIONS;
        return at(targetEpoch, reached, kept.plus(free), Assignment.EMPTY);
    }

    /** The member in another place. The previous epoch is one that differs: it may be lost more than once. */
    private ConsumerMember at(int nextEpoch, State reached, Assignment kept, Assignment revoked) {
        int before = nextEpoch == epoch ? previousEpoch : epoch;
        var there = new ConsumerMember(id, told, nextEpoch, before, reached, kept, revoked);
        return there.equals(this) ? this : there;
    }

    /** Whether it may still have some of these: who says nothing may. */
    private static boolean has(Assignment partitions, Assignment owned) {
        return owned == null || !partitions.and(owned).isEmpty();
    }

    /** The static member after it has left for a while: it keeps its partitions, but is given nothing. */
    ConsumerMember away() {
        return new ConsumerMember(id, told, AWAY, previousEpoch, state, assigned, Assignment.EMPTY);
    }

    /** The member where it has to give these back, if any, and has all else that it is to have. */
    ConsumerMember giving(Assignment back) {
        return back.isEmpty() ? this : new ConsumerMember(id, told, epoch, previousEpoch,
                State.UNREVOKED_PARTITIONS, assigned, back);
    }

    /** The member that takes this one's place, with all that it had. */
    ConsumerMember replacedBy(String otherId) {
        return new ConsumerMember(otherId, told, 0, 0, state, assigned, pending);
    }
}
