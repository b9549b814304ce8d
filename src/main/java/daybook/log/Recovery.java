package daybook.log;

import daybook.record.TransactionMarker;

import java.io.IOError;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * Brings one log from what its directory holds into a state to go on from. After a clean stop the files are
 * trusted and only the headers behind the last index entry are read. Otherwise every batch from the recovery
 * point's segment on is checked, what is torn at the end is cut, and indexes, producers and leader epochs are
 * made anew. Used by one thread.
 */
final class Recovery {
    private static final System.Logger LOG = System.getLogger("daybook.log");
    /** Of a small file that was being replaced. */
    private static final String TEMPORARY = ".tmp";
    /** There where a force failed: the page cache may pass for clean what is not on the disk. */
    static final String FORCE_FAILED = "force-failed";
    private static final int DIGITS = 20;
    private static final String LARGEST_BASE = "0" + Long.MAX_VALUE;

    /**
     * A log to go on from.
     *
     * @param firstUnstable where the oldest transaction begins that has not ended, or null
     * @param recoveryPoint all before it is on the disk
     * @param flaw where bytes are wrong that were known to be on the disk, and what: the log is readable
     *     before
     *     them, and must not grow; null where none are
     */
    record State(Segments segments, ProducerStates producers, LeaderEpochs epochs, long startOffset,
            long endOffset, Segments.End firstUnstable, long recoveryPoint, String flaw) { }

    private final Disk disk;
    private final Path directory;
    private final LogConfig config;
    private final boolean dense;
    private final long nowMs;
    private final NavigableMap<Long, Segment> byBase = new ConcurrentSkipListMap<>();
    private final Segments segments;
    private final LeaderEpochs epochs;
    private ProducerStates producers;
    private long startOffset;
    private long endOffset;
    private long recoveryPoint;
    /** What is wrong where the log ends too early, for the one who must look at it; null where nothing is. */
    private String flaw;
    /** Segments from here on are checked. */
    private long checkFrom = Long.MAX_VALUE;
    /** Batches from here on are new to {@link #producers}. */
    private long producersFrom;

    /**
     * Recovers the log in a directory, which may be empty.
     *
     * @param startOffset the log begins here at least
     * @param recoveryPoint all before it was known to be on the disk
     * @param dense whether each offset is there, as in every log that was never compacted
     */
    Recovery(Disk disk, Path directory, LogConfig config, long startOffset, long recoveryPoint, boolean dense,
            long nowMs) {
        this.disk = disk;
        this.directory = directory;
        this.config = config;
        this.startOffset = startOffset;
        this.recoveryPoint = recoveryPoint;
        this.dense = dense;
        this.nowMs = nowMs;
        this.segments = new Segments(disk, directory, byBase, dense);
        this.epochs = LeaderEpochs.open(disk, directory);
    }

    /** @param clean whether the log was closed properly */
    State open(boolean clean) throws IOException {
        openFiles();
        writeAgain();
        boolean trusted = clean && endsCleanly();
        replay(trusted);
        return settle(trusted);
    }

    // What is there.

    private void openFiles() throws IOException {
        var names = endReplacements(disk.list(directory));
        var bases = basesOf(names, Segment.LOG);
        for (var name : names) {
            var file = directory.resolve(name);
            if (name.endsWith(Segment.DELETED) || name.endsWith(Segment.CLEANED)
                    || name.endsWith(TEMPORARY)) {
                disk.delete(file);
            } else if (Segment.INDEXES.stream().anyMatch(suffix -> orphan(name, suffix, bases))) {
                LOG.log(Level.WARNING, "{0} has no log file; it is deleted", file);
                disk.delete(file);
            }
        }
        var withAborted = basesOf(names, Segment.TRANSACTION_INDEX);
        for (long base : bases) {
            boolean sealed = base != bases.last();
            var segment = Segment.open(disk, directory, base, sealed, config, nowMs);
            byBase.put(base, segment);
            if (withAborted.contains(base) && !segment.aborted().load(base)) {
                LOG.log(Level.WARNING, "The index of aborted transactions of {0} is wrong; the log is checked"
                        + " from there on", segment.path());
                checkFrom = Math.min(checkFrom, base);
            }
        }
        if (bases.isEmpty()) {
            begin();
        }
        producers = new ProducerStates(disk, directory, basesOf(names, Segment.SNAPSHOT), nowMs);
    }

