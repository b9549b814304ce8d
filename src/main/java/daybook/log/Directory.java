package daybook.log;

import daybook.wire.Uuid;

import java.io.Closeable;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import java.util.regex.Pattern;

/**
 * One log directory: its lock against other processes, its identity, its checkpoints, and the files in it
 * that are to be deleted later.
 */
final class Directory {
    static final String META_PROPERTIES = "meta.properties";
    static final String CLEAN_MARK = ".kafka_cleanshutdown";
    static final String PARTITION_METADATA = "partition.metadata";

    private static final System.Logger LOG = System.getLogger("daybook.log");
    private static final List<String> CHECKPOINTS = List.of(Checkpoints.RECOVERY_POINTS,
            Checkpoints.START_OFFSETS, Checkpoints.HIGH_WATERMARKS, Checkpoints.COMPACTED);
    private static final String DELETE = "-delete";
    private static final String STRAY = "-stray";
    private static final Pattern DELETED = Pattern.compile(".+-[0-9]+\\.[0-9a-f]{32}" + DELETE);
    private static final int NAME_MOST = 255;
    private static final long DELETE_AGAIN_MS = 60_000;
    /** More forces than this at once gain nothing on one file system. */
    private static final int FORCERS = 8;

    /** Who the directory belongs to; parts that its file does not name are null, the node -1. */
    record Meta(String clusterId, int nodeId, Uuid directoryId) { }

    private record Doomed(Path path, long atMs) { }

    private final Disk disk;
    private final InstantSource clock;
    private final LogSettings settings;
    private final Path path;
    private final Closeable fileLock;
    private final FreeSpace space;
    private final boolean clean;
    private final Map<TopicPartition, PartitionLog> logs = new ConcurrentHashMap<>();
    /**
     * Partitions that the checkpoints name, or that could not be opened: what the checkpoints say of them
     * stays as it is, since their logs were never recovered.
     */
    private final Set<TopicPartition> unopened = ConcurrentHashMap.newKeySet();
    /** Wait for the disk, for all logs here. */
    private final ExecutorService forcers = Executors.newFixedThreadPool(FORCERS,
            Thread.ofPlatform().daemon().name("daybook-force-", 0).factory());
    private final Queue<Doomed> doomed = new ConcurrentLinkedQueue<>();
    /** Held while checkpoints are written. Below {@code PartitionLog.lock}: nothing is locked under it. */
    private final ReentrantLock lock = new ReentrantLock();
    /** What each file holds, by its name. Written under {@link #lock}. */
    private final Map<String, Map<TopicPartition, Long>> checkpoints = new ConcurrentHashMap<>();
    /** Files whose writing failed: what they hold now is not known. Guarded by {@link #lock}. */
    private final Set<String> unsure = new HashSet<>();
    private volatile boolean failed;
    /** Written once, before there are other threads. */
    private Uuid id = Uuid.ZERO;

    private Directory(Disk disk, InstantSource clock, LogSettings settings, Path path, Closeable fileLock)
            throws IOException {
        this.disk = disk;
        this.clock = clock;
        this.settings = settings;
        this.path = path;
        this.fileLock = fileLock;
        this.space = new FreeSpace(disk, path, settings.reserveBytes());
        this.clean = disk.exists(path.resolve(CLEAN_MARK));
        for (var file : CHECKPOINTS) {
            var offsets = Checkpoints.offsets(disk, path.resolve(file));
            checkpoints.put(file, offsets);
            unopened.addAll(offsets.keySet());
        }
    }

    /** Makes the directory where it is missing, and locks it; null where another broker has it locked. */
    static Directory open(Disk disk, InstantSource clock, LogSettings settings, Path path)
            throws IOException {
        make(disk, path);
        var fileLock = disk.tryLock(path.resolve(".lock"));
        if (fileLock == null) {
            return null;
        }
        try {
            return new Directory(disk, clock, settings, path, fileLock);
        } catch (IOException | RuntimeException failure) {
            fileLock.close();
            throw failure;
        }
    }

    /**
     * Makes a directory and those above it that are missing, with their names on the disk. One that is there,
     * but no log directory yet, a process may have made that was killed before it could force the name.
     */
    private static void make(Disk disk, Path path) throws IOException {
        boolean there = disk.exists(path);
        if (!there) {
            make(disk, path.getParent());
            disk.createDirectories(path);
        }
        if (!disk.exists(path.resolve(META_PROPERTIES)) && path.getParent() != null) {
            try {
                disk.forceDirectory(path.getParent());
            } catch (AccessDeniedException notOurs) {
                if (!there) {
                    throw notOurs;
                }
            }
        }
    }

    InstantSource clock() {
        return clock;
    }

