package daybook.api;

import daybook.group.Groups;
import daybook.log.TopicPartition;
import daybook.txn.Identity;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.List;

/**
 * AddOffsetsToTxn (25): a transaction is about to commit offsets of a group, so that the partition that keeps
 * them becomes part of it. From version 2 of transactions on, clients leave that to TxnOffsetCommit.
 *
 * <pre>
 *   v0  the oldest (KIP-98)
 *   v2  PRODUCER_FENCED may be answered
 *   v3  flexible
 *   v4  TRANSACTION_ABORTABLE may be answered (KIP-890)
 * </pre>
 */
record AddOffsetsToTxn(Services services) {
    private static final int FENCED_FROM = 2;
    private static final int PROTOCOL = 0;

    void serve(Request request, Reader in, Writer out) {
        var transactionalId = in.string();
        var producer = Identity.of(in.int64(), in.int16());
        var groupId = in.string();
        in.tags();
        var error = add(transactionalId, producer, groupId);
        boolean unknown = error == ErrorCode.PRODUCER_FENCED && !in.since(FENCED_FROM);
        out.int32(0).error(unknown ? ErrorCode.INVALID_PRODUCER_EPOCH : error).tags();
    }

    /**
     * A producer asks for the coordinator of the group only after this, so the topic may be still to come.
     */
    private ErrorCode add(String transactionalId, Identity producer, String groupId) {
        if (transactionalId.isEmpty()) {
            return ErrorCode.INVALID_REQUEST;
        }
        var error = new FindCoordinator(services).groups();
        if (error != ErrorCode.NONE) {
            return error;
        }
        var partition = new TopicPartition(Groups.TOPIC, services.groups().partition(groupId));
        return services.transactions().add(transactionalId, producer, List.of(partition), PROTOCOL,
                () -> { });
    }
}
