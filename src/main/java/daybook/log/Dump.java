package daybook.log;

import static java.util.Map.entry;

import daybook.record.RecordBatch;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;

/**
 * Shows the files of a log directory as lines of text, and finds the first thing in each that is wrong: an
 * {@link IOException} that is a sentence with the file, the position, what was expected and what was found.
 *
 * <p>It only reads, takes no lock, and maps nothing, so that a broker may be at work on the same files. It
 * reads all of them as streams; only a batch is held whole, when its records are asked for. Used by one
 * thread.
 */
public final class Dump {
    /** What shows the files of one kind; the base offset is the one in a segment's name, or 0. */
    private interface Format {
        void show(Dump dump, Path file, long baseOffset) throws IOException;
    }

    /** All kinds of files: by the end of the name for those of segments and snapshots, else by the name. */
    private static final Map<String, Format> FORMATS = Map.ofEntries(
            entry(Segment.LOG, Dump::batches),
            entry(".checkpoint", Dump::batches),
            entry(Segment.INDEX, (dump, file, base) -> dump.index(file, base, false)),
            entry(Segment.TIME_INDEX, (dump, file, base) -> dump.index(file, base, true)),
            entry(Segment.TRANSACTION_INDEX, Dump::abortedTransactions),
            entry(Segment.SNAPSHOT, Dump::producers),
            entry(LeaderEpochs.FILE, Dump::epochs),
            entry(Checkpoints.RECOVERY_POINTS, Dump::offsets),
            entry(Checkpoints.START_OFFSETS, Dump::offsets),
            entry(Checkpoints.HIGH_WATERMARKS, Dump::offsets),
            entry(Checkpoints.COMPACTED, Dump::offsets),
            entry(Directory.PARTITION_METADATA, text("version: 0", "topic_id: [A-Za-z0-9_-]{22}")),
            entry(Directory.META_PROPERTIES, text("version=1", "node\\.id=\\d+", "cluster\\.id=.+")),
            entry("quorum-state", text("\\{.*\"leaderEpoch\":\\d+.*\"data_version\":[01]}")));
    private static final Pattern RENAMED = Pattern.compile("\\.(deleted|cleaned|swap)$");
    private static final Pattern UNPRINTABLE = Pattern.compile("\\p{C}");
    /** Version, producer, first and last offset, last stable offset. */
    private static final int TRANSACTION_BYTES = Short.BYTES + 4 * Long.BYTES;
    private static final int TEXT_LIMIT_BYTES = 1 << 16;
    private static final int READ_BYTES = 1 << 16;

    private final Disk disk;
    private final boolean deep;
    private final Consumer<String> lines;

    /**
     * @param deep whether to open the batches and show their records
     * @param lines takes the text
     */
    public Dump(Disk disk, boolean deep, Consumer<String> lines) {
        this.disk = disk;
        this.deep = deep;
        this.lines = lines;
    }

    /**
     * Shows a file.
     *
     * @return false where its name does not tell what it is
     * @throws IOException where it cannot be read, or is wrong
     */
    public boolean show(Path file) throws IOException {
        var name = RENAMED.matcher(file.getFileName().toString()).replaceFirst("");
        var suffix = name.substring(Math.max(0, name.lastIndexOf('.')));
        long baseOffset = Recovery.baseOf(name, suffix);
        var format = FORMATS.get(baseOffset >= 0 || suffix.equals(".checkpoint") ? suffix : name);
        if (format == null) {
            return false;
        }
        lines.accept(file + ":");
        try {
            format.show(this, file, Math.max(0, baseOffset));
        } catch (EOFException end) {
            throw new IOException(file + " became shorter while it was read", end);
        }
        return true;
    }

    static IOException wrong(Path file, long position, String what) {
        return new IOException(file + ", byte " + position + ": " + what);
    }

    private InputStream open(Path file) throws IOException {
        return new BufferedInputStream(Channels.newInputStream(disk.openToRead(file)), READ_BYTES);
    }

    // Batches.

    private void batches(Path file, long baseOffset) throws IOException {
        try (var log = disk.openToRead(file)) {
            new BatchDump(file, log, deep, lines).show(baseOffset);
        }
    }

    // Indexes.

    /** The log beside an index, gone over by its batches' headers while the index is read. */
    private static final class Beside {
        private final Path file;
        private final BatchCursor cursor;
        /** The newest time of the batches so far. */
        private long newestMs = RecordBatch.NO_TIMESTAMP;

