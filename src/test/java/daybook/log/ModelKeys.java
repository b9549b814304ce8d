package daybook.log;

import static daybook.log.Model.require;

import daybook.log.ModelTransactions.Fate;
import daybook.record.BatchBuilder;
import daybook.record.BatchHeader;
import daybook.record.Record;
import daybook.record.RecordBatch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * What was written to a log that is compacted, and what compaction may take of it: records of which there is
 * a newer one of their key, those of aborted transactions, and tombstones that are old enough. What is left
 * of a batch is a part of it.
 */
final class ModelKeys {
    /** A tombstone has no value. */
    private record Keyed(long offset, String key, String value, long timeMs) { }

    private static final int KEYS = 9;

    /** Each batch as it was written, by its base offset. */
    private final TreeMap<Long, ModelLog.Entry> written = new TreeMap<>();
    /** A compaction was cut short: of some records only the next start knows whether they are there. */
    boolean unsure;
    /** Whether that was so once since the start: a whole one after it does not make it sure. */
    boolean cutShort;
    /** Tombstones stay at least so long. */
    private long leastRetentionMs = Long.MAX_VALUE;
    private int values;

    /** A batch with a record for each of these times. */
    ByteBuffer batch(Random random, long[] timesMs, ModelLog.Producer producer, int sequence) {
        var header = BatchHeader.plain(timesMs.length, timesMs[0]);
        if (producer != null) {
            header = header.producer(producer.id, (short) producer.epoch, sequence);
        }
        return batch(random, timesMs, header);
    }

    /** As {@link #batch(Random, long[], ModelLog.Producer, int)}, with another header. */
    ByteBuffer batch(Random random, long[] timesMs, BatchHeader header) {
        var builder = new BatchBuilder(header);
        for (int i = 0; i < timesMs.length; i++) {
            var value = random.nextInt(6) == 0 ? null
                    : bytes(values++ + "-".repeat(random.nextInt(random.nextInt(8) == 0 ? 120 : 40)));
            var key = bytes("key " + random.nextInt(KEYS));
            builder.add(new Record(i, timesMs[i], key, value, Record.NO_HEADERS));
        }
        return builder.build(header.codec().defaultLevel());
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(ByteBuffer bytes) {
        return bytes == null ? null : StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
    }

    private static List<Keyed> records(byte[] batch) {
        var records = new ArrayList<Keyed>();
        for (var record : new RecordBatch(ByteBuffer.wrap(batch), 0).records(1 << 20)) {
            records.add(new Keyed(record.offset(), text(record.key()), text(record.value()),
                    record.timestampMs()));
        }
        return records;
    }

    // What was written.

    void configure(TestLogs.Config config) {
        if (config.compaction != null) {
            leastRetentionMs = Math.min(leastRetentionMs, config.compaction.deleteRetentionMs());
        }
    }

    void add(ModelLog.Entry entry) {
        written.put(entry.base(), entry);
    }

    List<ModelLog.Entry> written() {
        return List.copyOf(written.values());
    }

    boolean holds(ModelLog.Sent sent, long base) {
        var entry = written.get(base);
        return entry != null && sent.is(entry.bytes());
    }

    void forgetBefore(long start) {
        written.values().removeIf(entry -> entry.next() <= start);
    }

    void loseFrom(long end) {
        written.values().removeIf(entry -> entry.next() > end);
    }

    // What is left of it.

    /**
     * The entries of a log that now holds these batches, as far as they were known; and behind its end those
     * that it lost.
     */
    List<ModelLog.Entry> adopt(List<byte[]> stored) {
        var entries = new ArrayList<ModelLog.Entry>();
        long end = 0;
        for (var bytes : stored) {
            var original = written.get(new RecordBatch(ByteBuffer.wrap(bytes), 0).baseOffset());
            if (original == null) {
                break;
            }
            checkPart(bytes, original);
            end = original.next();
            entries.add(new ModelLog.Entry(original.base(), end, bytes, original.sent()));
        }
        entries.addAll(written.tailMap(end, true).values());
        return entries;
    }

    private static void checkPart(byte[] bytes, ModelLog.Entry original) {
        var batch = new RecordBatch(ByteBuffer.wrap(bytes), 0);
        var whole = new RecordBatch(ByteBuffer.wrap(original.bytes()), 0);
        require(batch.checksumHolds() && batch.nextOffset() == whole.nextOffset()
                && batch.leaderEpoch() == whole.leaderEpoch() && batch.producerId() == whole.producerId()
                && batch.producerEpoch() == whole.producerEpoch()
                && batch.baseSequence() == whole.baseSequence()
                && records(original.bytes()).containsAll(records(bytes)),
                "the batch at offset " + original.base() + " is no part of what was written there");
    }

    /** Nothing is gone of which there is not a newer record, and nothing is there again. */
    void check(List<ModelLog.Entry> entries, Map<Long, Fate> fates, long start, long nowMs) {
        var newest = newest(fates);
        var there = new HashSet<Long>();
        var oldest = new HashMap<String, Long>();
        for (var entry : entries) {
            for (var record : records(entry.bytes())) {
                there.add(record.offset);
                if (record.offset >= start && fates.get(entry.base()) == Fate.COMMITTED) {
                    oldest.putIfAbsent(record.key, record.offset);
                }
            }
        }
        for (var entry : written.values()) {
            var fate = fates.get(entry.base());
            if (fate == null || fate == Fate.ABORTED) {
                continue;
            }
            for (var record : records(entry.bytes())) {
                boolean gone = record.offset >= start && !there.contains(record.offset);
                boolean ended = record.value == null && record.timeMs + leastRetentionMs <= nowMs;
                require(!gone || fate == Fate.COMMITTED, "of an open transaction " + record + " is gone");
                require(!gone || ended || newest.get(record.key).offset > record.offset,
                        "the newest of its key is gone: " + record + " at " + nowMs);
                require(!gone || record.value != null
                        || oldest.getOrDefault(record.key, Long.MAX_VALUE) > record.offset,
                        "the tombstone " + record + " is gone, but there is " + oldest.get(record.key));
            }
        }
    }

    private HashMap<String, Keyed> newest(Map<Long, Fate> fates) {
        var newest = new HashMap<String, Keyed>();
        for (var entry : written.values()) {
            if (fates.get(entry.base()) == Fate.COMMITTED) {
                records(entry.bytes()).forEach(record -> newest.put(record.key, record));
            }
        }
        return newest;
    }

    /** Reads while segments take the place of others: each record of the newest is among what is read. */
    void checkRead(PartitionLog log, Map<Long, Fate> fates, long offset, int maxBytes) throws IOException {
        var there = new HashSet<Long>();
        long next = offset;
        var bytes = TestLogs.read(log, offset, maxBytes);
        for (var batch : TestLogs.batches(bytes)) {
            var copy = new byte[batch.sizeBytes()];
            batch.bytes().get(copy);
            require(written.containsKey(batch.baseOffset()) && batch.nextOffset() > next,
                    "the batch at " + batch.baseOffset() + ", read from " + offset + ", is not in order");
            checkPart(copy, written.get(batch.baseOffset()));
            records(copy).forEach(record -> there.add(record.offset));
            next = batch.nextOffset();
        }
        require(next > offset, "nothing is read at " + offset + " of a log that ends at " + log.endOffset());
        for (var record : newest(fates).values()) {
            boolean missing = record.offset >= offset && record.offset < next && record.value != null
                    && !there.contains(record.offset);
            require(!missing, record + " was skipped by a reader who came from " + offset);
        }
    }
}
