package daybook.api;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

/**
 * UnregisterBroker (64): forgets a broker that is gone for good (KIP-500). The only one registered is the
 * one that answers. Apache Kafka forgets even that, and clients then find no broker until it is started
 * again; here that is refused.
 *
 * <pre>
 *   v0  the lowest served, flexible
 * </pre>
 */
record UnregisterBroker(Services services) {
    void serve(Request request, Reader in, Writer out) {
        int broker = in.int32();
        in.tags();
        var outcome = broker == services.logs().nodeId()
                ? Outcome.invalid("Broker ID " + broker + " is running and cannot be unregistered")
                : new Outcome(ErrorCode.BROKER_ID_NOT_REGISTERED,
                        "Broker ID " + broker + " is not currently registered");
        outcome.write(out.int32(0)).tags();
    }
}
