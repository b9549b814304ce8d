package daybook.bench;

import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** A topic on which groups can be formed at once: the broker knows it, and the coordinators are there. */
record GroupTopic(String name, Uuid id, int partitions) {
    private static final long LIMIT_SECONDS = 60;
    private static final int POLL_MS = 50;
    /** So many groups fall on every partition of the topic of offsets, all but surely. */
    private static final int PROBES = 1_000;

    static GroupTopic make(Subject broker, String name, int partitions) throws Exception {
        try (var connection = broker.connect()) {
            var topic = new GroupTopic(name, create(connection, name, partitions), partitions);
            var groups = IntStream.range(0, PROBES).mapToObj(number -> "probe-" + number).toList();
            await("coordinators", () -> findCoordinators(connection, groups));
            await("loaded coordinators", () -> Offsets.probe(connection, groups));
            var probe = new Offsets("probe", name);
            await("the topic", () -> Offsets.committed(connection.ask(Call.OFFSET_COMMIT, out ->
                    probe.commit(out, Offsets.NO_GENERATION, "", partitions - 1, 1, 0))));
            return topic;
        }
    }

    private static Uuid create(Connection connection, String name, int partitions) throws IOException {
        var answer = connection.ask(Call.CREATE_TOPICS, out -> out
                .structs(List.of(name), (each, topic) -> each
                        .string(topic).int32(partitions).int16(1).length(0).length(0))
                .int32((int) TimeUnit.SECONDS.toMillis(LIMIT_SECONDS)).bool(false));
        answer.int32();
        // Of the one topic what is read is all that is asked for.
        answer.unsignedVarint();
        answer.string();
        var id = answer.uuid();
        Connection.expectNone(ErrorCode.of(answer.int16()), "making a topic");
        return id;
    }

    /** The first error; asking makes the broker create the topic of offsets. */
    static ErrorCode findCoordinators(Connection connection, List<String> groups)
            throws IOException {
        var answer = connection.ask(Call.FIND_COORDINATOR, out -> out.int8(0).strings(groups));
        answer.int32();
        return answer.structs(in -> {
            in.string();
            in.int32();
            in.string();
            in.int32();
            var error = ErrorCode.of(in.int16());
            in.nullableString();
            return error;
        }).stream().filter(error -> error != ErrorCode.NONE).findFirst().orElse(ErrorCode.NONE);
    }

    private static void await(String what, Callable<ErrorCode> asked) throws Exception {
        long beganNanos = System.nanoTime();
        for (var error = asked.call(); error != ErrorCode.NONE; error = asked.call()) {
            if (System.nanoTime() - beganNanos > TimeUnit.SECONDS.toNanos(LIMIT_SECONDS)) {
                throw new IllegalStateException(what + " did not come: " + error);
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
    }
}
