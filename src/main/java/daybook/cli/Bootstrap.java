package daybook.cli;

import daybook.client.Addresses;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;

/**
 * The brokers that a command is told to ask first. Clients try for a minute to reach one, as a service must;
 * whoever types a command is told at once that none is there.
 */
final class Bootstrap {
    private static final int CONNECT_MS = 5_000;

    private Bootstrap() { }

    /**
     * The value of {@code --bootstrap}, of which one address at least can be reached now.
     *
     * @throws CommandException where none can: which, why, and what to try
     */
    static String reached(Arguments arguments) {
        var bootstrap = arguments.value(Flag.BOOTSTRAP);
        var why = "";
        for (var address : Addresses.of(bootstrap)) {
            var resolved = new InetSocketAddress(address.getHostString(), address.getPort());
            try (var socket = new Socket()) {
                socket.connect(resolved, CONNECT_MS);
                return bootstrap;
            } catch (IOException unreachable) {
                why = resolved.isUnresolved() ? "the name is unknown" : unreachable.getMessage();
            }
        }
        throw CommandException.failed("No broker answers at " + bootstrap + " (" + why
                + "). Is one running there? bin/daybook start runs one; --bootstrap HOST:PORT names another");
    }

    /** The text, which names addresses; otherwise an IllegalArgumentException. */
    static String checked(String text) {
        try {
            Addresses.of(text);
            return text;
        } catch (IllegalArgumentException wrong) {
            throw new IllegalArgumentException("HOST:PORT, comma-separated");
        }
    }
}
