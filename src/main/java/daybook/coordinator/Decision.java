package daybook.coordinator;

import daybook.wire.ErrorCode;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * What an event comes to. The records are written as one batch, whole or not at all, and then replayed; where
 * they cannot be written {@code refused} is told why, and the state is as it was before.
 *
 * @param producer whose transaction the records belong to, so that they hold when it is committed; null for
 *     records that hold at once
 * @param records what to write, in order; none changes nothing
 * @param anySize whether they may be more than the log takes of others: for what has to be written sometime,
 *     and is larger than what was written before by a few bytes at most
 * @param answer what who asked gets; it may be completed by a later event, under the lock of the shard
 * @param refused called under the lock of the shard
 * @param <R> the records
 * @param <T> the answer
 */
public record Decision<R, T>(Producer producer, List<R> records, boolean anySize,
        CompletableFuture<T> answer, Consumer<ErrorCode> refused) {
    /**
     * One that writes in a transaction.
     *
     * @param verifiedFrom as {@link daybook.log.PartitionLog#append} tells it
     */
    public record Producer(long id, short epoch, long verifiedFrom) { }

    private static final Consumer<ErrorCode> NOTHING = error -> { };

    /** Nothing is written. */
    public static <R, T> Decision<R, T> answer(T answer) {
        return answer(List.of(), answer);
    }

    public static <R, T> Decision<R, T> answer(List<R> records, T answer) {
        return later(records, CompletableFuture.completedFuture(answer));
    }

    /** An answer that a later event, or the replay of these records, completes. */
    public static <R, T> Decision<R, T> later(List<R> records, CompletableFuture<T> answer) {
        return new Decision<>(null, records, false, answer, NOTHING);
    }

    /** Records of a transaction, which the log refuses where it knows that this one is not open. */
    public static <R, T> Decision<R, T> transactional(Producer producer, List<R> records, T answer) {
        return new Decision<>(producer, records, false, CompletableFuture.completedFuture(answer), NOTHING);
    }

    /** Records that nobody asked for. */
    public static <R> Decision<R, Void> write(List<R> records) {
        return answer(records, null);
    }

    /** This one, with what else is to be done where its records cannot be written. */
    public Decision<R, T> orElse(Consumer<ErrorCode> otherwise) {
        return new Decision<>(producer, records, anySize, answer, refused.andThen(otherwise));
    }

    /** This one, whose records are written however large they are. */
    public Decision<R, T> ofAnySize() {
        return new Decision<>(producer, records, true, answer, refused);
    }
}
