package daybook.client;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * What producers, consumers and admins have in common.
 *
 * @param bootstrap where to begin: {@code host:port}, comma-separated
 * @param clientId what the brokers are told that the client is called
 * @param requestTimeoutMs a broker that does not answer for so long is given up
 * @param apiTimeoutMs how long is tried again what may go well another time
 */
record Settings(String bootstrap, String clientId, int requestTimeoutMs, int apiTimeoutMs) {
    static final int REQUEST_TIMEOUT_MS = 30_000;
    static final int API_TIMEOUT_MS = 60_000;
    private static final int PORT = 9092;
    private static final int PORT_MOST = 65_535;

    /** @throws IllegalArgumentException if {@code bootstrap} is not what it must be */
    Settings {
        addresses(bootstrap);
    }

    List<InetSocketAddress> addresses() {
        return addresses(bootstrap);
    }

    /** Not resolved yet: names are looked up anew for each connection. */
    private static List<InetSocketAddress> addresses(String bootstrap) {
        var addresses = new ArrayList<InetSocketAddress>();
        for (var word : bootstrap.split(",")) {
            var address = word.strip();
            int colon = address.lastIndexOf(':');
            boolean portless = colon < 0 || address.endsWith("]");
            var host = (portless ? address : address.substring(0, colon)).replaceAll("^\\[|]$", "");
            int port = portless ? PORT : port(address.substring(colon + 1));
            if (host.isEmpty() || port <= 0 || port > PORT_MOST) {
                throw new IllegalArgumentException("\"" + address + "\" is not a broker's HOST:PORT");
            }
            addresses.add(InetSocketAddress.createUnresolved(host, port));
        }
        if (addresses.isEmpty()) {
            throw new IllegalArgumentException("no broker's HOST:PORT is given");
        }
        return addresses;
    }

    private static int port(String digits) {
        return digits.matches("\\d{1,5}") ? Integer.parseInt(digits) : 0;
    }
}
