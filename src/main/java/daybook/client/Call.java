package daybook.client;

/**
 * The APIs that this client calls: the number of each, and the versions that it knows, which are flexible
 * ones but for one API. What is sent is the newest version that the broker knows too.
 */
enum Call {
    PRODUCE(0, 9, 12),
    FETCH(1, 13, 17),
    LIST_OFFSETS(2, 6, 7),
    METADATA(3, 12, 12),
    FIND_COORDINATOR(10, 4, 6),
    API_VERSIONS(18, 3, 3);

    private final int key;
    private final int least;
    private final int most;

    Call(int key, int least, int most) {
        this.key = key;
        this.least = least;
        this.most = most;
    }

    int key() {
        return key;
    }

    /** The oldest version that this client speaks. */
    int least() {
        return least;
    }

    /** The newest version that this client speaks. */
    int most() {
        return most;
    }

    boolean flexible() {
        return true;
    }
}
