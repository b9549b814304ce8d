package daybook.client;

import daybook.wire.ErrorCode;

import java.util.EnumSet;
import java.util.Set;

/**
 * What was asked for failed: a broker refused it, or none could be asked. The error is the broker's own;
 * where none answered it is the one that Kafka has for that: REQUEST_TIMED_OUT, NETWORK_EXCEPTION.
 */
public final class ClientException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What may go well when it is tried again, perhaps at another broker; as in Apache Kafka's table. */
    private static final Set<ErrorCode> RETRIABLE = EnumSet.of(
            ErrorCode.CORRUPT_MESSAGE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.LEADER_NOT_AVAILABLE,
            ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.REQUEST_TIMED_OUT, ErrorCode.BROKER_NOT_AVAILABLE,
            ErrorCode.REPLICA_NOT_AVAILABLE, ErrorCode.NETWORK_EXCEPTION,
            ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, ErrorCode.COORDINATOR_NOT_AVAILABLE,
            ErrorCode.NOT_COORDINATOR, ErrorCode.NOT_ENOUGH_REPLICAS,
            ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND, ErrorCode.NOT_CONTROLLER,
            ErrorCode.CONCURRENT_TRANSACTIONS, ErrorCode.KAFKA_STORAGE_ERROR,
            ErrorCode.LISTENER_NOT_FOUND, ErrorCode.FENCED_LEADER_EPOCH, ErrorCode.UNKNOWN_LEADER_EPOCH,
            ErrorCode.OFFSET_NOT_AVAILABLE, ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE,
            ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE, ErrorCode.UNSTABLE_OFFSET_COMMIT,
            ErrorCode.THROTTLING_QUOTA_EXCEEDED, ErrorCode.UNKNOWN_TOPIC_ID, ErrorCode.INCONSISTENT_TOPIC_ID);

    private final ErrorCode error;

    /** @param message what failed, in words; null where the error says it all */
    public ClientException(ErrorCode error, String message) {
        this(error, message, null);
    }

    public ClientException(ErrorCode error, String message, Throwable cause) {
        super(message == null || message.isBlank() ? error.name()
                : message.startsWith(error.name()) ? message : error.name() + ": " + message, cause);
        this.error = error;
    }

    /** The same once more, so that its trace shows who waited for it. */
    ClientException(ClientException cause) {
        this(cause, "");
    }

    /** The same, with more words at the end. */
    ClientException(ClientException cause, String more) {
        super(cause.getMessage() + more, cause);
        this.error = cause.error;
    }

    /** For a thread that was interrupted while it waited; what it asked for may still happen. */
    static ClientException interrupted(InterruptedException cause) {
        return new ClientException(ErrorCode.UNKNOWN_SERVER_ERROR, "interrupted while waiting", cause);
    }

    /** What the broker said, or what Kafka's clients say in its place. */
    public ErrorCode error() {
        return error;
    }

    /** Whether the same may go well when it is tried again. */
    public boolean retriable() {
        return retriable(error);
    }

    /**
     * Whether the thread was interrupted while it waited, which has cleared its interrupt; what was asked for
     * may have happened or not.
     */
    public boolean interrupted() {
        return getCause() instanceof InterruptedException;
    }

    static boolean retriable(ErrorCode error) {
        return RETRIABLE.contains(error);
    }

    /** Throws where there is an error; {@code what} says what was asked of whom. */
    static void check(ErrorCode error, String what) {
        if (error != ErrorCode.NONE) {
            throw new ClientException(error, what);
        }
    }
}
