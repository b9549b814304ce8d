package daybook.api;

import daybook.log.Logs.LogDirectory;
import daybook.log.PartitionLog;
import daybook.log.TopicPartition;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.HashSet;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;

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
record DescribeLogDirs(Services services) {
    private static final long UNKNOWN = -1;

    void serve(Request request, Reader in, Writer out) {
        var asked = ByTopic.nullableIndexes(in, ByTopic.NO_IDS);
        in.tags();
        var logs = logs(asked);
        out.int32(0).since(3, more -> more.error(ErrorCode.NONE));
        out.structs(services.logs().directories(), (each, directory) -> write(each, directory, logs)).tags();
    }

    /** The logs of the partitions asked for; null asks for all. */
    private List<PartitionLog> logs(List<ByTopic<Integer>> asked) {
        var partitions = new HashSet<TopicPartition>();
        if (asked != null) {
            ByTopic.each(asked, (topic, index) -> partitions.add(new TopicPartition(topic.name(), index)));
        }
        var topics = services.catalog().image().topics();
        return services.logs().all().stream()
                .filter(log -> asked == null || partitions.contains(log.partition()))
                .filter(log -> topics.containsKey(log.partition().topic())).toList();
    }

    private static void write(Writer out, LogDirectory directory, List<PartitionLog> logs) {
        var topics = logs.stream()
                .filter(log -> !directory.failed() && directory.path().equals(log.directory().getParent()))
                .collect(Collectors.groupingBy(log -> log.partition().topic(), TreeMap::new,
                        Collectors.toList()));
        out.error(directory.failed() ? ErrorCode.KAFKA_STORAGE_ERROR : ErrorCode.NONE);
        out.string(directory.path().toAbsolutePath().toString());
        out.structs(topics.entrySet(), (each, topic) ->
                each.string(topic.getKey()).structs(topic.getValue(), DescribeLogDirs::write));
        long totalBytes = directory.failed() ? UNKNOWN : directory.totalBytes();
        long usableBytes = directory.failed() ? UNKNOWN : directory.usableBytes();
        out.since(4, more -> more.int64(totalBytes).int64(usableBytes));
        out.since(5, more -> more.bool(false));
    }

    /** A log lags behind nothing, its high watermark being never past its end, and is moved nowhere. */
    private static void write(Writer out, PartitionLog log) {
        out.int32(log.partition().partition()).int64(log.sizeBytes()).int64(0).bool(false);
    }
}
