package daybook.log;

import static daybook.log.Model.require;

import daybook.record.RecordBatch;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.function.Function;

/** What one partition must hold, as far as a client can know it, and the checks of the real one against it. */
final class ModelLog {
    /** The bytes from here on are as the client sent them: before them the broker stamps. */
    private static final int SENT_FROM = 16;

    /** A batch that was sent: its bytes, and the times of its records. */
    record Sent(byte[] bytes, long[] timesMs, Producer producer, int sequence) {
        RecordBatch batch() {
            return new RecordBatch(ByteBuffer.wrap(bytes), 0);
        }

        boolean is(byte[] stored) {
            return Arrays.equals(bytes, SENT_FROM, bytes.length, stored, Math.min(SENT_FROM, stored.length),
                    stored.length);
        }
    }

    /** A batch that is in the log. */
    record Entry(long base, long next, byte[] bytes, Sent sent) {
        long newestMs() {
            return new RecordBatch(ByteBuffer.wrap(bytes), 0).maxTimestamp();
        }
    }

    /** An idempotent producer. */
    static final class Producer {
        final long id;
        int epoch;
        int nextSequence;
        /** Behind the last of its batches that was deleted. */
        long deletedEnd;
        /** What was sent but not acknowledged, to be sent again, in order. */
        final Deque<Sent> outstanding = new ArrayDeque<>();

        Producer(long id) {
            this.id = id;
        }

        /** Begins again, as a client does that was told of a gap. */
        void beginEpoch() {
            epoch++;
            nextSequence = 0;
            deletedEnd = 0;
            outstanding.clear();
        }
    }

    final TopicPartition partition;
    final Uuid topicId;
    final List<Entry> entries = new ArrayList<>();
    /** What was sent in this process and refused, or never answered: it may be in the log. */
    final List<Sent> doubtful = new ArrayList<>();
    final List<Producer> producers = new ArrayList<>();
    /** All that was written to a log that is compacted; null where the entries are just that. */
    final ModelKeys keys;
    final ModelTransactions transactions = new ModelTransactions(this);
    TestLogs.Config config;
    int leaderEpoch;
    /** The log begins here at least: so it was seen. */
    long startLeast;
    /** It begins here at most: what was under way may have come so far. */
    long startMost;
    /** What a deletion of records wished that failed: the next start may find that it did happen. */
    long startUnsure;
    /** Whether retention was at work, so that it may begin anywhere. */
    boolean retaining;
    /** All before it was acknowledged as on the disk. */
    long forcedEnd;
    /** Whether a force of it failed in this process: it must take nothing any more. */
    boolean fenced;
    /** Whether its time index was damaged by hand, so that what it says may be wrong until it is made anew. */
    boolean timesUnsure;

    ModelLog(TopicPartition partition, Uuid topicId, ModelKeys keys) {
        this.partition = partition;
        this.topicId = topicId;
        this.keys = keys;
        for (int id = 1; id <= 3; id++) {
            producers.add(new Producer(id));
        }
    }

    void configure(TestLogs.Config wanted) {
        config = wanted;
        if (keys != null) {
            keys.configure(wanted);
        }
    }

    Logs.Expected expected() {
        return new Logs.Expected(topicId, partition, leaderEpoch, Uuid.ZERO, config.build());
    }

    long end() {
        return entries.isEmpty() ? startLeast : entries.getLast().next;
    }

    /** Sends a batch; returns the offset behind it, -1 where it was refused. */
    long send(PartitionLog log, Sent sent, FaultyDisk disk) throws IOException {
        return send(log, sent, disk, log::append);
    }

