package daybook.api;

import daybook.log.Deleted;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

/**
 * DeleteRecords (21): moves the start of a log (KIP-107). There are no followers to wait for, so the timeout
 * bounds nothing.
 *
 * <pre>
 *   v0  the lowest served
 *   v2  flexible
 * </pre>
 */
record DeleteRecords(Services services) {
    /** The new start; -1 stands for the high watermark. */
    private record Cut(int partition, long offset) { }

    void serve(Request request, Reader in, Writer out) {
        var asked = ByTopic.read(in, ByTopic.NO_IDS, each -> new Cut(each.int32(), each.int64()));
        in.int32();
        in.tags();
        var topics = ByTopic.distinct(asked, Cut::partition, (first, last) -> last);
        ByTopic.write(out.int32(0), topics, ByTopic.NO_IDS, this::cut).tags();
    }

    private void cut(Writer out, TopicRef topic, Cut cut) {
        out.int32(cut.partition);
        switch (services.partitions().find(topic.name(), cut.partition)) {
            case Partitions.Missing missing -> out.int64(-1).error(missing.error());
            case Partitions.Led led -> {
                switch (led.log().deleteRecordsBefore(cut.offset)) {
                    case Deleted.Done done -> out.int64(done.startOffset()).error(ErrorCode.NONE);
                    case Deleted.OnlyCompacted none -> out.int64(-1).error(ErrorCode.POLICY_VIOLATION);
                    case Deleted.OutOfRange none -> out.int64(-1).error(ErrorCode.OFFSET_OUT_OF_RANGE);
                    case Deleted.Failed none -> out.int64(-1).error(ErrorCode.KAFKA_STORAGE_ERROR);
                }
            }
        }
    }
}
