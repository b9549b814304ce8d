package daybook.api;

import daybook.catalog.Image;
import daybook.wire.ErrorCode;

import java.util.HashSet;
import java.util.List;

/** The brokers that clients choose for partitions. There is one to choose. */
final class Replicas {
    private Replicas() { }

    /** What is wrong with a list of brokers that a client chose for a partition; null where nothing is. */
    static Outcome refusal(Image image, List<Integer> brokers) {
        if (brokers.isEmpty()) {
            return refused("The manual partition assignment includes an empty replica list.");
        }
        var seen = new HashSet<Integer>();
        for (int broker : brokers.stream().sorted().toList()) {
            if (broker != image.broker().nodeId()) {
                return refused("The manual partition assignment includes broker " + broker
                        + ", but no such broker is registered.");
            }
            if (!seen.add(broker)) {
                return refused("The manual partition assignment includes the broker " + broker
                        + " more than once.");
            }
        }
        return null;
    }

    private static Outcome refused(String sentence) {
        return new Outcome(ErrorCode.INVALID_REPLICA_ASSIGNMENT, sentence);
    }
}
