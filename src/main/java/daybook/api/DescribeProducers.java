package daybook.api;

import daybook.catalog.TopicNames;
import daybook.log.ProducerStates.View;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.List;

/**
 * DescribeProducers (61): what partitions remember of the producers that write to them (KIP-664).
 *
 * <pre>
 *   v0   flexible
 * </pre>
 */
record DescribeProducers(Services services) {
    void serve(Request request, Reader in, Writer out) {
        var topics = ByTopic.distinct(ByTopic.indexes(in, ByTopic.NO_IDS));
        in.tags();
        ByTopic.write(out.int32(0), topics, ByTopic.NO_IDS,
                (each, topic, index) -> answer(each.int32(index), topic.name(), index)).tags();
    }

    private void answer(Writer out, String topic, int index) {
        var invalid = TopicNames.error(topic);
        if (invalid != null) {
            write(out, ErrorCode.INVALID_TOPIC_EXCEPTION, invalid, List.of());
            return;
        }
        switch (services.partitions().find(topic, index)) {
            case Partitions.Missing missing -> write(out, missing.error(), message(topic), List.of());
            case Partitions.Led led -> write(out, ErrorCode.NONE, null, led.log().producers());
        }
    }

    private String message(String topic) {
        boolean known = services.catalog().image().topic(topic) != null;
        return known ? null : "This server does not host this topic-partition.";
    }

    private static void write(Writer out, ErrorCode error, String message, List<View> producers) {
        out.error(error).string(message).structs(producers, (each, producer) -> each
                .int64(producer.producerId()).int32(producer.producerEpoch()).int32(producer.lastSequence())
                .int64(producer.lastTimestampMs()).int32(producer.coordinatorEpoch())
                .int64(producer.currentTransactionStartOffset()));
    }
}
