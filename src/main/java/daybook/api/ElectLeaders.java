package daybook.api;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.List;

/**
 * ElectLeaders (43). The one broker there is leads every partition already, so that none is ever elected.
 *
 * <pre>
 *   v0  the lowest served: preferred leaders (KIP-183)
 *   v1  the kind of election is asked for (KIP-460)
 *   v2  flexible
 * </pre>
 */
record ElectLeaders(Services services) {
    private static final byte PREFERRED = 0;
    private static final byte UNCLEAN = 1;

    void serve(Request request, Reader in, Writer out) {
        byte election = in.since(1) ? in.int8() : PREFERRED;
        var asked = ByTopic.nullableIndexes(in, ByTopic.NO_IDS);
        int timeoutMs = in.int32();
        in.tags();
        var refusal = refusal(election, timeoutMs);
        out.int32(0).since(1, more -> more.error(refusal.error()));
        var topics = asked != null ? asked : allWithoutPartitions(refusal);
        ByTopic.write(out, topics, ByTopic.NO_IDS, (each, topic, index) -> {
            var outcome = refusal.failed() ? refusal : outcome(topic.name(), index);
            outcome.write(each.int32(index));
        }).tags();
    }

    private static Outcome refusal(byte election, int timeoutMs) {
        if (election != PREFERRED && election != UNCLEAN) {
            return Outcome.invalid("Unknown election type " + election);
        }
        return timeoutMs > 0 ? Outcome.DONE : Outcome.TIMED_OUT;
    }

    /** Asked for all partitions, Apache Kafka names each topic with the partitions that had an election. */
    private List<ByTopic<Integer>> allWithoutPartitions(Outcome refusal) {
        return refusal.failed() ? List.of() : services.catalog().image().topics().keySet().stream()
                .map(name -> new ByTopic<Integer>(TopicRef.of(name), List.of())).toList();
    }

    private Outcome outcome(String name, int index) {
        var image = services.catalog().image();
        var topic = image.topic(name);
        if (topic == null) {
            return Outcome.unknown("No such topic as " + name);
        }
        if (image.partition(topic, index) == null) {
            return Outcome.unknown("No such partition as " + name + "-" + index);
        }
        return new Outcome(ErrorCode.ELECTION_NOT_NEEDED, "Leader election not needed for topic partition.");
    }
}
