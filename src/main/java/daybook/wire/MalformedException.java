package daybook.wire;

/** The bytes are not what the protocol says they must be; the request that held them cannot be read on. */
public final class MalformedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message what was found and what was expected */
    public MalformedException(String message) {
        super(message, null, false, false);
    }
}
