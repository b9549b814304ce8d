package daybook.api;

import daybook.group.TopicRegex;
import daybook.txn.Transaction;
import daybook.txn.TransactionRecord;
import daybook.txn.TransactionStatus;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.PatternSyntaxException;

/**
 * ListTransactions (66): the transactional ids that this broker coordinates (KIP-664).
 *
 * <pre>
 *   v0  the lowest served, flexible
 *   v1  only transactions that have lasted for long (KIP-994)
 *   v2  only ids of a pattern (KIP-1152)
 * </pre>
 * An empty filter selects everything. Names of states are taken in their own case only, and those that none
 * has are told.
 */
record ListTransactions(Services services) {
    /** @param durationMs -1: of any; else those whose last transaction began longer ago than this */
    private record Filters(Set<String> states, Set<Long> producerIds, long durationMs, String pattern) {
        static Filters read(Reader in) {
            return new Filters(new LinkedHashSet<>(in.array(Reader::string)),
                    new HashSet<>(in.array(Reader::int64)), in.since(1) ? in.int64() : -1,
                    in.since(2) ? in.nullableString() : null);
        }

        static boolean known(String state) {
            return TransactionStatus.named(state) != null;
        }

        boolean selects(Transaction transaction, long nowMs) {
            return (producerIds.isEmpty() || producerIds.contains(transaction.producerId()))
                    && (states.isEmpty() || states.contains(transaction.status().toString()))
                    && (durationMs < 0 || nowMs - transaction.startMs() > durationMs);
        }
    }

    void serve(Request request, Reader in, Writer out) {
        var filters = Filters.read(in);
        in.tags();
        var listed = services.transactions().list();
        if (listed.error() != ErrorCode.NONE) {
            write(out, listed.error(), List.of(), List.of());
            return;
        }
        long nowMs = services.clock().millis();
        var transactions = listed.transactions();
        transactions.removeIf(each -> !filters.selects(each.transaction(), nowMs));
        if (retain(transactions, filters.pattern)) {
            var unknown = filters.states.stream().filter(state -> !Filters.known(state)).toList();
            write(out, ErrorCode.NONE, unknown, transactions);
        } else {
            write(out, ErrorCode.INVALID_REGULAR_EXPRESSION, List.of(), List.of());
        }
    }

    /** Keeps those whose id has the pattern; false where that is none, or takes too long. */
    private static boolean retain(Collection<TransactionRecord> transactions, String pattern) {
        if (pattern == null || pattern.isEmpty()) {
            return true;
        }
        try {
            var ids = transactions.stream().map(TransactionRecord::transactionalId).toList();
            var matches = TopicRegex.of(pattern).matching(ids, TopicRegex.mostSteps(ids.size())).names();
            if (matches == null) {
                return false;
            }
            var kept = new HashSet<>(matches);
            transactions.removeIf(each -> !kept.contains(each.transactionalId()));
            return true;
        } catch (PatternSyntaxException none) {
            return false;
        }
    }

    private static void write(Writer out, ErrorCode error, List<String> unknownStates,
            List<TransactionRecord> transactions) {
        out.int32(0).error(error).strings(unknownStates).structs(transactions, (each, record) ->
                each.string(record.transactionalId()).int64(record.transaction().producerId())
                        .string(record.transaction().status().toString())).tags();
    }
}
