package daybook.net;

/** The connection cannot go on because of what its client sent; it is closed, and the reason logged. */
public final class ConnectionClosedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param reason what the client did, for the log */
    public ConnectionClosedException(String reason) {
        super(reason, null, false, false);
    }
}
