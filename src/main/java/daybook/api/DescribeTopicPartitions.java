package daybook.api;

import daybook.catalog.Partition;
import daybook.catalog.Topic;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * DescribeTopicPartitions (75): topics page by page, in the order of their names (KIP-966).
 *
 * <pre>
 *   v0   flexible
 * </pre>
 * A page holds at most {@code max.request.partition.size.limit} partitions; the cursor says where the next
 * one begins.
 */
record DescribeTopicPartitions(Services services) {
    /** Where a page begins, or the next one. */
    private record Cursor(String topic, int partition) {
        /** A structure that may be null begins with a byte, -1 for null. */
        static Cursor read(Reader in) {
            if (in.int8() < 0) {
                return null;
            }
            var cursor = new Cursor(in.string(), in.int32());
            in.tags();
            return cursor;
        }

        static void write(Writer out, Cursor cursor) {
            if (cursor == null) {
                out.int8(-1);
            } else {
                out.int8(1).string(cursor.topic).int32(cursor.partition).tags();
            }
        }
    }

    private record Query(List<String> topics, int limit, Cursor cursor) {
        static Query read(Reader in) {
            return new Query(in.structs(Reader::string), in.int32(), Cursor.read(in));
        }

        boolean valid() {
            return cursor == null
                    || cursor.partition >= 0 && (topics.isEmpty() || topics.contains(cursor.topic));
        }
    }

    /** A topic of the page; topic is null where there is an error. */
    private record Answer(ErrorCode error, String name, Topic topic, List<Partition> partitions,
            int operations) { }

    void serve(Request request, Reader in, Writer out) {
        var query = Query.read(in);
        in.tags();
        var names = new TreeSet<>(query.topics);
        var answers = new ArrayList<Answer>();
        Cursor next = null;
        if (query.valid()) {
            next = page(query, names, answers);
        } else {
            names.forEach(name -> answers.add(new Answer(ErrorCode.INVALID_REQUEST, name, null, List.of(),
                    AuthorizedOperations.NOT_ASKED)));
        }
        out.int32(0).structs(answers, this::write);
        Cursor.write(out, next);
        out.tags();
    }

    /** Adds the topics of one page, and says where the next page begins; null where there is none. */
    private Cursor page(Query query, SortedSet<String> names, List<Answer> answers) {
        var image = services.catalog().image();
        if (names.isEmpty()) {
            names.addAll(image.topics().keySet());
        }
        int most = services.config().get().integer("max.request.partition.size.limit");
        int left = Math.max(1, Math.min(most, query.limit));
        var first = query.cursor == null ? new Cursor("", 0) : query.cursor;
        for (var name : names.tailSet(first.topic)) {
            if (left == 0) {
                return new Cursor(name, 0);
            }
            var topic = image.topic(name);
            var partitions = topic == null ? List.<Partition>of() : topic.partitions();
            int from = name.equals(first.topic) ? Math.min(first.partition, partitions.size()) : 0;
            int to = from + Math.min(left, partitions.size() - from);
            var error = topic == null ? TopicRef.of(name).undescribed() : ErrorCode.NONE;
            answers.add(new Answer(error, name, topic, partitions.subList(from, to),
                    AuthorizedOperations.topic(true)));
            left -= to - from;
            if (to < partitions.size()) {
                return new Cursor(name, to);
            }
        }
        return null;
    }

    private void write(Writer out, Answer answer) {
        var id = answer.topic == null ? Uuid.ZERO : answer.topic.id();
        out.error(answer.error).string(answer.name).uuid(id).bool(InternalTopics.contains(answer.name));
        out.structs(answer.partitions, (each, partition) -> {
            var leadership = services.partitions().leadership(answer.topic, partition);
            each.error(leadership.error()).int32(partition.index()).int32(leadership.leader());
            each.int32(partition.leaderEpoch()).int32s(partition.replicas()).int32s(partition.isr());
            each.length(0).length(0).int32s(leadership.offline());
        }).int32(answer.operations);
    }
}
