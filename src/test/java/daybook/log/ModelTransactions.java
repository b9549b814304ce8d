package daybook.log;

import static daybook.log.Model.require;

import daybook.record.BatchHeader;
import daybook.record.RecordBatch;
import daybook.record.TransactionMarker;
import daybook.wire.ErrorCode;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * The transactional producers of one log, with their coordinator, which never forgets: as if its own log were
 * another's. What the log shows to those who want committed records only is held against what was decided.
 */
final class ModelTransactions {
    /** What a batch comes to that is in no transaction, or in one that has ended, or not. */
    enum Fate { COMMITTED, ABORTED, OPEN }

    private enum State { NONE, OPEN, ENDING }

    /** What became of a transaction; null while it is open. */
    private static final class Transaction {
        private Boolean committed;
    }

    /** A producer with a transactional id, and what its coordinator knows of it. */
    private static final class Writer {
        private final long id;
        /** Whether each of its transactions ends with a new epoch (KIP-890). */
        private final boolean bumps;
        private State state = State.NONE;
        private int epoch;
        private int nextSequence;
        private Transaction transaction;
        /** What it sent in this transaction. */
        private final List<ModelLog.Sent> sent = new ArrayList<>();
        /** Where its transaction begins in the log; -1 where nothing of it was taken. */
        private long firstOffset = -1;
        /** Behind the last of its batches, of any transaction. */
        private long nextOffset;
        /** Of the end that was decided last. */
        private TransactionMarker marker;
        private int markerEpoch;
        /** Where this process wrote its last marker; -1 where it wrote none. */
        private long markedAt = -1;

        Writer(long id) {
            this.id = id;
            this.bumps = id % 2 == 0;
        }

        int version() {
            return bumps ? 2 : 1;
        }

        Appended mark(PartitionLog log, TransactionMarker what, int withEpoch) {
            return log.appendMarker(id, (short) withEpoch, what, version());
        }
    }

    private final ModelLog topic;
    private final List<Writer> writers = new ArrayList<>();
    /** What each batch was a part of. */
    private final Map<ModelLog.Sent, Transaction> parts = new IdentityHashMap<>();
    private int coordinatorEpoch;
    /** The last stable offset as it was when all was on the disk: it never lies before that again. */
    private long stableLeast;

    ModelTransactions(ModelLog topic) {
        this.topic = topic;
        for (int id = 101; id <= 104; id++) {
            writers.add(new Writer(id));
        }
    }

    // What the producers and their coordinator do.

    void act(Model model, PartitionLog log, Random random, long nowMs) throws IOException {
        var writer = writers.get(random.nextInt(writers.size()));
        int what = random.nextInt(10);
        if (what == 0) {
            comeLate(model, log, writer, nowMs, random);
        } else if (what == 1) {
            endAgain(model, log, writer, nowMs);
        } else if (writer.state == State.ENDING) {
            end(model, log, writer, random, nowMs);
        } else if (writer.state == State.NONE || what < 6) {
            write(model, log, writer, random, nowMs);
        } else {
            decide(model, log, writer, random.nextBoolean());
            end(model, log, writer, random, nowMs);
        }
    }

    private ModelLog.Sent batch(Writer writer, int epoch, int sequence, Random random, long nowMs) {
        var times = new long[1 + random.nextInt(3)];
        Arrays.fill(times, nowMs);
        var header = BatchHeader.plain(times.length, nowMs).attributes(RecordBatch.TRANSACTIONAL)
                .producer(writer.id, (short) epoch, sequence);
        var bytes = topic.keys != null ? topic.keys.batch(random, times, header)
                : TestBatch.at(times).transactional().seed((int) nowMs).producer(writer.id, epoch, sequence)
                        .build();
        return new ModelLog.Sent(bytes.array(), times, null, sequence);
    }

