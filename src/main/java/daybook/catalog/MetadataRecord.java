package daybook.catalog;

import daybook.catalog.BrokerRegistration.Endpoint;
import daybook.catalog.MetadataRecord.KeptRecord.Kind;
import daybook.record.BatchBuilder.Entry;
import daybook.wire.MalformedException;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A record of the metadata log. Daybook reads all versions of a record and writes the highest. A record holds
 * what Daybook has a use for: its other fields are passed over when it is read, and have their defaults when
 * it is written. What reads and what writes the plain fields stands side by side in {@link #TYPES}; the
 * tagged ones after them are read one by one by {@link #with}, and written as {@link #tagged} names them.
 */
public sealed interface MetadataRecord {
    /**
     * A type of record.
     *
     * @param version the highest
     * @param read reads the plain fields of any version
     * @param write writes those of the highest; of what Daybook never writes, nothing
     */
    record Type<T extends MetadataRecord>(int key, int version, Class<T> record, Function<Reader, T> read,
            BiConsumer<Writer, T> write) {
        Type(int key, Class<T> record, Function<Reader, T> read) {
            this(key, 0, record, read, (out, none) -> { });
        }

        private ByteBuffer value(MetadataRecord of) {
            var out = new Writer(version, true);
            out.unsignedVarint(FRAME_VERSION).unsignedVarint(key).unsignedVarint(version);
            write.accept(out, record.cast(of));
            return out.tags(of.tagged().filter(Objects::nonNull).toArray(Writer.Tagged[]::new)).toBuffer();
        }
    }

    /** The types that Daybook knows. */
    List<Type<?>> TYPES = List.of(
            new Type<>(0, 4, RegisterBrokerRecord.class, RegisterBrokerRecord::read,
                    (out, registered) -> registered.write(out)),
            new Type<>(2, 0, TopicRecord.class, in -> new TopicRecord(in.string(), in.uuid()),
                    (out, topic) -> out.string(topic.name).uuid(topic.topicId)),
            new Type<>(3, 2, PartitionRecord.class, PartitionRecord::read,
                    (out, made) -> made.write(out)),
            new Type<>(4, 0, ConfigRecord.class,
                    in -> new ConfigRecord(in.int8(), in.string(), in.string(), in.nullableString()),
                    (out, config) -> out.int8(config.resourceType).string(config.resourceName)
                            .string(config.name).string(config.value)),
            new Type<>(5, 2, PartitionChangeRecord.class,
                    in -> new PartitionChangeRecord(in.int32(), in.uuid(), null, null, null, null),
                    (out, change) -> out.int32(change.partitionId).uuid(change.topicId)),
            new Type<>(9, 0, RemoveTopicRecord.class, in -> new RemoveTopicRecord(in.uuid()),
                    (out, removed) -> out.uuid(removed.topicId)),
            new Type<>(12, 0, FeatureLevelRecord.class,
                    in -> new FeatureLevelRecord(in.string(), in.int16()),
                    (out, feature) -> out.string(feature.name).int16(feature.level)),
            new Type<>(15, 0, ProducerIdsRecord.class,
                    in -> new ProducerIdsRecord(in.int32(), in.int64(), in.int64()),
                    (out, ids) -> out.int32(ids.brokerId).int64(ids.brokerEpoch).int64(ids.nextProducerId)),
            new Type<>(17, 3, BrokerRegistrationChangeRecord.class,
                    in -> new BrokerRegistrationChangeRecord(in.int32(), in.int64()),
                    (out, change) -> out.int32(change.brokerId).int64(change.brokerEpoch)),
            new Type<>(1, UnregisterBrokerRecord.class, in -> new UnregisterBrokerRecord(in.int32())),
            new Type<>(18, KeptRecord.class, in -> KeptRecord.set(Kind.ACCESS_CONTROL_ENTRIES, in.uuid())),
            new Type<>(19, KeptRecord.class,
                    in -> KeptRecord.removed(Kind.ACCESS_CONTROL_ENTRIES, in.uuid())),
            new Type<>(11, KeptRecord.class,
                    in -> KeptRecord.set(Kind.SCRAM_CREDENTIALS, in.string(), in.int8())),
            new Type<>(22, KeptRecord.class,
                    in -> KeptRecord.removed(Kind.SCRAM_CREDENTIALS, in.string(), in.int8())),
            new Type<>(10, KeptRecord.class, KeptRecord::token),
            new Type<>(26, KeptRecord.class, in -> KeptRecord.removed(Kind.DELEGATION_TOKENS, in.string())),
            new Type<>(14, KeptRecord.class, KeptRecord::quota),
            new Type<>(23, BeginTransactionRecord.class, in -> new BeginTransactionRecord()),
            new Type<>(24, EndTransactionRecord.class, in -> new EndTransactionRecord()),
            new Type<>(25, AbortTransactionRecord.class, in -> new AbortTransactionRecord()),
            // NoOpRecord, written by Apache Kafka twice a second.
            new Type<>(20, UnusedRecord.class, in -> new UnusedRecord()),
            // RegisterControllerRecord: where Kafka's controller is, which writes it at each start.
            new Type<>(27, UnusedRecord.class, in -> new UnusedRecord()),
            // What the record of a changed partition or a new registration says as well: FenceBrokerRecord,
            // UnfenceBrokerRecord, ClearElrRecord.
            new Type<>(7, UnusedRecord.class, in -> new UnusedRecord()),
            new Type<>(8, UnusedRecord.class, in -> new UnusedRecord()),
            new Type<>(28, UnusedRecord.class, in -> new UnusedRecord()),
            // ZkMigrationStateRecord, which clusters that are older than KRaft have.
            new Type<>(21, UnusedRecord.class, in -> new UnusedRecord()));

    /** Version of the frame around each record. */
    int FRAME_VERSION = 1;

    /** The tagged fields to write; null stands for one that is not. */
    default Stream<Writer.Tagged> tagged() {
        return Stream.of();
    }

    /** This record with the field of a tag, read from {@code in}; what has no use is passed over. */
    default MetadataRecord with(int tag, Reader in) {
        return this;
    }

    /**
     * Reads the value of a record of the log.
     *
     * @throws MalformedException if the bytes are not such a record, or its type or version is not known here
     */
    static MetadataRecord read(ByteBuffer value) {
        if (value == null) {
            throw new MalformedException("A record without a value");
        }
        var frame = new Reader(value.duplicate(), 0, true);
        int frameVersion = frame.unsignedVarint();
        int key = frame.unsignedVarint();
        int version = frame.unsignedVarint();
        for (var type : TYPES) {
            if (frameVersion == FRAME_VERSION && type.key == key && version >= 0 && version <= type.version) {
                var in = new Reader(frame.view(frame.remaining()), version, true);
                var record = type.read.apply(in);
                return switch (record) {
                    case UnusedRecord unused -> unused;
                    case KeptRecord kept -> kept.whole(value);
                    default -> withTags(record, in);
                };
            }
        }
        throw new MalformedException("This version of Daybook does not know the record of type " + key
                + " version " + version + " in a frame of version " + frameVersion);
    }

    private static MetadataRecord withTags(MetadataRecord plain, Reader in) {
        var record = new MetadataRecord[] { plain };
        in.tags(tag -> record[0] = record[0].with(tag, in));
        return record[0];
    }

    /** The value of a record of the log. */
    default ByteBuffer toValue() {
        for (var type : TYPES) {
            if (type.record == getClass()) {
                return type.value(this);
            }
        }
        throw new IllegalStateException("No type for " + getClass());
    }

    /** What a batch of the log holds for these records. */
    static List<Entry> entries(List<MetadataRecord> records) {
        return records.stream().map(record -> new Entry(null, record.toValue())).toList();
    }

    /** A tagged field; null where it has no value. */
    private static <T> Writer.Tagged field(int tag, T value, BiConsumer<Writer, T> write) {
        return value == null ? null : new Writer.Tagged(tag, out -> write.accept(out, value));
    }

    /** A feature of a broker or controller, and the levels of it that it can work with. */
    record FeatureRange(String name, int least, int most) {
        static FeatureRange read(Reader in) {
            return new FeatureRange(in.string(), in.int16(), in.int16());
        }

        static void write(Writer out, FeatureRange range) {
            out.string(range.name).int16(range.least).int16(range.most);
        }
    }

    /** A broker has started, fenced until it is told otherwise; its epoch is the offset of this record. */
    record RegisterBrokerRecord(BrokerRegistration broker) implements MetadataRecord {
        static RegisterBrokerRecord read(Reader in) {
            int nodeId = in.int32();
            boolean migrating = in.since(2) && in.bool();
            var incarnation = in.uuid();
            long epoch = in.int64();
            var endpoints = in.structs(Endpoint::read);
            in.structs(FeatureRange::read);
            var rack = in.nullableString();
            boolean fenced = in.bool();
            boolean shutdown = in.since(1) && in.bool();
            return new RegisterBrokerRecord(new BrokerRegistration(nodeId, epoch, incarnation, endpoints,
                    rack, List.of()));
        }

        @Override
        public MetadataRecord with(int tag, Reader in) {
            return tag != 0 ? this : new RegisterBrokerRecord(new BrokerRegistration(broker.nodeId(),
                    broker.epoch(), broker.incarnation(), broker.endpoints(), broker.rack(),
                    in.array(Reader::uuid)));
        }

        void write(Writer out) {
            out.int32(broker.nodeId()).bool(false).uuid(broker.incarnation()).int64(broker.epoch())
                    .structs(broker.endpoints(), Endpoint::write)
                    .structs(Features.SUPPORTED, FeatureRange::write)
                    .string(broker.rack()).bool(true).bool(false);
        }

        @Override
        public Stream<Writer.Tagged> tagged() {
            return Stream.of(field(0, broker.directories(), MetadataRecord::uuids));
        }
    }

    /** A topic; its partitions follow. */
    record TopicRecord(String name, Uuid topicId) implements MetadataRecord { }

    /** A partition, whole. */
    record PartitionRecord(Uuid topicId, Partition partition) implements MetadataRecord {
        static PartitionRecord read(Reader in) {
            int index = in.int32();
            var topicId = in.uuid();
            var replicas = in.array(Reader::int32);
            var isr = in.array(Reader::int32);
            var removing = in.array(Reader::int32);
            var adding = in.array(Reader::int32);
            return new PartitionRecord(topicId, new Partition(index, replicas, isr, in.int32(), in.int32(),
                    in.int32(), in.since(1) ? in.array(Reader::uuid) : List.of()));
        }

        void write(Writer out) {
            var none = List.<Integer>of();
            out.int32(partition.index()).uuid(topicId).int32s(partition.replicas()).int32s(partition.isr())
                    .int32s(none).int32s(none).int32(partition.leader()).int32(partition.leaderEpoch())
                    .int32(partition.partitionEpoch()).array(partition.directories(), Writer::uuid);
        }
    }

    /** A key of a configuration is set, or deleted where the value is null. */
    record ConfigRecord(int resourceType, String resourceName, String name, String value)
            implements MetadataRecord { }

    /** What has changed of a partition; null stands for no change. */
    record PartitionChangeRecord(int partitionId, Uuid topicId, List<Integer> isr, Integer leader,
            List<Integer> replicas, List<Uuid> directories) implements MetadataRecord {
        @Override
        public MetadataRecord with(int tag, Reader in) {
            return switch (tag) {
                case 0 -> new PartitionChangeRecord(partitionId, topicId, in.nullableArray(Reader::int32),
                        leader, replicas, directories);
                case 1 -> new PartitionChangeRecord(partitionId, topicId, isr, in.int32(), replicas,
                        directories);
                case 2 -> new PartitionChangeRecord(partitionId, topicId, isr, leader,
                        in.nullableArray(Reader::int32), directories);
                case 8 -> new PartitionChangeRecord(partitionId, topicId, isr, leader, replicas,
                        in.nullableArray(Reader::uuid));
                default -> this;
            };
        }

        /** Where all that are in sync are named, no other replica stays eligible to lead (KIP-966). */
        @Override
        public Stream<Writer.Tagged> tagged() {
            var eligible = isr == null ? null : List.<Integer>of();
            return Stream.of(field(0, isr, Writer::int32s), field(1, leader, Writer::int32),
                    field(2, replicas, Writer::int32s), field(6, eligible, Writer::int32s),
                    field(7, eligible, Writer::int32s), field(8, directories, MetadataRecord::uuids));
        }
    }

    /** A topic is gone, with its partitions and its configuration. */
    record RemoveTopicRecord(Uuid topicId) implements MetadataRecord { }

    /** The level of a feature that holds from here on; 0 where it is not used. */
    record FeatureLevelRecord(String name, int level) implements MetadataRecord { }

    /** A block of producer ids is given out; the next one begins at {@code nextProducerId}. */
    record ProducerIdsRecord(int brokerId, long brokerEpoch, long nextProducerId)
            implements MetadataRecord { }

    /** Something changed of a broker: Daybook writes that it is no longer fenced, and asks nothing of it. */
    record BrokerRegistrationChangeRecord(int brokerId, long brokerEpoch) implements MetadataRecord {
        @Override
        public Stream<Writer.Tagged> tagged() {
            return Stream.of(field(0, -1, Writer::int8));
        }
    }

    /** A broker is gone for good. */
    record UnregisterBrokerRecord(int brokerId) implements MetadataRecord { }

    /**
     * Something is set or removed that Daybook keeps, and does not serve.
     *
     * @param key what tells it from others of its kind
     * @param value the value of the record in the log, byte for byte
     */
    record KeptRecord(Kind kind, List<?> key, boolean removed, ByteBuffer value) implements MetadataRecord {
        /** What there is of that. */
        enum Kind {
            ACCESS_CONTROL_ENTRIES, SCRAM_CREDENTIALS, DELEGATION_TOKENS, CLIENT_QUOTAS;

            /** As in a sentence. */
            @Override
            public String toString() {
                return name().toLowerCase(Locale.ROOT).replace('_', ' ').replace("scram", "SCRAM");
            }
        }

        static KeptRecord set(Kind kind, Object... key) {
            return new KeptRecord(kind, List.of(key), false, null);
        }

        static KeptRecord removed(Kind kind, Object... key) {
            return new KeptRecord(kind, List.of(key), true, null);
        }

        static KeptRecord token(Reader in) {
            in.string();
            in.string();
            in.array(Reader::string);
            in.int64();
            in.int64();
            in.int64();
            return set(Kind.DELEGATION_TOKENS, in.string());
        }

        static KeptRecord quota(Reader in) {
            var entity = new HashMap<String, String>();
            in.structs(each -> entity.put(each.string(), each.nullableString()));
            var key = in.string();
            in.float64();
            return new KeptRecord(Kind.CLIENT_QUOTAS, List.of(entity, key), in.bool(), null);
        }

        /** With a copy of what was read: the image outlives the buffer. */
        private KeptRecord whole(ByteBuffer bytes) {
            var copy = ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).flip();
            return new KeptRecord(kind, key, removed, copy);
        }

        @Override
        public ByteBuffer toValue() {
            return value.duplicate();
        }
    }

    /** The records from here on count only once the transaction ends. */
    record BeginTransactionRecord() implements MetadataRecord { }

    /** The records since the transaction began count. */
    record EndTransactionRecord() implements MetadataRecord { }

    /** The records since the transaction began do not count. */
    record AbortTransactionRecord() implements MetadataRecord {
        @Override
        public Stream<Writer.Tagged> tagged() {
            return Stream.of(field(0, "The controller was started again", Writer::string));
        }
    }

    /** A record that says nothing Daybook needs. */
    record UnusedRecord() implements MetadataRecord { }

    private static void uuids(Writer out, List<Uuid> ids) {
        out.array(ids, Writer::uuid);
    }
}
