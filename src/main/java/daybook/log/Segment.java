package daybook.log;

import daybook.record.RecordBatch;
import daybook.wire.Region;

import java.io.EOFException;
import java.io.IOError;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A run of a log's batches in one file, with its indexes. Batches are only ever added at the end; bytes that
 * were published never change, so readers need no lock, only a lease on the file.
 *
 * <p>Whoever holds the log's lock adds batches; the rest is for any thread.
 */
final class Segment {
    static final String LOG = ".log";
    static final String INDEX = ".index";
    static final String TIME_INDEX = ".timeindex";
    static final String TRANSACTION_INDEX = ".txnindex";
    static final String SNAPSHOT = ".snapshot";
    static final String DELETED = ".deleted";
    /** The end of the names while a segment that is to replace others is written: a start deletes it. */
    static final String CLEANED = ".cleaned";
    /** The end of the names while such a segment takes its place: a start goes on with that. */
    static final String SWAP = ".swap";
    /** The end of the names of all other segments. */
    static final String IN_PLACE = "";
    static final List<String> INDEXES = List.of(INDEX, TIME_INDEX, TRANSACTION_INDEX);
    static final List<String> FILES = List.of(LOG, INDEX, TIME_INDEX, TRANSACTION_INDEX);

    private static final System.Logger LOGGER = System.getLogger("daybook.log");
    private static final long NOT_READ = Long.MIN_VALUE;

    /** Where a batch begins, and its size, or 0 where its header was not looked at. */
    record Place(int position, int sizeBytes) { }

    /** Whether the batch at a cursor may stand where it stands. */
    interface Check {
        boolean holds(BatchCursor cursor) throws IOException;
    }

    private final Disk disk;
    private final Path directory;
    private final long baseOffset;
    private final FileChannel log;
    private final long openedMs;
    private final long jitterMs;
    /** The log's when the segment was opened. */
    private final LogConfig config;
    /** One for the log that owns the segment, and one for each region; at zero the file is closed. */
    private final AtomicInteger leases = new AtomicInteger(1);
    /** Guards that indexes are opened or rebuilt once, and not for a deleted segment. */
    private final ReentrantLock indexLock = new ReentrantLock();
    /** Held while log file and aborted transactions are forced. Nothing is locked under it. */
    private final ReentrantLock forceLock = new ReentrantLock();
    /** Whether such a force failed. Guarded by {@link #forceLock}. */
    private boolean forceFailed;
    /** Whether the file ends on the disk where it ends here, or behind that: nothing was cut since. */
    private volatile boolean endForced = true;
    /** Null until used. Written under {@link #indexLock}. */
    private volatile SegmentIndexes indexes;
    /** Whoever makes the segment loads it. */
    private final AbortedTransactions aborted;
    /** Guarded by {@link #indexLock}. */
    private boolean deleted;
    /** The end of the files' names. Written under the log's lock, or before others see the segment. */
    private volatile String stage;
    /** Bytes of whole batches. Written under the log's lock. */
    private volatile int sizeBytes;
    /**
     * Null until the first batch is added, and again when the segment is sealed. Written under the log's
     * lock.
     */
    private volatile RecentBatches recent;
    /** Whether nothing will be added any more. Written under the log's lock. */
    private volatile boolean sealed;
    /** The newest time of the first batch, from which the segment ages. Guarded by the log's lock. */
    private long firstBatchMs = NOT_READ;

    private Segment(Disk disk, Path directory, long baseOffset, String stage, LogConfig config, long nowMs)
            throws IOException {
        this.disk = disk;
        this.directory = directory;
        this.baseOffset = baseOffset;
        this.openedMs = nowMs;
        this.jitterMs = config.drawJitterMs();
        this.config = config;
        this.stage = stage;
        this.aborted = new AbortedTransactions(disk, path(TRANSACTION_INDEX));
        this.log = disk.open(path(LOG));
    }

    /** A segment that is on the disk; only the last one of a log is not sealed. */
    static Segment open(Disk disk, Path directory, long baseOffset, boolean sealed, LogConfig config,
            long nowMs) throws IOException {
        var segment = new Segment(disk, directory, baseOffset, IN_PLACE, config, nowMs);
        segment.sealed = sealed;
        segment.sizeBytes = (int) Math.min(segment.log.size(), Integer.MAX_VALUE);
        return segment;
    }