    private void write(Model model, PartitionLog log, Writer writer, Random random, long nowMs)
            throws IOException {
        if (writer.state == State.NONE) {
            writer.state = State.OPEN;
            writer.transaction = new Transaction();
            writer.sent.clear();
            writer.firstOffset = -1;
        }
        var sent = batch(writer, writer.epoch, writer.nextSequence, random, nowMs);
        int count = sent.timesMs().length;
        parts.put(sent, writer.transaction);
        writer.sent.add(sent);
        boolean known = log.inTransaction(writer.id, writer.epoch) && random.nextBoolean();
        long from = known ? PartitionLog.NOT_VERIFIED : log.endOffset();
        if (outOfTurn(log, writer)) {
            model.say("%s: %d is begun anew", topic.partition, writer.id);
            decide(model, log, writer, false);
            return;
        }
        long next = topic.send(log, sent, model.disk(), bytes -> log.append(bytes, from, writer.bumps));
        model.say("%s: %d, epoch %d, sequence %d: %d", topic.partition, writer.id, writer.epoch,
                writer.nextSequence, next);
        if (next < 0) {
            // Nobody knows whether it is there: as a client does, it gives the transaction up.
            decide(model, log, writer, false);
            return;
        }
        writer.nextSequence += count;
        writer.nextOffset = next;
        writer.firstOffset = writer.firstOffset < 0 ? next - count : writer.firstOffset;
    }

    /** Whether a start may have forgotten its sequence numbers, for its last batches are deleted. */
    private static boolean outOfTurn(PartitionLog log, Writer writer) {
        return writer.nextSequence > 0 && writer.nextOffset <= log.startOffset();
    }

    /** From now on it is on the coordinator's disk how the transaction ends. */
    private void decide(Model model, PartitionLog log, Writer writer, boolean commit) {
        boolean whole = writer.sent.stream().allMatch(this::taken);
        boolean acknowledged = commit && whole && !topic.fenced
                && model.force(topic, log, writer.nextOffset);
        writer.state = State.ENDING;
        writer.transaction.committed = acknowledged;
        writer.marker = new TransactionMarker(acknowledged, coordinatorEpoch);
        // A producer that lost something begins a new epoch, whatever its version.
        boolean fenced = !whole || outOfTurn(log, writer);
        writer.markerEpoch = writer.bumps || fenced ? writer.epoch + 1 : writer.epoch;
    }

    private boolean taken(ModelLog.Sent sent) {
        return !topic.doubtful.contains(sent);
    }

    private void end(Model model, PartitionLog log, Writer writer, Random random, long nowMs)
            throws IOException {
        writer.marker = new TransactionMarker(writer.transaction.committed, coordinatorEpoch);
        long next = mark(model, log, writer, nowMs);
        // Where it is not waited for, the coordinator crashes, and does it once more.
        boolean over = next >= 0 && random.nextInt(4) > 0 && model.force(topic, log, next);
        if (over) {
            writer.state = State.NONE;
            boolean lost = !writer.sent.stream().allMatch(sent -> holds(log, writer, sent));
            if (writer.markerEpoch > writer.epoch || lost) {
                // Who lost something asks for a new epoch before it goes on.
                writer.epoch = Math.max(writer.markerEpoch, writer.epoch + 1);
                writer.nextSequence = 0;
            }
            stableLeast = Math.max(stableLeast, log.lastStableOffset());
        }
    }

    private long mark(Model model, PartitionLog log, Writer writer, long nowMs) throws IOException {
        var bytes = writer.marker.batch(writer.id, (short) writer.markerEpoch, nowMs);
        var sent = new ModelLog.Sent(bytes.array(), new long[] {nowMs}, null, -1);
        long next = topic.send(log, sent, model.disk(),
                none -> writer.mark(log, writer.marker, writer.markerEpoch));
        model.say("%s: %d, epoch %d, %s: %d", topic.partition, writer.id, writer.markerEpoch, writer.marker,
                next);
        writer.markedAt = next < 0 ? writer.markedAt : next - 1;
        return next;
    }

    /** All transactions are ended, also those of which the last process wrote the markers. */
    void endAll(Model model, PartitionLog log, Random random, long nowMs) throws IOException {
        for (var writer : writers) {
            if (writer.state == State.OPEN) {
                decide(model, log, writer, random.nextBoolean());
            }
            while (writer.state == State.ENDING) {
                end(model, log, writer, random, nowMs);
            }
        }
        check(log, random);
        require(log.lastStableOffset() == log.endOffset(), "all transactions have ended, yet "
                + log.lastStableOffset() + " of " + log.endOffset() + " is the last stable offset");
    }

    // What must be refused.

    /** The newest batch of the producer among these that has records, or null. */
    private static RecordBatch last(Writer writer, List<ModelLog.Entry> entries) {
        for (var entry : entries.reversed()) {
            var batch = new RecordBatch(ByteBuffer.wrap(entry.bytes()), 0);
            if (batch.producerId() == writer.id && (!batch.control() || batch.recordCount() > 0)) {
                return batch;
            }
        }
        return null;
    }

