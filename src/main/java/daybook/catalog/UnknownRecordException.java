package daybook.catalog;

/** A record of the metadata log that this version of Daybook does not know. */
public final class UnknownRecordException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnknownRecordException(String what) {
        super(what, null, false, false);
    }
}
