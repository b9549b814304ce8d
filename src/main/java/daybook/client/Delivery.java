package daybook.client;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * What becomes of one record that was sent: a {@link Receipt}, or the {@link ClientException} that it failed
 * with. It holds its batch and its place in it and no more, for there is one for every record.
 */
public final class Delivery implements Future<Receipt> {
    private final Batch batch;
    private final int index;
    /** Less the batch's first; the batch takes no record for which it does not fit. */
    private final int timestampDeltaMs;

    Delivery(Batch batch, int index, int timestampDeltaMs) {
        this.batch = batch;
        this.index = index;
        this.timestampDeltaMs = timestampDeltaMs;
    }

    /**
     * Waits for it, as {@link #get} does, without checked exceptions.
     *
     * @throws ClientException what it failed with
     */
    public Receipt join() {
        try {
            batch.await(Long.MAX_VALUE);
            return batch.receipt(index, timestampDeltaMs);
        } catch (InterruptedException stop) {
            throw ClientException.interrupted(stop);
        }
    }

    /** @throws ExecutionException with a {@link ClientException} as its cause */
    @Override
    public Receipt get() throws InterruptedException, ExecutionException {
        batch.await(Long.MAX_VALUE);
        try {
            return batch.receipt(index, timestampDeltaMs);
        } catch (ClientException failed) {
            throw new ExecutionException(failed);
        }
    }

    @Override
    public Receipt get(long timeout, TimeUnit unit)
            throws InterruptedException, ExecutionException, TimeoutException {
        if (!batch.await(unit.toNanos(timeout))) {
            throw new TimeoutException();
        }
        return get();
    }

    /**
     * When it was done, however late this is asked: for measuring, without a thread that waits for each.
     *
     * @return as {@link System#nanoTime}; 0 where it is not done
     */
    public long settledNanos() {
        return isDone() ? batch.settledNanos() : 0;
    }

    @Override
    public boolean isDone() {
        return batch.isDone();
    }

    /** A record that was sent cannot be called back: false. */
    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        return false;
    }

    @Override
    public boolean isCancelled() {
        return false;
    }
}
