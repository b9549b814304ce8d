package daybook.log;

import daybook.wire.Uuid;

import java.io.Closeable;
import java.io.IOException;
import java.io.StringReader;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/**
 * One log directory: its lock against other processes, its identity, its checkpoints, and the files in it
 * that are to be deleted later.
 */
final class Directory {
    static final String META_PROPERTIES = "meta.properties";
    static final String CLEAN_MARK = ".kafka_cleanshutdown";
    static final String PARTITION_METADATA = "partition.metadata";

    private static final System.Logger LOG = System.getLogger("daybook.log");
    private static final int SMALL_FILE_BYTES = 1 << 16;
    /** More forces than this at once gain nothing on one file system. */
    private static final int FORCERS = 8;

    /** Who the directory belongs to; parts that its file does not name are null, the node -1. */
    record Meta(String clusterId, int nodeId, Uuid directoryId) { }

    private record Doomed(Path path, long atMs) { }

    private final Disk disk;
    private final InstantSource clock;
    private final boolean forceAcksAll;
    private final Path path;
    private final Closeable fileLock;
    private final boolean clean;
    private final Map<TopicPartition, PartitionLog> logs = new ConcurrentHashMap<>();
    /** Wait for the disk, for all logs here. */
    private final ExecutorService forcers = Executors.newFixedThreadPool(FORCERS,
            Thread.ofPlatform().daemon().name("daybook-force-", 0).factory());
    private final Queue<Doomed> doomed = new ConcurrentLinkedQueue<>();
    /** Held while checkpoints are written. Below {@code PartitionLog.lock}: nothing is locked under it. */
    private final ReentrantLock lock = new ReentrantLock();
    /** What each file holds, by its name. Written under {@link #lock}. */
    private final Map<String, Map<TopicPartition, Long>> checkpoints = new ConcurrentHashMap<>();
    /** Written once, before there are other threads. */
    private Uuid id = Uuid.ZERO;

    private Directory(Disk disk, InstantSource clock, boolean forceAcksAll, Path path, Closeable fileLock)
            throws IOException {
        this.disk = disk;
        this.clock = clock;
        this.forceAcksAll = forceAcksAll;
        this.path = path;
        this.fileLock = fileLock;
        this.clean = disk.exists(path.resolve(CLEAN_MARK));
        for (var file : List.of(Checkpoints.RECOVERY_POINTS, Checkpoints.START_OFFSETS)) {
            checkpoints.put(file, Checkpoints.offsets(disk, path.resolve(file)));
        }
    }

    /** Makes the directory where it is missing, and locks it; null where another broker has it locked. */
    static Directory open(Disk disk, InstantSource clock, boolean forceAcksAll, Path path)
            throws IOException {
        disk.createDirectories(path);
        var fileLock = disk.tryLock(path.resolve(".lock"));
        if (fileLock == null) {
            return null;
        }
        try {
            return new Directory(disk, clock, forceAcksAll, path, fileLock);
        } catch (IOException | RuntimeException failure) {
            fileLock.close();
            throw failure;
        }
    }

    InstantSource clock() {
        return clock;
    }

    boolean forceAcksAll() {
        return forceAcksAll;
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
        var properties = new Properties();
        properties.load(new StringReader(text(file)));
        if (!"1".equals(properties.getProperty("version"))) {
            throw new IOException(file + " is not of version 1, the one of Apache Kafka since 3.3");
        }
        try {
            var directoryId = properties.getProperty("directory.id");
            return new Meta(properties.getProperty("cluster.id"),
                    Integer.parseInt(properties.getProperty("node.id", "-1").trim()),
                    directoryId == null ? null : Uuid.parse(directoryId));
        } catch (IllegalArgumentException wrong) {
            throw new IOException(file + " cannot be read: " + wrong.getMessage(), wrong);
        }
    }

    /** Makes the directory belong to this node, with an id of its own where it has none. */
    void claim(String clusterId, int nodeId) throws IOException {
        var found = meta();
        boolean known = found != null && found.directoryId != null;
        id = known ? found.directoryId : Uuid.random();
        if (!known) {
            var text = "version=1\nnode.id=" + nodeId + "\ncluster.id=" + clusterId
                    + "\ndirectory.id=" + id + "\n";
            disk.replace(path.resolve(META_PROPERTIES), StandardCharsets.UTF_8.encode(text), true);
        }
    }

    // The clean mark.

    /** Takes the mark away, for good before this returns: from now on the directory may change. */
    void removeCleanMark() throws IOException {
        if (clean) {
            disk.delete(path.resolve(CLEAN_MARK));
            disk.forceDirectory(path);
        }
    }

    void writeCleanMark() throws IOException {
        var text = "{\"version\":0,\"brokerEpoch\":-1}";
        disk.replace(path.resolve(CLEAN_MARK), StandardCharsets.UTF_8.encode(text), true);
    }

    // Logs.