    /** As {@link #send(PartitionLog, Sent, FaultyDisk)}, in another way. */
    long send(PartitionLog log, Sent sent, FaultyDisk disk, Function<ByteBuffer, Appended> append)
            throws IOException {
        doubtful.add(sent);
        var buffer = ByteBuffer.wrap(sent.bytes.clone());
        switch (append.apply(buffer)) {
            case Appended.Done done -> {
                require(!fenced, "a log took a batch after a force of it had failed");
                if (done.duplicate()) {
                    require(sent.producer != null, "a batch without a producer is called a duplicate");
                    takeIn(log, done.nextOffset());
                    require(done.nextOffset() <= log.startOffset() || holds(sent, done.baseOffset()),
                            "what is called a duplicate is not in the log at " + done.baseOffset());
                } else {
                    takeIn(log, done.baseOffset());
                    require(end() == done.baseOffset(), "offset " + done.baseOffset() + " after " + end());
                    new RecordBatch(buffer, 0).stamp(done.baseOffset(), log.leaderEpoch());
                    add(new Entry(done.baseOffset(), done.nextOffset(), buffer.array(), sent));
                }
                doubtful.remove(sent);
                return done.nextOffset();
            }
            case Appended.Refused refused -> {
                if (forgotten(sent, refused)) {
                    return -1;
                }
                boolean cause = fenced || disk.failuresWithRoom() > 0 || disk.full() || disk.dead();
                require(refused.error() == ErrorCode.KAFKA_STORAGE_ERROR && cause,
                        "a good batch was refused: " + refused + ", producer "
                        + sent.batch().producerId() + ", epoch " + sent.batch().producerEpoch() + ", sequence "
                        + sent.sequence + ", known " + log.producers());
                return -1;
            }
        }
    }

    /**
     * Whether a batch is known no more because it was compacted: then only the producer's last one is.
     */
    private boolean forgotten(Sent sent, Appended.Refused refused) {
        boolean compacted = keys != null && refused.error() == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
                && written().stream().anyMatch(entry -> sent.is(entry.bytes))
                && entries.stream().noneMatch(entry -> sent.is(entry.bytes));
        if (compacted) {
            sent.producer.beginEpoch();
            doubtful.remove(sent);
        }
        return compacted;
    }

    private void add(Entry entry) {
        entries.add(entry);
        if (keys != null) {
            keys.add(entry);
        }
    }

    /** All batches that were written and not deleted. */
    List<Entry> written() {
        return keys == null ? entries : keys.written();
    }

    private boolean holds(Sent sent, long base) {
        return keys != null ? keys.holds(sent, base) : entries.stream().anyMatch(entry -> entry.base == base && sent.is(entry.bytes));
    }

    /** Takes over what was refused, or not answered, and is in the log nevertheless. */
    private void takeIn(PartitionLog log, long until) throws IOException {
        long offset = end();
        while (offset < until && offset >= log.startOffset()) {
            var bytes = TestLogs.read(log, offset, 1);
            takeIn(bytes);
            offset = end();
        }
    }

    private void takeIn(byte[] bytes) {
        var batch = new RecordBatch(ByteBuffer.wrap(bytes), 0);
        var sent = doubtful.stream().filter(one -> one.is(bytes)).findFirst().orElse(null);
        require(sent != null, "a batch at offset " + batch.baseOffset() + " that nobody sent, or that is there"
                + " twice: producer " + batch.producerId() + ", sequence " + batch.baseSequence());
        add(new Entry(batch.baseOffset(), batch.nextOffset(), bytes, sent));
        doubtful.remove(sent);
    }

    /** Notes which of its files was damaged by hand: what it says may be wrong until it is made anew. */
    void noteDamaged(Path file) {
        boolean own = file.startsWith(partition.toString());
        var name = file.getFileName().toString();
        timesUnsure |= own && (name.endsWith(Segment.INDEX) || name.endsWith(Segment.TIME_INDEX));
    }

    // Checks.

    /** The start may lie anywhere in what is expected, and is that from now on. */
    void checkStart(PartitionLog log) {
        long start = log.startOffset();
        require(start >= startLeast, "the log begins at " + start + ", but had begun at " + startLeast);
        require(start <= Math.max(startUnsure, Math.max(startLeast, startMost)) || retaining,
                "the log begins at " + start + ", which nobody wished: " + startLeast + ", " + startMost);
        startLeast = start;
        startMost = start;
        retaining = false;
        forgetBefore(start);
        entries.removeIf(entry -> entry.next <= start);
        if (keys != null) {
            keys.forgetBefore(start);
        }
    }

