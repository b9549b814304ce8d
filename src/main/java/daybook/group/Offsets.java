package daybook.group;

import daybook.catalog.Image;
import daybook.coordinator.Decision;
import daybook.coordinator.Decision.Producer;
import daybook.group.GroupRecord.OffsetCommit;
import daybook.log.TopicPartition;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * How far the groups of a shard have come. An offset stays while its group has members that subscribe to its
 * topic; where nobody does, it goes {@code offsets.retention.minutes} after the last member left, or, where
 * that is not known, after it was committed (KIP-211). It goes with its topic, with its group, and when it is
 * deleted.
 *
 * <p>Offsets that a transaction commits hold from its end on. Until then they are kept beside the others:
 * clients that ask for stable offsets must wait for them. The newest commit wins, by its place in the log.
 */
public final class Offsets {
    /** What is committed for a partition. */
    public record Commit(String topic, Uuid topicId, int partition, long offset, int leaderEpoch,
            String metadata) { }

    /**
     * What is known of a partition.
     *
     * @param offset -1 where none is committed
     * @param leaderEpoch -1 where none is known
     */
    public record Position(ErrorCode error, long offset, int leaderEpoch, String metadata) {
        private static final Position NONE = new Position(ErrorCode.NONE, -1, -1, "");
        private static final Position UNSTABLE =
                new Position(ErrorCode.UNSTABLE_OFFSET_COMMIT, -1, -1, "");
    }

    /** @param order of its record among all that were replayed, rising */
    private record Committed(OffsetCommit.Value value, long order) { }

    /** Offsets by group and partition. */
    private static final class Table {
        private final Map<String, Map<TopicPartition, Committed>> byGroup = new HashMap<>();

        Map<TopicPartition, Committed> of(String groupId) {
            return byGroup.getOrDefault(groupId, Map.of());
        }

        void put(String groupId, TopicPartition partition, Committed committed) {
            byGroup.computeIfAbsent(groupId, none -> new TreeMap<>()).put(partition, committed);
        }

        void remove(String groupId, TopicPartition partition) {
            var offsets = byGroup.get(groupId);
            if (offsets != null && offsets.remove(partition) != null && offsets.isEmpty()) {
                byGroup.remove(groupId);
            }
        }
    }

    /** For offsets that are kept as long as the broker is configured to. */
    public static final long NO_RETENTION = -1;
    /**
     * The most bytes of tombstones in one batch, which has to fit into the log's {@code max.message.bytes}.
     */
    private static final int TOMBSTONES_LIMIT_BYTES = 1 << 18;
    /** Of the fields of a tombstone that are not text, and of the record around it. */
    private static final int TOMBSTONE_BYTES = 32;
    private static final int MOST_BYTES_PER_CHARACTER = 3;
    private static final long RETRY_MS = 1_000;

    private final Groups groups;
    private final Table committed = new Table();
    /** By producer: what transactions that have not ended have committed. */
    private final Map<Long, Table> pending = new HashMap<>();
    private long replayed;
    /** When is looked for offsets that have expired. */
    private long expiryDueMs = Long.MAX_VALUE;
    /** When is looked for offsets of topics that are gone. */
    private long topicsDueMs = Long.MAX_VALUE;
    /** The catalog as it was when it was last looked at. */
    private Image seen = Image.EMPTY;

    Offsets(Groups groups) {
        this.groups = groups;
    }

    /**
     * Commits offsets, all or none, but for those whose metadata is too large.
     *
     * @param retentionMs how long the client wants them kept, or {@link #NO_RETENTION}
     * @return an error for each
     */
    public Decision<GroupRecord, List<ErrorCode>> commit(String groupId, Asker who, long retentionMs,
            List<Commit> commits, long nowMs) {
        var error = commitError(groupId, who, commits);
        if (error != ErrorCode.NONE) {
            return Decision.answer(Collections.nCopies(commits.size(), error));
        }
        var group = groups.find(groupId);
        if (group != null) {
            group.committed(who, nowMs);
        }
        var records = new ArrayList<GroupRecord>(commits.size());
        var errors = write(groupId, retentionMs, commits, records);
        return Decision.answer(records, errors);
    }

