package daybook;

import daybook.log.TopicPartition;
import daybook.record.BatchBuilder;
import daybook.record.BatchHeader;
import daybook.record.Record;
import daybook.record.RecordBatch;
import daybook.txn.Identity;
import daybook.wire.ErrorCode;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * A producer with a transactional id, or one of several that have the same: of version 1 of the protocol,
 * which adds partitions before it writes to them, or of version 2, which has an epoch for each transaction.
 * At each step it sends a request or takes the answer, so that many are in flight at a time. What was not
 * acknowledged it sends again; what it ends in doubt it asks again.
 */
final class TransactionalClient {
    /** A transaction, as far as its producer knows. */
    static final class Attempt {
        final int number;
        final String id;
        /** When its first request was sent. */
        final long beganMs;
        /** How many records of each partition were acknowledged. */
        final Map<TopicPartition, Integer> records = new TreeMap<>();
        /** The offsets that were acknowledged. */
        final Map<TopicPartition, Long> offsets = new TreeMap<>();
        boolean commitAsked;
        boolean commitAnswered;

        Attempt(int number, String id, long beganMs) {
            this.number = number;
            this.id = id;
            this.beganMs = beganMs;
        }

        @Override
        public String toString() {
            return number + " of " + id + " " + records + " " + offsets + " commit asked " + commitAsked
                    + " answered " + commitAnswered;
        }
    }

    private interface Taking {
        void take() throws IOException;
    }

    /** Batches sent, and how many records each has. */
    private record Batch(ByteBuffer bytes, int count) { }

    static final int TIMEOUT_MS = 40_000;
    private static final Identity NOBODY = Identity.of(-1, -1);

    final String id;
    final int version;
    private final TransactionSimulation simulation;
    private final String name;
    private TransactionLink link;
    /** Takes the answer to the request in flight; null where none is. */
    private Taking inFlight;
    private boolean repeatable;
    /** Null until it has one. */
    private Identity identity;
    /** What it says that it is when it asks for an identity. */
    private Identity known = NOBODY;
    /** The one before, under which it must not write. */
    private Identity former;
    /** How many had asked for an identity of this id when this one did. */
    private int place;
    private Attempt attempt;
    private final Map<TopicPartition, Integer> sequences = new HashMap<>();
    /** What was sent, or is to be, and was not acknowledged. */
    private final Map<TopicPartition, Batch> pending = new TreeMap<>();
    private Map<TopicPartition, Long> pendingOffsets;
    /** Those that were added to the transaction, in version 1. */
    private final Set<TopicPartition> added = new HashSet<>();
    private boolean groupAdded;
    /** Commit, abort, or null. */
    private Boolean ending;
    /** The transaction can only be aborted. */
    private boolean doomed;
    /** Whether an end that was asked for may have been decided without an answer. */
    private boolean doubt;
    private boolean gone;

    TransactionalClient(TransactionSimulation simulation, String id, int version, int number) {
        this.simulation = simulation;
        this.id = id;
        this.version = version;
        this.name = id + "/" + number + "(v" + version + ")";
    }

    @Override
    public String toString() {
        return name + " " + identity + " in " + attempt + " ending " + ending + " pending " + pending.keySet()
                + " " + pendingOffsets + (inFlight == null ? "" : " waits");
    }

    /** It will not do anything any more. */
    boolean gone() {
        return gone;
    }

    /** Whether it has nothing to do but to begin something new. */
    boolean idle() {
        return gone || inFlight == null && identity != null && attempt == null && ending == null;
    }

    boolean waits() {
        return inFlight != null;
    }

    /** Whether it waits to hear who it is. */
    boolean identifies() {
        return inFlight != null && identity == null;
    }

    /** Of this client nothing more is heard. */
    void quit() throws IOException {
        gone = true;
        disconnected();
    }

