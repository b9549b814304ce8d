package daybook.cli;

import daybook.client.Admin;
import daybook.client.ClientException;
import daybook.client.Outcomes;
import daybook.client.Topic;
import daybook.client.TopicPartition;
import daybook.wire.ErrorCode;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** What the commands have in common that see and change a cluster. */
final class Operator {
    static final Flag TOPIC = Flag.of("topic", "TOPIC[:N,...]", "of this topic, or of these partitions of it")
            .repeated();
    static final Flag DRY_RUN = Flag.of("dry-run", "only say whether it could be done");

    /** Whoever typed a command waits for it, and can type it again. */
    private static final int PATIENCE_MS = 15_000;

    private Operator() { }

    static Admin admin(Arguments arguments) {
        return Admin.builder(Bootstrap.reached(arguments)).clientId("daybook-cli")
                .apiTimeoutMs(PATIENCE_MS).open();
    }

    /**
     * A line on standard error for each that failed.
     *
     * @return the exit code
     */
    static int failures(Streams streams, Outcomes<?, ?> outcomes) {
        streams.out().flush();
        outcomes.errors().values().forEach(failed -> streams.err()
                .println(Streams.printable("daybook: " + Commands.sentence(failed))));
        return outcomes.errors().isEmpty() ? 0 : CommandException.FAILED;
    }

    /** Without those that failed with this error, which is as good as done. */
    static <K, V> Outcomes<K, V> without(ErrorCode error, Outcomes<K, V> outcomes) {
        var errors = new LinkedHashMap<K, ClientException>(outcomes.errors());
        errors.values().removeIf(failed -> failed.error() == error);
        return new Outcomes<>(outcomes.values(), errors);
    }

    /** The values of a flag that are {@code KEY=VALUE}; the last one of a key counts. */
    static Map<String, String> pairs(Arguments arguments, Flag flag) {
        var pairs = new LinkedHashMap<String, String>();
        for (var text : arguments.texts(flag)) {
            int equals = text.indexOf('=');
            if (equals <= 0) {
                throw CommandException.usage("The flag --" + flag.name() + " is " + text
                        + ", but must be KEY=VALUE");
            }
            pairs.put(text.substring(0, equals), text.substring(equals + 1));
        }
        return pairs;
    }

    /** What {@code TOPIC} and {@code TOPIC:N,...} stand for. */
    static List<TopicPartition> partitions(Admin admin, Collection<String> texts) {
        var partitions = new ArrayList<TopicPartition>();
        for (var text : texts) {
            int colon = text.indexOf(':');
            if (colon < 0) {
                partitions.addAll(partitions(admin.topics().describe(List.of(text)).of(text)));
            } else if (text.substring(colon + 1).matches("\\d{1,9}(,\\d{1,9})*")) {
                for (var number : text.substring(colon + 1).split(",")) {
                    partitions.add(new TopicPartition(text.substring(0, colon), Integer.parseInt(number)));
                }
            } else {
                throw CommandException.usage(text + " must be TOPIC, or TOPIC:N,N for partitions of it");
            }
        }
        return partitions;
    }

    static List<TopicPartition> partitions(Topic topic) {
        return IntStream.range(0, topic.partitions().size())
                .mapToObj(index -> new TopicPartition(topic.name(), index)).toList();
    }
}
