package daybook.bench;

import java.util.ArrayList;

/** 1,000 groups of 10 members in the consumer protocol. */
final class ConsumerGroups implements Load {
    private static final int GROUPS = 1_000;
    private static final int SIZE = 10;

    @Override
    public void run(Subject broker, Figures figures) throws Exception {
        var topic = GroupTopic.make(broker, "groups", SIZE);
        try (var connections = new Connections(broker, GROUPS * SIZE)) {
            var groups = new ArrayList<ConsumerGroup>();
            for (int number = 0; number < GROUPS; number++) {
                groups.add(new ConsumerGroup(connections, number * SIZE, SIZE, "group-" + number, topic));
            }
            Load.measure(broker, figures, "1,000 consumer groups of 10 settle", () ->
                    ConsumerGroup.settle(groups));
            figures.add("10,000 consumer members, memory MiB", broker.peakMemoryMiB());
        }
    }
}
