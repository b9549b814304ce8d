package daybook.catalog;

import daybook.catalog.MetadataRecord.AbortTransactionRecord;
import daybook.catalog.MetadataRecord.BeginTransactionRecord;
import daybook.catalog.MetadataRecord.BrokerRegistrationChangeRecord;
import daybook.catalog.MetadataRecord.ConfigRecord;
import daybook.catalog.MetadataRecord.EndTransactionRecord;
import daybook.catalog.MetadataRecord.FeatureLevelRecord;
import daybook.catalog.MetadataRecord.KeptRecord;
import daybook.catalog.MetadataRecord.PartitionChangeRecord;
import daybook.catalog.MetadataRecord.PartitionRecord;
import daybook.catalog.MetadataRecord.ProducerIdsRecord;
import daybook.catalog.MetadataRecord.RegisterBrokerRecord;
import daybook.catalog.MetadataRecord.RemoveTopicRecord;
import daybook.catalog.MetadataRecord.TopicRecord;
import daybook.catalog.MetadataRecord.UnregisterBrokerRecord;
import daybook.catalog.MetadataRecord.UnusedRecord;
import daybook.log.LogReader;
import daybook.log.PartitionLog;
import daybook.record.BatchBuilder;
import daybook.record.CorruptBatchException;
import daybook.record.Record;
import daybook.record.RecordBatch;
import daybook.wire.MalformedException;
import daybook.wire.Uuid;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Makes an image out of another one and the records after it: the same code at run time and at start-up, and
 * the only one that changes what the broker knows. The maps are copied once for all the records of a replay;
 * a topic or a configuration that no record touches is shared between the two images. Belongs to one thread.
 */
final class Replay {
    /** The most memory that opening one batch may take. */
    private static final int BATCH_LIMIT_BYTES = 1 << 26;

    private final SortedMap<String, Topic> topics;
    private final Map<Uuid, Topic> topicsById;
    private final Map<ConfigResource, Map<String, String>> configs;
    private final Map<String, Short> features;
    /** By topic id, what the topics changed by this replay show as their partitions. */
    private final Map<Uuid, List<Partition>> partitions = new HashMap<>();
    private final Map<List<?>, KeptRecord> kept;
    private final Map<Integer, BatchBuilder.Entry> quorum;
    private final Map<Uuid, String> removed = new HashMap<>();
    private BrokerRegistration broker;
    private long nextProducerId;
    private long sizeBytes;
    /** Records of a metadata transaction that has not ended; null outside of one. */
    private List<MetadataRecord> transaction;

    Replay(Image from) {
        this.topics = new TreeMap<>(from.topics());
        this.topicsById = new HashMap<>(from.topicsById());
        this.configs = new HashMap<>(from.configs());
        this.features = new TreeMap<>(from.features());
        this.broker = from.broker();
        this.nextProducerId = from.nextProducerId();
        this.kept = new HashMap<>(from.kept());
        this.quorum = new TreeMap<>(from.quorum());
    }

    /**
     * Takes all records of the log behind {@code from}, the image with which this replay began.
     *
     * @return the image after them
     * @throws IOException if the log cannot be read, or has what this version of Daybook does not know
     */
    Image all(PartitionLog log, Image from) throws IOException {
        var reader = new LogReader(log, from.offset());
        int epoch = from.epoch();
        while (reader.offset() < log.endOffset()) {
            long offset = reader.offset();
            var batch = reader.next();
            if (batch == null || batch.baseOffset() != offset) {
                throw new IOException("The metadata log lacks the record at offset " + offset);
            }
            apply(batch, "The metadata log");
            epoch = batch.leaderEpoch();
        }
        return done(reader.offset(), epoch);
    }

    /** The topics that these records removed: their ids, and their names. */
    Map<Uuid, String> removed() {
        return removed;
    }

    /** Takes the records of a batch; {@code place} is where the batch is. */
    void apply(RecordBatch batch, String place) throws IOException {
        long offset = batch.baseOffset();
        try {
            for (var record : batch.records(BATCH_LIMIT_BYTES)) {
                offset = record.offset();
                if (batch.control()) {
                    applyControl(record);
                } else {
                    apply(MetadataRecord.read(record.value()));
                }
            }
        } catch (MalformedException | CorruptBatchException malformed) {
            throw new IOException(place + " cannot be read at offset " + offset + ": "
                    + malformed.getMessage());
        }
        sizeBytes += batch.sizeBytes();
    }

    /** Bytes of the batches that were applied. */
    long sizeBytes() {
        return sizeBytes;
    }

    /** @throws MalformedException if the record does not fit to those before it; the message is a sentence */
    void apply(MetadataRecord record) {
        switch (record) {
            case BeginTransactionRecord begin -> transaction = new ArrayList<>();
            case AbortTransactionRecord abort -> transaction = null;
            case EndTransactionRecord end -> {
                var records = transaction == null ? List.<MetadataRecord>of() : transaction;
                transaction = null;
                records.forEach(this::apply);
            }
            case MetadataRecord within when transaction != null -> transaction.add(within);
            case TopicRecord topic -> create(topic);
            case PartitionRecord partition -> put(partition.topicId(), partition.partition());
            case PartitionChangeRecord change -> change(change);
            case RemoveTopicRecord remove -> remove(remove.topicId());
            case ConfigRecord config -> configure(config);
            case FeatureLevelRecord feature -> finalizeFeature(feature);
            case RegisterBrokerRecord register -> register(register.broker());
            case ProducerIdsRecord ids -> nextProducerId = ids.nextProducerId();
            case UnregisterBrokerRecord gone -> unregister(gone.brokerId());
            case KeptRecord other -> keep(other);
            case BrokerRegistrationChangeRecord change -> { }
            case UnusedRecord unused -> { }
        }
    }

