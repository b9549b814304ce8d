package daybook.api;

import daybook.log.PartitionLog;
import daybook.txn.Identity;
import daybook.txn.Transaction;
import daybook.wire.ErrorCode;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the coordinator says of the batches that a producer writes in its transaction (KIP-890): those that
 * begin it in their partition are taken only where it has the partition in the transaction, or adds it now.
 * That is on the disk before the first batch is appended, so that no transaction is open in a log without
 * somebody to end it.
 *
 * @param errors for the logs of which the coordinator was asked
 * @param ends where these ended while it was asked
 */
record Verification(Map<PartitionLog, ErrorCode> errors, Map<PartitionLog, Long> ends) {
    /** Of nothing. */
    static final Verification NONE = new Verification(Map.of(), Map.of());

    /**
     * Asks once for all logs in which the producer is in no transaction yet; where it is in one its id is not
     * looked at, as with Apache Kafka. While its transaction is being ended all are asked for: those that
     * lack their marker still have it open, and a batch of the next one would be taken for one of it.
     *
     * @param adds whether the partitions are added by this request, and not by one before
     */
    static Verification of(Services services, String transactionalId, Identity producer, boolean adds,
            Collection<PartitionLog> logs) {
        var begins = new ArrayList<PartitionLog>();
        boolean ends = services.transactions().ends(transactionalId);
        for (var log : logs) {
            if (ends || !log.inTransaction(producer.producerId(), producer.producerEpoch())) {
                begins.add(log);
            }
        }
        var verification = new Verification(new HashMap<>(), new HashMap<>());
        if (!begins.isEmpty()) {
            verification.ask(services, transactionalId, producer, adds, begins);
        }
        return verification;
    }

    private void ask(Services services, String transactionalId, Identity producer, boolean adds,
            List<PartitionLog> logs) {
        var partitions = logs.stream().map(PartitionLog::partition).toList();
        Runnable open = () -> logs.forEach(log -> ends.put(log, log.endOffset()));
        boolean verifies = services.config().get().flag("transaction.partition.verification.enable");
        // What nobody writes is in no transaction, and no marker would ever end it.
        if (!adds && !verifies && producer.producerId() >= 0) {
            open.run();
        } else if (transactionalId.isEmpty()) {
            logs.forEach(log -> errors.put(log, ErrorCode.INVALID_REQUEST));
        } else if (adds) {
            var error = services.transactions().add(transactionalId, producer, partitions,
                    Transaction.EPOCH_EACH, open);
            logs.forEach(log -> errors.put(log, error));
        } else {
            var verified = services.transactions().verify(transactionalId, producer, partitions, open);
            logs.forEach(log -> errors.put(log, verified.get(log.partition())));
        }
    }

    /**
     * Why the log takes nothing of the transaction, or NONE; in the words that producers know.
     *
     * @param abortable whether that is so of TRANSACTION_ABORTABLE
     */
    ErrorCode error(PartitionLog log, boolean abortable) {
        var error = errors.getOrDefault(log, ErrorCode.NONE);
        return switch (error) {
            case PRODUCER_FENCED -> ErrorCode.INVALID_PRODUCER_EPOCH;
            case TRANSACTION_ABORTABLE -> abortable ? error : ErrorCode.INVALID_TXN_STATE;
            default -> error;
        };
    }

    /** As {@link PartitionLog#append(java.nio.ByteBuffer, long, boolean)} asks for it. */
    long from(PartitionLog log) {
        return ends.getOrDefault(log, PartitionLog.NOT_VERIFIED);
    }
}