    /**
     * A new segment, whose name is yet to be forced; where that fails, no file of it is left there.
     *
     * @throws IOError where one may be left: the next start would take it for the end of the segment before
     */
    static Segment create(Disk disk, Path directory, long baseOffset, LogConfig config, long nowMs)
            throws IOException {
        var segment = new Segment(disk, directory, baseOffset, IN_PLACE, config, nowMs);
        try {
            if (config.preallocate()) {
                segment.log.write(ByteBuffer.allocate(1), config.segmentBytes() - 1L);
            }
            segment.indexes = SegmentIndexes.create(disk, directory, baseOffset);
            return segment;
        } catch (IOException failure) {
            segment.release();
            segment.undo();
            throw failure;
        }
    }

    private void undo() {
        try {
            disk.delete(path());
            disk.forceDirectory(directory);
        } catch (IOException failure) {
            throw new IOError(failure);
        }
    }

    /** A segment that is to take the place of others, once all was {@linkplain #copy copied}. */
    static Segment replacement(Disk disk, Path directory, long baseOffset, LogConfig config, long nowMs)
            throws IOException {
        // One that was given up and could not be deleted would be the end of this one.
        for (var suffix : List.of(LOG, TRANSACTION_INDEX)) {
            disk.delete(path(directory, baseOffset, suffix + CLEANED));
        }
        var segment = new Segment(disk, directory, baseOffset, CLEANED, config, nowMs);
        segment.indexes = segment.gather();
        return segment;
    }

    /** A file of the segment that begins at {@code baseOffset}: 20 digits and what the file is. */
    static Path path(Path directory, long baseOffset, String suffix) {
        return directory.resolve(String.format(Locale.ROOT, "%020d%s", baseOffset, suffix));
    }

    long baseOffset() {
        return baseOffset;
    }

    int sizeBytes() {
        return sizeBytes;
    }

    Path path() {
        return path(LOG);
    }

    private Path path(String suffix) {
        return path(directory, baseOffset, suffix + stage);
    }

    /** To be used under the log's lock, or with a lease. */
    AbortedTransactions aborted() {
        return aborted;
    }

    // Adding, under the log's lock.

    /** Whether a stamped batch belongs into a new segment. */
    boolean full(LogConfig config, RecordBatch batch, long nowMs) throws IOException {
        boolean tooFar = batch.lastOffset() - baseOffset > Integer.MAX_VALUE;
        boolean tooMuch = sizeBytes > config.segmentBytes() - batch.sizeBytes();
        return tooFar || sizeBytes > 0 && (tooMuch || indexes().full()
                || ageMs(batch.maxTimestamp(), nowMs) > config.rollMs() - jitterMs);
    }

    private long ageMs(long timestampMs, long nowMs) throws IOException {
        if (firstBatchMs == NOT_READ) {
            firstBatchMs = firstBatchMs();
        }
        return firstBatchMs >= 0 ? timestampMs - firstBatchMs : nowMs - openedMs;
    }

    /** The newest time of the first batch, read from it; -1 where there is none. */
    long firstBatchMs() throws IOException {
        var cursor = cursor(0, sizeBytes, RecordBatch.HEADER_BYTES);
        return cursor.next() ? cursor.batch().maxTimestamp() : RecordBatch.NO_TIMESTAMP;
    }

    /**
     * Writes a stamped batch at the end. Where this throws, part of it may lie behind the end.
     *
     * @param ended the transaction that it aborts, or null
     */
    void append(ByteBuffer bytes, RecordBatch batch, AbortedTransactions.Entry ended) throws IOException {
        indexes().grow(config.segmentIndexBytes());
        int position = sizeBytes;
        int end = write(bytes);
        if (ended != null) {
            aborted.append(ended);
        }
        if (position == 0) {
            firstBatchMs = batch.maxTimestamp();
        }
        indexes.add(position, batch, config.indexIntervalBytes());
        if (recent == null) {
            recent = new RecentBatches();
        }
        recent.add(batch.baseOffset(), position);
        sizeBytes = end;
    }

    /** Writes behind the last batch; returns where that ends. */
    private int write(ByteBuffer bytes) throws IOException {
        int end = Math.addExact(sizeBytes, bytes.remaining());
        while (bytes.hasRemaining()) {
            log.write(bytes, (long) end - bytes.remaining());
        }
        return end;
    }

    /** Ends the segment: nothing is added any more, and its files are cut to what they hold. */
    void seal() throws IOException {
        sealIndexes();
        sealed = true;
        recent = null;
        cut();
    }

    /** Has the files of the indexes hold what is in them now; they may grow again. */
    void sealIndexes() throws IOException {
        if (indexes != null) {
            indexes.seal(false);
        }
    }

