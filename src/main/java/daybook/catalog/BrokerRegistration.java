package daybook.catalog;

import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.util.List;

/**
 * What the metadata log says of the broker.
 *
 * @param epoch the offset of the record that registered it
 * @param incarnation made anew at each start
 * @param rack or null
 * @param directories the ids of its log directories
 */
public record BrokerRegistration(int nodeId, long epoch, Uuid incarnation, List<Endpoint> endpoints,
        String rack, List<Uuid> directories) {
    /**
     * Where the broker can be reached.
     *
     * @param name the listener's name
     * @param securityProtocol 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL
     */
    public record Endpoint(String name, String host, int port, int securityProtocol) {
        static Endpoint read(Reader in) {
            return new Endpoint(in.string(), in.string(), in.uint16(), in.int16());
        }

        static void write(Writer out, Endpoint endpoint) {
            out.string(endpoint.name).string(endpoint.host).int16(endpoint.port)
                    .int16(endpoint.securityProtocol);
        }
    }
}
