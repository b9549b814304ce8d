package daybook.txn;

import daybook.wire.MalformedException;

/** How far a transaction has come, with the number that records have for it and the name that clients see. */
public enum TransactionStatus {
    EMPTY(0, "Empty"),
    ONGOING(1, "Ongoing"),
    PREPARE_COMMIT(2, "PrepareCommit"),
    PREPARE_ABORT(3, "PrepareAbort"),
    COMPLETE_COMMIT(4, "CompleteCommit"),
    COMPLETE_ABORT(5, "CompleteAbort"),
    DEAD(6, "Dead"),
    PREPARE_EPOCH_FENCE(7, "PrepareEpochFence");

    private final int number;
    private final String text;

    TransactionStatus(int number, String text) {
        this.number = number;
        this.text = text;
    }

    /** The status of a number in a record. */
    static TransactionStatus of(int number) {
        for (var status : values()) {
            if (status.number == number) {
                return status;
            }
        }
        throw new MalformedException("A transaction with status " + number + ", which is not known");
    }

    /** The status of this name, as clients write it; null where there is none. */
    public static TransactionStatus named(String text) {
        for (var status : values()) {
            if (status.text.equals(text)) {
                return status;
            }
        }
        return null;
    }

    int number() {
        return number;
    }

    /** As clients see it: {@code PrepareCommit}. */
    @Override
    public String toString() {
        return text;
    }
}
