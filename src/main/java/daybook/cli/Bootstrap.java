package daybook.cli;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;

/**
 * The brokers that a command is told to ask first. Clients try for a minute to reach one, as a service must;
 * whoever types a command is told at once that none is there.
 */
final class Bootstrap {
    private static final int CONNECT_MS = 5_000;
    private static final int PORT = 9092;

    private Bootstrap() { }

    /**
     * The value of {@code --bootstrap}, of which one address at least can be reached now.
     *
     * @throws CommandException where none can: which, why, and what to try
     */
    static String reached(Arguments arguments) {
        var bootstrap = arguments.text(Flag.BOOTSTRAP);
        var why = "";
        for (var address : bootstrap.split(",")) {
            try (var socket = new Socket()) {
                socket.connect(resolved(address.strip()), CONNECT_MS);
                return bootstrap;
            } catch (IOException unreachable) {
                why = unreachable.getMessage();
            } catch (IllegalArgumentException wrong) {
                throw CommandException.usage("The flag --bootstrap is " + bootstrap
                        + ", but must be HOST:PORT, comma-separated");
            }
        }
        throw CommandException.failed("No broker answers at " + bootstrap + " (" + why
                + "). Is one running there? bin/daybook start runs one; --bootstrap HOST:PORT names another");
    }

    private static InetSocketAddress resolved(String address) throws IOException {
        int colon = address.lastIndexOf(':');
        boolean portless = colon < 0 || address.endsWith("]");
        var host = (portless ? address : address.substring(0, colon)).replaceAll("^\\[|]$", "");
        int port = portless ? PORT : Integer.parseInt(address.substring(colon + 1));
        if (host.isEmpty()) {
            throw new IllegalArgumentException("no host");
        }
        var resolved = new InetSocketAddress(host, port);
        if (resolved.isUnresolved()) {
            throw new IOException("the name is unknown");
        }
        return resolved;
    }
}
