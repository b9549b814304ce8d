package daybook.net;

/**
 * An address to listen on.
 *
 * @param name the listener's name, such as PLAINTEXT
 * @param host a name or a literal address of IPv4 or IPv6; null or empty for all addresses
 * @param port 0 for any free one
 */
public record Listener(String name, String host, int port) {
    @Override
    public String toString() {
        return name + "://" + (host == null ? "" : host) + ":" + port;
    }
}
