package daybook.compat;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * What the members of one group own, were given and have committed, and every breach of what a group
 * promises:
 *
 * <ul>
 * <li>a partition has one owner, from when the one is told that it is assigned to when it has given it up;
 * <li>records are given to the owner alone, in order and without a gap;
 * <li>an owner's first record is not before the last commit that was acknowledged (or it would be given what
 *     was done with) and not behind the end of what was given to anyone (or records would be lost).
 * </ul>
 *
 * <p>So the records given again are exactly those that were given and never committed: none, where members
 * commit what they were given before they give a partition up.
 */
final class Ledger {
    /** The place of an owner that was given nothing yet. */
    private static final long AT_COMMITTED = -1;

    /** One partition; guarded by {@link #lock}. */
    private static final class Log {
        private String owner;
        /** The offset that the owner is to be given next. */
        private long next = AT_COMMITTED;
        /** The end of what was given to anyone. */
        private long end;
        /** The last commit that was acknowledged. */
        private long committed;
    }

    private final ReentrantLock lock = new ReentrantLock();
    /** Guarded by {@link #lock}. */
    private final Map<TopicPartition, Log> logs = new HashMap<>();
    /** Guarded by {@link #lock}. */
    private final List<String> breaches = new ArrayList<>();
    /** Guarded by {@link #lock}. */
    private final Set<String> fenced = new HashSet<>();
    /** Guarded by {@link #lock}: records that were given before. */
    private long again;

    private Log log(TopicPartition partition) {
        return logs.computeIfAbsent(partition, none -> new Log());
    }

    void assigned(String member, Collection<TopicPartition> partitions) {
        lock.lock();
        try {
            for (var partition : partitions) {
                var log = log(partition);
                if (log.owner != null) {
                    breaches.add(partition + " is given to " + member + " while " + log.owner + " has it");
                }
                log.owner = member;
                log.next = AT_COMMITTED;
            }
        } finally {
            lock.unlock();
        }
    }

    void released(String member, Collection<TopicPartition> partitions) {
        lock.lock();
        try {
            for (var partition : partitions) {
                var log = log(partition);
                if (member.equals(log.owner)) {
                    log.owner = null;
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** The member is dead, or as good as dead: the broker may give away what it had. */
    void gone(String member) {
        released(member, owned(member));
    }

    /** The member is put out of the group and does not know it yet: it may not commit anything any more. */
    void fenced(String member) {
        gone(member);
        lock.lock();
        try {
            fenced.add(member);
        } finally {
            lock.unlock();
        }
    }

    void given(String member, TopicPartition partition, long offset) {
        lock.lock();
        try {
            if (fenced.contains(member)) {
                return;
            }
            var log = log(partition);
            if (!member.equals(log.owner)) {
                breaches.add(member + " is given " + offset + " of " + partition + ", which " + log.owner
                        + " has");
            }
            boolean first = log.next == AT_COMMITTED;
            if (first ? offset < log.committed || offset > log.end : offset != log.next) {
                breaches.add(member + " is given " + offset + " of " + partition + (first ? " first, where "
                        + log.committed + " was committed and all up to " + log.end + " given"
                        : ", where " + log.next + " is next"));
            }
            if (offset < log.end) {
                again++;
            }
            log.next = offset + 1;
            log.end = Math.max(log.end, offset + 1);
        } finally {
            lock.unlock();
        }
    }

    void committed(String member, Map<TopicPartition, OffsetAndMetadata> offsets) {
        lock.lock();
        try {
            if (fenced.contains(member)) {
                breaches.add(member + " commits though it is put out of the group");
            }
            offsets.forEach((partition, offset) -> {
                var log = log(partition);
                log.committed = Math.max(log.committed, offset.offset());
            });
        } finally {
            lock.unlock();
        }
    }

    Set<TopicPartition> owned(String member) {
        lock.lock();
        try {
            var owned = new HashSet<TopicPartition>();
            logs.forEach((partition, log) -> {
                if (member.equals(log.owner)) {
                    owned.add(partition);
                }
            });
            return owned;
        } finally {
            lock.unlock();
        }
    }

    /** The last acknowledged commit of each of these. */
    Map<TopicPartition, Long> committed(Collection<TopicPartition> partitions) {
        lock.lock();
        try {
            var committed = new HashMap<TopicPartition, Long>();
            partitions.forEach(partition -> committed.put(partition, log(partition).committed));
            return committed;
        } finally {
            lock.unlock();
        }
    }

    long again() {
        lock.lock();
        try {
            return again;
        } finally {
            lock.unlock();
        }
    }

    void expectSound() {
        lock.lock();
        try {
            CheckFailed.expect(breaches.isEmpty(), breaches.size() + " breaches, the first: " + breaches
                    .stream().findFirst().orElse(""));
        } finally {
            lock.unlock();
        }
    }

    /** Who has what, and how far it is. */
    @Override
    public String toString() {
        lock.lock();
        try {
            var text = new TreeMap<String, String>();
            logs.forEach((partition, log) -> text.put(partition.toString(),
                    log.owner + ", " + log.committed + " of " + log.end));
            return text.toString();
        } finally {
            lock.unlock();
        }
    }
}
