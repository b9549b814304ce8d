package daybook.api;

import daybook.txn.Identity;
import daybook.txn.Transaction;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

/**
 * EndTxn (26): a producer commits its transaction, or aborts it.
 *
 * <pre>
 *   v2  PRODUCER_FENCED may be answered (KIP-588)
 *   v3  flexible
 *   v4  TRANSACTION_ABORTABLE may be answered (KIP-890)
 *   v5  the producer goes on with the identity in the answer, a new epoch for each transaction (KIP-890)
 * </pre>
 */
record EndTxn(Services services) {
    private static final int FENCED_FROM = 2;
    private static final int EPOCHS_FROM = 5;

    void serve(Request request, Reader in, Writer out) {
        var id = in.string();
        var producer = Identity.of(in.int64(), in.int16());
        boolean commit = in.bool();
        in.tags();
        var next = id.isEmpty() ? Identity.refused(ErrorCode.INVALID_REQUEST)
                : services.transactions().end(id, producer, commit,
                        in.since(EPOCHS_FROM) ? Transaction.EPOCH_EACH : 0);
        boolean older = next.error() == ErrorCode.PRODUCER_FENCED && !in.since(FENCED_FROM);
        out.int32(0).error(older ? ErrorCode.INVALID_PRODUCER_EPOCH : next.error());
        out.since(EPOCHS_FROM, more -> more.int64(next.producerId()).int16(next.producerEpoch())).tags();
    }
}