    /** The broker is gone, and with it all that was in flight. */
    void disconnected() throws IOException {
        if (inFlight != null) {
            lost();
        }
        inFlight = null;
        if (link != null) {
            link.close();
            link = null;
        }
    }

    private void lost() {
        simulation.note(name + " got no answer");
        doubt |= ending != null;
    }

    private void note(String what) {
        simulation.note(name + " " + what);
    }

    private <T> void ask(String what, boolean mayRepeat, TransactionLink.Answer<T> answer, Consumer<T> then) {
        note(what);
        simulation.asked(id);
        repeatable = mayRepeat;
        inFlight = () -> {
            var taken = answer.take();
            inFlight = null;
            if (simulation.chaos() && simulation.once(30)) {
                lost();
            } else {
                note(what + ": " + taken);
                then.accept(taken);
            }
        };
    }

    /** Sends what is next, or takes the answer to what was sent. */
    void step() throws IOException {
        boolean may = version == 2 || simulation.verifies();
        if (inFlight != null && repeatable && may && simulation.chaos() && simulation.once(25)) {
            // The broker may still be at it when the same comes once more; or in version 1, where that would
            // be told from nothing, when the transaction is aborted.
            disconnected();
            ending = version == 1 ? Boolean.FALSE : ending;
        } else if (inFlight != null) {
            inFlight.take();
            return;
        }
        if (link == null) {
            link = simulation.link();
        }
        if (identity == null) {
            identify();
        } else if (ending != null) {
            askEnd();
        } else if (doomed) {
            end(false);
        } else if (!pending.isEmpty()) {
            if (simulation.chaos() && simulation.once(12)) {
                end(false);
            } else {
                produce();
            }
        } else if (pendingOffsets != null) {
            commitOffsets();
        } else if (attempt == null) {
            idleStep();
        } else {
            openStep();
        }
    }

    private void idleStep() throws IOException {
        if (!simulation.chaos()) {
            return;
        }
        if (former != null && simulation.once(20) && simulation.mayStray(this)) {
            writeStray();
        } else if (version == 2 && simulation.once(40)) {
            end(false);
        } else if (simulation.once(2)) {
            attempt = simulation.begin(id);
            if (simulation.once(8)) {
                newOffsets();
            } else {
                newBatches();
            }
        }
    }

    private void openStep() throws IOException {
        int what = simulation.random().nextInt(20);
        if (!simulation.chaos() || what >= 17) {
            end(true);
        } else if (what < 9) {
            newBatches();
        } else if (what < 12) {
            newOffsets();
        } else if (what == 12) {
            end(false);
        }
    }

    /** Asks for the commit of its transaction, if it can be asked for now; returns whether it is. */
    boolean commits() throws IOException {
        boolean may = inFlight == null && link != null && identity != null && attempt != null && !doomed
                && ending == null && pending.isEmpty() && pendingOffsets == null;
        if (may) {
            end(true);
        }
        return may;
    }

    // Identity.

    private void identify() throws IOException {
        int asker = simulation.identityAsked(id);
        ask("asks who it is, was " + known.producerId() + "/" + known.producerEpoch(), false,
                link.identify(version, id, TIMEOUT_MS, known), told -> {
                    if (told.error() == ErrorCode.NONE) {
                        identity = told;
                        place = asker;
                        sequences.clear();
                    } else if (!retried(told.error())) {
                        simulation.require(known != NOBODY && fenced(told.error()),
                                name + " gets no identity");
                        note("is gone");
                        gone = true;
                    }
                });
    }

    private void reidentify() {
        known = identity;
        identity = null;
        former = null;
        forget();
    }

    /** The transaction is no more of its business. */
    private void forget() {
        attempt = null;
        pending.clear();
        pendingOffsets = null;
        added.clear();
        groupAdded = false;
        ending = null;
        doomed = false;
        doubt = false;
    }

