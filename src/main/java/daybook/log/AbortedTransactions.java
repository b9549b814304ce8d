package daybook.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;

/**
 * The aborted transactions whose markers lie in one segment: what a consumer that wants committed records
 * only is told, so that it passes over the others. {@code package-info} draws the file; one that is missing
 * holds none, so it is made with the first. A reader would not notice that an entry is lost, as it does with
 * the other indexes; so this one is forced with its segment.
 *
 * <p>Whoever holds the log's lock adds; any thread that holds a lease on the segment looks up.
 */
public final class AbortedTransactions {
    /**
     * One of them.
     *
     * @param lastOffset that of its marker
     * @param lastStableOffset the last stable offset once it was aborted
     */
    public record Entry(long producerId, long firstOffset, long lastOffset, long lastStableOffset) { }

    private static final short VERSION = 0;
    static final int ENTRY_BYTES = Short.BYTES + 4 * Long.BYTES;

    private final Disk disk;
    private final Path file;
    /** Null while there is no entry. Written by the one that adds, before {@link #entries}. */
    private volatile FileChannel channel;
    /** Written by the one that adds, after the entry. */
    private volatile int entries;
    /** Whether there are entries that were not forced since they were added. */
    private volatile boolean unforced;

    /** None yet: {@link #load} takes those that are in the file. */
    AbortedTransactions(Disk disk, Path file) {
        this.disk = disk;
        this.file = file;
    }

    /**
     * Takes the entries that are in the file, before there are readers.
     *
     * @param baseOffset of the segment, before which no marker of it lies
     * @return whether all of the file can be those of the segment; if not, as where the force failed that was
     *     to write them, they are to be made again
     */
    boolean load(long baseOffset) throws IOException {
        long sizeBytes = Math.max(0, disk.sizeBytes(file));
        channel = sizeBytes == 0 ? null : disk.open(file);
        long before = baseOffset - 1;
        int sound = 0;
        while ((sound + 1L) * ENTRY_BYTES <= sizeBytes) {
            var entry = entry(sound);
            if (entry == null || entry.lastOffset <= before || entry.firstOffset >= entry.lastOffset) {
                break;
            }
            before = entry.lastOffset;
            sound++;
        }
        entries = sound;
        return (long) sound * ENTRY_BYTES == sizeBytes;
    }

    boolean isEmpty() {
        return entries == 0;
    }

    /** Adds the transaction whose marker was just added to the segment; they come in the order of markers. */
    void append(Entry entry) throws IOException {
        if (channel == null) {
            channel = disk.open(file);
        }
        var bytes = ByteBuffer.allocate(ENTRY_BYTES).putShort(VERSION).putLong(entry.producerId)
                .putLong(entry.firstOffset).putLong(entry.lastOffset).putLong(entry.lastStableOffset).flip();
        long end = (entries + 1L) * ENTRY_BYTES;
        while (bytes.hasRemaining()) {
            channel.write(bytes, end - bytes.remaining());
        }
        unforced = true;
        entries++;
    }

    /**
     * Adds to {@code into} those that have records from {@code from} on and before {@code upTo}.
     *
     * @return whether no later segment can have more of them
     */
    boolean collect(long from, long upTo, List<Entry> into) throws IOException {
        int count = entries;
        for (int i = firstEndingAt(from, count); i < count; i++) {
            var entry = entry(i);
            if (entry.firstOffset < upTo) {
                into.add(entry);
            }
            if (entry.lastStableOffset >= upTo) {
                return true;
            }
        }
        return false;
    }

    /** The first of {@code count} entries that ends at or after {@code offset}; they end in their order. */
    private int firstEndingAt(long offset, int count) throws IOException {
        int from = 0;
        int to = count;
        while (from < to) {
            int middle = (from + to) >>> 1;
            if (entry(middle).lastOffset < offset) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return from;
    }

    /** An entry of the file; null where it is of another version. */
    private Entry entry(int index) throws IOException {
        var bytes = ByteBuffer.allocate(ENTRY_BYTES);
        long at = (long) index * ENTRY_BYTES;
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, at + bytes.position()) < 0) {
                throw new IOException(file + " ends before byte " + (at + ENTRY_BYTES));
            }
        }
        bytes.flip();
        return bytes.getShort() != VERSION ? null
                : new Entry(bytes.getLong(), bytes.getLong(), bytes.getLong(), bytes.getLong());
    }

    /** Forces what was added since the last time, and the file's name. */
    void force() throws IOException {
        if (unforced) {
            unforced = false;
            channel.force(false);
            disk.forceDirectory(file.getParent());
        }
    }

    /**
     * The entries made again from the segment's batches, before there are readers. A file that holds just
     * them is left as it is; another one is replaced in the end, so that a kill leaves the old or the new.
     */
    final class Remake {
        /** Entries of the file that were made again, one after the other from the first on. */
        private int same;
        /** All that were made, once the file is known to hold others. */
        private final AbortedTransactions made = new AbortedTransactions(disk,
                file.resolveSibling(file.getFileName() + Segment.CLEANED));

        void append(Entry entry) throws IOException {
            if (made.isEmpty() && same < entries && entry.equals(entry(same))) {
                same++;
            } else {
                copySame();
                made.append(entry);
            }
        }

        private void copySame() throws IOException {
            for (int i = made.entries; i < same; i++) {
                made.append(entry(i));
            }
        }

        void end(long baseOffset) throws IOException {
            if (!made.isEmpty() || disk.sizeBytes(file) > (long) same * ENTRY_BYTES) {
                replace();
                load(baseOffset);
            }
            unforced = !isEmpty();
        }

        private void replace() throws IOException {
            copySame();
            made.force();
            made.close();
            close();
            if (made.isEmpty()) {
                disk.delete(file);
            } else {
                disk.rename(made.file, file);
            }
            disk.forceDirectory(file.getParent());
        }
    }

    void close() throws IOException {
        if (channel != null) {
            channel.close();
        }
    }
}