        /** A broker may add batches meanwhile, and does so before it adds their entries. */
        Beside(Path file, FileChannel log) {
            this.file = file;
            this.cursor = new BatchCursor(log, 0, Integer.MAX_VALUE, BatchCursor.SMALL_WINDOW_BYTES);
        }

        /** Goes on to the first batch of which this holds; false where there is none. */
        private boolean reach(Predicate<BatchCursor> place) throws IOException {
            while (cursor.batch() == null || !place.test(cursor)) {
                if (!cursor.next()) {
                    return false;
                }
                newestMs = Math.max(newestMs, cursor.batch().maxTimestamp());
            }
            return true;
        }

        /** What is wrong with an entry of the offset index; null where nothing is. */
        String wrongPlace(long offset, int position) throws IOException {
            if (!reach(at -> at.position() >= position) || cursor.position() != position) {
                return "expected a batch at byte " + position + " of " + file + ", found none";
            }
            long found = cursor.batch().lastOffset();
            return found == offset ? null : "expected " + offset + " as the last offset of the batch at"
                    + " byte " + position + " of " + file + ", found " + found;
        }

        /** What is wrong with an entry of the time index; null where nothing is. */
        String wrongTime(long timeMs, long offset) throws IOException {
            if (!reach(at -> at.batch().lastOffset() >= offset) || cursor.batch().baseOffset() > offset) {
                return "expected a batch with offset " + offset + " in " + file + ", found none";
            }
            long found = cursor.batch().maxTimestamp();
            return found == timeMs && newestMs == timeMs ? null : "expected " + timeMs + " as the newest"
                    + " time of the batch with offset " + offset + " and of those before it in " + file
                    + ", found " + found + " and " + newestMs;
        }
    }

    private void index(Path file, long baseOffset, boolean times) throws IOException {
        var log = logBeside(file);
        if (log == null) {
            lines.accept("there is no log beside it: where the entries point is not checked");
            indexEntries(file, baseOffset, times, null);
        } else {
            try (var channel = disk.openToRead(log)) {
                indexEntries(file, baseOffset, times, new Beside(log, channel));
            }
        }
    }

    /** The log that an index belongs to, which may have been renamed before or after it; null if none is. */
    private Path logBeside(Path file) {
        var name = file.getFileName().toString();
        var log = file.resolveSibling(name.replaceFirst("\\.(time)?index", Segment.LOG));
        var plain = file.resolveSibling(RENAMED.matcher(log.getFileName().toString()).replaceFirst(""));
        return disk.exists(log) ? log : disk.exists(plain) ? plain : null;
    }

    private void indexEntries(Path file, long baseOffset, boolean times, Beside log) throws IOException {
        int entryBytes = (times ? Long.BYTES : Integer.BYTES) + Integer.BYTES;
        long size = disk.sizeBytes(file);
        long lastKey = -1;
        int lastValue = -1;
        long at = 0;
        try (var in = new DataInputStream(open(file))) {
            for (; size - at >= entryBytes; at += entryBytes) {
                long key = times ? in.readLong() : in.readInt();
                int value = in.readInt();
                long offset = baseOffset + (times ? value : key);
                String wrong = null;
                if (key <= lastKey || value < lastValue || !times && value == lastValue) {
                    wrong = "expected an entry above " + lastKey + " and " + lastValue + ", found " + key
                            + " and " + value;
                } else if (log != null) {
                    wrong = times ? log.wrongTime(key, offset) : log.wrongPlace(offset, value);
                }
                if (key == 0 && value == 0 && (wrong != null || !times)) {
                    unusedRoom(file, at, size, entryBytes);
                    return;
                }
                if (wrong != null) {
                    throw wrong(file, at, wrong);
                }
                lines.accept(at + (times ? "  time " + key + "  offset " + offset
                        : "  offset " + offset + "  position " + value));
                lastKey = key;
                lastValue = value;
            }
        }
        expectEnd(file, at, size, entryBytes);
    }

    private static void expectEnd(Path file, long at, long size, int entryBytes) throws IOException {
        if (at < size) {
            throw wrong(file, at, "expected an entry of " + entryBytes + " bytes, found " + (size - at));
        }
    }

    /**
     * While an index grows, its file has its full size, and zeros behind the last entry. Where the first of
     * them are gone meanwhile, a broker has added entries.
     */
    private void unusedRoom(Path file, long from, long size, int entryBytes) throws IOException {
        try (var channel = disk.openToRead(file)) {
            long end = BatchDump.zerosEnd(channel, from, Math.min(size, channel.size()));
            if (end - from >= entryBytes && end < Math.min(size, channel.size())) {
                throw wrong(file, from, "expected an entry, found zeros to byte " + end);
            }
        }
        lines.accept("room for entries from byte " + from + " to " + size);
    }