    /** Whether what is refused is asked for again. What a dying broker refuses means nothing. */
    private boolean retried(ErrorCode error) {
        return simulation.dying() || switch (error) {
            case NOT_ENOUGH_REPLICAS, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE,
                    NOT_COORDINATOR, CONCURRENT_TRANSACTIONS, NOT_LEADER_OR_FOLLOWER -> true;
            case KAFKA_STORAGE_ERROR -> simulation.faulty();
            default -> false;
        };
    }

    private static boolean fenced(ErrorCode error) {
        return error == ErrorCode.INVALID_PRODUCER_EPOCH || error == ErrorCode.PRODUCER_FENCED
                || error == ErrorCode.INVALID_PRODUCER_ID_MAPPING;
    }

    /** Whether somebody else may have ended its transaction, or taken its identity. */
    private boolean excused() {
        boolean late = attempt != null && simulation.nowMs() - attempt.beganMs >= TIMEOUT_MS;
        return late || simulation.identitiesAsked(id) > place;
    }

    private void failed(ErrorCode error) {
        if (retried(error)) {
            return;
        }
        boolean abortable = fenced(error) || error == ErrorCode.INVALID_TXN_STATE
                || error == ErrorCode.TRANSACTION_ABORTABLE;
        simulation.require(abortable && excused(), name + " is refused with " + error + " for no reason: "
                + attempt);
        switch (simulation.random().nextInt(3)) {
            case 0 -> {
                note("is gone");
                gone = true;
            }
            case 1 -> reidentify();
            default -> doomed = true;
        }
    }

    // Records.

    private void newBatches() throws IOException {
        for (int i = simulation.random().nextInt(2); i >= 0; i--) {
            var partition = simulation.anyPlace();
            int count = 1 + simulation.random().nextInt(3);
            int from = attempt.records.getOrDefault(partition, 0);
            var values = new ArrayList<String>();
            for (int j = 0; j < count; j++) {
                values.add(attempt.number + ":" + (from + j));
            }
            pending.put(partition, new Batch(batch(identity, partition, values), count));
        }
        produce();
    }

    private ByteBuffer batch(Identity producer, TopicPartition partition, Iterable<String> values) {
        int count = 0;
        for (var value : values) {
            count++;
        }
        return batch(producer, sequences.getOrDefault(partition, 0), count, values, simulation.nowMs());
    }

    static ByteBuffer batch(Identity producer, int sequence, int count, Iterable<String> values, long nowMs) {
        var header = BatchHeader.plain(count, nowMs).attributes(RecordBatch.TRANSACTIONAL)
                .producer(producer.producerId(), (short) producer.producerEpoch(), sequence);
        var builder = new BatchBuilder(header);
        long offset = 0;
        for (var value : values) {
            builder.add(new Record(offset++, nowMs, null,
                    ByteBuffer.wrap(value.getBytes(StandardCharsets.UTF_8)), Record.NO_HEADERS));
        }
        return builder.build(0);
    }

    private void produce() throws IOException {
        var missing = new TreeSet<>(pending.keySet());
        missing.removeAll(added);
        if (version == 1 && !missing.isEmpty()) {
            ask("adds " + missing, false, link.addPartitions(id, identity, missing), error -> {
                if (error == ErrorCode.NONE) {
                    added.addAll(missing);
                } else {
                    failed(error);
                }
            });
            return;
        }
        var batches = new TreeMap<TopicPartition, ByteBuffer>();
        pending.forEach((partition, batch) -> batches.put(partition, batch.bytes));
        ask("writes to " + batches.keySet() + " in " + attempt.number, true,
                link.produce(version, id, batches), this::placed);
    }

    private void placed(Map<TopicPartition, TransactionLink.Placed> answers) {
        var refusal = ErrorCode.NONE;
        for (var answer : answers.entrySet()) {
            var error = answer.getValue().error();
            if (error == ErrorCode.NONE) {
                var batch = pending.remove(answer.getKey());
                attempt.records.merge(answer.getKey(), batch.count, Integer::sum);
                sequences.merge(answer.getKey(), batch.count, Integer::sum);
            } else if (!retried(error)) {
                refusal = error;
            }
        }
        if (refusal != ErrorCode.NONE) {
            failed(refusal);
        }
    }

