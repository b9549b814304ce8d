package daybook.client;

import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import java.util.List;

/**
 * A topic as the cluster's metadata has it (MetadataResponse.json).
 *
 * @param internal whether the brokers keep it for themselves
 * @param partitions by number, from 0 on, without a gap
 */
public record Topic(String name, Uuid id, boolean internal, List<Partition> partitions) {
    /** No node. */
    public static final int NO_LEADER = -1;

    /**
     * A partition of the topic.
     *
     * @param error what the broker says of it: NONE, or LEADER_NOT_AVAILABLE where there is no leader now
     * @param leader the number of the node that it is written to and read from, or {@link #NO_LEADER}
     * @param leaderEpoch counts the leaders that it had
     */
    public record Partition(ErrorCode error, int index, int leader, int leaderEpoch, List<Integer> replicas,
            List<Integer> inSyncReplicas, List<Integer> offlineReplicas) { }
}
