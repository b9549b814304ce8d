package daybook.api;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.List;

/**
 * DescribeCluster (60): the brokers there are (KIP-700).
 *
 * <pre>
 *   v0   flexible
 *   v1   brokers or controllers (KIP-919)
 *   v2   fenced brokers too (KIP-1073); a broker that answers is not fenced
 * </pre>
 */
record DescribeCluster(Services services) {
    private static final int BROKERS = 1;
    private static final int CONTROLLERS = 2;

    void serve(Request request, Reader in, Writer out) {
        boolean operationsAsked = in.bool();
        int endpoints = in.since(1) ? in.int8() : BROKERS;
        if (in.since(2)) {
            in.bool();
        }
        in.tags();
        out.int32(0);
        if (endpoints != BROKERS) {
            refuse(out, endpoints);
            return;
        }
        head(out, ErrorCode.NONE, null).string(services.logs().clusterId()).int32(services.logs().nodeId());
        out.structs(List.of(services.advertised(request.connection())), (each, endpoint) -> {
            each.int32(services.logs().nodeId()).string(endpoint.host()).int32(endpoint.port());
            each.string(services.catalog().image().broker().rack()).since(2, more -> more.bool(false));
        });
        out.int32(AuthorizedOperations.cluster(operationsAsked)).tags();
    }

    /** Controllers are described on listeners of controllers, which this broker has none of. */
    private static void refuse(Writer out, int endpoints) {
        if (endpoints == CONTROLLERS) {
            head(out, ErrorCode.MISMATCHED_ENDPOINT_TYPE,
                    "The request was sent to an endpoint of type BROKER,"
                            + " but we wanted an endpoint of type CONTROLLER");
        } else {
            head(out, ErrorCode.UNSUPPORTED_ENDPOINT_TYPE, "Unsupported endpoint type " + endpoints);
        }
        out.string("").int32(-1).length(0).int32(AuthorizedOperations.NOT_ASKED).tags();
    }

    private static Writer head(Writer out, ErrorCode error, String message) {
        return out.error(error).string(message).since(1, more -> more.int8(BROKERS));
    }
}
