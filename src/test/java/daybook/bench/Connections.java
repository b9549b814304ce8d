package daybook.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Connections to one broker. */
final class Connections implements AutoCloseable {
    /**
     * So many wait to be accepted at once; a broker's backlog is 50, and past it the system waits for
     * seconds.
     */
    private static final int UNACCEPTED = 32;

    private final List<Connection> open = new ArrayList<>();

    Connections(Subject broker, int count) throws IOException {
        try {
            while (open.size() < count) {
                open.add(broker.connect());
                if (open.size() % UNACCEPTED == 0) {
                    // An answer on this one: all before it are accepted.
                    GroupTopic.findCoordinators(open.getLast(), List.of("any"));
                }
            }
        } catch (IOException refused) {
            close();
            throw refused;
        }
    }

    Connection at(int number) {
        return open.get(number);
    }

    @Override
    public void close() throws IOException {
        for (var connection : open) {
            connection.close();
        }
    }
}
