package daybook.api;

import daybook.log.Logs.LogDirectory;
import daybook.log.PartitionLog;
import daybook.log.TopicPartition;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/**
 * DescribeLogDirs (35): the log directories, and how much of them each partition takes (KIP-113).
 *
 * <pre>
 *   v1  the lowest served
 *   v2  flexible
 *   v3  an error for the whole reply
 *   v4  size and free space of the volume (KIP-827)
 *   v5  whether the directory is cordoned (KIP-1066), which none ever is here
 * </pre>
 * Partitions that are not here are left out, as in Apache Kafka.
 */
final class DescribeLogDirs {
    private static final long UNKNOWN = -1;

    private final Services services;

    DescribeLogDirs(Services services) {
        this.services = services;
    }

    void serve(Request request, Reader in, Writer out) {
        var asked = ByTopic.nullableIndexes(in);
        in.tags();
        var logs = logs(asked);
        out.int32(0);
        if (out.since(3)) {
            out.error(ErrorCode.NONE);
        }
        out.structs(services.logs().directories(), (each, directory) -> write(each, directory, logs)).tags();
    }

    /** The logs of the partitions asked for; null asks for all. */
    private List<PartitionLog> logs(List<ByTopic<Integer>> asked) {
        Set<TopicPartition> partitions = new HashSet<>();
        if (asked != null) {
            asked.forEach(each -> each.items().forEach(index ->
                    partitions.add(new TopicPartition(each.topic().name(), index))));
        }
        var topics = services.catalog().image().topics();
        return services.logs().all().stream()
                .filter(log -> asked == null || partitions.contains(log.partition()))
                .filter(log -> topics.containsKey(log.partition().topic())).toList();
    }

    private static void write(Writer out, LogDirectory directory, List<PartitionLog> logs) {
        var topics = new TreeMap<String, List<PartitionLog>>();
        for (var log : logs) {
            if (!directory.failed() && directory.path().equals(log.directory().getParent())) {
                topics.computeIfAbsent(log.partition().topic(), topic -> new ArrayList<>()).add(log);
            }
        }
        out.error(directory.failed() ? ErrorCode.KAFKA_STORAGE_ERROR : ErrorCode.NONE);
        out.string(directory.path().toAbsolutePath().toString());
        out.structs(topics.entrySet(), (each, topic) ->
                each.string(topic.getKey()).structs(topic.getValue(), DescribeLogDirs::write));
        if (out.since(4)) {
            out.int64(directory.failed() ? UNKNOWN : directory.totalBytes());
            out.int64(directory.failed() ? UNKNOWN : directory.usableBytes());
        }
        if (out.since(5)) {
            out.bool(false);
        }
    }

    /** A log lags behind nothing, its high watermark being never past its end, and is moved nowhere. */
    private static void write(Writer out, PartitionLog log) {
        out.int32(log.partition().partition()).int64(log.sizeBytes()).int64(0).bool(false);
    }
}
