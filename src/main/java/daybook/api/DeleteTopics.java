package daybook.api;

import daybook.catalog.MetadataRecord;
import daybook.catalog.MetadataRecord.RemoveTopicRecord;
import daybook.catalog.Topic;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

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
record DeleteTopics(Services services) {
    private record Deleted(String name, Uuid id, Outcome outcome) {
        static Deleted refused(TopicRef named, Outcome why) {
            return new Deleted(named.name(), named.id(), why);
        }

        Deleted or(Outcome written) {
            return new Deleted(name, id, outcome.or(written));
        }
    }

    void serve(Request request, Reader in, Writer out) {
        var topics = in.since(6) ? in.structs(each -> new TopicRef(each.nullableString(), each.uuid()))
                : in.array(each -> TopicRef.of(each.string()));
        int timeoutMs = in.int32();
        in.tags();
        var refusal = refusal(in, timeoutMs);
        var deleted = refusal == null ? delete(topics)
                : topics.stream().map(named -> Deleted.refused(named, refusal)).toList();
        out.int32(0).structs(deleted, DeleteTopics::write).tags();
    }

    /** Why nothing is deleted at all, or null. */
    private Outcome refusal(Reader in, int timeoutMs) {
        if (!services.config().get().flag("delete.topic.enable")) {
            return Outcome.of(in.since(3) ? ErrorCode.TOPIC_DELETION_DISABLED : ErrorCode.INVALID_REQUEST);
        }
        return timeoutMs > 0 ? null : Outcome.TIMED_OUT;
    }

    private Collection<Deleted> delete(List<TopicRef> topics) {
        var times = new LinkedHashMap<TopicRef, Integer>();
        topics.forEach(named -> times.merge(named, 1, Integer::sum));
        // By topic id, or by what was named where nothing is deleted.
        var deleted = new LinkedHashMap<Object, Deleted>();
        var written = services.change(image -> {
            times.forEach((named, count) -> decide(named, count, named.in(image), deleted));
            return deleted.values().stream().filter(each -> !each.outcome.failed())
                    .<MetadataRecord>map(each -> new RemoveTopicRecord(each.id)).toList();
        });
        return deleted.values().stream().map(each -> each.or(written)).toList();
    }

    /**
     * Says what becomes of a topic.
     *
     * @param count how often it was named so
     * @param topic null where there is none
     */
    private static void decide(TopicRef named, int count, Topic topic, Map<Object, Deleted> deleted) {
        var refusal = refusal(named, count, topic);
        if (refusal != null) {
            deleted.put(named, Deleted.refused(named, refusal));
            return;
        }
        var outcome = !deleted.containsKey(topic.id()) ? Outcome.DONE
                : Outcome.invalid("The provided topic name maps to an ID that was already supplied.");
        deleted.put(topic.id(), new Deleted(topic.name(), topic.id(), outcome));
    }

    private static Outcome refusal(TopicRef named, int count, Topic topic) {
        if (named.name() == null && !named.byId()) {
            return Outcome.invalid("Neither topic name nor id were specified.");
        }
        if (named.name() != null && named.byId()) {
            return Outcome.invalid("You may not specify both topic name and topic id.");
        }
        if (count > 1) {
            return Outcome.invalid(named.byId() ? "Duplicate topic id." : "Duplicate topic name.");
        }
        return topic != null ? null : new Outcome(named.unknown(),
                "This server does not host this " + (named.byId() ? "topic ID." : "topic-partition."));
    }

    private static void write(Writer out, Deleted deleted) {
        out.string(deleted.name).since(6, more -> more.uuid(deleted.id));
        out.error(deleted.outcome.error()).since(5, more -> more.string(deleted.outcome.message()));
    }
}
