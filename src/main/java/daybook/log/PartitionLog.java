package daybook.log;

import daybook.record.RecordBatch;
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
    /** Behind the last batch. Written under {@link #lock}, after the batch. */
    private volatile Segments.End end;
    /**
     * What readers may see: with one replica, all that was written, or, once a force failed, that was forced.
     * Written under {@link #lock}.
     */
    private volatile Segments.End highWatermark;
    /**
     * Where the oldest transaction begins that has not ended; null where there is none. Written under {@link
     * #lock}, before a high watermark that is behind it.
     */
    private volatile Segments.End firstUnstable;
    /** Whether the log takes no batches any more. */
    private volatile boolean refusesWrites;
    /**
     * Whether a replacement failed, so that there may be files of it, or of what it was to replace, which
     * only the next start settles. Guarded by {@link #lock}.
     */
    private boolean halfReplaced;
    /** Written under {@link #lock}. */
    private volatile boolean closed;
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
        this.end = new Segments.End(recovered.endOffset(), active, active.sizeBytes());
        this.highWatermark = end;
        this.firstUnstable = recovered.firstUnstable();
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
        return end.offset();
    }

    public long highWatermark() {
        return highWatermark.offset();
    }

    /** All before it belongs to no transaction, or to one that has ended. */
    public long lastStableOffset() {
        return Math.max(stable(highWatermark).offset(), startOffset);
    }

    /**
     * What those may see who want committed records only. The watermark was read before: so the oldest
     * transaction of all that it covers is known here, or has ended.
     */
    private Segments.End stable(Segments.End watermark) {
        var unstable = firstUnstable;
        return unstable == null || unstable.offset() >= watermark.offset() ? watermark : unstable;
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
            epochs.note(epoch, end.offset());
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
            force(end.offset());
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
     * Appends what a client sent for this partition. Offset, leader epoch and perhaps the time are stamped in
     * place, unless the topic has another codec than the batch: then it is written anew, before the lock.
     *
     * @param records the bytes from position to limit; they must be exactly one batch of magic 2
     */
    public Appended append(ByteBuffer records) {
        long nowMs = home.clock().millis();
        var check = new BatchCheck(config, partition, startOffset, nowMs);
        var refusal = check.refusal(records.duplicate());
        if (refusal != null) {
            return refusal;
        }
        var bytes = check.accepted();
        return append(bytes, new RecordBatch(bytes, bytes.position()), nowMs, true);
    }

    /** Appends a batch of the broker's own, such as a marker that ends a transaction, without checks. */
    public Appended appendOwn(ByteBuffer batch) {
        var bytes = batch.duplicate();
        return append(bytes, new RecordBatch(bytes, bytes.position()), home.clock().millis(), false);
    }

    private Appended append(ByteBuffer bytes, RecordBatch batch, long nowMs, boolean fromClient) {
        Appended result;
        lock.lock();
        try {
            result = appendLocked(bytes, batch, nowMs, fromClient);
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

    private Appended appendLocked(ByteBuffer bytes, RecordBatch batch, long nowMs, boolean fromClient) {
        int sizeBytes = batch.sizeBytes();
        if (closed || refusesWrites) {
            return BatchCheck.refused(
                    closed ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.KAFKA_STORAGE_ERROR, -1);
        }
        boolean stampTime = fromClient && config.logAppendTime();
        long baseOffset = end.offset();
        try {
            var known = fromClient ? producers.answerOutOfTurn(batch, startOffset, segments) : null;
            if (known != null) {
                return known;
            }
            if (fromClient && !home.space().take(sizeBytes)) {
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
            followTransactions();
            end = new Segments.End(batch.nextOffset(), segment, segment.sizeBytes());
            highWatermark = end;
        } catch (IOException | Error failure) {
            if (failure instanceof IOException && home.space().lacks(sizeBytes) && cutBack()) {
                return BatchCheck.refusedForWantOfRoom();
            }
            // Errors too: an InternalError is how the JVM tells that a mapped index could not be written.
            fail("A batch could not be written", failure);
            return BatchCheck.refused(ErrorCode.KAFKA_STORAGE_ERROR, -1);
        }
        return new Appended.Done(baseOffset, batch.nextOffset(), stampTime ? nowMs : -1, startOffset, false);
    }

    /**
     * Finds the oldest transaction after the end of the one that was, or where there was none. Only for the
     * former a file may have to be read; where that fails, readers stop where they did. Under {@link #lock}.
     */
    private void followTransactions() {
        long first = producers.firstUnstable();
        if (first != (firstUnstable == null ? -1 : firstUnstable.offset())) {
            try {
                firstUnstable = first < 0 ? null : segments.endAt(first);
            } catch (IOException failure) {
                fail("The oldest open transaction cannot be found", failure);
            }
        }
    }

    /** Begins a segment at the log's end. Under {@link #lock}. */
    private Segment roll(long nowMs) throws IOException {
        return segments.roll(producers, end.offset(), config, nowMs);
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
        for (var watcher : watchers) {
            watcher.run();
        }
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
        flusher.request(Math.min(offset, end.offset()));
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
        return flusher.await(Math.min(offset, end.offset()));
    }

    /** Forces all segments with unforced bytes. Called by one thread at a time, from the flusher. */
    private long forceSegments() throws IOException {
        long until = end.offset();
        try {
            for (var segment : segments.from(flusher.forcedOffset())) {
                segment.force();
            }
        } catch (Throwable failure) {
            // Whatever it was: it is not known what is on the disk.
            fail("Forcing to the disk failed", failure);
            hideUnforced();
            throw failure;
        }
        forcedMs = home.clock().millis();
        return until;
    }

    /**
     * Lets readers see no further than what is known to be on the disk: after a force that failed, the page
     * cache may have dropped what it could not write, and give back what was there before.
     */
    private void hideUnforced() {
        lock.lock();
        try {
            highWatermark = segments.endAt(Math.max(startOffset, flusher.forcedOffset()));
        } catch (IOException failure) {
            LOG.log(Level.ERROR, partition + " cannot be read to find what was forced", failure);
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
        if (closed || refusesWrites || unforced >= end.offset()) {
            return;
        }
        if (nowMs - forcedMs >= config.flushMs()) {
            flusher.await(end.offset());
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
        while (true) {
            var watermark = highWatermark;
            var stable = stable(watermark);
            var until = committedOnly ? stable : watermark;
            long from = startOffset;
            long stableOffset = Math.max(stable.offset(), from);
            var seen = segments;
            if (offset < from || offset > end.offset()) {
                return new ReadResult.OutOfRange(watermark.offset(), stableOffset, from);
            }
            try {
                var region = offset >= until.offset() ? null
                        : seen.region(offset, maxBytes, wholeBatch, until);
                if (region != null || offset >= startOffset) {
                    var aborted = committedOnly ? seen.aborted(offset, region, until) : null;
                    return new ReadResult.Data(region, watermark.offset(), stableOffset, from, aborted);
                }
            } catch (IOException failure) {
                if (closed) {
                    return new ReadResult.Failed();
                }
                if (offset >= startOffset && seen == segments) {
                    tellUnreadable(offset, failure);
                    return new ReadResult.Failed();
                }
            }
            // The segment was deleted meanwhile: the offset is now out of range; or it was replaced.
        }
    }

    /** A log that lacks records takes no more of them, as after a start that finds that; it is told once. */
    private void tellUnreadable(long offset, IOException failure) {
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
        return search((seen, from) -> seen.firstFrom(timestampMs, from, highWatermark));
    }

    /**
     * The first record that has the newest time of all.
     *
     * @throws UncheckedIOException if the disk fails
     */
    public Found offsetOfMaxTimestamp() {
        return search((seen, from) -> {
            long newestMs = seen.newestMs(from);
            return newestMs < 0 ? Found.NONE : seen.firstFrom(newestMs, from, highWatermark);
        });
    }

    private interface Search {
        Found in(Segments seen, long startOffset) throws IOException;
    }

    private Found search(Search search) {
        while (true) {
            long from = startOffset;
            var seen = segments;
            try {
                var found = search.in(seen, from);
                if (found != Found.NONE || startOffset == from) {
                    return found;
                }
            } catch (IOException failure) {
                if (closed || startOffset == from && seen == segments) {
                    throw new UncheckedIOException(failure);
                }
            }
            // Segments were deleted or replaced meanwhile.
        }
    }

    /** Where the records of the last epoch that is not above {@code epoch} end. */
    public EpochEnd epochEnd(int epoch) {
        return epochs.end(epoch, end.offset());
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
        long from = offset == -1 ? highWatermark.offset() : offset;
        if (!force(from)) {
            return new Deleted.Failed();
        }
        lock.lock();
        try {
            if (config.onlyCompacted()) {
                return new Deleted.OnlyCompacted();
            }
            if (from < 0 || from > highWatermark.offset()) {
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
                expendable.removeIf(one -> segments.baseAfter(one) > highWatermark.offset());
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
            segments.release();
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
        boolean clean = !refusesWrites && force(end.offset()) && finish();
        segments.release();
        wake();
        return clean;
    }

    private boolean finish() {
        lock.lock();
        try {
            segments.finish(producers, end.offset());
            return true;
        } catch (IOException failure) {
            LOG.log(Level.ERROR, "Closing " + partition + " failed", failure);
            return false;
        } finally {
            lock.unlock();
        }
    }
}
