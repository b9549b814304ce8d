package daybook.api;

/**
 * What a client may do, as bits whose places are the codes of the operations (KIP-430): 3 read, 4 write, 5
 * create, 6 delete, 7 alter, 8 describe, 9 cluster action, 10 describe configs, 11 alter configs, 12
 * idempotent write. Without an authorizer that is everything.
 */
final class AuthorizedOperations {
    /** Answered to a client that did not ask. */
    static final int NOT_ASKED = Integer.MIN_VALUE;
    /** All operations that a topic has. */
    static final int TOPIC = 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 10 | 1 << 11;
    /** All operations that the cluster has. */
    static final int CLUSTER = 1 << 5 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12;
    /** All operations that a group has. */
    static final int GROUP = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11;

    private AuthorizedOperations() { }
}
