package daybook.log;

import static java.util.Map.entry;

import daybook.record.Codec;
import daybook.record.CorruptBatchException;
import daybook.record.Record;
import daybook.record.RecordBatch;
import daybook.record.TransactionMarker;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Shows one file of a log directory as lines of text, and finds the first thing in it that is wrong: an
 * {@link IOException} that says the file, the position, what was expected and what was found.
 *
 * <p>It only reads, takes no lock, and maps nothing, so that a broker may be at work on the same file. What
 * is large it reads as a stream; a batch is held whole only when its records are asked for. Used by one
 * thread.
 */
public final class Dump {
    /** Reads the records of topics that belong to the broker, which this room does not know. */
    @FunctionalInterface
    public interface OwnRecords {
        /** What a record says; null where the topic has none of its own, or this is none of them. */
        String text(String topic, ByteBuffer key, ByteBuffer value);
    }

    /** What shows the files of one kind. */
    private interface Format {
        void show(Dump dump) throws IOException;
    }

    /** What reads, checks and shows an entry of fixed size; false where the rest is room for more of them. */
    private interface Entry {
        boolean show(DataInputStream in, long at) throws IOException;
    }

    /** All kinds of files: by the end of the name for those of segments and snapshots, else by the name. */
    private static final Map<String, Format> FORMATS = Map.ofEntries(
            entry(Segment.LOG, Dump::batches),
            entry(".checkpoint", Dump::batches),
            entry(Segment.INDEX, dump -> dump.index(false)),
            entry(Segment.TIME_INDEX, dump -> dump.index(true)),
            entry(Segment.TRANSACTION_INDEX, Dump::abortedTransactions),
            entry(Segment.SNAPSHOT, Dump::producers),
            entry(LeaderEpochs.FILE, Dump::epochs),
            entry(Checkpoints.RECOVERY_POINTS, Dump::offsets),
            entry(Checkpoints.START_OFFSETS, Dump::offsets),
            entry(Checkpoints.HIGH_WATERMARKS, Dump::offsets),
            entry(Checkpoints.COMPACTED, Dump::offsets),
            entry(Directory.PARTITION_METADATA,
                    dump -> dump.text("version: 0", "topic_id: [A-Za-z0-9_-]{22}")),
            entry(Directory.META_PROPERTIES,
                    dump -> dump.text("version=1", "node\\.id=\\d+", "cluster\\.id=.+")),
            entry("quorum-state",
                    dump -> dump.text("\\{.*\"leaderEpoch\":\\d+.*\"data_version\":[01]}")));
    private static final Pattern RENAMED = Pattern.compile("\\.(deleted|cleaned|swap)$");
    private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{C}\\uFFFD&&[^\\n\\r\\t]]");
    /** More of a key or value is cut off. */
    private static final int SHOWN_BYTES = 100;
    /** More of headers stay bytes: two of them make an object. */
    private static final int HEADERS_OPENED_BYTES = 1 << 14;
    private static final int TEXT_LIMIT_BYTES = 1 << 16;

    private final Disk disk;
    private final Path file;
    /** The one in the name of a segment's file, else 0. */
    private final long baseOffset;
    private final boolean deep;
    private final OwnRecords ownRecords;
    private final Consumer<String> lines;

    private Dump(Disk disk, Path file, long baseOffset, boolean deep, OwnRecords ownRecords,
            Consumer<String> lines) {
        this.disk = disk;
        this.file = file;
        this.baseOffset = Math.max(0, baseOffset);
        this.deep = deep;
        this.ownRecords = ownRecords;
        this.lines = lines;
    }

    /**
     * Shows a file.
     *
     * @param deep whether to open batches and show their records
     * @param ownRecords shows those that it knows; all others are a key and a value
     * @param lines takes the text, in which what stands in the file may not be printable
     * @return false where its name does not tell what it is
     * @throws IOException where it cannot be read, or is wrong
     */
    public static boolean show(Disk disk, Path file, boolean deep, OwnRecords ownRecords,
            Consumer<String> lines) throws IOException {
        var name = RENAMED.matcher(file.getFileName().toString()).replaceFirst("");
        var suffix = name.substring(Math.max(0, name.lastIndexOf('.')));
        long baseOffset = Recovery.baseOf(name, suffix);
        var format = FORMATS.get(baseOffset >= 0 || suffix.equals(".checkpoint") ? suffix : name);
        if (format != null) {
            lines.accept(file + ":");
            try {
                format.show(new Dump(disk, file, baseOffset, deep, ownRecords, lines));
            } catch (EOFException end) {
                throw new IOException(file + " became shorter while it was read", end);
            }
        }
        return format != null;
    }

    private void expect(boolean sound, long position, String expected, Object found) throws IOException {
        if (!sound) {
            throw wrong(position, "expected " + expected + ", found " + found);
        }
    }

    private IOException wrong(long position, String what) {
        return new IOException(file + ", byte " + position + ": " + what);
    }

    // Batches. Offsets may have gaps, within batches too, for compaction leaves them.

    private void batches() throws IOException {
        try (var log = disk.openToRead(file)) {
            long next = baseOffset;
            int position = 0;
            int batches = 0;
            int limit;
            BatchCursor cursor;
            do {
                limit = sizeBytes(log);
                cursor = new BatchCursor(log, position, limit, BatchCursor.LARGE_WINDOW_BYTES);
                while (cursor.next()) {
                    check(cursor, next);
                    lines.accept(line(cursor));
                    if (deep) {
                        records(cursor);
                    }
                    next = cursor.batch().nextOffset();
                    batches++;
                }
                position = cursor.position();
                // Where the file has grown since, a broker is at work, and half a batch may be whole now.
            } while (!cursor.atLimit() && sizeBytes(log) > limit);
            if (!cursor.atLimit()) {
                long zeros = zerosEnd(log, position, limit) - position;
                expect(zeros < Math.min(limit - position, RecordBatch.HEADER_BYTES), position, "a batch",
                        "zeros to byte " + (position + zeros) + " of " + limit);
                throw wrong(position, cursor.flaw() + "; here the whole batches end");
            }
            lines.accept(batches + " batches in " + position + " bytes, the next offset is " + next);
        }
    }

    /** No batch lies behind the largest position that an index can name. */
    private static int sizeBytes(FileChannel log) throws IOException {
        return (int) Math.min(log.size(), Integer.MAX_VALUE);
    }

    /** Where the zeros end that begin at {@code from}. */
    private static long zerosEnd(FileChannel file, long from, long limit) throws IOException {
        var window = ByteBuffer.allocate(BatchCursor.LARGE_WINDOW_BYTES);
        var zeros = ByteBuffer.allocate(BatchCursor.LARGE_WINDOW_BYTES);
        for (long at = from; at < limit; at += window.limit()) {
            if (file.read(window.clear(), at) <= 0) {
                return limit;
            }
            int differs = window.flip().mismatch(zeros.slice(0, window.limit()));
            if (differs >= 0) {
                return Math.min(limit, at + differs);
            }
        }
        return limit;
    }

    private void check(BatchCursor cursor, long next) throws IOException {
        int position = cursor.position();
        if (!cursor.checksumHolds()) {
            throw wrong(position, cursor.flaw());
        }
        var batch = cursor.batch();
        int count = batch.recordCount();
        long span = batch.lastOffset() - baseOffset;
        expect(batch.baseOffset() >= next, position, "a base offset from " + next + " on",
                batch.baseOffset());
        expect(span >= 0 && span <= Integer.MAX_VALUE, position,
                "a last offset of at most 2147483647 more than " + baseOffset, batch.lastOffset());
        expect(count >= 0 && count - 1 <= batch.lastOffsetDelta(), position,
                "a count of at most one more than the last offset delta " + batch.lastOffsetDelta(), count);
        expect(batch.codecId() <= Codec.ZSTD.id(), position, "a codec of 0 to 4", batch.codecId());
    }

    private static String line(BatchCursor cursor) {
        var batch = cursor.batch();
        var line = new StringBuilder().append(batch.baseOffset()).append("..").append(batch.lastOffset())
                .append("  position ").append(cursor.position()).append("  size ").append(cursor.sizeBytes())
                .append("  count ").append(batch.recordCount())
                .append("  ").append(Codec.of(batch.codecId()).name().toLowerCase(Locale.ROOT))
                .append(batch.logAppendTime() ? "  LogAppendTime " : "  CreateTime ")
                .append(batch.maxTimestamp()).append("  leader epoch ").append(batch.leaderEpoch());
        if (batch.hasProducerId()) {
            line.append("  producer ").append(batch.producerId()).append(" epoch ")
                    .append(batch.producerEpoch()).append(" sequence ").append(batch.baseSequence())
                    .append("..").append(batch.lastSequence());
        }
        line.append(batch.transactional() ? "  transactional" : "")
                .append(batch.control() ? "  control" : "")
                .append(batch.hasDeleteHorizon() ? "  delete horizon " + batch.baseTimestamp() : "");
        return line.append("  crc ").append(HexFormat.of().toHexDigits(batch.checksum())).toString();
    }

    // Records.

    private void records(BatchCursor cursor) throws IOException {
        if (cursor.sizeBytes() > OpenedBatch.LIMIT_BYTES) {
            lines.accept("    not opened, for it has more than " + OpenedBatch.LIMIT_BYTES + " bytes");
            return;
        }
        int position = cursor.position();
        var batch = cursor.whole();
        var topic = topic();
        long last = batch.baseOffset() - 1;
        try {
            for (var record : batch.records(OpenedBatch.LIMIT_BYTES)) {
                expect(record.offset() > last && record.offset() <= batch.lastOffset(), position,
                        "a record with an offset from " + (last + 1) + " to " + batch.lastOffset(),
                        record.offset());
                last = record.offset();
                var marker = TransactionMarker.of(batch);
                expect(marker != null || !batch.control() || !batch.hasProducerId(), position,
                        "the marker of a transaction", "none");
                lines.accept("    " + last + "  " + record.timestampMs() + "  " + (marker == null
                        ? plain(topic, record) : (marker.commit() ? "COMMIT" : "ABORT")
                        + "  coordinator epoch " + marker.coordinatorEpoch()));
            }
        } catch (CorruptBatchException corrupt) {
            throw wrong(position, corrupt.getMessage());
        }
    }

    /** The topic of the directory that the file is in; empty where it is in none of a partition. */
    private String topic() {
        var directory = file.toAbsolutePath().normalize().getParent();
        var partition = directory == null || directory.getFileName() == null ? null
                : TopicPartition.parse(directory.getFileName().toString());
        return partition == null ? "" : partition.topic();
    }

    private String plain(String topic, Record record) {
        var own = ownRecords.text(topic, record.key(), record.value());
        var line = new StringBuilder(own != null ? own
                : "key " + text(record.key()) + "  value " + text(record.value()));
        if (record.headerBytes().remaining() > HEADERS_OPENED_BYTES) {
            return line.append("  headers ").append(text(record.headerBytes())).toString();
        }
        for (var header : record.headers()) {
            line.append("  header ").append(text(StandardCharsets.UTF_8.encode(header.key())))
                    .append(' ').append(text(header.value()));
        }
        return line.toString();
    }

    /** Quoted where all is printable, else in hexadecimal digits; of much only the beginning and the size. */
    private static String text(ByteBuffer bytes) {
        if (bytes == null) {
            return "null";
        }
        var shown = new byte[Math.min(bytes.remaining(), SHOWN_BYTES)];
        bytes.get(bytes.position(), shown);
        boolean whole = shown.length == bytes.remaining();
        var decoded = new String(shown, StandardCharsets.UTF_8);
        // A character that was cut in two is no reason against text.
        var text = whole ? decoded : decoded.replaceFirst("\\uFFFD+$", "");
        var quoted = '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n")
                .replace("\r", "\\r").replace("\t", "\\t") + '"';
        return (UNPRINTABLE.matcher(text).find() ? "0x" + HexFormat.of().formatHex(shown) : quoted)
                + (whole ? "" : "... (" + bytes.remaining() + " bytes)");
    }

    // Entries of fixed size.

    private void entries(int entryBytes, Entry entry) throws IOException {
        long size = disk.sizeBytes(file);
        var bytes = new BufferedInputStream(Channels.newInputStream(disk.openToRead(file)), 1 << 16);
        try (var in = new DataInputStream(bytes)) {
            long at = 0;
            while (size - at >= entryBytes && entry.show(in, at)) {
                at += entryBytes;
            }
            expect(at == size || size - at >= entryBytes, at, "an entry of " + entryBytes + " bytes",
                    size - at);
        }
    }

    private void index(boolean times) throws IOException {
        try (var index = new Index(times)) {
            entries(index.entryBytes, index);
        }
    }

    /** The entries of an offset or time index, beside the batches of its log, gone over by their headers. */
    private final class Index implements Entry, Closeable {
        private final boolean times;
        private final int entryBytes;
        private final Path log = logBeside();
        /** Null where there is no log. */
        private final FileChannel channel = log == null ? null : disk.openToRead(log);
        /** Without a limit: a broker may add batches meanwhile, and does so before it adds their entries. */
        private final BatchCursor batches =
                new BatchCursor(channel, 0, Integer.MAX_VALUE, BatchCursor.SMALL_WINDOW_BYTES);
        /** The newest time of the batches so far. */
        private long newestMs = RecordBatch.NO_TIMESTAMP;
        private long lastKey = -1;
        private int lastValue = -1;

        Index(boolean times) throws IOException {
            this.times = times;
            this.entryBytes = (times ? Long.BYTES : Integer.BYTES) + Integer.BYTES;
            if (log == null) {
                lines.accept("there is no log beside it: where the entries point is not checked");
            }
        }

        /** The log, which may have been renamed later or earlier than the index; null if there is none. */
        private Path logBeside() {
            var name = file.getFileName().toString();
            var renamed = file.resolveSibling(name.replaceFirst("\\.(time)?index", Segment.LOG));
            var plain = file.resolveSibling(Segment.path(Path.of(""), baseOffset, Segment.LOG));
            return disk.exists(renamed) ? renamed : disk.exists(plain) ? plain : null;
        }

        @Override
        public boolean show(DataInputStream in, long at) throws IOException {
            long key = times ? in.readLong() : in.readInt();
            int value = in.readInt();
            if (key == 0 && value == 0 && unused(at)) {
                return false;
            }
            expect(key > lastKey && value >= lastValue && (times || value > lastValue), at,
                    "an entry above " + lastKey + " and " + lastValue, key + " and " + value);
            long offset = baseOffset + (times ? value : key);
            if (channel != null && times) {
                checkTime(at, key, offset);
            } else if (channel != null) {
                checkPlace(at, offset, value);
            }
            lines.accept(at + (times ? "  time " + key : "") + "  offset " + offset
                    + (times ? "" : "  position " + value));
            lastKey = key;
            lastValue = value;
            return true;
        }

        /**
         * Whether an entry of zeros is the room behind the last one, which an index has while it grows. Where
         * its first bytes are gone meanwhile, a broker has added entries.
         */
        private boolean unused(long at) throws IOException {
            long size = disk.sizeBytes(file);
            try (var open = disk.openToRead(file)) {
                long end = zerosEnd(open, at, size);
                boolean room = end == size || end - at < entryBytes;
                expect(room || times && at == 0, at, "an entry", "zeros to byte " + end);
                if (room) {
                    lines.accept("room for entries from byte " + at + " to " + size);
                }
                return room;
            }
        }

        private void checkPlace(long at, long offset, int position) throws IOException {
            boolean begins = reach(() -> batches.position() >= position) && batches.position() == position;
            expect(begins, at, "a batch at byte " + position + " of " + log, "none");
            expect(batches.batch().lastOffset() == offset, at, offset + " as the last offset of the batch at"
                    + " byte " + position + " of " + log, batches.batch().lastOffset());
        }

        private void checkTime(long at, long timeMs, long offset) throws IOException {
            boolean has = reach(() -> batches.batch().lastOffset() >= offset)
                    && batches.batch().baseOffset() <= offset;
            expect(has, at, "a batch with offset " + offset + " in " + log, "none");
            long foundMs = batches.batch().maxTimestamp();
            expect(foundMs == timeMs && newestMs == timeMs, at, timeMs + " as the newest time of the batch"
                    + " with offset " + offset + " and of those before it in " + log,
                    foundMs + " and " + newestMs);
        }

        /** Goes on to the first batch where this holds; false where there is none. */
        private boolean reach(BooleanSupplier place) throws IOException {
            while (batches.batch() == null || !place.getAsBoolean()) {
                if (!batches.next()) {
                    return false;
                }
                newestMs = Math.max(newestMs, batches.batch().maxTimestamp());
            }
            return true;
        }

        @Override
        public void close() throws IOException {
            if (channel != null) {
                channel.close();
            }
        }
    }

    private void abortedTransactions() throws IOException {
        var before = new long[] {baseOffset - 1};
        entries(AbortedTransactions.ENTRY_BYTES, (in, at) -> {
            int version = in.readShort();
            long producerId = in.readLong();
            long first = in.readLong();
            long last = in.readLong();
            long stable = in.readLong();
            var shown = "producer " + producerId + "  offsets " + first + ".." + last
                    + "  last stable offset " + stable;
            boolean sound = version == 0 && producerId >= 0 && first >= 0 && first <= last
                    && last > before[0] && stable >= 0 && stable <= last + 1;
            expect(sound, at, "an aborted transaction that ends behind offset " + before[0],
                    "version " + version + "  " + shown);
            lines.accept(at + "  " + shown);
            before[0] = last;
            return true;
        });
    }

    private void producers() throws IOException {
        var bytes = ByteBuffer.wrap(disk.read(file, ProducerStates.LIMIT_BYTES));
        int size = bytes.limit();
        int head = ProducerStates.ENTRIES_AT + Integer.BYTES;
        expect(size >= head, 0, head + " bytes or more", size);
        short version = bytes.getShort();
        expect(version == ProducerStates.VERSION, 0, "version 1", version);
        int expected = bytes.getInt();
        int count = bytes.getInt();
        long needed = head + (long) count * ProducerStates.ENTRY_BYTES;
        expect(size == needed, ProducerStates.ENTRIES_AT,
                needed + " bytes for " + count + " producers", size);
        while (bytes.hasRemaining()) {
            lines.accept("producer " + bytes.getLong() + "  epoch " + bytes.getShort()
                    + "  last sequence " + bytes.getInt() + "  last offset " + bytes.getLong()
                    + "  offset delta " + bytes.getInt() + "  time " + bytes.getLong()
                    + "  coordinator epoch " + bytes.getInt() + "  transaction from " + bytes.getLong());
        }
        int found = ProducerStates.checksum(bytes);
        expect(found == expected, Short.BYTES, "checksum " + Integer.toHexString(expected),
                Integer.toHexString(found));
    }

    // Text.

    private void offsets() throws IOException {
        Checkpoints.parse(disk, file, 3, words -> {
            if (Integer.parseInt(words[1]) < 0 || Long.parseLong(words[2]) < 0) {
                throw new IllegalArgumentException("expected a partition and an offset of 0 or more, found "
                        + words[1] + " and " + words[2]);
            }
            lines.accept(String.join(" ", words));
        });
    }

    private void epochs() throws IOException {
        var entry = Checkpoints.risingEpochs();
        Checkpoints.parse(disk, file, 2, words -> {
            var start = entry.apply(words);
            lines.accept("epoch " + start.epoch() + " from offset " + start.offset());
        });
    }

    /** A small file in which lines of these forms, regular expressions, are expected. */
    private void text(String... forms) throws IOException {
        var text = new String(disk.read(file, TEXT_LIMIT_BYTES), StandardCharsets.UTF_8);
        text.lines().forEach(lines);
        for (var form : forms) {
            boolean found = text.lines().anyMatch(line -> line.matches(form));
            expect(found, 0, "a line of the form " + form, "none");
        }
    }
}
