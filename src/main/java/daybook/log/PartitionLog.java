package daybook.log;

import daybook.record.RecordBatch;
import daybook.record.TransactionMarker;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One partition on disk: batches in the order they came, each with the offset it was given. Appends take the
 * log's lock; reads take none. Any thread may call.
 *
 * <p>A log whose disk failed, or that is damaged where it was known to be whole, takes no batches any more
 * until the broker is started again; what can be read of it is read.
 */
public final class PartitionLog {
    /** A record found by its time; all -1 where there is none. */
    public record Found(long offset, long timestampMs, int leaderEpoch) {
        static final Found NONE = new Found(-1, -1, -1);
    }

    /** Where the log ended before the coordinator of transactions was asked: it was not asked. */
    public static final long NOT_VERIFIED = -1;

    private static final System.Logger LOG = System.getLogger("daybook.log");

    private final Directory home;
    private final Uuid topicId;
    private final TopicPartition partition;
    private final Path directory;
    /** Others where a segment takes the place of some. Written under {@link #lock}. */
    private volatile Segments segments;
    private final LeaderEpochs epochs;
    private final Flusher flusher;
    /** Called after each append. */
    private final Set<Runnable> watchers = ConcurrentHashMap.newKeySet();
    /**
     * Guards appending, rolling, retention and the end. Below {@code Logs.lock}, above the locks of {@link
     * Segment}.
     */
    private final ReentrantLock lock = new ReentrantLock();
    /** Guarded by {@link #lock}. */
    private final ProducerStates producers;
    private volatile LogConfig config;
    /** Written under {@link #lock}. */
    private volatile int leaderEpoch;
    /** Written under {@link #lock}. */
    private volatile long startOffset;
    /** Moved under {@link #lock}. */
    private final Horizon horizon;
    /** Whether the log takes no batches any more. */
    private volatile boolean refusesWrites;
    /** Whether transactions have ended whose markers are still to be forced. Written under {@link #lock}. */
    private volatile boolean settles;
    /**
     * Whether a replacement failed, so that there may be files of it, or of what it was to replace, which
     * only the next start settles. Guarded by {@link #lock}.
     */
    private boolean halfReplaced;
    /** Written under {@link #lock}. */
    private volatile boolean closed;
    /** Whether its directory was put aside. Written under {@link #lock}. */
    private volatile boolean deleted;
    /** When bytes were last forced, in milliseconds since 1970. */
    private volatile long forcedMs;

    PartitionLog(Directory home, Logs.Expected expected, Path directory, Recovery.State recovered) {
        this.home = home;
        this.topicId = expected.topicId();
        this.partition = expected.partition();
        this.config = expected.config();
        this.directory = directory;
        this.segments = recovered.segments();
        this.epochs = recovered.epochs();
        this.producers = recovered.producers();
        this.startOffset = recovered.startOffset();
        this.refusesWrites = recovered.flaw() != null;
        var active = segments.active();
        var end = new Segments.End(recovered.endOffset(), active, active.sizeBytes());
        this.horizon = new Horizon(end, recovered.firstUnstable());
        this.forcedMs = home.clock().millis();
        lead(expected.leaderEpoch());
        this.flusher = new Flusher(recovered.recoveryPoint(), this::forceSegments, home.forcers());
    }

    public Uuid topicId() {
        return topicId;
    }

    public TopicPartition partition() {
        return partition;
    }

    public Path directory() {
        return directory;
    }

    /** The id of the log directory that it is in. */
    public Uuid directoryId() {
        return home.id();
    }

    /** The first offset that can be read. */
    public long startOffset() {
        return startOffset;
    }

    /** The offset that the next record will have. */
    public long endOffset() {
        return horizon.endOffset();
    }

    public long highWatermark() {
        return horizon.highWatermark().offset();
    }

    /** All before it belongs to no transaction, or to one that has ended, with a marker on the disk. */
    public long lastStableOffset() {
        return Math.max(horizon.stable(horizon.highWatermark()).offset(), startOffset);
    }

    public int leaderEpoch() {
        return leaderEpoch;
    }

    public long sizeBytes() {
        return segments.sizeBytes();
    }

    /** Later batches are stamped with this epoch; its file knows of it from the first of them on. */
    public void lead(int epoch) {
        lock.lock();
        try {
            leaderEpoch = epoch;
            epochs.note(epoch, endOffset());
        } finally {
            lock.unlock();
        }
    }

    /**
     * From now on the log goes by this configuration. Where compaction is switched on, all is forced: a start
     * cannot tell a hole that a power cut made from records that were compacted.
     */
    public void configure(LogConfig config) {
        boolean compactsNow = this.config.compaction() == null && config.compaction() != null;
        this.config = config;
        if (compactsNow) {
            force(endOffset());
        }
    }

