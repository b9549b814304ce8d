package daybook.log;

import daybook.record.TransactionMarker;

/** From whom a batch comes, and so what is asked of it before the log takes it. */
sealed interface Origin {
    /**
     * A client, whose sequence numbers are held against those of what it sent before.
     *
     * @param verifiedFrom as {@link PartitionLog#append(java.nio.ByteBuffer, long, boolean)} tells it
     * @param fromZero whether what it sends first here must have sequence number 0
     */
    record Client(long verifiedFrom, boolean fromZero) implements Origin { }

    /** A coordinator with records of its own: these come in order, without sequence numbers. */
    record Own(long verifiedFrom) implements Origin { }

    /**
     * The coordinator of transactions, which ends one.
     *
     * @param marker what stands in the batch
     * @param transactionVersion from 2 on each transaction ends with an epoch of its own (KIP-890)
     */
    record Ending(TransactionMarker marker, int transactionVersion) implements Origin { }
}
