package daybook.api;

/**
 * What a client may do, as bits whose places are the codes of the operations (KIP-430): 3 read, 4 write, 5
 * create, 6 delete, 7 alter, 8 describe, 9 cluster action, 10 describe configs, 11 alter configs, 12
 * idempotent write. Without an authorizer that is everything. Who did not ask is answered {@link #NOT_ASKED}.
 */
final class AuthorizedOperations {
    static final int NOT_ASKED = Integer.MIN_VALUE;

    private AuthorizedOperations() { }

    /** All operations that a topic has. */
    static int topic(boolean asked) {
        return asked ? 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 10 | 1 << 11 : NOT_ASKED;
    }

    /** All operations that the cluster has. */
    static int cluster(boolean asked) {
        return asked ? 1 << 5 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12 : NOT_ASKED;
    }

    /** All operations that a group has. */
    static int group(boolean asked) {
        return asked ? 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11 : NOT_ASKED;
    }
}