    private void abortedTransactions(Path file, long baseOffset) throws IOException {
        long size = disk.sizeBytes(file);
        long before = baseOffset - 1;
        long at = 0;
        try (var in = new DataInputStream(open(file))) {
            for (; size - at >= TRANSACTION_BYTES; at += TRANSACTION_BYTES) {
                int version = in.readShort();
                long producerId = in.readLong();
                long first = in.readLong();
                long last = in.readLong();
                long stable = in.readLong();
                var entry = "producer " + producerId + "  offsets " + first + ".." + last
                        + "  last stable offset " + stable;
                boolean sound = version == 0 && producerId >= 0 && first >= 0 && first <= last
                        && last > before && stable >= 0 && stable <= last + 1;
                if (!sound) {
                    throw wrong(file, at, "expected an aborted transaction that ends behind offset " + before
                            + ", found version " + version + "  " + entry);
                }
                lines.accept(at + "  " + entry);
                before = last;
            }
        }
        expectEnd(file, at, size, TRANSACTION_BYTES);
    }

    // Snapshots.

    private void producers(Path file, long offset) throws IOException {
        long size = disk.sizeBytes(file);
        var checksum = new CRC32C();
        try (var in = new DataInputStream(new CheckedInputStream(open(file), checksum))) {
            int head = ProducerStates.ENTRIES_AT + Integer.BYTES;
            if (size < head) {
                throw wrong(file, 0, "expected " + head + " bytes or more, found " + size);
            }
            short version = in.readShort();
            if (version != ProducerStates.VERSION) {
                throw wrong(file, 0, "expected version 1, found " + version);
            }
            int expected = in.readInt();
            checksum.reset();
            int count = in.readInt();
            long expectedSize = head + (long) count * ProducerStates.ENTRY_BYTES;
            if (size != expectedSize) {
                throw wrong(file, ProducerStates.ENTRIES_AT, "expected " + expectedSize + " bytes for "
                        + count + " producers, found " + size);
            }
            for (int i = 0; i < count; i++) {
                lines.accept("producer " + in.readLong() + "  epoch " + in.readShort()
                        + "  last sequence " + in.readInt() + "  last offset " + in.readLong()
                        + "  offset delta " + in.readInt() + "  time " + in.readLong()
                        + "  coordinator epoch " + in.readInt() + "  transaction from " + in.readLong());
            }
            if ((int) checksum.getValue() != expected) {
                throw wrong(file, Short.BYTES, "expected checksum " + Integer.toHexString(expected)
                        + ", found " + Long.toHexString(checksum.getValue()));
            }
        }
    }

    // Text.

    private void offsets(Path file, long none) throws IOException {
        Checkpoints.parse(disk, file, 3, words -> {
            if (Integer.parseInt(words[1]) < 0 || Long.parseLong(words[2]) < 0) {
                throw new IllegalArgumentException("expected a partition and an offset of 0 or more, found "
                        + words[1] + " and " + words[2]);
            }
            line(String.join(" ", words));
        });
    }

    private void epochs(Path file, long none) throws IOException {
        var last = new LeaderEpochs.Start[] {new LeaderEpochs.Start(-1, -1)};
        Checkpoints.parse(disk, file, 2, words -> {
            var start = new LeaderEpochs.Start(Integer.parseInt(words[0]), Long.parseLong(words[1]));
            if (start.epoch() <= last[0].epoch() || start.offset() <= last[0].offset()) {
                throw new IllegalArgumentException("expected epoch and offset to rise, found "
                        + start.epoch() + " and " + start.offset());
            }
            last[0] = start;
            line("epoch " + start.epoch() + " from offset " + start.offset());
        });
    }

    /** A small file in which lines of these forms, regular expressions, are expected. */
    private static Format text(String... forms) {
        return (dump, file, none) -> {
            var text = new String(dump.disk.read(file, TEXT_LIMIT_BYTES), StandardCharsets.UTF_8);
            text.lines().forEach(dump::line);
            for (var form : forms) {
                if (text.lines().noneMatch(line -> line.matches(form))) {
                    throw wrong(file, 0, "expected a line of the form " + form + ", found none");
                }
            }
        };
    }

    private void line(String text) {
        lines.accept(UNPRINTABLE.matcher(text).replaceAll("?"));
    }
}