    /**
     * Goes on where a compaction was cut short, by the steps that {@link Segments} tells; Apache Kafka's are
     * the same. Killed here, it begins again. Returns the names that are there then.
     */
    private List<String> endReplacements(List<String> names) throws IOException {
        if (names.stream().noneMatch(name -> name.endsWith(Segment.SWAP))) {
            return names;
        }
        var originals = basesOf(names, Segment.LOG);
        // What a compaction that was given up left behind does not count: what it was to replace is gone.
        long incomplete = names.stream().mapToLong(name -> baseOf(name, Segment.CLEANED, Segment.FILES))
                .filter(originals::contains).min().orElse(Long.MAX_VALUE);
        for (var name : names) {
            if (baseOf(name, Segment.SWAP, Segment.FILES) >= incomplete) {
                disk.delete(directory.resolve(name));
            }
        }
        disk.forceDirectory(directory);
        for (long base : basesOf(disk.list(directory), Segment.LOG + Segment.SWAP)) {
            LOG.log(Level.WARNING, "A compaction of {0} was cut short; its segment at offset {1} takes its"
                    + " place", directory, Long.toString(base));
            deleteReplaced(base, endOfReplacement(base));
            disk.rename(Segment.path(directory, base, Segment.LOG + Segment.SWAP),
                    Segment.path(directory, base, Segment.LOG));
            disk.forceDirectory(directory);
        }
        for (var name : disk.list(directory)) {
            if (name.endsWith(Segment.SWAP)) {
                var inPlace = name.substring(0, name.length() - Segment.SWAP.length());
                disk.rename(directory.resolve(name), directory.resolve(inPlace));
            }
        }
        disk.forceDirectory(directory);
        return disk.list(directory);
    }

    private long endOfReplacement(long base) throws IOException {
        var file = Segment.path(directory, base, Segment.LOG + Segment.SWAP);
        try (var log = disk.openToRead(file)) {
            long end = base;
            var cursor = new BatchCursor(log, 0, (int) Math.min(log.size(), Integer.MAX_VALUE),
                    BatchCursor.LARGE_WINDOW_BYTES);
            while (cursor.next()) {
                end = cursor.batch().nextOffset();
            }
            cursor.requireLimit(file);
            return end;
        }
    }

    /** Deletes the segments that begin before {@code end}, and at {@code base} or behind it, for good. */
    private void deleteReplaced(long base, long end) throws IOException {
        for (var name : disk.list(directory)) {
            long found = baseOf(name, Segment.IN_PLACE, Segment.FILES);
            if (found == base || found > base && found < end) {
                disk.delete(directory.resolve(name));
            }
        }
        disk.forceDirectory(directory);
    }

    /** The base offset in the name of one of a segment's files with this end; -1 where it is none. */
    private static long baseOf(String name, String stage, List<String> suffixes) {
        return suffixes.stream().mapToLong(suffix -> baseOf(name, suffix + stage)).max().orElse(-1);
    }

    /** The first segment of a new log; a file that is left of it, should that fail, the next start finds. */
    private void begin() throws IOException {
        try {
            segments.begin(startOffset, config, nowMs);
        } catch (IOError left) {
            throw new IOException(left.getCause());
        }
    }

    /** After a force that failed: has on the disk what can be read of what was not known to be there. */
    private void writeAgain() throws IOException {
        if (disk.exists(directory.resolve(FORCE_FAILED))) {
            for (var segment : segments.from(recoveryPoint)) {
                segment.writeAgain();
            }
            disk.delete(directory.resolve(FORCE_FAILED));
        }
    }

    private static boolean orphan(String name, String suffix, Set<Long> bases) {
        long base = baseOf(name, suffix);
        return base >= 0 && !bases.contains(base);
    }

    /** The base offsets in the names of all files with this suffix. */
    private static TreeSet<Long> basesOf(List<String> names, String suffix) {
        var bases = new TreeSet<Long>();
        names.forEach(name -> bases.add(baseOf(name, suffix)));
        bases.remove(-1L);
        return bases;
    }

    /** The base offset in the name of a segment's file; -1 where it is not one with this suffix. */
    static long baseOf(String name, String suffix) {
        boolean named = name.length() == DIGITS + suffix.length() && name.endsWith(suffix)
                && name.chars().limit(DIGITS).allMatch(c -> c >= '0' && c <= '9')
                && name.substring(0, DIGITS).compareTo(LARGEST_BASE) <= 0;
        return named ? Long.parseLong(name.substring(0, DIGITS)) : -1;
    }

