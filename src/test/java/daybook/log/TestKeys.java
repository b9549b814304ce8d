package daybook.log;

import daybook.record.BatchBuilder;
import daybook.record.BatchHeader;
import daybook.record.Codec;
import daybook.record.Record;
import daybook.record.RecordBatch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Batches of records with keys, written as {@code key=value}, or {@code key} alone for a tombstone. */
final class TestKeys {
    private TestKeys() { }

    static BatchHeader header(int records) {
        return BatchHeader.plain(records, TestLogs.NOW);
    }

    static ByteBuffer batch(String... records) {
        return batch(header(records.length), records);
    }

    static ByteBuffer gzip(String... records) {
        return batch(header(records.length).codec(Codec.GZIP), records);
    }

    /** A record that begins with = has no key. */
    static ByteBuffer batch(BatchHeader header, String... records) {
        var builder = new BatchBuilder(header);
        for (int i = 0; i < records.length; i++) {
            int equals = records[i].indexOf('=');
            var key = equals == 0 ? null : bytes(equals < 0 ? records[i] : records[i].substring(0, equals));
            var value = equals < 0 ? null : bytes(records[i].substring(equals + 1));
            builder.add(new Record(i, TestLogs.NOW + i, key, value, Record.NO_HEADERS));
        }
        return builder.build(header.codec().defaultLevel());
    }

    /** Appends each of these as a batch of the broker's own: records with spaces between them. */
    static void write(PartitionLog log, String... batches) {
        for (var records : batches) {
            TestLogs.done(log.appendOwn(batch(records.split(" "))));
        }
    }

    /** The records of a log, each as {@code offset:key=value}. */
    static List<String> records(PartitionLog log) throws IOException {
        var list = new ArrayList<String>();
        for (var batch : batches(log)) {
            if (!batch.control()) {
                batch.records(1 << 20).forEach(record -> list.add(record.offset() + ":" + text(record)));
            }
        }
        return list;
    }

    static List<RecordBatch> batches(PartitionLog log) throws IOException {
        return TestLogs.all(log).stream().map(bytes -> new RecordBatch(ByteBuffer.wrap(bytes), 0)).toList();
    }

    /** The batches of a log, each as {@code first-last(records)}. */
    static List<String> shape(PartitionLog log) throws IOException {
        return batches(log).stream().map(batch -> batch.baseOffset() + "-" + batch.lastOffset() + "("
                + batch.recordCount() + ")").toList();
    }

    static String text(Record record) {
        var key = record.key() == null ? "" : StandardCharsets.UTF_8.decode(record.key().duplicate());
        return record.value() == null ? key.toString()
                : key + "=" + StandardCharsets.UTF_8.decode(record.value().duplicate());
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
