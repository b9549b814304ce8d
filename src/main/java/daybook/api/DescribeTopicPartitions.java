package daybook.api;

import daybook.catalog.Image;
import daybook.catalog.Partition;
import daybook.catalog.Topic;
import daybook.catalog.TopicNames;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
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
final class DescribeTopicPartitions {
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
            int operations) {
        static Answer failed(ErrorCode error, String name, int operations) {
            return new Answer(error, name, null, List.of(), operations);
        }
    }

    private final Services services;
    private final Partitions partitions;

    DescribeTopicPartitions(Services services) {
        this.services = services;
        this.partitions = new Partitions(services);
    }

    void serve(Request request, Reader in, Writer out) {
        var query = Query.read(in);
        in.tags();
        var answers = new ArrayList<Answer>();
        Cursor next = null;
        if (query.valid()) {
            next = page(query, answers);
        } else {
            new TreeSet<>(query.topics).forEach(topic -> answers.add(
                    Answer.failed(ErrorCode.INVALID_REQUEST, topic, AuthorizedOperations.NOT_ASKED)));
        }
        out.int32(0).structs(answers, this::write);
        Cursor.write(out, next);
        out.tags();
    }

    /** Adds the topics of one page, and says where the next page begins; null where there is none. */
    private Cursor page(Query query, List<Answer> answers) {
        var image = services.catalog().image();
        Collection<String> asked = query.topics.isEmpty()
                ? image.topics().keySet() : new TreeSet<>(query.topics);
        int most = services.config().get().integer("max.request.partition.size.limit");
        int left = Math.max(1, Math.min(most, query.limit));
        for (var name : asked) {
            int behind = query.cursor == null ? 1 : name.compareTo(query.cursor.topic);
            if (behind < 0) {
                continue;
            }
            if (left == 0) {
                return new Cursor(name, 0);
            }
            var answer = answer(image, name, behind == 0 ? query.cursor.partition : 0, left);
            answers.add(answer);
            left -= answer.partitions.size();
            if (answer.topic != null && !answer.partitions.isEmpty()) {
                int after = answer.partitions.getLast().index() + 1;
                if (after < answer.topic.partitions().size()) {
                    return new Cursor(name, after);
                }
            }
        }
        return null;
    }

    private static Answer answer(Image image, String name, int first, int most) {
        var topic = image.topic(name);
        if (topic == null) {
            boolean invalid = TopicNames.error(name) != null;
            var error = invalid ? ErrorCode.INVALID_TOPIC_EXCEPTION : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
            return Answer.failed(error, name, AuthorizedOperations.TOPIC);
        }
        int count = topic.partitions().size();
        int from = Math.min(first, count);
        var shown = topic.partitions().subList(from, from + Math.min(most, count - from));
        return new Answer(ErrorCode.NONE, name, topic, shown, AuthorizedOperations.TOPIC);
    }

    private void write(Writer out, Answer answer) {
        var id = answer.topic == null ? Uuid.ZERO : answer.topic.id();
        out.error(answer.error).string(answer.name).uuid(id).bool(InternalTopics.contains(answer.name));
        out.structs(answer.partitions, (each, partition) -> {
            var leadership = partitions.leadership(answer.topic, partition);
            each.error(leadership.error()).int32(partition.index()).int32(leadership.leader());
            each.int32(partition.leaderEpoch()).int32s(partition.replicas()).int32s(partition.isr());
            each.length(0).length(0).int32s(leadership.offline());
        }).int32(answer.operations);
    }
}