    /** Has the indexes on the disk, once the segment has ended. */
    void forceIndexes() throws IOException {
        if (sealed) {
            indexLock.lock();
            try {
                if (indexes != null && !deleted) {
                    indexes.force();
                }
            } finally {
                indexLock.unlock();
            }
        }
    }

    /**
     * Cuts from the file what lies behind the last batch, for good before this returns: a segment with others
     * behind it is believed to end where its file does. One that was found here may have been cut by a
     * process that was killed before it could force that.
     */
    void cut() throws IOException {
        if (log.size() > sizeBytes) {
            log.truncate(sizeBytes);
            endForced = false;
        }
        if (!endForced) {
            forceLog(true);
        }
    }

    // Recovery, before there are readers.

    /**
     * Has the log go on with this segment, which may not have been its last one. A process may have cut the
     * file and died before that was forced.
     */
    void goOn() {
        sealed = false;
        endForced = false;
    }

    /** Writes all bytes as they are read, and forces them: for the system they are new. */
    void writeAgain() throws IOException {
        var window = ByteBuffer.allocate(BatchCursor.LARGE_WINDOW_BYTES);
        long at = 0;
        while (log.read(window.clear(), at) > 0) {
            window.flip();
            while (window.hasRemaining()) {
                at += log.write(window, at);
            }
        }
        force();
    }

    /**
     * Ends the segment before the first batch that does not hold; what lies behind stays in the file.
     *
     * @return what is wrong with the bytes there, as {@link BatchCursor#flaw} tells it; null where nothing is
     */
    String check(Check check) throws IOException {
        var cursor = index(check);
        sizeBytes = cursor.position();
        return cursor.atLimit() ? null : cursor.flaw();
    }

    /** A cursor over the last so many bytes, and those before them from an indexed batch on. */
    BatchCursor lastBatches(int bytes, int windowBytes) throws IOException {
        return cursor(indexes().borderAt(Math.max(0, sizeBytes - bytes)), sizeBytes, windowBytes);
    }

    // Reading.

    /** The indexes, opened at their first use, and made anew where they are missing or wrong. */
    SegmentIndexes indexes() throws IOException {
        var open = indexes;
        return open != null ? open : indexes(false);
    }

    private SegmentIndexes indexes(boolean anew) throws IOException {
        indexLock.lock();
        try {
            if (deleted) {
                throw new NoSuchFileException(path().toString());
            }
            if (indexes == null && !anew) {
                var found = SegmentIndexes.open(disk, directory, baseOffset, sizeBytes);
                // Files that a power cut emptied look like those of a segment whose records have no time.
                boolean emptied = found != null && found.newestMs() < 0 && firstBatchMs() >= 0;
                indexes = emptied ? null : found;
            }
            if (indexes == null || anew) {
                LOGGER.log(Level.WARNING, "Making anew the indexes of {0}, missing or wrong", path());
                index(batch -> true);
            }
            return indexes;
        } finally {
            indexLock.unlock();
        }
    }

    /** Makes the indexes anew of all batches up to one that does not hold, where the cursor then stands. */
    private BatchCursor index(Check check) throws IOException {
        var made = gather();
        var cursor = cursor(0, sizeBytes, BatchCursor.LARGE_WINDOW_BYTES);
        while (cursor.next() && check.holds(cursor)) {
            made.add(cursor.position(), cursor.batch(), config.indexIntervalBytes());
        }
        made.seal(sealed);
        indexes = made;
        return cursor;
    }

    private SegmentIndexes gather() throws IOException {
        return SegmentIndexes.gather(disk, directory, baseOffset, stage, config.segmentIndexBytes());
    }

    /** The time by which the segment ages: its newest record's, or where records have none, its file's. */
    long newestOrWrittenMs() throws IOException {
        long newestMs = indexes().newestMs();
        return newestMs >= 0 ? newestMs : writtenMs();
    }

    /** When the file was last written, in milliseconds since 1970. */
    long writtenMs() throws IOException {
        return disk.lastModifiedMs(path());
    }

    BatchCursor cursor(int from, int limit, int windowBytes) {
        return new BatchCursor(log, from, limit, windowBytes);
    }

