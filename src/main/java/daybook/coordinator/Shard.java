package daybook.coordinator;

import daybook.coordinator.Decision.Producer;
import daybook.log.Appended;
import daybook.log.LogReader;
import daybook.log.PartitionLog;
import daybook.record.BatchBuilder;
import daybook.record.RecordBatch;
import daybook.record.TransactionMarker;
import daybook.wire.ErrorCode;
import daybook.wire.MalformedException;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One partition of an internal topic with the state that its records make. Any thread may ask.
 *
 * @param <S> the state
 * @param <R> the records
 */
public final class Shard<S extends State<R>, R> {
    /** Decides what an event comes to; it must not block. */
    public interface Event<S, R, T> {
        /** @param nowMs milliseconds of the clock that never jumps, for deadlines */
        Decision<R, T> decide(S state, long nowMs);
    }

    private static final System.Logger LOG = System.getLogger("daybook.coordinator");
    /** The most memory that opening one batch of the log may take. */
    private static final int BATCH_LIMIT_BYTES = 1 << 26;

    private static final long NEVER = Long.MAX_VALUE;
    private static final long ENDED = Long.MIN_VALUE;
    /** How long is waited before a log that could not be replayed is replayed again. */
    private static final long RELOAD_MS = 30_000;

    private final PartitionLog log;
    private final Format<R> format;
    private final InstantSource clock;
    private final InstantSource steady;
    private final ReentrantLock lock = new ReentrantLock();
    /** Guarded by {@link #lock}. */
    private final S state;
    /** What events are refused with; NONE once the log is replayed. Written under {@link #lock}. */
    private volatile ErrorCode status = ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;
    /** Behind the last batch written here. Written under {@link #lock}. */
    private volatile long writtenOffset;
    /** When the state is due next, as last seen. Written under {@link #lock}. */
    private volatile long dueMs = Long.MAX_VALUE;
    /** From when on another shard may be made in its place; {@link #NEVER} while this one is of use. */
    private volatile long overMs = NEVER;
    /** How to refuse those whose answer a later event is to give. Guarded by {@link #lock}. */
    private final Map<CompletableFuture<?>, Runnable> waiting = new IdentityHashMap<>();

    Shard(PartitionLog log, Format<R> format, S state, InstantSource clock, InstantSource steady) {
        this.log = log;
        this.format = format;
        this.state = state;
        this.clock = clock;
        this.steady = steady;
    }

    PartitionLog log() {
        return log;
    }

    long dueMs() {
        return dueMs;
    }

    /** Whether another shard may be made in its place. */
    boolean over() {
        return overMs != NEVER && overMs <= steady.millis();
    }

    /**
     * Has the state decide on an event, writes what that needs and replays it.
     *
     * @param refused makes an answer of an error: the state cannot be asked now, or the log not written
     */
    public <T> Reply<T> ask(Function<ErrorCode, T> refused, Event<S, R, T> event) {
        return inTurn(error -> Reply.refusal(error, refused), () -> {
            var decision = event.decide(state, steady.millis());
            var error = write(decision);
            if (error != ErrorCode.NONE) {
                return Reply.refusal(error, refused);
            }
            keep(decision.answer(), refused);
            long restsOn = decision.answer().isDone() ? writtenOffset : Reply.ALL;
            return new Reply<>(decision.answer(), refused, this, restsOn);
        });
    }

    /** Has the state to itself for a while, unless it cannot be asked now. */
    private <T> T inTurn(Function<ErrorCode, T> refused, Supplier<T> turn) {
        // Not to wait for the lock, which is held for as long as the log is replayed. Read once: a refusal
        // without an error would pass for an answer.
        var early = status;
        if (early != ErrorCode.NONE) {
            return refused.apply(early);
        }
        lock.lock();
        try {
            return status == ErrorCode.NONE ? turn.get() : refused.apply(status);
        } finally {
            seen();
            lock.unlock();
        }
    }

    /** Remembers who waits, while they do, for the end of the shard. Under {@link #lock}. */
    private <T> void keep(CompletableFuture<T> answer, Function<ErrorCode, T> refused) {
        if (!answer.isDone()) {
            waiting.put(answer, () -> answer.complete(refused.apply(ErrorCode.NOT_COORDINATOR)));
            answer.thenRun(() -> waiting.remove(answer));
        }
    }

    /** Waits until what was written before {@code offset} is on the disk; false where it cannot be. */
    boolean awaitForced(long offset) {
        return log.awaitForced(Math.min(offset, writtenOffset));
    }

    /** Decides all that is due by now. Where that is much, those who ask have their turn between. */
    void decideDue() {
        boolean more = true;
        while (more) {
            more = inTurn(error -> false, this::decideOneDue);
        }
    }

    /** False where nothing is due. Under {@link #lock}. */
    private boolean decideOneDue() {
        long nowMs = steady.millis();
        if (state.dueMs() > nowMs) {
            return false;
        }
        write(state.due(nowMs));
        return true;
    }

    /** From now on this partition is not here; who waits for an answer is told. */
    void end() {
        overMs = ENDED;
        lock.lock();
        try {
            status = ErrorCode.NOT_COORDINATOR;
            dueMs = Long.MAX_VALUE;
            List.copyOf(waiting.values()).forEach(Runnable::run);
        } finally {
            lock.unlock();
        }
    }

    /** Remembers when the state is due, for the thread that waits for it. Under {@link #lock}. */
    private void seen() {
        dueMs = status == ErrorCode.NONE ? state.dueMs() : Long.MAX_VALUE;
    }

