package daybook.api;

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
            services.log().warn("markers", "A client ends the transaction of producer " + ending.producerId
                    + ", epoch " + ending.producerEpoch + " by hand, in partitions that it names");
            ByTopic.each(ByTopic.distinct(ending.topics), (topic, index) -> answers
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
            case Partitions.Led led -> {
                var answer = services.transactions().mark(led.log(), ending.producerId,
                        ending.producerEpoch, ending.marker(), ending.transactionVersion);
                yield () -> told(answer.get());
            }
        };
    }

    /** A coordinator of transactions knows of leaders only, and asks again. */
    private static ErrorCode told(ErrorCode error) {
        return switch (error) {
            case COORDINATOR_NOT_AVAILABLE, COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR ->
                    ErrorCode.NOT_LEADER_OR_FOLLOWER;
            default -> error;
        };
    }
}
