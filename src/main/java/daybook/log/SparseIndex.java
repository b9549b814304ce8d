package daybook.log;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;

/**
 * One of the two indexes of a segment, as {@code package-info} draws them: entries of a rising key and a
 * value. It is a cache of what the segment holds, read through a mapping of its file.
 *
 * <p>While its segment grows, the file has its full size as a hole and the mapping is held. Each page is
 * written before an entry comes into it: so a full disk is told by that write, and not by the fault of a hole
 * that cannot be filled. After that the file is cut to its entries and the mapping is only held weakly, since
 * it lasts until it is collected. Entries are never changed: to rebuild an index is to gather its entries in
 * memory, and to make a new file; where there is no room for that they stay in memory.
 *
 * <p>One thread at a time may write ({@link #grow}, {@link #gather}, {@link #append}, {@link #seal}); any may
 * read.
 */
final class SparseIndex {
    private static final System.Logger LOG = System.getLogger("daybook.log");
    private static final int VALUE_BYTES = Integer.BYTES;
    private static final int PAGE_BYTES = 4096;

    private final Disk disk;
    private final Path file;
    private final int keyBytes;
    private final int entryBytes;
    /** Written by the one writer, after the entry it counts. */
    private volatile int entries;
    /** The mapping or the memory to write to; null unless the index grows. Written by the one writer. */
    private volatile ByteBuffer growing;
    /**
     * The entries, where there was no room to write them, or the file's name may change; else null. Written
     * by the one writer.
     */
    private volatile ByteBuffer unwritten;
    /** Whether all of the file outlives a power cut; believed of one that was there. */
    private volatile boolean forced = true;
    /** How much an index that grows may hold. Used only by the one writer, as is the next one. */
    private int capacityBytes;
    /** How much of the file is on the disk, and no hole. */
    private int backedBytes;
    /** The mapping of an index that does not grow; a reader that finds none makes one. */
    private volatile WeakReference<ByteBuffer> mapped = new WeakReference<>(null);

    private SparseIndex(Disk disk, Path file, int keyBytes) throws IOException {
        this.disk = disk;
        this.file = file;
        this.keyBytes = keyBytes;
        this.entryBytes = keyBytes + VALUE_BYTES;
        this.entries = (int) Math.max(0, disk.sizeBytes(file)) / entryBytes;
    }

    /** Offsets less the segment's base, to positions in its file. */
    static SparseIndex offsets(Disk disk, Path file) throws IOException {
        return new SparseIndex(disk, file, Integer.BYTES);
    }

    /** Timestamps in milliseconds, to offsets less the segment's base. */
    static SparseIndex times(Disk disk, Path file) throws IOException {
        return new SparseIndex(disk, file, Long.BYTES);
    }

    int entries() {
        return entries;
    }

    int sizeBytes() {
        return entries * entryBytes;
    }

    long key(int entry) throws IOException {
        return key(buffer(), entry);
    }

    int value(int entry) throws IOException {
        return buffer().getInt(entry * entryBytes + keyBytes);
    }

    /** The last entry whose key is not above {@code key}; -1 where there is none. */
    int floor(long key) throws IOException {
        return floor(key, true);
    }

    /**
     * The last entry whose value is not above {@code value}, where values rise too; -1 where there is none.
     */
    int floorOfValue(int value) throws IOException {
        return floor(value, false);
    }

    private int floor(long sought, boolean byKey) throws IOException {
        int above = entries;
        int below = -1;
        var buffer = above == 0 ? null : buffer();
        while (above - below > 1) {
            int middle = (above + below) >>> 1;
            long found = byKey ? key(buffer, middle) : buffer.getInt(middle * entryBytes + keyBytes);
            if (found <= sought) {
                below = middle;
            } else {
                above = middle;
            }
        }
        return below;
    }

    /**
     * Whether file and last entry can be those of a sealed index; what a power cut leaves behind, zeros above
     * all, often cannot. The value alone may be zero: the newest time may be that of the first record.
     */
    boolean plausible() throws IOException {
        int last = entries - 1;
        if (disk.sizeBytes(file) != (long) entries * entryBytes) {
            return false;
        }
        boolean written = last < 0 || key(last) > 0 || value(last) > 0;
        return written && (last <= 0 || key(last) > key(0) && value(last) >= value(0));
    }

    boolean grows() {
        return growing != null;
    }

