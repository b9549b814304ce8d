package daybook.log;

import java.io.IOException;
import java.nio.file.Path;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * In which leader epoch each offset of a log was written: the first offset of every epoch, kept in the file
 * {@code leader-epoch-checkpoint}. Changed under the log's lock; read by any thread.
 */
final class LeaderEpochs {
    static final String FILE = "leader-epoch-checkpoint";

    /** An epoch and the first offset written in it. */
    record Start(int epoch, long offset) { }

    private final Disk disk;
    private final Path file;
    /** Epochs by their first offsets, rising in both; only replaced, never changed, under the log's lock. */
    private volatile NavigableMap<Long, Integer> epochs;
    /** Whether the file lacks something. Guarded by the log's lock. */
    private boolean unwritten;
    /** Whether the file was written and not forced since. */
    private final AtomicBoolean unforced = new AtomicBoolean();

    private LeaderEpochs(Disk disk, Path file) {
        this.disk = disk;
        this.file = file;
        this.epochs = Checkpoints.epochs(disk, file);
    }

    /** What the file in the log's directory says; none where it is missing or wrong. */
    static LeaderEpochs open(Disk disk, Path directory) {
        return new LeaderEpochs(disk, directory.resolve(FILE));
    }

    /** The newest epoch that has a record, -1 where none has. */
    int latest() {
        return epochOf(Long.MAX_VALUE);
    }

    /** Notes that {@code epoch} begins at {@code offset}, unless it has begun or is older. */
    void note(int epoch, long offset) {
        if (epoch > latest()) {
            var more = new TreeMap<>(epochs.headMap(offset, false));
            more.put(offset, epoch);
            epochs = more;
            unwritten = true;
        }
    }

    /** Forgets what lies outside of the log. */
    void keep(long startOffset, long endOffset) {
        var kept = new TreeMap<>(epochs.headMap(endOffset, false));
        var first = kept.floorEntry(startOffset);
        if (first != null) {
            kept.headMap(startOffset, true).clear();
            kept.put(startOffset, first.getValue());
        }
        unwritten |= !kept.equals(epochs);
        epochs = kept;
    }

    /** Writes the file, where it lacks something; it is yet to be forced then. */
    void write() throws IOException {
        if (unwritten) {
            Checkpoints.writeEpochs(disk, file, epochs);
            unwritten = false;
            unforced.set(true);
        }
    }

    /**
     * Whether the file is to be forced, by who asks, before any record counts as forced; it may be written
     * again meanwhile, for later records.
     */
    boolean takeUnforced() {
        return unforced.getAndSet(false);
    }

    /** The epoch in which the record at {@code offset} was written, -1 where that is not known. */
    int epochOf(long offset) {
        var start = epochs.floorEntry(offset);
        return start == null ? -1 : start.getValue();
    }

    /**
     * Where the last epoch not above {@code epoch} ends, by the rules of OffsetForLeaderEpoch (KIP-101,
     * KIP-279).
     */
    EpochEnd end(int epoch, long endOffset) {
        if (epoch == -1) {
            return EpochEnd.UNKNOWN;
        }
        if (epoch == latest()) {
            return new EpochEnd(epoch, endOffset);
        }
        int found = epoch;
        for (var start : epochs.entrySet()) {
            if (start.getValue() > epoch) {
                return new EpochEnd(found, start.getKey());
            }
            found = start.getValue();
        }
        return EpochEnd.UNKNOWN;
    }
}
