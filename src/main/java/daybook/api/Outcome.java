package daybook.api;

import daybook.wire.ErrorCode;
import daybook.wire.Writer;

/**
 * How one item of a request ended.
 *
 * @param message a sentence about the error, or null
 */
record Outcome(ErrorCode error, String message) {
    static final Outcome DONE = of(ErrorCode.NONE);
    static final Outcome DISK_FULL = new Outcome(ErrorCode.KAFKA_STORAGE_ERROR,
            "The broker's disk is full.");
    /** What Apache Kafka answers when the client grants no time at all. */
    static final Outcome TIMED_OUT = of(ErrorCode.REQUEST_TIMED_OUT);
    /** The sentence of a bound that Apache Kafka has too: records of one change of the catalog. */
    static final Outcome TOO_LARGE =
            new Outcome(ErrorCode.POLICY_VIOLATION, "Unable to perform excessively large batch operation.");

    /** Characters of a sentence: it may quote what a client sent, which may be of any length. */
    private static final int MESSAGE_LIMIT = 400;

    Outcome {
        if (message != null && message.length() > MESSAGE_LIMIT) {
            message = message.substring(0, MESSAGE_LIMIT) + "…";
        }
    }

    static Outcome of(ErrorCode error) {
        return new Outcome(error, null);
    }

    /** Refused as a request that makes no sense. */
    static Outcome invalid(String message) {
        return new Outcome(ErrorCode.INVALID_REQUEST, message);
    }

    static Outcome unknown(String message) {
        return new Outcome(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, message);
    }

    /** This one where it is a failure, or else the other one: what came of the whole that it is a part of. */
    Outcome or(Outcome other) {
        return failed() ? this : other;
    }

    boolean failed() {
        return error != ErrorCode.NONE;
    }

    /** Writes the error and its sentence, which stand side by side in most replies. */
    Writer write(Writer out) {
        return out.error(error).string(message);
    }
}