    /**
     * Commits offsets in the producer's transaction, as {@link #commit}. It is no sign of life of a member.
     */
    public Decision<GroupRecord, List<ErrorCode>> commit(String groupId, Asker who, Producer producer,
            List<Commit> commits) {
        var error = transactionalError(groupId, who, commits);
        if (error != ErrorCode.NONE) {
            return Decision.answer(Collections.nCopies(commits.size(), error));
        }
        var records = new ArrayList<GroupRecord>(commits.size());
        var errors = write(groupId, NO_RETENTION, commits, records);
        return Decision.transactional(producer, records, errors);
    }

    /** Adds the records of those that can be committed, and returns an error for each. */
    private List<ErrorCode> write(String groupId, long retentionMs, List<Commit> commits,
            List<GroupRecord> records) {
        int metadataLimit = groups.surroundings().config().get().integer("offset.metadata.max.bytes");
        long timeMs = groups.surroundings().clock().millis();
        long expiryMs = retentionMs == NO_RETENTION ? OffsetCommit.NO_TIME : timeMs + retentionMs;
        var errors = new ArrayList<ErrorCode>(commits.size());
        for (var commit : commits) {
            var metadata = commit.metadata == null ? "" : commit.metadata;
            if (metadata.length() > metadataLimit) {
                errors.add(ErrorCode.OFFSET_METADATA_TOO_LARGE);
            } else {
                errors.add(ErrorCode.NONE);
                records.add(new OffsetCommit(groupId, commit.topic, commit.partition, new OffsetCommit.Value(
                        commit.offset, commit.leaderEpoch, metadata, timeMs, expiryMs, commit.topicId)));
            }
        }
        return errors;
    }

    /**
     * As {@link #commitError}, in the words that producers know. Older ones do not say which member they
     * commit for; and, as with Apache Kafka, they may commit while assignments are awaited.
     */
    private ErrorCode transactionalError(String groupId, Asker who, List<Commit> commits) {
        if (groups.find(groupId) != null && !who.member()) {
            return ErrorCode.NONE;
        }
        var error = commitError(groupId, who, commits);
        return switch (error) {
            case GROUP_ID_NOT_FOUND, STALE_MEMBER_EPOCH -> ErrorCode.ILLEGAL_GENERATION;
            case REBALANCE_IN_PROGRESS -> ErrorCode.NONE;
            default -> error;
        };
    }

    /** Where there is no group, one that is no member may begin one. */
    private ErrorCode commitError(String groupId, Asker who, List<Commit> commits) {
        var group = groups.find(groupId);
        if (group == null) {
            boolean begins = who.epoch() < 0 && !groups.taken(groupId);
            return begins ? ErrorCode.NONE : ErrorCode.GROUP_ID_NOT_FOUND;
        }
        for (var commit : commits) {
            var error = group.commitError(who, commit.topicId, commit.partition);
            if (error != ErrorCode.NONE) {
                return error;
            }
        }
        return ErrorCode.NONE;
    }

    /** NONE where this one may see the offsets of the group, also where there is no such group. */
    public ErrorCode fetchError(String groupId, Asker who) {
        var group = groups.find(groupId);
        return group == null ? ErrorCode.NONE : group.fetchError(who);
    }

    /** The partitions for which the group has committed offsets, those of a topic one after the other. */
    public Collection<TopicPartition> partitions(String groupId) {
        return committed.of(groupId).keySet();
    }

    /**
     * How far the group has come.
     *
     * @param stable whether what a transaction may still change is not told
     */
    public Position position(String groupId, TopicPartition partition, boolean stable) {
        if (stable && isPending(groupId, partition)) {
            return Position.UNSTABLE;
        }
        var offset = committed.of(groupId).get(partition);
        if (offset == null || isOfNamesake(partition.topic(), offset.value.topicId())) {
            return Position.NONE;
        }
        var value = offset.value;
        return new Position(ErrorCode.NONE, value.offset(), value.leaderEpoch(), value.metadata());
    }

    /** Whether the offset is of a topic that is gone, and another one has its name. */
    private boolean isOfNamesake(String name, Uuid topicId) {
        var topic = groups.surroundings().image().get().topic(name);
        return topic != null && !topicId.equals(Uuid.ZERO) && !topicId.equals(topic.id());
    }

    /** What came of the wish to delete offsets; errors is for each partition where error is NONE. */
    public record Deletion(ErrorCode error, List<ErrorCode> errors) {
        public static Deletion refused(ErrorCode error) {
            return new Deletion(error, List.of());
        }
    }

