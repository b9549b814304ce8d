package daybook.api;

import daybook.api.TopicCreation.Assignment;
import daybook.api.TopicCreation.Created;
import daybook.api.TopicCreation.Wanted;
import daybook.catalog.ConfigValue;
import daybook.catalog.TopicConfigs;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * CreateTopics (19).
 *
 * <pre>
 *   v2  the lowest served
 *   v4  -1 partitions or replicas: the broker's defaults (KIP-464); taken in all versions, as in Kafka
 *   v5  flexible; the reply has partitions, replicas and configuration of what was made (KIP-525)
 *   v6  THROTTLING_QUOTA_EXCEEDED may be answered (KIP-599)
 *   v7  the reply has the topic's id (KIP-516)
 * </pre>
 */
final class CreateTopics {
    private record Query(List<Wanted> topics, int timeoutMs, boolean validateOnly) {
        static Query read(Reader in) {
            return new Query(in.structs(CreateTopics::topic), in.int32(), in.bool());
        }
    }

    private final Services services;
    private final TopicCreation creation;

    CreateTopics(Services services) {
        this.services = services;
        this.creation = new TopicCreation(services);
    }

    void serve(Request request, Reader in, Writer out) throws IOException {
        var query = Query.read(in);
        in.tags();
        out.int32(0).structs(create(query), this::write).tags();
    }

    private List<Created> create(Query query) throws IOException {
        if (query.timeoutMs > 0) {
            return creation.create(query.topics, query.validateOnly);
        }
        return query.topics.stream().map(topic -> Created.refused(topic.name(), Outcome.TIMED_OUT)).toList();
    }

    private static Wanted topic(Reader in) {
        return new Wanted(in.string(), in.int32(), in.int16(),
                in.structs(each -> new Assignment(each.int32(), each.array(Reader::int32))), configs(in));
    }

    /** A key that comes twice has its last value. */
    private static Map<String, String> configs(Reader in) {
        var configs = new LinkedHashMap<String, String>();
        in.structs(each -> configs.put(each.string(), each.nullableString()));
        return configs;
    }

    private void write(Writer out, Created topic) {
        out.string(topic.name());
        if (out.since(7)) {
            out.uuid(topic.id());
        }
        out.error(topic.error()).string(topic.message());
        if (out.since(5)) {
            var broker = services.config().get();
            List<ConfigValue> configs = topic.error() != ErrorCode.NONE ? List.of()
                    : TopicConfigs.describe(topic.configs(), broker);
            out.int32(topic.partitions()).int16(topic.replicationFactor())
                    .structs(configs, ConfigReply::writeBrief);
        }
    }
}