    /** Takes a control record, of which only those about the quorum's votes say something of the image. */
    private void applyControl(Record record) {
        int type = Quorum.type(record);
        if (type == Quorum.LEVEL || type == Quorum.VOTERS) {
            quorum.put(type, new BatchBuilder.Entry(copy(record.key()), copy(record.value())));
        }
    }

    private static ByteBuffer copy(ByteBuffer bytes) {
        return bytes == null ? null
                : ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).flip().asReadOnlyBuffer();
    }

    /** Whether the records that were applied began a transaction and did not end it. */
    boolean inTransaction() {
        return transaction != null;
    }

    /** The image after the records that were applied; no more may follow. */
    Image done(long offset, int epoch) {
        return new Image(offset, epoch, Collections.unmodifiableSortedMap(topics),
                Collections.unmodifiableMap(topicsById), Collections.unmodifiableMap(configs),
                Collections.unmodifiableMap(features), broker, nextProducerId,
                Collections.unmodifiableMap(kept), Collections.unmodifiableMap(quorum));
    }

    private void create(TopicRecord topic) {
        if (topicsById.containsKey(topic.topicId())) {
            throw new MalformedException("A second topic has the id " + topic.topicId());
        }
        open(topic.topicId(), topic.name(), List.of());
    }

    /** A topic's partitions from here on, which may change until the replay is done. */
    private List<Partition> open(Uuid id, String name, List<Partition> before) {
        var opened = new ArrayList<>(before);
        var topic = new Topic(id, name, Collections.unmodifiableList(opened));
        topics.put(name, topic);
        topicsById.put(id, topic);
        partitions.put(id, opened);
        return opened;
    }

    private List<Partition> partitions(Uuid id) {
        var opened = partitions.get(id);
        if (opened != null) {
            return opened;
        }
        var topic = existing(id);
        return open(id, topic.name(), topic.partitions());
    }

    private Topic existing(Uuid id) {
        var topic = topicsById.get(id);
        if (topic == null) {
            throw new MalformedException("A change of the topic " + id + ", which is not there");
        }
        return topic;
    }

    /** Every controller numbers the partitions of a topic in the order of their records, from 0. */
    private void put(Uuid topicId, Partition partition) {
        var present = partitions(topicId);
        int index = partition.index();
        if (index == present.size()) {
            present.add(partition);
        } else {
            present.set(checked(index, topicId, present), partition);
        }
    }

    private void change(PartitionChangeRecord change) {
        var present = partitions(change.topicId());
        int index = checked(change.partitionId(), change.topicId(), present);
        var before = present.get(index);
        boolean elected = change.leader() != null;
        present.set(index, new Partition(index,
                changed(before.replicas(), change.replicas()),
                changed(before.isr(), change.isr()),
                elected ? change.leader() : before.leader(),
                elected ? before.leaderEpoch() + 1 : before.leaderEpoch(),
                before.partitionEpoch() + 1,
                changed(before.directories(), change.directories())));
    }

    private static int checked(int index, Uuid topicId, List<Partition> present) {
        if (index < 0 || index >= present.size()) {
            throw new MalformedException("A record of partition " + index + " of the topic " + topicId
                    + ", which has " + present.size());
        }
        return index;
    }

    private static <T> List<T> changed(List<T> before, List<T> change) {
        return change == null ? before : change;
    }

    private void remove(Uuid id) {
        var topic = existing(id);
        topics.remove(topic.name());
        topicsById.remove(id);
        removed.put(id, topic.name());
        partitions.remove(id);
        configs.remove(ConfigResource.topic(topic.name()));
    }

    private void configure(ConfigRecord config) {
        var type = ConfigResource.Type.of(config.resourceType());
        if (type == ConfigResource.Type.UNKNOWN) {
            throw new MalformedException("A configuration of the unknown type " + config.resourceType());
        }
        var resource = new ConfigResource(type, config.resourceName());
        var values = new TreeMap<>(configs.getOrDefault(resource, Map.of()));
        if (config.value() == null) {
            values.remove(config.name());
        } else {
            values.put(config.name(), config.value());
        }
        if (values.isEmpty()) {
            configs.remove(resource);
        } else {
            configs.put(resource, Collections.unmodifiableMap(values));
        }
    }

    private void finalizeFeature(FeatureLevelRecord feature) {
        if (feature.level() == 0) {
            features.remove(feature.name());
            return;
        }
        var error = Features.error(feature.name(), feature.level());
        if (error != null) {
            throw new MalformedException(error);
        }
        features.put(feature.name(), (short) feature.level());
    }

    private void register(BrokerRegistration registration) {
        if (broker != null && broker.nodeId() != registration.nodeId()) {
            throw new MalformedException("The brokers " + broker.nodeId() + " and " + registration.nodeId()
                    + " are registered, but Daybook stands alone");
        }
        broker = registration;
    }

    private void unregister(int brokerId) {
        if (broker != null && broker.nodeId() == brokerId) {
            broker = null;
        }
    }

    private void keep(KeptRecord record) {
        var key = List.of(record.kind(), record.key());
        if (record.removed()) {
            kept.remove(key);
        } else {
            kept.put(key, record);
        }
    }
}
