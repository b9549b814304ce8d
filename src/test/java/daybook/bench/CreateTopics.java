package daybook.bench;

import java.util.List;
import java.util.stream.IntStream;

/**
 * 1,000 topics of one partition: asked for one by one and all at once, until each has acknowledged a record.
 */
final class CreateTopics implements Load {
    private static final int TOPICS = 1_000;

    @Override
    public void run(Subject broker, Figures figures) throws Exception {
        var unmeasured = new Figures(broker.name());
        measure(unmeasured, broker, "warm-up", IntStream.range(0, 20).mapToObj(number ->
                List.of("warm-up-" + number)).toList());
        measure(figures, broker, "1,000 topics one by one", IntStream.range(0, TOPICS).mapToObj(number ->
                List.of("one-" + number)).toList());
        measure(figures, broker, "1,000 topics at once", List.of(IntStream.range(0, TOPICS).mapToObj(number ->
                "all-" + number).toList()));
        figures.add("2,000 topics, memory MiB", broker.memoryMiB());
    }

    private static void measure(Figures figures, Subject broker, String name, List<List<String>> requests)
            throws Exception {
        var batch = Topics.batch(1);
        Load.measure(broker, figures, name, () -> {
            try (var connection = broker.connect()) {
                for (var topics : requests) {
                    Connection.expectNone(Topics.create(connection, topics, 1), "making topics");
                }
                for (var topics : requests) {
                    for (var topic : topics) {
                        Topics.insist(connection, topic, 0, batch);
                    }
                }
            }
        });
    }
}