    private void refused(Model model, PartitionLog log, ErrorCode error, Appended appended, String what) {
        boolean failing = topic.fenced || model.disk().failures() > 0 || model.disk().dead();
        boolean right = appended instanceof Appended.Refused refused && (refused.error() == error
                || failing && refused.error() == ErrorCode.KAFKA_STORAGE_ERROR);
        require(right, what + " is answered " + appended + ", not " + error + "; known " + log.producers());
        model.say("%s: %s is refused", topic.partition, what);
    }

    private void comeLate(Model model, PartitionLog log, Writer writer, long nowMs, Random random) {
        var last = last(writer, topic.entries);
        if (last != null && last.producerEpoch() > 0) {
            int past = last.producerEpoch() - 1 - random.nextInt(last.producerEpoch());
            var late = batch(writer, past, random.nextInt(3), random, nowMs).batch().bytes();
            long from = random.nextBoolean() ? log.endOffset() : PartitionLog.NOT_VERIFIED;
            refused(model, log, ErrorCode.INVALID_PRODUCER_EPOCH, log.append(late, from, writer.bumps),
                    "a batch of an epoch of the past");
            refused(model, log, ErrorCode.INVALID_PRODUCER_EPOCH, writer.mark(log, writer.marker, past),
                    "a marker of an epoch of the past");
        }
        if (writer.state == State.NONE) {
            var late = batch(writer, writer.epoch, writer.nextSequence, random, nowMs).batch().bytes();
            long from = random.nextBoolean() ? writer.markedAt : PartitionLog.NOT_VERIFIED;
            refused(model, log, ErrorCode.INVALID_TXN_STATE, log.append(late, from, writer.bumps),
                    "a batch behind the marker, verified at " + from);
        }
    }

    /** The coordinator writes its last marker once more, since it crashed before it knew that it is there. */
    private void endAgain(Model model, PartitionLog log, Writer writer, long nowMs) throws IOException {
        var last = last(writer, topic.entries);
        if (writer.marker == null || last == null) {
            return;
        }
        var known = last.control() ? TransactionMarker.of(last) : null;
        if (known != null && known.coordinatorEpoch() > 0) {
            var past = new TransactionMarker(known.commit(), known.coordinatorEpoch() - 1);
            refused(model, log, ErrorCode.TRANSACTION_COORDINATOR_FENCED,
                    writer.mark(log, past, last.producerEpoch() + 1), "a coordinator of the past");
        }
        if (writer.state == State.NONE) {
            writer.marker = new TransactionMarker(writer.marker.commit(), coordinatorEpoch);
            mark(model, log, writer, nowMs);
        } else if (writer.state == State.OPEN && writer.bumps && !last.control()) {
            refused(model, log, ErrorCode.INVALID_PRODUCER_EPOCH,
                    writer.mark(log, writer.marker, writer.epoch), "the marker of the transaction before");
        }
    }

    // What is there.

    /** A process has begun, and what it found is known. */
    void begin(PartitionLog log, Random random) throws IOException {
        coordinatorEpoch++;
        check(log, random);
        require(log.lastStableOffset() >= Math.min(stableLeast, log.endOffset()),
                "the last stable offset was " + stableLeast + ", and is " + log.lastStableOffset());
        for (var writer : writers) {
            writer.markedAt = -1;
            boolean whole = writer.sent.stream().allMatch(sent -> holds(log, writer, sent));
            if (writer.state == State.OPEN && !whole) {
                fence(writer);
            }
        }
    }

    private boolean holds(PartitionLog log, Writer writer, ModelLog.Sent sent) {
        return topic.written().stream().anyMatch(entry -> entry.sent() == sent)
                || writer.nextOffset <= log.startOffset();
    }

    private void fence(Writer writer) {
        writer.state = State.ENDING;
        writer.transaction.committed = false;
        writer.markerEpoch = writer.epoch + 1;
        writer.marker = new TransactionMarker(false, coordinatorEpoch);
    }

    /** Those who want committed records see just those, in order, as far as no transaction is open. */
    void check(PartitionLog log, Random random) throws IOException {
        if (log.highWatermark() < log.endOffset()) {
            return;
        }
        var fates = fates();
        checkStable(log, fates);
        checkDecisions(fates);
        long until = log.lastStableOffset();
        var expected = new ArrayList<Long>();
        for (var entry : topic.entries) {
            boolean before = entry.base() < until && until > log.startOffset();
            boolean empty = new RecordBatch(ByteBuffer.wrap(entry.bytes()), 0).recordCount() == 0;
            if (before && !empty && fates.get(entry.base()) == Fate.COMMITTED) {
                expected.add(entry.base());
            }
        }
        var seen = CommittedReader.all(log, 200 + random.nextInt(4_000));
        require(seen.equals(expected), "before " + until + " committed are " + expected + ", but seen "
                + seen);
        checkEpochs(log);
    }

