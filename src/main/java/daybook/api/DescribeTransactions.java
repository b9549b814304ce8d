package daybook.api;

import daybook.txn.Transaction;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

/**
 * DescribeTransactions (65): the producers of transactional ids and the transactions they are in (KIP-664).
 *
 * <pre>
 *   v0  the lowest served, flexible
 * </pre>
 * A transaction that ends is told with all of its partitions until the last of them has its marker; Apache
 * Kafka leaves out those that have theirs.
 */
record DescribeTransactions(Services services) {
    void serve(Request request, Reader in, Writer out) {
        var ids = in.array(Reader::string);
        in.tags();
        out.int32(0).structs(ids, this::write).tags();
    }

    private void write(Writer out, String id) {
        if (id.isEmpty()) {
            write(out, ErrorCode.INVALID_REQUEST, id);
            return;
        }
        var found = services.transactions().find(id);
        if (found.error() != ErrorCode.NONE) {
            write(out, found.error(), id);
        } else {
            write(out, id, found.transaction());
        }
    }

    private static void write(Writer out, ErrorCode error, String id) {
        out.error(error).string(id).string("").int32(0).int64(0).int64(0).int16(0).length(0);
    }

    private static void write(Writer out, String id, Transaction transaction) {
        out.error(ErrorCode.NONE).string(id).string(transaction.status().toString())
                .int32(transaction.timeoutMs()).int64(transaction.startMs())
                .int64(transaction.producerId()).int16(transaction.producerEpoch())
                .structs(transaction.byTopic().entrySet(), (each, topic) ->
                        each.string(topic.getKey()).int32s(topic.getValue()));
    }
}