    /**
     * The first batch that ends at or after {@code offset} and begins before {@code limit}; null where there
     * is none.
     */
    Place find(long offset, int limit) throws IOException {
        if (limit == 0 || offset <= baseOffset) {
            return limit == 0 ? null : new Place(0, 0);
        }
        var ring = recent;
        int known = ring == null ? -1 : ring.positionOf(offset);
        if (known >= 0 && known < limit) {
            return new Place(known, 0);
        }
        var guessed = guess(offset, limit);
        if (guessed != null) {
            return guessed;
        }
        int from = indexes().positionOf(offset);
        var cursor = cursor(from, limit, BatchCursor.SMALL_WINDOW_BYTES);
        boolean found = cursor.next();
        if (from > 0 && (!found || cursor.batch().baseOffset() > offset)) {
            // Wrong. That of a segment which grows cannot be made anew until it is sealed.
            from = sealed ? indexes(true).positionOf(offset) : 0;
            cursor = cursor(from, limit, BatchCursor.SMALL_WINDOW_BYTES);
            found = cursor.next();
        }
        while (found && cursor.batch().lastOffset() < offset) {
            found = cursor.next();
        }
        if (found) {
            return new Place(cursor.position(), cursor.sizeBytes());
        }
        cursor.requireLimit(path());
        return null;
    }

    /**
     * The batch that holds {@code offset}, found by its header alone: where batches are large the index has
     * all but the first of them. Null where it is another one.
     */
    private Place guess(long offset, int limit) throws IOException {
        int position = indexes().positionBehind(offset, 2 * BatchCursor.SMALL_WINDOW_BYTES);
        if (position < 0 || position >= limit) {
            return null;
        }
        var cursor = cursor(position, limit, RecordBatch.HEADER_BYTES);
        boolean holds = cursor.next() && cursor.batch().baseOffset() <= offset
                && offset <= cursor.batch().lastOffset();
        return holds ? new Place(position, cursor.sizeBytes()) : null;
    }

    /**
     * The last known beginning of a batch behind {@code after} and not behind {@code until}; -1 where none is
     * known.
     */
    int borderBetween(int after, long until) throws IOException {
        var ring = recent;
        int border = ring == null ? -1 : ring.borderAt(until);
        if (border <= after) {
            border = indexes().borderAt((int) Math.min(until, Integer.MAX_VALUE));
        }
        return border <= after ? -1 : border;
    }

    /** The offset of the first indexed batch from {@code position} on; the largest where none is indexed. */
    long offsetFrom(int position) throws IOException {
        int border = indexes().borderFrom(position);
        var cursor = cursor(Math.max(border, 0), sizeBytes, RecordBatch.HEADER_BYTES);
        return border >= 0 && cursor.next() ? cursor.batch().baseOffset() : Long.MAX_VALUE;
    }

    /** The size of the batch at this position, by its header. */
    int batchBytes(int position, int limit) throws IOException {
        var cursor = cursor(position, limit, RecordBatch.HEADER_BYTES);
        if (!cursor.next()) {
            throw new IOException("No batch at byte " + position + " of " + path());
        }
        return cursor.sizeBytes();
    }

    // Leases, forcing, the end.

    /** Takes a lease, so that the file stays open; false where it is closed. */
    boolean lease() {
        int held = leases.get();
        while (held > 0 && !leases.compareAndSet(held, held + 1)) {
            held = leases.get();
        }
        return held > 0;
    }

    /** Gives a lease back; the last one closes the file. */
    void release() {
        if (leases.decrementAndGet() == 0) {
            try {
                log.close();
                aborted.close();
            } catch (IOException failed) {
                LOGGER.log(Level.WARNING, "Closing " + path() + " failed", failed);
            }
        }
    }

    /** Gives up the owner's lease with the log: the names of the indexes may be those of another's now. */
    void end() {
        indexLock.lock();
        deleted = true;
        indexes = null;
        indexLock.unlock();
        release();
    }

    /** A region of the file, with a lease of its own; the caller holds one. */
    Leased region(int position, int lengthBytes) {
        lease();
        return new Leased(this, position, lengthBytes, new AtomicBoolean());
    }

    /**
     * Forces the log file and the index of aborted transactions, unless that failed before: the system tells
     * it once, to one of those who force a file, and passes for clean what it could not write.
     */
    private void forceLog(boolean metaData) throws IOException {
        forceLock.lock();
        try {
            if (forceFailed) {
                throw new IOException("A force of " + path() + " failed before");
            }
            forceFailed = true;
            log.force(metaData);
            aborted.force();
            forceFailed = false;
            endForced = true;
        } finally {
            forceLock.unlock();
        }
    }

    /** Forces what was written; a closed segment has nothing left to force. */
    void force() throws IOException {
        if (lease()) {
            try {
                forceLog(false);
            } finally {
                release();
            }
        }
    }

