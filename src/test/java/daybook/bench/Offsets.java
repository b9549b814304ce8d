package daybook.bench;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Offsets in one topic, committed for a group and fetched again. */
record Offsets(String group, String topic) {
    /** The generation of a commit that comes from no member, as of a consumer that names its partitions. */
    static final int NO_GENERATION = -1;

    /**
     * The body of a commit of {@code offset} for each of {@code count} partitions, beginning with {@code
     * first}.
     */
    void commit(Writer out, int generation, String member, int first, int count, long offset) {
        out.string(group).int32(generation).string(member).string(null);
        out.structs(List.of(topic), (each, name) -> each.string(name)
                .structs(IntStream.range(first, first + count).boxed().toList(), (in, partition) -> in
                        .int32(partition).int64(offset).int32(-1).string("")));
    }

    /** The first error in the answer to a commit. */
    static ErrorCode committed(Reader answer) {
        answer.int32();
        return answer.structs(topics -> {
            topics.string();
            return firstError(topics.structs(partition -> {
                partition.int32();
                return ErrorCode.of(partition.int16());
            }));
        }).getFirst();
    }

    /** What the broker says is committed for the group: offsets by partition. */
    Map<Integer, Long> fetch(Connection connection) throws IOException {
        var offsets = new TreeMap<Integer, Long>();
        var error = fetch(connection, List.of(group), offsets);
        Connection.expectNone(error, "fetching offsets");
        return offsets;
    }

    /** Whether the coordinators of all these groups are there. */
    static ErrorCode probe(Connection connection, List<String> groups) throws IOException {
        return fetch(connection, groups, new TreeMap<>());
    }

    private static ErrorCode fetch(Connection connection, List<String> groups, Map<Integer, Long> offsets)
            throws IOException {
        var answer = connection.ask(Call.OFFSET_FETCH, out -> out.structs(groups, (each, group) -> each
                .string(group).string(null).int32(-1).length(-1)).bool(false));
        answer.int32();
        return firstError(answer.structs(in -> {
            in.string();
            in.structs(topics -> topics.string() + topics.structs(partition -> {
                offsets.put(partition.int32(), partition.int64());
                partition.int32();
                partition.nullableString();
                Connection.expectNone(ErrorCode.of(partition.int16()), "fetching an offset");
                return partition;
            }));
            return ErrorCode.of(in.int16());
        }));
    }

    private static ErrorCode firstError(List<ErrorCode> errors) {
        return errors.stream().filter(error -> error != ErrorCode.NONE).findFirst().orElse(ErrorCode.NONE);
    }
}