    /** Writes without a transaction, or with an identity that it has no more. */
    private void writeStray() throws IOException {
        var partition = simulation.anyPlace();
        boolean own = former.equals(identity);
        var values = new ArrayList<String>();
        values.add("stray");
        var batch = own ? batch(identity, partition, values)
                : batch(former, 0, 1, values, simulation.nowMs());
        ask("writes out of place to " + partition, false, link.produce(version, id, Map.of(partition, batch)),
                answers -> simulation.require(answers.get(partition).error() != ErrorCode.NONE,
                        name + " writes outside of a transaction"));
    }

    // Offsets.

    private void newOffsets() throws IOException {
        pendingOffsets = new TreeMap<>();
        int nth = attempt.offsets.size();
        for (var input : TransactionSimulation.INPUTS) {
            if (pendingOffsets.isEmpty() || simulation.once(2)) {
                long before = attempt.offsets.getOrDefault(input, attempt.number * 1_000L + nth);
                pendingOffsets.put(input, before + 1);
            }
        }
        commitOffsets();
    }

    private void commitOffsets() throws IOException {
        if (version == 1 && !groupAdded) {
            ask("adds its group", false, link.addOffsets(id, identity, group()), error -> {
                if (error == ErrorCode.NONE) {
                    groupAdded = true;
                } else {
                    failed(error);
                }
            });
            return;
        }
        // Not twice at a time: what comes late would win over what was committed after it.
        ask("commits " + pendingOffsets + " in " + attempt.number, false,
                link.commitOffsets(version, id, group(), identity, pendingOffsets), error -> {
                    if (error == ErrorCode.NONE) {
                        attempt.offsets.putAll(pendingOffsets);
                        pendingOffsets = null;
                    } else {
                        failed(error);
                    }
                });
    }

    String group() {
        return "group of " + id;
    }

    // The end.

    private void end(boolean commit) throws IOException {
        ending = commit;
        askEnd();
    }

    private void askEnd() throws IOException {
        boolean commit = ending;
        if (commit) {
            attempt.commitAsked = true;
        }
        var before = identity;
        ask((commit ? "commits " : "aborts ") + (attempt == null ? "nothing" : attempt.number), version == 2,
                link.end(version, id, identity, commit), told -> {
                    if (told.error() == ErrorCode.NONE) {
                        ended(before, told, commit);
                    } else {
                        endRefused(told.error(), commit);
                    }
                });
    }

    private void ended(Identity before, Identity told, boolean commit) {
        if (commit) {
            attempt.commitAnswered = true;
        }
        // What is still on its way might come into the next transaction, where that has the same epoch.
        boolean stray = !pending.isEmpty() || pendingOffsets != null;
        simulation.ended(this, commit, told);
        forget();
        former = before;
        identity = told;
        if (!told.equals(before)) {
            sequences.clear();
        } else if (stray) {
            reidentify();
        }
    }

    private void endRefused(ErrorCode error, boolean commit) {
        if (retried(error)) {
            doubt = true;
            return;
        }
        boolean nothing = !commit && attempt != null && attempt.records.isEmpty()
                && attempt.offsets.isEmpty();
        boolean abortable = fenced(error) || error == ErrorCode.INVALID_TXN_STATE;
        simulation.require(abortable && (excused() || nothing && error == ErrorCode.INVALID_TXN_STATE),
                name + " cannot end its transaction: " + error + ", " + attempt);
        if (commit && !doubt) {
            // Nobody ever decided that.
            attempt.commitAsked = false;
        }
        if (simulation.once(2)) {
            note("is gone");
            gone = true;
        } else {
            reidentify();
        }
    }
}
