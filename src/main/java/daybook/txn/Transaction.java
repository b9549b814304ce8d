package daybook.txn;

import daybook.log.TopicPartition;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A transactional id's producer, and the transaction that it is in, or was in last (KIP-98, KIP-890). It
 * never changes: each step makes the next one, which is written whole.
 *
 * @param producerId that of the producer; while the transaction ends, the one that the markers bear
 * @param previousProducerId the id before, by which a repeated request of its last epoch is told; -1: none
 * @param nextProducerId the id that the producer has once the transaction has ended, because the
 *     epochs of its own are used up; -1: the same
 * @param producerEpoch that of the producer; it is raised when a transaction of version 2 begins to end
 * @param timeoutMs how long a transaction may take
 * @param partitions those in which the transaction has to be ended; unmodifiable
 * @param lastUpdateMs when the step was made, in milliseconds since 1970
 * @param startMs when the first partition was added, in milliseconds since 1970; -1: no transaction yet
 * @param clientVersion the version of the protocol by which the producer made the step
 */
public record Transaction(long producerId, long previousProducerId, long nextProducerId, int producerEpoch,
        int timeoutMs, TransactionStatus status, SortedSet<TopicPartition> partitions, long lastUpdateMs,
        long startMs, int clientVersion) {
    /** From this version of the protocol on each transaction has an epoch of its own (KIP-890). */
    public static final int EPOCH_EACH = 2;

    static final long NO_ID = -1;
    static final int NO_EPOCH = -1;
    private static final long NO_TIME = -1;
    /** The last epoch that a producer can have: the one behind it is for markers alone. */
    static final int LAST_EPOCH = Short.MAX_VALUE - 1;
    private static final SortedSet<TopicPartition> NONE = Collections.unmodifiableSortedSet(new TreeSet<>());

    /** That of a transactional id that was not used before. */
    static Transaction first(long producerId, int timeoutMs, long nowMs) {
        return new Transaction(producerId, producerId, NO_ID, 0, timeoutMs, TransactionStatus.EMPTY, NONE,
                nowMs, NO_TIME, 0);
    }

    /** The producer has this identity from now on, and is in no transaction. */
    Transaction identified(Identity identity, int timeoutMs, long nowMs) {
        return new Transaction(identity.producerId(), producerId, NO_ID, identity.producerEpoch(), timeoutMs,
                TransactionStatus.EMPTY, NONE, nowMs, NO_TIME, clientVersion);
    }

    /** Whether no epoch is left for the producer behind the present one. A new producer id is needed then. */
    boolean exhausted() {
        return producerEpoch >= LAST_EPOCH;
    }

    /** The partitions belong to the transaction too, which begins where there is none. */
    Transaction with(Collection<TopicPartition> added, int clientVersion, long nowMs) {
        var all = new TreeSet<>(partitions);
        all.addAll(added);
        long beganMs = status == TransactionStatus.ONGOING ? startMs : nowMs;
        return new Transaction(producerId, producerId, NO_ID, producerEpoch, timeoutMs,
                TransactionStatus.ONGOING, Collections.unmodifiableSortedSet(all), nowMs, beganMs,
                clientVersion);
    }

    /**
     * It is decided how the transaction ends; what is left is to write the markers. One that has not begun
     * may end as well, for the epoch that follows.
     *
     * @param raised whether the epoch is raised, so that the markers shut out what comes late
     * @param clientVersion the version of the protocol by which it ends
     * @param nextProducerId a new id where the epochs are used up, else -1
     */
    Transaction ending(boolean commit, boolean raised, int clientVersion, long nextProducerId, long nowMs) {
        int epoch = raised ? Math.min(producerEpoch + 1, LAST_EPOCH + 1) : producerEpoch;
        var decided = commit ? TransactionStatus.PREPARE_COMMIT : TransactionStatus.PREPARE_ABORT;
        long beganMs = status == TransactionStatus.ONGOING ? startMs : nowMs;
        return new Transaction(producerId, producerId, nextProducerId, epoch, timeoutMs, decided, partitions,
                nowMs, beganMs, clientVersion);
    }

    /** All markers are written. */
    Transaction ended(long nowMs) {
        var ended = status == TransactionStatus.PREPARE_COMMIT ? TransactionStatus.COMPLETE_COMMIT
                : TransactionStatus.COMPLETE_ABORT;
        boolean another = nextProducerId != NO_ID;
        return new Transaction(another ? nextProducerId : producerId, producerId, NO_ID,
                another ? 0 : producerEpoch, timeoutMs, ended, NONE, nowMs, startMs, clientVersion);
    }

    /** Who the producer is as soon as the transaction has ended. */
    Identity identity() {
        return nextProducerId == NO_ID ? Identity.of(producerId, producerEpoch)
                : Identity.of(nextProducerId, 0);
    }

    /** Whether it is decided how the transaction ends, and not every marker is known to be written. */
    boolean ends() {
        return status == TransactionStatus.PREPARE_COMMIT || status == TransactionStatus.PREPARE_ABORT;
    }

    /** The numbers of the partitions, by topic. */
    public Map<String, List<Integer>> byTopic() {
        var topics = new TreeMap<String, List<Integer>>();
        for (var each : partitions) {
            topics.computeIfAbsent(each.topic(), topic -> new ArrayList<>()).add(each.partition());
        }
        return topics;
    }
}
