package daybook.log;

import daybook.record.Codec;
import daybook.record.CorruptBatchException;
import daybook.record.Record;
import daybook.record.RecordBatch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The part of {@link Dump} that shows a file of batches: a line for each, and where asked one for each
 * record. Offsets may have gaps, within batches too, for compaction leaves them.
 */
final class BatchDump {
    /** Types of control records: markers of transactions (KIP-98), then those of a quorum (KIP-595). */
    private static final List<String> CONTROL_TYPES = List.of("ABORT", "COMMIT", "LEADER_CHANGE",
            "SNAPSHOT_HEADER", "SNAPSHOT_FOOTER", "KRAFT_VERSION", "KRAFT_VOTERS");
    private static final int CONTROL_KEY_BYTES = 4;
    private static final int MARKER_BYTES = 6;
    private static final Pattern PRINTABLE = Pattern.compile("[\\P{C}\\n\\r\\t]*");
    /** More of a key or value is cut off. */
    private static final int SHOWN_BYTES = 100;
    private static final int SHOWN_HEADERS = 10;
    /** An opened batch takes this twice, and the text made of it some more. */
    private static final int OPENED_LIMIT_BYTES =
            (int) Math.min(BatchCheck.OPENED_LIMIT_BYTES, Runtime.getRuntime().maxMemory() / 8);

    private final Path file;
    private final FileChannel log;
    private final boolean deep;
    private final Consumer<String> lines;

    BatchDump(Path file, FileChannel log, boolean deep, Consumer<String> lines) {
        this.file = file;
        this.log = log;
        this.deep = deep;
        this.lines = lines;
    }

    /** @param baseOffset no batch has an offset before it */
    void show(long baseOffset) throws IOException {
        long expected = baseOffset;
        int position = 0;
        int batches = 0;
        int limit;
        BatchCursor cursor;
        do {
            limit = sizeBytes();
            cursor = new BatchCursor(log, position, limit, BatchCursor.LARGE_WINDOW_BYTES);
            while (cursor.next()) {
                check(cursor, baseOffset, expected);
                lines.accept(line(cursor));
                if (deep) {
                    records(cursor);
                }
                expected = cursor.batch().nextOffset();
                batches++;
            }
            position = cursor.position();
            // Where the file has grown since, a broker is at work, and what was half a batch may be whole.
        } while (!cursor.atLimit() && sizeBytes() > limit);
        if (!cursor.atLimit()) {
            throw wrong(position, noBatch(cursor, limit));
        }
        lines.accept(batches + " batches in " + position + " bytes, the next offset is " + expected);
    }

    /** No batch lies behind the largest position that an index can name. */
    private int sizeBytes() throws IOException {
        return (int) Math.min(log.size(), Integer.MAX_VALUE);
    }

    private IOException wrong(long position, String what) {
        return Dump.wrong(file, position, what);
    }

    /** Checks what the batch promises but for its records. */
    private void check(BatchCursor cursor, long baseOffset, long expected) throws IOException {
        int position = cursor.position();
        if (!cursor.checksumHolds()) {
            throw wrong(position, cursor.flaw());
        }
        var batch = cursor.batch();
        if (batch.baseOffset() < expected) {
            throw wrong(position, "expected a base offset from " + expected + " on, found "
                    + batch.baseOffset());
        }
        long span = batch.lastOffset() - baseOffset;
        if (span < 0 || span > Integer.MAX_VALUE) {
            throw wrong(position, "expected a last offset of at most 2147483647 more than " + baseOffset
                    + ", found " + batch.lastOffset());
        }
        if (batch.recordCount() < 0 || batch.recordCount() - 1 > batch.lastOffsetDelta()) {
            throw wrong(position, "expected 0 to " + (batch.lastOffsetDelta() + 1L)
                    + " records by the offsets, found the count " + batch.recordCount());
        }
        if (batch.codecId() > Codec.ZSTD.id()) {
            throw wrong(position, "expected a codec of 0 to 4, found " + batch.codecId());
        }
    }

    /** Why no batch lies at the cursor. */
    private String noBatch(BatchCursor cursor, int limit) throws IOException {
        int position = cursor.position();
        long zerosEnd = zerosEnd(log, position, limit);
        if (zerosEnd == limit) {
            return "expected a batch, found zeros to the end of the file at byte " + limit;
        }
        if (zerosEnd - position >= RecordBatch.HEADER_BYTES) {
            return "expected a batch, found zeros to byte " + zerosEnd;
        }
        return cursor.flaw() + "; here the whole batches end";
    }