    /** Forgets offsets of a group, but for those of topics that a member subscribes to. */
    public Decision<GroupRecord, Deletion> delete(String groupId, List<TopicPartition> partitions) {
        var group = groups.find(groupId);
        if (groupId.isEmpty()) {
            return Decision.answer(Deletion.refused(ErrorCode.INVALID_GROUP_ID));
        }
        if (group == null) {
            return Decision.answer(Deletion.refused(ErrorCode.GROUP_ID_NOT_FOUND));
        }
        // Members of other kinds subscribe to nothing, so nobody knows what they use.
        if (group.state() != GroupState.EMPTY && !group.protocolType().equals("consumer")) {
            return Decision.answer(Deletion.refused(ErrorCode.NON_EMPTY_GROUP));
        }
        var errors = new ArrayList<ErrorCode>(partitions.size());
        var records = new ArrayList<GroupRecord>();
        for (var partition : partitions) {
            boolean subscribed = group.subscribes(partition.topic());
            errors.add(subscribed ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC : ErrorCode.NONE);
            if (!subscribed && isKnown(groupId, partition)) {
                records.add(tombstone(groupId, partition));
            }
        }
        return Decision.answer(records, new Deletion(ErrorCode.NONE, errors));
    }

    /** The records that forget all offsets of a group. */
    List<GroupRecord> tombstones(String groupId) {
        var partitions = new TreeSet<>(partitions(groupId));
        pending.values().forEach(table -> partitions.addAll(table.of(groupId).keySet()));
        var records = new ArrayList<GroupRecord>();
        partitions.forEach(partition -> records.add(tombstone(groupId, partition)));
        return records;
    }

    private static GroupRecord tombstone(String groupId, TopicPartition partition) {
        return new OffsetCommit(groupId, partition.topic(), partition.partition(), null);
    }

    private boolean isKnown(String groupId, TopicPartition partition) {
        return committed.of(groupId).containsKey(partition) || isPending(groupId, partition);
    }

    /** Whether something is committed, or about to be, by this group. */
    private boolean any(String groupId) {
        return !committed.of(groupId).isEmpty()
                || pending.values().stream().anyMatch(table -> !table.of(groupId).isEmpty());
    }

    /** What is left of a group that goes belongs to an empty one. */
    void keepGroup(String groupId) {
        if (any(groupId)) {
            ensureGroup(groupId);
        }
    }

    /** Offsets belong to a group: without members it is an empty one of the classic kind. */
    private void ensureGroup(String groupId) {
        if (groups.find(groupId) == null && !groups.taken(groupId)) {
            groups.put(new ClassicGroup(groups, groupId));
        }
    }

    private boolean isPending(String groupId, TopicPartition partition) {
        for (var table : pending.values()) {
            if (table.of(groupId).containsKey(partition)) {
                return true;
            }
        }
        return false;
    }

    void replay(OffsetCommit record) {
        var partition = new TopicPartition(record.topic(), record.partition());
        if (record.value() == null) {
            committed.remove(record.groupId(), partition);
            pending.values().forEach(table -> table.remove(record.groupId(), partition));
        } else {
            keep(record);
            committed.put(record.groupId(), partition, new Committed(record.value(), replayed++));
        }
    }

    /** Keeps what a transaction commits until it ends. */
    void replay(long producerId, OffsetCommit record) {
        if (record.value() == null) {
            replay(record);
        } else {
            keep(record);
            pending.computeIfAbsent(producerId, none -> new Table()).put(record.groupId(),
                    new TopicPartition(record.topic(), record.partition()),
                    new Committed(record.value(), replayed++));
        }
    }

    /** Offsets belong to a group, and to a topic, which may be gone by now. */
    private void keep(OffsetCommit record) {
        ensureGroup(record.groupId());
        look();
        if (isGone(seen, record.topic(), record.value().topicId())) {
            topicsDueMs = Long.MIN_VALUE;
        }
    }

    /** The offsets of topics that have been deleted since the last look go soon. */
    private void look() {
        var image = groups.surroundings().image().get();
        if (image != seen && !image.topicsById().keySet().containsAll(seen.topicsById().keySet())) {
            topicsDueMs = Long.MIN_VALUE;
        }
        seen = image;
    }

    void ended(long producerId, boolean held) {
        var table = pending.remove(producerId);
        if (table != null && held) {
            table.byGroup.forEach((groupId, offsets) -> offsets.forEach((partition, offset) -> {
                var before = committed.of(groupId).get(partition);
                if (before == null || before.order < offset.order) {
                    committed.put(groupId, partition, offset);
                }
            }));
        }
    }

