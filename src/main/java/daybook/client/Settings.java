package daybook.client;

import java.net.InetSocketAddress;
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

    /** @throws IllegalArgumentException if {@code bootstrap} is not what it must be */
    Settings {
        Addresses.of(bootstrap);
    }

    List<InetSocketAddress> addresses() {
        return Addresses.of(bootstrap);
    }
}
