package daybook.group;

import daybook.record.BatchBuilder.Entry;
import daybook.wire.MalformedException;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * A record of {@code __consumer_offsets}, of which the newest of each key holds (group-records/*.json).
 *
 * <pre>
 *   key     int16 type | fields of the key, never flexible
 *   value   int16 version | fields; null, and the key is gone
 * </pre>
 * All versions of a value are read; written are those that Apache Kafka 4.3 writes. Byte strings are sealed:
 * read-only copies that nobody moves, of which readers take a duplicate.
 */
public sealed interface GroupRecord {
    /** The group that the record is about. */
    String groupId();

    /** What holds for the key, or null where it is gone. */
    Value value();

    /** The record's bytes. */
    default Entry encode() {
        return new Entry(key(), value() == null ? null : value().encode());
    }

    /** What a record says of its key. */
    sealed interface Value {
        /** Begins the value in the version that is written. */
        default Writer begin() {
            return new Writer(0, true).int16(0);
        }

        /** Writes the fields. */
        void write(Writer out);

        /** The value's bytes. */
        default ByteBuffer encode() {
            var out = begin();
            write(out);
            return out.toBuffer();
        }
    }

    /**
     * Reads a record of the log.
     *
     * @param value null for a tombstone
     * @return null for the members and all else of share groups and streams groups, and for what is not known
     *     here: that is passed over, as Apache Kafka passes over what it does not know
     * @throws MalformedException if the bytes are not a record of its type, or its version is not known
     */
    static GroupRecord decode(ByteBuffer key, ByteBuffer value) {
        if (key == null) {
            throw new MalformedException("A record of a group without a key");
        }
        var in = Reader.boundedByBytes(key.duplicate(), 0, false);
        int type = in.int16();
        return switch (type) {
            // Of Kafka before 0.9; its value is version 0 of today's.
            case 0 -> new OffsetCommit(in.string(), in.string(), in.int32(),
                    valueOf(value, 0, OffsetCommit.Value.NEWEST, OffsetCommit.Value::read));
            case 1 -> new OffsetCommit(in.string(), in.string(), in.int32(),
                    valueOf(value, OffsetCommit.Value.NEWEST, OffsetCommit.Value.NEWEST,
                            OffsetCommit.Value::read));
            case 2 -> new GroupMetadata(in.string(), valueOf(value, GroupMetadata.Value.NEWEST,
                    GroupMetadata.Value.NEWEST, GroupMetadata.Value::read));
            case 3 -> new ConsumerGroupMetadata(in.string(),
                    valueOf(value, ConsumerGroupMetadata.Value::read));
            case 4 -> new ConsumerGroupPartitionMetadata(in.string(),
                    valueOf(value, ConsumerGroupPartitionMetadata.Value::read));
            case 5 -> new ConsumerGroupMemberMetadata(in.string(), in.string(),
                    valueOf(value, ConsumerGroupMemberMetadata.Value::read));
            case 6 -> new TargetAssignmentMetadata(in.string(),
                    valueOf(value, TargetAssignmentMetadata.Value::read));
            case 7 -> new TargetAssignmentMember(in.string(), in.string(),
                    valueOf(value, TargetAssignmentMember.Value::read));
            case 8 -> new CurrentMemberAssignment(in.string(), in.string(),
                    valueOf(value, CurrentMemberAssignment.Value::read));
            case 16 -> new RegularExpression(in.string(), in.string(),
                    valueOf(value, RegularExpression.Value::read));
            case OtherGroup.SHARE, OtherGroup.STREAMS -> new OtherGroup(type, in.string(),
                    valueOf(value, ConsumerGroupPartitionMetadata.Value::read));
            default -> null;
        };
    }

    /** The key's bytes, as {@link #decode} reads them. */
    default ByteBuffer key() {
        return (switch (this) {
            case OffsetCommit offset -> keyOf(1, offset.groupId, offset.topic).int32(offset.partition);
            case GroupMetadata group -> keyOf(2, group.groupId);
            case ConsumerGroupMetadata group -> keyOf(3, group.groupId);
            case ConsumerGroupPartitionMetadata group -> keyOf(4, group.groupId);
            case ConsumerGroupMemberMetadata member -> keyOf(5, member.groupId, member.memberId);
            case TargetAssignmentMetadata target -> keyOf(6, target.groupId);
            case TargetAssignmentMember target -> keyOf(7, target.groupId, target.memberId);
            case CurrentMemberAssignment current -> keyOf(8, current.groupId, current.memberId);
            case RegularExpression regular -> keyOf(16, regular.groupId, regular.expression);
            case OtherGroup other -> keyOf(other.type, other.groupId);
        }).toBuffer();
    }

    /** A read-only copy of the bytes, which may be null; of those that are read-only already, they alone. */
    static ByteBuffer sealed(ByteBuffer bytes) {
        if (bytes == null || bytes.isReadOnly()) {
            return bytes;
        }
        return ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).flip().asReadOnlyBuffer();
    }

    /** The offset that a group has committed for a partition. */
    record OffsetCommit(String groupId, String topic, int partition, Value value) implements GroupRecord {
        /** In place of a time: there is none. */
        static final long NO_TIME = -1;

        /**
         * @param leaderEpoch that of the last record consumed, or -1
         * @param metadata any text of the client
         * @param expireTimestampMs when the client wants it forgotten, or {@link #NO_TIME}: as the broker is
         *     configured
         * @param topicId {@link Uuid#ZERO} in the older versions
         */
        record Value(long offset, int leaderEpoch, String metadata, long commitTimestampMs,
                long expireTimestampMs, Uuid topicId) implements GroupRecord.Value {
            private static final int EXPIRING = 1;
            static final int NEWEST = 4;

            static Value read(Reader in) {
                return new Value(in.int64(), in.since(3) ? in.int32() : -1, in.string(), in.int64(),
                        in.version() == EXPIRING ? in.int64() : NO_TIME,
                        tag0(in, Uuid.ZERO, Reader::uuid));
            }

            /** Only version 1 has the time of expiry, and only version 4 the topic's id. */
            @Override
            public Writer begin() {
                int version = expireTimestampMs == NO_TIME ? NEWEST : EXPIRING;
                return new Writer(version, version == NEWEST).int16(version);
            }

            @Override
            public void write(Writer out) {
                out.int64(offset).since(3, more -> more.int32(leaderEpoch)).string(metadata)
                        .int64(commitTimestampMs);
                if (out.version() == EXPIRING) {
                    out.int64(expireTimestampMs);
                } else if (topicId.equals(Uuid.ZERO)) {
                    out.tags();
                } else {
                    // One tagged field, number 0, without a writer of its own: this is the hottest of
                    // records.
                    out.unsignedVarint(1).unsignedVarint(0).unsignedVarint(2 * Long.BYTES).uuid(topicId);
                }
            }
        }
    }

    /** A classic group, whole. */
    record GroupMetadata(String groupId, Value value) implements GroupRecord {
        /**
         * @param protocolType "consumer" for consumers; empty where nobody has joined yet
         * @param protocol what the members agreed on, or null
         * @param leader the member that assigns, or null
         * @param stateTimestampMs when the group last changed its state, or -1
         */
        record Value(String protocolType, int generation, String protocol, String leader,
                long stateTimestampMs, List<Member> members) implements GroupRecord.Value {
            static final int NEWEST = 4;
            private static final int WRITTEN = 3;

            static Value read(Reader in) {
                return ended(in, new Value(in.string(), in.int32(), in.nullableString(), in.nullableString(),
                        in.since(2) ? in.int64() : -1, in.structs(Member::read)));
            }

            @Override
            public Writer begin() {
                return new Writer(WRITTEN, false).int16(WRITTEN);
            }

            @Override
            public void write(Writer out) {
                out.string(protocolType).int32(generation).string(protocol).string(leader)
                        .int64(stateTimestampMs).structs(members, (each, member) -> member.write(each));
            }
        }

        /**
         * @param instanceId of a static member; else null
         * @param rebalanceTimeoutMs of before version 1: that of the session
         * @param subscription sealed, what the member sent for the protocol of the generation
         * @param assignment sealed, what the leader gave it
         */
        record Member(String memberId, String instanceId, String clientId, String clientHost,
                int rebalanceTimeoutMs, int sessionTimeoutMs, ByteBuffer subscription,
                ByteBuffer assignment) {
            public Member {
                rebalanceTimeoutMs = rebalanceTimeoutMs == -1 ? sessionTimeoutMs : rebalanceTimeoutMs;
                subscription = sealed(subscription);
                assignment = sealed(assignment);
            }

            static Member read(Reader in) {
                return new Member(in.string(), in.since(3) ? in.nullableString() : null, in.string(),
                        in.string(), in.since(1) ? in.int32() : -1, in.int32(), in.bytes(), in.bytes());
            }

            void write(Writer out) {
                out.string(memberId).string(instanceId).string(clientId).string(clientHost)
                        .int32(rebalanceTimeoutMs).int32(sessionTimeoutMs).bytes(subscription)
                        .bytes(assignment);
            }
        }
    }

    /** A consumer group (KIP-848), without its members. */
    record ConsumerGroupMetadata(String groupId, Value value) implements GroupRecord {
        /** @param metadataHash of the topics that the members subscribe to (KIP-1101), or 0 */
        record Value(int epoch, long metadataHash) implements GroupRecord.Value {
            static Value read(Reader in) {
                return new Value(in.int32(), tag0(in, 0L, Reader::int64));
            }

            @Override
            public void write(Writer out) {
                tag0(out.int32(epoch), metadataHash, 0L, Writer::int64);
            }
        }
    }

    /** What Apache Kafka wrote before 4.1 where the hash is now; it only has to go when the group goes. */
    record ConsumerGroupPartitionMetadata(String groupId, Value value) implements GroupRecord {
        /** @param fields sealed, not looked at */
        record Value(ByteBuffer fields) implements GroupRecord.Value {
            public Value {
                fields = sealed(fields);
            }

            static Value read(Reader in) {
                return new Value(in.view(in.remaining()));
            }

            @Override
            public void write(Writer out) {
                out.raw(fields);
            }
        }
    }

    /**
     * A share group or a streams group of Apache Kafka's. It is not served here, but its name is taken.
     *
     * @param type of the key
     */
    record OtherGroup(int type, String groupId, ConsumerGroupPartitionMetadata.Value value)
            implements GroupRecord {
        static final int SHARE = 11;
        static final int STREAMS = 17;
    }

    /** What a member of a consumer group has told of itself. */
    record ConsumerGroupMemberMetadata(String groupId, String memberId, Value value) implements GroupRecord {
        /**
         * @param instanceId of a static member; else null
         * @param rackId or null
         * @param topicRegex or null
         * @param serverAssignor what the member asks for, or null
         * @param classic of a member with the classic protocol; else null
         */
        record Value(String instanceId, String rackId, String clientId, String clientHost,
                List<String> topicNames, String topicRegex, int rebalanceTimeoutMs, String serverAssignor,
                Classic classic) implements GroupRecord.Value {
            static Value read(Reader in) {
                return new Value(in.nullableString(), in.nullableString(), in.string(), in.string(),
                        in.array(Reader::string), in.nullableString(), in.int32(), in.nullableString(),
                        tag0(in, null, Classic::read));
            }

            @Override
            public void write(Writer out) {
                out.string(instanceId).string(rackId).string(clientId).string(clientHost)
                        .strings(topicNames).string(topicRegex).int32(rebalanceTimeoutMs)
                        .string(serverAssignor)
                        .tags(new Writer.Tagged(0, inner -> Classic.write(inner, classic)));
            }
        }

        /**
         * What only a member with the classic protocol has. The tagged field is always there: its first byte
         * is 1, or 0 for null.
         */
        record Classic(int sessionTimeoutMs, List<Protocol> protocols) {
            static Classic read(Reader in) {
                return in.int8() <= 0 ? null
                        : ended(in, new Classic(in.int32(), in.structs(Protocol::read)));
            }

            static void write(Writer out, Classic classic) {
                out.bool(classic != null);
                if (classic != null) {
                    out.int32(classic.sessionTimeoutMs)
                            .structs(classic.protocols, (each, protocol) -> protocol.write(each)).tags();
                }
            }
        }

        /** @param metadata sealed */
        public record Protocol(String name, ByteBuffer metadata) {
            public Protocol {
                metadata = sealed(metadata);
            }

            static Protocol read(Reader in) {
                return new Protocol(in.string(), in.bytes());
            }

            void write(Writer out) {
                out.string(name).bytes(metadata);
            }
        }
    }

    /** How far the target assignment of a consumer group has come. */
    record TargetAssignmentMetadata(String groupId, Value value) implements GroupRecord {
        /** @param timestampMs when the assignment was made (KIP-1263), or 0 */
        record Value(int assignmentEpoch, long timestampMs) implements GroupRecord.Value {
            static Value read(Reader in) {
                return new Value(in.int32(), tag0(in, 0L, Reader::int64));
            }

            @Override
            public void write(Writer out) {
                tag0(out.int32(assignmentEpoch), timestampMs, 0L, Writer::int64);
            }
        }
    }

    /** What a member of a consumer group is to own in the end. */
    record TargetAssignmentMember(String groupId, String memberId, Value value) implements GroupRecord {
        record Value(List<TopicPartitions> topics) implements GroupRecord.Value {
            static Value read(Reader in) {
                return ended(in, new Value(in.structs(each ->
                        new TopicPartitions(each.uuid(), each.array(Reader::int32), null))));
            }

            @Override
            public void write(Writer out) {
                out.array(topics, TopicPartitions::write).tags();
            }
        }
    }

    /** What a member of a consumer group owns now, and what it is giving back. */
    record CurrentMemberAssignment(String groupId, String memberId, Value value) implements GroupRecord {
        /** @param state number of the member's state, as Apache Kafka counts them */
        record Value(int memberEpoch, int previousMemberEpoch, int state, List<TopicPartitions> assigned,
                List<TopicPartitions> pendingRevocation) implements GroupRecord.Value {
            static Value read(Reader in) {
                return ended(in, new Value(in.int32(), in.int32(), in.int8(),
                        in.array(TopicPartitions::read), in.array(TopicPartitions::read)));
            }

            @Override
            public void write(Writer out) {
                out.int32(memberEpoch).int32(previousMemberEpoch).int8(state)
                        .array(assigned, TopicPartitions::write)
                        .array(pendingRevocation, TopicPartitions::write).tags();
            }
        }
    }

    /** The topics that a regular expression of a consumer group matched. */
    record RegularExpression(String groupId, String expression, Value value) implements GroupRecord {
        /**
         * @param version of the catalog that was looked at
         * @param timestampMs when that was
         */
        record Value(List<String> topics, long version, long timestampMs) implements GroupRecord.Value {
            static Value read(Reader in) {
                return ended(in, new Value(in.array(Reader::string), in.int64(), in.int64()));
            }

            @Override
            public void write(Writer out) {
                out.strings(topics).int64(version).int64(timestampMs).tags();
            }
        }
    }

    /**
     * Partitions of a topic.
     *
     * @param epochs the member's epoch when it was given each of the partitions; null where that is not told
     */
    record TopicPartitions(Uuid topicId, List<Integer> partitions, List<Integer> epochs) {
        static TopicPartitions read(Reader in) {
            return new TopicPartitions(in.uuid(), in.array(Reader::int32),
                    tag0(in, null, each -> each.nullableArray(Reader::int32)));
        }

        static void write(Writer out, TopicPartitions topic) {
            tag0(out.uuid(topic.topicId).int32s(topic.partitions), topic.epochs, null, Writer::int32s);
        }
    }

    private static Writer keyOf(int type, String... names) {
        var out = new Writer(0, false).int16(type);
        for (var name : names) {
            out.string(name);
        }
        return out;
    }

    /** Reads a value of which there is version 0 only, and that is flexible; null stays null. */
    private static <T> T valueOf(ByteBuffer value, Function<Reader, T> fields) {
        return valueOf(value, 0, 0, fields);
    }

    /** Reads a value of any version up to {@code newest}; null stays null. */
    private static <T> T valueOf(ByteBuffer value, int newest, int flexibleFrom, Function<Reader, T> fields) {
        if (value == null) {
            return null;
        }
        int version = Reader.boundedByBytes(value.duplicate(), 0, false).int16();
        if (version < 0 || version > newest) {
            throw new MalformedException("Version " + version + " where " + newest + " is the newest known");
        }
        var rest = value.slice(value.position() + Short.BYTES, value.remaining() - Short.BYTES);
        return fields.apply(Reader.boundedByBytes(rest, version, version >= flexibleFrom));
    }

    /** Reads the tagged fields that end a structure, of which none is known. */
    private static <T> T ended(Reader in, T structure) {
        in.tags();
        return structure;
    }

    /** Reads the tagged fields that end a structure, of which number 0 is the only one known. */
    private static <T> T tag0(Reader in, T absent, Function<Reader, T> field) {
        var found = new ArrayList<T>(1);
        in.tags(tag -> {
            if (tag == 0) {
                found.add(field.apply(in));
            }
        });
        return found.isEmpty() ? absent : found.getLast();
    }

    /** Ends a structure with tagged field 0, or none where the value is what stands for an absent one. */
    private static <T> void tag0(Writer out, T value, T absent, BiConsumer<Writer, T> field) {
        if (Objects.equals(value, absent)) {
            out.tags();
        } else {
            out.tags(new Writer.Tagged(0, inner -> field.accept(inner, value)));
        }
    }
}
