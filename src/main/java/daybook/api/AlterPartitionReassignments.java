package daybook.api;

import daybook.catalog.Image;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.List;

/**
 * AlterPartitionReassignments (45): puts partitions on other brokers (KIP-455). With one broker the only
 * move there is is the one to where the partition is, so that nothing is ever moved, and the number of
 * replicas never changes.
 *
 * <pre>
 *   v0  the lowest served, flexible
 *   v1  whether the number of replicas may change (KIP-860)
 * </pre>
 */
record AlterPartitionReassignments(Services services) {
    /** Where a partition is to be; null cancels a move. */
    private record Move(int partition, List<Integer> brokers) { }

    void serve(Request request, Reader in, Writer out) {
        boolean late = in.int32() <= 0;
        boolean otherFactor = !in.since(1) || in.bool();
        var topics = ByTopic.read(in, ByTopic.NO_IDS, each ->
                new Move(each.int32(), each.nullableArray(Reader::int32)));
        in.tags();
        var image = services.catalog().image();
        out.int32(0).since(1, more -> more.bool(otherFactor));
        (late ? Outcome.TIMED_OUT : Outcome.DONE).write(out);
        ByTopic.write(out, topics, ByTopic.NO_IDS, (each, topic, move) -> {
            var outcome = late ? Outcome.TIMED_OUT : outcome(image, topic.name(), move);
            outcome.write(each.int32(move.partition));
        }).tags();
    }

    private static Outcome outcome(Image image, String name, Move move) {
        var topic = image.topic(name);
        if (topic == null) {
            return Outcome.unknown("Unable to find a topic named " + name + ".");
        }
        if (image.partition(topic, move.partition) == null) {
            return Outcome.unknown("Unable to find partition " + name + ":" + move.partition + ".");
        }
        if (move.brokers == null) {
            return Outcome.of(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS);
        }
        var refusal = CreateTopics.brokersRefusal(image, move.brokers);
        return refusal != null ? refusal : Outcome.DONE;
    }
}