    boolean forceAcksAll() {
        return settings.forceAcksAll();
    }

    /**
     * Notes that the disk failed under a log, so that new partitions go elsewhere; and for the next start,
     * that what it reads there may not be on the disk.
     */
    void noteFailure(Path log) {
        failed = true;
        try {
            disk.replace(log.resolve(Recovery.FORCE_FAILED), ByteBuffer.allocate(0), true);
        } catch (IOException failure) {
            LOG.log(Level.ERROR, "That a force failed in " + log + " cannot be noted there: restart the"
                    + " machine before the broker, so that only what is on the disk is found", failure);
        }
    }

    /** Whether the disk has failed somewhere in this directory since the start. */
    boolean failed() {
        return failed;
    }

    /** What is free of the directory's disk. */
    FreeSpace space() {
        return space;
    }

    Path path() {
        return path;
    }

    Uuid id() {
        return id;
    }

    /** Whether whoever used the directory last had closed it properly. */
    boolean clean() {
        return clean;
    }

    /** The open logs of the directory. */
    Map<TopicPartition, PartitionLog> logs() {
        return logs;
    }

    /** Partitions here that are not open, though the checkpoints name them or their directories are there. */
    Set<TopicPartition> unopened() {
        return unopened;
    }

    /** The threads that force the logs of this directory. */
    Executor forcers() {
        return forcers;
    }

    void unlock() throws IOException {
        forcers.shutdown();
        fileLock.close();
    }

    // Identity.

    /** What {@code meta.properties} says; null where there is none. */
    Meta meta() throws IOException {
        var file = path.resolve(META_PROPERTIES);
        if (!disk.exists(file)) {
            return null;
        }
        try {
            var properties = disk.properties(file);
            if (!"1".equals(properties.getProperty("version"))) {
                throw new IOException(file + " is not of version 1, the one of Apache Kafka since 3.3");
            }
            var directoryId = properties.getProperty("directory.id");
            return new Meta(properties.getProperty("cluster.id"),
                    Integer.parseInt(properties.getProperty("node.id", "-1").trim()),
                    directoryId == null ? null : Uuid.parse(directoryId));
        } catch (IllegalArgumentException wrong) {
            throw new IOException(file + " cannot be read: " + wrong.getMessage(), wrong);
        }
    }

    /** Fails where this directory belongs to another than {@code owner}, to whom {@code home} belongs. */
    void checkOwner(Directory home, Meta owner) throws IOException {
        var meta = meta();
        if (meta != null && owner == null) {
            throw new IOException(path + " belongs to a cluster already, but the metadata directory "
                    + home.path + " is empty: the topics in it would be lost");
        }
        boolean same = meta == null
                || owner.clusterId().equals(meta.clusterId()) && owner.nodeId() == meta.nodeId();
        if (!same) {
            throw new IOException(path + " belongs to node " + meta.nodeId() + " of cluster "
                    + meta.clusterId() + ", but " + home.path + " to node " + owner.nodeId() + " of cluster "
                    + owner.clusterId());
        }
    }

    /** Makes the directory belong to this node, with an id of its own where it has none. */
    void claim(String clusterId, int nodeId) throws IOException {
        var found = meta();
        boolean known = found != null && found.directoryId != null;
        id = known ? found.directoryId : Uuid.random();
        if (!known) {
            disk.replaceText(path.resolve(META_PROPERTIES), "version=1\nnode.id=" + nodeId + "\ncluster.id="
                    + clusterId + "\ndirectory.id=" + id + "\n", true);
        }
    }

    // The clean mark.

    /**
     * Takes the mark away, for good before this returns: from now on the directory may change. What a process
     * that was killed did to names in the directory is then on the disk too, and so can be gone by.
     */
    void removeCleanMark() throws IOException {
        disk.delete(path.resolve(CLEAN_MARK));
        disk.forceDirectory(path);
    }

    void writeCleanMark() throws IOException {
        disk.replaceText(path.resolve(CLEAN_MARK), "{\"version\":0,\"brokerEpoch\":-1}", true);
    }

    // Logs.

    /** Opens the log in {@code directory}, a directory in this one, and recovers it. */
    PartitionLog openLog(Logs.Expected expected, Path directory, boolean trusted) throws IOException {
        unopened.add(expected.partition());
        var starts = checkpoints.get(Checkpoints.START_OFFSETS);
        var recoveryPoints = checkpoints.get(Checkpoints.RECOVERY_POINTS);
        var recovery = new Recovery(disk, directory, expected.config(),
                starts.getOrDefault(expected.partition(), 0L),
                recoveryPoints.getOrDefault(expected.partition(), 0L),
                compactedOffset(expected.partition()) < 0 && expected.config().compaction() == null,
                clock.millis());
        var log = new PartitionLog(this, expected, directory, recovery.open(trusted));
        logs.put(expected.partition(), log);
        unopened.remove(expected.partition());
        if (compactedOffset(expected.partition()) > log.endOffset()) {
            noteCompacted(log, log.startOffset());
        }
        return log;
    }

