package daybook.client;

/** Records of one partition that are sent together. */
final class Batch {
    boolean await(long nanos) throws InterruptedException {
        throw new UnsupportedOperationException();
    }

    boolean isDone() {
        return false;
    }

    Receipt receipt(int index, int timestampDeltaMs) {
        throw new UnsupportedOperationException();
    }
}
