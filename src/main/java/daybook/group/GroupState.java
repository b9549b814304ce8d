package daybook.group;

/** The states of groups of both kinds, by the names that clients are told. */
public enum GroupState {
    /** No members; there may be offsets. */
    EMPTY("Empty"),
    /** Classic: members are awaited. */
    PREPARING_REBALANCE("PreparingRebalance"),
    /** Classic: the leader's assignment is awaited. */
    COMPLETING_REBALANCE("CompletingRebalance"),
    /** Consumer: an assignment is to be made. */
    ASSIGNING("Assigning"),
    /** Consumer: members are on their way to the assignment. */
    RECONCILING("Reconciling"),
    STABLE("Stable"),
    /** The group is gone, or about to go. */
    DEAD("Dead");

    private final String text;

    GroupState(String text) {
        this.text = text;
    }

    @Override
    public String toString() {
        return text;
    }
}
