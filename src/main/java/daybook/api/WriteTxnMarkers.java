package daybook.api;

import daybook.group.Groups;
import daybook.log.Appended;
import daybook.log.PartitionLog;
import daybook.record.TransactionMarker;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * WriteTxnMarkers (27): ends transactions in partitions, whatever their coordinator knows of them. A
 * coordinator of another broker asks for it, and who aborts a transaction that was left hanging (KIP-664).
 *
 * <pre>
 *   v1  the lowest served; flexible
 *   v2  transaction version, by which a marker that comes again is told from a new one (KIP-1228)
 * </pre>
 * All markers are appended before the first is waited for, so that each force takes as many along as it can.
 * Of a producer that is named twice there is one answer, as Apache Kafka has it; Apache Kafka itself never
 * answers where a producer's partitions are some known and some not, or one is named twice.
 */
record WriteTxnMarkers(Services services) {
    private record Ending(long producerId, short producerEpoch, boolean commit, List<ByTopic<Integer>> topics,
            int coordinatorEpoch, int transactionVersion) {
        static Ending read(Reader in) {
            return new Ending(in.int64(), in.int16(), in.bool(), ByTopic.indexes(in, ByTopic.NO_IDS),
                    in.int32(), in.since(2) ? in.int8() : 0);
        }

        /** Each partition once. */
        List<ByTopic<Integer>> partitions() {
            return ByTopic.distinct(topics, index -> index, (index, again) -> index);
        }

        boolean invalid() {
            return producerId < 0 || producerEpoch < 0 || transactionVersion < 0;
        }

        TransactionMarker marker() {
            return new TransactionMarker(commit, coordinatorEpoch);
        }
    }

    void serve(Request request, Reader in, Writer out) {
        var endings = in.structs(Ending::read);
        in.tags();
        // By producer id, topic and partition; each waits until the marker is on the disk.
        var answers = new LinkedHashMap<Long, Map<String, Map<Integer, Supplier<ErrorCode>>>>();
        for (var ending : endings) {
            services.log().warn("markers", "A client ended the transaction of producer " + ending.producerId
                    + ", epoch " + ending.producerEpoch + ", by hand, in partitions that it named");
            ByTopic.each(ending.partitions(), (topic, index) -> answers
                    .computeIfAbsent(ending.producerId, none -> new LinkedHashMap<>())
                    .computeIfAbsent(topic.name(), none -> new LinkedHashMap<>())
                    .put(index, append(ending, topic.name(), index)));
        }
        out.structs(answers.entrySet(), (each, producer) -> each.int64(producer.getKey())
                .structs(producer.getValue().entrySet(), WriteTxnMarkers::write)).tags();
    }

    private static void write(Writer out, Map.Entry<String, Map<Integer, Supplier<ErrorCode>>> topic) {
        out.string(topic.getKey()).structs(topic.getValue().entrySet(), (each, partition) ->
                each.int32(partition.getKey()).error(partition.getValue().get()));
    }

    private Supplier<ErrorCode> append(Ending ending, String topic, int partition) {
        if (ending.invalid()) {
            return () -> ErrorCode.UNKNOWN_SERVER_ERROR;
        }
        return switch (services.partitions().find(topic, partition)) {
            case Partitions.Missing missing -> missing::error;
            case Partitions.Led led when topic.equals(Groups.TOPIC) -> endOffsets(ending, partition);
            case Partitions.Led led -> append(ending, led.log());
        };
    }

    private static Supplier<ErrorCode> append(Ending ending, PartitionLog log) {
        return switch (log.appendMarker(ending.producerId, ending.producerEpoch, ending.marker(),
                ending.transactionVersion)) {
            case Appended.Refused refused -> refused::error;
            case Appended.Done done -> {
                log.requestForce(done.nextOffset());
                yield () -> log.awaitForced(done.nextOffset()) ? ErrorCode.NONE
                        : ErrorCode.KAFKA_STORAGE_ERROR;
            }
        };
    }

    /**
     * Offsets that were committed in a transaction wait for its marker in the memory of their coordinator.
     */
    private Supplier<ErrorCode> endOffsets(Ending ending, int partition) {
        var reply = services.groups().end(partition, ending.producerId, ending.producerEpoch, ending.marker(),
                ending.transactionVersion);
        return () -> switch (reply.await()) {
            // A coordinator of transactions knows of leaders only, and asks again.
            case COORDINATOR_NOT_AVAILABLE, COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR ->
                    ErrorCode.NOT_LEADER_OR_FOLLOWER;
            case ErrorCode error -> error;
        };
    }
}
