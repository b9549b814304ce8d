package daybook.bench;

import java.util.List;
import java.util.stream.IntStream;

/** 1,000 groups of 10 members in the consumer protocol. */
final class ConsumerGroups implements Load {
    private static final int GROUPS = 1_000;
    private static final int SIZE = 10;

    @Override
    public void run(Subject broker, Figures figures) throws Exception {
        var topic = GroupTopic.make(broker, "groups", SIZE);
        try (var connections = new Connections(broker, GROUPS * SIZE)) {
            var first = groups(connections, "warm-up-", topic);
            ConsumerGroup.settle(first);
            ConsumerGroup.leave(first);
            var groups = groups(connections, "group-", topic);
            Load.measure(broker, figures, "1,000 consumer groups of 10 settle", () ->
                    ConsumerGroup.settle(groups));
            figures.add("10,000 consumer members, memory MiB", broker.peakMemoryMiB());
        }
    }

    private static List<ConsumerGroup> groups(Connections connections, String name, GroupTopic topic) {
        return IntStream.range(0, GROUPS).mapToObj(number ->
                new ConsumerGroup(connections, number * SIZE, SIZE, name + number, topic)).toList();
    }
}