    /** What became of each batch that was written and not deleted, by its base offset; nothing of markers. */
    Map<Long, Fate> fates() {
        var fates = new HashMap<Long, Fate>();
        var pending = new HashMap<Long, List<Long>>();
        for (var entry : topic.written()) {
            var batch = new RecordBatch(ByteBuffer.wrap(entry.bytes()), 0);
            var marker = TransactionMarker.of(batch);
            if (marker != null) {
                var ended = pending.remove(batch.producerId());
                if (ended != null) {
                    ended.forEach(base -> fates.put(base, marker.commit() ? Fate.COMMITTED : Fate.ABORTED));
                }
            } else if (batch.transactional()) {
                fates.put(entry.base(), Fate.OPEN);
                pending.computeIfAbsent(batch.producerId(), none -> new ArrayList<>()).add(entry.base());
            } else {
                fates.put(entry.base(), Fate.COMMITTED);
            }
        }
        return fates;
    }

    private void checkDecisions(Map<Long, Fate> fates) {
        for (var entry : topic.written()) {
            var transaction = parts.get(entry.sent());
            var fate = fates.get(entry.base());
            boolean right = transaction == null || fate == Fate.OPEN
                    || transaction.committed != null && transaction.committed == (fate == Fate.COMMITTED);
            require(right, "the batch at " + entry.base() + " is " + fate + ", though decided was "
                    + (transaction == null ? "nothing" : transaction.committed));
        }
    }

    /** Whether a transaction is known whose first batches are deleted depends on what a start had to read. */
    private void checkStable(PartitionLog log, Map<Long, Fate> fates) {
        long most = Math.min(log.endOffset(), settling(log, topic.entries, Long.MAX_VALUE));
        for (var fate : fates.entrySet()) {
            most = fate.getValue() == Fate.OPEN ? Math.min(most, fate.getKey()) : most;
        }
        long least = Math.min(most, settling(log, topic.written(), 0));
        for (var writer : writers) {
            var last = last(writer, topic.written());
            boolean ended = last != null && last.control() && last.baseOffset() > writer.firstOffset;
            // What was refused may be there all the same; once it is deleted nobody knows where it was.
            boolean unknown = writer.firstOffset < 0 && !writer.sent.isEmpty();
            if (writer.state != State.NONE && (unknown || !ended && writer.firstOffset >= 0)) {
                least = Math.min(least, unknown ? 0 : writer.firstOffset);
            }
        }
        long stable = log.lastStableOffset();
        require(stable >= Math.max(least, log.startOffset()) && stable <= Math.max(most, log.startOffset()),
                "the last stable offset is " + stable + ", not from " + least + " to " + most);
    }

    /**
     * Where the first transaction begins whose marker a power cut may take, so that it is open again.
     *
     * @param deletedStart stands for the beginning of one whose first batches may be deleted
     */
    private static long settling(PartitionLog log, Iterable<ModelLog.Entry> entries, long deletedStart) {
        long settling = Long.MAX_VALUE;
        var starts = new HashMap<Long, Long>();
        for (var entry : entries) {
            var batch = new RecordBatch(ByteBuffer.wrap(entry.bytes()), 0);
            if (!batch.control() && batch.transactional()) {
                starts.putIfAbsent(batch.producerId(), entry.base());
            } else if (batch.control()) {
                var found = starts.remove(batch.producerId());
                long start = found == null ? Long.MAX_VALUE : found;
                long least = log.startOffset() > 0 ? Math.min(start, deletedStart) : start;
                settling = entry.base() >= log.recoveryPoint() ? Math.min(settling, least) : settling;
            }
        }
        return settling;
    }

    /** Of each producer that has a batch in the log the log knows the epoch of that, or of a later one. */
    private void checkEpochs(PartitionLog log) {
        var known = new HashMap<Long, Integer>();
        log.producers().forEach(view -> known.put(view.producerId(), view.producerEpoch()));
        for (var writer : writers) {
            var last = last(writer, topic.entries);
            require(last == null || known.getOrDefault(writer.id, -1) >= last.producerEpoch(),
                    "the epoch of " + writer.id + " is known as " + known.get(writer.id));
        }
    }
}
