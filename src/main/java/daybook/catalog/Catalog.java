package daybook.catalog;

import daybook.catalog.MetadataRecord.AbortTransactionRecord;
import daybook.catalog.MetadataRecord.KeptRecord;
import daybook.catalog.MetadataRecord.ProducerIdsRecord;
import daybook.log.Appended;
import daybook.log.Disk;
import daybook.log.PartitionLog;
import daybook.record.BatchBuilder;
import daybook.wire.Uuid;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * What the broker knows of topics, partitions, configurations and itself: one image, changed only by
 * replaying records of the metadata log. Standing alone the broker writes them itself, and only here.
 */
public final class Catalog {
    private static final System.Logger LOG = System.getLogger("daybook.catalog");
    private static final int PRODUCER_IDS_BLOCK = 1000;

    private final PartitionLog log;
    private final Disk disk;
    private final Quorum quorum;
    private final Identity self;
    private final InstantSource clock;
    private final long snapshotEachBytes;
    private final Changes changes;
    /** Held from the decision on a change until its listeners were called. */
    private final ReentrantLock lock = new ReentrantLock();
    /** Written under the lock. */
    private volatile Image image;
    /** Written once, before there are other threads. */
    private Map<Uuid, String> removed;
    /** Under the lock: the leader epoch of this start; -1 until it has begun. */
    private int epoch = -1;
    /** Under the lock: whether the log ends inside of a transaction, which nobody will end. */
    private boolean inTransaction;
    /** Under the lock: bytes of batches that no snapshot has. */
    private long unsnappedBytes;
    /** Under the lock. After a failed force nobody knows what is on the disk: no more changes. */
    private boolean failed;
    /** Under the lock: producer ids to give out, the first and the one after the last. */
    private long producerId;
    private long producerIdEnd;
    /** Under the lock. */
    private final List<BiConsumer<Image, Image>> listeners = new ArrayList<>();

    private Catalog(PartitionLog log, Disk disk, Quorum quorum, Identity self, InstantSource clock,
            long snapshotEachBytes) {
        this.log = log;
        this.disk = disk;
        this.quorum = quorum;
        this.self = self;
        this.clock = clock;
        this.snapshotEachBytes = snapshotEachBytes;
        this.changes = new Changes(self);
    }

    /**
     * Replays the log. On a first start it begins with what Apache Kafka's format step and first controller
     * write. Nothing can be changed before {@link #begin}.
     *
     * @param snapshotEachBytes so many bytes of the log are followed by a snapshot
     * @throws IOException if the disk fails, or the log has what this version of Daybook does not know; the
     *     message is a sentence
     */
    public static Catalog open(PartitionLog log, Disk disk, Identity self, InstantSource clock,
            long snapshotEachBytes) throws IOException {
        var quorum = new Quorum(disk, log, self);
        if (log.endOffset() == 0) {
            quorum.format(clock.millis());
        }
        var catalog = new Catalog(log, disk, quorum, self, clock, snapshotEachBytes);
        var snapshot = Snapshots.newest(disk, log);
        var replay = new Replay(snapshot);
        var image = replay.all(log, snapshot);
        if (image.broker() != null && image.broker().nodeId() != self.nodeId()) {
            throw new IOException("The metadata log is that of node " + image.broker().nodeId()
                    + ", not of node " + self.nodeId());
        }
        warnOfWhatIsNotServed(image);
        catalog.image = image;
        catalog.removed = replay.removed();
        catalog.inTransaction = replay.inTransaction();
        catalog.unsnappedBytes = replay.sizeBytes();
        return catalog;
    }

    /**
     * Begins a new leader epoch in the log and registers the broker. Where that fails for want of room, it
     * can be tried again.
     *
     * @param unclean whether the last stop was none: then each partition has a new leader epoch too
     * @throws IOException if the disk is full or fails
     */
    public void begin(boolean unclean) throws IOException {
        lock.lock();
        try {
            int next = Math.max(image.epoch(), quorum.epoch()) + 1;
            quorum.lead(next);
            log.lead(next);
            append(quorum.leaderChange(clock.millis()), List.of(), next);
            if (inTransaction) {
                write(List.of(new AbortTransactionRecord()), next);
                inTransaction = false;
            }
            write(changes.start(image), next);
            write(unclean ? changes.renewLeaders(image) : List.of(), next);
            epoch = next;
        } finally {
            lock.unlock();
        }
    }

    /** The newest image. */
    public Image image() {
        return image;
    }