    /**
     * Takes room for {@code sizeBytes} of entries, and for two more than there are at least. The file has all
     * of it, mostly as a hole; the next two entries have their room on the disk when this returns.
     */
    void grow(int sizeBytes) throws IOException {
        int usedBytes = entries * entryBytes;
        int neededBytes = usedBytes + 2 * entryBytes;
        if (growing != null && Math.min(neededBytes, capacityBytes) <= backedBytes) {
            return;
        }
        try (var open = disk.open(file)) {
            if (growing == null) {
                capacityBytes = Math.max(sizeBytes / entryBytes * entryBytes, neededBytes);
                backedBytes = usedBytes;
                if (unwritten != null) {
                    write(open, unwritten.slice(0, usedBytes), 0);
                }
            }
            int pagesBytes = (neededBytes / PAGE_BYTES + 1) * PAGE_BYTES;
            int backBytes = Math.min(pagesBytes, capacityBytes);
            write(open, ByteBuffer.allocate(backBytes - backedBytes), backedBytes);
            backedBytes = backBytes;
            if (growing == null) {
                growing = open.map(MapMode.READ_WRITE, 0, capacityBytes);
                unwritten = null;
            }
        }
    }

    private static void write(FileChannel open, ByteBuffer bytes, int position) throws IOException {
        while (bytes.hasRemaining()) {
            open.write(bytes, position + bytes.position());
        }
    }

    /** Lets a new index begin, at most {@code mostBytes} of entries, which {@link #seal} writes to a file. */
    void gather(int mostBytes) {
        entries = 0;
        capacityBytes = mostBytes;
        growing = ByteBuffer.allocate(PAGE_BYTES);
    }

    /** Whether fewer than {@code spare} further entries fit. */
    boolean full(int spare) {
        return growing != null && capacityBytes / entryBytes - entries < spare;
    }

    /** Adds an entry, whose key must be above the last one. The caller sees to it that there is room. */
    void append(long key, int value) {
        int at = entries * entryBytes;
        if (growing.capacity() < at + entryBytes) {
            growing = ByteBuffer.allocate(2 * growing.capacity()).put(0, growing, 0, at);
        }
        var buffer = growing;
        if (keyBytes == Integer.BYTES) {
            buffer.putInt(at, (int) key);
        } else {
            buffer.putLong(at, key);
        }
        buffer.putInt(at + keyBytes, value);
        entries++;
    }

    /**
     * Cuts the file to its entries, or writes them to a new one.
     *
     * @param force whether the file is on the disk when this returns
     */
    void seal(boolean force) throws IOException {
        var grown = growing;
        if (grown != null && grown.isDirect()) {
            mapped = new WeakReference<>(grown);
            growing = null;
            forced = false;
            try (var open = disk.open(file)) {
                open.truncate((long) entries * entryBytes);
            }
        } else if (grown != null) {
            unwritten = grown;
            growing = null;
            writeAnew(force);
        }
        if (force) {
            force();
        }
    }

    /** Has what is sealed on the disk: nothing in the file tells later whether a power cut left all of it. */
    void force() throws IOException {
        if (!forced && unwritten == null) {
            try (var open = disk.openToRead(file)) {
                open.force(true);
            }
            forced = true;
        }
    }

    /**
     * Makes a new file, for a reader may have the old one mapped. A wrong file is worse than none: it goes
     * first. Where it cannot, that is an error only for one that is to be believed after the next start.
     */
    private void writeAnew(boolean force) throws IOException {
        try {
            disk.delete(file);
            disk.replace(file, unwritten.slice(0, entries * entryBytes), force);
            unwritten = null;
            forced = force;
        } catch (IOException failure) {
            if (force && disk.exists(file)) {
                throw failure;
            }
            LOG.log(Level.WARNING, "The index {0} cannot be written, and is kept in memory: {1}", file,
                    failure.toString());
        }
    }

    /** Has what is sealed be readable without the file's name, which will be another one's. */
    void hold() throws IOException {
        unwritten = buffer();
    }

    private long key(ByteBuffer buffer, int entry) {
        int at = entry * entryBytes;
        return keyBytes == Integer.BYTES ? buffer.getInt(at) : buffer.getLong(at);
    }

    private ByteBuffer buffer() throws IOException {
        var held = growing;
        if (held == null) {
            held = unwritten;
        }
        return held != null ? held : mapping();
    }

    private ByteBuffer mapping() throws IOException {
        var held = mapped.get();
        if (held == null) {
            try (var open = disk.openToRead(file)) {
                held = open.map(MapMode.READ_ONLY, 0, (long) entries * entryBytes);
            }
            mapped = new WeakReference<>(held);
        }
        // Held meanwhile: then the name may have been that of another file already, for whoever mapped it.
        var kept = unwritten;
        return kept == null ? held : kept;
    }
}
