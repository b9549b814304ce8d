package daybook.log;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

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
    /** Rising in both; never changed, only replaced, under the log's lock. */
    private volatile List<Start> starts;
    /** Whether the file lacks something. Guarded by the log's lock. */
    private boolean unwritten;

    private LeaderEpochs(Disk disk, Path file, List<Start> starts) {
        this.disk = disk;
        this.file = file;
        this.starts = starts;
    }

    /** What the file in the log's directory says; none where it is missing or wrong. */
    static LeaderEpochs open(Disk disk, Path directory) {
        var file = directory.resolve(FILE);
        return new LeaderEpochs(disk, file, Checkpoints.epochs(disk, file));
    }

    /** The newest epoch that has a record, -1 where none has. */
    int latest() {
        var all = starts;
        return all.isEmpty() ? -1 : all.getLast().epoch;
    }

    /** Notes that {@code epoch} begins at {@code offset}, unless it has begun or is older. */
    void note(int epoch, long offset) {
        if (epoch <= latest()) {
            return;
        }
        var more = new ArrayList<>(starts);
        more.removeIf(start -> start.offset >= offset);
        more.add(new Start(epoch, offset));
        starts = List.copyOf(more);
        unwritten = true;
    }

    /** Forgets what lies outside of the log. */
    void keep(long startOffset, long endOffset) {
        var kept = new ArrayList<Start>();
        for (var start : starts) {
            if (start.offset < endOffset && start.offset <= startOffset) {
                kept.clear();
                kept.add(new Start(start.epoch, startOffset));
            } else if (start.offset < endOffset) {
                kept.add(start);
            }
        }
        unwritten |= !kept.equals(starts);
        starts = List.copyOf(kept);
    }

    /** Writes the file, where it lacks something. */
    void write() throws IOException {
        if (unwritten) {
            Checkpoints.writeEpochs(disk, file, starts);
            unwritten = false;
        }
    }

    /** The epoch in which the record at {@code offset} was written, -1 where that is not known. */
    int epochOf(long offset) {
        int epoch = -1;
        for (var start : starts) {
            if (start.offset > offset) {
                break;
            }
            epoch = start.epoch;
        }
        return epoch;
    }

    /**
     * Where the last epoch not above {@code epoch} ends, by the rules of OffsetForLeaderEpoch (KIP-101,
     * KIP-279).
     */
    EpochEnd end(int epoch, long endOffset) {
        var all = starts;
        if (epoch == -1) {
            return EpochEnd.UNKNOWN;
        }
        if (epoch == latest()) {
            return new EpochEnd(epoch, endOffset);
        }
        int found = epoch;
        for (var start : all) {
            if (start.epoch > epoch) {
                return new EpochEnd(found, start.offset);
            }
            found = start.epoch;
        }
        return EpochEnd.UNKNOWN;
    }
}
