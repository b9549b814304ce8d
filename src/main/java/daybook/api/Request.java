package daybook.api;

import daybook.net.Connection;

/**
 * A request in work: its header and the connection it came on. Belongs to that connection's virtual thread.
 */
public final class Request {
    private final Connection connection;
    private final Api api;
    private final int version;
    private final int correlationId;
    private final String clientId;
    private boolean answered = true;

    Request(Connection connection, Api api, int version, int correlationId, String clientId) {
        this.connection = connection;
        this.api = api;
        this.version = version;
        this.correlationId = correlationId;
        this.clientId = clientId;
    }

    public Connection connection() {
        return connection;
    }

    public Api api() {
        return api;
    }

    public int version() {
        return version;
    }

    public int correlationId() {
        return correlationId;
    }

    /** The name the client gives itself, or null. */
    public String clientId() {
        return clientId;
    }

    /** Sends no reply to this request, as {@code acks=0} asks. */
    public void leaveUnanswered() {
        answered = false;
    }

    boolean answered() {
        return answered;
    }
}