    /** Opens the log in {@code directory}, a directory in this one, and recovers it. */
    PartitionLog openLog(Logs.Expected expected, Path directory, boolean trusted) throws IOException {
        var starts = checkpoints.get(Checkpoints.START_OFFSETS);
        var recoveryPoints = checkpoints.get(Checkpoints.RECOVERY_POINTS);
        var recovery = new Recovery(disk, directory, expected.config(),
                starts.getOrDefault(expected.partition(), 0L),
                recoveryPoints.getOrDefault(expected.partition(), 0L), clock.millis());
        var log = new PartitionLog(this, expected, directory, recovery.open(trusted));
        logs.put(expected.partition(), log);
        return log;
    }

    /** Makes the directory of a new partition, on the disk with its topic id before this returns. */
    PartitionLog createLog(Logs.Expected expected) throws IOException {
        var directory = path.resolve(expected.partition().toString());
        forget(expected.partition());
        disk.createDirectories(directory);
        disk.forceDirectory(path);
        writeTopicId(directory, expected.topicId());
        return openLog(expected, directory, true);
    }

    /** Gives a partition's directory another name, on the disk before this returns. */
    void rename(Path from, Path to) throws IOException {
        disk.rename(from, to);
        disk.forceDirectory(path);
    }

    /** The topic id in a partition's directory; null where it has none. */
    Uuid topicId(Path directory) throws IOException {
        var file = directory.resolve(PARTITION_METADATA);
        if (!disk.exists(file)) {
            return null;
        }
        var properties = new Properties();
        properties.load(new StringReader(text(file)));
        try {
            return Uuid.parse(properties.getProperty("topic_id", "").trim());
        } catch (IllegalArgumentException wrong) {
            LOG.log(Level.WARNING, "{0} is wrong: {1}", file, wrong.getMessage());
            return null;
        }
    }

    void writeTopicId(Path directory, Uuid topicId) throws IOException {
        var text = "version: 0\ntopic_id: " + topicId;
        disk.replace(directory.resolve(PARTITION_METADATA), StandardCharsets.UTF_8.encode(text), true);
    }

    private String text(Path file) throws IOException {
        return new String(disk.read(file, SMALL_FILE_BYTES), StandardCharsets.UTF_8);
    }

    // Checkpoints.

    boolean hasRecoveryPoint(TopicPartition partition) {
        return checkpoints.get(Checkpoints.RECOVERY_POINTS).containsKey(partition);
    }

    /** Writes all three files, those of them that change. */
    void checkpoint() throws IOException {
        lock.lock();
        try {
            write(Checkpoints.RECOVERY_POINTS, offsets(log -> true, PartitionLog::recoveryPoint));
            checkpointStartOffsets();
            write(Checkpoints.HIGH_WATERMARKS, offsets(log -> true, PartitionLog::highWatermark));
        } finally {
            lock.unlock();
        }
    }

    /** Writes where logs begin; as Kafka does, only of those that begin inside of a segment. */
    void checkpointStartOffsets() throws IOException {
        lock.lock();
        try {
            write(Checkpoints.START_OFFSETS,
                    offsets(PartitionLog::beginsInsideSegment, PartitionLog::startOffset));
        } finally {
            lock.unlock();
        }
    }

    /** Takes a partition out of the files: a new one of its name must not find what was true of the old. */
    private void forget(TopicPartition partition) throws IOException {
        lock.lock();
        try {
            for (var file : List.of(Checkpoints.RECOVERY_POINTS, Checkpoints.START_OFFSETS)) {
                var rest = new TreeMap<TopicPartition, Long>(Checkpoints::byName);
                rest.putAll(checkpoints.get(file));
                rest.remove(partition);
                write(file, rest);
            }
        } finally {
            lock.unlock();
        }
    }

    private Map<TopicPartition, Long> offsets(Predicate<PartitionLog> chosen,
            ToLongFunction<PartitionLog> offset) {
        var offsets = new TreeMap<TopicPartition, Long>(Checkpoints::byName);
        for (var log : logs.values()) {
            if (chosen.test(log)) {
                offsets.put(log.partition(), offset.applyAsLong(log));
            }
        }
        return offsets;
    }

    private void write(String file, Map<TopicPartition, Long> offsets) throws IOException {
        if (!offsets.equals(checkpoints.get(file))) {
            Checkpoints.writeOffsets(disk, path.resolve(file), offsets);
            checkpoints.put(file, offsets);
        }
    }

    // Deleting later.

    /** Has files, or directories with what is in them, deleted at {@code atMs}. */
    void deleteLater(Collection<Path> paths, long atMs) {
        paths.forEach(doomedPath -> doomed.add(new Doomed(doomedPath, atMs)));
    }

    /** Deletes what is due. */
    void deleteDue(long nowMs) {
        for (var one : doomed) {
            if (one.atMs <= nowMs && doomed.remove(one)) {
                try {
                    delete(one.path);
                } catch (IOException failure) {
                    LOG.log(Level.WARNING, "Deleting " + one.path + " failed", failure);
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
