package daybook.bench;

/** The requests that loads send, each in one flexible version. */
enum Call {
    PRODUCE(0, 11), FETCH(1, 12), OFFSET_COMMIT(8, 9), OFFSET_FETCH(9, 9), FIND_COORDINATOR(10, 4),
    JOIN_GROUP(11, 9), HEARTBEAT(12, 4), LEAVE_GROUP(13, 5), SYNC_GROUP(14, 5), CREATE_TOPICS(19, 7),
    CONSUMER_GROUP_HEARTBEAT(68, 1);

    final int key;
    final int version;

    Call(int key, int version) {
        this.key = key;
        this.version = version;
    }
}
