package daybook.api;

import daybook.group.Groups;
import daybook.txn.Transactions;

import java.util.Set;

/**
 * The topics that belong to the coordinators: clients may read them but not write to them, and metadata
 * marks them.
 */
final class InternalTopics {
    private static final Set<String> NAMES =
            Set.of(Groups.TOPIC, Transactions.TOPIC, "__share_group_state");

    private InternalTopics() { }

    static boolean contains(String topic) {
        return NAMES.contains(topic);
    }
}
