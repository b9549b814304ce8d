package daybook.client;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/** Where clients begin, as it is written: {@code host:port}, comma-separated. */
public final class Addresses {
    private static final int PORT = 9092;
    static final int PORT_MOST = 65_535;

    private Addresses() { }

    /**
     * The addresses, at least one, not resolved yet: names are looked up anew for each connection. Without a
     * port it is 9092; an IPv6 address stands in brackets.
     *
     * @throws IllegalArgumentException if {@code bootstrapServers} is not what it must be
     */
    public static List<InetSocketAddress> of(String bootstrapServers) {
        var addresses = new ArrayList<InetSocketAddress>();
        for (var word : bootstrapServers.split(",")) {
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
