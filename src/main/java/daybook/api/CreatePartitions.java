package daybook.api;

import daybook.catalog.Changes;
import daybook.catalog.Image;
import daybook.catalog.MetadataRecord;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;

/**
 * CreatePartitions (37): more partitions for topics that are there.
 *
 * <pre>
 *   v0  the lowest served
 *   v2  flexible
 *   v3  THROTTLING_QUOTA_EXCEEDED may be answered (KIP-599)
 * </pre>
 * Stricter than Apache Kafka: internal topics are refused. With another number of partitions groups and
 * transactional ids would be looked for where they are not; in Apache Kafka that happens with the next start.
 */
record CreatePartitions(Services services) {
    /** The number of partitions a topic is to have, and the brokers of each new one, or null. */
    private record Wanted(String name, int count, List<List<Integer>> assignments) {
        static Wanted read(Reader in) {
            return new Wanted(in.string(), in.int32(), in.nullableStructs(each -> each.array(Reader::int32)));
        }
    }

    void serve(Request request, Reader in, Writer out) {
        var topics = in.structs(Wanted::read);
        int timeoutMs = in.int32();
        boolean validateOnly = in.bool();
        in.tags();
        var outcomes = timeoutMs <= 0 ? Collections.nCopies(topics.size(), Outcome.TIMED_OUT)
                : services.change(topics, Wanted::name, "Duplicate topic name.", validateOnly, this::decide);
        // A topic that comes twice is answered once.
        var byName = new LinkedHashMap<String, Outcome>();
        for (int i = 0; i < topics.size(); i++) {
            byName.put(topics.get(i).name, outcomes.get(i));
        }
        out.int32(0).structs(byName.entrySet(), (each, outcome) ->
                outcome.getValue().write(each.string(outcome.getKey()))).tags();
    }

    private Outcome decide(Image image, Wanted wanted, List<MetadataRecord> records) {
        var topic = image.topic(wanted.name);
        if (topic == null) {
            return Outcome.of(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        }
        if (InternalTopics.contains(wanted.name)) {
            return Outcome.invalid("The partitions of " + wanted.name
                    + " say where each key is; their number stays.");
        }
        int present = topic.partitions().size();
        if (wanted.count <= present) {
            return new Outcome(ErrorCode.INVALID_PARTITIONS, wanted.count == present
                    ? "Topic already has " + present + " partition(s)."
                    : "The topic " + wanted.name + " currently has " + present + " partition(s); "
                            + wanted.count + " would not be an increase.");
        }
        if (!services.logs().hasRoom()) {
            return Outcome.DISK_FULL;
        }
        int more = wanted.count - present;
        var refusal = wanted.assignments == null ? null : refusal(image, more, wanted.assignments);
        if (refusal != null) {
            return refusal;
        }
        if (records.size() + (long) more > Changes.RECORDS_LIMIT) {
            return Outcome.TOO_LARGE;
        }
        records.addAll(services.catalog().changes().createPartitions(topic, wanted.count));
        return Outcome.DONE;
    }

    private static Outcome refusal(Image image, int more, List<List<Integer>> assignments) {
        if (assignments.size() != more) {
            return CreateTopics.misplaced("Attempted to add " + more + " additional partition(s), but only "
                    + assignments.size() + " assignment(s) were specified.");
        }
        return assignments.stream().map(brokers -> CreateTopics.brokersRefusal(image, brokers))
                .filter(Objects::nonNull).findFirst().orElse(null);
    }
}
