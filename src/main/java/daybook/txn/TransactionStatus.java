package daybook.txn;

import daybook.wire.MalformedException;

/** How far a transaction has come, in the order of the numbers that records have for it, with the name that clients see. */
public enum TransactionStatus {
    EMPTY("Empty"),
    ONGOING("Ongoing"),
    PREPARE_COMMIT("PrepareCommit"),
    PREPARE_ABORT("PrepareAbort"),
    COMPLETE_COMMIT("CompleteCommit"),
    COMPLETE_ABORT("CompleteAbort"),
    DEAD("Dead"),
    PREPARE_EPOCH_FENCE("PrepareEpochFence");

    private final String text;

    TransactionStatus(String text) {
        this.text = text;
    }

    /** The status of a number in a record. */
    static TransactionStatus of(int number) {
        if (number < 0 || number >= values().length) {
            throw new MalformedException("A transaction with status " + number + ", which is not known");
        }
        return values()[number];
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

    /** As clients see it: {@code PrepareCommit}. */
    @Override
    public String toString() {
        return text;
    }
}
