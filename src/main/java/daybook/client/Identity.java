package daybook.client;

import daybook.record.RecordBatch;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;

/**
 * Who a producer is to the brokers: with the sequence numbers of its batches they see what they have already
 * (KIP-98). A new epoch begins a partition's sequence anew.
 */
record Identity(long id, short epoch) {
    static final Identity NONE = new Identity(RecordBatch.NO_PRODUCER_ID, (short) -1);

    /**
     * Asks for one, where {@code this} is that of before, or {@link #NONE}.
     *
     * @param transactionalId null for a producer that has none
     * @throws ClientException what the broker refused it with
     */
    Identity ask(Connection connection, String transactionalId, int transactionTimeoutMs) {
        return connection.ask(Call.INIT_PRODUCER_ID, out -> out.string(transactionalId)
                .int32(transactionTimeoutMs).int64(id).int16(epoch).tags(), in -> {
                    in.int32();
                    ClientException.check(ErrorCode.of(in.int16()), "a producer id");
                    return read(in);
                });
    }

    static Identity read(Reader in) {
        return new Identity(in.int64(), in.int16());
    }
}
