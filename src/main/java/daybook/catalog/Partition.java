package daybook.catalog;

import daybook.wire.Uuid;

import java.util.List;

/**
 * A partition of a topic.
 *
 * @param index its number in the topic, from 0
 * @param leader the node that leads it, or -1
 * @param leaderEpoch rises each time a leader is chosen
 * @param partitionEpoch rises with each change
 * @param directories where each replica keeps it, in the order of {@code replicas}
 */
public record Partition(int index, List<Integer> replicas, List<Integer> isr, int leader, int leaderEpoch,
        int partitionEpoch, List<Uuid> directories) {
    public Partition {
        replicas = List.copyOf(replicas);
        isr = List.copyOf(isr);
        directories = List.copyOf(directories);
    }
}