    /**
     * Appends the marker that ends a producer's transaction, and has the state settle what it kept of it. The
     * answer is NONE once the marker is on the disk, also where the state failed over it: the one that is
     * made of the log in its place finds the marker there. What the log answers waits for the disk too, since
     * it rests on an earlier marker where this one comes again.
     *
     * @param transactionVersion as {@link PartitionLog#appendMarker} asks for it
     */
    Reply<ErrorCode> endTransaction(long producerId, short producerEpoch, TransactionMarker marker,
            int transactionVersion) {
        return inTurn(error -> Reply.refusal(error, refusal -> refusal), () -> {
            var told = written(log.appendMarker(producerId, producerEpoch, marker, transactionVersion));
            if (told == ErrorCode.NONE) {
                replayed(() -> state.ended(producerId, marker.commit()));
            }
            return new Reply<>(CompletableFuture.completedFuture(told), error -> error, this, writtenOffset);
        });
    }

    /** Under {@link #lock}. */
    private ErrorCode write(Decision<R, ?> decision) {
        if (decision.records().isEmpty()) {
            return ErrorCode.NONE;
        }
        var error = append(decision);
        if (error == ErrorCode.NONE) {
            return replayed(() -> replay(decision)) ? ErrorCode.NONE : ErrorCode.NOT_COORDINATOR;
        }
        decision.refused().accept(error);
        return error;
    }

    private void replay(Decision<R, ?> decision) {
        for (var record : decision.records()) {
            if (decision.producer() == null) {
                state.replay(record);
            } else {
                state.replay(decision.producer().id(), record);
            }
        }
    }

    /** A state that has replayed only some of what was written is none; another one is made of the log. */
    private boolean replayed(Runnable written) {
        try {
            written.run();
            return true;
        } catch (RuntimeException | Error failed) {
            LOG.log(Level.ERROR, log.partition() + " is replayed anew, for what was written last was not"
                    + " replayed whole", failed);
            end();
            return false;
        }
    }

    /** Under {@link #lock}. */
    private ErrorCode append(Decision<R, ?> decision) {
        var producer = decision.producer();
        var batch = encode(producer, decision.records());
        boolean fits = batch != null
                && (decision.anySize() || batch.remaining() <= log.config().maxMessageBytes());
        if (!fits) {
            return ErrorCode.UNKNOWN_SERVER_ERROR;
        }
        return written(log.appendOwn(batch,
                producer == null ? PartitionLog.NOT_VERIFIED : producer.verifiedFrom()));
    }

    /** Under {@link #lock}. */
    private ErrorCode written(Appended appended) {
        switch (appended) {
            case Appended.Done done -> {
                writtenOffset = done.nextOffset();
                log.requestForce(writtenOffset);
                return ErrorCode.NONE;
            }
            case Appended.Refused refused -> {
                return told(refused.error());
            }
        }
    }

    /** What is wrong with the producer is told; what is wrong with the log may be right with the next try. */
    private static ErrorCode told(ErrorCode refused) {
        return switch (refused) {
            case INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE, TRANSACTION_COORDINATOR_FENCED -> refused;
            default -> ErrorCode.COORDINATOR_NOT_AVAILABLE;
        };
    }

    /** Null where the records hold what their format cannot: the fault of who asked, and of nobody else. */
    private ByteBuffer encode(Producer producer, List<R> records) {
        try {
            var entries = new ArrayList<BatchBuilder.Entry>(records.size());
            for (var record : records) {
                entries.add(format.encode(record));
            }
            return producer == null ? BatchBuilder.plain(clock.millis(), entries)
                    : BatchBuilder.transactional(clock.millis(), producer.id(), producer.epoch(), entries);
        } catch (MalformedException unfit) {
            LOG.log(Level.WARNING, "Records cannot be written to {0}: {1}", log.partition(),
                    unfit.getMessage());
            return null;
        }
    }

    /** Replays the log; from then on the shard can be asked. Called once. */
    void load() {
        lock.lock();
        try {
            replayLog();
            writtenOffset = log.endOffset();
            // Before the state is told: who it sets to work then may ask at once, and waits for the lock.
            status = overMs == ENDED ? ErrorCode.NOT_COORDINATOR : ErrorCode.NONE;
            state.loaded(steady.millis());
        } catch (IOException | RuntimeException | Error failed) {
            status = ErrorCode.NOT_COORDINATOR;
            overMs = steady.millis() + RELOAD_MS;
            LOG.log(Level.ERROR, log.partition() + " cannot be replayed: what it keeps is not served; this is"
                    + " tried again in " + RELOAD_MS / 1_000 + " s", failed);
        } finally {
            seen();
            lock.unlock();
        }
    }

    private void replayLog() throws IOException {
        var reader = new LogReader(log, log.startOffset());
        for (var batch = reader.next(); batch != null && overMs != ENDED; batch = reader.next()) {
            var marker = TransactionMarker.of(batch);
            if (marker != null) {
                state.ended(batch.producerId(), marker.commit());
            } else if (!batch.control()) {
                replay(batch);
            }
        }
    }

    private void replay(RecordBatch batch) {
        for (var each : batch.records(BATCH_LIMIT_BYTES)) {
            var record = each.key() == null ? null : format.decode(each.key(), each.value());
            if (record != null && batch.transactional()) {
                state.replay(batch.producerId(), record);
            } else if (record != null) {
                state.replay(record);
            }
        }
    }
}
