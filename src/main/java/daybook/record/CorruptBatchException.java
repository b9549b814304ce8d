package daybook.record;

/**
 * Says that the bytes of a batch are not what its format promises: what is wrong, and at which byte. It is
 * a fault of those who wrote the bytes, never of the broker, and it leaves nothing half done.
 */
public final class CorruptBatchException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public CorruptBatchException(String message) {
        super(message);
    }

    public CorruptBatchException(String message, Throwable cause) {
        super(message, cause);
    }

    /**
     * Throws unless {@code sound}; the text is put together only then, so that a check may stand in a loop.
     */
    static void unless(boolean sound, String what, int position) {
        if (!sound) {
            throw new CorruptBatchException(what + " at byte " + position);
        }
    }
}
