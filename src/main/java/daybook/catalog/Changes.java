package daybook.catalog;

import daybook.catalog.MetadataRecord.BrokerRegistrationChangeRecord;
import daybook.catalog.MetadataRecord.ConfigRecord;
import daybook.catalog.MetadataRecord.FeatureLevelRecord;
import daybook.catalog.MetadataRecord.PartitionChangeRecord;
import daybook.catalog.MetadataRecord.PartitionRecord;
import daybook.catalog.MetadataRecord.ProducerIdsRecord;
import daybook.catalog.MetadataRecord.RegisterBrokerRecord;
import daybook.catalog.MetadataRecord.TopicRecord;
import daybook.wire.Uuid;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * The records that make a change, for a broker that is the only replica of all partitions. Used under the
 * catalog's lock.
 */
public final class Changes {
    /** The most records of one change, as in Kafka's controller; who asks for more is refused. */
    public static final int RECORDS_LIMIT = 10_000;

    private final Identity self;
    /** Counts partitions over the log directories, in turn; a failed one has the zero id, and no turn. */
    private int placed;
    /** Which directories take partitions now. Written before there are other threads. */
    private Predicate<Uuid> fit = directory -> true;

    Changes(Identity self) {
        this.self = self;
    }

    /**
     * From now on new partitions are for directories of these ids, as long as there is one: where a partition
     * is not in the directory that its record names, a start would not miss it together with that one.
     */
    public void placeIn(Predicate<Uuid> fit) {
        this.fit = fit;
    }

    /** A new topic with what is set for it. */
    public List<MetadataRecord> createTopic(Uuid id, String name, int partitions,
            Map<String, String> configs) {
        var records = new ArrayList<MetadataRecord>();
        records.add(new TopicRecord(name, id));
        records.addAll(configure(ConfigResource.topic(name), configs));
        addPartitions(records, id, 0, partitions);
        return records;
    }

    /** The partitions that a topic lacks to have {@code partitions} of them. */
    public List<MetadataRecord> createPartitions(Topic topic, int partitions) {
        var records = new ArrayList<MetadataRecord>();
        addPartitions(records, topic.id(), topic.partitions().size(), partitions);
        return records;
    }

    /** Sets keys of a resource; those with a null value are deleted. */
    public List<MetadataRecord> configure(ConfigResource resource, Map<String, String> values) {
        var records = new ArrayList<MetadataRecord>();
        values.forEach((name, value) ->
                records.add(new ConfigRecord(resource.type().id(), resource.name(), name, value)));
        return records;
    }

    /** A new leader epoch for each partition: after an unclean stop, what was written may be gone. */
    public List<MetadataRecord> renewLeaders(Image image) {
        return elect(image, true);
    }

    /**
     * This broker's start, after what a new cluster begins with where there is none yet. As in Kafka the
     * smallest in-sync set of all brokers is written down with the eligible leaders, which depend on it
     * (KIP-966). A controller is not registered: nothing but this process ever asks for one.
     */
    List<MetadataRecord> start(Image image) {
        var records = new ArrayList<MetadataRecord>();
        if (!image.features().containsKey(Features.METADATA)) {
            records.add(new FeatureLevelRecord(Features.METADATA, Features.METADATA_LEVEL));
            records.add(new FeatureLevelRecord(Features.ELIGIBLE_LEADERS, 1));
            records.add(new FeatureLevelRecord(Features.GROUP, 1));
            records.add(new FeatureLevelRecord(Features.TRANSACTION, 2));
            records.addAll(configure(ConfigResource.allBrokers(), Map.of("min.insync.replicas", "1")));
        }
        long epoch = image.offset() + records.size();
        records.add(new RegisterBrokerRecord(new BrokerRegistration(self.nodeId(), epoch, self.incarnation(),
                self.endpoints(), self.rack(), self.directories())));
        records.add(new BrokerRegistrationChangeRecord(self.nodeId(), epoch));
        records.addAll(elect(image, false));
        return records;
    }

    /** The records that make an empty image this one; the level of the metadata first, as Kafka wants it. */
    static List<MetadataRecord> all(Image image) {
        var records = new ArrayList<MetadataRecord>();
        var features = new TreeMap<>(image.features());
        var level = features.remove(Features.METADATA);
        if (level != null) {
            records.add(new FeatureLevelRecord(Features.METADATA, level));
        }
        features.forEach((name, other) -> records.add(new FeatureLevelRecord(name, other)));
        if (image.broker() != null) {
            records.add(new RegisterBrokerRecord(image.broker()));
            records.add(new BrokerRegistrationChangeRecord(image.broker().nodeId(), image.broker().epoch()));
        }
        for (var topic : image.topics().values()) {
            records.add(new TopicRecord(topic.name(), topic.id()));
            topic.partitions().forEach(each -> records.add(new PartitionRecord(topic.id(), each)));
        }
        image.configs().forEach((resource, values) -> values.forEach((name, value) ->
                records.add(new ConfigRecord(resource.type().id(), resource.name(), name, value))));
        records.add(new ProducerIdsRecord(-1, -1, image.nextProducerId()));
        records.addAll(image.kept().values());
        return records;
    }

    /** This broker as the leader of all partitions, or of those that have none: Kafka leaves them so. */
    private List<MetadataRecord> elect(Image image, boolean all) {
        var records = new ArrayList<MetadataRecord>();
        var me = List.of(self.nodeId());
        for (var topic : image.topics().values()) {
            for (var partition : topic.partitions()) {
                boolean missing = partition.leader() != self.nodeId() || !partition.isr().equals(me);
                if (all || missing) {
                    records.add(new PartitionChangeRecord(partition.index(), topic.id(), missing ? me : null,
                            self.nodeId(), null, null));
                }
            }
        }
        return records;
    }

    private void addPartitions(List<MetadataRecord> records, Uuid topicId, int from, int to) {
        var me = List.of(self.nodeId());
        var known = self.directories().stream().filter(id -> !id.equals(Uuid.ZERO)).toList();
        var fitting = known.stream().filter(fit).toList();
        var directories = fitting.isEmpty() ? known : fitting;
        for (int index = from; index < to; index++) {
            var home = directories.isEmpty() ? Uuid.ZERO : directories.get(placed++ % directories.size());
            records.add(new PartitionRecord(topicId,
                    new Partition(index, me, me, self.nodeId(), 0, 0, List.of(home))));
        }
    }
}
