package daybook.bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * Offsets committed by the members of one classic group, each with several commits in flight. At the end the
 * broker must have the last offset that it acknowledged of each partition.
 */
final class Commits implements Load {
    private static final int MEMBERS = 100;
    /** A member commits for partitions of its own, at most so many. */
    private static final int PARTITIONS = 10;
    private static final int IN_FLIGHT = 20;
    private static final long WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(3);
    private static final long MEASURED_NANOS = TimeUnit.SECONDS.toNanos(2);

    @Override
    public void run(Subject broker, Figures figures) throws Exception {
        var topic = GroupTopic.make(broker, "commits", MEMBERS * PARTITIONS);
        try (var connections = new Connections(broker, MEMBERS)) {
            new Run(connections, topic, 10, PARTITIONS).commit(WARM_UP_NANOS);
            for (int partitions : List.of(1, PARTITIONS)) {
                for (int members : List.of(1, 10, MEMBERS)) {
                    var name = members + (members == 1 ? " member commits " : " members commit ") + partitions
                            + (partitions == 1 ? " offset" : " offsets") + ", ";
                    var run = new Run(connections, topic, members, partitions);
                    double beganSeconds = broker.processorSeconds();
                    double commits = run.commit(MEASURED_NANOS);
                    double processorSeconds = broker.processorSeconds() - beganSeconds;
                    figures.add(name + "commits a second", commits / run.seconds);
                    figures.add(name + "CPU ms a 1,000", processorSeconds / commits * 1e6);
                }
            }
        }
    }

    /** One group, made of as many members as are to commit at once. */
    private static final class Run {
        private final Offsets offsets;
        private final List<ClassicMember> members = new ArrayList<>();
        private final int partitions;
        private final long[] committed;
        private double seconds;

        Run(Connections connections, GroupTopic topic, int size, int partitions) throws Exception {
            this.partitions = partitions;
            this.committed = new long[size];
            this.offsets = new Offsets("group-" + System.nanoTime(), topic.name());
            for (int number = 0; number < size; number++) {
                members.add(new ClassicMember(connections.at(number), offsets.group(), topic));
            }
            Load.each(members, member -> member.settle(size));
        }

        /** Commits for this long, and returns how many commits were acknowledged. */
        long commit(long durationNanos) throws Exception {
            long beganNanos = System.nanoTime();
            Load.each(IntStream.range(0, members.size()).boxed().toList(), number ->
                    commit(number, beganNanos + durationNanos));
            seconds = (System.nanoTime() - beganNanos) / 1e9;
            verify();
            Load.each(members, ClassicMember::leave);
            return IntStream.range(0, committed.length).mapToLong(number -> committed[number]).sum();
        }

        /** The offset of a commit is its number, from 1 on. */
        private void commit(int number, long untilNanos) throws Exception {
            var member = members.get(number);
            long sent = 0;
            long answered = 0;
            do {
                while (sent - answered < IN_FLIGHT && System.nanoTime() < untilNanos) {
                    long offset = ++sent;
                    member.connection().send(Call.OFFSET_COMMIT, out -> offsets.commit(out,
                            member.generation(), member.id(), number * PARTITIONS, partitions, offset));
                }
                var answer = member.connection().receive(Call.OFFSET_COMMIT);
                Connection.expectNone(Offsets.committed(answer), "a commit");
                answered++;
            } while (answered < sent);
            committed[number] = answered;
        }

        private void verify() throws Exception {
            var expected = new HashMap<Integer, Long>();
            for (int number = 0; number < committed.length; number++) {
                for (int partition = 0; partition < partitions; partition++) {
                    expected.put(number * PARTITIONS + partition, committed[number]);
                }
            }
            Map<Integer, Long> fetched = offsets.fetch(members.getFirst().connection());
            if (!fetched.equals(expected)) {
                throw new IllegalStateException("committed " + expected + ", and fetched " + fetched);
            }
        }
    }
}
