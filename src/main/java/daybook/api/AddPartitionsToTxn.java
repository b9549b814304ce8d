package daybook.api;

import daybook.log.TopicPartition;
import daybook.txn.Identity;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * AddPartitionsToTxn (24): the partitions to which a producer is about to write in its transaction.
 *
 * <pre>
 *   v0-3  from clients: one transaction
 *   v2    PRODUCER_FENCED may be answered (KIP-588)
 *   v3    flexible
 *   v4    from brokers: many transactions; may ask whether the partitions were added (KIP-890)
 *   v5    TRANSACTION_ABORTABLE may be answered (KIP-890)
 * </pre>
 * All partitions of a transaction are added, or none. Producers of version 2 of the protocol do without:
 * their partitions are added by Produce.
 */
record AddPartitionsToTxn(Services services) {
    private static final int MANY_FROM = 4;
    private static final int FENCED_FROM = 2;
    private static final int PROTOCOL = 0;
    private static final Runnable NOTHING = () -> { };

    private record Query(String id, Identity producer, boolean verifyOnly, List<ByTopic<Integer>> topics) {
        static Query read(Reader in) {
            return new Query(in.string(), Identity.of(in.int64(), in.int16()),
                    in.since(MANY_FROM) && in.bool(), ByTopic.indexes(in, ByTopic.NO_IDS));
        }

        List<TopicPartition> partitions() {
            var partitions = new ArrayList<TopicPartition>();
            ByTopic.each(topics, (topic, index) -> partitions.add(new TopicPartition(topic.name(), index)));
            return partitions;
        }
    }

    void serve(Request request, Reader in, Writer out) {
        out.int32(0);
        if (in.since(MANY_FROM)) {
            var queries = in.structs(Query::read);
            in.tags();
            out.error(ErrorCode.NONE).structs(queries, (each, query) ->
                    write(each.string(query.id), query, errors(query, in.version())));
        } else {
            var query = Query.read(in);
            in.tags();
            write(out, query, errors(query, in.version()));
        }
        out.tags();
    }

    private Function<TopicPartition, ErrorCode> errors(Query query, int version) {
        var partitions = query.partitions();
        var unfit = partitions.stream().filter(each -> error(each) != ErrorCode.NONE).findFirst();
        if (unfit.isPresent()) {
            return partition -> error(partition) != ErrorCode.NONE ? error(partition)
                    : ErrorCode.OPERATION_NOT_ATTEMPTED;
        }
        if (query.id.isEmpty()) {
            return partition -> ErrorCode.INVALID_REQUEST;
        }
        if (query.verifyOnly) {
            Map<TopicPartition, ErrorCode> verified = services.transactions()
                    .verify(query.id, query.producer, partitions, NOTHING);
            return verified::get;
        }
        var error = services.transactions().add(query.id, query.producer, partitions, PROTOCOL, NOTHING);
        var told = error == ErrorCode.PRODUCER_FENCED && version < FENCED_FROM
                ? ErrorCode.INVALID_PRODUCER_EPOCH : error;
        return partition -> told;
    }

    /** Why a transaction cannot hold the partition, or NONE. */
    private ErrorCode error(TopicPartition partition) {
        if (InternalTopics.contains(partition.topic())) {
            return ErrorCode.TOPIC_AUTHORIZATION_FAILED;
        }
        var image = services.catalog().image();
        var topic = image.topic(partition.topic());
        boolean known = topic != null && image.partition(topic, partition.partition()) != null;
        return known ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    }

    private static void write(Writer out, Query query, Function<TopicPartition, ErrorCode> errors) {
        ByTopic.write(out, query.topics, ByTopic.NO_IDS, (each, topic, index) ->
                each.int32(index).error(errors.apply(new TopicPartition(topic.name(), index))));
    }
}
