package daybook.record;

/**
 * Writes the bit streams that {@link BackwardBits} reads from their end: what is added last is read first.
 */
final class ForwardBits {
    private final CodecBytes out;
    private long waiting;
    private int waitingBits;

    ForwardBits(CodecBytes out) {
        this.out = out;
    }

    /** Adds the lowest {@code count} bits, 0 to 31, of a value that has no others. */
    void add(int value, int count) {
        waiting |= (long) value << waitingBits;
        waitingBits += count;
        if (waitingBits >= 32) {
            out.int32((int) waiting);
            waiting >>>= 32;
            waitingBits -= 32;
        }
    }

    /** Adds the mark behind which the reader begins, and fills the last byte. */
    void finish() {
        add(1, 1);
        fill();
    }

    /** Fills the last byte. */
    void fill() {
        for (; waitingBits > 0; waitingBits -= 8) {
            out.int8((int) waiting);
            waiting >>>= 8;
        }
        waitingBits = 0;
    }
}
