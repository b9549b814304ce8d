package daybook.api;

import daybook.catalog.Image;
import daybook.catalog.MetadataRecord;
import daybook.catalog.MetadataRecord.RemoveTopicRecord;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * DeleteTopics (20).
 *
 * <pre>
 *   v1  the lowest served
 *   v3  TOPIC_DELETION_DISABLED may be answered (KIP-219)
 *   v4  flexible
 *   v5  a message beside the error (KIP-599)
 *   v6  topics by name or by id (KIP-516)
 * </pre>
 */
final class DeleteTopics {
    private record Deleted(String name, Uuid id, Outcome outcome) {
        static Deleted refused(TopicRef named, Outcome why) {
            return new Deleted(named.name(), named.id(), why);
        }
    }

    private record Query(List<TopicRef> topics, int timeoutMs) {
        static Query read(Reader in) {
            var topics = in.since(6) ? in.structs(each -> new TopicRef(each.nullableString(), each.uuid()))
                    : in.array(each -> TopicRef.of(each.string()));
            return new Query(topics, in.int32());
        }
    }

    private final Services services;

    DeleteTopics(Services services) {
        this.services = services;
    }

    void serve(Request request, Reader in, Writer out) throws IOException {
        var query = Query.read(in);
        in.tags();
        out.int32(0).structs(delete(request.version(), query), DeleteTopics::write).tags();
    }

    private Collection<Deleted> delete(int version, Query query) throws IOException {
        if (!services.config().get().flag("delete.topic.enable")) {
            var error = version < 3 ? ErrorCode.INVALID_REQUEST : ErrorCode.TOPIC_DELETION_DISABLED;
            return refuseAll(query, Outcome.of(error));
        }
        if (query.timeoutMs <= 0) {
            return refuseAll(query, Outcome.TIMED_OUT);
        }
        var times = new LinkedHashMap<TopicRef, Integer>();
        query.topics.forEach(named -> times.merge(named, 1, Integer::sum));
        var deleted = new LinkedHashMap<Object, Deleted>();
        services.catalog().change(image -> decide(image, times, deleted));
        return deleted.values();
    }

    private static List<Deleted> refuseAll(Query query, Outcome why) {
        return query.topics.stream().map(named -> Deleted.refused(named, why)).toList();
    }

    /**
     * Says what becomes of each topic named.
     *
     * @param times how often each was named
     * @param deleted by topic id, or by what was named where there is no such topic
     */
    private static List<MetadataRecord> decide(Image image, Map<TopicRef, Integer> times,
            Map<Object, Deleted> deleted) {
        times.forEach((named, count) -> {
            var refusal = refusal(named, count);
            var topic = named.in(image);
            if (refusal != null) {
                deleted.put(named, Deleted.refused(named, refusal));
            } else if (topic == null) {
                deleted.put(named, Deleted.refused(named, unknown(named)));
            } else {
                var outcome = !deleted.containsKey(topic.id()) ? Outcome.DONE
                        : Outcome.invalid("The provided topic name maps to an ID that was already supplied.");
                deleted.put(topic.id(), new Deleted(topic.name(), topic.id(), outcome));
            }
        });
        var records = new ArrayList<MetadataRecord>();
        for (var each : deleted.values()) {
            if (!each.outcome.failed()) {
                records.add(new RemoveTopicRecord(each.id));
            }
        }
        return records;
    }

    private static Outcome refusal(TopicRef named, int count) {
        boolean byId = !named.id().equals(Uuid.ZERO);
        String sentence = null;
        if (named.name() == null && !byId) {
            sentence = "Neither topic name nor id were specified.";
        } else if (named.name() != null && byId) {
            sentence = "You may not specify both topic name and topic id.";
        } else if (count > 1) {
            sentence = byId ? "Duplicate topic id." : "Duplicate topic name.";
        }
        return sentence == null ? null : Outcome.invalid(sentence);
    }

    private static Outcome unknown(TopicRef named) {
        return new Outcome(named.unknown(), named.name() == null ? "This server does not host this topic ID."
                : "This server does not host this topic-partition.");
    }

    private static void write(Writer out, Deleted deleted) {
        out.string(deleted.name);
        if (out.since(6)) {
            out.uuid(deleted.id);
        }
        out.error(deleted.outcome.error());
        if (out.since(5)) {
            out.string(deleted.outcome.message());
        }
    }
}
