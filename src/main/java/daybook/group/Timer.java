package daybook.group;

/**
 * Something of a group that will be due.
 *
 * @param memberId empty where it is of the group as a whole
 */
record Timer(String groupId, String memberId, Kind kind) {
    enum Kind {
        /** The member was not heard of. Of the group: it was a consumer group, and is a classic one now. */
        SESSION,
        /** Classic: the members that have not joined are given up. Consumer: the member did not give back. */
        REBALANCE,
        /**
         * Classic: a member id was given out, and nobody joined with it; or the first members are awaited.
         */
        JOIN,
        /** Classic: members that have not synced are given up. */
        SYNC
    }
}
