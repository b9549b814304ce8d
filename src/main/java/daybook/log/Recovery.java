package daybook.log;

import daybook.record.RecordBatch;

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
    private static final String CLEANED = ".cleaned";
    private static final String SWAP = ".swap";
    private static final int DIGITS = 20;
    private static final String LARGEST_BASE = "0" + Long.MAX_VALUE;

    private final Disk disk;
    private final Path directory;
    private final LogConfig config;
    private final long nowMs;
    private final NavigableMap<Long, Segment> segments = new ConcurrentSkipListMap<>();
    private ProducerStates producers;
    private LeaderEpochs epochs;
    private long startOffset;
    private long endOffset;
    private long recoveryPoint;
    private boolean damaged;
    /** Batches from here on are new to {@link #producers}. */
    private long producersFrom;

    private Recovery(Disk disk, Path directory, LogConfig config, long startOffset, long recoveryPoint,
            long nowMs) {
        this.disk = disk;
        this.directory = directory;
        this.config = config;
        this.startOffset = startOffset;
        this.recoveryPoint = recoveryPoint;
        this.nowMs = nowMs;
    }

    /**
     * Recovers the log in a directory, which may be empty.
     *
     * @param startOffset the log begins here at least
     * @param recoveryPoint all before it was known to be on the disk
     * @param clean whether the log was closed properly
     */
    static Recovery open(Disk disk, Path directory, LogConfig config, long startOffset, long recoveryPoint,
            boolean clean, long nowMs) throws IOException {
        var recovery = new Recovery(disk, directory, config, startOffset, recoveryPoint, nowMs);
        recovery.openFiles();
        boolean trusted = clean && recovery.endsCleanly();
        recovery.replay(trusted);
        recovery.settle(trusted);
        return recovery;
    }

    NavigableMap<Long, Segment> segments() {
        return segments;
    }

    ProducerStates producers() {
        return producers;
    }

    LeaderEpochs epochs() {
        return epochs;
    }

    long startOffset() {
        return startOffset;
    }

    long endOffset() {
        return endOffset;
    }

    /** All before it is on the disk. */
    long recoveryPoint() {
        return recoveryPoint;
    }

    /**
     * Whether bytes are wrong that were known to be on the disk: the log is readable before them, and must
     * not grow.
     */
    boolean damaged() {
        return damaged;
    }

    // What is there.

    private void openFiles() throws IOException {
        var bases = new TreeSet<Long>();
        var snapshots = new TreeSet<Long>();
        var names = disk.list(directory);
        for (var name : names) {
            if (name.endsWith(SWAP)) {
                throw new IOException(directory.resolve(name) + " is left from a compaction by Apache Kafka"
                        + " that did not end; start Apache Kafka once to end it");
            }
            if (name.endsWith(Segment.DELETED) || name.endsWith(CLEANED)) {
                disk.delete(directory.resolve(name));
            } else if (baseOf(name, Segment.LOG) >= 0) {
                bases.add(baseOf(name, Segment.LOG));
            } else if (baseOf(name, Segment.SNAPSHOT) >= 0) {
                snapshots.add(baseOf(name, Segment.SNAPSHOT));
            }
        }
        deleteOrphans(names, bases);
        for (long base : bases) {
            boolean sealed = base != bases.last();
            segments.put(base, Segment.open(disk, directory, base, sealed, config, nowMs));
        }
        if (segments.isEmpty()) {
            segments.put(startOffset, Segment.create(disk, directory, startOffset, config, nowMs));
            disk.forceDirectory(directory);
        }
        producers = new ProducerStates(disk, directory, snapshots);
        epochs = LeaderEpochs.open(disk, directory);
    }

    private void deleteOrphans(Iterable<String> names, Set<Long> bases) throws IOException {
        for (var name : names) {
            for (var suffix : new String[] {Segment.INDEX, Segment.TIME_INDEX, Segment.TRANSACTION_INDEX}) {
                long base = baseOf(name, suffix);
                if (base >= 0 && !bases.contains(base)) {
                    LOG.log(Level.WARNING, "{0} has no log file; it is deleted", directory.resolve(name));
                    disk.delete(directory.resolve(name));
                }
            }
        }
    }

    /** The base offset in the name of a segment's file; -1 where it is not one with this suffix. */
    private static long baseOf(String name, String suffix) {
        boolean named = name.length() == DIGITS + suffix.length() && name.endsWith(suffix)
                && name.chars().limit(DIGITS).allMatch(c -> c >= '0' && c <= '9')
                && name.substring(0, DIGITS).compareTo(LARGEST_BASE) <= 0;
        return named ? Long.parseLong(name.substring(0, DIGITS)) : -1;
    }

    /** Finds the log's end after a clean stop; false where the last segment does not look like one. */
    private boolean endsCleanly() throws IOException {
        var last = segments.lastEntry().getValue();
        endOffset = last.baseOffset();
        var cursor = last.lastBatches();
        while (cursor.next()) {
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
        long first = segments.firstKey();
        long checkFrom = Long.MAX_VALUE;
        if (!trusted) {
            var floor = segments.floorKey(recoveryPoint);
            checkFrom = floor == null ? first : floor;
        }
        producersFrom = producers.load(first, trusted ? endOffset : checkFrom);
        long from = epochs == null ? first : producersFrom;
        if (epochs == null) {
            epochs = LeaderEpochs.none(disk, directory);
        }
        if (trusted && from == endOffset) {
            return;
        }
        for (var segment : List.copyOf(segments.tailMap(segments.floorKey(from), true).values())) {
            if (segment.baseOffset() < checkFrom) {
                readHeaders(segment, from);
            } else if (segments.containsKey(segment.baseOffset())) {
                check(segment);
            }
        }
    }

    private void readHeaders(Segment segment, long from) throws IOException {
        var place = segment.find(from, segment.sizeBytes());
        if (place == null) {
            return;
        }
        var cursor = segment.cursor(place.position(), segment.sizeBytes(), BatchCursor.SMALL_WINDOW_BYTES);
        while (cursor.next()) {
            note(cursor.batch());
        }
    }

    private void note(RecordBatch batch) {
        if (batch.baseOffset() >= producersFrom) {
            producers.note(batch);
        }
        epochs.note(batch.leaderEpoch(), batch.baseOffset());
    }

    /** Reads every batch of a segment, and ends the log where one is wrong. */
    private void check(Segment segment) throws IOException {
        var indexes = segment.startIndexes();
        int sizeBytes = segment.sizeBytes();
        var cursor = segment.cursor(0, sizeBytes, BatchCursor.LARGE_WINDOW_BYTES);
        var nextBase = segments.higherKey(segment.baseOffset());
        long offsetLimit = Math.min(nextBase == null ? Long.MAX_VALUE : nextBase,
                segment.baseOffset() + Integer.MAX_VALUE + 1L);
        endOffset = segment.baseOffset();
        while (cursor.next() && cursor.batch().baseOffset() >= endOffset
                && cursor.batch().lastOffset() < offsetLimit && cursor.checksumHolds()) {
            segment.index(indexes, cursor);
            note(cursor.batch());
            endOffset = cursor.batch().nextOffset();
        }
        segment.endAt(cursor.position(), indexes);
        if (cursor.position() < sizeBytes) {
            endHere(segment, sizeBytes - cursor.position());
        }
    }

    private void endHere(Segment segment, int restBytes) throws IOException {
        var later = segments.tailMap(segment.baseOffset(), false);
        if (endOffset < recoveryPoint) {
            LOG.log(Level.ERROR, "{0} is damaged at byte {1}", segment.path(),
                    Integer.toString(segment.sizeBytes()));
            later.values().forEach(Segment::release);
        } else {
            LOG.log(Level.WARNING, "No whole batch at byte {1} of {0}, behind offset {3}: cutting the {2}"
                    + " bytes from there on", segment.path(), Integer.toString(segment.sizeBytes()),
                    Integer.toString(restBytes), Long.toString(endOffset));
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

    private void settle(boolean trusted) throws IOException {
        damaged = endOffset < recoveryPoint;
        if (damaged) {
            LOG.log(Level.ERROR, "{0} ends at offset {1}, but all before {2} was known to be on the disk: it"
                    + " can be read as far as that, and takes no batches", directory,
                    Long.toString(endOffset), Long.toString(recoveryPoint));
        } else {
            recoveryPoint = trusted ? endOffset : recoveryPoint;
            if (startOffset > endOffset) {
                startAnew();
            }
        }
        startOffset = Math.min(Math.max(startOffset, segments.firstKey()), endOffset);
        for (var segment : segments.values()) {
            var nextBase = segments.higherKey(segment.baseOffset());
            if ((nextBase == null ? endOffset : nextBase) <= recoveryPoint) {
                segment.markForced();
            }
        }
        epochs.keep(startOffset, endOffset);
        epochs.write();
    }

    /** Begins the log again at its start offset: all that is left of it had been deleted. */
    private void startAnew() throws IOException {
        LOG.log(Level.WARNING, "{0} ends at offset {1}, before its start {2}: nothing in it is left",
                directory, Long.toString(endOffset), Long.toString(startOffset));
        for (var segment : segments.values()) {
            deleteFiles(segment);
        }
        segments.clear();
        segments.put(startOffset, Segment.create(disk, directory, startOffset, config, nowMs));
        disk.forceDirectory(directory);
        endOffset = startOffset;
        recoveryPoint = startOffset;
    }
}