    /** The configuration that the log goes by. */
    public LogConfig config() {
        return config;
    }

    /**
     * Has {@code onAppend} called after each append, and when the log goes, by a thread it must not hold up.
     */
    public void watch(Runnable onAppend) {
        watchers.add(onAppend);
    }

    public void unwatch(Runnable onAppend) {
        watchers.remove(onAppend);
    }

    // Appending.

    /**
     * Whether the producer with just this epoch is in a transaction here: its batches need not be verified.
     */
    public boolean inTransaction(long producerId, int producerEpoch) {
        lock.lock();
        try {
            return producers.inTransaction(producerId, producerEpoch);
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #append(ByteBuffer, long, boolean)}, where the coordinator was not asked. */
    public Appended append(ByteBuffer records) {
        return append(records, NOT_VERIFIED, false);
    }

    /**
     * Appends what a client sent for this partition. Offset, leader epoch and perhaps the time are stamped in
     * place, unless the topic has another codec than the batch: then it is written anew, before the lock.
     *
     * <p>A batch that begins a transaction here is refused unless the coordinator has it (KIP-890): else
     * nobody would end it. What ends between the question and the append leaves its marker behind the offset
     * where the log ended before.
     *
     * @param records the bytes from position to limit; they must be exactly one batch of magic 2
     * @param verifiedFrom where the log ended before the coordinator was asked whether the partition is in
     *     the producer's transaction, which it said it is; {@link #NOT_VERIFIED} where it was not asked
     * @param fromZero whether a transaction of a producer that the log does not know must begin with sequence
     *     number 0, since the producer counts each transaction from there
     */
    public Appended append(ByteBuffer records, long verifiedFrom, boolean fromZero) {
        long nowMs = home.clock().millis();
        var check = new BatchCheck(config, partition, startOffset, nowMs);
        var refusal = check.refusal(records.duplicate());
        return refusal != null ? refusal
                : append(check.accepted(), nowMs, new Origin.Client(verifiedFrom, fromZero));
    }

    /** As {@link #appendOwn(ByteBuffer, long)}, for what belongs to no transaction. */
    public Appended appendOwn(ByteBuffer batch) {
        return appendOwn(batch, NOT_VERIFIED);
    }

    /**
     * Appends a batch of the broker's own. It may use up what is kept free of the disk.
     *
     * @param verifiedFrom as {@link #append(ByteBuffer, long, boolean)} tells it, where the batch is a
     *     producer's
     */
    public Appended appendOwn(ByteBuffer batch, long verifiedFrom) {
        return append(batch.duplicate(), home.clock().millis(), new Origin.Own(verifiedFrom));
    }

    /**
     * Ends the producer's transaction, if it has one here; so that it can also be ended on a full disk, the
     * marker may use up what is kept free of it. Readers of committed records see the end of the transaction
     * once the marker is on the disk, for which who ends it asks. Where each transaction ends with a new
     * epoch and INVALID_PRODUCER_EPOCH is answered, the marker was there before, or the producer is further
     * on.
     *
     * @param producerEpoch that of the transaction, or the one with which it ends (KIP-890)
     * @param transactionVersion that of the transaction's protocol: from 2 on it ends with a new epoch
     */
    public Appended appendMarker(long producerId, short producerEpoch, TransactionMarker marker,
            int transactionVersion) {
        long nowMs = home.clock().millis();
        return append(marker.batch(producerId, producerEpoch, nowMs), nowMs,
                new Origin.Ending(marker, transactionVersion));
    }

    /** Returns once the append that is under way, if there is one, has ended. */
    void awaitAppend() {
        lock.lock();
        lock.unlock();
    }

    private Appended append(ByteBuffer bytes, long nowMs, Origin origin) {
        Appended result;
        lock.lock();
        try {
            result = appendLocked(bytes, new RecordBatch(bytes, bytes.position()), nowMs, origin);
        } finally {
            lock.unlock();
        }
        if (result instanceof Appended.Done done && !done.duplicate()) {
            wake();
            boolean flush = done.nextOffset() - flusher.forcedOffset() >= config.flushMessages();
            if (flush && !flusher.await(done.nextOffset())) {
                return BatchCheck.refused(ErrorCode.KAFKA_STORAGE_ERROR, -1);
            }
        }
        return result;
    }

    private Appended appendLocked(ByteBuffer bytes, RecordBatch batch, long nowMs, Origin origin) {
        int sizeBytes = batch.sizeBytes();
        if (closed || refusesWrites) {
            return BatchCheck.refused(
                    closed ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.KAFKA_STORAGE_ERROR, -1);
        }
        boolean stampTime = config.logAppendTime();
        long baseOffset = endOffset();
        try {
            var answer = producers.answer(batch, origin, startOffset, segments);
            if (answer != null) {
                return answer;
            }
            if (origin instanceof Origin.Client && !home.space().take(sizeBytes)) {
                return BatchCheck.refusedForWantOfRoom();
            }
            batch.stamp(baseOffset, leaderEpoch);
            if (stampTime) {
                batch.stampLogAppendTime(nowMs);
            }
            var segment = segments.active();
            if (segment.full(config, batch, nowMs)) {
                segment = roll(nowMs);
            }
            epochs.write();
            segment.append(bytes, batch, producers.aborted(batch));
            producers.note(batch, nowMs);
            if (!home.forceAcksAll()) {
                producers.settle(batch.nextOffset());
            }
            settles = producers.settles();
            advance(new Segments.End(batch.nextOffset(), segment, segment.sizeBytes()));
        } catch (IOException | Error failure) {
            if (failure instanceof IOException write && home.space().lacked(write, sizeBytes) && cutBack()) {
                return BatchCheck.refusedForWantOfRoom();
            }
            // Errors too: an InternalError is how the JVM tells that a mapped index could not be written.
            fail("A batch could not be written", failure);
            return BatchCheck.refused(ErrorCode.KAFKA_STORAGE_ERROR, -1);
        }
        return new Appended.Done(baseOffset, batch.nextOffset(), stampTime ? nowMs : -1, startOffset, false);
    }

    /** Lets readers see what was written before this end. Under {@link #lock}. */
    private void advance(Segments.End end) {
        try {
            horizon.advance(end, producers.firstUnstable(), segments);
        } catch (IOException failure) {
            fail("The oldest open transaction cannot be found", failure);
        }
    }

    /** Begins a segment at the log's end. Under {@link #lock}. */
    private Segment roll(long nowMs) throws IOException {
        return segments.roll(producers, endOffset(), config, nowMs);
    }

    /** As {@link #roll}, for a log that goes on with its last segment where that fails. */
    private boolean rolled(long nowMs) {
        try {
            roll(nowMs);
            return true;
        } catch (IOException failure) {
            LOG.log(Level.ERROR, "Rolling " + partition + " failed", failure);
        } catch (Error failure) {
            fail("A segment could not be rolled", failure);
        }
        return false;
    }

    /** After a write that failed: whether the log is again as it was before. Under {@link #lock}. */
    private boolean cutBack() {
        try {
            segments.active().cut();
            return true;
        } catch (IOException failure) {
            return false;
        }
    }

    private void wake() {
        watchers.forEach(Runnable::run);
    }

    private void fail(String what, Throwable failure) {
        refusesWrites = true;
        home.noteFailure(directory);
        LOG.log(Level.ERROR, what + ": " + partition + " in " + directory
                + " takes no batches until the broker is started again", failure);
    }

    // Forcing.

    /**
     * Has all before {@code offset} forced soon, where the broker forces.
     *
     * @return whether {@link #awaitForced} may have to wait for it
     */
    public boolean requestForce(long offset) {
        if (!home.forceAcksAll() || flusher.forcedOffset() >= offset) {
            return false;
        }
        flusher.request(Math.min(offset, endOffset()));
        return true;
    }

    /**
     * Returns once all before {@code offset} is on the disk, forcing together with all who wait.
     *
     * @return false where that failed: the log then refuses writes; true at once where the broker does not
     *     force
     */
    public boolean awaitForced(long offset) {
        return !home.forceAcksAll() || force(offset);
    }

    /** As {@link #awaitForced}, whatever the broker's durability. */
    public boolean force(long offset) {
        return flusher.await(Math.min(offset, endOffset()));
    }

    /** Forces all segments with unforced bytes. Called by one thread at a time, from the flusher. */
    private long forceSegments() throws IOException {
        long until = endOffset();
        try {
            segments.force(flusher.forcedOffset());
            if (segments.takeUnforced() | epochs.takeUnforced()) {
                home.forceNames(directory);
            }
        } catch (Throwable failure) {
            // Whatever it was: it is not known what is on the disk. Of a log that is gone nobody asks: its
            // files have other names by now, and their directory's may be that of another log.
            if (!deleted) {
                fail("Forcing to the disk failed", failure);
                hideUnforced();
            }
            throw failure;
        }
        forcedMs = home.clock().millis();
        if (settles) {
            settle(until);
        }
        return until;
    }

    /**
     * Lets readers of committed records see the transactions whose markers are on the disk now: before, a
     * power cut would have opened them again.
     */
    private void settle(long forcedOffset) {
        lock.lock();
        try {
            if (!closed && producers.settle(forcedOffset)) {
                settles = producers.settles();
                horizon.settle(producers.firstUnstable(), segments);
            }
        } catch (IOException failure) {
            fail("The oldest open transaction cannot be found", failure);
        } finally {
            lock.unlock();
        }
        wake();
    }

    /**
     * Lets readers see no further than what is known to be on the disk: after a force that failed, the page
     * cache may have dropped what it could not write, and give back what was there before.
     */
    private void hideUnforced() {
        lock.lock();
        try {
            horizon.hideFrom(segments.endNear(Math.max(startOffset, flusher.forcedOffset())));
        } finally {
            lock.unlock();
        }
    }

    /** All before this offset is known to be on the disk. */
    long recoveryPoint() {
        return flusher.forcedOffset();
    }

    /** Whether the log's first segment holds records before the start offset. */
    boolean beginsInsideSegment() {
        return startOffset > segments.firstBase();
    }

    /** Forces segments that were rolled, and what has waited for {@code flush.ms}. */
    void forceWhatIsDue(long nowMs) {
        long unforced = flusher.forcedOffset();
        if (closed || refusesWrites || unforced >= endOffset()) {
            return;
        }
        if (nowMs - forcedMs >= config.flushMs()) {
            flusher.await(endOffset());
        } else {
            flusher.await(segments.active().baseOffset());
        }
    }

    // Reading.

    /**
     * The bytes from the batch that holds {@code offset} on, never past the high watermark.
     *
     * @param maxBytes at most so many, but all of the first batch where {@code wholeBatch}
     * @param committedOnly not past the last stable offset either
     */
    public ReadResult read(long offset, int maxBytes, boolean wholeBatch, boolean committedOnly) {
        return new LogRead(this, offset, maxBytes, wholeBatch, committedOnly).result();
    }

    /** A log that lacks records takes no more of them, as after a start that finds that; it is told once. */
    void tellUnreadable(long offset, IOException failure) {
        if (!(failure instanceof Segments.RecordsMissing)) {
            LOG.log(Level.ERROR, partition + " cannot be read at offset " + offset, failure);
        } else if (!refusesWrites) {
            fail("Records are missing", failure);
        }
    }

    /**
     * The first record whose time is {@code timestampMs} or later.
     *
     * @throws UncheckedIOException if the disk fails
     */
    public Found offsetForTime(long timestampMs) {
        return new TimeSearch(this).first(timestampMs);
    }

    /**
     * The first record that has the newest time of all.
     *
     * @throws UncheckedIOException if the disk fails
     */
    public Found offsetOfMaxTimestamp() {
        return new TimeSearch(this).newest();
    }

    Horizon horizon() {
        return horizon;
    }

    boolean closed() {
        return closed;
    }

    /** Where the records of the last epoch that is not above {@code epoch} end. */
    public EpochEnd epochEnd(int epoch) {
        return epochs.end(epoch, endOffset());
    }

    /** The epoch in which the record at {@code offset} was written; -1 where that is not known. */
    public int epochOf(long offset) {
        return epochs.epochOf(offset);
    }

    /** The idempotent producers that are remembered. */
    public List<ProducerStates.View> producers() {
        lock.lock();
        try {
            return producers.views();
        } finally {
            lock.unlock();
        }
    }

    // Deleting.

    /**
     * Lets the log begin at {@code offset}, for good before this returns; segments wholly before it go. All
     * before it is forced first, lest after a power cut the log ends before it begins.
     *
     * @param offset -1: the high watermark
     */
    public Deleted deleteRecordsBefore(long offset) {
        long from = offset == -1 ? highWatermark() : offset;
        if (!force(from)) {
            return new Deleted.Failed();
        }
        lock.lock();
        try {
            if (config.onlyCompacted()) {
                return new Deleted.OnlyCompacted();
            }
            if (from < 0 || from > highWatermark()) {
                return new Deleted.OutOfRange();
            }
            if (from > startOffset && !closed) {
                startAt(from);
                remove(segments.passed(startOffset), home.clock().millis());
            }
            return new Deleted.Done(startOffset);
        } catch (IOException failure) {
            LOG.log(Level.ERROR, "Deleting records of {0} failed: {1}", partition, failure.toString());
            return new Deleted.Failed();
        } finally {
            lock.unlock();
        }
    }

    /** Moves the start, for good; or not at all where that cannot be written. Under {@link #lock}. */
    private void startAt(long offset) throws IOException {
        long before = startOffset;
        startOffset = offset;
        try {
            home.checkpointStartOffsets();
        } catch (Throwable failure) {
            startOffset = before;
            throw failure;
        }
    }

    /**
     * Deletes the segments that are too old, or more than is to be kept, and forgets producers that have been
     * silent for {@code producerExpirationMs}.
     */
    void retain(long nowMs, long producerExpirationMs) {
        lock.lock();
        try {
            producers.expire(nowMs, producerExpirationMs);
            if (!closed) {
                var expendable = segments.expendable(config, startOffset, nowMs);
                boolean all = !expendable.isEmpty() && expendable.getLast() == segments.active();
                if (all && (refusesWrites || !rolled(nowMs))) {
                    expendable.removeLast();
                }
                // After a force that failed some are hidden: what is in them is told by the next start.
                expendable.removeIf(one -> segments.baseAfter(one) > highWatermark());
                remove(expendable, nowMs);
            }
        } catch (IOException failure) {
            LOG.log(Level.ERROR, "Deleting old segments of " + partition + " failed", failure);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes out the oldest segments. None goes where a replacement failed: the next start would find what is
     * left of it, and the log begin there; as long as all stay, it begins where the checkpoint says.
     */
    private void remove(List<Segment> expendable, long nowMs) throws IOException {
        if (!expendable.isEmpty() && !halfReplaced) {
            startOffset = Math.max(startOffset, segments.baseAfter(expendable.getLast()));
            try {
                // Else a power cut may take all of a log that was never forced, and it begins at 0 again.
                home.forceNames(directory);
                home.deleteLater(segments.remove(expendable), nowMs + config.fileDeleteDelayMs());
            } catch (IOException failure) {
                // A power cut may bring one back with a hole where it was not forced, and all behind it would
                // then be cut: so nothing more is promised.
                if (!home.space().lacks(0)) {
                    fail("Old segments could not be deleted", failure);
                }
                throw failure;
            }
            LOG.log(Level.INFO, "{0} begins at offset {1} now: {2} old segments went", partition,
                    Long.toString(startOffset), expendable.size());
            expendable.forEach(segment -> producers.forgetSnapshot(segment.baseOffset()));
            epochs.keep(startOffset, Long.MAX_VALUE);
            epochs.write();
        }
    }

    // Compacting, by one thread at a time.

    /** Whether the log is there and whole, and still to be compacted. */
    boolean compactable() {
        return !closed && !refusesWrites && config.compaction() != null;
    }

    Directory home() {
        return home;
    }

    Segments segments() {
        return segments;
    }

    /**
     * Deletes the snapshots of producers below this offset, before which records are to go: the marker that
     * ended a transaction which one of them has as open may be gone with them, and it would never end.
     */
    void dropSnapshotsBefore(long offset) throws IOException {
        lock.lock();
        try {
            producers.dropSnapshotsBefore(offset);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Puts a complete segment in the place of others.
     *
     * @return false where the log has ended, or these segments are not all its own any more
     */
    boolean replace(List<Segment> replaced, Segment by) throws IOException {
        lock.lock();
        try {
            if (!compactable() || !segments.hold(replaced)) {
                return false;
            }
            segments = segments.replaced(replaced, by);
            long deleteAtMs = home.clock().millis() + config.fileDeleteDelayMs();
            home.deleteLater(segments.settle(replaced, by), deleteAtMs);
            return true;
        } catch (Throwable failure) {
            halfReplaced = true;
            fail("A compacted segment could not take its place", failure);
            throw failure;
        } finally {
            lock.unlock();
        }
    }

    /** Ends the log, and puts its directory aside, so that the partition is gone at once. */
    void delete() throws IOException {
        lock.lock();
        try {
            closed = true;
            deleted = true;
            segments.end();
            home.delete(directory, partition, config.fileDeleteDelayMs());
        } finally {
            lock.unlock();
            wake();
        }
    }

    /** Forces and closes; true where the log can be trusted as it is at the next start. */
    boolean close() {
        lock.lock();
        try {
            if (closed) {
                return true;
            }
            closed = true;
        } finally {
            lock.unlock();
        }
        boolean clean = !refusesWrites && force(endOffset()) && finish();
        segments.end();
        wake();
        return clean;
    }

    private boolean finish() {
        lock.lock();
        try {
            segments.finish(producers, endOffset());
            return true;
        } catch (IOException failure) {
            LOG.log(Level.ERROR, "Closing " + partition + " failed", failure);
            return false;
        } finally {
            lock.unlock();
        }
    }
}
