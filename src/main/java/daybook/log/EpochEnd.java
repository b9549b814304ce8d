package daybook.log;

/** Where a leader epoch ends; both -1 where that is not known. */
public record EpochEnd(int epoch, long endOffset) {
    static final EpochEnd UNKNOWN = new EpochEnd(-1, -1);
}