    /** Finds the log's end after a clean stop; false where the last segment does not look like one. */
    private boolean endsCleanly() throws IOException {
        var last = segments.active();
        endOffset = last.baseOffset();
        var cursor = last.lastBatches(0, BatchCursor.SMALL_WINDOW_BYTES);
        while (cursor.next() && cursor.checksumHolds()) {
            endOffset = cursor.batch().nextOffset();
        }
        if (!cursor.atLimit()) {
            LOG.log(Level.WARNING, "{0} was closed properly, yet has no batch at byte {1}; it is checked",
                    last.path(), cursor.position());
        }
        return cursor.atLimit();
    }

    // Replaying headers, and checking bytes.

    private void replay(boolean trusted) throws IOException {
        long first = segments.firstBase();
        if (!trusted) {
            checkFrom = Math.min(checkFrom, segments.from(recoveryPoint - 1).iterator().next().baseOffset());
            checkFrom = firstDoubtful(checkFrom);
        }
        producersFrom = producers.load(first, trusted ? Math.min(endOffset, checkFrom) : checkFrom);
        long from = epochs.latest() < 0 ? first : producersFrom;
        if (trusted && from == endOffset) {
            return;
        }
        for (var segment : List.copyOf(segments.from(from))) {
            if (segment.baseOffset() < checkFrom) {
                readHeaders(segment, from);
            } else if (byBase.containsKey(segment.baseOffset())) {
                check(segment);
            }
        }
    }

    /**
     * The base of the first segment, or else the limit, that does not seem to end where the next one begins:
     * from there on all is checked, for it is damaged, the next one is missing, or its index is wrong.
     */
    private long firstDoubtful(long limit) throws IOException {
        for (var segment : byBase.headMap(limit, false).values()) {
            endOffset = segment.baseOffset();
            var cursor = segment.lastBatches(0, BatchCursor.SMALL_WINDOW_BYTES);
            while (cursor.next()) {
                endOffset = cursor.batch().nextOffset();
            }
            if (!cursor.atLimit() || gapBehind(segment)) {
                return segment.baseOffset();
            }
        }
        return limit;
    }

    /** Behind the last offset that a batch of the segment may have. */
    private long offsetLimit(Segment segment) {
        var nextBase = byBase.higherKey(segment.baseOffset());
        return Math.min(nextBase == null ? Long.MAX_VALUE : nextBase,
                segment.baseOffset() + Integer.MAX_VALUE + 1L);
    }

    private boolean gapBehind(Segment segment) {
        var nextBase = byBase.higherKey(segment.baseOffset());
        return dense && nextBase != null && nextBase != endOffset;
    }

    private void readHeaders(Segment segment, long from) throws IOException {
        var place = segment.find(from, segment.sizeBytes());
        if (place == null) {
            return;
        }
        var cursor = segment.cursor(place.position(), segment.sizeBytes(), BatchCursor.SMALL_WINDOW_BYTES);
        while (cursor.next()) {
            note(cursor);
        }
    }

    /** Returns the transaction that the batch aborts, or null. */
    private AbortedTransactions.Entry note(BatchCursor cursor) throws IOException {
        var batch = cursor.batch();
        epochs.note(batch.leaderEpoch(), batch.baseOffset());
        if (batch.baseOffset() < producersFrom) {
            return null;
        }
        boolean opened = batch.control() && batch.sizeBytes() <= TransactionMarker.LIMIT_BYTES;
        var known = opened ? cursor.whole() : batch;
        var aborted = producers.aborted(known);
        producers.note(known, nowMs);
        return aborted;
    }

    /**
     * Reads every batch of a segment, and ends the log where one is wrong. No checksum covers the offset of a
     * batch: so it must be the next one wherever no compaction can have been, as in the last segment of any
     * log. A wrong one that passed would end the log behind the recovery point, and what is behind it be cut.
     */
    private void check(Segment segment) throws IOException {
        int sizeBytes = segment.sizeBytes();
        long offsetLimit = offsetLimit(segment);
        boolean exact = dense || segment == segments.active();
        endOffset = segment.baseOffset();
        var aborted = segment.aborted().new Remake();
        var wrong = segment.check(cursor -> {
            long offset = cursor.batch().baseOffset();
            boolean inOrder = exact ? offset == endOffset : offset >= endOffset;
            boolean holds = inOrder && cursor.batch().lastOffset() < offsetLimit && cursor.checksumHolds();
            if (holds) {
                var entry = note(cursor);
                if (entry != null) {
                    aborted.append(entry);
                }
                endOffset = cursor.batch().nextOffset();
            }
            return holds;
        });
        aborted.end(segment.baseOffset());
        if (segment.sizeBytes() < sizeBytes || gapBehind(segment)) {
            endHere(segment, sizeBytes - segment.sizeBytes(), wrong);
        }
    }

