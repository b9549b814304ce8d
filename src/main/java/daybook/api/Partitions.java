package daybook.api;

import daybook.catalog.Partition;
import daybook.catalog.Topic;
import daybook.log.EpochEnd;
import daybook.log.PartitionLog;
import daybook.wire.ErrorCode;

import java.util.List;

/**
 * The way from what a request names, a topic and a partition's index, to the log, or to the error that is
 * answered.
 */
record Partitions(Services services) {
    /** What the look-up gave. */
    sealed interface Found {
        ErrorCode error();
    }

    /** A partition that this broker leads, with its log. */
    record Led(Topic topic, Partition partition, PartitionLog log) implements Found {
        /** Where an epoch ends; the present one, which may have no batch yet, ends with the log. */
        EpochEnd epochEnd(int epoch) {
            boolean present = epoch == partition.leaderEpoch();
            return present ? new EpochEnd(epoch, log.endOffset()) : log.epochEnd(epoch);
        }

        /** The epoch of the offset; the present one where the log does not say. */
        int epochOf(long offset) {
            int epoch = log.epochOf(offset);
            return epoch >= 0 ? epoch : partition.leaderEpoch();
        }

        @Override
        public ErrorCode error() {
            return ErrorCode.NONE;
        }
    }

    /** No log to work with, and why. */
    record Missing(ErrorCode error) implements Found {
        /**
         * Whether the catalog does not know the partition at all; otherwise it knows it, but it cannot be
         * worked with now.
         */
        boolean unknown() {
            return error == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION || error == ErrorCode.UNKNOWN_TOPIC_ID;
        }
    }

    /**
     * What clients are told of a partition's leader.
     *
     * @param leader -1 where there is none
     * @param offline the replicas that cannot be reached
     */
    record Leadership(ErrorCode error, int leader, List<Integer> offline) { }

    /** The leader epoch of a client that does not say one. */
    static final int NO_EPOCH = -1;

    /** The partition by the topic's name, whatever leader epoch the client has in mind. */
    Found find(String topic, int index) {
        return find(TopicRef.of(topic), index, NO_EPOCH);
    }

    /**
     * The partition, if the client's leader epoch is the present one (KIP-320): a client behind is fenced,
     * one ahead knows of a leader that this broker has not heard of.
     *
     * @param leaderEpoch the epoch the client has in mind, or {@link #NO_EPOCH}
     */
    Found find(TopicRef ref, int index, int leaderEpoch) {
        var topic = ref.in(services.catalog().image());
        if (topic == null) {
            return new Missing(ref.unknown());
        }
        if (index < 0 || index >= topic.partitions().size()) {
            return new Missing(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        }
        var partition = topic.partitions().get(index);
        var log = services.logs().find(topic.name(), index);
        if (log == null && services.logs().offline(topic.name(), index)) {
            return new Missing(ErrorCode.KAFKA_STORAGE_ERROR);
        }
        // A topic is in the image a moment before its logs are made, or after those of its namesake are
        // deleted.
        if (log == null || !log.topicId().equals(topic.id())) {
            return new Missing(ErrorCode.NOT_LEADER_OR_FOLLOWER);
        }
        if (leaderEpoch != NO_EPOCH && leaderEpoch != partition.leaderEpoch()) {
            boolean behind = leaderEpoch < partition.leaderEpoch();
            return new Missing(behind ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH);
        }
        return new Led(topic, partition, log);
    }

    /** Who leads the partition, for a client that asks. */
    Leadership leadership(Topic topic, Partition partition) {
        if (partition.leader() < 0 || services.logs().offline(topic.name(), partition.index())) {
            return new Leadership(ErrorCode.LEADER_NOT_AVAILABLE, -1, partition.replicas());
        }
        return new Leadership(ErrorCode.NONE, partition.leader(), List.of());
    }
}
