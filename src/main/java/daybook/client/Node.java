package daybook.client;

/**
 * A broker of the cluster.
 *
 * @param host where it told its clients to connect to
 * @param rack null where it named none
 */
public record Node(int id, String host, int port, String rack) {
    /** @throws IllegalArgumentException if the port is none */
    public Node {
        if (port < 0 || port > Addresses.PORT_MOST) {
            throw new IllegalArgumentException("there is no port " + port);
        }
    }

    /** {@code host:port}, with brackets around an IPv6 address. */
    public String address() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
