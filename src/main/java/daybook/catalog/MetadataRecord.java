package daybook.catalog;

import daybook.wire.MalformedException;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Function;

/**
 * A record of the metadata log. The components of each stand in wire order, tagged fields last; a list that
 * may be null is null where the field is. Daybook reads all versions of a record and writes the highest.
 */
public sealed interface MetadataRecord {
    /** The types that Daybook knows: number, highest version, record, parser. */
    enum Type {
        REGISTER_BROKER(0, 4, RegisterBrokerRecord.class, RegisterBrokerRecord::read),
        TOPIC(2, 0, TopicRecord.class, plain(in -> new TopicRecord(in.string(), in.uuid()))),
        PARTITION(3, 2, PartitionRecord.class, PartitionRecord::read),
        CONFIG(4, 0, ConfigRecord.class, plain(in ->
                new ConfigRecord(in.int8(), in.string(), in.string(), in.nullableString()))),
        PARTITION_CHANGE(5, 2, PartitionChangeRecord.class, PartitionChangeRecord::read),
        REMOVE_TOPIC(9, 0, RemoveTopicRecord.class, plain(in -> new RemoveTopicRecord(in.uuid()))),
        FEATURE_LEVEL(12, 0, FeatureLevelRecord.class, plain(in ->
                new FeatureLevelRecord(in.string(), in.int16()))),
        PRODUCER_IDS(15, 0, ProducerIdsRecord.class, plain(in ->
                new ProducerIdsRecord(in.int32(), in.int64(), in.int64()))),
        BROKER_REGISTRATION_CHANGE(17, 3, BrokerRegistrationChangeRecord.class,
                BrokerRegistrationChangeRecord::read),
        /** Written by Apache Kafka twice a second. */
        NO_OP(20, 0, UnusedRecord.class, in -> new UnusedRecord()),
        BEGIN_TRANSACTION(23, 0, BeginTransactionRecord.class, BeginTransactionRecord::read),
        END_TRANSACTION(24, 0, EndTransactionRecord.class, plain(in -> new EndTransactionRecord())),
        ABORT_TRANSACTION(25, 0, AbortTransactionRecord.class, AbortTransactionRecord::read),
        /** Where Kafka's controller is, which writes it at each start. */
        REGISTER_CONTROLLER(27, 0, UnusedRecord.class, in -> new UnusedRecord());

        private final int key;
        private final int version;
        private final Class<? extends MetadataRecord> record;
        private final Function<Reader, MetadataRecord> parser;

        Type(int key, int version, Class<? extends MetadataRecord> record,
                Function<Reader, MetadataRecord> parser) {
            this.key = key;
            this.version = version;
            this.record = record;
            this.parser = parser;
        }
    }

    /** The parser of a record without tagged fields of its own. */
    private static Function<Reader, MetadataRecord> plain(Function<Reader, MetadataRecord> fields) {
        return in -> {
            var record = fields.apply(in);
            in.tags();
            return record;
        };
    }

    /** Version of the frame around each record. */
    int FRAME_VERSION = 1;

    /** Writes the fields of the highest version. */
    void write(Writer out);

    /**
     * Reads the value of a record of the log.
     *
     * @throws UnknownRecordException if its type or version is not known here
     * @throws MalformedException if the bytes are not such a record
     */
    static MetadataRecord read(ByteBuffer value) {
        if (value == null) {
            throw new MalformedException("A record without a value");
        }
        var frame = new Reader(value.duplicate(), 0, true);
        int frameVersion = frame.unsignedVarint();
        int key = frame.unsignedVarint();
        int version = frame.unsignedVarint();
        if (frameVersion != FRAME_VERSION) {
            throw new UnknownRecordException("frame version " + frameVersion);
        }
        for (var type : Type.values()) {
            if (type.key == key && version >= 0 && version <= type.version) {
                var body = frame.view(frame.remaining());
                return type.parser.apply(new Reader(body, version, true));
            }
        }
        throw new UnknownRecordException("type " + key + " version " + version);
    }

    /** The value of a record of the log. */
    default ByteBuffer toValue() {
        var type = type();
        var out = new Writer(type.version, true);
        out.unsignedVarint(FRAME_VERSION).unsignedVarint(type.key).unsignedVarint(type.version);
        write(out);
        return out.toBuffer();
    }

