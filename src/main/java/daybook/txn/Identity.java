package daybook.txn;

import daybook.wire.ErrorCode;

/**
 * Who a producer is, or why that is not told.
 *
 * @param producerId -1 with an error
 * @param producerEpoch -1 with an error
 */
public record Identity(ErrorCode error, long producerId, int producerEpoch) {
    /** An identity without an error that is none: it needs a producer id that was never given out. */
    static final Identity WANTS_ID = of(Transaction.NO_ID, Transaction.NO_EPOCH);

    /** Without an error. */
    public static Identity of(long producerId, int producerEpoch) {
        return new Identity(ErrorCode.NONE, producerId, producerEpoch);
    }

    /** None, with the reason. */
    public static Identity refused(ErrorCode error) {
        return new Identity(error, Transaction.NO_ID, Transaction.NO_EPOCH);
    }
}
