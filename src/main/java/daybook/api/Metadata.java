package daybook.api;

import daybook.catalog.Image;
import daybook.catalog.Partition;
import daybook.catalog.Topic;
import daybook.catalog.TopicNames;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
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
final class Metadata {
    private static final int IDS_SERVED_FROM = 12;
    private static final System.Logger LOG = System.getLogger("daybook.api");

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

        boolean byId() {
            return topics.stream().anyMatch(topic -> !topic.id().equals(Uuid.ZERO));
        }

        boolean nameless() {
            return topics.stream().anyMatch(topic -> topic.name() == null);
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

    private final Services services;
    private final Partitions partitions;
    private final TopicCreation creation;

    Metadata(Services services) {
        this.services = services;
        this.partitions = new Partitions(services);
        this.creation = new TopicCreation(services);
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
        boolean byId = query.byId();
        if (!in.since(IDS_SERVED_FROM) && (byId || query.nameless())) {
            return refused(query, ErrorCode.INVALID_REQUEST);
        }
        if (!byId && query.nameless()) {
            return refused(query, ErrorCode.UNKNOWN_SERVER_ERROR);
        }
        var asked = new LinkedHashSet<TopicRef>();
        for (var topic : query.topics) {
            if (!byId) {
                asked.add(TopicRef.of(topic.name()));
            } else if (!topic.id().equals(Uuid.ZERO)) {
                asked.add(new TopicRef(null, topic.id()));
            }
        }
        if (!byId && query.createMissing && services.config().get().flag("auto.create.topics.enable")) {
            create(image, asked);
        }
        return answers(services.catalog().image(), asked);
    }

    private static List<Answer> refused(Query query, ErrorCode error) {
        return query.topics.stream().map(topic -> Answer.failed(error,
                topic.name() == null ? new TopicRef("", topic.id()) : topic)).toList();
    }

    private static List<Answer> answers(Image image, LinkedHashSet<TopicRef> asked) {
        var answers = new ArrayList<Answer>(asked.size());
        var missing = new ArrayList<Answer>();
        for (var ref : asked) {
            var topic = ref.in(image);
            if (topic != null) {
                answers.add(Answer.of(topic));
            } else {
                boolean invalid = ref.name() != null && TopicNames.error(ref.name()) != null;
                missing.add(Answer.failed(invalid ? ErrorCode.INVALID_TOPIC_EXCEPTION : ref.unknown(), ref));
            }
        }
        answers.addAll(missing);
        return answers;
    }

    /**
     * Makes the topics that are not there; what cannot be made stays unknown. Internal ones are the
     * coordinators' to make.
     */
    private void create(Image image, LinkedHashSet<TopicRef> asked) {
        var wanted = new ArrayList<TopicCreation.Wanted>();
        for (var ref : asked) {
            boolean internal = InternalTopics.contains(ref.name());
            if (ref.in(image) == null && !internal && TopicNames.error(ref.name()) == null) {
                wanted.add(TopicCreation.Wanted.byDefault(ref.name()));
            }
        }
        if (wanted.isEmpty()) {
            return;
        }
        try {
            creation.create(wanted, false);
        } catch (IOException failed) {
            LOG.log(System.Logger.Level.WARNING, "Topics that a client asked for were not made: " + failed);
        }
    }

    private void write(Request request, Query query, List<Answer> answers, Writer out) {
        if (out.since(3)) {
            out.int32(0);
        }
        int nodeId = services.logs().nodeId();
        var self = Endpoint.of(services.config().get(), request.connection());
        out.structs(List.of(self), (brokers, endpoint) -> {
            brokers.int32(nodeId).string(endpoint.host()).int32(endpoint.port());
            if (brokers.since(1)) {
                brokers.string(services.catalog().image().broker().rack());
            }
        });
        if (out.since(2)) {
            out.string(services.logs().clusterId());
        }
        if (out.since(1)) {
            out.int32(nodeId);
        }
        int operations = AuthorizedOperations.ofTopic(query.topicOperations);
        out.structs(answers, (topics, answer) -> write(topics, answer, operations));
        if (out.since(8) && !out.since(11)) {
            out.int32(AuthorizedOperations.ofCluster(query.clusterOperations));
        }
        if (out.since(13)) {
            out.error(ErrorCode.NONE);
        }
        out.tags();
    }

    private void write(Writer out, Answer answer, int operations) {
        out.error(answer.error).string(answer.name);
        if (out.since(10)) {
            out.uuid(answer.id);
        }
        if (out.since(1)) {
            out.bool(answer.name != null && InternalTopics.contains(answer.name));
        }
        out.structs(answer.topic == null ? List.<Partition>of() : answer.topic.partitions(),
                (each, partition) -> write(each, answer.topic, partition));
        if (out.since(8)) {
            out.int32(operations);
        }
    }

    private void write(Writer out, Topic topic, Partition partition) {
        var leadership = partitions.leadership(topic, partition);
        out.error(leadership.error()).int32(partition.index()).int32(leadership.leader());
        if (out.since(7)) {
            out.int32(partition.leaderEpoch());
        }
        out.int32s(partition.replicas()).int32s(partition.isr());
        if (out.since(5)) {
            out.int32s(leadership.offline());
        }
    }
}