    /**
     * Makes the directory of a new partition. One that is there already is that of an older topic, and its
     * records are not to be found in the new one. Nothing is forced, so that a thousand can be made at once:
     * what a power cut takes of a log without a forced record, the next start makes anew, since the catalog
     * knows of it; and the first force of records {@linkplain #forceNames forces} all that they need.
     */
    PartitionLog createLog(Logs.Expected expected) throws IOException {
        var directory = path.resolve(expected.partition().toString());
        if (disk.exists(directory)) {
            stray(directory, expected.partition());
        }
        forget(List.of(expected.partition()));
        disk.createDirectories(directory);
        writeTopicId(directory, expected.topicId());
        return openLog(expected, directory, true);
    }

    /** Gives the directory of a partition that the catalog does not know a name that nobody looks for. */
    void stray(Path directory, TopicPartition partition) throws IOException {
        var renamed = rename(directory, partition, STRAY);
        disk.forceDirectory(path);
        LOG.log(Level.WARNING, "The catalog does not know the partition in {0}; it is renamed to {1}",
                directory, renamed);
        try {
            forget(List.of(partition));
        } catch (IOException failure) {
            // Where the disk is full, the rest can be read. The next checkpoint leaves the partition out.
            LOG.log(Level.WARNING, "The checkpoints in {0} cannot be written: {1}", path, failure.toString());
        }
    }

    /**
     * Gives the directory of a deleted partition another name, and what is in it up for deletion; {@link
     * #deleted} has that on the disk.
     */
    void delete(Path directory, TopicPartition partition, long delayMs) throws IOException {
        deleteLater(List.of(rename(directory, partition, DELETE)), clock.millis() + delayMs);
    }

    /** Has on the disk that these partitions are deleted: of thousands it costs one force. */
    void deleted(Collection<TopicPartition> partitions) {
        try {
            disk.forceDirectory(path);
            forget(partitions);
        } catch (IOException failure) {
            LOG.log(Level.ERROR, "Deletions in " + path + " may not be on the disk", failure);
        }
    }

    /**
     * Puts a partition's directory aside, by a name of Kafka's form; the topic's name is cut where that would
     * be too long.
     */
    private Path rename(Path directory, TopicPartition partition, String suffix) throws IOException {
        var unique = UUID.randomUUID().toString().replace("-", "");
        var end = "-" + partition.partition() + "." + unique + suffix;
        int length = Math.min(partition.topic().length(), NAME_MOST - end.length());
        var renamed = path.resolve(partition.topic().substring(0, length) + end);
        disk.rename(directory, renamed);
        return renamed;
    }

    /**
     * Whether a partition of this name was deleted here a moment ago: the checkpoints may still speak of that
     * one, where its deletion was cut short.
     */
    boolean holdsDeleted(TopicPartition partition) throws IOException {
        var prefix = partition + ".";
        return disk.list(path).stream().anyMatch(name -> name.startsWith(prefix) && deleted(name));
    }

    /** Whether this is the name of a deleted partition's directory. */
    static boolean deleted(String name) {
        return DELETED.matcher(name).matches();
    }

    /** The topic id in a partition's directory; null where it has none. */
    Uuid topicId(Path directory) throws IOException {
        var file = directory.resolve(PARTITION_METADATA);
        if (!disk.exists(file)) {
            return null;
        }
        try {
            return Uuid.parse(disk.properties(file).getProperty("topic_id", "").trim());
        } catch (IllegalArgumentException wrong) {
            LOG.log(Level.WARNING, "{0} is wrong: {1}", file, wrong.getMessage());
            return null;
        }
    }

    /** Not forced: a file that a power cut damages has no topic id, and is written again. */
    void writeTopicId(Path directory, Uuid topicId) throws IOException {
        disk.replaceText(directory.resolve(PARTITION_METADATA), "version: 0\ntopic_id: " + topicId, false);
    }

    /**
     * Has on the disk what a start needs to find the segments of a log: its directory, names and small files.
     */
    void forceNames(Path directory) throws IOException {
        for (var file : List.of(PARTITION_METADATA, LeaderEpochs.FILE)) {
            if (disk.exists(directory.resolve(file))) {
                try (var open = disk.openToRead(directory.resolve(file))) {
                    open.force(true);
                }
            }
        }
        disk.forceDirectory(directory);
        disk.forceDirectory(path);
    }

    // Checkpoints.