    /**
     * Renames the files, gives up the owner's lease, and returns what is to be deleted later. The log's name
     * is gone from the disk before the others change, since a power cut that brought it back alone would have
     * lost the aborted transactions; of an index that keeps its name the next start knows that it belongs to
     * nothing. Where this throws, the segment is there as before.
     */
    List<Path> delete() throws IOException {
        return delete(List.of(LOG, INDEX, TIME_INDEX, TRANSACTION_INDEX, SNAPSHOT));
    }

    private List<Path> delete(List<String> suffixes) throws IOException {
        var doomed = new ArrayList<Path>();
        indexLock.lock();
        try {
            for (var suffix : suffixes) {
                try {
                    if (disk.exists(path(suffix))) {
                        doomed.add(putAside(suffix));
                    }
                    if (suffix.equals(LOG)) {
                        disk.forceDirectory(directory);
                    }
                } catch (IOException failure) {
                    if (suffix.equals(LOG)) {
                        throw failure;
                    }
                    LOGGER.log(Level.WARNING, "The {0} of {1}, which is deleted, stays: {2}", suffix, path(),
                            failure.toString());
                }
                deleted = true;
            }
        } finally {
            indexLock.unlock();
        }
        release();
        return doomed;
    }

    private Path putAside(String suffix) throws IOException {
        var renamed = path(directory, baseOffset, suffix + DELETED);
        disk.rename(path(suffix), renamed);
        return renamed;
    }

    // Taking the place of others.

    /** Adds a batch to a replacement. */
    void copy(ByteBuffer bytes, RecordBatch batch) throws IOException {
        int position = sizeBytes;
        sizeBytes = write(bytes);
        indexes.add(position, batch, config.indexIntervalBytes());
    }

    /**
     * Ends a replacement: its bytes are on the disk, and it can be read while its names change.
     *
     * @param writtenMs when the newest of those it replaces was written
     */
    void complete(long writtenMs) throws IOException {
        sealed = true;
        indexes.seal(true);
        indexes.hold();
        disk.touch(path(), writtenMs);
        forceLog(true);
    }

    /**
     * Gives the files names with another end. The log's is on the disk before those of the others change:
     * they count for nothing without it, but it cannot do without them all.
     */
    void rename(String to) throws IOException {
        var before = stage;
        disk.rename(path(), path(directory, baseOffset, LOG + to));
        stage = to;
        disk.forceDirectory(directory);
        for (var suffix : INDEXES) {
            var file = path(directory, baseOffset, suffix + before);
            if (disk.exists(file)) {
                disk.rename(file, path(suffix));
            } else {
                // That of a segment in whose place this one is, where it could not be put aside.
                disk.delete(path(suffix));
            }
        }
        disk.forceDirectory(directory);
    }

    /** Lets the indexes of a replacement be opened by their names, which are those for good now. */
    void placed() {
        indexLock.lock();
        try {
            indexes = null;
        } finally {
            indexLock.unlock();
        }
    }

    /** As {@link #delete}, for one whose place and whose snapshot another takes over. */
    List<Path> giveWay() throws IOException {
        indexLock.lock();
        try {
            if (indexes != null) {
                indexes.hold();
            }
            return delete(FILES);
        } finally {
            indexLock.unlock();
        }
    }

    /** Deletes a replacement that is not to take its place. */
    void discard() throws IOException {
        release();
        for (var suffix : FILES) {
            disk.delete(path(directory, baseOffset, suffix + SWAP));
            disk.delete(path(directory, baseOffset, suffix + CLEANED));
        }
    }

    /** The segment's bytes for one reader. */
    record Leased(Segment segment, int position, int lengthBytes, AtomicBoolean closed) implements Region {
        @Override
        public long transferTo(int from, WritableByteChannel target) throws IOException {
            long at = (long) position + from;
            long taken = segment.log.transferTo(at, lengthBytes - from, target);
            if (taken == 0 && segment.log.size() <= at) {
                throw ended(at);
            }
            return taken;
        }

        @Override
        public void read(int from, ByteBuffer into) throws IOException {
            int limit = into.limit();
            into.limit(Math.min(limit, into.position() + lengthBytes - from));
            long at = (long) position + from - into.position();
            while (into.hasRemaining()) {
                if (segment.log.read(into, at + into.position()) < 0) {
                    throw ended(at + into.position());
                }
            }
            into.limit(limit);
        }

        private EOFException ended(long at) {
            return new EOFException(segment.path() + " ends before byte " + at);
        }

        @Override
        public void close() {
            if (closed.compareAndSet(false, true)) {
                segment.release();
            }
        }
    }
}
