package daybook.cli;

import daybook.client.Admin;
import daybook.client.ClientException;
import daybook.client.Offsets;
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
import java.util.stream.Stream;

/**
 * What the commands have in common that see and change a cluster: they ask an admin, and what comes of that
 * is told as a table, as pages, or line by line; what failed in a line each on standard error.
 */
final class Operator implements AutoCloseable {
    static final Flag<Some> TOPIC = Flag
            .of("topic", "TOPIC[:N,...]", "of this topic, or of these partitions of it").repeated()
            .as(Some::of);
    static final Flag<?> DRY_RUN = Flag.of("dry-run", "only say whether it could be done");

    /** Whoever typed a command waits for it, also for a broker that hangs, and can type it again. */
    private static final int PATIENCE_MS = 15_000;

    /** Some partitions of a topic; all where none is named. */
    record Some(String topic, List<Integer> partitions) {
        static Some of(String text) {
            int colon = text.indexOf(':');
            var numbers = colon < 0 ? "" : text.substring(colon + 1);
            if (colon == 0 || text.isEmpty() || colon > 0 && !numbers.matches("\\d{1,9}(,\\d{1,9})*")) {
                throw new IllegalArgumentException("TOPIC, or TOPIC:N,N for partitions of it");
            }
            return colon < 0 ? new Some(text, List.of()) : new Some(text.substring(0, colon),
                    Stream.of(numbers.split(",")).map(Integer::valueOf).toList());
        }
    }

    /** What a command asks the cluster for, or has it do. */
    interface Task<T> {
        T of(Operator operator, Arguments arguments);
    }

    private final Arguments arguments;
    /** Null until it is needed: what was typed wrong is told also where no broker is. */
    private Admin admin;
    /** Told on standard error behind all else. */
    private final List<String> notes = new ArrayList<>();

    private Operator(Arguments arguments) {
        this.arguments = arguments;
    }

    /** Shows things in a table. */
    static Command.Action rows(Task<List<Map<String, Object>>> task) {
        return (arguments, streams) -> {
            try (var operator = new Operator(arguments)) {
                Sheet.rows(arguments, streams, task.of(operator, arguments));
                streams.out().flush();
                operator.notes.forEach(streams.err()::println);
                return 0;
            }
        };
    }

    /** Shows those that went well, a page each. */
    static Command.Action pages(Task<Outcomes<?, Map<String, Object>>> task) {
        return (arguments, streams) -> {
            try (var operator = new Operator(arguments)) {
                var pages = task.of(operator, arguments);
                Sheet.pages(arguments, streams, List.copyOf(pages.values().values()));
                return failures(streams, pages);
            }
        };
    }

    /** Says of each that went well what was done. */
    static Command.Action lines(Task<Outcomes<?, String>> task) {
        return (arguments, streams) -> {
            try (var operator = new Operator(arguments)) {
                var lines = task.of(operator, arguments);
                lines.values().values().forEach(line -> streams.out().line(Streams.printable(line)));
                return failures(streams, lines);
            }
        };
    }

    /** Connected when it is asked for first. */
    Admin admin() {
        if (admin == null) {
            admin = Admin.builder(Bootstrap.reached(arguments)).clientId("daybook-cli")
                    .requestTimeoutMs(PATIENCE_MS).apiTimeoutMs(PATIENCE_MS).open();
        }
        return admin;
    }

    /** Behind the rows, a line on standard error. */
    void note(String line) {
        notes.add(line);
    }

    @Override
    public void close() {
        if (admin != null) {
            admin.close();
        }
    }

    private static int failures(Streams streams, Outcomes<?, ?> outcomes) {
        streams.out().flush();
        outcomes.errors().values().stream().map(Commands::sentence).distinct().forEach(sentence ->
                streams.err().println(Streams.printable("daybook: " + sentence)));
        return outcomes.errors().isEmpty() ? 0 : CommandException.FAILED;
    }

    /** Without those that failed with this error, which is as good as done, where the flag is given. */
    <K, V> Outcomes<K, V> without(Flag<?> flag, ErrorCode error, Outcomes<K, V> outcomes) {
        var errors = new LinkedHashMap<K, ClientException>(outcomes.errors());
        errors.values().removeIf(failed -> arguments.has(flag) && failed.error() == error);
        return new Outcomes<>(outcomes.values(), errors);
    }

    /** These partitions, all of which there are. */
    List<TopicPartition> partitions(Collection<Some> wanted) {
        var found = admin().topics().describe(wanted.stream().map(Some::topic).toList());
        var partitions = new ArrayList<TopicPartition>();
        for (var some : wanted) {
            var all = partitions(found.of(some.topic));
            for (int index : some.partitions) {
                if (index >= all.size()) {
                    throw CommandException.failed("Topic " + some.topic + " has no partition " + index);
                }
                partitions.add(all.get(index));
            }
            partitions.addAll(some.partitions.isEmpty() ? all : List.of());
        }
        return partitions;
    }

    static List<TopicPartition> partitions(Topic topic) {
        return IntStream.range(0, topic.partitions().size())
                .mapToObj(index -> new TopicPartition(topic.name(), index)).toList();
    }

    /** The first offsets of partitions, or their ends: {@link Offsets#EARLIEST}, {@link Offsets#LATEST}. */
    Map<TopicPartition, Long> offsets(Collection<TopicPartition> partitions, long time) {
        return admin().offsets().list(Offsets.all(partitions, time), false)
                .map((partition, found) -> found.offset()).values();
    }
}
