package daybook.client;

/** When a broker acknowledges what it is sent (Kafka's {@code acks}). */
public enum Acks {
    /** Never: what is lost is lost without a word, and receipts know no offsets. */
    NONE(0),
    /** When the leader of the partition has it, though it may not be on a disk yet, or anywhere else. */
    LEADER(1),
    /** When it is as safe as the topic is configured to keep it. */
    ALL(-1);

    private final int code;

    Acks(int code) {
        this.code = code;
    }

    /** The number in ProduceRequest.json. */
    int code() {
        return code;
    }
}