    /**
     * Lets the log end with this segment.
     *
     * @param restBytes in its file behind that
     * @param wrong what is wrong with the bytes behind it; null where it is their offsets
     */
    private void endHere(Segment segment, int restBytes, String wrong) throws IOException {
        var later = byBase.tailMap(segment.baseOffset(), false);
        var found = later.isEmpty() ? "others" : "a segment that begins at offset " + later.firstKey();
        var what = segment.path() + ", byte " + segment.sizeBytes() + ": "
                + (wrong != null ? wrong : "expected offset " + endOffset + ", found " + found);
        if (endOffset < recoveryPoint) {
            flaw = what;
            later.values().forEach(Segment::release);
        } else {
            LOG.log(Level.WARNING, "{0}; the {1} bytes from there on were not known to be on the disk, and"
                    + " are cut: the log ends at offset {2}", what, Integer.toString(restBytes),
                    Long.toString(endOffset));
            segment.cut();
            for (var behind : later.values()) {
                LOG.log(Level.WARNING, "Deleting {0} behind it, {1} bytes", behind.path(),
                        Integer.toString(behind.sizeBytes()));
                deleteFiles(behind);
            }
        }
        later.clear();
    }

    private void deleteFiles(Segment segment) throws IOException {
        for (var file : segment.delete()) {
            disk.delete(file);
        }
    }

    // Making the parts agree.

    private State settle(boolean trusted) throws IOException {
        if (endOffset < recoveryPoint) {
            // The start never goes back, though records behind it are missing.
            endOffset = Math.max(endOffset, Math.min(startOffset, recoveryPoint));
            if (flaw == null) {
                flaw = segments.active().path() + " is followed by none: expected segments up to offset "
                        + recoveryPoint + ", found an end at " + endOffset;
            }
            LOG.log(Level.ERROR, "{0} is damaged: its records from offset {1} to {2} were on the disk, and"
                    + " cannot be read. It is served up to there, and takes no batches. {3}", directory,
                    Long.toString(endOffset), Long.toString(recoveryPoint - 1), flaw);
        } else {
            recoveryPoint = trusted ? endOffset : recoveryPoint;
            if (startOffset > endOffset) {
                // Records are forced before the start passes them, so none of them is lost.
                LOG.log(Level.WARNING, "{0} ends at offset {1}, so its start offset {2} in the checkpoint is"
                        + " wrong: it begins where its first segment does", directory,
                        Long.toString(endOffset), Long.toString(startOffset));
                startOffset = segments.firstBase();
            }
        }
        startOffset = Math.min(Math.max(startOffset, segments.firstBase()), endOffset);
        epochs.keep(startOffset, endOffset);
        try {
            epochs.write();
        } catch (IOException failure) {
            // The next batch writes it, or is refused; until then the log can be read.
            LOG.log(Level.WARNING, "The leader epochs in {0} cannot be written: {1}", directory,
                    failure.toString());
        }
        if (!trusted) {
            segments.active().goOn();
            // What a killed process made or renamed, and what was deleted here, is so for good from now on.
            disk.forceDirectory(directory);
        }
        settleTransactions();
        long unstable = producers.firstUnstable();
        return new State(segments, producers, epochs, startOffset, endOffset,
                unstable < 0 ? null : segments.endAt(unstable), recoveryPoint, flaw);
    }

    /**
     * Has the markers on the disk that a killed process wrote: it may have let readers see what they ended,
     * and what these saw must stay.
     */
    private void settleTransactions() throws IOException {
        producers.settle(flaw == null ? recoveryPoint : endOffset);
        if (producers.settles()) {
            for (var segment : segments.from(recoveryPoint)) {
                segment.force();
            }
            recoveryPoint = endOffset;
            producers.settle(endOffset);
        }
    }
}