    void loaded(long nowMs) {
        expiryDueMs = nowMs + checkIntervalMs();
        topicsDueMs = nowMs;
    }

    long dueMs() {
        look();
        return Math.min(expiryDueMs, topicsDueMs);
    }

    /** Decides on what is due, in pieces; what could not be written is tried again. */
    Decision<GroupRecord, ?> due(long nowMs) {
        var tombstones = new Tombstones();
        if (topicsDueMs <= nowMs) {
            ofDeletedTopics(tombstones);
            topicsDueMs = tombstones.full() ? nowMs : Long.MAX_VALUE;
            return tombstones.written().orElse(error -> topicsDueMs = nowMs + RETRY_MS);
        }
        expired(tombstones);
        expiryDueMs = tombstones.full() ? nowMs : nowMs + checkIntervalMs();
        return tombstones.written().orElse(error -> expiryDueMs = nowMs + RETRY_MS);
    }

    private long checkIntervalMs() {
        return groups.surroundings().config().get().number("offsets.retention.check.interval.ms");
    }

    /** Collects records until they are enough for one batch. */
    private static final class Tombstones {
        private final List<GroupRecord> records = new ArrayList<>();
        private long bytes;

        /** Whether this is enough, and the rest has to wait for the next batch. */
        boolean full() {
            return bytes > TOMBSTONES_LIMIT_BYTES;
        }

        void add(String groupId, TopicPartition partition) {
            records.add(tombstone(groupId, partition));
            count(groupId.length() + partition.topic().length());
        }

        void add(Group group) {
            var ending = group.tombstones();
            records.addAll(ending);
            count(ending.size() * group.id().length());
        }

        private void count(int characters) {
            bytes += TOMBSTONE_BYTES + (long) MOST_BYTES_PER_CHARACTER * characters;
        }

        Decision<GroupRecord, Void> written() {
            return Decision.write(records);
        }
    }

    private void ofDeletedTopics(Tombstones tombstones) {
        var image = groups.surroundings().image().get();
        var tables = new ArrayList<>(pending.values());
        tables.add(committed);
        for (var table : tables) {
            for (var group : table.byGroup.entrySet()) {
                group.getValue().forEach((partition, offset) -> {
                    if (isGone(image, partition.topic(), offset.value.topicId()) && !tombstones.full()) {
                        tombstones.add(group.getKey(), partition);
                    }
                });
            }
        }
    }

    private static boolean isGone(Image image, String name, Uuid topicId) {
        return (topicId.equals(Uuid.ZERO) ? image.topic(name) : image.topic(topicId)) == null;
    }

    /** Groups that have neither members nor offsets go too. */
    private void expired(Tombstones tombstones) {
        long nowMs = groups.surroundings().clock().millis();
        long retentionMs = groups.surroundings().config().get().number("offsets.retention.minutes") * 60_000;
        var awaited = new HashSet<String>();
        pending.values().forEach(table -> awaited.addAll(table.byGroup.keySet()));
        for (var group : groups.all()) {
            if (tombstones.full()) {
                return;
            }
            boolean all = true;
            for (var offset : committed.of(group.id()).entrySet()) {
                boolean expired = isExpired(group, offset.getKey(), offset.getValue().value, nowMs,
                        retentionMs);
                all &= expired;
                if (expired && !tombstones.full()) {
                    tombstones.add(group.id(), offset.getKey());
                }
            }
            boolean idle = group.state() == GroupState.EMPTY && !awaited.contains(group.id());
            if (all && idle && !tombstones.full()) {
                tombstones.add(group);
            }
        }
    }

    private boolean isExpired(Group group, TopicPartition partition, OffsetCommit.Value value, long nowMs,
            long retentionMs) {
        boolean rebalancing = group.state() == GroupState.PREPARING_REBALANCE
                || group.state() == GroupState.COMPLETING_REBALANCE;
        if (rebalancing || group.subscribes(partition.topic()) || isPending(group.id(), partition)) {
            return false;
        }
        if (value.expireTimestampMs() != OffsetCommit.NO_TIME) {
            return nowMs >= value.expireTimestampMs();
        }
        long sinceMs = group.emptySinceMs() > 0 ? group.emptySinceMs() : value.commitTimestampMs();
        return nowMs - sinceMs >= retentionMs;
    }
}
