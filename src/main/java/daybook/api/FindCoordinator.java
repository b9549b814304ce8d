package daybook.api;

import daybook.api.CreateTopics.Wanted;
import daybook.catalog.BrokerConfig;
import daybook.group.Groups;
import daybook.net.Listener;
import daybook.txn.Transactions;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * FindCoordinator (10): who coordinates a group or a transaction.
 *
 * <pre>
 *   v1  type of the key, throttle time, message
 *   v3  flexible
 *   v4  many keys (KIP-699)
 *   v5  TRANSACTION_ABORTABLE may be answered (KIP-890)
 *   v6  keys of share groups (KIP-932), which are not here
 * </pre>
 * This broker coordinates all of them. The first who asks has the topic made that keeps them, and is answered
 * when it is there; Apache Kafka answers COORDINATOR_NOT_AVAILABLE first.
 */
record FindCoordinator(Services services) {
    private static final int GROUP = 0;
    private static final int TRANSACTION = 1;

    void serve(Request request, Reader in, Writer out) {
        var key = in.since(4) ? null : in.string();
        int type = in.since(1) ? in.int8() : GROUP;
        var keys = in.since(4) ? in.array(Reader::string) : List.of(key);
        in.tags();
        var error = keys.isEmpty() ? ErrorCode.NONE : error(type);
        boolean found = error == ErrorCode.NONE;
        var self = found ? services.advertised(request.connection()) : new Listener("", "", -1);
        int nodeId = found ? services.logs().nodeId() : -1;
        out.since(1, more -> more.int32(0));
        if (in.since(4)) {
            out.structs(keys, (each, one) -> each.string(one).int32(nodeId).string(self.host())
                    .int32(self.port()).error(error).string(""));
        } else {
            out.error(error).since(1, more -> more.string(message(error)));
            out.int32(nodeId).string(self.host()).int32(self.port());
        }
        out.tags();
    }

    private ErrorCode error(int type) {
        return switch (type) {
            case GROUP -> groups();
            case TRANSACTION -> coordinated(Transactions.TOPIC, FindCoordinator::transactions);
            default -> ErrorCode.INVALID_REQUEST;
        };
    }

    /** NONE where groups are coordinated here: from now on at the latest. */
    ErrorCode groups() {
        return coordinated(Groups.TOPIC, FindCoordinator::offsets);
    }

    /** As older clients log it. */
    private static String message(ErrorCode error) {
        return switch (error) {
            case NONE -> "NONE";
            case COORDINATOR_NOT_AVAILABLE -> "The coordinator is not available.";
            default -> "There is no coordinator for keys of this type.";
        };
    }

    /** Whether the topic is there by which keys are coordinated; it is made if need be. */
    private ErrorCode coordinated(String topic, Function<BrokerConfig, Wanted> wanted) {
        if (services.catalog().image().topic(topic) == null) {
            var asked = wanted.apply(services.config().get());
            new CreateTopics(services).create(List.of(asked), false);
        }
        return services.catalog().image().topic(topic) != null ? ErrorCode.NONE
                : ErrorCode.COORDINATOR_NOT_AVAILABLE;
    }

    private static Wanted offsets(BrokerConfig config) {
        return new Wanted(Groups.TOPIC, config.integer("offsets.topic.num.partitions"), 1, List.of(),
                Map.of("cleanup.policy", "compact", "compression.type", "producer",
                        "segment.bytes", Integer.toString(config.integer("offsets.topic.segment.bytes"))));
    }

    private static Wanted transactions(BrokerConfig config) {
        int segmentBytes = config.integer("transaction.state.log.segment.bytes");
        return new Wanted(Transactions.TOPIC, config.integer("transaction.state.log.num.partitions"), 1,
                List.of(),
                Map.of("cleanup.policy", "compact", "compression.type", "uncompressed",
                        "min.insync.replicas", "1", "segment.bytes", Integer.toString(segmentBytes),
                        "unclean.leader.election.enable", "false"));
    }
}
