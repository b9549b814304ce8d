package daybook.api;

import daybook.log.Logs.LogDirectory;
import daybook.net.Connection;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.util.List;

/**
 * DescribeQuorum (55): who votes on the metadata log, and how far each has it (KIP-595). Daybook is a quorum
 * of one.
 *
 * <pre>
 *   v0  the lowest served, flexible
 *   v1  times of the last fetch and of being caught up (KIP-836)
 *   v2  messages, directory ids, nodes (KIP-853)
 * </pre>
 */
record DescribeQuorum(Services services) {
    private static final Outcome UNKNOWN = Outcome.unknown("This server does not host this topic-partition.");
    /** Success has an empty message here, as in Apache Kafka. */
    private static final Outcome FOUND = new Outcome(ErrorCode.NONE, "");

    void serve(Request request, Reader in, Writer out) {
        var asked = ByTopic.read(in, ByTopic.NO_IDS, Reader::int32);
        in.tags();
        var metadata = services.logs().metadataLog().partition();
        var metadataTopic = TopicRef.of(metadata.topic());
        var onlyMetadata = List.of(new ByTopic<>(metadataTopic, List.of(metadata.partition())));
        // As in Apache Kafka, the metadata log is told of only where nothing else is asked for.
        boolean found = asked.equals(onlyMetadata);
        write(out, FOUND);
        ByTopic.write(out, asked, ByTopic.NO_IDS, (each, topic, index) -> {
            write(each.int32(index), found ? FOUND : UNKNOWN);
            writeQuorum(each, found);
        });
        var nodes = found ? List.of(request.connection()) : List.<Connection>of();
        out.since(2, more -> more.structs(nodes, this::writeNode)).tags();
    }

    private void writeQuorum(Writer out, boolean found) {
        var log = services.logs().metadataLog();
        int leader = services.logs().nodeId();
        out.int32(found ? leader : 0).int32(found ? log.leaderEpoch() : 0);
        out.int64(found ? log.highWatermark() : 0);
        out.structs(found ? List.of(leader) : List.<Integer>of(), this::writeVoter).length(0);
    }

    /** The leader fetches from nobody and is never behind, so that both of its times are now. */
    private void writeVoter(Writer out, int nodeId) {
        long nowMs = services.clock().millis();
        out.int32(nodeId).since(2, more -> more.uuid(directory()))
                .int64(services.logs().metadataLog().endOffset())
                .since(1, more -> more.int64(nowMs).int64(nowMs));
    }

    private Uuid directory() {
        var path = services.logs().metadataLog().directory().getParent();
        return services.logs().directories().stream().filter(directory -> directory.path().equals(path))
                .map(LogDirectory::id).findFirst().orElse(Uuid.ZERO);
    }

    /** The quorum is reached where the client reached the broker. */
    private void writeNode(Writer out, Connection connection) {
        var endpoint = services.advertised(connection);
        out.int32(services.logs().nodeId()).structs(List.of(endpoint), (each, reached) ->
                each.string(reached.name()).string(reached.host()).int16(reached.port()));
    }

    private static void write(Writer out, Outcome outcome) {
        out.error(outcome.error()).since(2, more -> more.string(outcome.message()));
    }
}
