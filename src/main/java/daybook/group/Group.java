package daybook.group;

import daybook.coordinator.Decision;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import java.util.List;

/** What groups of both kinds have in common. */
sealed interface Group permits ClassicGroup, ConsumerGroup {
    String id();

    /** By the name that clients are told. */
    default String type() {
        return this instanceof ClassicGroup ? "classic" : "consumer";
    }

    /** What the members say they do, such as {@code consumer} or {@code connect}; empty where none said. */
    String protocolType();

    GroupState state();

    /** NONE where this one may commit an offset of this partition now. */
    ErrorCode commitError(Asker who, Uuid topicId, int partition);

    /** NONE where this one may fetch offsets now. */
    default ErrorCode fetchError(Asker who) {
        return ErrorCode.NONE;
    }

    /** Hears of a member by its commit, if that is a sign of life: as in Kafka not for a consumer group. */
    default void committed(Asker who, long nowMs) { }

    /** Whether a member subscribes to this topic, or may do so for all that is known. */
    boolean subscribes(String topic);

    /**
     * Since when there are no members, in milliseconds since 1970; -1 where there are, or no record says it.
     */
    default long emptySinceMs() {
        return -1;
    }

    /** The records that end the group, without its offsets. */
    List<GroupRecord> tombstones();

    /** All records of the log are replayed: deadlines count from now. */
    void loaded(long nowMs);

    /** Decides on what is due. */
    Decision<GroupRecord, ?> due(Timer timer, long nowMs);
}
