package daybook.group;

import daybook.coordinator.Decision.Producer;
import daybook.log.TopicPartition;
import daybook.wire.ErrorCode;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * What the members of a simulation have committed, at once or in transactions that end some time later, of
 * several producers at a time. Of a partition the newest commit holds that is not one of a transaction that
 * was aborted, or has not ended.
 */
final class SimulatedOffsets {
    private static final int PRODUCERS = 5;
    private static final long NOBODY = -1;

    private static final class Commit {
        final long offset;
        /** {@link #NOBODY} where it holds at once, or from now on. */
        long producerId;

        Commit(long offset, long producerId) {
            this.offset = offset;
            this.producerId = producerId;
        }
    }

    private final Simulation world;
    /** By group, in the order of the log. */
    private final Map<String, Map<TopicPartition, List<Commit>>> commits = new HashMap<>();
    /** Those that are in a transaction. */
    private final TreeSet<Long> open = new TreeSet<>();
    private long offsets;

    SimulatedOffsets(Simulation world) {
        this.world = world;
    }

    /** A member commits one of the partitions that it reads. */
    void commit(String group, Simulation.Client client) {
        var image = world.test.image;
        var partition = client.using().stream().filter(each -> image.topic(each.topic()) != null).findFirst()
                .orElse(null);
        if (partition == null) {
            return;
        }
        long producerId = world.once(3) ? world.random.nextInt(PRODUCERS) : NOBODY;
        boolean current = client.current();
        var commit = new Offsets.Commit(partition.topic(), image.topic(partition.topic()).id(),
                partition.partition(), ++offsets, -1, "");
        var outcome = world.test.run((groups, nowMs) -> producerId == NOBODY
                ? groups.offsets().commit(group, client.asker(), Offsets.NO_RETENTION, List.of(commit), nowMs)
                : groups.offsets().commit(group, client.asker(), new Producer(producerId, (short) 0, 0),
                        List.of(commit)));
        if (outcome.error() == ErrorCode.NONE) {
            var error = outcome.answer().getFirst();
            world.note(client.name() + " commits " + partition + " at " + offsets
                    + (producerId == NOBODY ? "" : " in transaction " + producerId) + ": " + error);
            world.require(current || error != ErrorCode.NONE,
                    client.name() + " is no member, and may commit");
            if (error == ErrorCode.NONE) {
                took(group, partition, new Commit(offsets, producerId));
            }
        }
    }

    private void took(String group, TopicPartition partition, Commit commit) {
        commits.computeIfAbsent(group, none -> new HashMap<>())
                .computeIfAbsent(partition, none -> new ArrayList<>()).add(commit);
        if (commit.producerId != NOBODY) {
            open.add(commit.producerId);
        }
        check(group, partition);
    }

    /** Ends one of the transactions that are open, if there are any. */
    void end() {
        if (open.isEmpty()) {
            return;
        }
        long producerId = List.copyOf(open).get(world.random.nextInt(open.size()));
        open.remove(producerId);
        boolean commit = world.once(2);
        world.note("transaction " + producerId + (commit ? " is committed" : " is aborted"));
        world.test.end(producerId, commit);
        commits.forEach((group, partitions) -> partitions.values().forEach(all -> {
            all.removeIf(each -> each.producerId == producerId && !commit);
            all.stream().filter(each -> each.producerId == producerId)
                    .forEach(each -> each.producerId = NOBODY);
        }));
        check();
    }

    /** The topic is gone. */
    void drop(String topic) {
        commits.values().forEach(each ->
                each.keySet().removeIf(partition -> partition.topic().equals(topic)));
    }

    void check() {
        commits.forEach((group, partitions) -> partitions.keySet().forEach(each -> check(group, each)));
    }

    private void check(String group, TopicPartition partition) {
        long expected = -1;
        var error = ErrorCode.NONE;
        for (var each : commits.get(group).get(partition)) {
            if (each.producerId == NOBODY) {
                expected = each.offset;
            } else {
                error = ErrorCode.UNSTABLE_OFFSET_COMMIT;
            }
        }
        var known = world.test.groups.offsets();
        long offset = known.position(group, partition, false).offset();
        world.require(offset == expected, "offset of " + partition + " is " + offset + ", not " + expected);
        var told = known.position(group, partition, true).error();
        world.require(told == error, partition + " is " + told + ", not " + error);
    }
}
