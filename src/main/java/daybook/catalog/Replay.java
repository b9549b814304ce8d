package daybook.catalog;

import daybook.catalog.MetadataRecord.AbortTransactionRecord;
import daybook.catalog.MetadataRecord.BeginTransactionRecord;
import daybook.catalog.MetadataRecord.BrokerRegistrationChangeRecord;
import daybook.catalog.MetadataRecord.ConfigRecord;
import daybook.catalog.MetadataRecord.EndTransactionRecord;
import daybook.catalog.MetadataRecord.FeatureLevelRecord;
import daybook.catalog.MetadataRecord.PartitionChangeRecord;
import daybook.catalog.MetadataRecord.PartitionRecord;
import daybook.catalog.MetadataRecord.ProducerIdsRecord;
import daybook.catalog.MetadataRecord.RegisterBrokerRecord;
import daybook.catalog.MetadataRecord.RemoveTopicRecord;
import daybook.catalog.MetadataRecord.TopicRecord;
import daybook.catalog.MetadataRecord.UnusedRecord;
import daybook.wire.MalformedException;
import daybook.wire.Uuid;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Makes an image out of another one and the records after it: the same code at run time and at start-up, and
 * the only one that changes what the broker knows. What no record touches is shared between the two images;
 * maps are copied once for all the records of a replay. Belongs to one thread.
 */
final class Replay {
    /** A topic while its partitions may still change. */
    private record Draft(Uuid id, String name, TreeMap<Integer, Partition> partitions) { }

    private final Image from;
    private final Map<Uuid, Draft> drafts = new HashMap<>();
    private final Map<Uuid, String> removed = new HashMap<>();
    private final Map<ConfigResource, Map<String, String>> configs = new HashMap<>();
    private final Map<String, Short> features;
    private BrokerRegistration broker;
    private long nextProducerId;
    /** Records of a metadata transaction that has not ended; null outside of one. */
    private List<MetadataRecord> transaction;

    Replay(Image from) {
        this.from = from;
        this.features = new TreeMap<>(from.features());
        this.broker = from.broker();
        this.nextProducerId = from.nextProducerId();
    }

    /** @throws MalformedException if the record does not fit to those before it; the message is a sentence */
    void apply(MetadataRecord record) {
        switch (record) {
            case BeginTransactionRecord begin -> transaction = new ArrayList<>();
            case AbortTransactionRecord abort -> transaction = null;
            case EndTransactionRecord end -> {
                var records = transaction == null ? List.<MetadataRecord>of() : transaction;
                transaction = null;
                records.forEach(this::change);
            }
            case MetadataRecord other when transaction != null -> transaction.add(other);
            case MetadataRecord other -> change(other);
        }
    }

    /** Whether the records that were applied began a transaction and did not end it. */
    boolean inTransaction() {
        return transaction != null;
    }

    /** The image after the records that were applied. */
    Image done(long offset, int epoch) {
        var topics = from.topics();
        var topicsById = from.topicsById();
        if (!drafts.isEmpty() || !removed.isEmpty()) {
            var byName = new TreeMap<>(topics);
            var byId = new HashMap<>(topicsById);
            removed.forEach((id, name) -> {
                byName.remove(name);
                byId.remove(id);
            });
            for (var draft : drafts.values()) {
                var topic = new Topic(draft.id, draft.name, partitions(draft));
                byName.put(topic.name(), topic);
                byId.put(topic.id(), topic);
            }
            topics = Collections.unmodifiableSortedMap(byName);
            topicsById = Collections.unmodifiableMap(byId);
        }
        return new Image(offset, epoch, topics, topicsById, configsDone(),
                Collections.unmodifiableMap(features), broker, nextProducerId);
    }

    private Map<ConfigResource, Map<String, String>> configsDone() {
        if (configs.isEmpty()) {
            return from.configs();
        }
        var all = new HashMap<>(from.configs());
        configs.forEach((resource, values) -> {
            if (values.isEmpty()) {
                all.remove(resource);
            } else {
                all.put(resource, Collections.unmodifiableMap(values));
            }
        });
        return Collections.unmodifiableMap(all);
    }

    private static List<Partition> partitions(Draft draft) {
        var numbers = draft.partitions.navigableKeySet();
        if (numbers.isEmpty() || numbers.first() != 0 || numbers.last() != numbers.size() - 1) {
            throw new MalformedException("The partitions of the topic " + draft.name + " are " + numbers);
        }
        return List.copyOf(draft.partitions.values());
    }

