package daybook.api;

import daybook.wire.Reader;
import daybook.wire.Writer;

/**
 * ListPartitionReassignments (46): the moves of partitions between brokers that are under way (KIP-455). On
 * one broker there are none, whichever partitions are asked for.
 *
 * <pre>
 *   v0  the lowest served, flexible
 * </pre>
 */
record ListPartitionReassignments(Services services) {
    void serve(Request request, Reader in, Writer out) {
        in.int32();
        ByTopic.nullableIndexes(in, ByTopic.NO_IDS);
        in.tags();
        Outcome.DONE.write(out.int32(0)).length(0).tags();
    }
}