    /**
     * The topics that were deleted since the last snapshot before this start, by id, with their names: of
     * those that were deleted last, all directories may still be there.
     */
    public Map<Uuid, String> removed() {
        return removed;
    }

    /** Makes the records of changes. */
    public Changes changes() {
        return changes;
    }

    /**
     * The one way to change anything. What {@code decide} returns for the newest image is written as one
     * batch and forced, replayed into a new image, and told to the listeners; all that before this returns,
     * and one change at a time.
     *
     * @param decide returns the records to write; with none, nothing happens
     * @return the image after the change
     * @throws IOException if the disk is full: nothing has changed; or if it fails: the catalog then refuses
     *     all changes
     */
    public Image change(Function<Image, List<MetadataRecord>> decide) throws IOException {
        lock.lock();
        try {
            var records = decide.apply(image);
            if (!records.isEmpty() && epoch < 0) {
                throw new IOException("The disk was full at the start: nothing changes until it has room");
            }
            write(records, epoch);
            return image;
        } finally {
            lock.unlock();
        }
    }

    private void write(List<MetadataRecord> records, int leaderEpoch) throws IOException {
        if (!records.isEmpty()) {
            append(BatchBuilder.plain(clock.millis(), MetadataRecord.entries(records)), records, leaderEpoch);
        }
    }

    /** Has the listener called with the image before and after each change, in order, under the lock. */
    public void onChange(BiConsumer<Image, Image> listener) {
        lock.lock();
        try {
            listeners.add(listener);
        } finally {
            lock.unlock();
        }
    }

    /** A producer id that was never given out before. */
    public long producerId() throws IOException {
        lock.lock();
        try {
            if (producerId == producerIdEnd) {
                long first = image.nextProducerId();
                long next = first + PRODUCER_IDS_BLOCK;
                long brokerEpoch = image.broker().epoch();
                change(before -> List.of(new ProducerIdsRecord(self.nodeId(), brokerEpoch, next)));
                producerId = first;
                producerIdEnd = next;
            }
            return producerId++;
        } finally {
            lock.unlock();
        }
    }

    /** Another broker may have set in this log what Daybook would refuse, or does not have. */
    private static void warnOfWhatIsNotServed(Image image) {
        for (var kind : KeptRecord.Kind.values()) {
            long count = image.kept().values().stream().filter(kept -> kept.kind() == kind).count();
            if (count > 0) {
                LOG.log(Level.WARNING, "The metadata log has " + kind + " (" + count + "), which this version"
                        + " of Daybook keeps but DOES NOT ENFORCE: who reaches a listener may do everything");
            }
        }
        image.configs().forEach((resource, values) -> values.forEach((name, value) -> {
            var key = resource.keys().get(name);
            var error = key == null ? "Daybook does not serve the key " + name + ": it has no effect"
                    : key.error(value);
            if (error != null) {
                LOG.log(Level.WARNING, resource.type() + " " + resource.name() + ": " + error);
            }
        }));
    }

    private void append(ByteBuffer batch, List<MetadataRecord> records, int leaderEpoch) throws IOException {
        if (failed) {
            throw new IOException("The catalog takes no changes since a force of the metadata log failed");
        }
        long next = switch (log.appendOwn(batch)) {
            case Appended.Done done -> done.nextOffset();
            case Appended.Refused refused -> throw new IOException("The metadata log cannot be written: "
                    + refused.error());
        };
        failed = true;
        // Whatever the durability of records, as in Kafka: without its topic no record is found again.
        if (!log.force(next)) {
            throw new IOException("The metadata log cannot be forced to the disk");
        }
        var before = image;
        var replay = new Replay(before);
        records.forEach(replay::apply);
        image = replay.done(next, leaderEpoch);
        failed = false;
        for (var listener : listeners) {
            listener.accept(before, image);
        }
        unsnappedBytes += batch.limit();
        // None before listeners could have ended what a process that died left undone.
        if (epoch >= 0 && unsnappedBytes > snapshotEachBytes) {
            snapshot();
        }
    }

    /** Writes a snapshot, after whole changes only; where that fails, the log goes on growing. */
    void snapshot() {
        lock.lock();
        try {
            unsnappedBytes = 0;
            if (!inTransaction && log.force(image.offset())) {
                Snapshots.write(disk, log, image, clock.millis());
            }
        } catch (IOException failure) {
            LOG.log(Level.WARNING, "No snapshot of the metadata log could be written", failure);
        } finally {
            lock.unlock();
        }
    }
}