    /** All of the partition before it was on the disk; -1 where that is not written down. */
    long recoveryPoint(TopicPartition partition) {
        return checkpoints.get(Checkpoints.RECOVERY_POINTS).getOrDefault(partition, -1L);
    }

    /** Before it the partition's log was compacted; -1 where it never was. */
    long compactedOffset(TopicPartition partition) {
        return checkpoints.get(Checkpoints.COMPACTED).getOrDefault(partition, -1L);
    }

    /**
     * Notes, on the disk before this returns, that all of a log before {@code offset} is compacted; unless it
     * was deleted, for there may be another of its name.
     */
    void noteCompacted(PartitionLog log, long offset) throws IOException {
        lock.lock();
        try {
            if (logs.get(log.partition()) != log) {
                return;
            }
            write(Checkpoints.COMPACTED, offsets -> {
                offsets.put(log.partition(), offset);
                offsets.keySet().removeIf(each -> !logs.containsKey(each) && !unopened.contains(each));
            });
        } finally {
            lock.unlock();
        }
    }

    /**
     * Deletes a segment that does not take the place of others in a log. Where the log was deleted, its files
     * went with its directory, of whose name there may be another.
     */
    void discard(PartitionLog log, Segment replacement) throws IOException {
        if (logs.get(log.partition()) == log) {
            replacement.discard();
        } else {
            replacement.release();
        }
    }

    /** Writes what changed of the files for recovery. */
    void checkpoint() throws IOException {
        lock.lock();
        try {
            write(Checkpoints.RECOVERY_POINTS, log -> true, PartitionLog::recoveryPoint);
            checkpointStartOffsets();
            write(Checkpoints.HIGH_WATERMARKS, log -> true, PartitionLog::highWatermark);
        } finally {
            lock.unlock();
        }
    }

    /** Writes where logs begin; as Kafka does, only of those that begin inside of a segment. */
    void checkpointStartOffsets() throws IOException {
        lock.lock();
        try {
            write(Checkpoints.START_OFFSETS, PartitionLog::beginsInsideSegment, PartitionLog::startOffset);
        } finally {
            lock.unlock();
        }
    }

    /** Takes partitions out of the files: a new one of the name must not find what was true of the old. */
    private void forget(Collection<TopicPartition> partitions) throws IOException {
        lock.lock();
        try {
            unopened.removeAll(partitions);
            for (var file : List.of(Checkpoints.RECOVERY_POINTS, Checkpoints.START_OFFSETS,
                    Checkpoints.COMPACTED)) {
                boolean named = !Collections.disjoint(checkpoints.get(file).keySet(), partitions);
                if (named || unsure.contains(file)) {
                    write(file, offsets -> offsets.keySet().removeAll(partitions));
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Writes the offsets of the open logs that are chosen, and those that stay as they are. */
    private void write(String file, Predicate<PartitionLog> chosen, ToLongFunction<PartitionLog> offset)
            throws IOException {
        write(file, offsets -> {
            offsets.keySet().retainAll(unopened);
            for (var log : logs.values()) {
                if (chosen.test(log)) {
                    offsets.put(log.partition(), offset.applyAsLong(log));
                }
            }
        });
    }

    /** Writes a file anew where {@code change} makes a difference to what it holds. */
    private void write(String file, Consumer<Map<TopicPartition, Long>> change) throws IOException {
        var offsets = new TreeMap<>(checkpoints.get(file));
        change.accept(offsets);
        if (!offsets.equals(checkpoints.get(file)) || unsure.contains(file)) {
            unsure.add(file);
            Checkpoints.writeOffsets(disk, path.resolve(file), offsets);
            checkpoints.put(file, offsets);
            unsure.remove(file);
        }
    }

    // Deleting later.

    /** Has files, or directories with what is in them, deleted at {@code atMs}. */
    void deleteLater(Collection<Path> paths, long atMs) {
        paths.forEach(doomedPath -> doomed.add(new Doomed(doomedPath, atMs)));
    }

    /** Deletes what is due; what cannot be deleted is due again in a while. */
    void deleteDue(long nowMs) {
        for (var one : doomed) {
            if (one.atMs <= nowMs && doomed.remove(one)) {
                try {
                    delete(one.path);
                } catch (IOException failure) {
                    LOG.log(Level.WARNING, "Deleting " + one.path + " failed", failure);
                    doomed.add(new Doomed(one.path, nowMs + DELETE_AGAIN_MS));
                }
            }
        }
    }

    private void delete(Path doomedPath) throws IOException {
        if (doomedPath.getParent().equals(path)) {
            for (var name : disk.list(doomedPath)) {
                disk.delete(doomedPath.resolve(name));
            }
        }
        disk.delete(doomedPath);
    }
}