    /** Of what is deleted nobody can tell any more whether it was written, and nobody need. */
    void forgetBefore(long start) {
        for (var gone : written()) {
            if (gone.next <= start && gone.sent.producer != null) {
                gone.sent.producer.outstanding.remove(gone.sent);
                gone.sent.producer.deletedEnd = gone.next;
            }
        }
    }

    /**
     * Everything that can be read is what was sent, in order, once, and goes as far as {@code required}.
     *
     * @return whether batches of a producer are gone that had been acknowledged
     */
    void checkBatches(PartitionLog log, long required) throws IOException {
        long end = log.endOffset();
        require(end >= Math.max(required, log.startOffset()), "the log ends at " + end + ", but " + required
                + " had been acknowledged");
        var stored = stored(log);
        if (keys != null && keys.unsure) {
            adopt(stored);
        }
        long next = -1;
        for (int i = 0; i < stored.size(); i++) {
            var bytes = stored.get(i);
            var batch = new RecordBatch(ByteBuffer.wrap(bytes), 0);
            require(keys != null ? batch.baseOffset() >= next
                    : next < 0 ? batch.baseOffset() <= log.startOffset() : batch.baseOffset() == next,
                    "batch " + batch.baseOffset() + " follows offset " + next);
            next = batch.nextOffset();
            require(batch.checksumHolds(), "the checksum of batch " + batch.baseOffset());
            require(log.epochOf(batch.lastOffset()) == batch.leaderEpoch(), "batch " + batch.baseOffset()
                    + " is of epoch " + batch.leaderEpoch() + ", not " + log.epochOf(batch.lastOffset()));
            if (i < entries.size()) {
                require(Arrays.equals(entries.get(i).bytes, bytes),
                        "offset " + entries.get(i).base + " names other bytes now");
            } else {
                takeIn(bytes);
            }
        }
        require(stored.isEmpty() ? end == log.startOffset() : end == next, "the log ends at " + end
                + ", its batches at " + next);
        loseFrom(stored.size());
        onlyOnce();
        if (keys != null) {
            keys.loseFrom(end);
            keys.unsure = false;
            keys.cutShort = false;
        }
    }

    private void adopt(List<byte[]> stored) {
        var view = keys.adopt(stored);
        entries.clear();
        entries.addAll(view);
    }

    /** Takes note of what a compaction left. */
    void checkCompacted(PartitionLog log, boolean whole, long nowMs) throws IOException {
        if (log.highWatermark() < log.endOffset()) {
            // A force failed, and readers see no further than what was forced.
            return;
        }
        adopt(stored(log));
        require(end() == log.endOffset(), "a compacted log ends at " + log.endOffset() + ", not " + end());
        checkKeys(log, nowMs);
        keys.cutShort |= !whole;
        keys.unsure = keys.cutShort;
    }

    /** What is left of a log that is compacted is what has to be left. */
    void checkKeys(PartitionLog log, long nowMs) {
        keys.check(entries, transactions.fates(), log.startOffset(), nowMs);
    }

    /** All batches of the log, read from its start to its end. */
    private static List<byte[]> stored(PartitionLog log) throws IOException {
        var stored = new ArrayList<byte[]>();
        long offset = log.startOffset();
        while (offset < log.endOffset()) {
            var bytes = TestLogs.read(log, offset, 20_000);
            var batches = TestLogs.batches(bytes);
            require(!batches.isEmpty() && batches.getFirst().lastOffset() >= offset, "nothing is read at "
                    + offset + " of a log that ends at " + log.endOffset());
            int at = 0;
            for (var batch : batches) {
                stored.add(Arrays.copyOfRange(bytes, at, at + batch.sizeBytes()));
                at += batch.sizeBytes();
                offset = batch.nextOffset();
            }
        }
        return stored;
    }

