package daybook.txn;

import daybook.coordinator.Format;
import daybook.log.TopicPartition;
import daybook.record.BatchBuilder.Entry;
import daybook.wire.MalformedException;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * A record of {@code __transaction_state}, of which the newest of each transactional id holds
 * (transaction-records/*.json).
 *
 * <pre>
 *   key     int16 type, 0 | transactional id, never flexible
 *   value   int16 version | fields; null, and the transactional id is gone
 * </pre>
 * Versions 0 and 1 of a value are read, and 1 is written: Apache Kafka reads it whatever the level of
 * {@code transaction.version}, although it writes version 0 itself as long as the level is 0.
 *
 * @param transaction what holds for the transactional id, or null where it is gone
 */
public record TransactionRecord(String transactionalId, Transaction transaction) {
    private static final int TYPE = 0;
    /** The newest version of a value, and the first with tagged fields. */
    private static final int NEWEST = 1;

    /** The numbers of the tagged fields. */
    private static final int PREVIOUS_PRODUCER_ID = 0;
    private static final int NEXT_PRODUCER_ID = 1;
    private static final int CLIENT_VERSION = 2;

    /** Keys of other types than a transactional id's are passed over, as Apache Kafka passes over them. */
    public static final Format<TransactionRecord> FORMAT = new Format<>() {
        @Override
        public Entry encode(TransactionRecord record) {
            var key = new Writer(0, false).int16(TYPE).string(record.transactionalId).toBuffer();
            return new Entry(key, record.transaction == null ? null : encodeValue(record.transaction));
        }

        @Override
        public TransactionRecord decode(ByteBuffer key, ByteBuffer value) {
            var in = Reader.boundedByBytes(key.duplicate(), 0, false);
            return in.int16() != TYPE ? null
                    : new TransactionRecord(in.string(), value == null ? null : decodeValue(value));
        }
    };

    private static Transaction decodeValue(ByteBuffer bytes) {
        int version = Reader.boundedByBytes(bytes.duplicate(), 0, false).int16();
        if (version < 0 || version > NEWEST) {
            throw new MalformedException("Version " + version + " of a transaction's state where "
                    + NEWEST + " is the newest known");
        }
        var rest = bytes.slice(bytes.position() + Short.BYTES, bytes.remaining() - Short.BYTES);
        return read(Reader.boundedByBytes(rest, version, version >= 1));
    }

    private static Transaction read(Reader in) {
        long producerId = in.int64();
        int producerEpoch = in.int16();
        int timeoutMs = in.int32();
        var status = TransactionStatus.of(in.int8());
        var partitions = partitions(in);
        long lastUpdateMs = in.int64();
        long startMs = in.int64();
        long[] tagged = {Transaction.NO_ID, Transaction.NO_ID, 0};
        in.tags(tag -> {
            if (tag >= 0 && tag < tagged.length) {
                tagged[tag] = tag == CLIENT_VERSION ? in.int16() : in.int64();
            }
        });
        return new Transaction(producerId, tagged[PREVIOUS_PRODUCER_ID], tagged[NEXT_PRODUCER_ID],
                producerEpoch, timeoutMs, status, partitions, lastUpdateMs, startMs,
                (int) tagged[CLIENT_VERSION]);
    }

    /** Sorted, whatever their order in the record. */
    private static SortedSet<TopicPartition> partitions(Reader in) {
        var partitions = new TreeSet<TopicPartition>();
        in.nullableStructs(each -> {
            var topic = each.string();
            each.array(Reader::int32).forEach(one -> partitions.add(new TopicPartition(topic, one)));
            return topic;
        });
        return Collections.unmodifiableSortedSet(partitions);
    }

    private static ByteBuffer encodeValue(Transaction value) {
        var out = new Writer(NEWEST, true).int16(NEWEST);
        out.int64(value.producerId()).int16(value.producerEpoch()).int32(value.timeoutMs());
        out.int8(value.status().ordinal());
        // Null exactly for an empty one: Apache Kafka takes the list of any other for given.
        out.structs(value.status() == TransactionStatus.EMPTY ? null : value.byTopic().entrySet(),
                (each, topic) -> each.string(topic.getKey()).int32s(topic.getValue()));
        return out.int64(value.lastUpdateMs()).int64(value.startMs()).tags(tags(value)).toBuffer();
    }

    private static Writer.Tagged[] tags(Transaction value) {
        var fields = new ArrayList<Writer.Tagged>();
        if (value.previousProducerId() != Transaction.NO_ID) {
            fields.add(new Writer.Tagged(PREVIOUS_PRODUCER_ID, out -> out.int64(value.previousProducerId())));
        }
        if (value.nextProducerId() != Transaction.NO_ID) {
            fields.add(new Writer.Tagged(NEXT_PRODUCER_ID, out -> out.int64(value.nextProducerId())));
        }
        if (value.clientVersion() != 0) {
            fields.add(new Writer.Tagged(CLIENT_VERSION, out -> out.int16(value.clientVersion())));
        }
        return fields.toArray(Writer.Tagged[]::new);
    }
}
