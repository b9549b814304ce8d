package daybook.api;

import daybook.group.Groups;

import java.util.Set;

/**
 * The topics that belong to the coordinators: clients may read them but not write to them, and metadata
 * marks them.
 */
final class InternalTopics {
    static final String TRANSACTIONS = "__transaction_state";

    private static final Set<String> NAMES = Set.of(Groups.TOPIC, TRANSACTIONS, "__share_group_state");

    private InternalTopics() { }

    static boolean contains(String topic) {
        return NAMES.contains(topic);
    }
}
