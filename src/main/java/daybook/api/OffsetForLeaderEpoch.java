package daybook.api;

import daybook.log.EpochEnd;
import daybook.wire.Reader;
import daybook.wire.Writer;

/**
 * OffsetForLeaderEpoch (23): where a leader epoch ended, from which a client sees whether its records are
 * still those of the log (KIP-101, KIP-320).
 *
 * <pre>
 *   v2   the lowest served; the client's leader epoch
 *   v3   who asks, a consumer or a replica; both get the same answer
 *   v4   flexible
 * </pre>
 */
record OffsetForLeaderEpoch(Services services) {
    private static final EpochEnd UNKNOWN = new EpochEnd(-1, -1);

    private record Asked(int index, int leaderEpoch, int epoch) { }

    void serve(Request request, Reader in, Writer out) {
        if (in.since(3)) {
            in.int32();
        }
        var topics = ByTopic.read(in, ByTopic.NO_IDS, each ->
                new Asked(each.int32(), each.int32(), each.int32()));
        in.tags();
        ByTopic.write(out.int32(0), topics, ByTopic.NO_IDS, this::answer).tags();
    }

    private void answer(Writer out, TopicRef topic, Asked asked) {
        var found = services.partitions().find(topic, asked.index, asked.leaderEpoch);
        var end = found instanceof Partitions.Led led ? led.epochEnd(asked.epoch) : UNKNOWN;
        out.error(found.error()).int32(asked.index).int32(end.epoch()).int64(end.endOffset());
    }
}
