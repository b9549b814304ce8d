package daybook.api;

import daybook.catalog.BrokerConfig;
import daybook.net.Connection;

/**
 * The host and port a client is told to connect to: what {@code advertised.listeners} says for the listener
 * it came in by, and without that the address on which it has just reached this broker. That is right by
 * itself on every interface; where addresses are translated on the way, only the configuration can know.
 *
 * @param host a name or an address, IPv6 without brackets
 */
record Endpoint(String host, int port) {
    static Endpoint of(BrokerConfig config, Connection connection) {
        for (var advertised : config.list("advertised.listeners")) {
            int colon = advertised.indexOf("://");
            if (colon > 0 && advertised.substring(0, colon).trim().equalsIgnoreCase(connection.listener())) {
                return parse(advertised.substring(colon + 3).trim(), connection);
            }
        }
        return reached(connection);
    }

    /** HOST:PORT, where brackets may stand around the host; an empty host is the one the client reached. */
    private static Endpoint parse(String text, Connection connection) {
        int colon = text.lastIndexOf(':');
        var host = text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        int port = Integer.parseInt(text.substring(colon + 1));
        return new Endpoint(host.isEmpty() ? reached(connection).host : host, port);
    }

    private static Endpoint reached(Connection connection) {
        var address = connection.localAddress();
        var host = address.getAddress().getHostAddress();
        int scope = host.indexOf('%');
        return new Endpoint(scope < 0 ? host : host.substring(0, scope), address.getPort());
    }
}