    /** Whether a producer is still known that wrote what was deleted before it was forced, nobody can tell. */
    void forgetUnforced() {
        producers.stream().filter(producer -> producer.deletedEnd > forcedEnd).forEach(Producer::beginEpoch);
    }

    private void loseFrom(int kept) {
        var lost = entries.subList(kept, entries.size());
        for (var entry : lost) {
            var producer = entry.sent.producer;
            if (producer != null && !producer.outstanding.contains(entry.sent)) {
                producer.beginEpoch();
            }
            doubtful.add(entry.sent);
        }
        lost.clear();
    }

    private void onlyOnce() {
        var seen = new HashSet<String>();
        for (var entry : entries) {
            var batch = entry.sent.batch();
            var name = batch.producerId() + "/" + batch.producerEpoch() + "/" + batch.baseSequence();
            require(batch.producerId() < 0 || batch.control() || seen.add(name), "a batch is there twice: " + name);
        }
    }

    /** Looks up offsets and times, which goes by the indexes. */
    void checkIndexes(PartitionLog log, Random random, int looks) throws IOException {
        for (int look = 0; look < looks && log.startOffset() < end(); look++) {
            long offset = random.nextLong(log.startOffset(), end());
            var read = TestLogs.read(log, offset, 1 + random.nextInt(3_000));
            int from = 0;
            while (entries.get(from).next <= offset) {
                from++;
            }
            for (var batch : TestLogs.batches(read)) {
                var entry = entries.get(from++);
                require(entry.base == batch.baseOffset(), "offset " + offset + " is read from batch "
                        + batch.baseOffset() + ", not " + entry.base);
            }
            if (!timesUnsure) {
                checkTime(log, offset, random);
            }
        }
        if (!timesUnsure && log.startOffset() < end()) {
            long newest = entries.stream().mapToLong(Entry::newestMs).max().orElseThrow();
            if (!log.beginsInsideSegment()) {
                require(log.offsetOfMaxTimestamp().equals(first(log, newest)), "the newest time is found at "
                        + log.offsetOfMaxTimestamp() + ", not " + first(log, newest));
            }
        }
    }

    private void checkTime(PartitionLog log, long near, Random random) {
        var entry = entries.stream().filter(one -> one.next > near).findFirst().orElseThrow();
        long timeMs = entry.newestMs() + random.nextInt(-50, 50);
        var found = log.offsetForTime(timeMs);
        var expected = first(log, timeMs);
        require(found.equals(expected), "time " + timeMs + " is found at " + found + ", not " + expected);
    }

    private PartitionLog.Found first(PartitionLog log, long timeMs) {
        for (var entry : entries) {
            var batch = new RecordBatch(ByteBuffer.wrap(entry.bytes), 0);
            for (var record : batch.records(1 << 20)) {
                if (record.offset() >= log.startOffset() && record.timestampMs() >= timeMs) {
                    return new PartitionLog.Found(record.offset(), record.timestampMs(), batch.leaderEpoch());
                }
            }
        }
        return PartitionLog.Found.NONE;
    }

    /**
     * Retention took what it may take by the configuration, and nothing else. By what a damaged time index
     * says a segment may be older than it is, and what was refused because its force failed is there too.
     */
    void checkRetained(long start, long nowMs) {
        long behind = doubtful.stream().mapToLong(sent -> sent.bytes().length).sum();
        for (var entry : entries.reversed()) {
            boolean gone = entry.next <= start;
            boolean old = config.retentionMs >= 0
                    && (timesUnsure || nowMs - entry.newestMs() > config.retentionMs);
            boolean excess = config.retentionBytes >= 0 && behind >= config.retentionBytes;
            require(!gone || old || excess || entry.next <= Math.max(startLeast, startMost),
                    "retention took batch " + entry.base + " of " + config.retentionMs + " ms, "
                    + config.retentionBytes + " bytes, start " + start + ", before " + startLeast
                    + ", behind it " + behind + " bytes");
            behind += entry.bytes.length;
        }
    }
}
