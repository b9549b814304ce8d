package daybook.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * One group of 1,000 members over 1,000 partitions, first in the classic and then in the consumer protocol.
 */
final class LargeGroup implements Load {
    private static final int SIZE = 1_000;

    @Override
    public void run(Subject broker, Figures figures) throws Exception {
        var topic = GroupTopic.make(broker, "large", SIZE);
        try (var connections = new Connections(broker, SIZE)) {
            classic(broker, new Figures("warm-up"), "classic-warm-up", topic, connections);
            classic(broker, figures, "classic", topic, connections);
            consumer(broker, new Figures("warm-up"), "consumer-warm-up", topic, connections);
            consumer(broker, figures, "consumer", topic, connections);
            figures.add("one group of 1,000, memory MiB", broker.peakMemoryMiB());
        }
    }

    private static void classic(Subject broker, Figures figures, String name, GroupTopic topic,
            Connections connections) throws Exception {
        var members = new ArrayList<ClassicMember>();
        for (int number = 0; number < SIZE; number++) {
            members.add(new ClassicMember(connections.at(number), name, topic));
        }
        Load.measure(broker, figures, "one classic group of 1,000 settles", () ->
                Load.each(members, member -> member.settle(SIZE)));
        Load.measure(broker, figures, "one of its members leaves", () -> {
            members.removeLast().leave();
            Load.each(members, member -> {
                member.awaitRebalance();
                member.settle(SIZE - 1);
            });
        });
        Load.each(members, ClassicMember::leave);
    }

    private static void consumer(Subject broker, Figures figures, String name, GroupTopic topic,
            Connections connections) throws Exception {
        var group = List.of(new ConsumerGroup(connections, 0, SIZE, name, topic));
        Load.measure(broker, figures, "one consumer group of 1,000 settles", () ->
                ConsumerGroup.settle(group));
        Load.measure(broker, figures, "one of its members goes", () -> {
            group.getFirst().leaveOne();
            ConsumerGroup.settle(group);
        });
        ConsumerGroup.leave(group);
    }
}
