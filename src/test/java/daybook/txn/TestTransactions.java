package daybook.txn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import daybook.catalog.BrokerConfig;
import daybook.catalog.Features;
import daybook.catalog.Image;
import daybook.coordinator.Decision;
import daybook.coordinator.Shard;
import daybook.record.BatchBuilder;
import daybook.wire.ErrorCode;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongFunction;

/**
 * One shard of transactions without a disk: records go through their bytes into a list, and from there into
 * the state; a clock and a catalog that a test turns by hand. After each event a state that is made of the
 * list alone is the same; where the list took nothing, nothing is as if it had.
 */
final class TestTransactions {
    /** The time of day when the clock that never jumps stands at 0. */
    static final long EPOCH_MS = 1_700_000_000_000L;

    /**
     * What became of an event.
     *
     * @param error why its records could not be written; NONE where they were, or there were none
     */
    record Outcome<T>(ErrorCode error, T answer, List<TransactionRecord> records) { }

    private record Late(String id, long startMs) { }

    /** Of the clock that never jumps. */
    long nowMs;
    /** What an append is refused with from now on; NONE, and it is not. */
    ErrorCode refusal = ErrorCode.NONE;
    Transactions state;
    /** The ids whose transactions the state wants ended, since somebody took them from here. */
    final List<String> ends = new ArrayList<>();
    /** The level of {@code transaction.version}. */
    short level = 2;
    private final List<Late> late = new ArrayList<>();
    private final List<BatchBuilder.Entry> log = new ArrayList<>();
    private final Transactions.Surroundings surroundings;
    private long lastProducerId = 999;

    /** @param settings of the broker */
    TestTransactions(Map<String, String> settings) {
        var config = BrokerConfig.of(settings);
        surroundings = new Transactions.Surroundings(this::image, () -> config,
                () -> Instant.ofEpochMilli(EPOCH_MS + nowMs), ends::add,
                (id, startMs) -> late.add(new Late(id, startMs)));
        begin(log);
    }

    private Image image() {
        return new Image(1, 0, new TreeMap<>(), Map.of(), Map.of(), Map.of(Features.TRANSACTION, level), null,
                0, Map.of(), Map.of());
    }

    /** Decides on an event, writes its records and replays them, as a shard does. */
    <T> Outcome<T> run(Shard.Event<Transactions, TransactionRecord, T> event) {
        long dueMs = state.dueMs();
        var outcome = write(event.decide(state, nowMs));
        if (outcome.error != ErrorCode.NONE) {
            assertEquals(dueMs, state.dueMs(), "nothing is due that was not written");
        }
        return outcome;
    }

    /** As {@link #run}, with a producer id where the event wants one, as the coordinator does. */
    Outcome<Identity> identity(LongFunction<Shard.Event<Transactions, TransactionRecord, Identity>> event) {
        var outcome = run(event.apply(Transaction.NO_ID));
        return outcome.answer != Identity.WANTS_ID ? outcome : run(event.apply(++lastProducerId));
    }

    private <T> Outcome<T> write(Decision<TransactionRecord, T> decision) {
        var records = decision.records();
        if (!records.isEmpty() && refusal != ErrorCode.NONE) {
            decision.refused().accept(refusal);
            return new Outcome<>(refusal, null, List.of());
        }
        for (var record : records) {
            put(record);
        }
        assertEquals(all(state), all(made(log)), "a state is what its log says");
        return new Outcome<>(ErrorCode.NONE, decision.answer().join(), records);
    }

    /** Writes and replays a record, as if an event had come to it. */
    void put(TransactionRecord record) {
        var entry = TransactionRecord.FORMAT.encode(record);
        var written = TransactionRecord.FORMAT.decode(entry.key(), entry.value());
        assertEquals(record, written, "a record is what its bytes say");
        log.add(entry);
        state.replay(written);
    }

    /**
     * Lets time pass, and decides all that is due on the way, each at its time, until something is written or
     * the time has come; returns what was written.
     */
    List<TransactionRecord> pass(long untilMs) {
        while (state.dueMs() <= untilMs) {
            nowMs = Math.max(nowMs, state.dueMs());
            var written = new ArrayList<>(write(state.due(nowMs)).records());
            late.forEach(each -> written.addAll(identity(freshId -> (of, now) ->
                    of.expire(each.id, each.startMs, freshId)).records()));
            late.clear();
            if (!written.isEmpty()) {
                return written;
            }
        }
        nowMs = untilMs;
        return List.of();
    }

    /** Ends this state without a word, and makes it again of what was written. */
    void restart() {
        begin(log);
    }

    /** As {@link #restart}, of a log of which compaction has left the newest record of each key. */
    void restartCompacted() {
        var newest = new LinkedHashMap<Object, BatchBuilder.Entry>();
        for (var entry : log) {
            newest.remove(entry.key());
            newest.put(entry.key(), entry);
        }
        newest.values().removeIf(entry -> entry.value() == null);
        begin(List.copyOf(newest.values()));
    }

    private void begin(List<BatchBuilder.Entry> entries) {
        ends.clear();
        state = made(entries);
        state.loaded(nowMs);
    }

    private Transactions made(List<BatchBuilder.Entry> entries) {
        var made = new Transactions(surroundings);
        for (var entry : entries) {
            made.replay(TransactionRecord.FORMAT.decode(entry.key(), entry.value()));
        }
        return made;
    }

    /** All transactions of a state, by transactional id. */
    static TreeMap<String, Transaction> all(Transactions state) {
        var all = new TreeMap<String, Transaction>();
        state.list().transactions().forEach(each -> all.put(each.transactionalId(), each.transaction()));
        return all;
    }
}
