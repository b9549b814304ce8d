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
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
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
 * @param value what holds for the transactional id, or null where it is gone
 */
public record TransactionRecord(String transactionalId, Value value) {
    /** In place of a producer id: there is none. */
    public static final long NO_PRODUCER_ID = -1;
    /** In place of a producer epoch: there is none. */
    public static final short NO_PRODUCER_EPOCH = -1;

    private static final int TYPE = 0;
    /** The newest version of a value, and the first with tagged fields. */
    private static final int NEWEST = 1;

    private static final int PREVIOUS_PRODUCER_ID = 0;
    private static final int NEXT_PRODUCER_ID = 1;
    private static final int CLIENT_VERSION = 2;
    private static final int NEXT_PRODUCER_EPOCH = 3;

    /** Keys of other types than a transactional id's are passed over, as Apache Kafka passes over them. */
    public static final Format<TransactionRecord> FORMAT = new Format<>() {
        @Override
        public Entry encode(TransactionRecord record) {
            var key = new Writer(0, false).int16(TYPE).string(record.transactionalId).toBuffer();
            return new Entry(key, record.value == null ? null : record.value.encode());
        }

        @Override
        public TransactionRecord decode(ByteBuffer key, ByteBuffer value) {
            var in = Reader.ofDisk(key.duplicate(), 0, false);
            return in.int16() != TYPE ? null
                    : new TransactionRecord(in.string(), value == null ? null : Value.decode(value));
        }
    };

    /**
     * The state of a transactional id.
     *
     * @param previousProducerId the one that committed last, where the epochs of a producer id ran out; else
     *     {@link #NO_PRODUCER_ID}
     * @param nextProducerId that the client was told already while a transaction of {@code producerId} ends,
     *     or {@link #NO_PRODUCER_ID}
     * @param nextProducerEpoch the epoch of that one, or {@link #NO_PRODUCER_EPOCH}
     * @param timeoutMs how long a transaction may last
     * @param partitions in the order of topics and numbers, and nobody changes them
     * @param startMs when the transaction began, or -1
     * @param clientVersion the {@code transaction.version} that the client keeps to
     */
    public record Value(long producerId, long previousProducerId, long nextProducerId, short producerEpoch,
            short nextProducerEpoch, int timeoutMs, TransactionStatus status, Set<TopicPartition> partitions,
            long lastUpdateMs, long startMs, int clientVersion) {
        private static final Comparator<TopicPartition> ORDER =
                Comparator.comparing(TopicPartition::topic).thenComparingInt(TopicPartition::partition);

        public Value {
            var sorted = new TreeSet<>(ORDER);
            sorted.addAll(partitions);
            partitions = Collections.unmodifiableSet(sorted);
        }

        private static Value decode(ByteBuffer bytes) {
            int version = Reader.ofDisk(bytes.duplicate(), 0, false).int16();
            if (version < 0 || version > NEWEST) {
                throw new MalformedException("Version " + version + " of a transaction's state where "
                        + NEWEST + " is the newest known");
            }
            var rest = bytes.slice(bytes.position() + Short.BYTES, bytes.remaining() - Short.BYTES);
            return read(Reader.ofDisk(rest, version, version >= 1));
        }

        private static Value read(Reader in) {
            long producerId = in.int64();
            short producerEpoch = in.int16();
            int timeoutMs = in.int32();
            var status = TransactionStatus.of(in.int8());
            var partitions = partitions(in);
            long lastUpdateMs = in.int64();
            long startMs = in.int64();
            var tags = new Tags();
            in.tags(tag -> tags.read(tag, in));
            return new Value(producerId, tags.previousProducerId, tags.nextProducerId, producerEpoch,
                    tags.nextProducerEpoch, timeoutMs, status, partitions, lastUpdateMs, startMs,
                    tags.clientVersion);
        }

        private static Set<TopicPartition> partitions(Reader in) {
            var partitions = new TreeSet<>(ORDER);
            var topics = in.nullableStructs(each -> {
                var topic = each.string();
                each.array(Reader::int32).forEach(one -> partitions.add(new TopicPartition(topic, one)));
                return topic;
            });
            return topics == null ? Set.of() : partitions;
        }

        private ByteBuffer encode() {
            var out = new Writer(NEWEST, true).int16(NEWEST);
            out.int64(producerId).int16(producerEpoch).int32(timeoutMs).int8(status.number());
            // Null exactly for an empty one: Apache Kafka takes the list of any other for given.
            out.structs(status == TransactionStatus.EMPTY ? null : byTopic().entrySet(), (each, topic) ->
                    each.string(topic.getKey()).int32s(topic.getValue()));
            out.int64(lastUpdateMs).int64(startMs);
            return out.tags(tags()).toBuffer();
        }

        private LinkedHashMap<String, List<Integer>> byTopic() {
            var topics = new LinkedHashMap<String, List<Integer>>();
            for (var each : partitions) {
                topics.computeIfAbsent(each.topic(), topic -> new ArrayList<>()).add(each.partition());
            }
            return topics;
        }

        private Writer.Tagged[] tags() {
            var fields = new ArrayList<Writer.Tagged>(4);
            if (previousProducerId != NO_PRODUCER_ID) {
                fields.add(new Writer.Tagged(PREVIOUS_PRODUCER_ID, out -> out.int64(previousProducerId)));
            }
            if (nextProducerId != NO_PRODUCER_ID) {
                fields.add(new Writer.Tagged(NEXT_PRODUCER_ID, out -> out.int64(nextProducerId)));
            }
            if (clientVersion != 0) {
                fields.add(new Writer.Tagged(CLIENT_VERSION, out -> out.int16(clientVersion)));
            }
            if (nextProducerEpoch != NO_PRODUCER_EPOCH) {
                fields.add(new Writer.Tagged(NEXT_PRODUCER_EPOCH, out -> out.int16(nextProducerEpoch)));
            }
            return fields.toArray(Writer.Tagged[]::new);
        }
    }

    /** The tagged fields of a value, as they are where they are absent. */
    private static final class Tags {
        private long previousProducerId = NO_PRODUCER_ID;
        private long nextProducerId = NO_PRODUCER_ID;
        private int clientVersion;
        private short nextProducerEpoch = NO_PRODUCER_EPOCH;

        private void read(int tag, Reader in) {
            switch (tag) {
                case PREVIOUS_PRODUCER_ID -> previousProducerId = in.int64();
                case NEXT_PRODUCER_ID -> nextProducerId = in.int64();
                case CLIENT_VERSION -> clientVersion = in.int16();
                case NEXT_PRODUCER_EPOCH -> nextProducerEpoch = in.int16();
                default -> { }
            }
        }
    }
}
