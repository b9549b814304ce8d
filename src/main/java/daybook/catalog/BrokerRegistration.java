package daybook.catalog;

import daybook.wire.Uuid;

import java.util.List;

/**
 * What the metadata log says of the broker.
 *
 * @param epoch the offset of the record that registered it
 * @param incarnation made anew at each start
 * @param rack or null
 * @param fenced whether clients are told that it is not there
 * @param directories the ids of its log directories
 */
public record BrokerRegistration(int nodeId, long epoch, Uuid incarnation, List<Endpoint> endpoints,
        String rack,
        boolean fenced, List<Uuid> directories) {
    /**
     * Where the broker can be reached.
     *
     * @param name the listener's name
     * @param securityProtocol 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL
     */
    public record Endpoint(String name, String host, int port, int securityProtocol) { }
}
