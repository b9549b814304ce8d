package daybook.api;

import daybook.coordinator.Decision;
import daybook.coordinator.Reply;
import daybook.group.Asker;
import daybook.group.Offsets;
import daybook.group.Offsets.Position;
import daybook.log.TopicPartition;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.BiFunction;

/**
 * OffsetFetch (9): how far groups have come.
 *
 * <pre>
 *   v1   the lowest served
 *   v2   no topics asks for all; an error of the group
 *   v3   throttle time
 *   v5   leader epoch (KIP-320)
 *   v6   flexible
 *   v7   require stable: what an open transaction may change is not told (KIP-447)
 *   v8   many groups (KIP-709)
 *   v9   member id and epoch; UNKNOWN_MEMBER_ID and STALE_MEMBER_EPOCH may be answered (KIP-848)
 *   v10  topics by id (KIP-516)
 * </pre>
 * A group, topic or partition that there is not has no offsets, which is no error; only an unknown id is.
 */
record OffsetFetch(Services services) {
    private static final int MANY_FROM = 8;
    private static final int IDS_FROM = 10;

    /** @param topics null for all */
    private record Wanted(String groupId, Asker who, List<ByTopic<Integer>> topics) {
        /** Each partition once, for the answer has what was committed with each. */
        Wanted {
            topics = topics == null ? null : ByTopic.distinct(topics);
        }

        static Wanted one(Reader in) {
            return new Wanted(in.string(), new Asker(null, null, -1), in.since(2)
                    ? ByTopic.nullableIndexes(in, IDS_FROM) : ByTopic.indexes(in, IDS_FROM));
        }

        static Wanted ofMany(Reader in) {
            var groupId = in.string();
            var memberId = in.since(9) ? in.nullableString() : null;
            int epoch = in.since(9) ? in.int32() : -1;
            return new Wanted(groupId, new Asker(memberId, null, epoch),
                    ByTopic.nullableIndexes(in, IDS_FROM));
        }
    }

    private record Place(int index, Position position) {
        void write(Writer out) {
            out.int32(index).int64(position.offset()).since(5, more -> more.int32(position.leaderEpoch()))
                    .string(position.metadata()).error(position.error());
        }
    }

    private record Answer(ErrorCode error, List<ByTopic<Place>> topics) { }

    void serve(Request request, Reader in, Writer out) {
        var wanted = in.since(MANY_FROM) ? in.structs(Wanted::ofMany) : List.of(Wanted.one(in));
        boolean stable = in.since(7) && in.bool();
        in.tags();
        int version = in.version();
        // Each group once, so that no answer is longer than what is known.
        var replies = new LinkedHashMap<String, Reply<Answer>>();
        for (var group : wanted) {
            replies.computeIfAbsent(group.groupId, id -> services.groups().ask(id,
                    error -> refused(version, group, error),
                    (groups, nowMs) -> Decision.answer(answer(version, group, groups.offsets(), stable))));
        }
        out.since(3, more -> more.int32(0));
        if (in.since(MANY_FROM)) {
            out.structs(replies.entrySet(), (each, reply) -> {
                var answer = reply.getValue().await();
                writeTopics(each.string(reply.getKey()), answer).error(answer.error);
            });
        } else {
            var answer = replies.firstEntry().getValue().await();
            writeTopics(out, answer).since(2, more -> more.error(answer.error));
        }
        out.tags();
    }

    private static Writer writeTopics(Writer out, Answer answer) {
        return ByTopic.write(out, answer.topics, IDS_FROM, (each, topic, place) -> place.write(each));
    }

    /** The oldest version has errors of partitions only. */
    private static Answer refused(int version, Wanted group, ErrorCode error) {
        return new Answer(error, version >= 2 ? List.of()
                : places(group.topics, (topic, index) -> unknown(error)));
    }

    private Answer answer(int version, Wanted group, Offsets offsets, boolean stable) {
        var error = offsets.fetchError(group.groupId, group.who);
        if (error != ErrorCode.NONE) {
            return refused(version, group, error);
        }
        var topics = group.topics != null ? group.topics
                : known(group.groupId, offsets, version >= IDS_FROM);
        return new Answer(ErrorCode.NONE, places(topics, (topic, index) -> {
            var name = name(topic);
            return name == null ? unknown(ErrorCode.UNKNOWN_TOPIC_ID)
                    : offsets.position(group.groupId, new TopicPartition(name, index), stable);
        }));
    }

    /** The topic's name, also of one that there is not; null for an id that there is not. */
    private String name(TopicRef ref) {
        if (ref.name() != null) {
            return ref.name();
        }
        var topic = ref.in(services.catalog().image());
        return topic == null ? null : topic.name();
    }

    private static List<ByTopic<Place>> places(List<ByTopic<Integer>> topics,
            BiFunction<TopicRef, Integer, Position> find) {
        return topics.stream().map(each -> new ByTopic<>(each.topic(), each.items().stream()
                .map(index -> new Place(index, find.apply(each.topic(), index))).toList())).toList();
    }

    /** All that the group has committed; by id, what has one. */
    private List<ByTopic<Integer>> known(String groupId, Offsets offsets, boolean byId) {
        var indexes = new LinkedHashMap<String, List<Integer>>();
        for (var partition : offsets.partitions(groupId)) {
            indexes.computeIfAbsent(partition.topic(), none -> new ArrayList<>()).add(partition.partition());
        }
        var image = services.catalog().image();
        var known = new ArrayList<ByTopic<Integer>>();
        indexes.forEach((name, items) -> {
            var topic = image.topic(name);
            if (!byId) {
                known.add(new ByTopic<>(TopicRef.of(name), items));
            } else if (topic != null) {
                known.add(new ByTopic<>(new TopicRef(null, topic.id()), items));
            }
        });
        return known;
    }

    private static Position unknown(ErrorCode error) {
        return new Position(error, -1, -1, "");
    }
}
