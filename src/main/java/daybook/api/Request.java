package daybook.api;

import daybook.net.Connection;

/**
 * Where a request comes from.
 *
 * @param clientId the name the client gives itself; empty where it gives none
 */
public record Request(Connection connection, String clientId) {
    /** The client's address, as groups show it. */
    String host() {
        return "/" + connection.remoteAddress().getAddress().getHostAddress();
    }
}
