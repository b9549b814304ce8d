package daybook.api;

import daybook.txn.Identity;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

/**
 * InitProducerId (22): an identity for an idempotent or a transactional producer (KIP-98).
 *
 * <pre>
 *   v0   the lowest served
 *   v2   flexible
 *   v3   the identity a producer has already, to go on with (KIP-360)
 *   v4   PRODUCER_FENCED may be answered (KIP-588)
 *   v5   TRANSACTION_ABORTABLE may be answered (KIP-890)
 * </pre>
 * A producer without a transactional id always gets a fresh identity. One with a transactional id gets what
 * shuts out all that had the id before.
 */
record InitProducerId(Services services) {
    private static final int FENCED_FROM = 4;
    private static final int NONE = -1;

    void serve(Request request, Reader in, Writer out) {
        var transactionalId = in.nullableString();
        int timeoutMs = in.int32();
        var known = Identity.of(in.since(3) ? in.int64() : NONE, in.since(3) ? in.int16() : NONE);
        in.tags();
        var identity = identity(transactionalId, timeoutMs, known);
        boolean older = identity.error() == ErrorCode.PRODUCER_FENCED && !in.since(FENCED_FROM);
        out.int32(0).error(older ? ErrorCode.INVALID_PRODUCER_EPOCH : identity.error());
        out.int64(identity.producerId()).int16(identity.producerEpoch()).tags();
    }

    private Identity identity(String transactionalId, int timeoutMs, Identity known) {
        boolean half = known.producerId() == NONE ^ known.producerEpoch() == NONE;
        if (half || "".equals(transactionalId)) {
            return Identity.refused(ErrorCode.INVALID_REQUEST);
        }
        return transactionalId == null ? services.transactions().fresh()
                : services.transactions().identify(transactionalId, timeoutMs, known);
    }
}
