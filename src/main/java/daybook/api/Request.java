package daybook.api;

import daybook.net.Connection;

/**
 * Where a request comes from.
 *
 * @param clientId the name the client gives itself, or null
 */
public record Request(Connection connection, String clientId) { }
