package daybook.api;

import daybook.log.Appended;
import daybook.log.PartitionLog;
import daybook.txn.Identity;
import daybook.txn.Transaction;
import daybook.wire.ErrorCode;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the coordinator says of the transactional batches of a request (KIP-890): those that begin a
 * transaction in their partition are taken only where it has the partition in the producer's transaction, or
 * adds it now. That is on the disk before the first batch is appended, so that no transaction is open in a
 * log without somebody to end it.
 *
 * @param refusals by the log that the batch is for; none where it may be appended
 * @param ends where the logs ended while the coordinator was asked
 */
record Verification(Map<PartitionLog, Appended> refusals, Map<PartitionLog, Long> ends) {
    /** From this version on Produce adds the partitions itself. */
    static final int ADDS_FROM = 12;
    /** From this version on producers know TRANSACTION_ABORTABLE. */
    private static final int ABORTABLE_FROM = 11;

    /**
     * Asks once for all partitions in which the producer is in no transaction yet.
     *
     * @param producers of all transactional batches; more than one is refused
     * @param logs that these are for
     */
    static Verification of(Services services, String transactionalId, int version, Set<Identity> producers,
            Set<PartitionLog> logs) {
        var verification = new Verification(new HashMap<>(), new HashMap<>());
        if (producers.size() > 1) {
            var refusal = Produce.refused(ErrorCode.INVALID_PRODUCER_ID_MAPPING,
                    "Transactional records contained more than one producer ID");
            logs.forEach(log -> verification.refusals.put(log, refusal));
            return verification;
        }
        var producer = producers.iterator().next();
        var begins = new ArrayList<PartitionLog>();
        for (var log : logs) {
            if (!log.inTransaction(producer.producerId(), producer.producerEpoch())) {
                begins.add(log);
            }
        }
        if (!begins.isEmpty()) {
            verification.ask(services, transactionalId, producer, version, begins);
        }
        return verification;
    }

    private void ask(Services services, String transactionalId, Identity producer, int version,
            List<PartitionLog> logs) {
        var partitions = logs.stream().map(PartitionLog::partition).toList();
        Runnable open = () -> logs.forEach(log -> ends.put(log, log.endOffset()));
        boolean verifies = services.config().get().flag("transaction.partition.verification.enable");
        if (transactionalId.isEmpty()) {
            logs.forEach(log -> refuse(log, ErrorCode.INVALID_REQUEST, version));
        } else if (version >= ADDS_FROM) {
            var error = services.transactions().add(transactionalId, producer, partitions,
                    Transaction.EPOCH_EACH, open);
            logs.forEach(log -> refuse(log, error, version));
        } else if (verifies) {
            var errors = services.transactions().verify(transactionalId, producer, partitions, open);
            logs.forEach(log -> refuse(log, errors.get(log.partition()), version));
        } else {
            open.run();
        }
    }

    private void refuse(PartitionLog log, ErrorCode error, int version) {
        if (error != ErrorCode.NONE) {
            refusals.put(log, refusal(error, version));
        }
    }

    /** What producers take for a reason to try again, or to abort, is told as older ones know it. */
    private static Appended refusal(ErrorCode error, int version) {
        return switch (error) {
            case PRODUCER_FENCED -> Produce.refused(ErrorCode.INVALID_PRODUCER_EPOCH, null);
            case TRANSACTION_ABORTABLE -> version >= ABORTABLE_FROM ? Produce.refused(error, null)
                    : Produce.refused(ErrorCode.INVALID_TXN_STATE,
                            "Partition was not added to the transaction");
            case CONCURRENT_TRANSACTIONS -> version >= ADDS_FROM ? Produce.refused(error, null)
                    : unverified(error);
            case COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR ->
                unverified(error);
            default -> Produce.refused(error, null);
        };
    }

    private static Appended unverified(ErrorCode error) {
        return Produce.refused(ErrorCode.NOT_ENOUGH_REPLICAS,
                "Unable to verify the partition has been added to the transaction. Underlying error: "
                        + error);
    }

    /** Why the batch for this log is not taken; null where it may be appended. */
    Appended refusal(PartitionLog log) {
        return refusals.get(log);
    }

    /** As {@link PartitionLog#append(java.nio.ByteBuffer, long, boolean)} asks for it. */
    long from(PartitionLog log) {
        return ends.getOrDefault(log, PartitionLog.NOT_VERIFIED);
    }
}
