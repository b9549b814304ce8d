package daybook.coordinator;

import daybook.wire.ErrorCode;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * The answer to an event, for the thread of who asked.
 *
 * @param refused makes an answer of an error
 * @param shard null where the answer rests on nothing written
 * @param restsOn the offset behind all that the answer rests on; {@link #ALL} for one that is not there yet
 */
public record Reply<T>(CompletableFuture<T> answer, Function<ErrorCode, T> refused, Shard<?, ?> shard,
        long restsOn) {
    /** What is written when the answer is there. */
    static final long ALL = Long.MAX_VALUE;

    /** An answer that rests on nothing written. */
    static <T> Reply<T> refusal(ErrorCode error, Function<ErrorCode, T> refused) {
        return new Reply<>(CompletableFuture.completedFuture(refused.apply(error)), refused, null, 0);
    }

    /**
     * Returns the answer once it is there, and all that was written before it is on the disk; or the refusal
     * where the disk failed.
     */
    public T await() {
        T value = answer.join();
        return shard == null || shard.awaitForced(restsOn) ? value : refused.apply(ErrorCode.NOT_COORDINATOR);
    }

    /**
     * As {@link #await()}, for as long as that is worthwhile; then the refusal. The thread is unparked by who
     * makes it no longer worthwhile.
     */
    public T await(BooleanSupplier worthwhile) {
        var waiter = Thread.currentThread();
        answer.thenRun(() -> LockSupport.unpark(waiter));
        while (!answer.isDone() && worthwhile.getAsBoolean()) {
            LockSupport.park(this);
        }
        return answer.isDone() ? await() : refused.apply(ErrorCode.NOT_COORDINATOR);
    }
}
