package daybook.txn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.HashSet;
import java.util.List;
import java.util.Map;

/** What of a shard of transactions is too much for a script. */
class TransactionsTest {
    private static final int LARGEST_BATCH_BYTES = 1 << 20;

    /**
     * However many, and however long: a batch that does not fit would never be written, and none after it.
     */
    @Test
    void expiredIdsAreForgottenInBatchesThatFit() {
        assertForgotten(40_000, "");
        assertForgotten(100, "€".repeat(10_900));
    }

    private static void assertForgotten(int count, String prefix) {
        var test = new TestTransactions(Map.of("transactional.id.expiration.ms", "60000",
                "transaction.remove.expired.transaction.cleanup.interval.ms", "10000"));
        for (int i = 0; i < count; i++) {
            var first = Transaction.first(i, 1_000, TestTransactions.EPOCH_MS);
            test.put(new TransactionRecord(prefix + i, first));
        }
        var gone = new HashSet<String>();
        int batches = 0;
        for (var batch = test.pass(60_000); !batch.isEmpty(); batch = test.pass(60_000)) {
            int bytes = 0;
            for (var tombstone : batch) {
                bytes += 20 + TransactionRecord.FORMAT.encode(tombstone).key().remaining();
                assertTrue(gone.add(tombstone.transactionalId()));
            }
            assertTrue(bytes < LARGEST_BATCH_BYTES, bytes + " bytes");
            batches++;
        }
        assertEquals(count, gone.size(), "at one look around");
        assertTrue(batches > 1, "of more than one batch");
        assertTrue(test.state.list().transactions().isEmpty());
    }

    /** Its end may be asked for when it has ended, and the next one has begun. */
    @Test
    void onlyTheTransactionThatTookTooLongIsAborted() {
        var test = new TestTransactions(Map.of());
        var first = test.identity(fresh -> (state, nowMs) ->
                state.identify("pay", 1_000, Identity.WANTS_ID, fresh)).answer();
        test.run((state, nowMs) -> state.add("pay", first, List.of(), 2, nowMs));
        long startMs = test.state.find("pay").transaction().startMs();
        test.nowMs = 1;
        var second = test.run((state, nowMs) -> state.end("pay", first, true, 2, -1)).answer();
        test.run((state, nowMs) -> state.ended("pay", state.find("pay").transaction()));
        assertEquals(idleDueMs(), test.state.dueMs(), "nothing is due that has ended");
        test.run((state, nowMs) -> state.add("pay", second, List.of(), 2, nowMs));
        assertEquals(List.of(), test.run((state, nowMs) -> state.expire("pay", startMs, -1)).records());
        assertEquals(1, test.run((state, nowMs) -> state.expire("pay", startMs + 1, -1)).records().size());
    }

    /** When a state without transactions is due. */
    private static long idleDueMs() {
        return new TestTransactions(Map.of()).state.dueMs();
    }
}
