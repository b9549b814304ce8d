package daybook.api;

import daybook.log.PartitionLog.Deleted;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * DeleteRecords (21): moves the start of a log (KIP-107). There are no followers to wait for, so the timeout
 * bounds nothing.
 *
 * <pre>
 *   v0  the lowest served
 *   v2  flexible
 * </pre>
 */
final class DeleteRecords {
    /** The new start; -1 stands for the high watermark. */
    private record Cut(int partition, long offset) {
        static Cut read(Reader in) {
            return new Cut(in.int32(), in.int64());
        }
    }

    private final Partitions partitions;

    DeleteRecords(Services services) {
        this.partitions = new Partitions(services);
    }

    void serve(Request request, Reader in, Writer out) {
        var topics = new LinkedHashMap<String, Map<Integer, Long>>();
        for (var asked : ByTopic.read(in, ByTopic.NO_IDS, Cut::read)) {
            var offsets = topics.computeIfAbsent(asked.topic().name(), name -> new LinkedHashMap<>());
            asked.items().forEach(cut -> offsets.put(cut.partition, cut.offset));
        }
        in.int32();
        in.tags();
        out.int32(0);
        out.structs(topics.entrySet(), (each, topic) -> {
            var name = topic.getKey();
            each.string(name).structs(topic.getValue().entrySet(), (place, cut) ->
                    cut(place, name, cut.getKey(), cut.getValue()));
        }).tags();
    }

    private void cut(Writer out, String topic, int partition, long offset) {
        out.int32(partition);
        switch (partitions.find(topic, partition)) {
            case Partitions.Missing missing -> out.int64(-1).error(missing.error());
            case Partitions.Led led -> {
                switch (led.log().deleteRecordsBefore(offset)) {
                    case Deleted.Done done -> out.int64(done.startOffset()).error(ErrorCode.NONE);
                    case Deleted.OutOfRange none -> out.int64(-1).error(ErrorCode.OFFSET_OUT_OF_RANGE);
                    case Deleted.Failed none -> out.int64(-1).error(ErrorCode.KAFKA_STORAGE_ERROR);
                }
            }
        }
    }
}