    private void change(MetadataRecord record) {
        switch (record) {
            case TopicRecord topic -> {
                if (find(topic.topicId()) != null) {
                    throw new MalformedException("A second topic has the id " + topic.topicId());
                }
                drafts.put(topic.topicId(), new Draft(topic.topicId(), topic.name(), new TreeMap<>()));
            }
            case PartitionRecord partition -> add(partition);
            case PartitionChangeRecord change -> change(change);
            case RemoveTopicRecord remove -> remove(remove.topicId());
            case ConfigRecord config -> configure(config);
            case FeatureLevelRecord feature -> finalizeFeature(feature);
            case RegisterBrokerRecord register -> register(register);
            case BrokerRegistrationChangeRecord registration -> change(registration);
            case ProducerIdsRecord ids -> nextProducerId = ids.nextProducerId();
            case UnusedRecord unused -> { }
            case BeginTransactionRecord begin -> throw nested();
            case AbortTransactionRecord abort -> throw nested();
            case EndTransactionRecord end -> throw nested();
        }
    }

    private static IllegalStateException nested() {
        return new IllegalStateException("The records that delimit transactions are never in one");
    }

    private void add(PartitionRecord record) {
        int index = record.partitionId();
        draft(record.topicId()).partitions.put(index, new Partition(index, List.copyOf(record.replicas()),
                List.copyOf(record.isr()), record.leader(), record.leaderEpoch(), record.partitionEpoch(),
                List.copyOf(record.directories())));
    }

    private void change(PartitionChangeRecord change) {
        var partitions = draft(change.topicId()).partitions;
        var before = partitions.get(change.partitionId());
        if (before == null) {
            throw new MalformedException("A change of partition " + change.partitionId()
                    + ", which the topic " + change.topicId() + " does not have");
        }
        boolean elected = change.leader() != PartitionChangeRecord.SAME_LEADER;
        partitions.put(before.index(), new Partition(before.index(),
                changed(before.replicas(), change.replicas()),
                changed(before.isr(), change.isr()),
                elected ? change.leader() : before.leader(),
                elected ? before.leaderEpoch() + 1 : before.leaderEpoch(),
                before.partitionEpoch() + 1,
                changed(before.directories(), change.directories())));
    }

    private static <T> List<T> changed(List<T> before, List<T> change) {
        return change == null ? before : List.copyOf(change);
    }

    private void remove(Uuid id) {
        var topic = draft(id);
        drafts.remove(id);
        removed.put(id, topic.name);
        configs.put(ConfigResource.topic(topic.name), new TreeMap<>());
    }

    private void configure(ConfigRecord config) {
        var type = ConfigResource.Type.of(config.resourceType());
        if (type == ConfigResource.Type.UNKNOWN) {
            throw new MalformedException("A configuration of the unknown type " + config.resourceType());
        }
        var resource = new ConfigResource(type, config.resourceName());
        var values = configs.computeIfAbsent(resource, fresh -> new TreeMap<>(from.config(fresh)));
        if (config.value() == null) {
            values.remove(config.name());
        } else {
            values.put(config.name(), config.value());
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

    private void register(RegisterBrokerRecord register) {
        if (broker != null && broker.nodeId() != register.brokerId()) {
            throw new MalformedException("The brokers " + broker.nodeId() + " and " + register.brokerId()
                    + " are registered, but Daybook stands alone");
        }
        broker = new BrokerRegistration(register.brokerId(), register.brokerEpoch(), register.incarnation(),
                List.copyOf(register.endpoints()), register.rack(), register.fenced(),
                List.copyOf(register.logDirectories()));
    }

    private void change(BrokerRegistrationChangeRecord change) {
        if (broker == null) {
            throw new MalformedException("A change of a broker that is not registered");
        }
        boolean fenced = change.fenced() == 0 ? broker.fenced() : change.fenced() > 0;
        var directories = change.logDirectories();
        broker = new BrokerRegistration(broker.nodeId(), broker.epoch(), broker.incarnation(),
                broker.endpoints(), broker.rack(), fenced,
                directories.isEmpty() ? broker.directories() : List.copyOf(directories));
    }

    private Draft draft(Uuid id) {
        var draft = find(id);
        if (draft == null) {
            throw new MalformedException("A change of the topic " + id + ", which is not there");
        }
        return draft;
    }

    private Draft find(Uuid id) {
        var draft = drafts.get(id);
        var topic = from.topic(id);
        if (draft == null && topic != null && !removed.containsKey(id)) {
            draft = new Draft(id, topic.name(), new TreeMap<>());
            for (var partition : topic.partitions()) {
                draft.partitions.put(partition.index(), partition);
            }
            drafts.put(id, draft);
        }
        return draft;
    }
}
