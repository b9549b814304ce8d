package daybook.catalog;

import daybook.wire.Uuid;

import java.util.List;

/**
 * What a broker says of itself when it starts.
 *
 * @param rack or null
 * @param incarnation made anew at each start
 * @param endpoints where clients reach it
 * @param directories the ids of its log directories
 */
public record Identity(int nodeId, String rack, Uuid incarnation, List<BrokerRegistration.Endpoint> endpoints,
        List<Uuid> directories) { }
