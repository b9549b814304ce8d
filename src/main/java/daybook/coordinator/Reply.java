package daybook.coordinator;

import daybook.wire.ErrorCode;

import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * The answer to an event, for the thread of who asked.
 *
 * @param shard null where there was none to ask
 * @param refused makes an answer of an error
 */
public record Reply<T>(CompletableFuture<T> answer, Shard<?, ?> shard, Function<ErrorCode, T> refused) {
    /** An answer that rests on nothing written. */
    static <T> Reply<T> refusal(ErrorCode error, Function<ErrorCode, T> refused) {
        return new Reply<>(CompletableFuture.completedFuture(refused.apply(error)), null, refused);
    }

    /**
     * Returns the answer once it is there, and all that was written before it is on the disk; or the refusal
     * where the disk failed.
     */
    public T await() {
        T value = answer.join();
        return shard == null || shard.awaitForced() ? value : refused.apply(ErrorCode.NOT_COORDINATOR);
    }
}
