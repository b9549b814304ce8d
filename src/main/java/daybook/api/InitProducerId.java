package daybook.api;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.io.IOException;

/**
 * InitProducerId (22): an identity for an idempotent producer (KIP-98).
 *
 * <pre>
 *   v0   the lowest served
 *   v2   flexible
 *   v3   the identity a producer has already, to go on with (KIP-360)
 *   v4   PRODUCER_FENCED may be answered (KIP-588)
 *   v5   TRANSACTION_ABORTABLE may be answered (KIP-890)
 * </pre>
 * A producer without a transactional id always gets a fresh identity. One with a transactional id is answered
 * NOT_COORDINATOR, as by an Apache Kafka broker that does not hold the transaction's coordinator: there is
 * none here, and a client that looks for it learns from ApiVersions that it cannot.
 */
record InitProducerId(Services services) {
    private static final int NO_EPOCH = -1;
    private static final long NO_ID = -1;

    void serve(Request request, Reader in, Writer out) {
        var transactionalId = in.nullableString();
        in.int32();
        boolean hasId = in.since(3) && in.int64() != NO_ID;
        boolean hasEpoch = in.since(3) && in.int16() != NO_EPOCH;
        in.tags();
        if (hasId != hasEpoch || "".equals(transactionalId)) {
            write(out, ErrorCode.INVALID_REQUEST, NO_ID, NO_EPOCH);
        } else if (transactionalId != null) {
            write(out, ErrorCode.NOT_COORDINATOR, NO_ID, NO_EPOCH);
        } else {
            begin(out);
        }
    }

    private void begin(Writer out) {
        try {
            write(out, ErrorCode.NONE, services.catalog().producerId(), 0);
        } catch (IOException failed) {
            services.log().warn("producer id", "A producer got no id: " + failed);
            write(out, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, NO_ID, NO_EPOCH);
        }
    }

    private static void write(Writer out, ErrorCode error, long producerId, int producerEpoch) {
        out.int32(0).error(error).int64(producerId).int16(producerEpoch).tags();
    }
}