    private Type type() {
        for (var type : Type.values()) {
            if (type.record == getClass()) {
                return type;
            }
        }
        throw new IllegalStateException("No type for " + getClass());
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

    /** A broker has started; {@code brokerEpoch} is the offset of this record. */
    record RegisterBrokerRecord(int brokerId, boolean migratingZkBroker, Uuid incarnation, long brokerEpoch,
            List<BrokerRegistration.Endpoint> endpoints, List<FeatureRange> features, String rack,
            boolean fenced, boolean inControlledShutdown, List<Uuid> logDirectories,
            List<Uuid> cordonedLogDirectories) implements MetadataRecord {
        static RegisterBrokerRecord read(Reader in) {
            int brokerId = in.int32();
            boolean migrating = in.since(2) && in.bool();
            var incarnation = in.uuid();
            long epoch = in.int64();
            var endpoints = in.structs(Fields::endpoint);
            var features = in.structs(FeatureRange::read);
            var rack = in.nullableString();
            boolean fenced = in.bool();
            boolean shutdown = in.since(1) && in.bool();
            var tagged = new Object() {
                List<Uuid> logDirectories = List.of();
                List<Uuid> cordoned;
            };
            in.tags(tag -> {
                switch (tag) {
                    case 0 -> tagged.logDirectories = in.array(Reader::uuid);
                    case 1 -> tagged.cordoned = in.nullableArray(Reader::uuid);
                    default -> { }
                }
            });
            return new RegisterBrokerRecord(brokerId, migrating, incarnation, epoch, endpoints, features,
                    rack, fenced, shutdown, tagged.logDirectories, tagged.cordoned);
        }

        @Override
        public void write(Writer out) {
            out.int32(brokerId).bool(migratingZkBroker).uuid(incarnation).int64(brokerEpoch)
                    .structs(endpoints, Fields::endpoint).structs(features, FeatureRange::write)
                    .string(rack).bool(fenced).bool(inControlledShutdown);
            new Fields().uuids(0, logDirectories, List.of()).uuids(1, cordonedLogDirectories, null).end(out);
        }
    }

    /** A topic; its partitions follow. */
    record TopicRecord(String name, Uuid topicId) implements MetadataRecord {
        @Override
        public void write(Writer out) {
            out.string(name).uuid(topicId).tags();
        }
    }

    /** A partition, whole. */
    record PartitionRecord(int partitionId, Uuid topicId, List<Integer> replicas, List<Integer> isr,
            List<Integer> removingReplicas, List<Integer> addingReplicas, int leader, int leaderEpoch,
            int partitionEpoch, List<Uuid> directories, int leaderRecoveryState,
            List<Integer> eligibleLeaderReplicas, List<Integer> lastKnownElr) implements MetadataRecord {
        static PartitionRecord read(Reader in) {
            int partitionId = in.int32();
            var topicId = in.uuid();
            var replicas = in.array(Reader::int32);
            var isr = in.array(Reader::int32);
            var removing = in.array(Reader::int32);
            var adding = in.array(Reader::int32);
            int leader = in.int32();
            int leaderEpoch = in.int32();
            int partitionEpoch = in.int32();
            List<Uuid> directories = in.since(1) ? in.array(Reader::uuid) : List.of();
            var tagged = new Object() {
                int recovery;
                List<Integer> eligible;
                List<Integer> lastKnown;
            };
            in.tags(tag -> {
                switch (tag) {
                    case 0 -> tagged.recovery = in.int8();
                    case 1 -> tagged.eligible = in.nullableArray(Reader::int32);
                    case 2 -> tagged.lastKnown = in.nullableArray(Reader::int32);
                    default -> { }
                }
            });
            return new PartitionRecord(partitionId, topicId, replicas, isr, removing, adding, leader,
                    leaderEpoch, partitionEpoch, directories, tagged.recovery, tagged.eligible,
                    tagged.lastKnown);
        }

        @Override
        public void write(Writer out) {
            out.int32(partitionId).uuid(topicId).int32s(replicas).int32s(isr).int32s(removingReplicas)
                    .int32s(addingReplicas).int32(leader).int32(leaderEpoch).int32(partitionEpoch)
                    .array(directories, Writer::uuid);
            new Fields().int8(0, leaderRecoveryState, 0).int32s(1, eligibleLeaderReplicas)
                    .int32s(2, lastKnownElr).end(out);
        }
    }

    /** A key of a configuration is set, or deleted where the value is null. */
    record ConfigRecord(int resourceType, String resourceName, String name, String value)
            implements MetadataRecord {
        @Override
        public void write(Writer out) {
            out.int8(resourceType).string(resourceName).string(name).string(value).tags();
        }
    }

    /** What has changed of a partition: null, leader -2 and recovery state -1 stand for no change. */
    record PartitionChangeRecord(int partitionId, Uuid topicId, List<Integer> isr, int leader,
            List<Integer> replicas, List<Integer> removingReplicas, List<Integer> addingReplicas,
            int leaderRecoveryState, List<Integer> eligibleLeaderReplicas, List<Integer> lastKnownElr,
            List<Uuid> directories) implements MetadataRecord {
        /** In place of a leader: it did not change. */
        static final int SAME_LEADER = -2;

        static PartitionChangeRecord read(Reader in) {
            int partitionId = in.int32();
            var topicId = in.uuid();
            var tagged = new Object() {
                List<Integer> isr;
                int leader = SAME_LEADER;
                List<Integer> replicas;
                List<Integer> removing;
                List<Integer> adding;
                int recovery = -1;
                List<Integer> eligible;
                List<Integer> lastKnown;
                List<Uuid> directories;
            };
            in.tags(tag -> {
                switch (tag) {
                    case 0 -> tagged.isr = in.nullableArray(Reader::int32);
                    case 1 -> tagged.leader = in.int32();
                    case 2 -> tagged.replicas = in.nullableArray(Reader::int32);
                    case 3 -> tagged.removing = in.nullableArray(Reader::int32);
                    case 4 -> tagged.adding = in.nullableArray(Reader::int32);
                    case 5 -> tagged.recovery = in.int8();
                    case 6 -> tagged.eligible = in.nullableArray(Reader::int32);
                    case 7 -> tagged.lastKnown = in.nullableArray(Reader::int32);
                    case 8 -> tagged.directories = in.nullableArray(Reader::uuid);
                    default -> { }
                }
            });
            return new PartitionChangeRecord(partitionId, topicId, tagged.isr, tagged.leader, tagged.replicas,
                    tagged.removing, tagged.adding, tagged.recovery, tagged.eligible, tagged.lastKnown,
                    tagged.directories);
        }

        @Override
        public void write(Writer out) {
            out.int32(partitionId).uuid(topicId);
            new Fields().int32s(0, isr).int32(1, leader, SAME_LEADER).int32s(2, replicas)
                    .int32s(3, removingReplicas).int32s(4, addingReplicas).int8(5, leaderRecoveryState, -1)
                    .int32s(6, eligibleLeaderReplicas).int32s(7, lastKnownElr).uuids(8, directories, null)
                    .end(out);
        }
    }

    /** A topic is gone, with its partitions and its configuration. */
    record RemoveTopicRecord(Uuid topicId) implements MetadataRecord {
        @Override
        public void write(Writer out) {
            out.uuid(topicId).tags();
        }
    }

    /** The level of a feature that holds from here on; 0 where it is not used. */
    record FeatureLevelRecord(String name, int level) implements MetadataRecord {
        @Override
        public void write(Writer out) {
            out.string(name).int16(level).tags();
        }
    }

    /** A block of producer ids is given out; the next one begins at {@code nextProducerId}. */
    record ProducerIdsRecord(int brokerId, long brokerEpoch, long nextProducerId) implements MetadataRecord {
        @Override
        public void write(Writer out) {
            out.int32(brokerId).int64(brokerEpoch).int64(nextProducerId).tags();
        }
    }

    /** What has changed of a broker. {@code fenced}: 1 fenced, -1 no longer, 0 no change. */
    record BrokerRegistrationChangeRecord(int brokerId, long brokerEpoch, int fenced,
            int inControlledShutdown,
            List<Uuid> logDirectories, List<Uuid> cordonedLogDirectories) implements MetadataRecord {
        static BrokerRegistrationChangeRecord read(Reader in) {
            int brokerId = in.int32();
            long epoch = in.int64();
            var tagged = new Object() {
                int fenced;
                int shutdown;
                List<Uuid> logDirectories = List.of();
                List<Uuid> cordoned;
            };
            in.tags(tag -> {
                switch (tag) {
                    case 0 -> tagged.fenced = in.int8();
                    case 1 -> tagged.shutdown = in.int8();
                    case 2 -> tagged.logDirectories = in.array(Reader::uuid);
                    case 3 -> tagged.cordoned = in.nullableArray(Reader::uuid);
                    default -> { }
                }
            });
            return new BrokerRegistrationChangeRecord(brokerId, epoch, tagged.fenced, tagged.shutdown,
                    tagged.logDirectories, tagged.cordoned);
        }

        @Override
        public void write(Writer out) {
            out.int32(brokerId).int64(brokerEpoch);
            new Fields().int8(0, fenced, 0).int8(1, inControlledShutdown, 0)
                    .uuids(2, logDirectories, List.of())
                    .uuids(3, cordonedLogDirectories, null).end(out);
        }
    }

    /** The records from here on count only once the transaction ends. The name may be null. */
    record BeginTransactionRecord(String name) implements MetadataRecord {
        static BeginTransactionRecord read(Reader in) {
            return new BeginTransactionRecord(Fields.onlyString(in));
        }

        @Override
        public void write(Writer out) {
            new Fields().string(0, name).end(out);
        }
    }

    /** The records since the transaction began count. */
    record EndTransactionRecord() implements MetadataRecord {
        @Override
        public void write(Writer out) {
            out.tags();
        }
    }

    /** The records since the transaction began do not count. The reason may be null. */
    record AbortTransactionRecord(String reason) implements MetadataRecord {
        static AbortTransactionRecord read(Reader in) {
            return new AbortTransactionRecord(Fields.onlyString(in));
        }

        @Override
        public void write(Writer out) {
            new Fields().string(0, reason).end(out);
        }
    }

    /** A record that says nothing Daybook needs; it is never written. */
    record UnusedRecord() implements MetadataRecord {
        @Override
        public void write(Writer out) {
            throw new UnsupportedOperationException();
        }
    }
}
