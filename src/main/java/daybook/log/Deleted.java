package daybook.log;

/** What became of a wish to delete records. */
public sealed interface Deleted {
    /** The log now begins at {@code startOffset}. */
    record Done(long startOffset) implements Deleted { }

    /** Records of this log go by compaction only. */
    record OnlyCompacted() implements Deleted { }

    /** The offset is negative or above the high watermark. */
    record OutOfRange() implements Deleted { }

    /** The disk failed. */
    record Failed() implements Deleted { }
}
