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
    OFFSET_COMMIT(8, 8, 9),
    OFFSET_FETCH(9, 8, 9),
    FIND_COORDINATOR(10, 4, 6),
    DESCRIBE_GROUPS(15, 5, 6),
    LIST_GROUPS(16, 4, 5),
    API_VERSIONS(18, 3, 3),
    CREATE_TOPICS(19, 7, 7),
    DELETE_TOPICS(20, 6, 6),
    DELETE_RECORDS(21, 2, 2),
    INIT_PRODUCER_ID(22, 3, 5),
    ADD_PARTITIONS_TO_TXN(24, 3, 3),
    ADD_OFFSETS_TO_TXN(25, 3, 4),
    END_TXN(26, 3, 5),
    WRITE_TXN_MARKERS(27, 1, 1),
    TXN_OFFSET_COMMIT(28, 3, 5),
    DESCRIBE_CONFIGS(32, 4, 4),
    CREATE_PARTITIONS(37, 2, 3),
    DELETE_GROUPS(42, 2, 2),
    INCREMENTAL_ALTER_CONFIGS(44, 1, 1),
    /** The one that is flexible in no version. */
    OFFSET_DELETE(47, 0, 0),
    DESCRIBE_PRODUCERS(61, 0, 0),
    DESCRIBE_TRANSACTIONS(65, 0, 0),
    LIST_TRANSACTIONS(66, 0, 0),
    CONSUMER_GROUP_HEARTBEAT(68, 0, 1),
    CONSUMER_GROUP_DESCRIBE(69, 0, 1);

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
        return this != OFFSET_DELETE;
    }
}