    /** Where the zeros end that begin at {@code from}. */
    static long zerosEnd(FileChannel file, long from, long limit) throws IOException {
        var window = ByteBuffer.allocate(BatchCursor.LARGE_WINDOW_BYTES);
        var zeros = ByteBuffer.allocate(BatchCursor.LARGE_WINDOW_BYTES);
        for (long at = from; at < limit; at += window.limit()) {
            if (file.read(window.clear(), at) <= 0) {
                return at;
            }
            int differs = window.flip().mismatch(zeros.slice(0, window.limit()));
            if (differs >= 0) {
                return Math.min(limit, at + differs);
            }
        }
        return limit;
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
                .append(batch.control() ? "  control" : "");
        if (batch.hasDeleteHorizon()) {
            line.append("  delete horizon ").append(batch.baseTimestamp());
        }
        return line.append("  crc ").append(hex(batch.checksum())).toString();
    }

    private static String hex(int checksum) {
        return HexFormat.of().toHexDigits(checksum);
    }

    // Records.

    private void records(BatchCursor cursor) throws IOException {
        if (cursor.sizeBytes() > OPENED_LIMIT_BYTES) {
            lines.accept("    not opened, for it has more than " + OPENED_LIMIT_BYTES + " bytes");
            return;
        }
        var batch = cursor.whole();
        long last = batch.baseOffset() - 1;
        try {
            for (var record : batch.records(OPENED_LIMIT_BYTES)) {
                if (record.offset() <= last || record.offset() > batch.lastOffset()) {
                    throw wrong(cursor.position(), "expected a record with an offset from " + (last + 1)
                            + " to " + batch.lastOffset() + ", found " + record.offset());
                }
                last = record.offset();
                lines.accept("    " + last + "  " + record.timestampMs()
                        + (batch.control() ? control(record) : plain(record)));
            }
        } catch (CorruptBatchException corrupt) {
            throw wrong(cursor.position(), corrupt.getMessage());
        }
    }

    private static String plain(Record record) {
        var line = "  key " + text(record.key()) + "  value " + text(record.value());
        var headers = record.headers();
        return headers.isEmpty() ? line : line + headers.stream().limit(SHOWN_HEADERS)
                .map(header -> text(StandardCharsets.UTF_8.encode(header.key())) + ": "
                        + text(header.value()))
                .collect(Collectors.joining(", ", "  " + headers.size() + " headers ", ""));
    }

    /** Key: int16 version, int16 type. Value of a transaction's marker: int16 version, int32 epoch. */
    private static String control(Record record) {
        var key = record.key();
        boolean typed = key != null && key.remaining() >= CONTROL_KEY_BYTES;
        int type = typed ? key.getShort(key.position() + Short.BYTES) : -1;
        var value = record.value();
        if (type < 0 || value == null) {
            throw new CorruptBatchException("expected a type and a value of the control record at offset "
                    + record.offset() + ", found none");
        }
        var name = type < CONTROL_TYPES.size() ? CONTROL_TYPES.get(type) : "type " + type;
        boolean marker = type <= 1 && value.remaining() >= MARKER_BYTES;
        return "  control " + name + (marker
                ? "  coordinator epoch " + value.getInt(value.position() + Short.BYTES)
                : "  value " + text(value));
    }

    /** Quoted where all is printable, else in hexadecimal digits; of much only the beginning and the size. */
    private static String text(ByteBuffer bytes) {
        if (bytes == null) {
            return "null";
        }
        int size = bytes.remaining();
        var shown = bytes.slice(bytes.position(), Math.min(size, SHOWN_BYTES));
        var chars = CharBuffer.allocate(SHOWN_BYTES);
        boolean whole = size == shown.remaining();
        var decoded = StandardCharsets.UTF_8.newDecoder().decode(shown.duplicate(), chars, whole);
        var text = chars.flip().toString();
        var cut = whole ? "" : "... (" + size + " bytes)";
        if (decoded.isUnderflow() && PRINTABLE.matcher(text).matches()) {
            return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n")
                    .replace("\r", "\\r").replace("\t", "\\t") + '"' + cut;
        }
        var digits = new byte[shown.remaining()];
        shown.get(digits);
        return "0x" + HexFormat.of().formatHex(digits) + cut;
    }
}
