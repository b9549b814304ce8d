package daybook.api;

import daybook.catalog.Image;
import daybook.catalog.Partition;
import daybook.catalog.Topic;
import daybook.catalog.TopicNames;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.util.Comparator;
import java.util.List;

/**
 * Metadata (3): the brokers, the topics and who leads their partitions.
 *
 * <pre>
 *   v0   an empty list asks for all topics
 *   v1   null asks for all, an empty list for none; racks, the controller, internal topics
 *   v2   cluster id
 *   v3   throttle time
 *   v4   the client may forbid that topics are made (KIP-204)
 *   v5   offline replicas (KIP-112)
 *   v7   leader epochs (KIP-320)
 *   v8   authorized operations (KIP-430)
 *   v9   flexible
 *   v10  topic ids in the answer (KIP-516); in requests they are refused until v12
 *   v11  no operations on the cluster any more (KIP-700)
 *   v12  topics by id
 *   v13  an error of the whole (KIP-1102)
 * </pre>
 * A topic made because it was asked for is in the same answer; Apache Kafka answers
 * UNKNOWN_TOPIC_OR_PARTITION first. Topics that are there come before those that are not. As soon as one is
 * named by id, names alone are passed over.
 */
record Metadata(Services services) {
    private static final int IDS_SERVED_FROM = 12;

    /** What is asked; no topics at all is null. */
    private record Query(List<TopicRef> topics, boolean createMissing, boolean clusterOperations,
            boolean topicOperations) {
        static Query read(Reader in) {
            var topics = in.since(1) ? in.nullableStructs(Query::topic) : in.structs(Query::topic);
            boolean all = topics == null || topics.isEmpty() && !in.since(1);
            return new Query(all ? null : topics, !in.since(4) || in.bool(),
                    in.since(8) && !in.since(11) && in.bool(), in.since(8) && in.bool());
        }

        private static TopicRef topic(Reader in) {
            var id = in.since(10) ? in.uuid() : Uuid.ZERO;
            return new TopicRef(in.since(10) ? in.nullableString() : in.string(), id);
        }
    }

    /** A topic of the answer; topic is null where there is an error. */
    private record Answer(ErrorCode error, String name, Uuid id, Topic topic) {
        static Answer of(Topic topic) {
            return new Answer(ErrorCode.NONE, topic.name(), topic.id(), topic);
        }

        static Answer failed(ErrorCode error, TopicRef topic) {
            return new Answer(error, topic.name(), topic.id(), null);
        }
    }

    void serve(Request request, Reader in, Writer out) {
        var query = Query.read(in);
        in.tags();
        write(request, query, answers(query, in), out);
    }

    private List<Answer> answers(Query query, Reader in) {
        var image = services.catalog().image();
        if (query.topics == null) {
            return image.topics().values().stream().map(Answer::of).toList();
        }
        boolean byId = query.topics.stream().anyMatch(TopicRef::byId);
        boolean nameless = query.topics.stream().anyMatch(topic -> topic.name() == null);
        if (!in.since(IDS_SERVED_FROM) && (byId || nameless)) {
            return refused(query, ErrorCode.INVALID_REQUEST);
        }
        if (!byId && nameless) {
            return refused(query, ErrorCode.UNKNOWN_SERVER_ERROR);
        }
        var asked = query.topics.stream().filter(topic -> topic.byId() == byId)
                .map(topic -> new TopicRef(byId ? null : topic.name(), topic.id())).distinct().toList();
        if (!byId && query.createMissing && services.config().get().flag("auto.create.topics.enable")) {
            create(image, asked);
        }
        var newest = services.catalog().image();
        return asked.stream().map(ref -> answer(newest, ref))
                .sorted(Comparator.comparing(answer -> answer.topic == null)).toList();
    }

    private static List<Answer> refused(Query query, ErrorCode error) {
        return query.topics.stream().map(topic -> Answer.failed(error,
                topic.name() == null ? new TopicRef("", topic.id()) : topic)).toList();
    }

    private static Answer answer(Image image, TopicRef ref) {
        var topic = ref.in(image);
        return topic == null ? Answer.failed(ref.undescribed(), ref) : Answer.of(topic);
    }

    /**
     * Makes the topics that are not there; what cannot be made stays unknown. Internal ones are the
     * coordinators' to make.
     */
    private void create(Image image, List<TopicRef> asked) {
        var wanted = asked.stream().map(TopicRef::name)
                .filter(name -> image.topic(name) == null && !InternalTopics.contains(name)
                        && TopicNames.error(name) == null)
                .map(CreateTopics.Wanted::byDefault).toList();
        if (!wanted.isEmpty()) {
            new CreateTopics(services).create(wanted, false);
        }
    }

    private void write(Request request, Query query, List<Answer> answers, Writer out) {
        int nodeId = services.logs().nodeId();
        var self = services.advertised(request.connection());
        int ofTopic = AuthorizedOperations.topic(query.topicOperations);
        out.since(3, more -> more.int32(0));
        out.structs(List.of(self), (broker, endpoint) ->
                broker.int32(nodeId).string(endpoint.host()).int32(endpoint.port())
                        .since(1, more -> more.string(services.catalog().image().broker().rack())));
        out.since(2, more -> more.string(services.logs().clusterId()));
        out.since(1, more -> more.int32(nodeId));
        out.structs(answers, (each, answer) -> write(each, answer, ofTopic));
        if (out.since(8) && !out.since(11)) {
            out.int32(AuthorizedOperations.cluster(query.clusterOperations));
        }
        out.since(13, more -> more.error(ErrorCode.NONE)).tags();
    }

    private void write(Writer out, Answer answer, int operations) {
        boolean internal = answer.name != null && InternalTopics.contains(answer.name);
        out.error(answer.error).string(answer.name);
        out.since(10, more -> more.uuid(answer.id));
        out.since(1, more -> more.bool(internal));
        out.structs(answer.topic == null ? List.<Partition>of() : answer.topic.partitions(),
                (each, partition) -> write(each, answer.topic, partition));
        out.since(8, more -> more.int32(operations));
    }

    private void write(Writer out, Topic topic, Partition partition) {
        var leadership = services.partitions().leadership(topic, partition);
        out.error(leadership.error()).int32(partition.index()).int32(leadership.leader());
        out.since(7, more -> more.int32(partition.leaderEpoch()));
        out.int32s(partition.replicas()).int32s(partition.isr());
        out.since(5, more -> more.int32s(leadership.offline()));
    }
}
