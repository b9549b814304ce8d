package daybook.bench;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** 1,000 groups of 10 members in the classic protocol; when all have settled, their heartbeats alone. */
final class ClassicGroups implements Load {
    private static final int GROUPS = 1_000;
    private static final int SIZE = 10;
    private static final int HEARTBEAT_MS = 3_000;
    private static final int HEARTBEATS = 3;

    @Override
    public void run(Subject broker, Figures figures) throws Exception {
        var topic = GroupTopic.make(broker, "groups", SIZE);
        try (var connections = new Connections(broker, GROUPS * SIZE)) {
            var first = members(connections, "warm-up-", topic);
            Load.each(first, member -> member.settle(SIZE));
            Load.each(first, ClassicMember::leave);
            var members = members(connections, "group-", topic);
            Load.measure(broker, figures, "1,000 classic groups of 10 settle", () ->
                    Load.each(members, member -> member.settle(SIZE)));
            double beganSeconds = broker.processorSeconds();
            Load.each(IntStream.range(0, members.size()).boxed().toList(), number -> beat(members, number));
            figures.add("10,000 classic members beat each 3 s, CPU ms a second",
                    (broker.processorSeconds() - beganSeconds) / HEARTBEATS / HEARTBEAT_MS * 1e6);
            figures.add("10,000 classic members, memory MiB", broker.peakMemoryMiB());
        }
    }

    private static List<ClassicMember> members(Connections connections, String name, GroupTopic topic) {
        return IntStream.range(0, GROUPS * SIZE).mapToObj(number ->
                new ClassicMember(connections.at(number), name + number / SIZE, topic)).toList();
    }

    /** The beats of one member: those of all are spread evenly over time. */
    private static void beat(List<ClassicMember> members, int number) throws Exception {
        TimeUnit.MILLISECONDS.sleep((long) HEARTBEAT_MS * number / members.size());
        for (int sent = 0; sent < HEARTBEATS; sent++) {
            Connection.expectNone(members.get(number).heartbeat(), "a heartbeat");
            TimeUnit.MILLISECONDS.sleep(HEARTBEAT_MS);
        }
    }
}
